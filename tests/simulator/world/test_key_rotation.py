"""New keys for tags that have some: each takes them, none is lost, whatever crashes on the way."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.delivery.renewal import renewing
from simulator.chance import generator
from simulator.clock import VirtualClock
from simulator.faults import FaultRates
from simulator.fleet import FleetPlan
from simulator.tag import VirtualTag
from simulator.virtual_time import run
from simulator.world import World

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
TAGS = 12


async def ask(world: World) -> None:
    (await world.admin.post("/admin/tags/rotate-keys", json={"store": world.store})).raise_for_status()


async def waiting(world: World) -> list[str]:
    found = await world.admin.get("/admin/tags/rotate-keys", params={"store": world.store})
    return list(found.raise_for_status().json()["waiting"])


def has_our_keys(world: World, tag: VirtualTag) -> bool:
    book = world.running().services.delivery.shop.tags[str(tag.tag_id)].key_book
    return book is not None and book.heard and book.keys == tag.machine.memory.keys


async def all_renewed(world: World, clock: VirtualClock, within_s: float) -> None:
    until_s = clock.monotonic_s() + within_s
    while left := await waiting(world):
        assert clock.monotonic_s() < until_s, left
        await clock.sleep(5)


def test_a_shop_takes_new_keys_within_some_contacts_and_no_glass_is_refreshed(tmp_path: Path) -> None:
    async def main(clock: VirtualClock) -> None:
        async with World.open(clock, tmp_path, FleetPlan(seed=3, tags=TAGS)) as world:
            await world.add({"barcode": "SKU-1", "name": "Mlijeko", "price": "1.29"})
            (first, *unbound) = [one.display_id for one in await world.displays()]
            await world.bind(first, "SKU-1")
            assert unbound  # these have no picture to speak of, and take new keys like the others
            await world.run_until_quiet(900)
            await clock.sleep(120)
            tags = list(world.fleet.tags.values())
            before = [tag.machine.memory.keys for tag in tags]
            refreshes = [glass.refreshes for tag in tags for glass in tag.glasses]
            await ask(world)
            assert len(await waiting(world)) == TAGS
            await all_renewed(world, clock, 300)
            await world.run_until_quiet(300)
            assert all(tag.machine.memory.keys != old for tag, old in zip(tags, before, strict=True))
            assert all(has_our_keys(world, tag) for tag in tags)
            assert [glass.refreshes for tag in tags for glass in tag.glasses] == refreshes
            generations = {
                link.key_book.generation
                for link in world.running().services.delivery.shop.tags.values()
                if link.key_book
            }
            assert generations == {2}  # once each

    run(main, start_utc=START)


@pytest.mark.parametrize("seed", range(3))
def test_no_tag_is_lost_when_gateway_tags_and_bridges_crash_and_the_link_fails_meanwhile(
    tmp_path: Path, seed: int
) -> None:
    async def main(clock: VirtualClock) -> None:
        chance = generator(seed, "rotation")
        plan = FleetPlan(seed=seed, tags=TAGS, bridges=2, radio_loss=0.1)
        async with World.open(clock, tmp_path, plan) as world:
            await world.add({"barcode": "SKU-1", "name": "Mlijeko", "price": "1.29"})
            await world.bind_all()
            await world.run_until_quiet(3600)
            tags = list(world.fleet.tags.values())
            before = [tag.machine.memory.keys for tag in tags]
            world.fleet.set_link_rates(FaultRates(loss=0.2, duplication=0.2, reordering=0.2, corruption=0.1))
            await ask(world)
            for _ in range(12):
                await clock.sleep(chance.uniform(1.0, 40.0))
                match chance.randrange(3):
                    case 0:
                        await world.restart()
                    case 1:
                        world.fleet.reboot_tag(chance.choice(tags).tag_id)
                    case _:
                        world.fleet.restart_bridge(chance.choice(sorted(world.fleet.bridges)))
            world.fleet.set_link_rates(FaultRates())
            await all_renewed(world, clock, 7200)
            await world.run_until_quiet(7200)
            assert all(tag.machine.memory.keys != old for tag, old in zip(tags, before, strict=True))
            assert all(has_our_keys(world, tag) for tag in tags)
            assert await world.differences() == []
            assert await world.running().database.read(renewing) == {}

    run(main, start_utc=START)
