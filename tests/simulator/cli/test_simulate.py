"""`esl simulate`, as a process beside a real gateway, and its one-line refusals."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from firmware_protocol import PANELS

ESL = [sys.executable, "-m", "gateway.cli"]
ROOT = Path(__file__).parents[3]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200", "NO_COLOR": "1"}


def esl(*words: str) -> "subprocess.Popen[str]":
    pipe = subprocess.PIPE
    return subprocess.Popen([*ESL, *words], env=ENVIRONMENT, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def one(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*ESL, *words], env=ENVIRONMENT, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a running gateway with a store."""
    folder = tmp_path_factory.mktemp("gateway")
    serving = esl("serve", "--data", str(folder), "--http", "127.0.0.1:0", "--mqtt", "127.0.0.1:0")
    try:
        assert serving.stdout is not None
        assert "ready" in serving.stdout.readline()
        assert one("store", "add", "corner", "--data", str(folder)).returncode == 0
        yield folder
    finally:
        serving.send_signal(signal.SIGTERM)
        serving.communicate(timeout=30)


def lines_until(running: "subprocess.Popen[str]", **wanted: object) -> dict[str, Any]:
    """Read until a line says all of these."""
    assert running.stdout is not None
    for text in running.stdout:
        line: dict[str, Any] = json.loads(text)
        if all(line.get(name) == value for name, value in wanted.items()):
            return line
    raise AssertionError(f"it ended without {wanted}: {running.stderr.read() if running.stderr else ''}")


@pytest.mark.parametrize("carrier", ["mqtt", "serial"])
def test_a_fleet_registers_itself_is_commissioned_and_leaves_its_pictures(
    carrier: str, data: Path, tmp_path: Path
) -> None:
    fleet = ["simulate", "--data", str(data), "--store", "corner", "--tags", "6", "--seed", str(len(carrier))]
    fleet += ["--panels", "2.13-bw,2.9-bwr", "--speed", "30", "--contact", "20", "--strangers", "1", "--json"]
    fleet += ["--floor", "corner-shop"] if carrier == "mqtt" else []
    fleet += ["--carrier", carrier, "--state", str(tmp_path / "state"), "--dump", str(tmp_path / "dump")]
    running = esl(*fleet)
    try:
        assert lines_until(running, event="ready")["remembered"] == 0
        assert lines_until(running, event="status", commissioned=6)["bridgesUp"] == 1
        assert (data / "serial" / "bridge-1").is_symlink() is (carrier == "serial")
        running.send_signal(signal.SIGTERM)
        assert lines_until(running, event="stopped")["pictures"] == 7
        assert running.wait(20) == 0
    finally:
        running.kill()
        running.communicate()
    told = json.loads((tmp_path / "dump" / "fleet.json").read_text())
    for tag in told["tags"]:
        (display,) = tag["displays"]
        picture = Image.open(tmp_path / "dump" / f"{display['display']}.png")
        assert picture.size == PANELS[display["panel"]].label_px

    again = esl(*fleet, "--control")
    try:
        assert again.stdin is not None
        ready = lines_until(again, event="ready")
        assert (ready["remembered"], ready["commissioned"]) == (7, 6)
        again.stdin.write('{"do": "kill", "tags": 2}\n{"do": "dance"}\n')
        again.stdin.flush()
        assert len(lines_until(again, event="done", do="kill")["tags"]) == 2
        assert "dump" in lines_until(again, event="refused")["reason"]
        assert lines_until(again, event="status", alive=4)["faults"] == {"tag_dead": 2}
        again.stdin.close()  # whoever held it is gone
        lines_until(again, event="stopped")
        assert again.wait(20) == 0
    finally:
        again.kill()
        again.wait()


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (["--data", "{empty}"], 1, "esl serve --data"),
        (["--server", "http://127.0.0.1:9"], 1, "ESL_TOKEN"),
        (["--data", "{data}", "--store", "nowhere"], 1, "nowhere"),
        (["--data", "{data}", "--panels", "3.7-bw"], 2, "no panel is called '3.7-bw'"),
        (["--data", "{data}", "--floor", "{data}/no-shop.toml"], 1, "no-shop.toml"),
    ],
    ids=["no gateway", "no token", "no store", "no panel", "no floor"],
)
def test_what_cannot_be_is_one_line_and_a_status(
    words: list[str], status: int, says: str, data: Path, tmp_path: Path
) -> None:
    filled = [word.format(data=data, empty=tmp_path) for word in words]
    store = [] if "--store" in filled else ["--store", "corner"]
    done = one("simulate", *filled, *store)
    assert done.returncode == status
    assert done.stderr.startswith("esl: ")
    assert done.stderr.count("\n") == 1
    assert says in done.stderr
