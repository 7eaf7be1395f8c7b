"""When every tag of a clock makes contact: a grid in closed form, so that a contact that nobody looks at is no event.

In: for each tag the key of its draws, its first contact and its period. Out: the instant of any contact, and how many
there were until any instant. Rule: contact k is at `first + (k + jitter * u(k)) * period`, and nothing moves it: what a
tag does between (tries again, reports a refresh) are contacts beside the grid.
"""

from array import array

import numpy as np
from numpy.typing import NDArray

from simulator import limits
from simulator.chance import unit, units

Numbers = NDArray[np.int64]  # of tags, or of contacts

_NEAR = 1e-9  # of a period: closer to a contact than this, rounding decides, so the instants themselves are compared


class ContactGrid:
    """Arrays over all tags, one place each, given by `add`. `counted`: contacts up to this one are in the books;
    `kept`: how many of a tag's contacts a bridge has heard, on the grid or beside it.
    """

    def __init__(self) -> None:
        self._key = array("Q")
        self._first = array("d")
        self._period = array("d")
        self.counted = array("q")
        self.kept = array("q")

    def add(self) -> int:
        """A place for one more tag; it makes no contact before `start`."""
        self._key.append(0)
        self._first.append(float("inf"))
        self._period.append(1.0)
        self.counted.append(0)
        self.kept.append(0)
        return len(self.kept) - 1

    def start(self, number: int, key: int, first_s: float, period_s: float) -> None:
        """The tag's clock starts: a new grid, from its contact 0."""
        self._key[number], self._first[number], self._period[number] = key, first_s, period_s
        self.counted[number] = 0

    def instant(self, number: int, contact: int) -> float:
        jittered = contact + limits.CONTACT_JITTER * unit(self._key[number], contact)
        return self._first[number] + jittered * self._period[number]

    def next_contact(self, number: int, after_s: float) -> float:
        """The instant of the tag's first contact after this one."""
        return self.instant(number, self.count_until(number, after_s))

    def count_until(self, number: int, at_s: float) -> int:
        """How many contacts the grid has until this instant, this instant included."""
        periods = (at_s - self._first[number]) / self._period[number]
        if periods < 0:
            return 0
        whole = int(periods)
        past = periods - whole
        if _NEAR < past < 1 - _NEAR:
            late = past <= limits.CONTACT_JITTER + _NEAR and self.instant(number, whole) > at_s
            return whole if late else whole + 1
        count = max(whole - 1, 0)
        while self.instant(number, count) <= at_s:
            count += 1
        return count

    def counts_until(self, numbers: Numbers, at_s: float) -> Numbers:
        """`count_until` of each of these tags."""
        first = np.frombuffer(self._first)[numbers]
        period = np.frombuffer(self._period)[numbers]
        periods = (at_s - first) / period
        whole = np.maximum(np.floor(periods), -1.0)
        past = periods - whole
        counts: Numbers = whole.astype(np.int64) + 1
        early = np.flatnonzero((past <= limits.CONTACT_JITTER + _NEAR) & (whole >= 0))
        keys = np.frombuffer(self._key, np.uint64)[numbers[early]]
        jittered = whole[early] + limits.CONTACT_JITTER * units(keys, counts[early] - 1)
        counts[early] -= first[early] + jittered * period[early] > at_s
        for place in np.flatnonzero((past <= _NEAR) | (past >= 1 - _NEAR)).tolist():
            counts[place] = self.count_until(int(numbers[place]), at_s)
        return counts
