"""Real processes: a parent that is killed, and what becomes of its child."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from gateway.app.die_with_parent import command_that_dies_with_us, watched_command

CHILD = ["/bin/sleep", "1000"]
# Starts the child, says its process id, and waits to be killed.
PARENT = """
import subprocess, sys
command, holds_pipe = eval(sys.argv[1])
child = subprocess.Popen(command, stdin=subprocess.PIPE if holds_pipe else subprocess.DEVNULL)
print("started", flush=True)
child.wait()
print(child.returncode, flush=True)
"""


def parent_of(expression: str) -> subprocess.Popen[str]:
    source = "from gateway.app.die_with_parent import *\n" + PARENT
    return subprocess.Popen([sys.executable, "-c", source, expression], stdout=subprocess.PIPE, text=True)


def descendants(process_id: int) -> list[int]:
    """All living processes below this one."""
    found: list[int] = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == process_id and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found + [below for one in found for below in descendants(one)]


def is_sleeper(process_id: int) -> bool:
    try:
        return b"sleep\x001000" in Path(f"/proc/{process_id}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False


def sleepers_of(parent: subprocess.Popen[str]) -> list[int]:
    assert parent.stdout is not None
    assert parent.stdout.readline() == "started\n"
    while True:
        found = [one for one in descendants(parent.pid) if is_sleeper(one)]
        if [one for one in found if Path(f"/proc/{one}/exe").resolve().name in ("sleep", "coreutils", "busybox")]:
            return found


WAYS = [
    pytest.param(f"command_that_dies_with_us({CHILD})", id="the kernel"),
    pytest.param(f"(watched_command({CHILD}), True)", id="a watching parent"),
]
only_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


@only_linux
@pytest.mark.parametrize("expression", WAYS)
def test_a_child_dies_with_a_parent_that_is_killed(expression: str) -> None:
    parent = parent_of(expression)
    sleepers = sleepers_of(parent)
    parent.kill()
    parent.wait()
    gone_within(sleepers)


@only_linux
@pytest.mark.parametrize("expression", WAYS)
def test_a_child_takes_sigterm_and_its_parent_lives_on(expression: str) -> None:
    parent = parent_of(expression)
    sleepers_of(parent)
    (child,) = [one for one in descendants(parent.pid) if one in direct_children(parent.pid)]
    os.kill(child, signal.SIGTERM)
    out, _ = parent.communicate(timeout=10)
    assert int(out) in (-signal.SIGTERM, 128 + signal.SIGTERM)


@only_linux
def test_a_child_that_was_orphaned_before_the_kernel_was_asked_does_not_run() -> None:
    command, _ = command_that_dies_with_us(["/bin/echo", "I run"])
    # The shell that starts it is not the process whose death it was told to follow.
    shell = subprocess.run(["/bin/sh", "-c", _quoted(command) + "; true"], capture_output=True, text=True, check=True)
    assert shell.stdout == ""


def test_the_watching_parent_gives_its_childs_status() -> None:
    command = watched_command(["/bin/sh", "-c", "exit 7"])
    assert subprocess.run(command, stdin=subprocess.PIPE, check=False).returncode in (7, 128 + signal.SIGKILL)


def direct_children(process_id: int) -> list[int]:
    below = descendants(process_id)
    return [one for one in below if one not in [deeper for child in below for deeper in descendants(child)]]


def gone_within(process_ids: list[int]) -> None:
    """A process that stays makes the test run into its time limit, which names it."""
    deadline = os.times().elapsed + 10
    while any(is_sleeper(one) for one in process_ids):
        assert os.times().elapsed < deadline, f"still alive: {process_ids}"


def _quoted(command: Sequence[str]) -> str:
    import shlex

    return shlex.join(command)
