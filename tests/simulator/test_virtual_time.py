"""The virtual loop: time passes only when nothing else can, and always in the same way."""

import asyncio
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from simulator import virtual_time
from simulator.clock import VirtualClock
from simulator.virtual_time import NothingLeftToWaitFor, NotInVirtualTime, run

START = datetime(2026, 3, 1, 6, 0, tzinfo=UTC)

TRACED = """
import asyncio
from datetime import UTC, datetime
from simulator.chance import generator
from simulator.virtual_time import run

async def main(clock):
    chance, trace = generator(7, "trace"), []
    async def walker(name):
        try:
            for _ in range(20):
                await clock.sleep(chance.random())
                trace.append(f"{name} {clock.monotonic_s():.9f} {clock.now().isoformat()}")
        finally:
            trace.append(f"{name} leaves")
    tasks = {asyncio.create_task(walker(f"w{n}")) for n in range(12)}
    await clock.sleep(6)
    return tasks, trace

tasks, trace = run(main, start_utc=datetime(2026, 3, 1, tzinfo=UTC))
print("\\n".join(trace))
"""


def test_a_day_of_waiting_takes_no_time_and_the_clock_says_a_day() -> None:
    async def main(clock: VirtualClock) -> tuple[float, datetime]:
        await clock.sleep(86_400)
        return clock.monotonic_s(), clock.now()

    assert run(main, start_utc=START) == (86_400, START + timedelta(days=1))


def test_a_timer_fires_at_its_very_instant_whatever_else_woke_before() -> None:
    instant = 0.1 + 0.7 * 1234.567

    def fires_at(others: list[float]) -> float:
        async def main(clock: VirtualClock) -> float:
            loop, fired = asyncio.get_running_loop(), []
            for other in others:
                loop.call_at(other, lambda: None)
            loop.call_at(instant, lambda: fired.append(clock.monotonic_s()))
            await clock.sleep(1000)
            return fired[0]

        return run(main, start_utc=START)

    assert {fires_at([1 / step, instant / step]) for step in range(2, 60)} == {fires_at([])} == {instant}


def test_utc_may_jump_and_nothing_that_waits_notices() -> None:
    async def main(clock: VirtualClock) -> tuple[float, datetime]:
        sleeper = asyncio.create_task(clock.sleep(10))
        await clock.sleep(1)
        clock.jump(-3600)
        await sleeper
        return clock.monotonic_s(), clock.now()

    assert run(main, start_utc=START) == (10, START + timedelta(seconds=10 - 3600))


def test_timers_fire_in_the_order_of_their_instants_and_ties_in_the_order_of_their_making() -> None:
    async def main(clock: VirtualClock) -> list[int]:
        order: list[int] = []

        async def sleeper(number: int, seconds: float) -> None:
            await clock.sleep(seconds)
            order.append(number)

        await asyncio.gather(*(sleeper(number, seconds) for number, seconds in enumerate((3, 1, 2, 1, 3))))
        return order

    assert run(main, start_utc=START) == [1, 3, 2, 0, 4]


def test_a_thread_is_refused() -> None:
    async def main(clock: VirtualClock) -> None:
        await asyncio.to_thread(len, "abc")

    with pytest.raises(NotInVirtualTime, match="wants a thread"):
        run(main, start_utc=START)


def test_a_socket_is_refused() -> None:
    async def main(clock: VirtualClock) -> None:
        await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)

    with pytest.raises(NotInVirtualTime):
        run(main, start_utc=START)


def test_waiting_for_nothing_is_an_error_and_not_a_hang() -> None:
    async def main(clock: VirtualClock) -> None:
        await asyncio.Event().wait()

    with pytest.raises(NothingLeftToWaitFor):
        run(main, start_utc=START)


def test_a_loop_that_spins_at_one_instant_is_an_error_and_not_a_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(virtual_time, "TURNS_AN_INSTANT_MAX", 1000)

    async def main(_: VirtualClock) -> None:
        def again() -> None:
            asyncio.get_running_loop().call_soon(again)

        again()
        await asyncio.sleep(1)

    with pytest.raises(virtual_time.TimeStandsStill, match="1000 turns"):
        run(main, start_utc=START)


def test_what_is_left_running_is_cancelled_the_oldest_first() -> None:
    left: list[int] = []

    async def main(clock: VirtualClock) -> list[asyncio.Task[None]]:
        async def stays(number: int) -> None:
            try:
                await clock.sleep(1e6)
            finally:
                left.append(number)

        tasks = [asyncio.create_task(stays(number)) for number in range(30)]
        await clock.sleep(1)
        return tasks

    run(main, start_utc=START)
    assert left == list(range(30))


def test_the_trace_is_the_same_under_different_hash_seeds() -> None:
    traces = []
    for hash_seed in ("0", "1", "4242"):
        done = subprocess.run(
            [sys.executable, "-c", TRACED],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=True,
        )
        traces.append(done.stdout)
    assert traces[0].count("\n") > 100
    assert traces[0] == traces[1] == traces[2]
