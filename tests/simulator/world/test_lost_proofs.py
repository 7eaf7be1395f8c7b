"""A glass that was proved may stop being so: then it is offered again by itself, and liars change nothing."""

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from firmware_protocol import Report, ReportState
from firmware_protocol.link import pack_payloads
from firmware_protocol.link.messages import NO_RUN, PROTOCOL_VERSION, FromTag, FromTagKind, Hello, Profile
from firmware_protocol.sealing import seal_report
from gateway.access import restore_clock_s
from gateway.links import PayloadArrived
from gateway.ports import InlineExecutor
from simulator.clock import VirtualClock
from simulator.fleet import FleetPlan
from simulator.virtual_time import run
from simulator.world import World

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
Story = Callable[[World], Coroutine[Any, Any, None]]


def play(folder: Path, story: Story, tags: int = 2) -> None:
    async def main(clock: VirtualClock) -> None:
        async with World.open(clock, folder, FleetPlan(seed=1, tags=tags)) as world:
            names = [{"barcode": f"SKU-{number}", "name": f"Proizvod {number}", "price": "1.29"} for number in range(4)]
            await world.add(*names)
            await world.bind_all()
            await world.run_until_quiet(900)
            await story(world)
            await world.run_until_quiet(3600)
            assert await world.false_proofs() == []
            assert await world.differences() == []

    run(main, start_utc=START)


def say(world: World, *messages: Any, number: int = 0) -> None:
    """Something a bridge might say, whoever made it up."""
    assert world.gateway is not None
    delivery = world.gateway.services.delivery
    for payload in pack_payloads(messages, number):
        delivery._inbox.append(PayloadArrived(f"{world.store}/bridge-1", payload))
    delivery.wake()


@pytest.mark.parametrize("state", [ReportState.GLASS_UNKNOWN, ReportState.FAILED])
def test_a_proved_glass_that_becomes_unknown_is_offered_again_without_a_restart(
    tmp_path: Path, state: ReportState
) -> None:
    async def story(world: World) -> None:
        tag_id, tag = next(iter(world.fleet.tags.items()))
        keys = tag.machine.memory.keys
        assert keys is not None
        display = next(one for one in await world.displays() if one.display_id.startswith(str(tag_id)))
        assert display.desired_revision is not None
        assert display.desired_content_id is not None
        said = Report(0, 0, display.desired_revision, display.desired_content_id[:4], 1, state, 0, 20, 3000)
        octets = seal_report(keys, tag.machine._keyring.next_counter(), said)
        say(world, FromTag(tag_id, FromTagKind.REPORT, -50, octets))
        await world.clock.sleep(0.1)
        assert await world.unproved() == [display.display_id]
        assert await world.run_until_quiet(600) > 0

    play(tmp_path, story)


def test_a_tag_that_a_person_reset_is_proved_again_by_itself(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        next(iter(world.fleet.tags.values())).factory_reset()
        await world.clock.sleep(300)

    play(tmp_path, story)


def test_a_bridge_that_invents_runs_moves_no_number_twice_and_stops_nothing(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        hello = Hello(b"new boot", PROTOCOL_VERSION, NO_RUN, 0, 100, Profile.POLL, 60_000, 1, "bridge-1")
        invented = [structs.replace(hello, last_run_id=number.to_bytes(8, "big")) for number in range(1, 60)]
        jumped_to = restore_clock_s(world.clock.now())
        say(world, *invented)
        await world.clock.sleep(1)
        revisions = [one.desired_revision for one in await world.displays()]
        assert jumped_to <= max(one for one in revisions if one is not None) < jumped_to + (1 << 20), "once"
        world.fleet.restart_bridge("bridge-1")

    play(tmp_path, story)


def test_a_sale_that_ends_while_its_label_is_drawn_never_becomes_desired(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        assert world.gateway is not None
        sync = world.gateway.services.sync
        ended = world.clock.now() + timedelta(seconds=2)

        class Slow(InlineExecutor):
            async def run(self, work: Any, *args: Any) -> Any:
                await world.clock.sleep(6)
                return work(*args)

        before = {one.display_id: one.desired_content_id for one in await world.displays()}
        sync._executor = Slow()
        row = {"barcode": "SKU-0", "salePrice": "0.49", "saleEnd": ended.isoformat()}
        await world.update(row)
        await world.clock.sleep(30)
        after = {one.display_id: one.desired_content_id for one in await world.displays()}
        assert after == before

    play(tmp_path, story)
