"""The table of a radio module: what each tag shall be told at its next check-in, one slot a tag.

In: `PendingData` from the host, the module's own minute. Out: what stands there of a tag, and what has expired.
Rule: it is a table of memory in the order of its slots, with the traps of the original: the minute counts down
`next_check_in` together with the slot's life, and takes minutes, seconds and their flag for one number.
"""

from __future__ import annotations

from firmware_protocol.identity import TagId
from firmware_protocol.openepaperlink.frames import DataType, PendingData

MINUTE_S = 59.9


class SlotTable:
    """`lost_from`: what is stored from this slot on goes elsewhere in memory, as where slots are counted in 8 bits."""

    def __init__(self, slots: int, lost_from: int | None = None) -> None:
        self._slots: list[PendingData | None] = [None] * slots
        self._places: dict[TagId, int] = {}
        self._lost_from = slots if lost_from is None else lost_from

    def store(self, pending: PendingData) -> bool:
        """In the tag's slot or the first free one; False: there is none."""
        place = self._places.get(pending.tag_id)
        if place is None:
            place = next((place for place, taken in enumerate(self._slots) if taken is None), None)
        if place is None:
            return False
        if pending.minutes_left == 0:
            self.clear(pending.tag_id)  # it is written, and free at once
        elif place < self._lost_from:
            self._slots[place] = pending
            self._places[pending.tag_id] = place
        return True

    def clear(self, tag_id: TagId) -> None:
        place = self._places.pop(tag_id, None)
        if place is not None:
            self._slots[place] = None

    def of(self, tag_id: TagId) -> PendingData | None:
        place = self._places.get(tag_id)
        return None if place is None else self._slots[place]

    def minute(self) -> list[TagId]:
        """One has passed: the tags whose data expired. A slot without data expires and nobody is told."""
        expired = []
        for place, pending in enumerate(self._slots):
            if pending is None:
                continue
            if pending.minutes_left == 1:
                self.clear(pending.tag_id)
                if pending.data_type != DataType.NO_UPDATE:
                    expired.append(pending.tag_id)
                continue
            self._slots[place] = _a_minute_later(pending)
        return expired

    def __len__(self) -> int:
        """Slots that are taken."""
        return len(self._places)

    @property
    def with_data(self) -> int:
        return sum(pending is not None and pending.data_type != DataType.NO_UPDATE for pending in self._slots)


def _a_minute_later(pending: PendingData) -> PendingData:
    return PendingData(
        pending.data_ver,
        pending.data_size,
        pending.data_type,
        pending.argument,
        max(pending.next_check_in - 1, 0),
        pending.minutes_left - 1,
        pending.tag_id,
    )
