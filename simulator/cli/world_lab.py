"""`esl world run`, `replay`, `shrink`, `scenarios`: whole shops under faults by seed, and what they came to."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from simulator.cli.world import world

if TYPE_CHECKING:
    from simulator.world.lab import Scenario
    from simulator.world.lab.certificate import Certificate

TAGS_A_BRIDGE = 500
SEEDS_FILE = "seeds.jsonl"
ScenarioOption = Annotated[
    str, typer.Option("--scenario", metavar="NAME|FILE", help="One that ships (`esl world scenarios`), or a file.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@world.command("scenarios")
def scenarios(as_json: JsonOption = False) -> None:
    """The scenarios that ship, each with a sentence."""
    from simulator.world.lab import shipped_scenarios

    found = {name: _scenario(name) for name in shipped_scenarios()}
    if as_json:
        print(json.dumps({name: {"version": one.version, "about": one.about} for name, one in found.items()}))
        return
    for name, one in found.items():
        print(f"{name} (version {one.version}): {one.about}")


@world.command("run")
def run(
    seeds: Annotated[int, typer.Option("--seeds", min=1, metavar="N", help="How many.")] = 20,
    first: Annotated[int, typer.Option("--first", min=0, metavar="K", help="The first of them.")] = 1,
    scenario: ScenarioOption = "worst-week",
    jobs: Annotated[
        int | None, typer.Option("--jobs", min=1, metavar="N", help="Processes; all cores if not said.")
    ] = None,
    certificate: Annotated[
        Path | None,
        typer.Option(
            "--certificate",
            metavar="DIR",
            help="Write certificate.html and certificate.json there; cells hit too rarely then count as a failure.",
        ),
    ] = None,
    until_broken: Annotated[bool, typer.Option("--until-broken", help="Stop at the first broken promise.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Run many seeds; status 1 if any promise was broken. A failing seed is named with what replays it."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from simulator.world.lab.certificate import certify
    from simulator.world.lab.verdict import Verdict

    wanted = _scenario(scenario)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with (
        _lines_of(certificate) as one_a_seed,
        Progress(*columns, console=Console(stderr=True, quiet=as_json)) as progress,
    ):
        bar = progress.add_task(f"{wanted.name}, 0 promises broken", total=seeds)
        broken = 0

        def told(verdict: Verdict) -> None:
            nonlocal broken
            broken += len(verdict.violations)
            progress.update(bar, advance=1, description=f"{wanted.name}, {broken} promises broken")
            if one_a_seed is not None:
                print(json.dumps(verdict.to_json()), file=one_a_seed, flush=True)

        with _refusing():
            found = certify(
                wanted,
                range(first, first + seeds),
                jobs=jobs or os.cpu_count() or 1,
                told=told,
                until_broken=until_broken,
            )
    if certificate is not None:
        _write(found, certificate)
    if as_json:
        print(json.dumps(found.to_json()))
    else:
        print("\n".join(_in_words(found.to_json())))
        for one in found.verdicts:
            for broken_promise in one.violations:
                print(f"seed {one.seed}: {broken_promise.promise}: {broken_promise.words}")
                print(f"  esl world replay {one.seed} --scenario {scenario}")
    if certificate is not None and not as_json:
        print("\n".join(f"hit too rarely: {cell}" for cell in found.thin_cells()))
        print(f"the certificate is {certificate / 'certificate.html'}")
    raise typer.Exit(1 if found.violations or (certificate is not None and found.thin_cells()) else 0)


@contextmanager
def _lines_of(certificate: Path | None) -> Iterator[TextIO | None]:
    """Where each seed's verdict is written as it comes: what a run of hours has found outlives it."""
    if certificate is None:
        yield None
        return
    with _writing():
        certificate.mkdir(parents=True, exist_ok=True)
        lines = (certificate / SEEDS_FILE).open("w")
    with lines:
        yield lines


@world.command("replay")
def replay(
    what: Annotated[str, typer.Argument(metavar="SEED|FILE", help="A seed, or a recording of `esl serve --record`.")],
    scenario: ScenarioOption = "worst-week",
    only: Annotated[str | None, typer.Option("--only", metavar="NAMES", help="Incidents to keep, by comma.")] = None,
    tags: Annotated[int | None, typer.Option("--tags", min=1, metavar="N", help="Only the first N tags.")] = None,
    until: Annotated[
        float | None, typer.Option("--until", metavar="SECONDS", help="Only so much of its hours.")
    ] = None,
    trace: Annotated[Path | None, typer.Option("--trace", metavar="FILE", help="Every payload, one a line.")] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Of a recording: send its requests to a virtual shop of this version.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """One seed again, told in words with times; status 1 if a promise was broken. Or a recording, step by step.

    With --again the POS side of a recording is played to this version's gateway and a virtual shop (--tags of them,
    200 if not said): the same morning with other software. Status 1 if an answer differs or a label stays unproved.
    """
    if not what.isdecimal():
        _replay_recording(Path(what), tags=tags or 200, again=again, as_json=as_json)
        return
    seed = int(what)
    from simulator.world.lab import Kept, run_seed
    from simulator.world.lab.certificate import run_quietly
    from simulator.world.lab.shrink import Shrunk, story_of
    from simulator.world.lab.trace import Trace

    run_quietly()
    wanted = _scenario(scenario)
    kept = Kept(tags, frozenset(only.split(",")) if only is not None else None, until)
    kept_trace = Trace(keep=trace is not None)
    with _refusing():
        verdict = run_seed(wanted, seed, kept, trace=kept_trace)
    if trace is not None:
        trace.write_text("\n".join(kept_trace.lines) + "\n")
    if as_json:
        print(json.dumps(verdict.to_json()))
    else:
        print("\n".join(story_of(Shrunk(kept, verdict, 1), wanted, lines_max=len(verdict.story) + 1)[:-1]))
        print(f"{len(verdict.violations)} promises broken, trace {verdict.trace_hash}")
    raise typer.Exit(1 if verdict.violations else 0)


def _replay_recording(file: Path, *, tags: int, again: bool, as_json: bool) -> None:
    from simulator.fleet import FleetPlan
    from simulator.world.lab.certificate import run_quietly
    from simulator.world.recording import RecordingWrong, play_again, read_recording, told

    try:
        steps = read_recording(file)
    except RecordingWrong as error:
        typer.echo(f"esl: {error}", err=True)
        raise typer.Exit(1) from None
    except OSError as error:
        typer.echo(f"esl: {file} cannot be read: {error.strerror}. Give a seed, or a recording", err=True)
        raise typer.Exit(1) from None
    if not again:
        for step in steps:
            if as_json:
                print(json.dumps({"at": step.at.isoformat(), "kind": step.kind, "words": list(told(step))}))
            else:
                print("\n".join(told(step)))
        return
    run_quietly()
    found = play_again(steps, FleetPlan(tags=tags, bridges=-(-tags // TAGS_A_BRIDGE)))
    if as_json:
        print(json.dumps(found.to_json()))
    else:
        print(
            f"{found.requests} requests in {found.seconds:.0f} s of virtual time; {found.displays} displays took part, "
            f"{len(found.not_proved)} of them are not proved"
        )
        for path, before, now in found.answers:
            print(f"{path} was answered {before}, and is answered {now} now")
        if found.left_out:
            print(f"{found.left_out} requests were left out: not answered then, or too large to be kept")
    raise typer.Exit(1 if found.answers or found.not_proved else 0)


@world.command("shrink")
def shrink(
    seed: Annotated[int, typer.Argument(metavar="SEED")],
    scenario: ScenarioOption = "worst-week",
    runs: Annotated[int, typer.Option("--runs", min=1, metavar="N", help="Tries at the most.")] = 60,
    as_json: JsonOption = False,
) -> None:
    """Make a failing seed small: the few incidents that matter, told in at most twelve lines."""
    from simulator.world.lab.certificate import run_quietly
    from simulator.world.lab.shrink import NothingBroken, story_of
    from simulator.world.lab.shrink import shrink as make_small

    run_quietly()
    wanted = _scenario(scenario)

    def told(tried: int, left: int) -> None:
        typer.echo(f"run {tried}: {left} incidents left", err=True)

    try:
        found = make_small(wanted, seed, runs_max=runs, told=None if as_json else told)
    except NothingBroken as error:
        typer.echo(f"esl: {error}", err=True)
        raise typer.Exit(1) from None
    if as_json:
        kept = found.kept.incidents
        print(
            json.dumps(
                {
                    "seed": seed,
                    "tags": found.kept.tags,
                    "promise": found.verdict.violations[0].promise,
                    "incidents": None if kept is None else sorted(kept),
                    "runs": found.runs,
                    "story": story_of(found, wanted),
                }
            )
        )
    else:
        print("\n".join(story_of(found, wanted)))


def _write(found: "Certificate", folder: Path) -> None:
    from simulator.world.lab.report import report_html

    with _writing():
        (folder / "certificate.html").write_text(report_html(found), "utf-8")
        (folder / "certificate.json").write_text(json.dumps(found.to_json(), indent=1), "utf-8")


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        typer.echo(f"esl: the certificate cannot be written: {error}", err=True)
        raise typer.Exit(1) from None


@contextmanager
def _refusing() -> Iterator[None]:
    """A shop that cannot be, or cannot be played, in one line."""
    from simulator.world.lab import ScenarioWrong
    from simulator.world.lab.certificate import RunFailed

    try:
        yield
    except (ScenarioWrong, RunFailed) as error:
        typer.echo(f"esl: {error}", err=True)
        raise typer.Exit(1) from None


def _scenario(name: str) -> "Scenario":
    from simulator.world.lab import TROUBLES, ScenarioWrong, load_scenario

    try:
        return load_scenario(name, kinds=frozenset(TROUBLES))
    except (ScenarioWrong, OSError) as error:
        typer.echo(f"esl: {error}", err=True)
        raise typer.Exit(1) from None


def _in_words(found: dict[str, object]) -> list[str]:
    times = found["delivery_s"]
    return [
        f"{found['scenario']} version {found['version']}: {found['violations']} promises broken in "
        f"{len(_list(found['seeds']))} seeds, {found['crashes']} crashes, {found['refreshes']} refreshes",
        f"seconds from a change to its proof: {times}",
        f"processor seconds a seed: {found['cpu_s_a_seed']}",
    ]


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
