import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol import FieldError, tlv
from firmware_protocol.service.led import FlashPattern, LedColour, Repeat
from firmware_protocol.tlv import COMMANDS, RESPONSES, Command, EslState, Response, TlvRow, UnknownTlv

OCTET = st.integers(0, 255)
TIME = st.integers(0, (1 << 32) - 1)
COLOURS = st.builds(LedColour.read, OCTET)
PATTERNS = st.builds(FlashPattern, st.integers(0, (1 << 40) - 1))
REPEATS = st.builds(Repeat.read, st.integers(0, 65535))
LED = (OCTET, OCTET, COLOURS, PATTERNS, OCTET, OCTET, REPEATS)
COMMAND = {
    tlv.Ping: st.builds(tlv.Ping, OCTET),
    tlv.UnassociateFromAp: st.builds(tlv.UnassociateFromAp, OCTET),
    tlv.ServiceReset: st.builds(tlv.ServiceReset, OCTET),
    tlv.FactoryReset: st.builds(tlv.FactoryReset, OCTET),
    tlv.UpdateComplete: st.builds(tlv.UpdateComplete, OCTET),
    tlv.ReadSensorData: st.builds(tlv.ReadSensorData, OCTET, OCTET),
    tlv.RefreshDisplay: st.builds(tlv.RefreshDisplay, OCTET, OCTET),
    tlv.DisplayImage: st.builds(tlv.DisplayImage, OCTET, OCTET, OCTET),
    tlv.DisplayTimedImage: st.builds(tlv.DisplayTimedImage, OCTET, OCTET, OCTET, TIME),
    tlv.LedControl: st.builds(tlv.LedControl, *LED),
    tlv.LedTimedControl: st.builds(tlv.LedTimedControl, *LED, TIME),
    tlv.VendorCommand: st.builds(tlv.VendorCommand, OCTET, st.binary(max_size=15)),
}
RESPONSE = {
    tlv.Error: st.builds(tlv.Error, OCTET),
    tlv.LedState: st.builds(tlv.LedState, OCTET),
    tlv.BasicState: st.builds(tlv.BasicState, st.integers(0, 65535)),
    tlv.DisplayState: st.builds(tlv.DisplayState, OCTET, OCTET),
    tlv.SensorValue: st.builds(tlv.SensorValue, OCTET, st.binary(max_size=15)),
    tlv.VendorResponse: st.builds(tlv.VendorResponse, st.binary(min_size=1, max_size=16)),
}
# So many that they fit, however long each is.
COMMAND_LISTS = st.lists(st.one_of(*COMMAND.values()), min_size=1, max_size=2)
RESPONSE_LISTS = st.lists(st.one_of(*RESPONSE.values()), min_size=1, max_size=2)
SHORT_LISTS = st.lists(
    COMMAND[tlv.Ping] | COMMAND[tlv.RefreshDisplay] | COMMAND[tlv.DisplayImage], min_size=1, max_size=12
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
        assert (row.opcode_mask, row.opcode >> 4, row.octets_max) == (0x0F, 0, tlv.TLV_OCTETS_MAX)
    assert 2 <= row.octets_max <= tlv.TLV_OCTETS_MAX


@EVERY_ROW
def test_a_row_says_where_the_standard_says_so_and_when_it_is_legal(row: TlvRow[object]) -> None:
    assert row.spec.startswith("ESL service, ")
    assert EslState.UPDATING in row.legal_in
    assert not row.legal_in & (EslState.UNASSOCIATED | EslState.UNSYNCHRONIZED), "nobody can say anything to it there"


def test_every_row_has_its_strategy_here() -> None:
    assert set(COMMAND) == {row.message for row in COMMANDS.values()}
    assert set(RESPONSE) == {row.message for row in RESPONSES.values()}


def test_what_a_synchronized_tag_refuses_is_no_answer_to_wait_for_and_not_for_all() -> None:
    refused = [row for row in COMMANDS.values() if EslState.SYNCHRONIZED not in row.legal_in]
    assert {row.message for row in refused} == {tlv.FactoryReset, tlv.UpdateComplete}
    assert not any(row.broadcast or row.answer for row in refused)


def test_an_answer_is_a_response_of_the_table_and_said_to_be_at_most_so_long() -> None:
    responses = {row.message: row for row in RESPONSES.values()}
    for row in COMMANDS.values():
        assert row.answer is None or row.answer in responses
    octets = [
        tlv.answer_octets_max(command) for command in (tlv.Ping(0), tlv.ReadSensorData(0, 0), tlv.FactoryReset(0))
    ]
    assert octets == [3, 17, 2]


def test_every_command_begins_with_the_esl_id_and_no_response_does() -> None:
    assert all(row.layout.fields[0][0] == "esl_id" for row in COMMANDS.values())
    assert all(row.layout.fields[0][0] != "esl_id" for row in RESPONSES.values())


@given(COMMAND_LISTS | SHORT_LISTS)
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
    commands = [tlv.Ping(2), UnknownTlv(0x12, b"\x02\x00"), tlv.Ping(3)]
    assert tlv.unpack_commands(b"\x00\x02" + b"\x12\x02\x00" + b"\x00\x03") == commands
    assert tlv.pack_tlvs(commands) == b"\x00\x02\x12\x02\x00\x00\x03"
    assert [tlv.esl_id_of(command) for command in commands] == [2, 2, 3]
    assert tlv.unpack_responses(b"\x20\x01\x02\x03") == [UnknownTlv(0x20, b"\x01\x02\x03")]


def test_the_group_of_a_packet_of_four_commands_is_read_as_the_standard_lays_it_out() -> None:
    inside = bytes.fromhex("20000003600100047856341200FE")
    image, timed, ping = tlv.unpack_commands(inside)
    assert (image, ping) == (tlv.DisplayImage(0, 0, 3), tlv.Ping(254))
    assert timed == tlv.DisplayTimedImage(1, 0, 4, 0x12345678)


def test_an_opcode_with_another_length_than_its_rows_is_another_opcode() -> None:
    for row in COMMANDS.values():
        for length in range(16) if row.opcode_mask == 0xFF else ():
            opcode = length << 4 | row.opcode & 0x0F
            [command] = tlv.unpack_commands(bytes((opcode, *range(length + 1))))
            known = COMMANDS.get(opcode)
            assert type(command) is (UnknownTlv if known is None else known.message)


@given(COMMAND_LISTS, st.data())
def test_commands_cut_anywhere_are_refused_or_fewer(commands: list[Command], data: st.DataObject) -> None:
    octets = tlv.pack_tlvs(commands)
    piece = octets[: data.draw(st.integers(0, len(octets) - 1))]
    try:
        kept = tlv.unpack_commands(piece)
    except FieldError:
        return
    assert kept == commands[: len(kept)]
    assert tlv.pack_tlvs(kept) == piece


def test_an_unknown_tlv_of_another_length_than_its_opcode_says_is_our_own_mistake() -> None:
    with pytest.raises(ValueError, match="0x12"):
        tlv.pack_tlv(UnknownTlv(0x12, b"\x02"))


@pytest.mark.parametrize("octets", [b"", b"\x00", b"\x20\x00\x00", b"\x00\x02\x10\x00", bytes(50)])
def test_lists_that_end_too_early_or_too_late_are_refused(octets: bytes) -> None:
    with pytest.raises(FieldError):
        tlv.unpack_commands(octets)


def test_a_sensor_value_from_the_reports_sensors_is_known_as_one() -> None:
    assert tlv.SensorValue(0xE0, bytes(15)).is_report
    assert not tlv.SensorValue(0xDF, bytes(15)).is_report
