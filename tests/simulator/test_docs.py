"""The simulator's page cannot lie: its program runs, its options and orders are those there are."""

import re
import subprocess
import sys
from pathlib import Path

from simulator.cli.control import ORDERS
from simulator.firmware import FIRMWARES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "simulator.md").read_text()
COMMAND = (ROOT / "simulator" / "cli" / "simulate.py").read_text()


def test_the_program_on_the_page_runs() -> None:
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, timeout=60)


def test_every_option_has_its_place_on_the_page_and_the_page_names_no_other() -> None:
    declared = set(re.findall(r'typer\.Option\(\s*"(--[a-z-]+)"', COMMAND)) - {"--data", "--server", "--store"}
    assert declared - set(re.findall(r"--[a-z-]+", PAGE)) == set()
    table = PAGE[PAGE.index("| option |") : PAGE.index("`fleet.json` tells")]
    assert set(re.findall(r"--[a-z]+[a-z-]*", table)) <= declared


def test_every_order_has_its_place_on_the_page() -> None:
    assert set(ORDERS) - set(re.findall(r'"do": "([a-z]+)"', PAGE)) - {"replug"} == set()


def test_every_file_named_on_the_page_exists() -> None:
    for name in re.findall(r"`([a-z_]+\.py)`", PAGE):
        assert (ROOT / "simulator" / name).exists(), name


def test_the_plan_on_the_page_is_what_the_command_prints() -> None:
    (command, printed) = re.findall(r"```console\n\$ esl (world plan [^\n]*)\n(.*?)```", PAGE, re.DOTALL)[0]
    run = [sys.executable, "-m", "gateway.cli", *command.split()]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout == printed


def test_every_option_of_the_plan_has_its_place_on_the_page() -> None:
    source = (ROOT / "simulator" / "cli" / "world_plan.py").read_text()
    assert set(re.findall(r'typer\.Option\(\s*"(--[a-z-]+)"', source)) - set(re.findall(r"--[a-z-]+", PAGE)) == set()


def test_every_trouble_of_the_laboratory_has_its_row_on_the_page() -> None:
    from simulator.world.lab import TROUBLES

    rows = re.findall(r"^\| `([a-z]+\.[a-z_]+)` \| (.*) \|$", PAGE, re.MULTILINE)
    assert rows == [(kind, trouble.words) for kind, trouble in TROUBLES.items()]


def test_every_firmware_has_its_row_on_the_page() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (.*) \|$", PAGE[PAGE.index("| firmware |") :], re.MULTILINE)
    assert dict(rows[: len(FIRMWARES)]) == {name: one.words for name, one in FIRMWARES.items()}


def test_the_laboratorys_commands_on_the_page_run() -> None:
    page = PAGE[PAGE.index("## The laboratory") : PAGE.index("## Virtual time")]
    blocks = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    for line in "".join(blocks).splitlines():
        command = [sys.executable, "-m", "gateway.cli", *line.split()[1:]]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, f"{line}: {done.stderr}{done.stdout}"


def test_every_planted_bug_has_its_row_on_the_page() -> None:
    from simulator.world.lab.planted import mutant_names

    assert re.findall(r"^\| `([a-z-]+)` \| \d+ \| ", PAGE, re.MULTILINE) == mutant_names()
