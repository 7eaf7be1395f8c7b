"""What a tag answers to the service's commands: each answer at the place of its command.

In: commands as they were unsealed. Out: responses, never more than one packet holds. Rule: no command puts anything on
a glass that the tag's own sealed manifest does not already order (docs/protocol.md, "Sealed end to end").
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, assert_never

from firmware_protocol.report import REPORT_SENSOR_BASE
from firmware_protocol.tag.display import SLOTS
from firmware_protocol.tlv import (
    TLVS_OCTETS_MAX,
    Command,
    DisplayImage,
    DisplayState,
    Error,
    ErrorCode,
    Ping,
    ReadSensorData,
    Response,
    SensorValue,
    UnknownTlv,
    pack_tlv,
)

if TYPE_CHECKING:
    from firmware_protocol.tag.machine import TagMachine

_FULL = Error(ErrorCode.CAPACITY_LIMIT)


def answer_to(tag: TagMachine, commands: Sequence[Command | UnknownTlv]) -> list[Response]:
    """In their order. What finds no room any more is answered by *capacity limit*, for itself and all behind it."""
    answers: list[Response] = []
    room = TLVS_OCTETS_MAX
    for command in commands:
        answer = _answer(tag, command)
        taken, kept_free = len(pack_tlv(answer)), len(pack_tlv(_FULL))
        if taken + kept_free > room:
            return [*answers, _FULL]
        answers.append(answer)
        room -= taken
    return answers


def _answer(tag: TagMachine, command: Command | UnknownTlv) -> Response:
    match command:
        case Ping():
            return tag.basic_state()
        case ReadSensorData(sensor_index=sensor):
            display = sensor - REPORT_SENSOR_BASE
            if not 0 <= display < tag.display_count():
                return Error(ErrorCode.INVALID_PARAMETERS)
            return SensorValue(sensor, tag.report(display).pack())
        case DisplayImage():
            return _image(tag, command)
        case UnknownTlv():
            return Error(ErrorCode.INVALID_OPCODE)
        case _:
            assert_never(command)


def _image(tag: TagMachine, command: DisplayImage) -> Response:
    display, image = command.display_index, command.image_index
    if display >= tag.display_count():
        return Error(ErrorCode.INVALID_PARAMETERS)
    if image >= SLOTS:
        return Error(ErrorCode.INVALID_IMAGE_INDEX)
    slot = tag.memory.displays[display].slots[image]
    if slot is None:
        return Error(ErrorCode.IMAGE_NOT_AVAILABLE)
    if tag.waits(display, slot.content):
        return Error(ErrorCode.INVALID_STATE)
    tag.image_asked(display, slot.content)
    return DisplayState(display, image)
