"""Worker processes for pure, heavy work: drawing labels and packing them.

In: a top-level function and its arguments, all picklable. Out: its result, or WorkerDied.
Rule: workers hold nothing and inherit nothing (spawned, not forked), and leave when the gateway is gone, however it
went. A dead worker voids its whole pool; the next work finds a new one.
"""

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from typing import TypeVar, TypeVarTuple

import structlog

from gateway.app.limits import WORKERS_MAX
from gateway.ports import WorkerDied

log = structlog.get_logger("workers")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")


def workers_of_this_machine() -> int:
    return max(1, min(WORKERS_MAX, os.cpu_count() or 1))


class WorkerPool:
    """An Executor. `start` warms it up, so that the first label does not wait for imports."""

    def __init__(self, workers: int, warm: Callable[[], None]) -> None:
        """`warm`: picklable; each worker runs it once, before its first work."""
        self._workers = workers
        self._warm = warm
        self._pool: ProcessPoolExecutor | None = None
        self.died = 0

    def start(self) -> None:
        """Begin to start the workers; comes back at once."""
        self._open_pool()

    def stop(self) -> None:
        """End the workers at once, they hold nothing; what still waits is lost.

        A pool that is shut down while its workers start never ends (seen with CPython 3.11); killed workers end it.
        """
        pool, self._pool = self._pool, None
        if pool is not None:
            for worker in tuple(pool._processes.values()):
                worker.kill()
            pool.shutdown(wait=True, cancel_futures=True)

    async def run(self, work: Callable[[*Ts], T], *args: *Ts) -> T:
        pool = self._pool or self._open_pool()
        try:
            return await asyncio.wrap_future(pool.submit(work, *args))
        except BrokenProcessPool as error:
            self._void(pool)
            raise WorkerDied(str(error)) from error

    def process_ids(self) -> list[int]:
        """Of the workers that live now."""
        return sorted(self._pool._processes or ()) if self._pool is not None else []

    def _void(self, pool: ProcessPoolExecutor) -> None:
        if self._pool is pool:  # the first of the works that were lost together
            self.died += 1
            log.warning("worker_died", died=self.died)
            pool.shutdown(wait=False)
            self._pool = None

    def _open_pool(self) -> ProcessPoolExecutor:
        pool = ProcessPoolExecutor(
            self._workers,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_begin_worker,
            initargs=(self._warm,),
        )
        # A spawned child keeps the mask it was born with: Ctrl-C in the terminal is for the gateway alone.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            for _ in range(self._workers):  # each finds nobody idle yet, and so starts a worker
                pool.submit(_nothing)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        self._pool = pool
        return pool


def _begin_worker(warm: Callable[[], None]) -> None:
    threading.Thread(target=_leave_with_parent, name="leave-with-parent", daemon=True).start()
    warm()


def _leave_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(0)


def _nothing() -> None:
    """The work that starts a pool."""
