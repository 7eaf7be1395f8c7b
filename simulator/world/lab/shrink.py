"""Makes a failing run small: fewer incidents, fewer tags, as long as the same promise is broken.

In: a scenario, a seed whose run breaks a promise. Out: what must be kept, and its verdict. Rule: each incident and each
tag draws by its own name, so that what is left out changes nothing in the rest but by what it would have done.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from simulator.world.lab.lab import Kept, run_seed
from simulator.world.lab.scenario import Scenario
from simulator.world.lab.script import script_of
from simulator.world.lab.verdict import Verdict

TAGS_TRIED = (1, 2, 3, 5, 8, 13, 21, 34)


class NothingBroken(ValueError):
    """The seed's run breaks no promise: there is nothing to shrink."""


@dataclass(frozen=True, slots=True)
class Shrunk:
    """`runs`: how many were tried."""

    kept: Kept
    verdict: Verdict
    runs: int


def shrink(
    scenario: Scenario, seed: int, *, runs_max: int = 60, told: Callable[[int, int], None] | None = None
) -> Shrunk:
    """`told` hears after each run how many there were and how many incidents are left. Raises NothingBroken."""
    whole = run_seed(scenario, seed)
    if not whole.violations:
        raise NothingBroken(f"seed {seed} of {scenario.name} breaks no promise")
    promise = whole.violations[0].promise
    best = Shrunk(Kept(), whole, 1)
    names = [one.name for one in script_of(scenario, seed)]

    def still_breaks(kept: Kept) -> bool:
        nonlocal best
        verdict = run_seed(scenario, seed, kept)
        breaks = any(one.promise == promise for one in verdict.violations)
        best = Shrunk(kept if breaks else best.kept, verdict if breaks else best.verdict, best.runs + 1)
        if told is not None:
            told(best.runs, len(names))
        return breaks

    step = len(names) // 2
    while step and best.runs < runs_max:
        for part in _parts(names, step):
            fewer = [name for name in names if name not in part]
            if best.runs < runs_max and still_breaks(Kept(None, frozenset(fewer))):
                names = fewer
        step //= 2
    for tags in TAGS_TRIED:
        if tags < scenario.tags and best.runs < runs_max and still_breaks(Kept(tags, frozenset(names))):
            break
    return best


def _parts(names: list[str], size: int) -> Iterator[frozenset[str]]:
    """The newest first: what came after the break is gone at once."""
    for start in range(len(names) - size, -1, -size):
        yield frozenset(names[start : start + size])


def story_of(shrunk: Shrunk, scenario: Scenario, lines_max: int = 12) -> list[str]:
    """The run in words with times, and the command that replays it."""
    verdict, kept = shrunk.verdict, shrunk.kept
    told = [f"{_clock(at_s)}  {words}" for at_s, words in verdict.story]
    command = f"esl world replay {verdict.seed} --scenario {scenario.name}"
    if kept.incidents is not None:
        command += f" --only {','.join(sorted(kept.incidents))}"
    if kept.tags is not None:
        command += f" --tags {kept.tags}"
    return [*told[-(lines_max - 1) :], command]


def _clock(at_s: float) -> str:
    seconds = int(at_s)
    return f"{seconds // 3600:3d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
