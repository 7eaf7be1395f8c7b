"""Frames of the serial carrier: COBS between zeros, closed by a CRC-32.

In: octets in any pieces, noise among them. Out: `Frame`s that are whole. Rule: a frame with anything wrong is dropped
and counted, and reading goes on at the next zero; one bad octet costs one frame.
A frame before COBS: type u8, from u32, to u32, sequence u16, flags u8, data, CRC-32 (of all before it) u32.
"""

import struct
import zlib
from enum import IntEnum, IntFlag

from cobs import cobs
from msgspec import Struct

from firmware_protocol.link.limits import (
    SERIAL_CODED_OCTETS_MAX,
    SERIAL_CRC_OCTETS,
    SERIAL_DATA_OCTETS_MAX,
    SERIAL_HEAD_OCTETS,
    SPEEDS_OFFERED_MAX,
)

SERIAL_VERSION = 1
DELIMITER = b"\x00"

_HEAD = struct.Struct("<BIIHB")
_CRC = struct.Struct("<I")
_SPEED = struct.Struct("<I")


class FrameType(IntEnum):
    DATA = 1  # a piece of a payload
    ACK = 2  # `sequence` = the next one expected; data = u32, bit n = `sequence + 1 + n` has come already
    OPEN = 3  # I am session `from`; I know you as `to` (0 = not yet). Flags = version. Answered by OPENED
    OPENED = 4  # the same, as the answer
    SPEED = 5  # let us speak faster: data = the speeds that I can, u32 each, fastest first. Answered by AGREED
    AGREED = 6  # data = the speed that I take from now on, u32; 0 = I stay


class DataFlags(IntFlag):
    MIDDLE = 0
    FIRST = 1
    LAST = 2


class Frame(Struct, frozen=True):
    """`from_session` and `to_session`: whose stream, and for whom; see `SerialLink`."""

    type: FrameType
    from_session: int
    to_session: int
    sequence: int = 0
    flags: int = 0
    data: bytes = b""

    def pack(self) -> bytes:
        """As it stands on the line, its delimiter behind it."""
        octets = _HEAD.pack(self.type, self.from_session, self.to_session, self.sequence, self.flags) + self.data
        coded: bytes = cobs.encode(octets + _CRC.pack(zlib.crc32(octets)))
        return coded + DELIMITER


def pack_speeds(*speeds: int) -> bytes:
    """The data of SPEED and AGREED."""
    return b"".join(map(_SPEED.pack, speeds))


def unpack_speeds(data: bytes) -> tuple[int, ...]:
    return tuple(speed for (speed,) in _SPEED.iter_unpack(data))


class FrameReader:
    """Cuts frames out of what comes in. `bad` counts pieces between zeros that were no frame."""

    def __init__(self) -> None:
        self.bad = 0
        self.start_anew()

    def start_anew(self) -> None:
        """What has begun is no frame: the line has another speed now."""
        self._piece = bytearray()
        self._too_long = False

    def feed(self, octets: bytes) -> list[Frame]:
        """The frames that are whole now."""
        frames = []
        *closed, left = octets.split(DELIMITER)
        for piece in closed:
            self._add(piece)
            if self._piece or self._too_long:
                frame = None if self._too_long else _frame_of(bytes(self._piece))
                if frame is None:
                    self.bad += 1
                else:
                    frames.append(frame)
            self._piece.clear()
            self._too_long = False
        self._add(left)
        return frames

    def _add(self, octets: bytes) -> None:
        if self._too_long or len(self._piece) + len(octets) > SERIAL_CODED_OCTETS_MAX:
            self._too_long = True
            self._piece.clear()
        else:
            self._piece += octets


def _frame_of(coded: bytes) -> Frame | None:
    try:
        octets: bytes = cobs.decode(coded)
    except cobs.DecodeError:
        return None
    size = len(octets) - SERIAL_HEAD_OCTETS - SERIAL_CRC_OCTETS
    if not 0 <= size <= SERIAL_DATA_OCTETS_MAX:
        return None
    if _CRC.unpack_from(octets, len(octets) - SERIAL_CRC_OCTETS)[0] != zlib.crc32(octets[:-SERIAL_CRC_OCTETS]):
        return None
    kind, from_session, to_session, sequence, flags = _HEAD.unpack_from(octets)
    data = octets[SERIAL_HEAD_OCTETS:-SERIAL_CRC_OCTETS]
    if not FrameType.DATA <= kind <= FrameType.AGREED or not _fits(FrameType(kind), flags, data):
        return None
    return Frame(FrameType(kind), from_session, to_session, sequence, flags, data)


def _fits(kind: FrameType, flags: int, data: bytes) -> bool:
    if kind is FrameType.DATA:
        return bool(data) and flags <= DataFlags.FIRST | DataFlags.LAST
    if kind is FrameType.ACK:
        return len(data) == 4 and flags == 0
    if kind is FrameType.SPEED:
        return flags == 0 and len(data) % 4 == 0 and 4 <= len(data) <= 4 * SPEEDS_OFFERED_MAX
    if kind is FrameType.AGREED:
        return flags == 0 and len(data) == 4
    return not data and flags == SERIAL_VERSION
