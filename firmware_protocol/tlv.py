"""Commands and responses of the Bluetooth ESL service: tag-length-value, each declared once, as a row.

In: TLV octets. Out: command or response objects, in their order. Rule: opcode = length nibble << 4 | tag nibble, and
length nibble + 1 octets follow. Commands carry the ESL_ID first; responses carry no address. On the poll profile the
tag is named by the frame, so ESL_ID is written 0 and not looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum, IntFlag
from typing import Any, Generic, TypeVar, dataclass_transform

from msgspec import Struct

from firmware_protocol.errors import FieldError
from firmware_protocol.layout import Layout, rest, u8, u16, wired
from firmware_protocol.report import REPORT_SENSOR_BASE

TLV_OCTETS_MAX = 17
# A packet of the service carries 48 octets; on poll one sealed item bounds a list the same way.
TLVS_OCTETS_MAX = 48
BROADCAST_ESL_ID = 0xFF

Message = TypeVar("Message")


class EslState(IntFlag):
    """The service's states of a tag, as a set, for the rows' *legal in*."""

    UNASSOCIATED = 1
    CONFIGURING = 2
    SYNCHRONIZED = 4
    UPDATING = 8
    UNSYNCHRONIZED = 16


class ErrorCode(IntEnum):
    UNSPECIFIED = 0x01
    INVALID_OPCODE = 0x02
    INVALID_STATE = 0x03
    INVALID_IMAGE_INDEX = 0x04
    IMAGE_NOT_AVAILABLE = 0x05
    INVALID_PARAMETERS = 0x06
    CAPACITY_LIMIT = 0x07
    INSUFFICIENT_BATTERY = 0x08
    INSUFFICIENT_RESOURCES = 0x09
    RETRY = 0x0A
    QUEUE_FULL = 0x0B
    IMPLAUSIBLE_ABSOLUTE_TIME = 0x0C


class BasicStateFlags(IntFlag):
    SERVICE_NEEDED = 1
    SYNCHRONIZED = 2
    ACTIVE_LED = 4
    PENDING_LED_UPDATE = 8
    PENDING_DISPLAY_UPDATE = 16


class TlvRow(Generic[Message], Struct, frozen=True):
    """One declared TLV. `opcode_mask` is 0x0F where the length nibble is free (sensor values), else 0xFF."""

    opcode: int
    message: type[Message]
    layout: Layout[Message]
    legal_in: EslState
    spec: str
    opcode_mask: int = 0xFF

    @property
    def name(self) -> str:
        return self.message.__name__


_COMMANDS: dict[int, TlvRow[Any]] = {}
_RESPONSES: dict[int, TlvRow[Any]] = {}
_ROW_OF: dict[type, TlvRow[Any]] = {}
_ANY_CONNECTED = EslState.CONFIGURING | EslState.SYNCHRONIZED | EslState.UPDATING


@dataclass_transform(frozen_default=True, field_specifiers=(u8, u16, rest))
def _command(opcode: int, *, legal_in: EslState, spec: str) -> Callable[[type[Message]], type[Message]]:
    return _declare(_COMMANDS, opcode, legal_in, spec, 0xFF)


@dataclass_transform(frozen_default=True, field_specifiers=(u8, u16, rest))
def _response(opcode: int, *, spec: str, opcode_mask: int = 0xFF) -> Callable[[type[Message]], type[Message]]:
    return _declare(_RESPONSES, opcode, _ANY_CONNECTED, spec, opcode_mask)


def _declare(
    table: dict[int, TlvRow[Any]], opcode: int, legal_in: EslState, spec: str, opcode_mask: int
) -> Callable[[type[Message]], type[Message]]:
    def declare(plain: type[Message]) -> type[Message]:
        message = wired(plain)
        if opcode in table:
            raise TypeError(f"opcode {opcode:#04x} is declared twice")
        table[opcode] = _ROW_OF[message] = TlvRow(opcode, message, Layout(message), legal_in, spec, opcode_mask)
        return message

    return declare


@_command(0x00, legal_in=_ANY_CONNECTED, spec="ESL service, Ping: answered by Basic State")
class Ping:
    esl_id: int = u8()


@_command(0x10, legal_in=_ANY_CONNECTED, spec="ESL service, Read Sensor Data: answered by Sensor Value or Error")
class ReadSensorData:
    esl_id: int = u8()
    sensor_index: int = u8()


@_command(0x20, legal_in=_ANY_CONNECTED, spec="ESL service, Display Image: answered by Display State when accepted")
class DisplayImage:
    esl_id: int = u8()
    display_index: int = u8()
    image_index: int = u8()


@_response(0x00, spec="ESL service, Error")
class Error:
    """`code`: an `ErrorCode`, or 0xF0 to 0xFF of a vendor; reserved ones are read as they come."""

    code: int = u8()


@_response(0x10, spec="ESL service, Basic State")
class BasicState:
    """`bitmap`: `BasicStateFlags`; reserved bits are read as they come."""

    bitmap: int = u16()


@_response(0x11, spec="ESL service, Display State: the command was accepted, no more")
class DisplayState:
    display_index: int = u8()
    image_index: int = u8()


@_response(0x0E, spec="ESL service, Sensor Value: the length nibble counts the value's octets", opcode_mask=0x0F)
class SensorValue:
    """A report is the value of the sensor 0xE0 + display: see `firmware_protocol.report`."""

    sensor_index: int = u8()
    value: bytes = rest(at_most=15)

    @property
    def is_report(self) -> bool:
        return self.sensor_index >= REPORT_SENSOR_BASE


class UnknownTlv(Struct, frozen=True):
    """A TLV that no row declares. It keeps its place, because answers are matched by position."""

    opcode: int
    parameters: bytes


Command = Ping | ReadSensorData | DisplayImage
Response = Error | BasicState | DisplayState | SensorValue

COMMANDS: Mapping[int, TlvRow[Any]] = _COMMANDS
RESPONSES: Mapping[int, TlvRow[Any]] = _RESPONSES


def pack_tlvs(messages: Sequence[Command | Response]) -> bytes:
    """Commands or responses, one after the other. Raises `ValueError` for what does not fit: our own mistake."""
    return b"".join(map(pack_tlv, messages))


def pack_tlv(message: Command | Response) -> bytes:
    row = _ROW_OF[type(message)]
    parameters = row.layout.pack(message)
    opcode = row.opcode if row.opcode_mask == 0xFF else (len(parameters) - 1) << 4 | row.opcode
    return bytes((opcode,)) + parameters


def unpack_commands(octets: bytes) -> list[Command | UnknownTlv]:
    """All commands in `octets`. Raises `FieldError`."""
    return _unpack(_COMMANDS, "command", octets)


def unpack_responses(octets: bytes) -> list[Response | UnknownTlv]:
    """All responses in `octets`. Raises `FieldError`."""
    return _unpack(_RESPONSES, "response", octets)


def _unpack(table: Mapping[int, TlvRow[Any]], kind: str, octets: bytes) -> list[Any]:
    if not 0 < len(octets) <= TLVS_OCTETS_MAX:
        raise FieldError(f"{kind}s", f"{len(octets)} octets", f"1 to {TLVS_OCTETS_MAX} octets", offset=0)
    messages: list[Any] = []
    start = 0
    while start < len(octets):
        opcode = octets[start]
        end = start + 2 + (opcode >> 4)
        if end > len(octets):
            raise FieldError(f"{kind}.opcode", opcode, f"{end - len(octets)} octets more must follow", offset=start)
        row = table.get(opcode) or table.get(opcode & 0x0F)
        if row is None or opcode & row.opcode_mask != row.opcode:
            messages.append(UnknownTlv(opcode, octets[start + 1 : end]))
        else:
            messages.append(row.layout.unpack(octets[start + 1 : end], start + 1))
        start = end
    return messages
