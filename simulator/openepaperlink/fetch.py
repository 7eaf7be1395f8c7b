"""A payload on its way to a tag: blocks of 4,096 octets, each in parts that are lost one by one.

In: the offer, parts as they are heard. Out: which parts are missing, the block once they are all there. Rule: a block
counts when its size and checksum are right; what came of one that is wrong is worth nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from firmware_protocol.openepaperlink.frames import BLOCK_OCTETS
from simulator.openepaperlink.radio import BLOCK_HEAD_OCTETS, PART_OCTETS, Available, parts_in


@dataclass(slots=True)
class Fetch:
    """A payload on its way. `parts`: of the block that it fetches now, by number."""

    offer: Available
    octets: bytearray = field(default_factory=bytearray)
    parts: dict[int, bytes] = field(default_factory=dict)
    attempts: int = 0
    is_partial: bool = False

    @property
    def block_id(self) -> int:
        return len(self.octets) // BLOCK_OCTETS

    @property
    def block_octets(self) -> int:
        return min(self.offer.data_size - len(self.octets), BLOCK_OCTETS)

    @property
    def wanted(self) -> int:
        """The parts that are missing, as a request says it."""
        bits = (1 << parts_in(self.block_octets)) - 1
        for part in self.parts:
            bits &= ~(1 << part)
        return bits

    def block(self) -> bytes | None:
        """The data, once no part is missing; None: its checksum is wrong."""
        whole = b"".join(self.parts[part].ljust(PART_OCTETS, b"\0") for part in sorted(self.parts))
        size, checksum = int.from_bytes(whole[:2], "little"), int.from_bytes(whole[2:4], "little")
        data = whole[BLOCK_HEAD_OCTETS : BLOCK_HEAD_OCTETS + size]
        return data if size == self.block_octets and sum(data) & 0xFFFF == checksum else None
