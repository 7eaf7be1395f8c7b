"""Two tags of one TagId: nothing is sent until a person has chosen; and no honest history looks like two tags."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from firmware_protocol.link.messages import Unassociate
from firmware_protocol.tag import TagMachine
from gateway.shelf import Tag, history, list_tags
from simulator.clock import VirtualClock
from simulator.faults import FaultRates
from simulator.fleet import FleetPlan
from simulator.tag import VirtualTag
from simulator.virtual_time import run
from simulator.world import World

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
Story = Callable[[World, VirtualClock, VirtualTag], Awaitable[None]]


def in_world(folder: Path, story: Story, *, bridges: int = 1) -> None:
    """A shop with one label that shows its price, proved."""

    async def main(clock: VirtualClock) -> None:
        async with World.open(clock, folder, FleetPlan(seed=7, tags=1, bridges=bridges)) as world:
            await world.add({"barcode": "SKU-1", "name": "Mlijeko", "price": "1.29"})
            await world.bind_all()
            await world.run_until_quiet(900)
            (tag,) = world.fleet.tags.values()
            await story(world, clock, tag)

    run(main, start_utc=START)


async def the_tag(world: World) -> Tag:
    (tag,) = await world.running().database.read(lambda connection: list_tags(connection, world.store))
    return tag


async def causes(world: World) -> list[str | None]:
    found = await world.displays()
    facts = await world.running().database.read(lambda connection: history(connection, found[0].display_id))
    return [one.cause for one in facts]


def has_our_keys(world: World, tag: VirtualTag) -> bool:
    link = world.running().services.delivery.shop.tags.get(str(tag.tag_id))
    book = None if link is None else link.key_book
    return book is not None and book.heard and book.keys == tag.machine.memory.keys


def copied(tag: VirtualTag, double: VirtualTag) -> VirtualTag:
    """Somebody read the flash of the one into the other."""
    double.remember(TagMachine.from_json(tag.tag_id, tag.code, tag.machine.to_json(), double.draw))
    return double


def test_a_newcomer_with_the_factory_code_of_a_tag_that_still_reports_is_its_twin(tmp_path: Path) -> None:
    async def story(world: World, clock: VirtualClock, tag: VirtualTag) -> None:
        double = world.fleet.double_of(tag.tag_id, same_code=True)
        double.switch_on(10.0)
        await world.update({"barcode": "SKU-1", "price": "0.99"})
        await clock.sleep(600)
        found = await the_tag(world)
        assert found.twin_at is not None
        assert "asks to join in its name" in str(found.twin_cause)
        assert found.twin_cause in await causes(world)
        assert not double.machine.commissioned
        assert [one.confirmed for one in await world.displays()] == [False]

    in_world(tmp_path, story)


def test_a_copy_of_a_tags_flash_gives_itself_away_by_its_first_number(tmp_path: Path) -> None:
    async def story(world: World, clock: VirtualClock, tag: VirtualTag) -> None:
        double = copied(tag, world.fleet.double_of(tag.tag_id, same_code=True))
        tag.reboot()  # both begin at the reserve
        double.switch_on(20.0)
        for number in range(20):  # each goes to the one of the two that comes first
            await world.update({"barcode": "SKU-1", "price": f"1.{number:02d}"})
            await clock.sleep(97)
        found = await the_tag(world)
        assert "one number, two messages" in str(found.twin_cause)
        assert [one.confirmed for one in await world.displays()] == [False]

    in_world(tmp_path, story)


def test_nothing_is_sent_to_twins_until_a_person_has_chosen_and_then_new_keys_are(tmp_path: Path) -> None:
    async def story(world: World, clock: VirtualClock, tag: VirtualTag) -> None:
        double = world.fleet.double_of(tag.tag_id, same_code=True)
        double.switch_on(10.0)
        said: list[object] = []
        for bridge in world.fleet.bridges.values():
            bridge.overheard = said.append
        await clock.sleep(600)
        assert (await the_tag(world)).twin_at is not None
        assert Unassociate(tag.tag_id) in said  # and with it what waits there is forgotten
        said.clear()
        await world.update({"barcode": "SKU-1", "price": "0.99"})
        before = tag.machine.memory.keys
        await world.restart()  # it is no matter of this run's memory
        await clock.sleep(3600)
        assert not [one for one in said if type(one).__name__ in ("ToTag", "PleaseCommission")]
        double.die()
        double.hears = []
        (await world.admin.post("/admin/tags/approve", json={"tagIds": [str(tag.tag_id)]})).raise_for_status()
        await world.run_until_quiet(900)
        assert "Associate" in [type(one).__name__ for one in said]
        assert (await the_tag(world)).twin_at is None
        assert tag.machine.memory.keys != before
        assert has_our_keys(world, tag)
        assert await world.differences() == []

    in_world(tmp_path, story)


def test_the_person_may_also_keep_the_newcomer(tmp_path: Path) -> None:
    async def story(world: World, clock: VirtualClock, tag: VirtualTag) -> None:
        double = world.fleet.double_of(tag.tag_id, same_code=True)
        double.switch_on(10.0)
        await clock.sleep(600)
        assert (await the_tag(world)).twin_at is not None
        tag.die()
        (await world.admin.post("/admin/tags/approve", json={"tagIds": [str(tag.tag_id)]})).raise_for_status()
        await clock.sleep(900)
        assert double.machine.commissioned
        assert (await the_tag(world)).twin_at is None
        assert has_our_keys(world, double)

    in_world(tmp_path, story)


@pytest.mark.parametrize("seed", range(2))
def test_a_tag_that_a_person_resets_is_no_twin_whatever_happens_to_its_messages(tmp_path: Path, seed: int) -> None:
    rates = FaultRates(loss=0.1, duplication=0.5, reordering=0.5)

    async def story(world: World, clock: VirtualClock, tag: VirtualTag) -> None:
        world.fleet.set_link_rates(rates)
        for number in range(3):
            price = f"1.{10 * seed + number:02d}"
            await world.update({"barcode": "SKU-1", "price": price})
            await clock.sleep(7 * seed + 13 * number + 1)  # often with words of its former life on their way
            tag.factory_reset()
            if number % 3 == 1:
                await clock.sleep(50)
                tag.factory_reset()
            if number % 3 == 2:
                await clock.sleep(70)
                await world.restart()
            within_s = clock.monotonic_s() + 3600
            while not has_our_keys(world, tag) or await world.unproved():
                assert clock.monotonic_s() < within_s
                await clock.sleep(5)
            assert (await the_tag(world)).twin_at is None
        assert await world.differences() == []

    in_world(tmp_path, story, bridges=2)


def test_a_tag_that_was_reset_waits_two_contacts_and_a_half_for_itself_to_object(tmp_path: Path) -> None:
    async def story(world: World, clock: VirtualClock, tag: VirtualTag) -> None:
        tag.factory_reset()
        began_s = clock.monotonic_s()
        while not tag.machine.commissioned:
            await clock.sleep(1)
        assert 60 < clock.monotonic_s() - began_s < 260

    in_world(tmp_path, story)


def test_a_double_with_a_code_that_nobody_knows_is_refused_and_stops_no_label(tmp_path: Path) -> None:
    async def story(world: World, clock: VirtualClock, tag: VirtualTag) -> None:
        world.fleet.double_of(tag.tag_id).switch_on(10.0)
        await clock.sleep(1200)
        await world.update({"barcode": "SKU-1", "price": "0.99"})
        await world.run_until_quiet(3600)
        assert (await the_tag(world)).twin_at is None
        assert await world.differences() == []

    in_world(tmp_path, story)
