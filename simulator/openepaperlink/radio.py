"""What tags and their module say to each other on the air, as values: a short way past 802.15.4 frames.

Rule: one value stands for one frame, whose fields a receiver can read; what the air does to it is `Air`'s business.
Source: OpenEPaperLink at cdd1cfa9 (2026-08-19), its modules and tags; facts only, see NOTICE.
"""

from __future__ import annotations

from typing import Protocol, TypeAlias

from msgspec import Struct

from firmware_protocol.identity import TagId
from firmware_protocol.openepaperlink.frames import BLOCK_OCTETS, NO_DATA_VER, CheckIn

PART_OCTETS = 99
PARTS_MAX = 42  # of a block: the last carries 41 octets
PART_S = 0.005  # on the air, the gap behind it included
BLOCK_HEAD_OCTETS = 4  # size and checksum
ALL_PARTS = (1 << PARTS_MAX) - 1


class Ping(Struct, frozen=True):
    """A tag looks for a module on this channel."""

    tag_id: TagId


class BlockRequest(Struct, frozen=True):
    """`parts`: bit n = part n is wanted. `is_partial`: the rest of a block of which some came, else all of it anew."""

    tag_id: TagId
    data_ver: bytes
    block_id: int
    data_type: int
    parts: int
    is_partial: bool


class TransferDone(Struct, frozen=True):
    """Complete, had already, refused or about to be done."""

    tag_id: TagId


# A check-in is what the module passes on to its host, octet for octet.
FromTag: TypeAlias = Ping | CheckIn | BlockRequest | TransferDone


class Pong(Struct, frozen=True):
    channel: int


class Available(Struct, frozen=True):
    """The answer to a check-in. `data_type` 0: nothing, and `next_check_in` alone counts."""

    data_ver: bytes = NO_DATA_VER
    data_size: int = 0
    data_type: int = 0
    argument: int = 0
    next_check_in: int = 0


class PleaseWait(Struct, frozen=True):
    """The block will be sent so much later."""

    milliseconds: int


class Cancelled(Struct, frozen=True):
    """The module turns the tag away: it fetches no more before its next check-in."""


class DoneHeard(Struct, frozen=True):
    """Of `TransferDone`."""


ToTag: TypeAlias = Pong | Available | PleaseWait | Cancelled | DoneHeard


class BlockPart(Struct, frozen=True):
    block_id: int
    part: int
    data: bytes


class Burst(Struct, frozen=True):
    """A block on the air, in parts one behind the other, the first from `starts_s` on."""

    tag_id: TagId
    starts_s: float
    parts: tuple[BlockPart, ...]


class Radio(Protocol):
    """What a tag has of the air: a frame of its own goes out, and what it hears in answer, if anything."""

    def ask(self, frame: FromTag, now_s: float) -> ToTag | None: ...


def parts_in(octets: int) -> int:
    """Of a block with so many octets of data."""
    return -(-(BLOCK_HEAD_OCTETS + min(octets, BLOCK_OCTETS)) // PART_OCTETS)
