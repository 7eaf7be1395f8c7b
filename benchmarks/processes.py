"""What a tree of processes costs: processor seconds and peak memory, as Linux counts them.

In: a process id. Out: one `Cost` for each process that lives. Elsewhere than on Linux there is nothing to read.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Cost:
    """`peak_mb`: the most that was resident at once, since the process began."""

    process_id: int
    command: str
    cpu_s: float
    peak_mb: float


def costs(process_id: int) -> list[Cost]:
    """Of the process, first, and of all its descendants."""
    return [cost for one in _tree(process_id) if (cost := _cost(one)) is not None]


def _tree(process_id: int) -> Iterator[int]:
    yield process_id
    for task in (_PROC / str(process_id) / "task").glob("*/children"):
        for child in _read(task).split():
            yield from _tree(int(child))


def _cost(process_id: int) -> Cost | None:
    folder = _PROC / str(process_id)
    command = _read(folder / "cmdline").replace("\0", " ").strip()
    fields = _read(folder / "stat").rpartition(")")[2].split()
    lines = dict(line.split(":", 1) for line in _read(folder / "status").splitlines() if ":" in line)
    if not command or len(fields) < 13 or "VmHWM" not in lines:
        return None
    ticks = int(fields[11]) + int(fields[12])  # utime and stime, counted behind the name
    return Cost(process_id, command, ticks / _TICKS_A_SECOND, int(lines["VmHWM"].split()[0]) / 1024)


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:  # it has ended meanwhile
        return ""
