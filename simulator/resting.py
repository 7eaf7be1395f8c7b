"""A bridge's books of the tags that rest with it: their contacts come, are heard and change nothing.

In: a tag that begins or ends to rest. Out: the same figures as if each contact had been written down when it came.
Rule: whoever looks at a figure has it brought up to this instant first (`settle`); between two looks nothing is done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulator.contact_grid import ContactGrid, Numbers

if TYPE_CHECKING:
    from simulator.bridge_air import TagAtBridge


class Resting:
    """Tags by their number on the grid, each with what the bridge remembers of it."""

    def __init__(self) -> None:
        self._tags: dict[int, TagAtBridge] = {}
        self._numbers: Numbers | None = None  # the keys of `_tags`, until one comes or goes

    def __len__(self) -> int:
        return len(self._tags)

    def begin(self, number: int, tag: TagAtBridge, signal_dbm: int, grid: ContactGrid) -> None:
        """All contacts so far are in the books; those to come are heard here, with this signal."""
        tag.rests_from = grid.counted[number]
        tag.rests_dbm = signal_dbm
        self._tags[number] = tag
        self._numbers = None

    def end(self, number: int, grid: ContactGrid, now_s: float) -> int:
        """With everything up to now in the books; gives how many contacts that were since the last look."""
        tag = self._tags.pop(number)
        self._numbers = None
        count = self.settle_one(number, tag, grid, now_s)
        if grid.counted[number] > tag.rests_from:
            tag.heard_at = grid.instant(number, grid.counted[number] - 1)
        return count

    def settle_one(self, number: int, tag: TagAtBridge, grid: ContactGrid, now_s: float) -> int:
        """Bring one of them up to now; gives how many contacts that were."""
        count = max(grid.count_until(number, now_s) - grid.counted[number], 0)
        grid.counted[number] += count
        grid.kept[number] += count
        tag.contacts += count
        tag.signal_sum += count * tag.rests_dbm
        return count

    def settle(self, grid: ContactGrid, now_s: float) -> int:
        """Bring all of them up to now; gives how many contacts that were."""
        numbers, contacts = self._since_last_look(grid, now_s)
        np.frombuffer(grid.counted, np.int64)[numbers] += contacts
        np.frombuffer(grid.kept, np.int64)[numbers] += contacts
        for tag, count in zip(self._tags.values(), contacts.tolist(), strict=True):
            tag.contacts += count
            tag.signal_sum += count * tag.rests_dbm
        return int(contacts.sum())

    def unsettled(self, grid: ContactGrid, now_s: float) -> int:
        """How many contacts `settle` would find now."""
        return int(self._since_last_look(grid, now_s)[1].sum())

    def _since_last_look(self, grid: ContactGrid, now_s: float) -> tuple[Numbers, Numbers]:
        """Who rests, and the contacts of each."""
        if self._numbers is None:
            self._numbers = np.fromiter(self._tags, np.int64, len(self._tags))
        counted = np.frombuffer(grid.counted, np.int64)[self._numbers]
        return self._numbers, np.maximum(grid.counts_until(self._numbers, now_s) - counted, 0)
