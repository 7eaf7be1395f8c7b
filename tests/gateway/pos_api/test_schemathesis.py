"""Schemathesis against the real server: it reads the document, sends what it allows and what it forbids, and finds
nothing. ESL_TEST_LONG=1 sends ten times as much."""

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
EXAMPLES_PER_OPERATION = 700 if IS_LONG else 12
SEED = 20250703


def test_schemathesis_finds_nothing(start_gateway: Callable[..., Any], tmp_path: Path) -> None:
    gateway = start_gateway(speed=400)  # sessions that nobody completes expire, or 16 of them would be the end
    _, token = gateway.open_store()
    run = subprocess.run(
        [
            str(Path(sys.executable).parent / "st"),
            f"--config-file={HERE / 'schemathesis.toml'}",
            "run",
            f"{gateway.url}/openapi.json",
            f"--header=Authorization: Bearer {token}",
            f"--max-examples={EXAMPLES_PER_OPERATION}",
            f"--seed={SEED}",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    print(run.stdout)
    assert run.returncode == 0, f"seed {SEED}\n{run.stdout}\n{run.stderr}"
    generated = re.search(r"(\d+) generated, (\d+) passed", run.stdout)
    assert generated is not None, run.stdout
    assert int(generated[2]) == int(generated[1]) >= CASES_MIN
    followed = {(method, re.sub("/batch/[^/]{16,}/", "/batch/*/", path), code) for method, path, code in gateway.seen}
    for step in (
        ("POST", "/batch/start", 200),
        ("POST", "/batch/push", 200),
        ("POST", "/batch/complete", 200),
        ("GET", "/batch/*/status", 200),
    ):
        assert step in followed, f"the links never led to {step}"
