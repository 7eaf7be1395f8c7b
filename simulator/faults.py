"""What goes wrong on the way, by seed: loss, duplication, reordering, corruption, each counted in each direction.

In: octets that leave one side. Out: what arrives at the other, and when. Rule: each kind draws under its own key by the
payload's number, so that another rate for one moves none of the others; who replays the seed sees the same.
Figures and kinds: radio and panel facts 8.
"""

from collections import Counter
from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct

from simulator.chance import Chance, Draws, key_of

REORDER_S = (0.02, 0.3)  # how long an overtaken one is kept back: several round trips
DUPLICATE_S = (0.0, 1.0)  # the second copy comes at once or long after
CORRUPT_BITS_MAX = 8
FRAME_END = b"\x00"  # of a COBS frame on a serial line


class Kind(StrEnum):
    """What can happen to one payload or frame; `TAG_*` and `BRIDGE_*` happen to the devices (`Mischief`)."""

    LOSS = "loss"
    DUPLICATION = "duplication"
    REORDERING = "reordering"
    CORRUPTION = "corruption"
    TAG_DEAD = "tag_dead"
    TAG_REBOOT = "tag_reboot"
    BRIDGE_RESTART = "bridge_restart"
    BRIDGE_UNPLUG = "bridge_unplug"


_OF_PAYLOADS = (Kind.LOSS, Kind.DUPLICATION, Kind.REORDERING, Kind.CORRUPTION)


class FaultRates(Struct, frozen=True):
    """Each a probability for one payload (on serial: one frame)."""

    loss: float = 0.0
    duplication: float = 0.0
    reordering: float = 0.0
    corruption: float = 0.0

    def __post_init__(self) -> None:
        for kind in ("loss", "duplication", "reordering", "corruption"):
            if not 0.0 <= getattr(self, kind) <= 1.0:
                raise ValueError(f"{kind} is {getattr(self, kind)}: a probability is 0 to 1")


class Arrival(NamedTuple):
    """`after_s` = 0: at once, in the order in which they were sent."""

    after_s: float
    octets: bytes


class FaultyPath:
    """One direction of one link. `rates` may be changed at any time; `counts` only grow."""

    def __init__(self, name: str, seed: int, rates: FaultRates | None = None) -> None:
        self.name = name
        self.rates = rates or FaultRates()
        self.delay_s = 0.0  # every payload takes so much longer, in order
        self.counts: Counter[str] = Counter()
        self._keys = [key_of(seed, f"{name}/{kind}") for kind in _OF_PAYLOADS]

    def passes(self, octets: bytes) -> list[Arrival]:
        """What arrives of these octets: nothing, once, twice, late, or changed."""
        number = self.counts["passed"]
        losing, doubling, delaying, changing = (Draws(key, number) for key in self._keys)
        lost = losing.random() < self.rates.loss
        twice = doubling.random() < self.rates.duplication
        late = delaying.random() < self.rates.reordering
        changed = changing.random() < self.rates.corruption
        self.counts["passed"] += 1
        if lost:
            self.counts[Kind.LOSS] += 1
            return []
        arrivals = [Arrival(self.delay_s, octets)]
        if changed and octets:
            self.counts[Kind.CORRUPTION] += 1
            arrivals[0] = Arrival(self.delay_s, _corrupted(octets, changing))
        if late:
            self.counts[Kind.REORDERING] += 1
            arrivals[0] = Arrival(self.delay_s + _between(REORDER_S, delaying), arrivals[0].octets)
        if twice:
            self.counts[Kind.DUPLICATION] += 1
            arrivals.append(Arrival(self.delay_s + _between(DUPLICATE_S, doubling), octets))
        return arrivals


class FaultyLine:
    """One direction of a serial line: what goes wrong goes wrong with whole frames."""

    def __init__(self, path: FaultyPath) -> None:
        self.path = path
        self._begun = b""

    def passes(self, octets: bytes) -> list[Arrival]:
        """Frames end with a zero; the rest of an unfinished one waits here for its end."""
        *frames, self._begun = (self._begun + octets).split(FRAME_END)
        at_once: list[bytes] = []
        later: list[Arrival] = []
        for frame in frames:
            for after_s, changed in self.path.passes(frame):
                if after_s > 0:
                    later.append(Arrival(after_s, changed + FRAME_END))
                else:
                    at_once.append(changed + FRAME_END)
        return [Arrival(0.0, b"".join(at_once)), *later] if at_once else later


def _between(band: tuple[float, float], chance: Chance) -> float:
    low, high = band
    return low + (high - low) * chance.random()


def _corrupted(octets: bytes, chance: Chance) -> bytes:
    """A burst of bits flipped at one place, and never none; one time in eight the end is missing as well."""
    changed = bytearray(octets)
    start = chance.randrange(len(changed) * 8)
    for bit in range(start, min(start + 1 + chance.randrange(CORRUPT_BITS_MAX), len(changed) * 8)):
        if bit == start or chance.random() < 0.5:
            changed[bit // 8] ^= 0x80 >> bit % 8
    if chance.randrange(8) == 0:
        del changed[1 + chance.randrange(len(changed)) :]
    return bytes(changed)
