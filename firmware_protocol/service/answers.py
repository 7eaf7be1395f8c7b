"""Who answers where, and what an answer means: the access point's side of a packet.

In: commands for tags of one group; the octets heard in each slot. Out: packets with room for their answers; each answer
beside its command; what it means. Rule: a tag answers once, in the slot whose number is the position of the *last* TLV
for it, every TLV before it counted, broadcast ones too; all its answers stand in it, in the order of its commands. A
broadcast gets no answer. Stacks answer differently (`quirks`): here they are all read alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from msgspec import Struct

from firmware_protocol.errors import FieldError
from firmware_protocol.service.absolute_time import DELETE
from firmware_protocol.service.packet import COMMANDS_OCTETS_MAX, PAYLOAD_OCTETS_MAX, GroupPacket
from firmware_protocol.tlv import (
    BROADCAST_ESL_ID,
    BasicState,
    Command,
    DisplayState,
    DisplayTimedImage,
    Error,
    ErrorCode,
    EslState,
    LedState,
    LedTimedControl,
    Response,
    SensorValue,
    UnknownTlv,
    UpdateComplete,
    VendorResponse,
    answer_octets_max,
    esl_id_of,
    pack_tlv,
    row_of,
)

SLOTS_MAX = 23  # TLVs of the shortest kind that a packet holds: more slots would never be used


class Expected(Struct, frozen=True):
    """One tag's answer to a packet: where it comes, and to what."""

    slot: int
    esl_id: int
    commands: tuple[Command, ...]


class _Draft:
    """A packet as it is filled."""

    def __init__(self, slots: int, answer_octets: int) -> None:
        self.commands: list[Command] = []
        self._slots, self._answer_octets = slots, answer_octets
        self._octets = 0
        self._answers: dict[int, int] = {}  # octets of each tag's answers at most

    def takes(self, command: Command) -> bool:
        """Add it, if it and its answer find room."""
        octets = self._octets + len(pack_tlv(command))
        if octets > COMMANDS_OCTETS_MAX:
            return False
        if command.esl_id != BROADCAST_ESL_ID:
            answers = self._answers.get(command.esl_id, 0) + answer_octets_max(command)
            if answers > self._answer_octets or len(self.commands) >= self._slots:
                return False
            self._answers[command.esl_id] = answers
        self._octets = octets
        self.commands.append(command)
        return True


def compose(
    group_id: int,
    commands: Sequence[Command],
    *,
    slots: int = SLOTS_MAX,
    answer_octets: int = PAYLOAD_OCTETS_MAX,
) -> list[GroupPacket]:
    """As few packets as hold these commands in their order, one a subevent. `slots`: how many a subevent has.
    `answer_octets`: how many octets of TLVs one slot carries.

    Raises `ValueError` for what must not be sent this way: a command that no synchronized tag obeys, one that may not
    be said to all, one whose answer no slot carries.
    """
    drafts: list[_Draft] = []
    for command in commands:
        _check_sendable(command)
        if drafts and drafts[-1].takes(command):
            continue
        drafts.append(_Draft(slots, answer_octets))
        if not drafts[-1].takes(command):
            raise ValueError(f"{command} or its answer finds no room: {slots} slots of {answer_octets} octets")
    return [GroupPacket(group_id, tuple(draft.commands)) for draft in drafts]


def _check_sendable(command: Command) -> None:
    row = row_of(command)
    if EslState.SYNCHRONIZED not in row.legal_in:
        raise ValueError(f"{row.name} is not legal for a synchronized tag")
    if command.esl_id == BROADCAST_ESL_ID and not row.broadcast:
        raise ValueError(f"{row.name} may not be said to all tags of a group")


def expected_answers(packet: GroupPacket) -> list[Expected]:
    """Of a packet of ours, by slot."""
    own: dict[int, tuple[int, list[Command]]] = {}
    for position, command in enumerate(packet.commands):
        if isinstance(command, UnknownTlv) or command.esl_id == BROADCAST_ESL_ID:
            continue
        _, before = own.get(command.esl_id, (0, []))
        own[command.esl_id] = (position, [*before, command])
    return sorted(
        (Expected(position, esl_id, tuple(asked)) for esl_id, (position, asked) in own.items()),
        key=lambda one: one.slot,
    )


def addressed(packet: GroupPacket, esl_id: int) -> tuple[list[Command | UnknownTlv], int | None]:
    """The tag's side of the same rule: what it shall do, in order, and in which slot it answers (None: in none)."""
    heard: list[Command | UnknownTlv] = []
    slot = None
    for position, command in enumerate(packet.commands):
        to = esl_id_of(command)
        if to == esl_id:
            slot = position
        if to in {esl_id, BROADCAST_ESL_ID}:
            heard.append(command)
    return heard, slot


def pair(
    commands: Sequence[Command], responses: Sequence[Response | UnknownTlv]
) -> list[tuple[Command, Response | None]]:
    """Each command with its answer; None = it got none. What stands behind *capacity limit* was not answered.

    Raises `FieldError` for a response to nothing that was asked: another tag's, or one that misunderstood.
    """
    left = list(responses)
    pairs: list[tuple[Command, Response | None]] = []
    for command in commands:
        answer = left[0] if left else None
        if answer is not None and not isinstance(answer, UnknownTlv) and _fits(command, answer):
            pairs.append((command, answer))
            left.pop(0)
            continue
        pairs.append((command, None))
    if left:
        raise FieldError("responses", left[0], "an answer to what was asked", offset=0)
    return pairs


def _fits(command: Command, response: Response) -> bool:
    match response:
        case Error():
            return True
        case DisplayState():
            return getattr(command, "display_index", None) == response.display_index
        case LedState():
            return getattr(command, "led_index", None) == response.led_index
        case SensorValue():
            return getattr(command, "sensor_index", None) == response.sensor_index
        case BasicState() if isinstance(command, UpdateComplete):
            return True  # some stacks answer it, some do not
        case BasicState() | VendorResponse():
            return row_of(command).answer is type(response)


class Said(Enum):
    """What an answer means to an access point, whatever the stack."""

    OBEYED = "accepted; of a picture or an LED that proves nothing yet"
    UNANSWERED = "nothing: lost, or this command gets no answer"
    NOT_THERE = "what it names is not there: a display, an image, a sensor, or the tag does not know the command"
    NOT_NOW = "not in this state, or it has no room, time or charge for it: ask again"
    QUEUE_FULL = "another time is pending: delete it first"
    TIME_PAST = "its time is past, or the tag's clock is not ours"
    FAILED = "for a reason of its own"


_MEANINGS = {
    ErrorCode.UNSPECIFIED: Said.FAILED,
    ErrorCode.INVALID_OPCODE: Said.NOT_THERE,
    ErrorCode.INVALID_STATE: Said.NOT_NOW,
    ErrorCode.INVALID_IMAGE_INDEX: Said.NOT_THERE,
    ErrorCode.IMAGE_NOT_AVAILABLE: Said.NOT_THERE,
    ErrorCode.INVALID_PARAMETERS: Said.NOT_THERE,
    ErrorCode.CAPACITY_LIMIT: Said.NOT_NOW,
    ErrorCode.INSUFFICIENT_BATTERY: Said.NOT_NOW,
    ErrorCode.INSUFFICIENT_RESOURCES: Said.NOT_NOW,
    ErrorCode.RETRY: Said.NOT_NOW,
    ErrorCode.QUEUE_FULL: Said.QUEUE_FULL,
    ErrorCode.IMPLAUSIBLE_ABSOLUTE_TIME: Said.TIME_PAST,
}


def what_it_says(command: Command, response: Response | None) -> Said:
    """The same for every profile of `quirks.PROFILES`."""
    if response is None:
        return Said.OBEYED if isinstance(command, UpdateComplete) else Said.UNANSWERED
    if not isinstance(response, Error):
        return Said.OBEYED
    code = response.code
    if isinstance(command, UpdateComplete) and code == ErrorCode.INVALID_OPCODE:
        return Said.OBEYED  # stacks from before the command: what was written is enough for them
    deletes = isinstance(command, DisplayTimedImage | LedTimedControl) and command.absolute_time == DELETE
    if deletes and code == ErrorCode.INVALID_PARAMETERS:
        return Said.OBEYED  # nothing was pending, which is what was wanted
    if code == ErrorCode.UNSPECIFIED and hasattr(command, "display_index"):
        return Said.NOT_THERE  # some stacks say no more than this of a display or picture that they lack
    return _MEANINGS[ErrorCode(code)] if code in _MEANINGS else Said.FAILED
