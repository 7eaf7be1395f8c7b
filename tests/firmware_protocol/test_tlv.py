import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol import FieldError, tlv
from firmware_protocol.tlv import COMMANDS, RESPONSES, Command, EslState, Response, TlvRow, UnknownTlv

OCTET = st.integers(0, 255)
COMMAND_LISTS = st.lists(
    st.builds(tlv.Ping, OCTET)
    | st.builds(tlv.ReadSensorData, OCTET, OCTET)
    | st.builds(tlv.DisplayImage, OCTET, OCTET, OCTET),
    min_size=1,
    max_size=12,
)
RESPONSE_LISTS = st.lists(
    st.builds(tlv.Error, OCTET)
    | st.builds(tlv.BasicState, st.integers(0, 65535))
    | st.builds(tlv.DisplayState, OCTET, OCTET)
    | st.builds(tlv.SensorValue, OCTET, st.binary(max_size=15)),
    min_size=1,
    max_size=2,
)
EVERY_ROW = pytest.mark.parametrize(
    "row", [*COMMANDS.values(), *RESPONSES.values()], ids=lambda row: f"{row.name}-{row.opcode:#04x}"
)


@EVERY_ROW
def test_a_rows_length_nibble_counts_its_parameters(row: TlvRow[object]) -> None:
    if row.opcode_mask == 0xFF:
        assert row.layout.tail is None
        assert row.layout.size == (row.opcode >> 4) + 1
    else:
        assert (row.opcode_mask, row.opcode >> 4, row.layout.size) == (0x0F, 0, 1)


@EVERY_ROW
def test_a_row_says_where_the_standard_says_so_and_when_it_is_legal(row: TlvRow[object]) -> None:
    assert row.spec.startswith("ESL service, ")
    assert EslState.SYNCHRONIZED in row.legal_in
    assert EslState.UNASSOCIATED not in row.legal_in


def test_every_command_begins_with_the_esl_id_and_no_response_does() -> None:
    assert all(row.layout.fields[0][0] == "esl_id" for row in COMMANDS.values())
    assert all(row.layout.fields[0][0] != "esl_id" for row in RESPONSES.values())


@given(COMMAND_LISTS)
def test_commands_come_back_in_their_order(commands: list[Command]) -> None:
    assert tlv.unpack_commands(tlv.pack_tlvs(commands)) == commands


@given(RESPONSE_LISTS)
def test_responses_come_back_in_their_order(responses: list[Response]) -> None:
    assert tlv.unpack_responses(tlv.pack_tlvs(responses)) == responses


@given(st.binary(max_size=60))
def test_any_octets_are_tlvs_or_a_field_error(octets: bytes) -> None:
    for unpack in (tlv.unpack_commands, tlv.unpack_responses):
        try:
            messages = unpack(octets)
        except FieldError:
            continue
        assert len(messages) >= 1


def test_an_unknown_opcode_keeps_its_place_because_answers_are_matched_by_position() -> None:
    refresh = b"\x11\x02\x00"
    assert tlv.unpack_commands(b"\x00\x02" + refresh + b"\x00\x03") == [
        tlv.Ping(2),
        UnknownTlv(0x11, b"\x02\x00"),
        tlv.Ping(3),
    ]
    assert tlv.unpack_responses(b"\x20\x01\x02\x03") == [UnknownTlv(0x20, b"\x01\x02\x03")]


def test_the_group_of_a_packet_of_four_commands_is_read_as_the_standard_lays_it_out() -> None:
    inside = bytes.fromhex("20000003600100047856341200FE")
    image, timed, ping = tlv.unpack_commands(inside)
    assert (image, ping) == (tlv.DisplayImage(0, 0, 3), tlv.Ping(254))
    assert timed == UnknownTlv(0x60, bytes.fromhex("01000478563412"))


@pytest.mark.parametrize("octets", [b"", b"\x00", b"\x20\x00\x00", b"\x00\x02\x10\x00", bytes(50)])
def test_lists_that_end_too_early_or_too_late_are_refused(octets: bytes) -> None:
    with pytest.raises(FieldError):
        tlv.unpack_commands(octets)


def test_a_sensor_value_from_the_reports_sensors_is_known_as_one() -> None:
    assert tlv.SensorValue(0xE0, bytes(15)).is_report
    assert not tlv.SensorValue(0xDF, bytes(15)).is_report
