"""An event loop on virtual time: when every task waits, the clock is moved to the next timer.

In: a coroutine function that takes the clock. Out: what it returns, in as little real time as its work takes.
Rule: nothing outside the loop may wake it. Threads and sockets are refused, because virtual time would run past them.
Why: docs/simulator.md, "Virtual time".
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Generator, Mapping
from datetime import datetime
from typing import Any, TypeVar, TypeVarTuple
from weakref import WeakValueDictionary

from simulator.clock import VirtualClock

# All requests of a large shop's morning may come at one instant: some hundred turns each, and room above that.
TURNS_AN_INSTANT_MAX = 2_000_000
INSTANT_S = 0.001  # steps below this are no progress

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class NothingLeftToWaitFor(RuntimeError):
    """Every task waits and no timer runs: on a real loop this program would hang for ever."""


class NotInVirtualTime(RuntimeError):
    """Somebody asked for a thread or a socket. Hand in an inline executor, a simulated carrier."""


class TimeStandsStill(RuntimeError):
    """Somebody is always awake, and nobody waits for a later instant: on a real loop this program would spin."""


class _IdleSelector(selectors.BaseSelector):
    """Answers "nothing arrived" and moves the time on to the next timer, which is what it was told to wait for."""

    def __init__(self, next_instant: Callable[[], float]) -> None:
        self.now_s = self._since_s = 0.0
        self._turns = 0
        self._next_instant = next_instant
        self._own: dict[int, selectors.SelectorKey] = {}

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise NothingLeftToWaitFor("every task waits, and no timer runs")
        if timeout > 0:
            # To the very instant, not to a sum that rounds: else what else runs before would move this by a last bit.
            self.now_s = self._next_instant()
        self._turns += 1
        if self.now_s > self._since_s + INSTANT_S:
            self._since_s, self._turns = self.now_s, 0
        elif self._turns > TURNS_AN_INSTANT_MAX:
            self._turns = 0  # whoever cleans up has as many again
            raise TimeStandsStill(f"{TURNS_AN_INSTANT_MAX} turns of the loop, and it is still {self.now_s:.3f} s")
        return []

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        if self._own:
            raise NotInVirtualTime("a socket or file cannot wake a loop on virtual time")
        fd = fileobj if isinstance(fileobj, int) else fileobj.fileno()
        self._own[fd] = selectors.SelectorKey(fileobj, fd, events, data)  # the loop's own wake-up pipe
        return self._own[fd]

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._own.pop(fileobj if isinstance(fileobj, int) else fileobj.fileno())

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._own

    def close(self) -> None:
        self._own.clear()


class VirtualLoop(asyncio.SelectorEventLoop):
    """Time stands still while anything runs, and jumps to the next timer when nothing does."""

    def __init__(self) -> None:
        self._idle = _IdleSelector(self._next_instant)
        self._births = 0
        self._living: WeakValueDictionary[int, asyncio.Task[Any]] = WeakValueDictionary()
        super().__init__(self._idle)
        self.set_task_factory(self._bear)

    def time(self) -> float:
        return self._idle.now_s

    def work_for(self, seconds: float) -> None:
        """What runs now takes the machine so long: for tests of what lags behind."""
        self._idle.now_s += seconds

    def _next_instant(self) -> float:
        timers: list[asyncio.TimerHandle] = getattr(self, "_scheduled")  # noqa: B009  # asyncio tells it to nobody
        return timers[0].when()

    def stall(self, seconds: float) -> None:
        """Let time pass in which nothing else runs: the process waits for a slow disk, or was given no processor."""
        self._idle.now_s += seconds

    def run_in_executor(self, executor: Any, func: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        raise NotInVirtualTime(f"{func!r} wants a thread: virtual time would run past it")

    def tasks_by_birth(self) -> list[asyncio.Task[Any]]:
        """Every unfinished task, the oldest first: an order that does not hang on addresses, as `all_tasks` does."""
        return [task for task in self._living.values() if not task.done()]

    def _bear(
        self,
        loop: asyncio.AbstractEventLoop,
        coro: Coroutine[Any, Any, Any] | Generator[Any, None, Any],
        **kwargs: Any,
    ) -> asyncio.Task[Any]:
        self._births += 1
        task: asyncio.Task[Any] = asyncio.Task(coro, loop=loop, **kwargs)
        self._living[self._births] = task
        return task


def run(main: Callable[[VirtualClock], Coroutine[Any, Any, T]], *, start_utc: datetime) -> T:
    """Run `main` on a loop of its own until it returns; what it left running is cancelled, the oldest first."""
    loop = VirtualLoop()
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(main(VirtualClock(loop, start_utc)))
    finally:
        try:
            _cancel_all(loop)
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            asyncio.set_event_loop(None)
            loop.close()


def _cancel_all(loop: VirtualLoop) -> None:
    left = loop.tasks_by_birth()
    for task in left:
        task.cancel()
    if left:
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    for task in left:
        if not task.cancelled() and (error := task.exception()) is not None:
            loop.call_exception_handler({"message": "a task died while it was cancelled", "exception": error})
