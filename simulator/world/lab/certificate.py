"""Many seeds, on several processes, and what they came to together.

In: a scenario, seeds. Out: a `Certificate`: violations, coverage by trouble and delivery state, times, air, cells.
Rule: a seed's part depends on scenario and seed alone, so that any number of processes gives the same certificate.
"""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from statistics import fmean

import structlog
from msgspec import Struct

from simulator.world.lab.lab import run_seed
from simulator.world.lab.scenario import Scenario, ScenarioWrong
from simulator.world.lab.states import DeliveryState
from simulator.world.lab.troubles import IMPOSSIBLE, TROUBLES
from simulator.world.lab.verdict import Verdict

HITS_WANTED = 20  # of each trouble in each delivery state, before a certificate says that it was tried


class Certificate(Struct, frozen=True):
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
        kinds = [kind for kind in self.scenario.kinds if not TROUBLES[kind].is_work]
        return {kind: {state.value: sums[(kind, state.value)] for state in DeliveryState} for kind in kinds}

    def thin_cells(self) -> list[str]:
        """Cells that can be hit and were hit too rarely for a certificate, as `trouble x state: hits`."""
        return [
            f"{kind} x {state}: {hits}"
            for kind, row in self.coverage().items()
            for state, hits in row.items()
            if hits < HITS_WANTED and (kind, DeliveryState(state)) not in IMPOSSIBLE
        ]

    def impossible_cells(self) -> dict[str, str]:
        """Those of this scenario that no run can hit, with the reason."""
        return {
            f"{kind} x {state.value}": why for (kind, state), why in IMPOSSIBLE.items() if kind in self.scenario.kinds
        }

    def happened(self) -> Counter[str]:
        """How often each trouble came about."""
        return sum((Counter(one.happened) for one in self.verdicts), Counter[str]())

    def delivery_s(self) -> dict[str, float]:
        """From a change of *desired* to its proof, in seconds."""
        return _shares([one.seconds for verdict in self.verdicts for one in verdict.deliveries])

    def battery_years(self) -> dict[str, float]:
        """How long the cells of a tag would last if every hour were as those of these runs."""
        return _shares([years for one in self.verdicts for years in one.battery_years])

    def airtime_share(self) -> dict[str, float]:
        """Of each bridge, on average and at worst."""
        shares = [share for one in self.verdicts for share in one.airtime_share.values()]
        return {"mean": round(fmean(shares), 6), "max": round(max(shares), 6)} if shares else {}

    def to_json(self) -> dict[str, object]:
        """`violations` is a number; `trace_hashes` one a seed."""
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
            "happened": dict(sorted(self.happened().items())),
            "coverage": self.coverage(),
            "thin_cells": self.thin_cells(),
            "impossible_cells": self.impossible_cells(),
            "crashes": sum(one.crashes for one in self.verdicts),
            "refreshes": sum(one.refreshes for one in self.verdicts),
            "delivery_s": self.delivery_s(),
            "airtime_share": self.airtime_share(),
            "battery_years": self.battery_years(),
            "cpu_s": round(sum(one.cpu_s for one in self.verdicts), 2),
            "cpu_s_a_seed": round(sum(one.cpu_s for one in self.verdicts) / max(1, len(self.verdicts)), 2),
        }


SHARES = (("min", 0.0), ("median", 0.5), ("p95", 0.95), ("p99", 0.99), ("max", 1.0))


def share_of(ordered: Sequence[float], share: float) -> float:
    """The value below which this share lies; 0 of none."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def _shares(values: Sequence[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {name: round(share_of(ordered, share), 2) for name, share in SHARES}


class RunFailed(RuntimeError):
    """A seed could not be played to its end: a mistake of ours or of the machine, no broken promise. `str()` is one
    line that names it.
    """


def certify(
    scenario: Scenario,
    seeds: Sequence[int],
    *,
    jobs: int = 1,
    told: Callable[[Verdict], None] | None = None,
    until_broken: bool = False,
) -> Certificate:
    """`told` hears of each verdict as it comes. `until_broken`: the first broken promise ends its run, and the search:
    no seed above it is begun, but those that ran beside it count. Raises `RunFailed`.
    """
    found: dict[int, Verdict] = {}
    at_once = max(1, jobs) if until_broken else len(seeds)
    with ProcessPoolExecutor(max(1, jobs), mp_context=get_context("spawn"), initializer=_quietly) as pool:
        for start in range(0, len(seeds), max(1, at_once)):
            some = seeds[start : start + at_once]
            runs = [pool.submit(play_one, scenario, seed, until_broken) for seed in some]
            try:
                for done in as_completed(runs):
                    verdict = done.result()
                    found[verdict.seed] = verdict
                    if told is not None:
                        told(verdict)
            finally:
                for run in runs:  # if this ends early, those that have not begun are not wanted
                    run.cancel()
            if until_broken and any(one.violations for one in found.values()):
                break
    return Certificate(scenario, tuple(found[seed] for seed in seeds if seed in found))


def play_one(scenario: Scenario, seed: int, until_broken: bool) -> Verdict:
    """What is raised goes from one process to another, which not every exception survives: words do."""
    try:
        return run_seed(scenario, seed, until_broken=until_broken)
    except ScenarioWrong:
        raise
    except Exception as error:
        words = f"seed {seed} of {scenario.name} could not be played: {type(error).__name__}: {error}"
        raise RunFailed(" ".join(words.split())) from error


def _quietly() -> None:
    """A gateway's log lines are of no use here: the story tells."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def run_quietly() -> None:
    """The same for a run in this process."""
    _quietly()
