"""A picture as OpenEPaperLink's tags take it: planes by colour index, raw or with zlib, named by its MD5.

In: planes of a panel of ours (panels.py says how they lie), a tag type, the tag's software version. Out: `Payload`, and
back again, as strictly as a tag reads it. Rule: one picture in two encodings has two names; whoever reads never unpacks
more than the tag has room for. Source: facts of OpenEPaperLink, data types, image header, plane layout.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Sequence

from msgspec import Struct

from firmware_protocol.errors import FieldError
from firmware_protocol.openepaperlink.frames import BLOCK_OCTETS, DATA_VER_OCTETS, DataType
from firmware_protocol.openepaperlink.tag_type import TagType
from firmware_protocol.panels import Colours

_WINDOW_BITS = 12  # 4 KiB: a tag has no more room, and refuses the usual 32
_WINDOW_BITS_MAX = 13
_HEADER = struct.Struct("<BHHB")  # its own length, width, height, planes
_SIZE = struct.Struct("<I")
_INVERTED = bytes(octet ^ 0xFF for octet in range(256))


class PictureUnfit(ValueError):
    """The tag cannot show this picture in any encoding that it is known to take."""


class Payload(Struct, frozen=True):
    """What is offered: `data_ver` is what the tag works out over the octets, and refuses them if it differs."""

    data_type: int
    octets: bytes

    @property
    def data_ver(self) -> bytes:
        return hashlib.md5(self.octets, usedforsecurity=False).digest()[:DATA_VER_OCTETS]


def payload_of(
    kind: TagType, planes: Sequence[bytes], software_version: int, *, refused: frozenset[int] = frozenset()
) -> Payload:
    """With zlib if the tag's software takes it, else raw. `refused`: data types that it was seen not to take. Raises
    `PictureUnfit`, and `ValueError` for planes of another panel.
    """
    buffers = buffer_planes(kind, planes)
    raw = Payload(DataType.RAW_TWO_PLANES if len(buffers) == 2 else DataType.RAW_ONE_PLANE, b"".join(buffers))
    takes_zlib = kind.zlib_from is not None and software_version >= kind.zlib_from and DataType.ZLIB not in refused
    trouble = ""
    for payload in (_with_zlib(kind, buffers), raw) if takes_zlib else (raw,):
        size = len(payload.octets)
        if kind.octets_max is not None and size > kind.octets_max:
            trouble = f"{size} octets, and {kind.name} has room for {kind.octets_max}"
        elif kind.pads_blocks and size % BLOCK_OCTETS == 0:
            trouble = f"{kind.name} confirms a raw picture of whole blocks and never shows it"
        else:
            return payload
    raise PictureUnfit(trouble)


def planes_of(kind: TagType, data_type: int, octets: bytes) -> tuple[bytes, ...]:
    """The planes of our panel in what a tag was sent. Raises `FieldError`."""
    size = kind.panel.plane_octets
    if data_type in (DataType.RAW_ONE_PLANE, DataType.RAW_TWO_PLANES):
        count = 1 if data_type == DataType.RAW_ONE_PLANE else 2
        if len(octets) != count * size:
            raise FieldError("picture", f"{len(octets)} octets", f"{count} planes of {size} octets", offset=0)
        return our_planes(kind, _split(octets, size))
    if data_type == DataType.ZLIB:
        return our_planes(kind, _unzipped(kind, octets))
    raise FieldError("data_type", data_type, "a picture's", offset=0)


def buffer_planes(kind: TagType, planes: Sequence[bytes]) -> tuple[bytes, ...]:
    """Plane 1 has the pixels of colour index 1 and 3, plane 2 those of 2 and 3; the second is left out where it is
    empty. Raises `ValueError` for planes of another panel: our own mistake.
    """
    panel = kind.panel
    if tuple(map(len, planes)) != panel.plane_sizes:
        raise ValueError(f"planes of {tuple(map(len, planes))} octets are not those of {panel.name}")
    black = planes[0].translate(_INVERTED)
    if panel.colours is Colours.BW or not any(map(any, planes[1:])):
        return (black,)
    if any(_both(black, planes[1])) or (len(planes) == 3 and any(_both(planes[2], _either(black, planes[1])))):
        raise ValueError("a pixel has two inks")
    if panel.colours is Colours.BWRY:
        red, yellow = planes[1], planes[2]
        return _either(black, yellow), _either(red, yellow)
    return black, planes[1]


def our_planes(kind: TagType, buffers: Sequence[bytes]) -> tuple[bytes, ...]:
    """What `buffer_planes` made, undone. Raises `FieldError` for inks that the glass does not have."""
    panel = kind.panel
    first = buffers[0]
    second = buffers[1] if len(buffers) > 1 else bytes(len(first))
    if panel.colours is Colours.BW:
        if any(second):
            raise FieldError("picture.inks", 2, f"the glass of {kind.name} has two", offset=0)
        return (first.translate(_INVERTED),)
    if panel.colours is Colours.BWRY:
        yellow = _both(first, second)
        return _without(first, yellow).translate(_INVERTED), _without(second, yellow), yellow
    if any(_both(first, second)):
        raise FieldError("picture.inks", 3, f"the glass of {kind.name} has three", offset=0)
    return first.translate(_INVERTED), second


def _with_zlib(kind: TagType, buffers: Sequence[bytes]) -> Payload:
    plain = _HEADER.pack(_HEADER.size, *kind.buffer_px, len(buffers)) + b"".join(buffers)
    packer = zlib.compressobj(9, zlib.DEFLATED, _WINDOW_BITS)
    octets = _SIZE.pack(len(plain)) + packer.compress(plain) + packer.flush()
    if kind.pads_blocks and len(octets) % BLOCK_OCTETS == 0:
        octets += b"\0"
    return Payload(DataType.ZLIB, octets)


def _unzipped(kind: TagType, octets: bytes) -> tuple[bytes, ...]:
    if len(octets) < _SIZE.size + 2:
        raise FieldError("picture", f"{len(octets)} octets", "a size and a zlib stream", offset=0)
    (total,) = _SIZE.unpack_from(octets)
    size = kind.panel.plane_octets
    count, left = divmod(total - _HEADER.size, size)
    if left or count not in (1, 2):
        raise FieldError("picture.size", total, f"a header and one or two planes of {size} octets", offset=0)
    window_bits = (octets[_SIZE.size] >> 4) + 8
    if window_bits > _WINDOW_BITS_MAX:
        raise FieldError("picture.window", 1 << window_bits, f"at most {1 << _WINDOW_BITS_MAX}", offset=_SIZE.size)
    unpacker = zlib.decompressobj(window_bits)
    try:
        plain = unpacker.decompress(octets[_SIZE.size :], total + 1)
    except zlib.error as error:
        raise FieldError("picture.zlib", f"{len(octets)} octets", str(error), offset=_SIZE.size) from None
    is_padded = kind.pads_blocks and len(octets) % BLOCK_OCTETS == 1 and unpacker.unused_data == b"\0"
    if len(plain) != total or not unpacker.eof or (unpacker.unused_data and not is_padded):
        raise FieldError("picture.zlib", f"{len(plain)} octets", f"it says {total}", offset=_SIZE.size)
    header = _HEADER.unpack_from(plain)
    if header != (_HEADER.size, *kind.buffer_px, count):
        raise FieldError("picture.header", header, f"{(_HEADER.size, *kind.buffer_px, count)}", offset=0)
    return _split(plain[_HEADER.size :], size)


def _split(octets: bytes, size: int) -> tuple[bytes, ...]:
    return tuple(octets[start : start + size] for start in range(0, len(octets), size))


def _number(octets: bytes) -> int:
    return int.from_bytes(octets, "little")


def _either(one: bytes, other: bytes) -> bytes:
    return (_number(one) | _number(other)).to_bytes(len(one), "little")


def _both(one: bytes, other: bytes) -> bytes:
    return (_number(one) & _number(other)).to_bytes(len(one), "little")


def _without(one: bytes, other: bytes) -> bytes:
    return (_number(one) & ~_number(other)).to_bytes(len(one), "little")
