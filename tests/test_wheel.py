"""The built wheel, installed away from the sources, opens a shop from an empty folder: nothing is missing in it."""

import json
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("wheel")  # one wheel for all
ROOT = Path(__file__).parent.parent
BUILDS_WITHIN_S, OPENS_WITHIN_S = 300, 300


@pytest.fixture(scope="module")
def esl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`esl` in an environment that has the wheel, and all other packages from the one that runs this test."""
    folder = tmp_path_factory.mktemp("wheel")
    _run([sys.executable, "-m", "pip", "wheel", *_QUIET, "--no-build-isolation", "-w", folder, ROOT], BUILDS_WITHIN_S)
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "venv", with_pip=False, symlinks=True)
    python = folder / "venv" / "bin" / "python"
    # --python: pip works on the new environment alone, and leaves the one that runs this test as it is.
    _run([sys.executable, "-m", "pip", "--python", python, "install", *_QUIET, wheel], BUILDS_WITHIN_S)
    # Behind the wheel's own folder, and without its .pth files: the sources of an editable install stay out of sight.
    (ours,) = (folder / "venv" / "lib").glob("python*/site-packages")
    (ours / "test-environment.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return folder / "venv" / "bin" / "esl"


_QUIET = ("-q", "--no-deps", "--no-input", "--disable-pip-version-check")


def test_the_wheel_opens_a_shop_from_an_empty_folder(esl: Path, tmp_path: Path) -> None:
    where = _run(
        [esl.with_name("python"), "-c", "import gateway, simulator; print(gateway.__file__, simulator.__file__)"],
        60,
        tmp_path,
    )
    assert str(ROOT) not in where, "the wheel must be what runs, not the sources"
    found = json.loads(
        _run([esl, "demo", "--tags", "6", "--speed", "40", "--exit", "--json"], OPENS_WITHIN_S, tmp_path)
    )
    assert (found["products"], found["tags_total"], found["tags_confirmed"]) == (3000, 6, 6)
    assert (found["glass_equal"], found["glass_different"]) == (6, 0)
    assert list(tmp_path.iterdir()) == [], "it leaves nothing in the folder it is run in"


def test_the_wheel_brings_its_planted_bugs_and_finds_one(esl: Path, tmp_path: Path) -> None:
    command = [esl, "world", "demo", "--seeds", "1", "--jobs", "1", "--mutant", "accepted-is-shown", "--json"]
    found = json.loads(_run(command, OPENS_WITHIN_S, tmp_path))
    assert (found["violations"], found["mutant"]["found"]) == (0, True)
    assert found["mutant"]["promise"] == "confirmed means the glass shows it"


POS_TEST = """
import pathlib
from decimal import Decimal

import simulator


def test_a_price_reaches_the_glass(esl_shop):
    assert pathlib.Path(simulator.__file__).is_relative_to({environment!r})
    esl_shop.bind("A-1", "3850123456789")
    row = {{"barcode": "3850123456789", "name": "Mlijeko 1 l", "price": "1.99"}}
    esl_shop.client().post("/add", json=[row]).raise_for_status()
    esl_shop.until_proved()
    assert esl_shop.fleet.glass("A-1").price() == Decimal("1.99")
"""


def test_the_wheel_brings_its_pytest_plugin_to_whoever_tests_a_pos(esl: Path, tmp_path: Path) -> None:
    environment = str(esl.parent.parent)
    (tmp_path / "test_my_pos.py").write_text(POS_TEST.format(environment=environment))
    said = _run([esl.with_name("python"), "-m", "pytest", "-q", "-p", "no:cacheprovider"], OPENS_WITHIN_S, tmp_path)
    assert "1 passed" in said


def _run(command: list[object], within_s: float, folder: Path = ROOT) -> str:
    done = subprocess.run(
        [str(word) for word in command], cwd=folder, capture_output=True, text=True, timeout=within_s, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout
