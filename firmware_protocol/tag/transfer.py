"""How a tag gathers one encoding: parts by offset, blocks by hash, the whole by its root.

In: the sealed manifest that vouches for the encoding, then parts in any order, any number of times. Out: which parts
are missing, and the coded octets once every block is right. Rule: nothing leaves here that the manifest's root does not
vouch for; what proved right is never written again. Why: docs/protocol.md, "Parts".
"""

from __future__ import annotations

from hashlib import sha256

from firmware_protocol.encoding import (
    BLOCK_HASH_OCTETS,
    BLOCK_OCTETS,
    block_count,
    block_hash,
    stream_octets,
    table_octets,
)
from firmware_protocol.manifest import Manifest
from firmware_protocol.poll import PART_OCTETS, PartRequest

# A bridge that sends wrong octets drains the cell: after so many bad blocks the tag hears no more until its next
# contact (wire: sizes).
BAD_BLOCKS_MAX = 3


class Transfer:
    """One encoding under way. Its parts live in RAM; a power cut starts it anew."""

    def __init__(self, manifest: Manifest) -> None:
        self.encoding_id = manifest.encoding_id
        self.bad_blocks = 0  # in this contact
        self._root = manifest.root
        self._size = stream_octets(manifest.encoded_size)
        self._table_end = table_octets(manifest.encoded_size)
        self._hashes: list[bytes] = []  # of the blocks; empty while the table is not known to be right
        self._parts: dict[int, bytes] = {}
        self._missing = set(range(0, self._size, PART_OCTETS))  # offsets of the parts that are not here
        self._request: PartRequest | None = None  # for `_missing`, until that changes
        self._blocks: list[bytes | None] = [None] * block_count(manifest.encoded_size)
        self._blocks_left = len(self._blocks)
        if not self._table_end:
            self._hashes = [manifest.root]
        # How many parts each block, and the table, still lacks: nothing is gathered before it is all here.
        self._table_lacks = len(range(0, self._table_end, PART_OCTETS))
        self._block_lacks = [len(self._offsets(*self._span(block))) for block in range(len(self._blocks))]

    @property
    def stopped(self) -> bool:
        """Too many bad blocks in this contact."""
        return self.bad_blocks >= BAD_BLOCKS_MAX

    def contact_begins(self) -> None:
        if self.bad_blocks:
            self.bad_blocks = 0
            for block in range(len(self._blocks)):  # those that came whole when it had stopped
                self._check_block(block)

    def request(self) -> PartRequest | None:
        """What to ask for now: as many of the missing parts as one request names. None when stopped or complete."""
        if self.stopped or not self._missing:
            return None
        if self._request is None:
            self._request = PartRequest.of(self.encoding_id, self._missing)
        return self._request

    def take(self, offset: int, octets: bytes) -> bytes | None:
        """One part. The coded octets when this was the last one missing, else None. A part that does not fit the
        stream, or that nothing is missing of, is dropped.
        """
        fits = offset in self._missing and len(octets) == min(PART_OCTETS, self._size - offset)
        if not fits or self.stopped:
            return None
        self._missing.remove(offset)
        self._request = None
        self._parts[offset] = octets
        blocks = self._blocks_at(offset)
        for block in blocks:
            self._block_lacks[block] -= 1
        if offset < self._table_end:
            self._table_lacks -= 1
            self._check_table()
        for block in blocks:
            if not self._block_lacks[block]:
                self._check_block(block)
        return b"".join(block for block in self._blocks if block is not None) if not self._blocks_left else None

    def _span(self, block: int) -> tuple[int, int]:
        """Where the block begins and ends in the stream."""
        start = self._table_end + block * BLOCK_OCTETS
        return start, min(start + BLOCK_OCTETS, self._size)

    def _blocks_at(self, offset: int) -> range:
        """The blocks of which the part at this offset holds something."""
        end = min(offset + PART_OCTETS, self._size) - self._table_end
        if end <= 0:
            return range(0)
        return range(max(offset - self._table_end, 0) // BLOCK_OCTETS, (end - 1) // BLOCK_OCTETS + 1)

    def _offsets(self, start: int, end: int) -> range:
        """Of the parts that hold something of these octets of the stream."""
        return range(start - start % PART_OCTETS, end, PART_OCTETS)

    def _gathered(self, start: int, end: int) -> bytes:
        """These octets of the stream, all of whose parts are here."""
        offsets = self._offsets(start, end)
        return b"".join(map(self._parts.__getitem__, offsets))[start - offsets.start : end - offsets.start]

    def _check_table(self) -> None:
        if self._hashes or self._table_lacks:
            return
        table = self._gathered(0, self._table_end)
        if sha256(table).digest()[: len(self._root)] != self._root:
            self._is_bad(0, self._table_end)
            return
        self._hashes = [
            table[start : start + BLOCK_HASH_OCTETS] for start in range(0, self._table_end, BLOCK_HASH_OCTETS)
        ]
        for block in range(len(self._blocks)):
            self._check_block(block)

    def _check_block(self, block: int) -> None:
        if self._block_lacks[block] or not self._hashes or self._blocks[block] is not None or self.stopped:
            return
        start, end = self._span(block)
        octets = self._gathered(start, end)
        found = block_hash(octets) if self._table_end else sha256(octets).digest()[: len(self._root)]
        if found == self._hashes[block]:
            self._blocks[block] = octets
            self._blocks_left -= 1
        else:
            self._is_bad(start, end)

    def _is_bad(self, start: int, end: int) -> None:
        """Forget its parts, those too that reach into a neighbour; they are asked for again."""
        self.bad_blocks += 1
        for offset in self._offsets(start, end):
            if self._parts.pop(offset, None) is None:
                continue
            self._missing.add(offset)
            self._request = None
            for block in self._blocks_at(offset):
                self._block_lacks[block] += 1
            self._table_lacks += offset < self._table_end
