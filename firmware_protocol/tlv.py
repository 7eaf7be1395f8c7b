"""Commands and responses of the Bluetooth ESL service: the table, and tag-length-value octets by it.

In: TLV octets. Out: command or response objects, in their order. Rule: opcode = length nibble << 4 | tag nibble, and
length nibble + 1 octets follow; encoder, decoder and docs/protocol.md go by the one table. Its rows stand in
`service.commands` and `service.responses`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from firmware_protocol.errors import FieldError
from firmware_protocol.service.commands import (
    BROADCAST_ESL_ID,
    Command,
    DisplayImage,
    DisplayTimedImage,
    FactoryReset,
    LedControl,
    LedTimedControl,
    Ping,
    ReadSensorData,
    RefreshDisplay,
    ServiceReset,
    UnassociateFromAp,
    UpdateComplete,
    VendorCommand,
)
from firmware_protocol.service.responses import (
    BasicState,
    BasicStateFlags,
    DisplayState,
    Error,
    ErrorCode,
    LedState,
    Response,
    SensorValue,
    VendorResponse,
)
from firmware_protocol.service.row import COMMANDS as _COMMANDS
from firmware_protocol.service.row import ERROR_OCTETS, TLV_OCTETS_MAX, EslState, TlvRow
from firmware_protocol.service.row import RESPONSES as _RESPONSES

__all__ = [
    "BROADCAST_ESL_ID",
    "COMMANDS",
    "ERROR_OCTETS",
    "RESPONSES",
    "TLVS_OCTETS_MAX",
    "TLV_OCTETS_MAX",
    "BasicState",
    "BasicStateFlags",
    "Command",
    "DisplayImage",
    "DisplayState",
    "DisplayTimedImage",
    "Error",
    "ErrorCode",
    "EslState",
    "FactoryReset",
    "LedControl",
    "LedState",
    "LedTimedControl",
    "Ping",
    "ReadSensorData",
    "RefreshDisplay",
    "Response",
    "SensorValue",
    "ServiceReset",
    "TlvRow",
    "UnassociateFromAp",
    "UnknownTlv",
    "UpdateComplete",
    "VendorCommand",
    "VendorResponse",
    "answer_octets_max",
    "esl_id_of",
    "pack_tlv",
    "pack_tlvs",
    "row_of",
    "unpack_commands",
    "unpack_responses",
]

# A packet of the service carries 48 octets; on poll one sealed item bounds a list the same way.
TLVS_OCTETS_MAX = 48

COMMANDS: Mapping[int, TlvRow[Any]] = _COMMANDS
RESPONSES: Mapping[int, TlvRow[Any]] = _RESPONSES
_ROW_OF = {**_COMMANDS.row_of, **_RESPONSES.row_of}


class UnknownTlv(Struct, frozen=True):
    """A TLV that no row declares. It keeps its place, because answers are matched by position."""

    opcode: int
    parameters: bytes


def row_of(message: Command | Response) -> TlvRow[Any]:
    """The row that declares this message."""
    return _ROW_OF[type(message)]


def esl_id_of(command: Command | UnknownTlv) -> int:
    """Whom a command is for: the first octet behind any opcode, also one that we do not know."""
    return command.parameters[0] if isinstance(command, UnknownTlv) else command.esl_id


def answer_octets_max(command: Command) -> int:
    """The longest answer to it: that of its row, or Error."""
    answer = row_of(command).answer
    return max(ERROR_OCTETS, _ROW_OF[answer].octets_max) if answer is not None else ERROR_OCTETS


def pack_tlvs(messages: Sequence[Command | Response | UnknownTlv]) -> bytes:
    """Commands or responses, one after the other. Raises `ValueError` for what does not fit: our own mistake."""
    return b"".join(map(pack_tlv, messages))


def pack_tlv(message: Command | Response | UnknownTlv) -> bytes:
    if isinstance(message, UnknownTlv):
        if len(message.parameters) != (message.opcode >> 4) + 1:
            raise ValueError(f"opcode {message.opcode:#04x} with {len(message.parameters)} octets behind it")
        return bytes((message.opcode,)) + message.parameters
    row = row_of(message)
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
