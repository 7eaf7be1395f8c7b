"""What a tag said last under its present keys: tells a second hearing from a first, and a twin from both.

In: counters and seals of what opened. Out: new, heard before, or the words of a second tag. Rule: a tag never uses a
number twice, so one number with two seals was used by two. Source: docs/protocol.md, "Twins".
"""

from array import array
from enum import Enum

REMEMBERED = 32  # what is on its way through a bridge overtakes by a few places, never by so many
_SEAL_OCTETS = 3  # of the MIC: of 16 million twins' words one looks like its double's


class Hearing(Enum):
    NEW = 1
    REPLAYED = 2  # the same octets again, or too old to tell
    OF_A_TWIN = 3  # other octets under a number that was used


class HeardCounters:
    """Eight octets a number. `floor`: the highest number that a former run of the gateway has heard; -1 = none."""

    __slots__ = ("_at", "_floor", "_said")

    def __init__(self, floor: int = -1) -> None:
        self._floor = floor
        self._said = array("Q")
        self._at = 0

    def hear(self, counter: int, sealed: bytes) -> Hearing:
        """`sealed` opened under the tag's key *up* with this counter."""
        word = counter << 8 * _SEAL_OCTETS | int.from_bytes(sealed[-_SEAL_OCTETS:], "little")
        for said in self._said:
            if said == word:
                return Hearing.REPLAYED
            if said >> 8 * _SEAL_OCTETS == counter:
                return Hearing.OF_A_TWIN
        if counter <= self._floor:
            return Hearing.REPLAYED
        if len(self._said) < REMEMBERED:
            self._said.append(word)
            return Hearing.NEW
        self._floor = max(self._floor, self._said[self._at] >> 8 * _SEAL_OCTETS)
        self._said[self._at] = word
        self._at = (self._at + 1) % REMEMBERED
        return Hearing.NEW
