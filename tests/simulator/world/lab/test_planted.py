"""Planted bugs: each patch of tests/mutants fits the product as it is, and what runs in the copy is the patched one."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.world.lab import planted
from simulator.world.lab.planted import NoSuchMutant, look_for, mutant_names, read_mutant

ROOT = Path(__file__).parents[4]


def test_there_are_twelve_and_each_says_what_it_is() -> None:
    assert len(mutant_names()) >= 12
    for name in mutant_names():
        mutant = read_mutant(name)
        assert mutant.title.endswith("."), name
        assert mutant.about, name
        assert all(path.split("/")[0] in ("gateway", "firmware_protocol") for path in mutant.patch.files), name
    with pytest.raises(NoSuchMutant, match="stale-ack"):
        read_mutant("no-such")


@pytest.fixture(scope="module")
def copy_of_the_product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with planted.copied() as folder:
        yield folder


@pytest.mark.parametrize("name", mutant_names())
def test_each_patch_still_applies_and_the_patched_modules_are_importable(name: str, copy_of_the_product: Path) -> None:
    patch = read_mutant(name).patch
    whole = {path: (copy_of_the_product / path).read_text() for path in patch.files}
    modules = [path.removesuffix(".py").replace("/", ".") for path in patch.files]
    check = f"import {', '.join(modules)}; print({modules[0]}.__file__)"
    patch.apply(copy_of_the_product)
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", check],
            env=planted.environment_of(copy_of_the_product),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(str(copy_of_the_product)), "what is imported is the copy"
    finally:
        for path, text in whole.items():
            (copy_of_the_product / path).write_text(text)
    check = subprocess.run(
        ["git", "apply", "--check", f"tests/mutants/{name}.patch"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert check.returncode == 0, check.stderr


def test_a_planted_bug_is_found_by_a_process_of_its_own_and_told_in_twelve_lines() -> None:
    found = look_for(read_mutant("accepted-is-shown"), "worst-hour", 5, shrink_runs=12)
    assert found.promise == "confirmed means the glass shows it"
    assert 1 <= found.seed <= found.seeds <= 5
    assert 2 <= len(found.story) <= 12
    assert any("BROKEN: confirmed means the glass shows it" in line for line in found.story)
    assert found.story[-1].startswith(f"esl world replay {found.seed} --scenario worst-hour")
