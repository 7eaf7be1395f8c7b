"""The POS of the laboratory keeps to what the contract promises it."""

from datetime import UTC, datetime
from pathlib import Path

from gateway.catalog import RowMode
from simulator.clock import VirtualClock
from simulator.fleet import FleetPlan
from simulator.virtual_time import run
from simulator.world import World
from simulator.world.lab.till import Till

HOUR_S = 3600.0


def test_a_request_is_not_sent_again_when_its_key_is_forgotten_even_if_it_was_repeated_meanwhile(
    tmp_path: Path,
) -> None:
    """A key is known for 24 hours from its first answer; later the same request is a new one, and its prices old."""

    async def main(clock: VirtualClock) -> None:
        async with World.open(clock, tmp_path, FleetPlan(tags=1)) as world:
            till = Till(world)
            await till.rows(RowMode.ADD, [{"barcode": "SKU-1", "name": "Kruh", "price": "1.29"}])
            (sent,) = till.remembered()
            await clock.sleep(22 * HOUR_S)
            await till.again(sent)
            assert till.remembered() == [sent]
            await clock.sleep(3 * HOUR_S)
            assert till.remembered() == []

    run(main, start_utc=datetime(2026, 3, 2, 6, tzinfo=UTC))


def test_a_key_is_forgotten_although_the_clock_was_turned_back_behind_its_end(tmp_path: Path) -> None:
    async def main(clock: VirtualClock) -> None:
        async with World.open(clock, tmp_path, FleetPlan(tags=1)) as world:
            till = Till(world)
            await till.rows(RowMode.ADD, [{"barcode": "SKU-1", "name": "Kruh", "price": "1.29"}])
            await clock.sleep(24.5 * HOUR_S)
            clock.jump(-2 * HOUR_S)
            assert till.remembered() == []

    run(main, start_utc=datetime(2026, 3, 2, 6, tzinfo=UTC))
