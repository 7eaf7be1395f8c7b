"""Planted bugs: each a patch over the product, run in a copy of it by a process of its own, found by the laboratory.

In: a patch by name. Out: which seed found it, which promise it broke, the shrunk story. Rule: nothing is patched in
this process and nothing in this tree; the copy stands first on the child's path, so that what runs is the patched
product with the laboratory unchanged. The patches stand in tests/mutants; the wheel brings them along.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

import simulator
from simulator.world.lab.patching import Patch

_ROOT = Path(str(simulator.__file__)).parents[1]
PACKAGES = tuple(_ROOT / name for name in ("firmware_protocol", "gateway", "simulator"))
_SHIPPED = Path(__file__).parent / "mutants"  # as the wheel has them
FOLDER = _SHIPPED if _SHIPPED.is_dir() else _ROOT / "tests" / "mutants"
ESL = "import sys; from gateway.cli import main; sys.argv[0] = 'esl'; main()"


class NoSuchMutant(LookupError):
    """There is no patch of this name. `str()` names those there are."""


class ChildFailed(RuntimeError):
    """The patched product did not even come to a verdict. `str()` is the end of what it said."""


class Mutant(Struct, frozen=True):
    """`title`: what it does, in a sentence; `about`: the rest of its head text."""

    name: str
    title: str
    about: str
    patch: Patch


class Found(Struct, frozen=True):
    """`seeds`: how many it took, 0 = none of them found it. `cpu_s`: of the search, without the shrinking."""

    name: str
    title: str
    seeds: int
    seed: int
    promise: str
    cpu_s: float
    story: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        return {
            "mutant": self.name,
            "title": self.title,
            "found": bool(self.seeds),
            "seeds": self.seeds,
            "seed": self.seed,
            "promise": self.promise,
            "cpu_s": self.cpu_s,
            "story": list(self.story),
        }


def mutant_names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.patch"))


def read_mutant(name: str) -> Mutant:
    """Raises NoSuchMutant, PatchWrong."""
    if name not in mutant_names():
        raise NoSuchMutant(f"there is no mutant {name}; there are {', '.join(mutant_names())}")
    patch = Patch.parse((FOLDER / f"{name}.patch").read_text(encoding="utf-8"))
    title, _, about = patch.head.partition("\n")
    return Mutant(name, title.strip(), about.strip(), patch)


@contextmanager
def copied() -> Iterator[Path]:
    """A folder with the packages as they are, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="esl-planted-") as name:
        for package in PACKAGES:
            shutil.copytree(package, Path(name) / package.name)
        yield Path(name)


def environment_of(folder: Path) -> dict[str, str]:
    """In which a Python takes its packages from this copy."""
    return {**os.environ, "PYTHONPATH": str(folder), "PYTHONSAFEPATH": "1"}


def look_for(
    mutant: Mutant,
    scenario: str,
    seeds: int,
    *,
    first: int = 1,
    jobs: int = 1,
    shrink_runs: int = 60,
    within_s: float | None = None,
) -> Found:
    """Seeds from `first` on until one finds it; then make that one small. Raises ChildFailed, PatchWrong.

    `shrink_runs` 0: no story. `within_s`: real seconds for the search, and again for the shrinking.
    """
    with copied() as folder:
        mutant.patch.apply(folder)
        where = ["--scenario", scenario, "--json"]
        run = ["run", "--first", first, "--seeds", seeds, "--jobs", jobs, "--until-broken", *where]
        found = _esl(folder, run, within_s)
        broken = _list(found["broken"])
        cpu_s = float(str(found["cpu_s"]))
        if not broken:
            return Found(mutant.name, mutant.title, 0, 0, "", cpu_s)
        one = min(broken, key=lambda one: int(str(one["seed"])))
        seed = int(str(one["seed"]))
        story: Sequence[object] = ()
        if shrink_runs:
            story = _list(_esl(folder, ["shrink", seed, "--runs", shrink_runs, *where], within_s)["story"])
        return Found(
            mutant.name, mutant.title, seed - first + 1, seed, str(one["promise"]), cpu_s, tuple(map(str, story))
        )


def _esl(folder: Path, words: Sequence[object], within_s: float | None) -> dict[str, object]:
    """`esl world ...` of the patched product. Status 1 is what a broken promise gives."""
    child = subprocess.Popen(
        [sys.executable, "-c", ESL, "world", *map(str, words)],
        cwd=folder,
        env=environment_of(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # so that its own workers end with it
    )
    try:
        out, err = child.communicate(timeout=within_s)
    except BaseException as error:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        if isinstance(error, subprocess.TimeoutExpired):
            raise ChildFailed(f"no end after {within_s:.0f} s: esl world {' '.join(map(str, words))}") from None
        raise
    last = out.strip().splitlines()[-1:] or [""]
    if child.returncode not in (0, 1) or not re.match(r"\{.*\}$", last[0]):
        raise ChildFailed((err or out)[-2000:])
    told: dict[str, object] = json.loads(last[0])
    return told


def _list(value: object) -> list[dict[str, object]]:
    return value if isinstance(value, list) else []
