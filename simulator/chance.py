"""The one place where a seed becomes numbers: generators for stories, and draws that know their own number.

In: a seed and a name. Out: a `Random` of its own for each name; or a key, of which the draw of any index can be had at
once, in any order or not at all. Rule: nobody else makes a generator; what a device draws in its life is drawn by
index, so that leaving out what does not matter, or whole devices and faults, moves no draw of anything else.
Source of the mixing: splitmix64, Steele, Lea and Flood 2014.
"""

import hashlib
import os
from random import Random  # noqa: TID251  # the one place
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Chance",
    "Draws",
    "Random",
    "generator",
    "key_of",
    "mixed",
    "new_incarnation",
    "seeded_octets",
    "unit",
    "units",
]

_MASK = (1 << 64) - 1
_STEP, _FIRST, _SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_UNIT = 2.0**-53


class Chance(Protocol):
    """What a part that only throws dice needs: a `Random` or `Draws` will do."""

    def random(self) -> float: ...

    def randrange(self, stop: int, /) -> int: ...


def seeded_octets(seed: int, name: str, count: int) -> bytes:
    """Octets that only depend on seed and name: ids and factory codes of a virtual shop."""
    return hashlib.shake_256(f"{seed}/{name}".encode()).digest(count)


def generator(seed: int, name: str) -> Random:
    """The generator called `name` of a run with this seed."""
    return Random(int.from_bytes(seeded_octets(seed, name, 8)))


def new_incarnation() -> int:
    """A number no run had before: boot ids and nonces of a real run must not repeat, whatever its seed."""
    return int.from_bytes(os.urandom(8))


def key_of(seed: int, name: str) -> int:
    """The key, 64 bits, of everything that is drawn under this name."""
    return int.from_bytes(hashlib.blake2b(f"{seed}/{name}".encode(), digest_size=8).digest())


def mixed(key: int, index: int) -> int:
    """The draw of this index, 64 bits; also the key of what is drawn under `index` as a purpose of its own."""
    z = (key + (index + 1) * _STEP) & _MASK
    z = ((z ^ (z >> 30)) * _FIRST) & _MASK
    z = ((z ^ (z >> 27)) * _SECOND) & _MASK
    return z ^ (z >> 31)


def unit(key: int, index: int) -> float:
    """The draw of this index, from 0 to below 1."""
    return (mixed(key, index) >> 11) * _UNIT


def units(keys: NDArray[np.uint64], indices: NDArray[np.int64]) -> NDArray[np.float64]:
    """`unit` of each pair, the very same numbers."""
    z = keys + (indices.astype(np.uint64) + np.uint64(1)) * np.uint64(_STEP)  # wraps, as the mask above
    z = (z ^ (z >> np.uint64(30))) * np.uint64(_FIRST)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(_SECOND)
    z ^= z >> np.uint64(31)
    drawn: NDArray[np.float64] = (z >> np.uint64(11)).astype(np.float64) * _UNIT
    return drawn


class Draws:
    """The few draws of one occasion (one refresh, one payload), one after the other."""

    __slots__ = ("_drawn", "_key")

    def __init__(self, key: int, index: int) -> None:
        self._key = mixed(key, index)
        self._drawn = 0

    def random(self) -> float:
        """From 0 to below 1."""
        self._drawn += 1
        return unit(self._key, self._drawn)

    def randrange(self, stop: int, /) -> int:
        """From 0 to below `stop`, which is small."""
        return int(self.random() * stop)

    def randbytes(self, count: int) -> bytes:
        self._drawn += 1
        return hashlib.shake_256(mixed(self._key, self._drawn).to_bytes(8)).digest(count)

    def gauss(self, sigma: float) -> float:
        """Around 0, and within 6 sigma. Sums alone, because logarithms differ in their last bit between machines."""
        return sigma * (sum(self.random() for _ in range(12)) - 6.0)
