"""One decoder as fuzzing sees it."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

Read = Callable[[bytes], object]
Make = Callable[[Random], bytes]
Mend = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Decoder:
    """`weight`: its share of all inputs. `mend`: what is done to a changed seed, so that a check sum does not hide all
    that lies behind it. `octets_max`: of inputs at random. `cpu_ms_max`, `memory_octets_max`: what one input may cost.
    """

    name: str
    read: Read
    seeds: tuple[bytes, ...]
    weight: float
    make: Make | None = None
    mend: Mend | None = None
    octets_max: int = 140
    errors: tuple[type[Exception], ...] = ()
    cpu_ms_max: float = 10.0
    memory_octets_max: int = 1_000_000
