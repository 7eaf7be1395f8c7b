"""What a tag answers to the service's commands: each answer at the place of its command.

In: commands as they were unsealed, and the state of the tag in the service. Out: responses, never more than one packet
holds. Rule: no command puts anything on a glass that the tag's own sealed manifest does not already order
(docs/protocol.md, "Sealed end to end"). Where stacks differ, `service.quirks` says how.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, assert_never

from firmware_protocol.report import REPORT_SENSOR_BASE
from firmware_protocol.service.absolute_time import TimedResult, judge
from firmware_protocol.service.quirks import OURS, Overflow, Quirks
from firmware_protocol.tag.commanded import TimedImage
from firmware_protocol.tag.display import SLOTS
from firmware_protocol.tag.led import Led
from firmware_protocol.tlv import (
    BROADCAST_ESL_ID,
    ERROR_OCTETS,
    TLVS_OCTETS_MAX,
    Command,
    DisplayImage,
    DisplayState,
    DisplayTimedImage,
    Error,
    ErrorCode,
    EslState,
    FactoryReset,
    LedControl,
    LedState,
    LedTimedControl,
    Ping,
    ReadSensorData,
    RefreshDisplay,
    Response,
    SensorValue,
    ServiceReset,
    UnassociateFromAp,
    UnknownTlv,
    UpdateComplete,
    VendorCommand,
    answer_octets_max,
    esl_id_of,
    pack_tlv,
    row_of,
)

if TYPE_CHECKING:
    from firmware_protocol.tag.machine import TagMachine

# A counter down is stored before one of these is obeyed, so that no reboot lets it be replayed.
LASTING = UnassociateFromAp | ServiceReset | FactoryReset

_FULL = Error(ErrorCode.CAPACITY_LIMIT)


class Association(Protocol):
    """How the tag belongs to its access point: what is legal now, and what the commands about it do."""

    @property
    def quirks(self) -> Quirks: ...

    @property
    def state(self) -> EslState: ...

    @property
    def synchronized(self) -> bool: ...

    def unassociate(self) -> None: ...

    def factory_reset(self) -> None: ...

    def update_complete(self) -> None: ...


class OnPoll:
    """The poll profile knows no synchronization: a commissioned tag counts as synchronized, so Factory Reset and Update
    Complete are not legal, and Unassociate finds neither address nor group key to drop: it is answered, no more.
    """

    quirks = OURS
    state = EslState.SYNCHRONIZED
    synchronized = True

    def unassociate(self) -> None:
        self.synchronized = False  # for the answer; the next command finds the tag as it was

    def factory_reset(self) -> None: ...

    def update_complete(self) -> None: ...


def answer_to(
    tag: TagMachine, commands: Sequence[Command | UnknownTlv], association: Association, *, group: bool = False
) -> list[Response]:
    """In their order. What finds no room any more is answered by *capacity limit*, for itself and all behind it.

    `group`: they came for a whole group, so one with the ESL_ID of all tags is obeyed where its row allows it, and gets
    no answer.
    """
    answers: list[Response] = []
    room = TLVS_OCTETS_MAX
    overflow = association.quirks.overflow
    left = sum(not (group and _is_broadcast(command)) for command in commands)
    for command in commands:
        if group and _is_broadcast(command):
            _obey_broadcast(tag, command, association)
            continue
        left -= 1
        kept_free = ERROR_OCTETS if left else 0
        if overflow is Overflow.KEEPS_ROOM and _octets_max(command) + kept_free > room:
            return [*answers, _FULL]
        answer = answer_one(tag, command, association)
        if answer is None:
            continue
        taken = len(pack_tlv(answer))
        if taken > room:
            return _overflown(answers, room, overflow)
        answers.append(answer)
        room -= taken
    return answers


def _is_broadcast(command: Command | UnknownTlv) -> bool:
    return esl_id_of(command) == BROADCAST_ESL_ID


def _obey_broadcast(tag: TagMachine, command: Command | UnknownTlv, association: Association) -> None:
    if isinstance(command, UnknownTlv):
        return
    obeyed = row_of(command).broadcast
    if obeyed or (isinstance(command, UnassociateFromAp) and association.quirks.obeys_broadcast_unassociate):
        answer_one(tag, command, association)


def _octets_max(command: Command | UnknownTlv) -> int:
    return ERROR_OCTETS if isinstance(command, UnknownTlv) else answer_octets_max(command)


def _overflown(answers: list[Response], room: int, overflow: Overflow) -> list[Response]:
    if overflow is Overflow.REPLACES_LAST:
        return [*answers[:-1], _FULL]
    return [*answers, _FULL] if room >= ERROR_OCTETS else answers


def answer_one(tag: TagMachine, command: Command | UnknownTlv, association: Association) -> Response | None:
    """Do it, if it is legal now. None: it gets no answer."""
    if isinstance(command, UnknownTlv):
        return Error(ErrorCode.INVALID_OPCODE)
    if association.state not in row_of(command).legal_in:
        return Error(ErrorCode.INVALID_STATE)
    quirks = association.quirks
    match command:
        case Ping():
            return tag.basic_state(synchronized=association.synchronized)
        case UnassociateFromAp():
            association.unassociate()
            return tag.basic_state(synchronized=False)
        case ServiceReset():
            tag.commanded.service_needed = False
            return tag.basic_state(synchronized=association.synchronized)
        case FactoryReset():
            association.factory_reset()
            return None
        case UpdateComplete():
            association.update_complete()
            return tag.basic_state(synchronized=association.synchronized) if quirks.update_complete_answered else None
        case ReadSensorData(sensor_index=sensor):
            display = sensor - REPORT_SENSOR_BASE
            if not 0 <= display < tag.display_count():
                return Error(ErrorCode.INVALID_PARAMETERS)
            return SensorValue(sensor, tag.report(display).pack())
        case RefreshDisplay():
            return _refresh(tag, command, quirks)
        case DisplayImage():
            return _image(tag, command, quirks)
        case DisplayTimedImage():
            return _timed_image(tag, command, quirks)
        case LedControl():
            return _led(tag, command, quirks)
        case LedTimedControl():
            return _timed_led(tag, command, quirks)
        case VendorCommand():
            return Error(ErrorCode.INVALID_OPCODE)
        case _:
            assert_never(command)


# pictures


def _no_such_display(tag: TagMachine, display: int, quirks: Quirks) -> Error | None:
    if display < tag.display_count():
        return None
    return Error(quirks.display_index_too_high if tag.display_count() else quirks.nothing_of_its_kind)


def _no_such_image(tag: TagMachine, display: int, image: int, quirks: Quirks) -> Error | None:
    """Also for a picture under *keep* or *show at T*: only its manifest says when it is drawn."""
    if image >= SLOTS:
        return Error(quirks.image_index_too_high)
    slot = tag.memory.displays[display].slots[image]
    if slot is None:
        return Error(ErrorCode.IMAGE_NOT_AVAILABLE)
    return Error(ErrorCode.INVALID_STATE) if _waits(tag, display, slot.content) else None


def _refresh(tag: TagMachine, command: RefreshDisplay, quirks: Quirks) -> Response:
    """As *Display Image* of the picture that is ordered: a glass that is known to show it is not drawn again, because
    while it is being drawn it would be held proved and show nothing.
    """
    display = command.display_index
    if (refused := _no_such_display(tag, display, quirks)) is not None:
        return refused
    memory = tag.state_of(display).memory
    image = None if memory.now is None else _image_of(tag, display, memory.now.content)
    if image is None and memory.glass is None:
        return Error(quirks.refresh_nothing_shown)
    if image is None or memory.pending is not None:
        return Error(ErrorCode.INVALID_STATE)
    tag.image_asked(display, image)
    return DisplayState(display, image)


def _image(tag: TagMachine, command: DisplayImage, quirks: Quirks) -> Response:
    display, image = command.display_index, command.image_index
    refused = _no_such_display(tag, display, quirks) or _no_such_image(tag, display, image, quirks)
    if refused is not None:
        return refused
    tag.image_asked(display, image)
    return DisplayState(display, image)


def _timed_image(tag: TagMachine, command: DisplayTimedImage, quirks: Quirks) -> Response:
    display, image, t_ms = command.display_index, command.image_index, command.absolute_time
    commanded = tag.commanded
    refused = _no_such_display(tag, display, quirks)
    if refused is None and t_ms:
        refused = _no_such_image(tag, display, image, quirks)
    if refused is not None:
        return refused
    match judge(t_ms, tag.site_ms, commanded.pending_image_ms(display), quirks):
        case ErrorCode() as code:
            return Error(code)
        case TimedResult.DELETED:
            commanded.timed_images.pop(display, None)
        case TimedResult.QUEUED | TimedResult.REPLACED:
            commanded.timed_images[display] = TimedImage(t_ms, image)
    return DisplayState(display, image)


def _image_of(tag: TagMachine, display: int, content: object) -> int | None:
    """The slot that holds this picture; None = none does."""
    slots = tag.memory.displays[display].slots
    return next((place for place, slot in enumerate(slots) if slot is not None and slot.content == content), None)


def _waits(tag: TagMachine, display: int, content: bytes) -> bool:
    """This picture is under *keep* or *show at T*."""
    pending = tag.state_of(display).memory.pending
    return pending is not None and pending.content == content


# LEDs


def _led_of(tag: TagMachine, command: LedControl | LedTimedControl, quirks: Quirks) -> Led | Error:
    leds = tag.commanded.leds
    if not leds:
        return Error(quirks.nothing_of_its_kind)
    if command.led_index >= len(leds):
        return Error(ErrorCode.INVALID_PARAMETERS)
    led = leds[command.led_index]
    led.seconds_count_runs = quirks.led_seconds_count_runs
    return led


def _led(tag: TagMachine, command: LedControl, quirks: Quirks) -> Response:
    led = _led_of(tag, command, quirks)
    if isinstance(led, Error):
        return led
    if not command.order.is_playable:
        return Error(ErrorCode.INVALID_PARAMETERS)
    led.play(command.order, tag.site_ms)
    return LedState(command.led_index)


def _timed_led(tag: TagMachine, command: LedTimedControl, quirks: Quirks) -> Response:
    led = _led_of(tag, command, quirks)
    if isinstance(led, Error):
        return led
    if command.absolute_time and not command.order.is_playable:
        return Error(ErrorCode.INVALID_PARAMETERS)
    match judge(command.absolute_time, tag.site_ms, led.pending_ms, quirks):
        case ErrorCode() as code:
            return Error(code)
        case TimedResult.DELETED:
            led.pending = None
        case TimedResult.QUEUED | TimedResult.REPLACED:
            led.pending = (command.absolute_time, command.order)
    return LedState(command.led_index)
