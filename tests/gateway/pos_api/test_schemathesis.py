"""Schemathesis against the real server: it reads the document, sends what it allows and what it forbids, and finds
nothing. At CI size one run of all phases; with ESL_TEST_LONG=1 further fuzzing and stateful runs, each from a seed of
its own (the coverage phase sends the same each time, so it is not counted twice)."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
IS_LONG = bool(os.environ.get("ESL_TEST_LONG"))
CASES_MIN = 10_000 if IS_LONG else 1_000
SEED = 20250703
FURTHER_SEEDS = range(SEED + 1, SEED + 5) if IS_LONG else ()
STEPS = (
    ("POST", "/batch/start", 200),
    ("POST", "/batch/push", 200),
    ("POST", "/batch/complete", 200),
    ("GET", "/batch/*/status", 200),
)


def cases_sent(gateway: Any, folder: Path, seed: int, *options: str) -> int:
    """One run that must find nothing: how many cases it sent."""
    _, token = gateway.open_store()
    run = subprocess.run(
        [
            str(Path(sys.executable).parent / "st"),
            f"--config-file={HERE / 'schemathesis.toml'}",
            "run",
            f"{gateway.url}/openapi.json",
            f"--header=Authorization: Bearer {token}",
            f"--seed={seed}",
            *options,
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    print(run.stdout)
    assert run.returncode == 0, f"seed {seed}\n{run.stdout}\n{run.stderr}"
    generated = re.search(r"(\d+) generated, (\d+) passed", run.stdout)
    assert generated is not None, run.stdout
    assert generated[1] == generated[2]
    return int(generated[1])


def test_schemathesis_finds_nothing(start_gateway: Callable[..., Any], tmp_path: Path) -> None:
    gateway = start_gateway(speed=400)  # sessions that nobody completes expire, or 16 of them would be the end
    cases = cases_sent(gateway, tmp_path, SEED, "--max-examples=12")
    for seed in FURTHER_SEEDS:
        cases += cases_sent(gateway, tmp_path, seed, "--phases=fuzzing,stateful", "--max-examples=250")
    print(f"{cases} cases, seeds {SEED} to {SEED + len(FURTHER_SEEDS)}")
    assert cases >= CASES_MIN
    followed = {(method, re.sub("/batch/[^/]{16,}/", "/batch/*/", path), code) for method, path, code in gateway.seen}
    for step in STEPS:
        assert step in followed, f"the links never led to {step}"
