"""Clients that hold their connections for minutes: what they send whole is taken once, and nobody waits for them."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from gateway.catalog import RowMode
from simulator.clock import VirtualClock
from simulator.fleet import FleetPlan
from simulator.virtual_time import run
from simulator.world import World
from simulator.world.lab import TROUBLES, load_scenario, run_seed
from simulator.world.lab.till import Till
from simulator.world.world import Row

START = datetime(2026, 3, 2, 6, tzinfo=UTC)
MORNING = load_scenario("bad-morning", kinds=frozenset(TROUBLES))
ROW: Row = {"barcode": "SKU-1", "name": "Kruh", "price": "1.29"}


def test_a_body_that_comes_in_drips_is_taken_and_its_answer_may_be_read_for_minutes(tmp_path: Path) -> None:
    async def main(clock: VirtualClock) -> None:
        async with World.open(clock, tmp_path, FleetPlan(tags=1)) as world:
            till = Till(world)
            await till.rows(RowMode.ADD, [ROW])
            await till.drips([ROW | {"price": "2.29"}], pause_s=30.0, reads_s=200.0)
            assert clock.monotonic_s() > 12 * 30.0 + 2 * 200.0
            assert world.judge.price_of("SKU-1") == "2.29"
            assert (await price(world)) == "2.29"

    run(main, start_utc=START)


def test_while_a_hundred_hold_their_connections_another_is_answered_at_once(tmp_path: Path) -> None:
    async def main(clock: VirtualClock) -> None:
        async with World.open(clock, tmp_path, FleetPlan(tags=1)) as world:
            till = Till(world)
            async with till.crowd(100, b'[{"barcode": "SKU-1", "price": "9.99"}]', 600.0) as calls:
                await clock.sleep(60.0)
                began_s = clock.monotonic_s()
                assert await till.rows(RowMode.ADD, [ROW]) == 200
                assert clock.monotonic_s() - began_s < 1.0
                assert [one.status for one in calls[::2]] == [None] * 50, "half a body is not answered"
                assert [one.status for one in calls[1::2]] == [200] * 50
            assert (await price(world)) == "1.29"

    run(main, start_utc=START)


async def price(world: World) -> object:
    """As it is kept."""
    answer = await world.pos.get("/products", params={"barcode": "SKU-1"})
    return answer.raise_for_status().json()["product"]["price"]


@pytest.mark.parametrize("dies_after_s", [100.0, 361.0])
def test_a_gateway_that_dies_under_a_slow_client_is_asked_again(tmp_path: Path, dies_after_s: float) -> None:
    async def main(clock: VirtualClock) -> None:
        async with World.open(clock, tmp_path, FleetPlan(tags=1)) as world:
            till = Till(world)
            await till.rows(RowMode.ADD, [ROW])

            async def dies() -> None:
                await clock.sleep(dies_after_s)
                await world.restart()

            await asyncio.gather(dies(), till.drips([ROW | {"price": "3.29"}], pause_s=30.0, reads_s=50.0))
            assert (await price(world)) == "3.29"

    run(main, start_utc=START)


def test_a_morning_of_slow_clients_breaks_no_promise() -> None:
    slow = replace(MORNING, troubles={"pos.slow_clients": 6.0, "pos.update": 20.0, "gateway.killed": 2.0}, tags=6)
    verdict = run_seed(slow, 1)
    assert verdict.violations == ()
    assert verdict.happened["pos.slow_clients"] >= 3
