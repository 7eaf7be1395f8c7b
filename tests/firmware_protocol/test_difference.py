import zlib
from collections.abc import Generator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol import Codec, FieldError
from firmware_protocol.difference import apply_difference, difference
from firmware_protocol.encoding import Base, encode_difference, unpacked

ROW = 4
BASE = bytes(range(6 * ROW))


@st.composite
def two_pictures(draw: st.DrawFn) -> tuple[bytes, bytes, int]:
    """Of one size; the second differs in a few octets, or in all."""
    row_octets = draw(st.integers(1, 20))
    base = draw(
        st.binary(min_size=row_octets, max_size=40 * row_octets).map(
            lambda it: it[: len(it) // row_octets * row_octets]
        )
    )
    if draw(st.booleans()):
        return base, draw(st.binary(min_size=len(base), max_size=len(base))), row_octets
    octets = bytearray(base)
    for place in draw(st.lists(st.integers(0, len(base) - 1), max_size=30)):
        octets[place] ^= draw(st.integers(1, 255))
    return base, bytes(octets), row_octets


@given(two_pictures())
def test_a_difference_makes_the_new_picture_of_the_old_one(pictures: tuple[bytes, bytes, int]) -> None:
    base, octets, row_octets = pictures
    told = difference(base, octets, row_octets)
    assert apply_difference(base, told, row_octets) == octets
    assert (told == b"") == (base == octets)
    packed = encode_difference(Base(b"c" * 16, base, row_octets), octets)
    assert packed.base_prefix == b"c" * 8
    assert unpacked(Codec.DIFFERENCE, packed.data, len(base), Base(b"c" * 16, base, row_octets)) == octets


@given(pictures=two_pictures(), told=st.binary(max_size=60))
def test_any_octets_make_a_picture_of_the_same_size_or_a_field_error(
    pictures: tuple[bytes, bytes, int], told: bytes
) -> None:
    base, _, row_octets = pictures
    try:
        made = apply_difference(base, told, row_octets)
    except FieldError:
        return
    assert len(made) == len(base)


def test_one_changed_rectangle_is_one_band() -> None:
    octets = bytearray(BASE)
    for row in (2, 3, 4):
        octets[row * ROW + 1 : row * ROW + 3] = b"\xee\xee"
    assert difference(BASE, bytes(octets), ROW).hex(" ") == "02 00 03 00 01 01 02 ee ee ee ee ee ee"


def test_two_places_in_the_same_rows_are_two_segments_of_one_band() -> None:
    base = bytes(4 * 9)
    row = b"\x01" + bytes(7) + b"\x02"
    assert difference(base, row * 4, 9).hex(" ") == "00 00 04 00 02 00 01 08 01 01 02 01 02 01 02 01 02"


def test_rows_far_apart_are_bands_of_their_own() -> None:
    base = bytes(300 * 2)
    octets = b"\x07\x00" + bytes(298 * 2) + b"\x00\x08"
    assert difference(base, octets, 2).hex(" ") == "00 00 01 00 01 00 01 07 2a 01 01 00 01 01 01 08"


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ("00 00 01 00", "difference.band"),
        ("00 00 00 00 01 00 01", "difference.rows"),  # no row at all
        ("00 00 07 00 01 00 01", "difference.rows"),  # more than there are
        ("06 00 01 00 01 00 01 ff", "difference.rows"),  # behind the last
        ("00 00 01 00 00", "difference.segments"),
        ("00 00 01 00 01 00", "difference.segment"),  # cut short
        ("00 00 01 00 01 00 00", "difference.segment"),  # empty
        ("00 00 01 00 01 03 02 ff ff", "difference.segment"),  # beyond the row
        ("00 00 01 00 02 01 01 01 01 ff ff", "difference.segment"),  # one over the other
        ("00 00 01 00 02 02 01 00 01 ff ff", "difference.segment"),  # not in order
        ("00 00 02 00 01 00 01 ff", "difference.octets"),  # one row missing
    ],
)
def test_what_does_not_fit_the_picture_is_refused_by_name(told: str, field: str) -> None:
    with pytest.raises(FieldError) as caught:
        apply_difference(BASE, bytes.fromhex(told), ROW)
    assert caught.value.field == field


def test_pictures_of_two_sizes_have_no_difference() -> None:
    with pytest.raises(ValueError, match="in rows of"):
        difference(BASE, BASE + bytes(ROW), ROW)
    with pytest.raises(ValueError, match="in rows of"):
        difference(BASE[:-1], BASE[:-1], ROW)


def test_a_difference_cannot_be_unpacked_without_its_base() -> None:
    packed = encode_difference(Base(b"c" * 16, BASE, ROW), bytes(len(BASE)))
    for base in (None, Base(b"c" * 16, BASE + bytes(ROW), ROW)):
        with pytest.raises(FieldError, match="a base of this panel"):
            unpacked(Codec.DIFFERENCE, packed.data, len(BASE), base)


def test_a_small_difference_that_would_fill_the_memory_is_stopped() -> None:
    bomb = zlib.compressobj(9, zlib.DEFLATED, -9, 5)
    data = bomb.compress(bytes(50_000_000)) + bomb.flush()
    with pytest.raises(FieldError, match="octets come out"):
        unpacked(Codec.DIFFERENCE, data, len(BASE), Base(b"c" * 16, BASE, ROW))


class Reader:
    """A tag of silicon: octet by octet, with one row of the old picture and the band's segments in memory."""

    def __init__(self, base: bytes, row_octets: int) -> None:
        self._base, self._row_octets = base, row_octets
        self.written = bytearray()
        self._needs = self._told()
        next(self._needs)

    def feed(self, octet: int) -> None:
        self._needs.send(octet)

    def end(self) -> bytes:
        return bytes(self.written) + self._base[len(self.written) :]

    def _told(self) -> Generator[None, int, None]:
        while True:
            low = yield
            skip = low + 256 * (yield)
            rows = (yield) + 256 * (yield)
            segments = []
            for _ in range((yield)):
                segments.append(((yield), (yield)))
            self.written += self._base[len(self.written) :][: skip * self._row_octets]
            for _ in range(rows):
                row = bytearray(self._base[len(self.written) :][: self._row_octets])
                for first, count in segments:
                    for place in range(first, first + count):
                        row[place] = yield
                self.written += row


@given(two_pictures())
def test_a_tag_with_one_row_and_a_window_of_512_octets_reads_a_difference_as_it_comes(
    pictures: tuple[bytes, bytes, int],
) -> None:
    base, octets, row_octets = pictures
    packed = encode_difference(Base(b"c" * 16, base, row_octets), octets).data
    inflate, reader = zlib.decompressobj(-9), Reader(base, row_octets)
    for octet in packed:
        for told in inflate.decompress(bytes((octet,))):
            reader.feed(told)
    assert inflate.eof
    assert reader.end() == octets
