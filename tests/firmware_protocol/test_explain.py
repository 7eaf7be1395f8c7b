"""Every frame is explained whole: no octet is left out, none is told twice at one depth, whatever peers put inside."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire_vectors import VECTORS

from firmware_protocol import FieldError
from firmware_protocol.explain import BY_LENGTH, KINDS, NOT_GUESSED, explain, readings
from firmware_protocol.readers import READERS


def test_every_kind_that_is_read_has_words() -> None:
    assert set(KINDS) == set(READERS)


@pytest.mark.parametrize(("kind", "octets"), VECTORS, ids=lambda one: one if isinstance(one, str) else one.hex()[:16])
def test_the_lines_of_a_vector_hold_each_of_its_octets(kind: str, octets: bytes) -> None:
    lines = explain(kind, octets).lines
    told = bytearray(len(octets))
    for line in lines:
        if kind != "serial":  # whose offsets count behind COBS
            assert octets[line.offset : line.offset + len(line.octets)] == line.octets, line
            told[line.offset : line.offset + len(line.octets)] = b"\1" * len(line.octets)
    assert kind == "serial" or all(told), told.hex()
    assert all(line.name and (line.value or not line.octets or kind == "openepaperlink") for line in lines)


@pytest.mark.parametrize(("kind", "octets"), VECTORS, ids=lambda one: one if isinstance(one, str) else one.hex()[:16])
def test_the_kind_of_a_vector_is_guessed_or_is_among_those_that_fit(kind: str, octets: bytes) -> None:
    if kind in NOT_GUESSED:
        return
    found = [one.kind for one in readings(octets)]
    assert kind in found or kind in BY_LENGTH
    if kind in ("payload", "serial"):
        assert found == [kind]


def test_flags_states_and_numbers_are_told_in_words() -> None:
    report = bytes.fromhex("FEE003050000001122334407000721F296")
    said = {line.name: line.value for line in explain("report", report).lines}
    assert said["flags"] == "0x03 battery low, rebooted"
    assert said["state"] == "7 glass unknown"
    assert said["temperature_c"] == "-14"
    assert said["battery_20_mv"] == "150, 3000 mV"
    assert said["sensor_index"] == "0xe0 the report of display 0"
    asked = explain("poll-up", bytes.fromhex("A4C13800000000011100050C0102030405060708C6000005"))
    assert [line.value for line in asked.lines if line.name == "offsets"] == ["198, 396"]


def test_what_stands_inside_a_link_message_is_told_only_where_it_fits() -> None:
    whole = bytes.fromhex("042200A4C138000000000101C4") + bytes(24)
    assert "tag_nonce" in [line.name for line in explain("link", whole).lines]
    cut = bytes.fromhex("040B00A4C138000000000101C4") + bytes(1)
    assert "octets" in [line.name for line in explain("link", cut).lines]


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        ("FEE0", "as commands, which fits furthest: command.opcode is 254 at byte 0: 15 octets more must follow"),
        ("A4C1380000000001110009", r"as poll-up, which fits furthest: Contact\.items: item\.kind is 9 at byte 10"),
    ],
)
def test_octets_of_no_kind_are_refused_as_the_kind_that_went_furthest(octets: str, words: str) -> None:
    with pytest.raises(FieldError, match=words):
        readings(bytes.fromhex(octets))


@given(st.binary(max_size=150))
def test_any_octets_are_explained_or_refused(octets: bytes) -> None:
    for kind in KINDS:
        place = _explained(kind, octets)
        assert place is None or 0 <= place <= len(octets)


def _explained(kind: str, octets: bytes) -> int | None:
    """Where it was refused."""
    try:
        explain(kind, octets)
    except FieldError as error:
        return error.offset
    return None
