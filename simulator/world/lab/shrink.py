"""Makes a failing run small: fewer incidents, fewer tags, shorter, as long as the same promise is broken.

In: a scenario, a seed whose run breaks a promise. Out: what must be kept, and its verdict. Rule: each incident and each
tag draws by its own name, so that what is left out changes nothing in the rest but by what it would have done.
"""

from collections import Counter
from collections.abc import Callable, Iterator

from msgspec import Struct

from simulator.world.lab.aims import patience_max_s
from simulator.world.lab.lab import Kept, run_seed
from simulator.world.lab.scenario import Scenario
from simulator.world.lab.script import script_of
from simulator.world.lab.verdict import Verdict

TAGS_TRIED = (1, 2, 3, 5, 8, 13, 21, 34)
AFTERMATH_S = 900.0  # of the last strike: after it the shop is healed, whatever the scenario's hours


class NothingBroken(ValueError):
    """The seed's run breaks no promise: there is nothing to shrink."""


class Shrunk(Struct, frozen=True):
    """`runs`: how many were tried."""

    kept: Kept
    verdict: Verdict
    runs: int


def shrink(
    scenario: Scenario, seed: int, *, runs_max: int = 60, told: Callable[[int, int], None] | None = None
) -> Shrunk:
    """`told` hears after each run how many there were and how many incidents are left. Raises NothingBroken."""
    whole = run_seed(scenario, seed, until_broken=True)
    if not whole.violations:
        raise NothingBroken(f"seed {seed} of {scenario.name} breaks no promise")
    return _Search(scenario, seed, whole, runs_max, told).smallest()


class _Search:
    def __init__(
        self, scenario: Scenario, seed: int, whole: Verdict, runs_max: int, told: Callable[[int, int], None] | None
    ) -> None:
        self._scenario, self._seed, self._runs_max, self._told = scenario, seed, runs_max, told
        self._promise = whole.violations[0].promise
        # What would have come after the break has no part in it.
        self._names = {one.name: one.at_s for one in script_of(scenario, seed) if one.at_s <= whole.violations[0].at_s}
        self._best = Shrunk(Kept(None, frozenset(self._names)), whole, 1)

    def smallest(self) -> Shrunk:
        """Halves first, then ever smaller parts; a small shop as soon as there is little left to try it with."""
        step = max(1, len(self._names) // 2)
        while step:
            for part in _parts(list(self._names), step):
                self._try(self._best.kept.tags, {name: at for name, at in self._names.items() if name not in part})
            if step in (1, 2, 8) or len(self._names) <= 2:
                self._try_fewer_tags()
            step //= 2
        return self._best

    def _try_fewer_tags(self) -> None:
        for tags in TAGS_TRIED:
            if tags >= (self._best.kept.tags or self._scenario.tags) or self._try(tags, self._names):
                return

    def _try(self, tags: int | None, names: dict[str, float]) -> bool:
        if self._best.runs >= self._runs_max:
            return False
        kept = Kept(tags, frozenset(names), self._until_s(names))
        verdict = run_seed(self._scenario, self._seed, kept, until_broken=True)
        breaks = any(one.promise == self._promise for one in verdict.violations)
        runs = self._best.runs + 1
        if breaks:
            self._names, self._best = names, Shrunk(kept, verdict, runs)
        else:
            self._best = Shrunk(self._best.kept, self._best.verdict, runs)
        if self._told is not None:
            self._told(runs, len(self._names))
        return breaks

    def _until_s(self, names: dict[str, float]) -> float:
        """A trouble that takes aim strikes some time after its instant: as long as the run that is known needed."""
        broke_s, last_s = self._best.verdict.violations[0].at_s, max(names.values(), default=0.0)
        if broke_s <= self._best.kept.open_s(self._scenario):
            return broke_s + AFTERMATH_S
        return last_s + patience_max_s(self._scenario) + AFTERMATH_S


def _parts(names: list[str], size: int) -> Iterator[frozenset[str]]:
    """The newest first: what came after the break is gone at once."""
    for start in range(len(names) - size, -size, -size):
        yield frozenset(names[max(start, 0) : start + size])


def story_of(shrunk: Shrunk, scenario: Scenario, lines_max: int = 12) -> list[str]:
    """The run in words with times, and the command that replays it."""
    verdict, kept = shrunk.verdict, shrunk.kept
    story = verdict.story if len(verdict.story) < lines_max else _each_promise_once(verdict)
    told = [f"{_clock(at_s)}  {words}" for at_s, words in story]
    command = f"esl world replay {verdict.seed} --scenario {scenario.name}"
    if kept.incidents is not None:
        command += f" --only {','.join(sorted(kept.incidents))}"
    if kept.tags is not None:
        command += f" --tags {kept.tags}"
    if kept.until_s is not None:
        command += f" --until {kept.until_s:.0f}"
    return [*told[-(lines_max - 1) :], command]


def _each_promise_once(verdict: Verdict) -> list[tuple[float, str]]:
    """The story with the first breach of each promise, and how many there were: a whole wall breaks one sixty times."""
    breaches = Counter(one.promise for one in verdict.violations)
    first = {f"BROKEN: {one.promise}: {one.words}": one.promise for one in verdict.violations}
    told: list[tuple[float, str]] = []
    for at_s, words in verdict.story:
        promise = first.get(words)
        if promise is None:
            told.append((at_s, words))
        elif more := breaches.pop(promise, 0):
            told.append((at_s, words if more == 1 else f"{words} (and {more - 1} times more)"))
    return told


def _clock(at_s: float) -> str:
    seconds = int(at_s)
    return f"{seconds // 3600:3d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
