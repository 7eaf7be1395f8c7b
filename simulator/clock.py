"""The simulator's clocks: the machine's own, and one that runs on virtual time and whose UTC may jump.

In: the running loop. Out: `Clock`, of the same shape as the gateway's, so that either side takes either clock.
Rule: monotonic time is the loop's time, so timers and clock never disagree.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Monotonic time for waiting, and UTC for facts. UTC may jump; monotonic never does."""

    def monotonic_s(self) -> float: ...

    def now(self) -> datetime: ...

    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The clock of the machine and of the running loop."""

    def monotonic_s(self) -> float:
        return asyncio.get_running_loop().time()

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class VirtualClock:
    """UTC = `start_utc` + the time the loop has run + every jump so far."""

    def __init__(self, loop: asyncio.AbstractEventLoop, start_utc: datetime) -> None:
        self._loop = loop
        self._utc_at_zero = start_utc - timedelta(seconds=loop.time())
        self._latest = start_utc

    def monotonic_s(self) -> float:
        return self._loop.time()

    def now(self) -> datetime:
        return self._utc_at_zero + timedelta(seconds=self._loop.time())

    def latest(self) -> datetime:
        """The latest UTC there has been: where a clock was turned back, what had expired by then stays expired."""
        return max(self._latest, self.now())

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def jump(self, seconds: float) -> None:
        """Set UTC forward or back, as a time server or a person does; nothing that waits notices."""
        self._latest = self.latest()
        self._utc_at_zero += timedelta(seconds=seconds)
