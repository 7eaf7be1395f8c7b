"""Tags that hang between bridges: who serves them is found out again, whatever was lost."""

from datetime import UTC, datetime
from pathlib import Path

from simulator.clock import VirtualClock
from simulator.fleet import FleetPlan
from simulator.virtual_time import run
from simulator.world import World

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def test_a_tag_is_served_by_the_bridge_it_went_to_though_that_bridge_takes_it_for_its_own(tmp_path: Path) -> None:
    """The gateway's word that it was another's was lost: the bridge has nothing foreign to tell of."""

    async def main(clock: VirtualClock) -> None:
        async with World.open(clock, tmp_path, FleetPlan(seed=5, tags=1, bridges=2)) as world:
            await world.add({"barcode": "SKU-1", "name": "Mlijeko", "price": "1.29"})
            await world.bind_all()
            await world.run_until_quiet(600)
            (tag,) = world.fleet.tags.values()
            (here, signal_dbm), (there, _) = tag.hears
            there.air.tag(tag.tag_id).address = (0, 9)
            there.air.tag(tag.tag_id).heard_at = clock.monotonic_s()
            tag.hears = [(there, signal_dbm), (here, signal_dbm)]
            await world.update({"barcode": "SKU-1", "price": "0.99"})
            await world.run_until_quiet(1800)
            assert await world.differences() == []

    run(main, start_utc=START)


def test_a_tag_is_served_by_the_bridge_it_went_to_though_the_one_it_left_comes_back_again_and_again(
    tmp_path: Path,
) -> None:
    """Each return gives the label the patience of a first offer, and none of them ever counts as unanswered."""

    async def main(clock: VirtualClock) -> None:
        async with World.open(clock, tmp_path, FleetPlan(seed=5, tags=1, bridges=2)) as world:
            await world.add({"barcode": "SKU-1", "name": "Mlijeko", "price": "1.29"})
            await world.bind_all()
            await world.run_until_quiet(600)
            (tag,) = world.fleet.tags.values()
            (here, signal_dbm), (there, _) = tag.hears
            tag.hears = [(there, signal_dbm), (here, signal_dbm)]
            await world.update({"barcode": "SKU-1", "price": "0.99"})
            for _ in range(40):
                here.restart()
                await clock.sleep(45)
            assert await world.unproved() == []
            assert await world.differences() == []

    run(main, start_utc=START)
