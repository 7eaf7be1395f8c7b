"""Where works run: on threads of their own in the shop, inline on the loop in the virtual world.

In: works from the loop. Out: what they returned, back on the loop.
Rule: a caller is answered only after COMMIT. A caller that was cancelled meanwhile does not know whether its write
happened; nobody tells it. Both kinds give the loop a turn before and after, so both interleave alike.
"""

import asyncio
import queue
import threading
from collections.abc import Callable, Generator
from pathlib import Path
from types import coroutine
from typing import Protocol, TypeVar

from sqlalchemy import Connection

from gateway.database.errors import Crashed, by_meaning
from gateway.database.group import Outcome, Work, commit_group
from gateway.database.limits import GROUP_WRITES_MAX

T = TypeVar("T")
RunGroup = Callable[[list[Work]], list[Outcome]]


class Lane(Protocol):
    """Runs works in the order in which they came."""

    async def run(self, work: Work) -> object: ...

    async def close(self) -> None: ...


class Life:
    """Whether this instance still lives; asked at every door."""

    def __init__(self) -> None:
        self.ended: str | None = None

    def ensure(self) -> None:
        if self.ended is not None:
            raise Crashed(self.ended)


def write_groups(connection: Connection, path: Path, life: Life) -> RunGroup:
    return lambda works: commit_group(connection, works, path, life.ensure)


def read_each(connection: Connection, path: Path, life: Life) -> RunGroup:
    """Each read in a transaction of its own: one moment of the database, the newest."""

    def read_one(work: Work) -> Outcome:
        try:
            life.ensure()
            with connection.begin():
                return Outcome(work(connection))
        except Exception as error:
            return Outcome(error=by_meaning(error, path))

    return lambda works: [read_one(work) for work in works]


class InlineLane:
    """Everything on the loop's own thread, one work a group: what virtual time needs."""

    def __init__(self, run_group: RunGroup, life: Life) -> None:
        self._run_group = run_group
        self._life = life

    async def run(self, work: Work) -> object:
        await _a_turn_of_the_loop()
        (outcome,) = self._run_group([work])
        await _a_turn_of_the_loop()
        self._life.ensure()
        if outcome.error is not None:
            raise outcome.error
        return outcome.value

    async def close(self) -> None: ...


class ThreadLane:
    """One queue, served by one thread for each `RunGroup`; what waits together is run together."""

    def __init__(self, name: str, run_groups: list[RunGroup], life: Life, group_max: int = GROUP_WRITES_MAX) -> None:
        self._waiting: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._life = life
        self._group_max = group_max
        self._closed = False
        self._threads = [
            threading.Thread(target=self._serve, args=(run_group,), name=f"{name}-{number}", daemon=True)
            for number, run_group in enumerate(run_groups)
        ]
        for thread in self._threads:
            thread.start()

    async def run(self, work: Work) -> object:
        self._life.ensure()
        if self._closed:
            raise Crashed("the database is being closed")
        loop = asyncio.get_running_loop()
        job = _Job(work, loop, loop.create_future())
        self._waiting.put(job)
        value = await job.answer
        self._life.ensure()
        return value

    async def close(self) -> None:
        """Returns when everything that waited has been answered."""
        self._closed = True
        for _ in self._threads:
            self._waiting.put(None)
        loop = asyncio.get_running_loop()
        for thread in self._threads:
            await loop.run_in_executor(None, thread.join)

    def _serve(self, run_group: RunGroup) -> None:
        ending = False
        while not ending:
            jobs, ending = self._next_group()
            if jobs:
                _answer(jobs, self._outcomes(jobs, run_group))

    def _outcomes(self, jobs: list["_Job"], run_group: RunGroup) -> list[Outcome]:
        try:
            return run_group([job.work for job in jobs])
        except Exception as error:  # not even a rollback went through; a thread that ended here would answer nobody
            return [Outcome(error=error) for _ in jobs]

    def _next_group(self) -> tuple[list["_Job"], bool]:
        """The jobs that wait now, at least one; and whether the end was among them."""
        job = self._waiting.get()
        jobs: list[_Job] = []
        while job is not None:
            jobs.append(job)
            if len(jobs) == self._group_max:
                return jobs, False
            try:
                job = self._waiting.get_nowait()
            except queue.Empty:
                return jobs, False
        return jobs, True


class _Job:
    __slots__ = ("answer", "loop", "work")

    def __init__(self, work: Work, loop: asyncio.AbstractEventLoop, answer: "asyncio.Future[object]") -> None:
        self.work = work
        self.loop = loop
        self.answer = answer


def _answer(jobs: list[_Job], outcomes: list[Outcome]) -> None:
    """Tell each loop once what became of all its jobs: waking a loop costs more than a small write."""
    loops = list(dict.fromkeys(job.loop for job in jobs))
    for loop in loops:
        settled = [(job, outcome) for job, outcome in zip(jobs, outcomes, strict=True) if job.loop is loop]
        if not loop.is_closed():
            loop.call_soon_threadsafe(_settle, settled)


def _settle(settled: list[tuple[_Job, Outcome]]) -> None:
    for job, outcome in settled:
        if job.answer.done():  # its caller was cancelled
            continue
        if outcome.error is not None:
            job.answer.set_exception(outcome.error)
        else:
            job.answer.set_result(outcome.value)


@coroutine
def _a_turn_of_the_loop() -> Generator[None, None, None]:
    yield
