"""The benchmark of the wire still runs, at a size that says nothing about speed."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_wires_benchmark_fills_each_line_and_tells_its_limit() -> None:
    command = [sys.executable, "-m", "benchmarks.wire", "--seconds", "1", "--tags", "20", "--json"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)

    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout.splitlines()[-1])
    assert list(found["links"]) == ["115200", "230400", "460800", "921600", "1000000", "2000000"]
    assert 0 < found["worst_link_of_limit"] < 1
    assert all(line["reports_heard"] > 0 for line in found["links"].values())
    assert 0 < found["radio"]["poll"]["of_limit"] < 1
    assert 0 < found["price_change_bytes_of_deflated"] < 1 / 3
    assert found["reports_opened_per_second"] > 0
