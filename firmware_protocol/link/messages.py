"""The link's messages, each declared once: what a bridge tells the gateway (up), and the gateway a bridge (down).

In and out: type u8, length u16, body; types up are below 0x80. Rule: every message of a direction has a number, counted
from 0 since that direction's hello (`Hello` is message 0 up, `Welcome` message 0 down); a bridge counts what it
*receives* by number, so its credit survives payloads that are lost: limit = highest number seen + free places.
Why: docs/protocol.md, "Links".
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from enum import IntEnum, IntFlag
from typing import Any, Generic, TypeVar, dataclass_transform

from msgspec import Struct

from firmware_protocol.encoding import ENCODING_ID_OCTETS
from firmware_protocol.errors import FieldError
from firmware_protocol.identity import DISPLAYS_MAX, TagId
from firmware_protocol.layout import Layout, exactly, i8, one_of, rest, rows, tag, text, u8, u16, u32, u64, wired
from firmware_protocol.link.limits import (
    DIGEST_ROWS_MAX,
    MESSAGE_HEAD_OCTETS,
    PART_RANGES_MAX,
    PARTS_OCTETS_MAX,
    PAYLOAD_MESSAGES_MAX,
    SEALED_OCTETS_MAX,
    STREAM_OCTETS_MAX,
)

PROTOCOL_VERSION = 1
PROTOCOL_VERSION_MIN = 1  # the oldest that we still speak
BOOT_ID_OCTETS = 8
RUN_ID_OCTETS = 8
NO_RUN = bytes(RUN_ID_OCTETS)
NAME_OCTETS_MAX = 32

Message = TypeVar("Message")


class Profile(IntEnum):
    """How a bridge speaks to its tags."""

    POLL = 0


class Features(IntFlag):
    """What a bridge can do beyond the version's minimum. Bits unknown to the gateway mean nothing to it."""

    NONE = 0
    TERMS = 1  # it takes Terms, and skips messages of kinds that it does not know


KNOWN_FEATURES = Features.TERMS


class SeenReason(IntEnum):
    FIRST_HEARD = 1
    LOST = 2  # two expected contacts missed
    SIGNAL_CHANGE = 3  # by 6 dB or more
    FOREIGN = 4  # a contact of a tag that is not associated here


class FromTagKind(IntEnum):
    """Numbered as the poll profile numbers its items up."""

    JOIN = 1
    REPORT = 2
    RESPONSE = 3
    CANNOT_OPEN = 4


class ToTagKind(IntEnum):
    """Numbered as the poll profile numbers its items down."""

    JOIN_ANSWER = 1
    MANIFEST = 2
    COMMAND = 3


class UnknownMessage(Struct, frozen=True):
    """Of a peer that is newer than we are: it has its number like any other, and is counted and skipped."""

    code: int
    body: bytes


class LinkRow(Generic[Message], Struct, frozen=True):
    """One declared message."""

    code: int
    message: type[Message]
    layout: Layout[Message]

    @property
    def name(self) -> str:
        return self.message.__name__


_UP: dict[int, LinkRow[Any]] = {}
_DOWN: dict[int, LinkRow[Any]] = {}
_ROW_OF: dict[type, LinkRow[Any]] = {}


@dataclass_transform(
    frozen_default=True, field_specifiers=(exactly, i8, one_of, rest, rows, tag, text, u8, u16, u32, u64)
)
def _row(table: dict[int, LinkRow[Any]] | None, code: int) -> Callable[[type[Message]], type[Message]]:
    """A row of a table; without a table, a part of other messages."""

    def declare(plain: type[Message]) -> type[Message]:
        message = wired(plain)
        if table is not None:
            if code in table:
                raise TypeError(f"type {code:#04x} is declared twice")
            table[code] = _ROW_OF[message] = LinkRow(code, message, Layout(message))
        return message

    return declare


@_row(_UP, 0x01)
class Hello:
    """First of all, and again whenever the port was opened again: what waited on either side is gone.

    `boot_id` is drawn at each start of the bridge; `last_run_id` is the last run of a gateway it heard (zeros = none);
    `contact_ms` is how often its tags make contact, already divided by `time_divisor`, as are all its times.
    """

    boot_id: bytes = exactly(BOOT_ID_OCTETS)
    protocol_version: int = u8()
    last_run_id: bytes = exactly(RUN_ID_OCTETS)
    features: int = u32()
    credit_limit: int = u32()
    profile: Profile = one_of(Profile)
    contact_ms: int = u32()
    time_divisor: int = u16()
    name: str = text(at_most=NAME_OCTETS_MAX)


@_row(_UP, 0x02)
class TagSeen:
    """At once; `at_ms` is the site's epoch."""

    tag_id: TagId = tag()
    reason: SeenReason = one_of(SeenReason)
    signal_dbm: int = i8()
    at_ms: int = u32()


@_row(None, 0)
class DigestRow:
    """One tag in one digest: contacts kept, contacts missed, mean signal."""

    tag_id: TagId = tag()
    contacts: int = u16()
    missed: int = u16()
    signal_dbm: int = i8()


@_row(_UP, 0x03)
class Digest:
    """Once in 5 minutes, or 5 contacts where these are rarer: what was not worth a message of its own."""

    tags: tuple[DigestRow, ...] = rows(DigestRow, at_most=DIGEST_ROWS_MAX)


@_row(_UP, 0x04)
class FromTag:
    """An item of a contact, as the tag sent it; the bridge cannot read what is sealed."""

    tag_id: TagId = tag()
    kind: FromTagKind = one_of(FromTagKind)
    signal_dbm: int = i8()
    octets: bytes = rest(at_least=1, at_most=SEALED_OCTETS_MAX)


@_row(None, 0)
class PartRange:
    """Octets `offset` to `offset + length` of a stream; what lies beyond its end is not sent."""

    offset: int = u32(at_most=STREAM_OCTETS_MAX)
    length: int = u32(at_most=STREAM_OCTETS_MAX)


@_row(_UP, 0x05)
class PartsWanted:
    """A tag asks for parts that the bridge does not hold."""

    encoding_id: bytes = exactly(ENCODING_ID_OCTETS)
    ranges: tuple[PartRange, ...] = rows(PartRange, at_most=PART_RANGES_MAX)


@_row(_UP, 0x06)
class Status:
    """Credit: the gateway may send down messages up to number `credit_limit`. `received` is the highest number that
    arrived; `queued` counts what waits for tags, `cached` the encodings held.
    """

    credit_limit: int = u32()
    received: int = u32()
    queued: int = u16()
    cached: int = u16()


@_row(_UP, 0x07)
class Airtime:
    """`airtime_us` on the air since the bridge started; `window_ms` since the last such message."""

    airtime_us: int = u64()
    window_ms: int = u32()


@_row(_DOWN, 0x81)
class Welcome:
    """The answer to a hello: `boot_id` says which, and a bridge of another one says hello again, so that a gateway that
    starts can ask with zeros. `site_epoch_ms` is the site's time now, u32, wrapping.
    """

    boot_id: bytes = exactly(BOOT_ID_OCTETS)
    run_id: bytes = exactly(RUN_ID_OCTETS)
    site_epoch_ms: int = u32()


@_row(_DOWN, 0x82)
class ToTag:
    """For the next contact of a tag. A newer manifest for the same tag and display replaces the one that waits, a newer
    join answer the older. Nothing waits longer than `expires_s`.
    """

    tag_id: TagId = tag()
    kind: ToTagKind = one_of(ToTagKind)
    display: int = u8(at_most=DISPLAYS_MAX - 1)
    expires_s: int = u16()
    octets: bytes = rest(at_least=1, at_most=SEALED_OCTETS_MAX)


@_row(_DOWN, 0x83)
class Parts:
    """Octets of a stream for the cache, keyed by encoding id and offset, whichever tag asks."""

    encoding_id: bytes = exactly(ENCODING_ID_OCTETS)
    stream_size: int = u32(at_most=STREAM_OCTETS_MAX)
    offset: int = u32(at_most=STREAM_OCTETS_MAX)
    octets: bytes = rest(at_least=1, at_most=PARTS_OCTETS_MAX)


@_row(_DOWN, 0x84)
class Associate:
    """This tag is yours from now on, under this address of the service."""

    tag_id: TagId = tag()
    esl_group: int = u8(at_most=127)
    esl_id: int = u8(at_most=254)


@_row(_DOWN, 0x85)
class Unassociate:
    """This tag is no longer yours: forget what waits for it."""

    tag_id: TagId = tag()


@_row(_DOWN, 0x86)
class PleaseCommission:
    """At the tag's next contact, ask it to commission anew (the answer's unsealed bit)."""

    tag_id: TagId = tag()


@_row(_DOWN, 0x87)
class CreditQuery:
    """A gateway out of credit: `sent` is the highest number it gave away. Answered by `Status`; it needs no credit."""

    sent: int = u32()


@_row(_DOWN, 0x88)
class LinkPing:
    """Are you there? Answered by `Status`; it needs no credit."""


@_row(_DOWN, 0x89)
class Terms:
    """On what both go on: the lower of the two versions, and those of the bridge's features that the gateway knows.
    Behind the welcome, to a bridge whose hello has the feature; others would refuse the payload.
    """

    protocol_version: int = u8()
    features: int = u32()


UpMessage = Hello | TagSeen | Digest | FromTag | PartsWanted | Status | Airtime | UnknownMessage
DownMessage = (
    Welcome
    | ToTag
    | Parts
    | Associate
    | Unassociate
    | PleaseCommission
    | CreditQuery
    | LinkPing
    | Terms
    | UnknownMessage
)

UP: Mapping[int, LinkRow[Any]] = _UP
DOWN: Mapping[int, LinkRow[Any]] = _DOWN

_HEAD = struct.Struct("<BH")
DOWNWARDS = 0x80  # of a type


def pack_message(message: UpMessage | DownMessage) -> bytes:
    """Type, length, body. Raises `ValueError` or `struct.error` for values that do not fit: our own mistake."""
    if isinstance(message, UnknownMessage):
        return _HEAD.pack(message.code, len(message.body)) + message.body
    row = _ROW_OF[type(message)]
    body = row.layout.pack(message)
    return _HEAD.pack(row.code, len(body)) + body


def unpack_messages(octets: bytes, table: Mapping[int, LinkRow[Any]], start: int = 0) -> tuple[Any, ...]:
    """All messages from `start` to the end, each out of `table` (`UP` or `DOWN`) or an `UnknownMessage` of the same
    direction. Raises `FieldError`, naming it.
    """
    messages: list[Any] = []
    direction = next(iter(table)) & DOWNWARDS
    while start < len(octets):
        if len(messages) == PAYLOAD_MESSAGES_MAX:
            raise FieldError("messages", "one more", f"at most {PAYLOAD_MESSAGES_MAX} at once", offset=start)
        body = start + MESSAGE_HEAD_OCTETS
        if body > len(octets):
            raise FieldError("message.head", octets[start:].hex(), "type u8, length u16", offset=start)
        code, length = _HEAD.unpack_from(octets, start)
        row = table.get(code)
        if row is None and code & DOWNWARDS != direction:
            raise FieldError("message.type", code, "a message of this direction", offset=start)
        end = body + length
        if end > len(octets):
            name = row.name if row is not None else "message"
            raise FieldError(f"{name}.length", length, f"{len(octets) - body} octets are left", offset=start + 1)
        if row is None:
            messages.append(UnknownMessage(code, octets[body:end]))
        else:
            messages.append(row.layout.unpack(octets[body:end], body))
        start = end
    return tuple(messages)
