"""`esl world run`, `replay`, `shrink`, `scenarios`, as they are typed."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200", "NO_COLOR": "1"}
QUIET_HOUR = """
name = "quiet-hour"
version = 1
about = "Three labels, two changes, one reboot."
[shop]
tags = 3
bridges = 1
products = 3
[time]
hours = 0.5
[troubles]
"pos.update" = 2
"tag.reboot" = 1
"""


def world(*words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "gateway.cli", "world", *words]
    return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=120, check=False)


def test_a_run_is_one_object_whose_hashes_a_replay_repeats(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(QUIET_HOUR)
    done = world("run", "--scenario", str(mine), "--seeds", "2", "--first", "5", "--jobs", "1", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["violations"] == 0
    assert found["seeds"] == [5, 6]
    assert set(found["coverage"]) == {"tag.reboot"}
    trace = tmp_path / "trace.txt"
    again = world("replay", "5", "--scenario", str(mine), "--trace", str(trace), "--json")
    assert json.loads(again.stdout)["trace_hash"] == found["trace_hashes"]["5"]
    assert "down/corner-shop/bridge-1" in trace.read_text()


def test_a_certificate_has_each_seed_by_itself_and_fails_for_cells_that_were_hit_too_rarely(tmp_path: Path) -> None:
    mine, kept = tmp_path / "mine.toml", tmp_path / "certificate"
    mine.write_text(QUIET_HOUR)
    options = ("--seeds", "2", "--first", "5", "--jobs", "1", "--certificate", str(kept), "--json")
    done = world("run", "--scenario", str(mine), *options)
    assert done.returncode == 1, done.stderr
    lines = [json.loads(line) for line in (kept / "seeds.jsonl").read_text().splitlines()]
    assert [(one["seed"], one["violations"]) for one in lines] == [(5, []), (6, [])]
    assert {str(one["seed"]): one["trace_hash"] for one in lines} == json.loads(done.stdout)["trace_hashes"]


def test_a_replay_tells_what_happened_and_a_sound_seed_is_nothing_to_shrink(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(QUIET_HOUR)
    told = world("replay", "1", "--scenario", str(mine))
    assert told.returncode == 0, told.stderr
    assert "everything is healed" in told.stdout
    refused = world("shrink", "1", "--scenario", str(mine))
    assert refused.returncode == 1
    assert refused.stderr == "esl: seed 1 of quiet-hour breaks no promise\n"


def test_what_ships_is_listed_and_what_does_not_is_refused_in_one_line() -> None:
    assert "worst-week" in world("scenarios").stdout
    refused = world("run", "--scenario", "best-week")
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert "worst-week" in refused.stderr
