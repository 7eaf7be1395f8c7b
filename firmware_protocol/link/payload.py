"""Payloads: what a carrier takes at once, several messages and the number of the first.

In: messages, at most 3,000. Out: octets, at most 32,768: version u8, flags u8, CRC-32 u32 of everything behind it,
first number u32, then messages, all of one direction. Rule: a payload is taken whole or not at all; a bad one is a
`FieldError`, no more.
"""

import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

from msgspec import Struct

from firmware_protocol.errors import FieldError
from firmware_protocol.link.limits import PAYLOAD_HEAD_OCTETS, PAYLOAD_MESSAGES_MAX, PAYLOAD_OCTETS_MAX
from firmware_protocol.link.messages import (
    DOWN,
    PROTOCOL_VERSION,
    UP,
    DownMessage,
    LinkRow,
    UpMessage,
    pack_message,
    unpack_messages,
)

Message = TypeVar("Message")

_HEAD = struct.Struct("<BBII")
_NUMBER = struct.Struct("<I")
# Version and flags need no check: each has one value that is taken.
_CHECKED_FROM = _HEAD.size - _NUMBER.size
_NUMBER_MAX = (1 << 32) - 1


class Payload(Generic[Message], Struct, frozen=True):
    """`first_number` is that of the first message; the others count on."""

    first_number: int
    messages: tuple[Message, ...]


def pack_payloads(messages: Sequence[UpMessage | DownMessage], first_number: int) -> list[bytes]:
    """As few payloads as hold the messages, in their order; none for no message."""
    payloads: list[bytes] = []
    waiting: list[bytes] = []
    size, number = PAYLOAD_HEAD_OCTETS, first_number
    for message in messages:
        packed = pack_message(message)
        if size + len(packed) > PAYLOAD_OCTETS_MAX or len(waiting) == PAYLOAD_MESSAGES_MAX:
            payloads.append(_join(number, waiting))
            number += len(waiting)
            waiting, size = [], PAYLOAD_HEAD_OCTETS
        waiting.append(packed)
        size += len(packed)
    if waiting:
        payloads.append(_join(number, waiting))
    return payloads


def unpack_payload(octets: bytes) -> Payload[UpMessage | DownMessage]:
    """Of either direction, for those who only look on. Raises `FieldError`."""
    return _unpack(octets, DOWN if octets[PAYLOAD_HEAD_OCTETS : PAYLOAD_HEAD_OCTETS + 1] >= b"\x80" else UP)


def unpack_up_payload(octets: bytes) -> Payload[UpMessage]:
    """What a gateway takes from a bridge. Raises `FieldError`."""
    return _unpack(octets, UP)


def unpack_down_payload(octets: bytes) -> Payload[DownMessage]:
    """What a bridge takes from the gateway. Raises `FieldError`."""
    return _unpack(octets, DOWN)


def _unpack(octets: bytes, table: Mapping[int, LinkRow[Any]]) -> Payload[Any]:
    if not PAYLOAD_HEAD_OCTETS < len(octets) <= PAYLOAD_OCTETS_MAX:
        raise FieldError(
            "payload", f"{len(octets)} octets", f"{PAYLOAD_HEAD_OCTETS + 1} to {PAYLOAD_OCTETS_MAX} octets", offset=0
        )
    version, flags, crc, first_number = _HEAD.unpack_from(octets)
    if version != PROTOCOL_VERSION:
        raise FieldError("payload.version", version, f"version {PROTOCOL_VERSION}", offset=0)
    if flags:
        raise FieldError("payload.flags", flags, "none is defined", offset=1)
    if crc != zlib.crc32(memoryview(octets)[_CHECKED_FROM:]):
        raise FieldError("payload.crc", crc, "the octets were changed on their way", offset=2)
    messages = unpack_messages(octets, table, PAYLOAD_HEAD_OCTETS)
    if first_number + len(messages) - 1 > _NUMBER_MAX:
        raise FieldError("payload.first_number", first_number, "the last message has no number", offset=_CHECKED_FROM)
    return Payload(first_number, messages)


def _join(number: int, packed: list[bytes]) -> bytes:
    checked = _NUMBER.pack(number) + b"".join(packed)
    return _HEAD.pack(PROTOCOL_VERSION, 0, zlib.crc32(checked), number) + checked[_NUMBER.size :]
