"""A glass that cannot follow: told in words, and tried more and more rarely, for each try drains its cell."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from firmware_protocol import PANELS
from gateway.shelf import history
from simulator.clock import VirtualClock
from simulator.fleet import FleetPlan
from simulator.mix import Mix
from simulator.virtual_time import run
from simulator.world import World

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
HALF_AN_HOUR_S = 1800.0


def half_an_hour(folder: Path, *, built_as: str | None = None, used_share: float = 0.0) -> tuple[int, list[str]]:
    """Refreshes of one 4.2-bwr label, and the causes that its history tells of failures."""

    async def main(clock: VirtualClock) -> tuple[int, list[str]]:
        begun = 0

        def count(*_: object) -> None:
            nonlocal begun
            begun += 1

        async with World.open(clock, folder, FleetPlan(seed=1, tags=1, mix=Mix.parse("4.2-bwr"))) as world:
            [tag] = world.fleet.tags.values()
            if built_as is not None:
                tag.glasses[0].built_as = PANELS[built_as]
            tag.battery.spend(tag.battery.capacity_uc * used_share)
            world.fleet.around.on_refresh = count
            await world.add({"barcode": "SKU-0", "name": "Mlijeko", "price": "1.29"})
            await world.bind_all()
            await clock.sleep(HALF_AN_HOUR_S)
            [display] = await world.displays()
            assert world.gateway is not None
            facts = await world.gateway.database.read(lambda c: history(c, display.display_id))
            return begun, [one.cause or "" for one in facts if one.fact == "failed"]

    return run(main, start_utc=START)


def test_another_glass_than_declared_is_told_and_tried_more_and_more_rarely(tmp_path: Path) -> None:
    refreshes, causes = half_an_hour(tmp_path, built_as="4.2-bw")
    assert set(causes) == {"the refresh was too short for this panel"}
    assert 2 <= refreshes <= 10


@pytest.mark.parametrize("used_share", [1.0])
def test_a_cell_that_gives_way_in_each_refresh_is_told_in_words(tmp_path: Path, used_share: float) -> None:
    _, causes = half_an_hour(tmp_path, used_share=used_share)
    assert set(causes) == {"it lost its power in the refresh"}
