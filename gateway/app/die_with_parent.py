"""Starts a program so that it dies with this process, however this process ends.

Linux: `setpriv --pdeathsig KILL` (the kernel kills it). Elsewhere: a small Python parent (this file, run as a module)
that reads a pipe and kills the program when the pipe closes. Rule: call `command_that_dies_with_us` from the main
thread, since the kernel's signal follows the death of the *thread* that started the program.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence

# `setpriv` asks the kernel after it was started; had we died before that, nobody would tell it. So it looks once more.
_UNLESS_ORPHANED = '[ "$PPID" = "$0" ] && exec "$@"'


def command_that_dies_with_us(command: Sequence[str], *, setpriv: str | None = None) -> tuple[list[str], bool]:
    """The command to run, and whether its standard input must be a pipe that we hold open and never write to."""
    if sys.platform.startswith("linux"):
        setpriv = setpriv or shutil.which("setpriv")
        if setpriv:
            guard = ["/bin/sh", "-c", _UNLESS_ORPHANED, str(os.getpid())]
            return [setpriv, "--pdeathsig", "KILL", *guard, *command], False
    return watched_command(command), True


def watched_command(command: Sequence[str]) -> list[str]:
    return [sys.executable, "-I", os.path.abspath(__file__), *command]  # noqa: PTH100  # -I: no import of ours


def _watch(command: Sequence[str]) -> int:
    """Run the program; pass SIGTERM and SIGHUP on to it; kill it as soon as standard input ends."""
    program = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # our file descriptors close in it
    for passed_on in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(passed_on, lambda number, _: program.send_signal(number))

    def wait_for_the_end() -> None:
        while os.read(0, 1):
            pass
        program.kill()

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    status = program.wait()
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(_watch(sys.argv[1:]))
