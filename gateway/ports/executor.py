"""Where heavy pure work runs: in worker processes in the shop, inline on the loop in the virtual world."""

from collections.abc import Callable
from typing import Protocol, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Executor(Protocol):
    """Runs a picklable, top-level function and gives its result; a dead worker raises `WorkerDied`."""

    async def run(self, work: Callable[[*Ts], T], *args: *Ts) -> T: ...


class WorkerDied(RuntimeError):
    """A worker process left before it answered. Run the same work again; nothing was written."""


class InlineExecutor:
    """Runs the work at once on the calling loop, so that virtual time never waits for a thread."""

    async def run(self, work: Callable[[*Ts], T], *args: *Ts) -> T:
        return work(*args)
