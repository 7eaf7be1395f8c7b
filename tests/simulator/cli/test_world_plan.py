"""`esl world plan`, as it is typed."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200", "NO_COLOR": "1"}
SHOP = ["--floor", "corner-shop", "--tags", "80", "--changes-per-day", "40", "--panel", "2.13-bw"]


def world_plan(*words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "gateway.cli", "world", "plan", *words]
    return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=120, check=False)


def test_a_plan_is_told_in_words_and_as_one_object() -> None:
    told = world_plan(*SHOP)
    assert told.returncode == 0, told.stderr
    for line in ("bridges", "schedule", "signal", "full update", "one change", "cells", "air"):
        assert f"\n{line} " in told.stdout
    found = json.loads(world_plan(*SHOP, "--json").stdout)
    assert found["bridges"] == 1
    assert found["schedule"]["profile"] == "poll"
    for name in ("fullUpdateMinutes", "changeSeconds95", "batteryYears"):
        assert {"simulated", "formula", "goal"} <= set(found[name]), name


def test_a_floor_of_ones_own_is_read_and_a_wrong_one_refused_in_one_line(tmp_path: Path) -> None:
    own = tmp_path / "shop.toml"
    own.write_text((ROOT / "simulator" / "radio" / "floors" / "corner-shop.toml").read_text())
    assert world_plan("--floor", str(own), *SHOP[2:], "--as-drawn").returncode == 0
    own.write_text(own.read_text().replace('"metal"', '"wood"'))
    refused = world_plan("--floor", str(own), *SHOP[2:])
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert "kind is 'wood'" in refused.stderr
    assert "no panel is called '9-bw'" in world_plan(*SHOP[:-1], "9-bw").stderr
