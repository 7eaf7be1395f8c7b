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
        self._blocks: list[bytes | None] = [None] * block_count(manifest.encoded_size)
        if not self._table_end:
            self._hashes = [manifest.root]

    @property
    def stopped(self) -> bool:
        """Too many bad blocks in this contact."""
        return self.bad_blocks >= BAD_BLOCKS_MAX

    def contact_begins(self) -> None:
        self.bad_blocks = 0

    def request(self) -> PartRequest | None:
        """What to ask for now: as many of the missing parts as one request names. None when stopped or complete."""
        if self.stopped:
            return None
        missing = [offset for offset in range(0, self._size, PART_OCTETS) if self._needed(offset)]
        return PartRequest.of(self.encoding_id, missing) if missing else None

    def take(self, offset: int, octets: bytes) -> bytes | None:
        """One part. The coded octets when this was the last one missing, else None. A part that does not fit the
        stream, or that nothing is missing of, is dropped.
        """
        fits = offset % PART_OCTETS == 0 and 0 < len(octets) == min(PART_OCTETS, self._size - offset)
        if self.stopped or not fits or offset in self._parts:
            return None
        self._parts[offset] = octets
        if not self._hashes and offset < self._table_end:
            self._check_table()
            return self._data()
        for block in self._blocks_at(offset):
            self._check_block(block)
        return self._data()

    def _needed(self, offset: int) -> bool:
        if offset in self._parts:
            return False
        in_table = offset < self._table_end and not self._hashes
        return in_table or any(self._blocks[block] is None for block in self._blocks_at(offset))

    def _blocks_at(self, offset: int) -> range:
        """The blocks of which the part at this offset holds something."""
        end = min(offset + PART_OCTETS, self._size) - self._table_end
        if end <= 0:
            return range(0)
        return range(max(offset - self._table_end, 0) // BLOCK_OCTETS, (end - 1) // BLOCK_OCTETS + 1)

    def _gathered(self, start: int, end: int) -> bytes | None:
        """These octets of the stream, if all their parts are here."""
        first = start - start % PART_OCTETS
        parts = [self._parts.get(offset) for offset in range(first, end, PART_OCTETS)]
        present = [part for part in parts if part is not None]
        return b"".join(present)[start - first : end - first] if len(present) == len(parts) else None

    def _check_table(self) -> None:
        table = self._gathered(0, self._table_end)
        if table is None:
            return
        if sha256(table).digest()[: len(self._root)] != self._root:
            self._is_bad(0, self._table_end)
            return
        self._hashes = [
            table[start : start + BLOCK_HASH_OCTETS] for start in range(0, self._table_end, BLOCK_HASH_OCTETS)
        ]
        for block in range(len(self._blocks)):
            self._check_block(block)

    def _check_block(self, block: int) -> None:
        if not self._hashes or self._blocks[block] is not None or self.stopped:
            return
        start = self._table_end + block * BLOCK_OCTETS
        end = min(start + BLOCK_OCTETS, self._size)
        octets = self._gathered(start, end)
        if octets is None:
            return
        found = block_hash(octets) if self._table_end else sha256(octets).digest()[: len(self._root)]
        if found == self._hashes[block]:
            self._blocks[block] = octets
        else:
            self._is_bad(start, end)

    def _is_bad(self, start: int, end: int) -> None:
        """Forget its parts; one that reaches into a neighbour is only asked for again where it is still needed."""
        self.bad_blocks += 1
        for offset in range(start - start % PART_OCTETS, end, PART_OCTETS):
            self._parts.pop(offset, None)

    def _data(self) -> bytes | None:
        blocks = [block for block in self._blocks if block is not None]
        return b"".join(blocks) if len(blocks) == len(self._blocks) else None
