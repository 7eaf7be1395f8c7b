from enum import IntEnum

import pytest

from firmware_protocol import FieldError, TagId
from firmware_protocol.layout import Layout, exactly, i8, one_of, rest, rows, tag, text, u8, u16, u24, u32, u64, wired


class Colour(IntEnum):
    RED = 1
    BLUE = 4


@wired
class Everything:
    tag_id: TagId = tag()
    small: int = u8(at_most=9)
    signed: int = i8()
    middle: int = u16()
    odd: int = u24(multiple_of=3)
    large: int = u32()
    largest: int = u64()
    colour: Colour = one_of(Colour)
    raw: bytes = exactly(3)
    left: bytes = rest(at_least=1, at_most=4)


@wired
class Row:
    number: int = u16()
    limited: int = u8(at_most=1)


@wired
class Table:
    table: tuple[Row, ...] = rows(Row, at_most=2)


@wired
class Named:
    name: str = text(at_most=4)


FULL = Everything(TagId(b"12345678"), 9, -2, 0x0102, 3, 0x01020304, 0x0102030405060708, Colour.BLUE, b"raw", b"left")
FULL_OCTETS = b"12345678\x09\xfe\x02\x01\x03\x00\x00\x04\x03\x02\x01\x08\x07\x06\x05\x04\x03\x02\x01\x04rawleft"


def test_fields_lie_in_their_order_little_endian() -> None:
    layout = Layout(Everything)
    assert layout.pack(FULL) == FULL_OCTETS
    back = layout.unpack(FULL_OCTETS)
    assert back == FULL
    assert isinstance(back.tag_id, TagId)
    assert back.colour is Colour.BLUE
    assert layout.size == len(FULL_OCTETS) - 4


@pytest.mark.parametrize(
    ("place", "octet", "field"),
    [(8, 10, "Everything.small"), (12, 4, "Everything.odd"), (27, 2, "Everything.colour")],
)
def test_a_broken_rule_is_told_with_field_and_place(place: int, octet: int, field: str) -> None:
    octets = bytearray(FULL_OCTETS)
    octets[place] = octet
    with pytest.raises(FieldError) as caught:
        Layout(Everything).unpack(bytes(octets), 100)
    assert (caught.value.field, caught.value.offset) == (field, 100 + place)


@pytest.mark.parametrize("octets", [b"", FULL_OCTETS[:20], FULL_OCTETS[:-4], FULL_OCTETS + b"5"])
def test_too_few_and_too_many_octets_are_refused(octets: bytes) -> None:
    with pytest.raises(FieldError):
        Layout(Everything).unpack(octets)


def test_rows_are_counted_and_a_bad_one_tells_its_place() -> None:
    layout = Layout(Table)
    table = Table((Row(1, 0), Row(2, 1)))
    assert layout.unpack(layout.pack(table)) == table
    assert layout.unpack(b"") == Table(())
    for wrong in (b"\x01\x00", bytes(9)):
        with pytest.raises(FieldError, match=r"Table\.table"):
            layout.unpack(wrong)
    with pytest.raises(FieldError, match=r"Table\.table: Row\.limited"):
        layout.unpack(bytes(5) + b"\x02")
    with pytest.raises(FieldError, match=r"at byte 5: at most 1"):
        layout.unpack(bytes(5) + b"\x02")
    with pytest.raises(ValueError, match="at most 2"):
        layout.pack(Table((Row(1, 0),) * 3))


def test_a_number_has_a_least_and_a_most() -> None:
    @wired
    class Sized:
        size: int = u32(at_least=1, at_most=9)

    layout = Layout(Sized)
    assert layout.unpack(layout.pack(Sized(9))) == Sized(9)
    for wrong in (0, 10):
        with pytest.raises(FieldError, match=r"Sized\.size .*: 1 to 9"):
            layout.unpack(wrong.to_bytes(4, "little"))


def test_text_is_utf8_of_bounded_octets() -> None:
    layout = Layout(Named)
    assert layout.unpack(layout.pack(Named("čš"))) == Named("čš")
    for wrong in (b"\xff", b"12345"):
        with pytest.raises(FieldError, match=r"Named\.name"):
            layout.unpack(wrong)
    with pytest.raises(ValueError, match="4 octets"):
        layout.pack(Named("čšž"))


def test_a_field_of_open_length_stands_last_and_every_field_is_wired() -> None:
    @wired
    class Misplaced:
        left: bytes = rest(at_most=4)
        after: int = u8()

    with pytest.raises(TypeError, match="not the last"):
        Layout(Misplaced)
    with pytest.raises(TypeError, match=r"Bare\.number does not say"):

        @wired
        class Bare:
            number: int
