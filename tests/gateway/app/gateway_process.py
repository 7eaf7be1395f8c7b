"""A real `esl serve` for tests: start it, talk to it, end it, and look at what is left of it."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

QUICK = ("--workers", "1", "--log-level", "warning")
STARTS_WITHIN_S = 60
ENDS_WITHIN_S = 30


class GatewayProcess:
    """`mqtt`: None takes what the options say."""

    def __init__(self, data: Path, *options: str, ports: Sequence[str] = ("--http", "127.0.0.1:0")) -> None:
        self.data = data
        command = [sys.executable, "-m", "gateway.cli", "serve", "--data", str(data), *ports, *QUICK, *options]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, start_new_session=True
        )

    @property
    def endpoint(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.data / "endpoint.json").read_text())
        return found

    @property
    def admin_token(self) -> str:
        return (self.data / "admin.token").read_text().strip()

    def until_ready(self) -> "GatewayProcess":
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("ready: "), f"{line!r}; {self.process.communicate(timeout=ENDS_WITHIN_S)}"
        return self

    def admin(self, method: str, path: str, body: object = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.admin_token}"}
        return httpx.request(method, self.endpoint["http"] + path, json=body, headers=headers, timeout=30)

    def ended(self) -> tuple[int, str]:
        """Exit status and what it said on standard error."""
        _, words = self.process.communicate(timeout=ENDS_WITHIN_S)
        return self.process.returncode, words

    def family(self) -> set[int]:
        """Every living process that it started: they share its session, or the broker's path names its folder."""
        found = set()
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rsplit(")", 1)[1].split()
                command = (stat.parent / "cmdline").read_bytes()
            except (FileNotFoundError, ProcessLookupError):
                continue
            is_ours = int(fields[3]) == self.process.pid or str(self.data).encode() in command
            if is_ours and fields[0] != "Z":
                found.add(int(stat.parent.name))
        return found

    def gone(self) -> bool:
        """Within some seconds no process of the family lives."""
        deadline = time.monotonic() + 10
        while self.family():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True


@contextmanager
def gateway(data: Path, *options: str, mqtt: str | None = "127.0.0.1:0") -> Iterator[GatewayProcess]:
    """Ready, and killed at the end if the test has not ended it."""
    one = GatewayProcess(data, *options, *(("--mqtt", mqtt) if mqtt else ()))
    try:
        yield one.until_ready()
    finally:
        if one.process.poll() is None:
            one.process.kill()
        one.process.communicate()


def refused(data: Path, *options: str) -> tuple[int, str]:
    """The status and the words of a gateway that does not start."""
    ports = () if "--http" in options else ("--http", "127.0.0.1:0", "--mqtt", "127.0.0.1:0")
    return GatewayProcess(data, *options, ports=ports).ended()


def is_one_line(words: str) -> bool:
    return words.startswith("esl: ") and words.count("\n") == 1


def as_nobody() -> bool:
    """Whether file permissions bind us."""
    return os.geteuid() != 0
