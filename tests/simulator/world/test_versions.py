"""Bridges that are older or newer than the gateway, in a whole shop on virtual time."""

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from firmware_protocol.link import pack_payloads
from firmware_protocol.link.messages import PROTOCOL_VERSION, Airtime, Features, Terms, UnknownMessage
from simulator.clock import VirtualClock
from simulator.fleet import FleetPlan
from simulator.mix import Mix
from simulator.virtual_time import run
from simulator.world import World

ROWS = [{"barcode": f"SKU-{number}", "name": f"Proizvod {number}", "price": "1.39"} for number in range(6)]


def play(folder: Path, story: Callable[[World], Coroutine[Any, Any, None]]) -> None:
    async def main(clock: VirtualClock) -> None:
        plan = FleetPlan(seed=7, tags=6, bridges=2, mix=Mix.parse("2.13-bw"))
        async with World.open(clock, folder, plan) as world:
            await world.add(*ROWS)
            await world.bind_all()
            await story(world)
            await world.run_until_quiet(3600)
            assert await world.false_proofs() == []

    run(main, start_utc=datetime(2026, 3, 2, 8, 0, tzinfo=UTC))


async def bridges(world: World) -> dict[str, Any]:
    answer = await world.admin.get(f"/admin/stores/{world.store}/bridges")
    return {one["bridgeId"].partition("/")[2]: one["link"] for one in answer.json()["bridges"]}


def test_a_newer_bridge_is_told_the_terms_and_serves_beside_an_older_one(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        newer, older = world.fleet.bridges.values()
        newer.protocol_version, newer.features = PROTOCOL_VERSION + 1, Features(0x8000_0001)
        newer.restart()
        await world.run_until_quiet(3600)
        assert newer.terms == Terms(PROTOCOL_VERSION, Features.TERMS)
        assert older.terms is None
        for name in (newer.name, older.name):
            assert (await bridges(world))[name]["protocolVersion"] == PROTOCOL_VERSION

    play(tmp_path, story)


def test_what_only_the_newer_side_knows_is_skipped_and_what_stands_beside_it_is_taken(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.run_until_quiet(3600)
        bridge = next(iter(world.fleet.bridges.values()))
        ear = world.running().services.delivery.ear
        bridge.say(UnknownMessage(0x7F, b"news"))
        bridge.say(Airtime(77_000_000, 60_000))
        for payload in pack_payloads([UnknownMessage(0xFF, b"news"), Terms(1, 0)], 4000):
            bridge.link_received(payload)
        await world.clock.sleep(1)
        assert (ear.unknown, bridge.unknown_messages, bridge.bad_payloads) == (1, 1, 0)
        assert bridge.terms == Terms(1, 0)
        assert (await bridges(world))[bridge.name]["airtimeS"] == 77.0

    play(tmp_path, story)


def test_a_bridge_without_a_common_version_is_refused_in_words_and_its_tags_turn_to_another(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        oldest, other = world.fleet.bridges.values()
        oldest.protocol_version = 0
        oldest.restart()
        await world.run_until_quiet(3600)
        assert not oldest.listening
        link = (await bridges(world))[oldest.name]
        assert link["state"] == "refused"
        assert "speaks version 0 of the link protocol" in link["trouble"]
        assert (await bridges(world))[other.name]["state"] == "ready"
        oldest.protocol_version = PROTOCOL_VERSION
        oldest.restart()
        await world.clock.sleep(60)
        assert (await bridges(world))[oldest.name]["state"] == "ready"

    play(tmp_path, story)
