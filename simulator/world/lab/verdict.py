"""What a run came to: promises that were broken, what was tried and hit, how long things took, and the trace's hash."""

from collections import Counter
from collections.abc import Mapping

from msgspec import Struct, field


class Violation(Struct, frozen=True):
    """A broken promise. `at_s`: since the first opening; `promise`: the invariant's name."""

    at_s: float
    promise: str
    words: str


class Delivery(Struct, frozen=True):
    """One changed label until its proof. `waiting`: labels that were on their way when it moved, itself among them;
    `place`: metres on the floor, if the shop has one.
    """

    seconds: float
    waiting: int
    place: tuple[float, float] | None = None


class Verdict(Struct, frozen=True):
    """`hits`: how often each trouble met a display in each delivery state. `story`: what happened, in words."""

    scenario: str
    version: int
    seed: int
    violations: tuple[Violation, ...]
    trace_hash: str
    hits: Mapping[tuple[str, str], int]
    happened: Mapping[str, int]
    story: tuple[tuple[float, str], ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    airtime_share: Mapping[str, float] = field(default_factory=dict)
    refreshes: int = 0
    battery_years: tuple[float, ...] = ()  # of each tag's cells, if every hour were as those of this run
    quiet_after_s: float = 0.0
    crashes: int = 0
    payloads_lost: int = 0
    cpu_s: float = 0.0

    def to_json(self) -> dict[str, object]:
        """One seed's part of the certificate; what depends on the machine is `cpu_s` alone."""
        return {
            "seed": self.seed,
            "violations": [
                {"at_s": round(one.at_s, 3), "promise": one.promise, "words": one.words} for one in self.violations
            ],
            "trace_hash": self.trace_hash,
            "happened": dict(sorted(self.happened.items())),
            "hits": {f"{kind} x {state}": count for (kind, state), count in sorted(self.hits.items())},
            "delivery_s": [round(one.seconds, 3) for one in self.deliveries],
            "airtime_share": {name: round(share, 6) for name, share in self.airtime_share.items()},
            "refreshes": self.refreshes,
            "battery_years": [round(one, 2) for one in self.battery_years],
            "quiet_after_s": round(self.quiet_after_s, 3),
            "crashes": self.crashes,
            "payloads_lost": self.payloads_lost,
            "cpu_s": round(self.cpu_s, 3),
        }


def total(parts: "list[Mapping[str, int]]") -> Counter[str]:
    """Counts of several runs together."""
    sums: Counter[str] = Counter()
    for part in parts:
        sums.update(part)
    return sums
