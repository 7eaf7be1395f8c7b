"""`esl world demo`: the laboratory in a minute. Troubles by seed break nothing; then one planted bug is found and told.

In: seeds, a mutant's name. Out: a live line of what befell the shops and the bug's story, or one JSON object; status 0
if no promise was broken and the bug was found. Rule: nothing is staged: seeds, patch and shrinking are those of
`esl world run`, `make mutants` and `esl world shrink`.
"""

import json
import os
import time  # noqa: TID251  # how long it took on this machine, told beside what came out
from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli.world import world

if TYPE_CHECKING:
    from simulator.world.lab.planted import Found
    from simulator.world.lab.verdict import Verdict

SCENARIO = "worst-hour"
SEEDS_FOR_A_MUTANT = 60
SHRINK_RUNS = 20
STORY_LINES = 11  # and one above them
# What the line counts, by the kinds of trouble that are behind it.
_WORDS = (
    ("storms on the links", ("network.", "broker.")),
    ("bridges down or mad", ("bridge.",)),
    ("dead cells", ("tag.dead",)),
    ("glasses spoiled", ("tag.busy_", "tag.brown_out", "tag.torn_flash", "tag.button_page")),
    ("disks full or slow", ("gateway.disk_full", "gateway.slow_disk")),
)


@world.command("demo")
def demo(
    mutant: Annotated[
        str, typer.Option("--mutant", metavar="NAME", help="The bug to plant; a wrong name lists them.")
    ] = "stale-ack",
    seeds: Annotated[int, typer.Option("--seeds", min=1, metavar="N", help="Of the unharmed gateway first.")] = 20,
    jobs: Annotated[
        int | None, typer.Option("--jobs", min=1, metavar="N", help="Processes; all cores if not said.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """A minute of the laboratory: worst hours by seed that break nothing, then one planted bug, found and told."""
    from simulator.world.lab.patching import PatchWrong
    from simulator.world.lab.planted import ChildFailed, NoSuchMutant, look_for, read_mutant

    began_s = time.monotonic()
    processes = jobs or os.cpu_count() or 1
    try:
        bug = read_mutant(mutant)
        line = _Line(seeds)
        broken = _run_seeds(seeds, processes, line, is_quiet=as_json)
        if not as_json:
            print(f"now with a bug: {bug.title}")
        found = look_for(bug, SCENARIO, SEEDS_FOR_A_MUTANT, jobs=processes, shrink_runs=SHRINK_RUNS)
    except (NoSuchMutant, PatchWrong, ChildFailed) as error:
        typer.echo(f"esl: {error}", err=True)
        raise typer.Exit(1) from None
    took_s = time.monotonic() - began_s
    if as_json:
        counted = {"scenario": SCENARIO, "seeds": seeds, "violations": broken, **line.counted()}
        print(json.dumps({**counted, "mutant": found.to_json(), "took_s": round(took_s, 1)}))
    else:
        print("\n".join(_told(found)))
        print(f"{took_s:.0f} s on {processes} processes")
    raise typer.Exit(1 if broken or not found.seeds else 0)


class _Line:
    """What has befallen the shops so far."""

    def __init__(self, seeds: int) -> None:
        self._seeds, self._done = seeds, 0
        self._crashes = self._lost = self._refreshes = self._broken = 0
        self._happened: Counter[str] = Counter()

    def add(self, verdict: "Verdict") -> None:
        self._done += 1
        self._crashes += verdict.crashes
        self._lost += verdict.payloads_lost
        self._refreshes += verdict.refreshes
        self._broken += len(verdict.violations)
        self._happened.update(verdict.happened)

    def counted(self) -> dict[str, int]:
        sums = {
            words: sum(self._happened[kind] for kind in self._happened if kind.startswith(of)) for words, of in _WORDS
        }
        return {"crashes": self._crashes, "payloads lost": self._lost, **sums, "glasses drawn": self._refreshes}

    def __str__(self) -> str:
        counted = ", ".join(f"{count} {words}" for words, count in self.counted().items())
        return f"{self._done} of {self._seeds} worst hours: {counted} · {self._broken} promises broken"


def _run_seeds(seeds: int, processes: int, line: _Line, *, is_quiet: bool) -> int:
    """Gives how many promises were broken."""
    from rich.console import Console
    from rich.live import Live

    from simulator.world.lab import TROUBLES, load_scenario
    from simulator.world.lab.certificate import certify

    scenario = load_scenario(SCENARIO, kinds=frozenset(TROUBLES))
    console = Console(stderr=True)
    console.quiet = is_quiet or not console.is_terminal
    with Live(str(line), console=console, auto_refresh=False, transient=True) as live:

        def told(verdict: "Verdict") -> None:
            line.add(verdict)
            live.update(str(line), refresh=True)

        certificate = certify(scenario, range(1, seeds + 1), jobs=processes, told=told)
    if not is_quiet:
        print(line)
    return certificate.violations


def _told(found: "Found") -> list[str]:
    if not found.seeds:
        return [f"{SEEDS_FOR_A_MUTANT} seeds of {SCENARIO} do not find it: a longer scenario may (make mutants)"]
    head = f"found by seed {found.seed} ({found.seeds} tried): {found.promise}. What is left of it:"
    return [head, *found.story[-STORY_LINES:]]
