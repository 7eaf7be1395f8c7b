"""The benchmark of the whole pipeline still runs, at a size that says nothing about speed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory and processor time are read from /proc")
def test_the_pipeline_benchmark_proves_each_display_and_tells_its_ratio() -> None:
    """It fails by itself unless every display is confirmed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ESL_")}
    command = [sys.executable, "-m", "benchmarks.pipeline", "--rows", "60", "--displays", "12", "--runs", "1", "--json"]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False)

    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout.splitlines()[-1])
    assert (found["rows"], found["displays"]) == (60, 12)
    assert found["ratio_to_floor"] > 0
    assert found["rows_per_second"] > 0
    assert set(found["floor_stage_seconds"]) == {"rows", "draw", "carry"}
    assert all(found["peak_memory_mb"][role] > 0 for role in ("gateway", "workers", "broker", "fleet"))
