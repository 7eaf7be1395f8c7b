"""The benchmark of a shop's day still runs, at a size that says nothing about speed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processor time is read as Linux counts it")
def test_the_days_benchmark_proves_every_change_and_tells_its_cost() -> None:
    command = [sys.executable, "-m", "benchmarks.day", "--tags", "20", "--changes", "40", "--hours", "2", "--json"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)

    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout.splitlines()[-1])
    assert found["morning"] == "completed, 20 of 20 confirmed"
    assert (found["unproved_at_the_end"], found["false_proofs"]) == (0, 0)
    assert found["proofs"] >= 20
    assert found["contacts"] > 0
    assert found["cpu_seconds"] > 0
