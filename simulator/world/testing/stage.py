"""A thread in which a shop lives on virtual time, and which moves only while somebody asks it for something.

In: what lives there, work to do there. Out: what the work gives. Rule: between two works time stands still, so that a
test sees the same shop however long its own code takes; works are done one after the other, in the order of asking.
"""

import queue
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Generic, TypeVar

from simulator.clock import VirtualClock
from simulator.virtual_time import run

T = TypeVar("T")
Lives = TypeVar("Lives")
Work = Callable[[], Awaitable[Any]]


class StageLeft(RuntimeError):
    """The shop is closed, or has died. The cause is attached."""


class Stage(Generic[Lives]):
    """`open` makes what lives there, on virtual time; `cast` is it."""

    def __init__(
        self, open_: Callable[[VirtualClock], AbstractAsyncContextManager[Lives]], *, start_utc: datetime
    ) -> None:
        self._open = open_
        self._start_utc = start_utc
        self._works: queue.SimpleQueue[tuple[Work, Future[Any]] | None] = queue.SimpleQueue()
        self._opened: Future[Lives] = Future()
        self._is_left = threading.Event()
        self._why: BaseException | None = None
        self._thread = threading.Thread(target=self._live, name="esl-shop", daemon=True)

    def __enter__(self) -> "Stage[Lives]":
        self._thread.start()
        try:
            self._opened.result()
        except BaseException:
            self._thread.join()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._works.put(None)
        self._thread.join()
        if self._why is not None:
            raise StageLeft("the shop did not end well") from self._why

    @property
    def cast(self) -> Lives:
        return self._opened.result()

    def is_here(self) -> bool:
        """Whether whoever asks is on the stage: then it awaits, instead of asking the thread that it is itself."""
        return threading.current_thread() is self._thread

    def submit(self, work: Callable[[], Awaitable[T]]) -> "Future[T]":
        """Have it done there. Raises `StageLeft`."""
        if self._is_left.is_set():
            raise StageLeft("the shop is closed") from self._why
        future: Future[T] = Future()
        self._works.put((work, future))
        return future

    def do(self, work: Callable[[], Awaitable[T]]) -> T:
        """Have it done there, and wait for it. Raises what it raises."""
        if self.is_here():
            raise RuntimeError(
                "within `shop.run(...)` only await: asyncio.sleep, the async client. Ask the shop after it"
            )
        return self.submit(work).result()

    def _live(self) -> None:
        try:
            run(self._main, start_utc=self._start_utc)
        except BaseException as error:
            if self._opened.done():
                self._why = error
            else:
                self._opened.set_exception(error)
        finally:
            self._is_left.set()
            self._refuse_the_rest()

    async def _main(self, clock: VirtualClock) -> None:
        async with self._open(clock) as cast:
            self._opened.set_result(cast)
            # This blocks the loop on purpose: nothing happens in the shop until somebody asks.
            while (asked := self._works.get()) is not None:
                work, future = asked
                try:
                    given = await work()
                except BaseException as error:
                    future.set_exception(error)
                    if not isinstance(error, Exception):
                        raise
                else:
                    future.set_result(given)

    def _refuse_the_rest(self) -> None:
        while not self._works.empty():
            asked = self._works.get()
            if asked is not None:
                asked[1].set_exception(StageLeft("the shop is closed"))
