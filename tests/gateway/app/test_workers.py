import asyncio
import os
from collections.abc import Awaitable, Callable

import pytest

from gateway.app.workers import WorkerPool
from gateway.ports import WorkerDied


def warm() -> None:
    os.environ["WORKER_IS_WARM"] = "yes"


def tell(story: Callable[[WorkerPool], Awaitable[None]], workers: int = 1) -> None:
    async def run() -> None:
        pool = WorkerPool(workers, warm)
        pool.start()
        try:
            async with asyncio.timeout(30):
                await story(pool)
        finally:
            pool.stop()

    asyncio.run(run())


def test_work_runs_in_another_process_that_was_warmed_up() -> None:
    async def story(pool: WorkerPool) -> None:
        assert await pool.run(os.getpid) != os.getpid()
        assert await pool.run(os.getenv, "WORKER_IS_WARM") == "yes"

    tell(story)


def test_an_error_of_the_work_comes_back_as_it_is() -> None:
    async def story(pool: WorkerPool) -> None:
        with pytest.raises(ZeroDivisionError):
            await pool.run(divmod, 1, 0)
        assert await pool.run(divmod, 7, 3) == (2, 1)

    tell(story)


def test_a_dead_worker_is_said_and_the_next_work_finds_a_new_pool() -> None:
    async def story(pool: WorkerPool) -> None:
        outcomes = await asyncio.gather(pool.run(os._exit, 3), pool.run(os._exit, 3), return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [WorkerDied, WorkerDied]
        assert await pool.run(pow, 2, 5) == 32
        assert pool.died == 1

    tell(story, workers=2)


def test_all_workers_are_there_from_the_start() -> None:
    async def story(pool: WorkerPool) -> None:
        assert len(pool.process_ids()) == 2

    tell(story, workers=2)
