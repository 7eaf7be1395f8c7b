"""A content as it travels: coded octets in blocks, each named by a hash that the sealed manifest vouches for.

In: planes. Out: `Encoding`, whose `stream` (block table, then octets) goes over the air in parts. Back: `decode`, or
`unpacked` with the base that a difference is told against.
Rule: reading is strict: output is bounded by the panel, nothing is left over, nothing is missing.
"""

import hashlib
import zlib
from collections.abc import Sequence
from enum import IntEnum

from msgspec import Struct

from firmware_protocol.content import BASE_PREFIX_OCTETS, NO_BASE
from firmware_protocol.difference import apply_difference, difference
from firmware_protocol.errors import FieldError

BLOCK_OCTETS = 4096
BLOCK_HASH_OCTETS = 8
ROOT_OCTETS = 16
ENCODING_ID_OCTETS = 8
# 7.5 inch with three planes is 144,000 octets raw; 64 blocks leave room for a larger glass and bound a tag's flash.
ENCODED_OCTETS_MAX = 64 * BLOCK_OCTETS

# The window a tag keeps in RAM while it inflates, 2^9 = 512 octets. memLevel 9 would be four times slower for nothing.
_WINDOW_BITS, _MEMORY_LEVEL, _LEVEL = 9, 5, 6
INFLATE_WINDOW_OCTETS = 1 << _WINDOW_BITS


class Codec(IntEnum):
    RAW = 0
    DEFLATE = 1
    DIFFERENCE = 2  # bands in deflate: what makes this picture of another, its base


class Base(Struct, frozen=True):
    """The picture that a difference builds on: its content id, and its planes one after the other."""

    content: bytes
    octets: bytes
    row_octets: int

    @property
    def prefix(self) -> bytes:
        """What manifest and encoding say of it."""
        return self.content[:BASE_PREFIX_OCTETS]


class Encoding(Struct, frozen=True):
    """One content, coded. `stream` is what parts are cut from; `data` are the coded octets at its end."""

    codec: Codec
    base_prefix: bytes
    data: bytes
    encoding_id: bytes
    stream: bytes
    root: bytes


def encode(planes: Sequence[bytes], codec: Codec) -> Encoding:
    """The planes, one after the other. Raises `ValueError` for the codec that builds on a base: `encode_difference`."""
    if codec is Codec.DIFFERENCE:
        raise ValueError("a difference is told against a base")
    octets = b"".join(planes)
    return encoding_of(codec, NO_BASE, _deflate(octets) if codec is Codec.DEFLATE else octets)


def encode_difference(base: Base, octets: bytes) -> Encoding:
    """What makes the picture with these planes of its base. Raises `ValueError` for pictures of two panels."""
    return encoding_of(Codec.DIFFERENCE, base.prefix, _deflate(difference(base.octets, octets, base.row_octets)))


def _deflate(octets: bytes) -> bytes:
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -_WINDOW_BITS, _MEMORY_LEVEL)
    return packer.compress(octets) + packer.flush()


def encoding_of(codec: Codec, base_prefix: bytes, data: bytes) -> Encoding:
    """Ids, table and root of octets that are already coded. Raises `ValueError` for sizes that cannot travel."""
    if not 0 < len(data) <= ENCODED_OCTETS_MAX or len(base_prefix) != BASE_PREFIX_OCTETS:
        raise ValueError(f"an encoding of {len(data)} octets on a base of {len(base_prefix)} cannot travel")
    table = block_table(data)
    return Encoding(codec, base_prefix, data, encoding_id(codec, base_prefix, data), table + data, root_of(data, table))


def decode(codec: Codec, data: bytes, plane_sizes: Sequence[int]) -> tuple[bytes, ...]:
    """The planes in `data`. Raises `FieldError` if they are not exactly there; never writes more than their sizes."""
    octets = unpacked(codec, data, sum(plane_sizes))
    planes, start = [], 0
    for size in plane_sizes:
        planes.append(octets[start : start + size])
        start += size
    return tuple(planes)


def unpacked(codec: Codec, data: bytes, total: int, base: Base | None = None) -> bytes:
    """The planes in `data`, one after the other. Raises `FieldError` if they are not exactly `total` octets, or if
    they are told as a difference and `base` is missing.
    """
    if codec is Codec.DIFFERENCE:
        if base is None or len(base.octets) != total:
            raise FieldError("encoding.codec", codec, "a base of this panel to build on", offset=0)
        return apply_difference(base.octets, _inflate(data, ENCODED_OCTETS_MAX), base.row_octets)
    octets = data if codec is Codec.RAW else _inflate(data, total)
    if len(octets) != total:
        raise FieldError("encoding.data", f"{len(octets)} octets", f"the planes are {total}", offset=len(data))
    return octets


def _inflate(data: bytes, total: int) -> bytes:
    unpacker = zlib.decompressobj(-_WINDOW_BITS)
    try:
        octets = unpacker.decompress(data, total + 1)
    except zlib.error as error:
        raise FieldError("encoding.data", f"{len(data)} octets", f"not deflate ({error})", offset=0) from None
    if len(octets) > total:
        raise FieldError("encoding.data", f"{len(data)} octets", f"more than {total} octets come out", offset=0)
    if not unpacker.eof:
        raise FieldError("encoding.data", f"{len(data)} octets", "the stream does not end", offset=len(data))
    if unpacker.unused_data:
        rest = len(unpacker.unused_data)
        raise FieldError("encoding.data", f"{rest} octets", "left over behind the stream", offset=len(data) - rest)
    return octets


def encoding_id(codec: Codec, base_prefix: bytes, data: bytes) -> bytes:
    """First 8 octets of SHA-256 over codec, base prefix, octets."""
    return hashlib.sha256(bytes((codec,)) + base_prefix + data).digest()[:ENCODING_ID_OCTETS]


def block_hash(block: bytes) -> bytes:
    """First 8 octets of SHA-256 over one block."""
    return hashlib.sha256(block).digest()[:BLOCK_HASH_OCTETS]


def block_count(encoded_size: int) -> int:
    return -(-encoded_size // BLOCK_OCTETS)


def table_octets(encoded_size: int) -> int:
    """Length of the block table at the head of the stream: none when there is one block."""
    blocks = block_count(encoded_size)
    return blocks * BLOCK_HASH_OCTETS if blocks > 1 else 0


def stream_octets(encoded_size: int) -> int:
    """Length of the whole stream: table and octets."""
    return table_octets(encoded_size) + encoded_size


def block_table(data: bytes) -> bytes:
    """The block hashes in order; empty when there is one block."""
    if len(data) <= BLOCK_OCTETS:
        return b""
    return b"".join(block_hash(data[start : start + BLOCK_OCTETS]) for start in range(0, len(data), BLOCK_OCTETS))


def root_of(data: bytes, table: bytes) -> bytes:
    """First 16 octets of SHA-256 over the table, or over the one block when there is no table."""
    return hashlib.sha256(table or data).digest()[:ROOT_OCTETS]
