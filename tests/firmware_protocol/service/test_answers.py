from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol import FieldError, tlv
from firmware_protocol.keys import SealKey
from firmware_protocol.service.answers import (
    Expected,
    Said,
    addressed,
    compose,
    expected_answers,
    pair,
    what_it_says,
)
from firmware_protocol.service.packet import GroupPacket, open_group_packet
from firmware_protocol.tlv import BROADCAST_ESL_ID, Command, ErrorCode, Response
from firmware_protocol.vectors import Vector, read_vectors

IDS = st.integers(0, 4)
TO_ALL = st.just(BROADCAST_ESL_ID)
SENDABLE = (
    st.builds(tlv.Ping, IDS)
    | st.builds(tlv.ReadSensorData, IDS, st.just(0xE0))
    | st.builds(tlv.DisplayImage, IDS | TO_ALL, st.just(0), st.integers(0, 1))
    | st.builds(tlv.DisplayTimedImage, IDS | TO_ALL, st.just(0), st.just(0), st.integers(0, 99))
    | st.builds(tlv.ServiceReset, IDS | TO_ALL)
)


@given(st.lists(SENDABLE, max_size=60), st.integers(1, 23), st.sampled_from([17, 33, 48]))
def test_packets_keep_order_and_leave_room_for_every_answer(commands: list[Command], slots: int, octets: int) -> None:
    packets = compose(3, commands, slots=slots, answer_octets=octets)
    assert [command for packet in packets for command in packet.commands] == commands
    for packet in packets:
        assert len(packet.pack()) <= 2 + 48
        room: dict[int, int] = defaultdict(int)
        for position, command in enumerate(packet.commands):
            assert isinstance(command, Command)
            if command.esl_id != BROADCAST_ESL_ID:
                assert position < slots
                room[command.esl_id] += tlv.answer_octets_max(command)
        assert max(room.values(), default=0) <= octets


@given(st.lists(SENDABLE, min_size=1, max_size=60))
def test_access_point_and_tag_agree_on_slots_and_commands(commands: list[Command]) -> None:
    for packet in compose(3, commands):
        expected = {one.esl_id: one for one in expected_answers(packet)}
        assert len({one.slot for one in expected.values()}) == len(expected), "no two tags answer in one slot"
        for esl_id in range(6):
            heard, slot = addressed(packet, esl_id)
            one = expected.get(esl_id)
            assert slot == (None if one is None else one.slot)
            own = tuple(command for command in heard if tlv.esl_id_of(command) == esl_id)
            assert own == (() if one is None else one.commands)


@pytest.mark.parametrize(
    ("commands", "packed"),
    [
        ([tlv.Ping(n) for n in range(24)], [23, 1]),
        ([tlv.RefreshDisplay(n, 0) for n in range(16)], [15, 1]),
        ([tlv.DisplayImage(n, 0, 0) for n in range(12)], [11, 1]),
        ([tlv.DisplayTimedImage(n, 0, 0, 1) for n in range(6)], [5, 1]),
        ([tlv.ReadSensorData(1, 0xE0)] * 3, [2, 1]),
    ],
)
def test_so_many_commands_of_a_kind_fit_a_packet(commands: list[Command], packed: list[int]) -> None:
    assert [len(packet.commands) for packet in compose(0, commands)] == packed


def test_where_there_are_fewer_slots_a_packet_ends_sooner() -> None:
    assert [len(packet.commands) for packet in compose(0, [tlv.Ping(n) for n in range(10)], slots=8)] == [8, 2]
    to_all: list[Command] = [tlv.Ping(1), *[tlv.ServiceReset(BROADCAST_ESL_ID)] * 3, tlv.Ping(2)]
    assert [len(packet.commands) for packet in compose(0, to_all, slots=2)] == [4, 1]


@pytest.mark.parametrize(
    "command",
    [
        tlv.FactoryReset(1),
        tlv.UpdateComplete(1),
        tlv.Ping(BROADCAST_ESL_ID),
        tlv.UnassociateFromAp(BROADCAST_ESL_ID),
        tlv.ReadSensorData(BROADCAST_ESL_ID, 0),
    ],
)
def test_what_must_not_be_sent_to_a_group_is_never_composed(command: Command) -> None:
    with pytest.raises(ValueError, match=type(command).__name__):
        compose(0, [command])


def test_an_answer_that_no_slot_carries_is_not_asked_for() -> None:
    with pytest.raises(ValueError, match="no room"):
        compose(0, [tlv.ReadSensorData(1, 0xE0)], answer_octets=16)


@pytest.mark.parametrize(
    "vector", [one for one in read_vectors("groups") if one.kind == "GroupPacket"], ids=lambda vector: vector.name
)
def test_the_vectors_say_who_answers_where(vector: Vector) -> None:
    key = SealKey(bytes.fromhex(str(vector.fields["key"])), bytes.fromhex(str(vector.fields["iv"])))
    _, packet = open_group_packet(key, vector.octets)
    assert [{"slot": one.slot, "esl_id": one.esl_id} for one in expected_answers(packet)] == vector.fields["answers_at"]


def test_a_tag_with_two_commands_answers_once_where_the_last_one_stands() -> None:
    packet = GroupPacket(0, (tlv.Ping(7), tlv.Ping(8), tlv.UnknownTlv(0x12, b"\x07\x00"), tlv.ReadSensorData(7, 0xE0)))
    assert expected_answers(packet) == [
        Expected(1, 8, (tlv.Ping(8),)),
        Expected(3, 7, (tlv.Ping(7), tlv.ReadSensorData(7, 0xE0))),
    ]


IMAGE, SENSOR, PING = tlv.DisplayImage(1, 0, 3), tlv.ReadSensorData(1, 0xE0), tlv.Ping(1)
FULL = tlv.Error(ErrorCode.CAPACITY_LIMIT)


@pytest.mark.parametrize(
    ("commands", "responses", "paired"),
    [
        ([PING], [tlv.BasicState(2)], [tlv.BasicState(2)]),
        ([IMAGE, PING], [tlv.Error(5), tlv.BasicState(2)], [tlv.Error(5), tlv.BasicState(2)]),
        ([SENSOR, IMAGE], [FULL], [FULL, None]),
        ([SENSOR, SENSOR], [tlv.SensorValue(0xE0, b""), FULL], [tlv.SensorValue(0xE0, b""), FULL]),
        ([tlv.UpdateComplete(1), PING], [tlv.BasicState(0)], [tlv.BasicState(0), None]),
        ([tlv.FactoryReset(1)], [], [None]),
        ([tlv.FactoryReset(1)], [tlv.Error(3)], [tlv.Error(3)]),
        ([tlv.VendorCommand(1, b"")], [tlv.VendorResponse(b"1")], [tlv.VendorResponse(b"1")]),
        ([PING], [], [None]),
    ],
)
def test_answers_lie_beside_their_commands(
    commands: list[Command], responses: list[Response], paired: list[Response | None]
) -> None:
    assert pair(commands, responses) == list(zip(commands, paired, strict=True))


@pytest.mark.parametrize(
    ("commands", "responses"),
    [
        ([PING], [tlv.DisplayState(0, 3)]),
        ([PING], [tlv.BasicState(0), tlv.BasicState(0)]),
        ([IMAGE], [tlv.DisplayState(1, 3)]),
        ([SENSOR], [tlv.SensorValue(0xE1, b"")]),
        ([tlv.LedControl(1, 0, None, None, 0, 0, None)], [tlv.LedState(1)]),  # type: ignore[arg-type]
        ([PING], [tlv.UnknownTlv(0x20, b"123")]),
    ],
)
def test_an_answer_to_nothing_that_was_asked_is_refused(commands: list[Command], responses: list[Response]) -> None:
    with pytest.raises(FieldError, match="responses"):
        pair(commands, responses)


TIMED = tlv.DisplayTimedImage(1, 0, 0, 99)
DELETE = tlv.DisplayTimedImage(1, 0, 0, 0)


@pytest.mark.parametrize(
    ("command", "response", "said"),
    [
        (IMAGE, tlv.DisplayState(0, 3), Said.OBEYED),
        (IMAGE, None, Said.UNANSWERED),
        (IMAGE, tlv.Error(ErrorCode.INVALID_STATE), Said.NOT_NOW),
        (PING, tlv.Error(ErrorCode.UNSPECIFIED), Said.FAILED),
        (PING, tlv.Error(0xF3), Said.FAILED),
        (PING, tlv.Error(0x0D), Said.FAILED),
        (SENSOR, tlv.Error(ErrorCode.RETRY), Said.NOT_NOW),
        (TIMED, tlv.Error(ErrorCode.QUEUE_FULL), Said.QUEUE_FULL),
        (TIMED, tlv.Error(ErrorCode.IMPLAUSIBLE_ABSOLUTE_TIME), Said.TIME_PAST),
        (TIMED, tlv.Error(ErrorCode.INVALID_PARAMETERS), Said.NOT_THERE),
        (DELETE, tlv.Error(ErrorCode.INVALID_PARAMETERS), Said.OBEYED),
        (tlv.UpdateComplete(1), tlv.Error(ErrorCode.INVALID_OPCODE), Said.OBEYED),
    ],
)
def test_an_answer_means(command: Command, response: Response | None, said: Said) -> None:
    assert what_it_says(command, response) is said


def test_every_stack_is_read_alike() -> None:
    """Of every exchange that all stacks answer to the same effect; where they do not, it is said here."""
    differ = {
        "a timed image that comes too late",  # one stack does not see that it is late
        "an image in exactly 48 days",  # two stacks refuse what others take
        "ping to all, updating",  # one stack hears what is not for one tag
        "unassociate to all, then ping",  # one stack obeys, so it is never sent
    }
    compared = set()
    for vector in read_vectors("exchanges"):
        answers = vector.fields["answers"]
        assert isinstance(answers, dict)
        if vector.name in differ or len(set(answers.values())) == 1:
            continue
        commands = tlv.unpack_commands(vector.octets)
        meanings = set()
        for answer in answers.values():
            responses = [] if answer is None else tlv.unpack_responses(bytes.fromhex(answer))
            asked = [command for command in commands if not isinstance(command, tlv.UnknownTlv)]
            meanings.add(tuple(what_it_says(*one) for one in pair(asked, responses)))
        assert len(meanings) == 1, (vector.name, meanings)
        compared.add(vector.name)
    assert len(compared) >= 7
