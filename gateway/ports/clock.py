"""The one place where real time is read and waited for.

In: nothing. Out: `Clock`, `SystemClock`, and the millisecond form in which tables keep instants.
Rule: everything else takes a `Clock`, so that any run can be replayed on virtual time. Why: docs/architecture.md.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Protocol

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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


def to_ms(instant: datetime) -> int:
    """Milliseconds since the Unix epoch, the form in which every table keeps an instant."""
    return (instant - _EPOCH) // timedelta(milliseconds=1)


def from_ms(milliseconds: int) -> datetime:
    """The instant, in UTC, of a number written by `to_ms`."""
    return _EPOCH + timedelta(milliseconds=milliseconds)
