"""A price change over the whole way: as a difference to the picture on the glass, and whole where that cannot be."""

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from sqlalchemy import update

from firmware_protocol import Codec
from firmware_protocol.encoding import stream_octets
from firmware_protocol.poll import PART_OCTETS
from firmware_protocol.tag.memory import DisplayFlash
from gateway.shelf.tables import content
from simulator.clock import VirtualClock
from simulator.fleet import FleetPlan
from simulator.mix import Mix
from simulator.virtual_time import run
from simulator.world import World

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
Story = Callable[[World], Coroutine[Any, Any, None]]
DEAREST = {"barcode": "SKU-0", "name": "Mlijeko 2,8 % m.m. 1 l", "price": "1.29"}


def play(folder: Path, story: Story) -> None:
    """One label that is proved, before the story and after it."""

    async def main(clock: VirtualClock) -> None:
        plan = FleetPlan(seed=1, tags=1, mix=Mix.parse("2.9-bwr"))
        async with World.open(clock, folder, plan) as world:
            await world.add(DEAREST)
            await world.bind_all()
            await world.run_until_quiet(900)
            await story(world)
            await world.run_until_quiet(900)
            assert await world.false_proofs() == []
            assert await world.differences() == []

    run(main, start_utc=START)


def flash_of(world: World) -> DisplayFlash:
    [tag] = world.fleet.tags.values()
    return tag.machine.memory.displays[0]


def parts_of(world: World) -> tuple[Codec, int]:
    """How the tag was told the picture that was ordered last, and in how many parts."""
    offer = flash_of(world).offer
    assert offer is not None
    return offer.codec, -(-stream_octets(offer.encoded_size) // PART_OCTETS)


def test_a_price_change_is_told_in_a_few_parts(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        codec, parts_of_the_whole = parts_of(world)
        assert codec is Codec.DEFLATE
        await world.add({**DEAREST, "price": "1.49"})
        await world.run_until_quiet(600)
        codec, parts = parts_of(world)
        assert codec is Codec.DIFFERENCE
        assert parts <= parts_of_the_whole / 3

    play(tmp_path, story)


def test_a_tag_that_lost_the_picture_of_its_glass_gets_the_whole_new_one(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        flash = flash_of(world)
        flash.slots = [slot and replace(slot, octets=bytes(len(slot.octets))) for slot in flash.slots]
        await world.add({**DEAREST, "price": "1.49"})
        await world.run_until_quiet(600)
        assert parts_of(world)[0] is Codec.DEFLATE
        await world.add({**DEAREST, "price": "1.59"})
        await world.run_until_quiet(600)
        assert parts_of(world)[0] is Codec.DIFFERENCE, "to the one that it was given whole"

    play(tmp_path, story)


def test_a_difference_that_was_under_way_when_the_gateway_died_is_made_again_and_arrives(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.add({**DEAREST, "price": "1.49"})
        while parts_of(world)[0] is not Codec.DIFFERENCE:
            await world.clock.sleep(0.01)
        for bridge in world.fleet.bridges.values():
            bridge.restart()  # its cache is gone: it must ask for the parts
        await world.crash()
        await world.start()
        await world.run_until_quiet(600)
        assert parts_of(world)[0] is Codec.DIFFERENCE

    play(tmp_path, story)


def test_one_old_picture_that_cannot_be_read_stops_nobodys_delivery(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        assert world.gateway is not None
        spoiled = update(content).values(deflated=b"no deflate")
        await world.gateway.database.write(lambda connection: connection.execute(spoiled) and None)
        await world.add({**DEAREST, "price": "1.49"})
        await world.run_until_quiet(600)
        assert parts_of(world)[0] is Codec.DEFLATE

    play(tmp_path, story)


def test_prices_that_go_there_and_back_never_build_on_a_glass_that_is_not_sure(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        for price in ("1.49", "1.29", "1.59", "1.49"):  # each before the one before has reached the glass
            await world.add({**DEAREST, "price": price})
            await world.clock.sleep(33)
        await world.run_until_quiet(600)

    play(tmp_path, story)
