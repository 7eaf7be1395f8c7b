"""How a command or a response is declared: one row, with all that is to be known of it.

In: a class whose fields say how they lie on the wire. Out: its row in the table. Rule: opcode = length nibble << 4 |
tag nibble, written and never derived; length nibble + 1 octets follow. Commands carry the ESL_ID first; responses
carry no address.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntFlag
from typing import Any, Generic, TypeVar, dataclass_transform

from msgspec import Struct

from firmware_protocol.layout import Layout, rest, u8, u16, u32, wired
from firmware_protocol.service.led import flash_pattern, led_colour, repeat

TLV_OCTETS_MAX = 17
ERROR_OCTETS = 2  # of the Error response, which may stand for any answer

Message = TypeVar("Message")


class EslState(IntFlag):
    """The service's states of a tag: one of them, or a set for the rows' *legal in*."""

    UNASSOCIATED = 1
    CONFIGURING = 2
    SYNCHRONIZED = 4
    UPDATING = 8
    UNSYNCHRONIZED = 16


# A tag hears commands when it is connected or synchronized, so nothing is legal in the other two states.
ANY_HEARING = EslState.CONFIGURING | EslState.SYNCHRONIZED | EslState.UPDATING
CONNECTED = EslState.CONFIGURING | EslState.UPDATING


class TlvRow(Generic[Message], Struct, frozen=True):
    """One declared TLV. `opcode_mask` is 0x0F where the length nibble is free (sensor values, vendors), else 0xFF.

    Of a command: `answer` is its response when it is obeyed (None: it gets none), `broadcast` whether ESL_ID 0xFF may
    stand in it. Whatever is answered, it may be Error instead.
    """

    opcode: int
    message: type[Message]
    layout: Layout[Message]
    legal_in: EslState
    spec: str
    opcode_mask: int = 0xFF
    answer: type | None = None
    broadcast: bool = False

    @property
    def name(self) -> str:
        return self.message.__name__

    @property
    def octets_max(self) -> int:
        """Of the whole TLV."""
        return TLV_OCTETS_MAX if self.layout.tail is not None else 1 + self.layout.size


class Table(dict[int, TlvRow[Any]]):
    """The rows of one direction, by opcode."""

    def __init__(self) -> None:
        super().__init__()
        self.row_of: dict[type, TlvRow[Any]] = {}

    def declare(self, plain: type[Message], row: Callable[[type[Message], Layout[Message]], TlvRow[Message]]) -> type:
        message = wired(plain)
        declared = row(message, Layout(message))
        if declared.opcode in self:
            raise TypeError(f"opcode {declared.opcode:#04x} is declared twice")
        self[declared.opcode] = self.row_of[message] = declared
        return message


COMMANDS = Table()
RESPONSES = Table()


@dataclass_transform(frozen_default=True, field_specifiers=(flash_pattern, led_colour, repeat, rest, u8, u16, u32))
def command(
    opcode: int,
    *,
    legal_in: EslState,
    answer: type | None,
    spec: str,
    broadcast: bool = False,
    opcode_mask: int = 0xFF,
) -> Callable[[type[Message]], type[Message]]:
    def declare(plain: type[Message]) -> type[Message]:
        return COMMANDS.declare(
            plain,
            lambda message, layout: TlvRow(opcode, message, layout, legal_in, spec, opcode_mask, answer, broadcast),
        )

    return declare


@dataclass_transform(frozen_default=True, field_specifiers=(rest, u8, u16))
def response(opcode: int, *, spec: str, opcode_mask: int = 0xFF) -> Callable[[type[Message]], type[Message]]:
    def declare(plain: type[Message]) -> type[Message]:
        return RESPONSES.declare(
            plain, lambda message, layout: TlvRow(opcode, message, layout, ANY_HEARING, spec, opcode_mask)
        )

    return declare
