"""Many seeds, on several processes, and what they came to together.

In: a scenario, seeds. Out: a `Certificate`: violations, coverage by trouble and delivery state, times, air, cells.
Rule: a seed's part depends on scenario and seed alone, so that any number of processes gives the same certificate.
"""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context

import structlog

from simulator.world.lab.lab import run_seed
from simulator.world.lab.scenario import Scenario
from simulator.world.lab.states import DeliveryState
from simulator.world.lab.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Certificate:
    """Verdicts in the order of their seeds."""

    scenario: Scenario
    verdicts: tuple[Verdict, ...]

    @property
    def violations(self) -> int:
        return sum(len(one.violations) for one in self.verdicts)

    def coverage(self) -> dict[str, dict[str, int]]:
        """Per trouble that the scenario holds, how often it met a display in each state."""
        sums: Counter[tuple[str, str]] = Counter()
        for one in self.verdicts:
            sums.update(one.hits)
        kinds = [kind for kind in sorted(self.scenario.troubles) if not kind.startswith("pos.")]
        return {kind: {state.value: sums[(kind, state.value)] for state in DeliveryState} for kind in kinds}

    def to_json(self) -> dict[str, object]:
        """`violations` is a number; `trace_hashes` one a seed."""
        times = sorted(second for one in self.verdicts for second in one.delivery_s)
        return {
            "scenario": self.scenario.name,
            "version": self.scenario.version,
            "seeds": [one.seed for one in self.verdicts],
            "violations": self.violations,
            "broken": [
                {"seed": one.seed, "promise": broken.promise, "words": broken.words}
                for one in self.verdicts
                for broken in one.violations
            ],
            "trace_hashes": {str(one.seed): one.trace_hash for one in self.verdicts},
            "coverage": self.coverage(),
            "crashes": sum(one.crashes for one in self.verdicts),
            "refreshes": sum(one.refreshes for one in self.verdicts),
            "delivery_s": {name: round(share_of(times, share), 1) for name, share in SHARES},
            "cpu_s_a_seed": round(sum(one.cpu_s for one in self.verdicts) / max(1, len(self.verdicts)), 2),
        }


SHARES = (("median", 0.5), ("p95", 0.95), ("p99", 0.99), ("max", 1.0))


def share_of(ordered: Sequence[float], share: float) -> float:
    """The value below which this share lies; 0 of none."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def certify(
    scenario: Scenario, seeds: Sequence[int], *, jobs: int = 1, told: Callable[[Verdict], None] | None = None
) -> Certificate:
    """`told` hears of each verdict as it comes."""
    found: dict[int, Verdict] = {}
    with ProcessPoolExecutor(max(1, jobs), mp_context=get_context("spawn"), initializer=_quietly) as pool:
        for done in as_completed([pool.submit(run_seed, scenario, seed) for seed in seeds]):
            verdict = done.result()
            found[verdict.seed] = verdict
            if told is not None:
                told(verdict)
    return Certificate(scenario, tuple(found[seed] for seed in seeds))


def _quietly() -> None:
    """A gateway's log lines are of no use here: the story tells."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def run_quietly() -> None:
    """The same for a run in this process."""
    _quietly()
