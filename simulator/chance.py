"""The one place where a seed becomes a generator.

In: a seed and a name. Out: a `Random` of its own for each name, so that one more draw in one place moves no other.
Rule: nobody else makes a generator; everybody is handed one.
"""

import hashlib
import os
from random import Random  # noqa: TID251  # the one place

__all__ = ["Random", "generator", "new_incarnation", "seeded_octets"]


def seeded_octets(seed: int, name: str, count: int) -> bytes:
    """Octets that only depend on seed and name: ids and factory codes of a virtual shop."""
    return hashlib.shake_256(f"{seed}/{name}".encode()).digest(count)


def generator(seed: int, name: str) -> Random:
    """The generator called `name` of a run with this seed."""
    return Random(int.from_bytes(seeded_octets(seed, name, 8)))


def new_incarnation() -> int:
    """A number no run had before: boot ids and nonces of a real run must not repeat, whatever its seed."""
    return int.from_bytes(os.urandom(8))
