"""One heap of instants for everything that waits in a fleet: contacts, refreshes, timers of bridges.

In: `at(instant, call)`. Out: the calls, in the order of their instants, ties in the order of their making.
Rule: one timer of the loop stands for the whole heap, so that ten thousand waiting tags are no tasks at all.
"""

import asyncio
import heapq
from collections.abc import Callable

from simulator.clock import Clock
from simulator.contact_grid import ContactGrid

# Calls run in one turn of the loop before others get theirs: at 10 us each this is 5 ms.
CALLS_PER_TURN_MAX = 500


_Waiting = tuple[float, int, Callable[[], None]]  # at, order of making, what to call


class Scheduler:
    """Instants are those of `clock.monotonic_s()`, which is the loop's own time."""

    def __init__(self, clock: Clock, *, slack_s: float = 0.0) -> None:
        """`slack_s`: how late a call may come, so that others fall due meanwhile: a turn costs more than most calls."""
        self.clock = clock
        self._slack_s = slack_s
        self.now_s = clock.monotonic_s()  # the instant at which the call that runs now was due
        self.grid = ContactGrid()  # what needs no call: the contacts of tags that rest
        self._loop = asyncio.get_running_loop()
        self._heap: list[_Waiting] = []
        self.calls = 0  # so far
        self._made = 0
        self._timer: asyncio.TimerHandle | None = None
        self._running = False
        self._stopped = False
        self._at_end: list[Callable[[], None]] = []

    def at(self, at_s: float, call: Callable[[], None]) -> None:
        """Call at this instant, or as soon as possible when it has passed. There is no taking back: let `call` look."""
        self._made += 1
        heapq.heappush(self._heap, (at_s, self._made, call))
        if not self._running and (self._timer is None or at_s + self._slack_s < self._timer.when()):
            self._set_timer()

    def now(self) -> float:
        """The instant at which whoever asks lives: that of the call that runs, else the clock's."""
        return self.now_s if self._running else self.clock.monotonic_s()

    def after(self, seconds: float, call: Callable[[], None]) -> None:
        self.at(self.clock.monotonic_s() + seconds, call)

    def on_the_clock(self, seconds: float, call: Callable[[], None]) -> asyncio.TimerHandle:
        """Call when so much of the clock's time has passed, however far the other calls lag; can be taken back."""
        return self._loop.call_later(seconds, lambda: None if self._stopped else call())

    def soon(self, call: Callable[[], None]) -> None:
        """Call in the loop's next turn, at the same instant: when everything due now has been done."""
        if not self._stopped:
            self._loop.call_soon(call)

    def at_end_of_turn(self, call: Callable[[], None]) -> None:
        """Call after every turn that called something, before whatever that turn put off by `soon`."""
        self._at_end.append(call)

    def stop(self) -> None:
        """Nothing is called any more."""
        self._stopped = True
        self._heap.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._heap and not self._stopped:
            self._timer = self._loop.call_at(self._heap[0][0] + self._slack_s, self._run)
        else:
            self._timer = None

    def _run(self) -> None:
        self._timer = None
        self._running = True
        heap = self._heap
        now_s = self.clock.monotonic_s()
        try:
            for _ in range(CALLS_PER_TURN_MAX):
                if not heap or heap[0][0] > now_s:
                    break
                at_s, _, call = heapq.heappop(heap)
                # Each call lives at its own instant, not at the one when this machine got round to it: else a radio
                # that serves one tag at a time would serve one a turn, however fast the fleet's time runs.
                self.now_s = max(self.now_s, at_s)
                self.calls += 1
                call()
            for at_end in self._at_end:
                at_end()
        finally:
            self._running = False
            self._set_timer()
