"""Image slots: where a display's flash keeps whole pictures, written row by row and read back for the glass.

In: coded octets that a transfer vouched for. Out: a slot with a picture, its planes, their content id. Rule: at no time
is more unpacked than one row and the window of 512 octets; the content id is always computed from what is read back.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from firmware_protocol.content import content_id
from firmware_protocol.encoding import Codec
from firmware_protocol.errors import FieldError
from firmware_protocol.panels import Panel

_WINDOW_BITS = 9


@dataclass(frozen=True, slots=True)
class Slot:
    """`content`: the name under which the picture was ordered. `octets`: the planes, one after the other."""

    content: bytes
    octets: bytes

    def planes(self, panel: Panel) -> tuple[bytes, ...]:
        size = panel.plane_octets
        return tuple(self.octets[start : start + size] for start in range(0, size * panel.colours.plane_count, size))

    def read_back(self, panel: Panel) -> tuple[tuple[bytes, ...], bytes]:
        """The planes as the controller gets them, and the content id of just these octets."""
        planes = self.planes(panel)
        return planes, content_id(panel, planes)


def write_slot(content: bytes, panel: Panel, codec: Codec, data: bytes) -> Slot:
    """Unpack into a slot. Raises `FieldError` if the octets are not exactly the panel's planes."""
    slot = bytearray()
    total = panel.plane_octets * panel.colours.plane_count
    for row in _rows(codec, data, panel.row_octets, total):
        slot += row
    if len(slot) != total:
        raise FieldError("encoding.data", f"{len(slot)} octets", f"the planes are {total}", offset=len(data))
    return Slot(content, bytes(slot))


def _rows(codec: Codec, data: bytes, row_octets: int, total: int) -> Iterator[bytes]:
    if codec is Codec.RAW:
        if len(data) > total:
            raise FieldError("encoding.data", f"{len(data)} octets", f"the planes are {total}", offset=total)
        for start in range(0, len(data), row_octets):
            yield data[start : start + row_octets]
        return
    unpacker = zlib.decompressobj(-_WINDOW_BITS)
    written, packed = 0, data
    try:
        while written < total and (row := unpacker.decompress(packed, row_octets)):
            yield row
            written += len(row)
            packed = unpacker.unconsumed_tail
        rest = unpacker.decompress(packed, 1)
    except zlib.error as error:
        raise FieldError("encoding.data", f"{len(data)} octets", f"not deflate ({error})", offset=0) from None
    if rest or not unpacker.eof or unpacker.unused_data:
        raise FieldError("encoding.data", f"{len(data)} octets", "the stream ends with the picture", offset=len(data))
