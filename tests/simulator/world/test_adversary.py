"""Somebody who records, drops, replays, changes and makes up messages: nothing that is shown, or proved, moves.

5,000 messages here, 100,000 with ESL_TEST_LONG=1. What each way of attack can do otherwise: docs/security.md.
"""

import os
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import structlog
from sqlalchemy import select

from firmware_protocol import content_id
from firmware_protocol.keys import SessionKeys
from firmware_protocol.tag import Dropped
from gateway.delivery import Rejection
from gateway.shelf.tables import content, shown
from simulator.clock import VirtualClock
from simulator.fleet import FleetPlan
from simulator.mix import Mix
from simulator.virtual_time import run
from simulator.world import World
from simulator.world.adversary import Adversary

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
MESSAGES = 100_000 if os.environ.get("ESL_TEST_LONG") == "1" else 5_000
AT_ONCE = 250


class Standing(NamedTuple):
    """All that an attacker could want to move."""

    shown: list[tuple[str, int, bytes | None]]
    confirmed: list[bool]
    glasses: list[tuple[bytes, ...]]
    refreshes: list[int]
    keys: list[SessionKeys | None]


async def standing(world: World) -> Standing:
    rows = select(shown.c.display_id, shown.c.revision, shown.c.content_id).order_by(shown.c.display_id)
    kept = await world.running().database.read(lambda connection: [tuple(row) for row in connection.execute(rows)])
    glasses = [glass for tag in world.fleet.tags.values() for glass in tag.glasses]
    return Standing(
        kept,
        [one.confirmed for one in await world.displays()],
        [glass.planes for glass in glasses],
        [glass.refreshes for glass in glasses],
        [tag.machine.memory.keys for tag in world.fleet.tags.values()],
    )


async def only_pictures_of_the_gateway(world: World) -> None:
    ids = await world.running().database.read(lambda connection: set(connection.scalars(select(content.c.content_id))))
    for tag in world.fleet.tags.values():
        for glass in tag.glasses:
            assert glass.refreshes == 0 or content_id(glass.panel, glass.planes) in ids


async def a_life(world: World, clock: VirtualClock) -> None:
    """What there is to record: joins, offers, proofs, questions, keys of a former life, a tag that a person reset."""
    await world.add(*({"barcode": f"SKU-{number}", "name": f"Kruh {number}", "price": "1.29"} for number in range(10)))
    await clock.sleep(120)
    await world.bind_all()
    await world.run_until_quiet(1800)
    (await world.admin.post("/admin/tags/rotate-keys", json={"store": world.store})).raise_for_status()
    await clock.sleep(600)
    next(iter(world.fleet.tags.values())).factory_reset()
    await clock.sleep(600)
    for price in ("0.99", "1.09"):
        await world.update(*({"barcode": f"SKU-{number}", "price": price} for number in range(10)))
        await world.run_until_quiet(1800)
    await world.batch([{"barcode": "SKU-1", "price": "1.19"}])
    await world.run_until_quiet(1800)
    await clock.sleep(600)


def rejected(world: World) -> Counter[Rejection]:
    return Counter(world.running().services.delivery.shop.rejections.by_reason)


def dropped(world: World) -> Counter[Dropped]:
    return sum((tag.machine.dropped for tag in world.fleet.tags.values()), Counter())


def test_no_message_of_somebody_without_keys_moves_what_is_shown_and_each_is_counted_by_reason(tmp_path: Path) -> None:
    async def main(clock: VirtualClock) -> None:
        plan = FleetPlan(seed=11, tags=8, bridges=2, mix=Mix.parse("2.13-bw:6,2.13-bw+2.9-bwr"))
        async with World.open(clock, tmp_path, plan) as world:
            adversary = Adversary(world, seed=11)
            adversary.listen()
            await a_life(world, clock)
            adversary.stop_listening()
            assert set(adversary.heard) >= {"JOIN", "REPORT", "RESPONSE", "JOIN_ANSWER", "MANIFEST", "COMMAND"}

            before, gateway_before, tags_before = await standing(world), rejected(world), dropped(world)
            assert all(before.confirmed)
            while adversary.said.total() < MESSAGES:
                adversary.attack(AT_ONCE)
                await clock.sleep(17)  # honest contacts go on in between
                assert await standing(world) == before
            await clock.sleep(300)
            assert await standing(world) == before
            await only_pictures_of_the_gateway(world)

            by_gateway, by_tags = rejected(world) - gateway_before, dropped(world) - tags_before
            assert by_gateway.total() - by_gateway[Rejection.CANNOT_OPEN] == adversary.to_gateway
            assert by_tags.total() == adversary.to_tags
            reasons = {Rejection.SEAL, Rejection.REPLAYED, Rejection.ITEM, Rejection.STRANGER, Rejection.PAYLOAD}
            joins = {Rejection.JOIN_FORGED, Rejection.JOIN_RECORDED, Rejection.JOIN_UNASKED}
            assert set(by_gateway) == {*reasons, *joins, Rejection.CANNOT_OPEN, Rejection.ENCODING}
            assert set(by_tags) == {Dropped.SEAL_BROKEN, Dropped.REPLAYED, Dropped.UNWANTED_PART}

            # Nothing is spoiled by it either: the next price arrives, in the middle of more of the same.
            await world.restart()
            for tag_id in world.fleet.tags:
                world.fleet.reboot_tag(tag_id)
            await world.update(*({"barcode": f"SKU-{number}", "price": "2.22"} for number in range(10)))
            for _ in range(20):
                adversary.attack(25)
                await clock.sleep(30)
            await world.run_until_quiet(3600)
            assert await world.differences() == []
            assert await world.false_proofs() == []
            await only_pictures_of_the_gateway(world)

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    try:
        run(main, start_utc=START)
    finally:
        structlog.reset_defaults()
