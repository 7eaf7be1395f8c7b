"""What host and radio module say to each other on OpenEPaperLink's serial line, byte-exact.

In: values. Out: octets behind a verb of four letters, and back. Rule: no frame has a length or an end; a struct is as
long as its verb says, and its first octet is the sum of the others. Source: OpenEPaperLink at cdd1cfa9 (2026-08-19),
the modules' and the host's own code; facts only, see NOTICE.
A TagId is the tag's EUI-64 as people print it; on the line it stands in the order of memory, which is the reverse.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, TypeVar

from firmware_protocol.errors import FieldError
from firmware_protocol.identity import TagId
from firmware_protocol.layout import Layout, exactly, i8, mirrored_tag, rest, u8, u16, u32, wired

DATA_VER_OCTETS = 8
NO_DATA_VER = bytes(DATA_VER_OCTETS)
BLOCK_OCTETS = 4096
BLOCK_WIRE_OCTETS = 4 + BLOCK_OCTETS  # size and checksum before it
BLOCK_FLUSH = b"\xf5" * 32  # behind a block: a module that missed octets ends its struct with these
CHANNELS = (11, 15, 20, 25, 26, 27)
RETURN_DATA_OCTETS_MAX = 90
SECONDS_FLAG = 0x8000  # in `next_check_in`: the rest is seconds, else minutes
GLASS_LOST_FROM = 0xE0  # a wake reason from here on: the tag no longer shows what it showed

_MASK = 0xAA  # every octet of a block is XORed with it

Value = TypeVar("Value")


class DataType(IntEnum):
    """What an `AvailDataInfo` offers (facts: data types). Others exist; we offer none of them."""

    NO_UPDATE = 0x00
    RAW_ONE_PLANE = 0x20
    RAW_TWO_PLANES = 0x21
    ZLIB = 0x30
    COMMAND = 0xAF


class WakeReason(IntEnum):
    """Why a tag checked in."""

    TIMED = 0x00
    GPIO = 0x02
    NFC = 0x03
    BUTTON_1 = 0x04
    RADIO = 0x0F
    FIRMWARE_REJECTED = 0xE0
    FIRST_BOOT = 0xFC
    NETWORK_SCAN = 0xFD
    WATCHDOG = 0xFE


@wired
class PendingData:
    """SDA, CXD: what the module tells a tag at its next check-in. `minutes_left` 0 = a free slot.

    The module counts `minutes_left` down each 59.9 s, and `next_check_in` with it.
    """

    data_ver: bytes = exactly(DATA_VER_OCTETS)
    data_size: int = u32()
    data_type: int = u8()
    argument: int = u8()
    next_check_in: int = u16()
    minutes_left: int = u16()
    tag_id: TagId = mirrored_tag()


@wired
class ChannelPower:
    """SCP. With `sub_ghz_channel` 0 the four octets serve modules that take three, too: one is skipped as noise."""

    channel: int = u8()
    power: int = u8()
    sub_ghz_channel: int = u8()


@wired
class CheckIn:
    """ADR: a tag asked for news, and the module has answered it already. Signal as the tag heard the module.

    A short one names the tag alone, and every other field is zero: take nothing else from it.
    """

    tag_id: TagId = mirrored_tag()
    own_checksum: int = u8()
    last_packet_lqi: int = u8()
    last_packet_dbm: int = i8()
    temperature_c: int = i8()
    battery_mv: int = u16()
    hw_type: int = u8()
    wake_reason: int = u8()
    capabilities: int = u8()
    software_version: int = u16()
    channel: int = u8()
    custom_mode: int = u8()
    reserved: bytes = exactly(8)

    @property
    def is_short(self) -> bool:
        return self.last_packet_dbm == 0

    @property
    def glass_is_lost(self) -> bool:
        """The tag starts anew: its glass need not show what it was told to show."""
        return not self.is_short and self.wake_reason >= GLASS_LOST_FROM


@wired
class BlockWanted:
    """RQB: the module needs this block of the picture for a tag that waits on the air. Answer at once."""

    data_ver: bytes = exactly(DATA_VER_OCTETS)
    block_id: int = u8()
    tag_id: TagId = mirrored_tag()


@wired
class TransferComplete:
    """XFC: the tag says that it has what it was told, had it, or refuses it: not that its glass shows it."""

    tag_id: TagId = mirrored_tag()


@wired
class SlotExpired:
    """XTO: no tag fetched what waited, in all its minutes."""

    tag_id: TagId = mirrored_tag()


@wired
class ReturnedData:
    """TRD: data that a tag sent back."""

    tag_id: TagId = mirrored_tag()
    length: int = u8()
    own_checksum: int = u8()
    part_id: int = u8()
    data_ver: bytes = exactly(DATA_VER_OCTETS)
    data_type: int = u8()
    data: bytes = rest(at_most=RETURN_DATA_OCTETS_MAX)


_LAYOUTS: dict[type, Layout[Any]] = {
    kind: Layout(kind)
    for kind in (PendingData, ChannelPower, CheckIn, BlockWanted, TransferComplete, SlotExpired, ReturnedData)
}


def octets_of(kind: type) -> int:
    """Of the struct, its checksum included; of `ReturnedData`, without its data."""
    return 1 + _LAYOUTS[kind].size


def pack(value: object) -> bytes:
    """The struct with its checksum; `ValueError` or `struct.error` for values that do not fit: our own mistake."""
    body = _LAYOUTS[type(value)].pack(value)
    return bytes((_sum(body),)) + body


def unpack(kind: type[Value], octets: bytes) -> Value:
    """Raises `FieldError` for a wrong length or checksum."""
    layout: Layout[Value] = _LAYOUTS[kind]
    value = layout.unpack(octets[1:], offset=1)
    if octets[0] != _sum(octets[1:]):
        raise FieldError(f"{kind.__name__}.checksum", octets[0], f"the sum of the others, {_sum(octets[1:])}", offset=0)
    return value


def pack_block(data: bytes) -> bytes:
    """What follows `>D>` and its ACK: 4,132 octets. ValueError for no data, or more than a block."""
    if not 1 <= len(data) <= BLOCK_OCTETS:
        raise ValueError(f"a block has 1 to {BLOCK_OCTETS} octets, not {len(data)}")
    head = len(data).to_bytes(2, "little") + (sum(data) & 0xFFFF).to_bytes(2, "little")
    plain = head + data + b"\xff" * (BLOCK_OCTETS - len(data))
    return _masked(plain) + BLOCK_FLUSH


def unpack_block(octets: bytes) -> bytes:
    """The data of the first 4,100 octets behind `>D>`, as a tag checks it. Raises `FieldError`."""
    if len(octets) != BLOCK_WIRE_OCTETS:
        raise FieldError("block", f"{len(octets)} octets", f"{BLOCK_WIRE_OCTETS} octets", offset=0)
    plain = _masked(octets)
    size, checksum = int.from_bytes(plain[:2], "little"), int.from_bytes(plain[2:4], "little")
    if not 1 <= size <= BLOCK_OCTETS:
        raise FieldError("block.size", size, f"1 to {BLOCK_OCTETS}", offset=0)
    data = plain[4 : 4 + size]
    if sum(data) & 0xFFFF != checksum:
        raise FieldError("block.checksum", checksum, f"the sum of the data, {sum(data) & 0xFFFF}", offset=2)
    return data


def blocks_in(size: int) -> int:
    """How many blocks a payload of so many octets has."""
    return -(-size // BLOCK_OCTETS)


_MASKING = bytes(octet ^ _MASK for octet in range(256))


def _masked(octets: bytes) -> bytes:
    return octets.translate(_MASKING)


def _sum(octets: bytes) -> int:
    return sum(octets) & 0xFF
