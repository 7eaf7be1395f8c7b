"""What somebody can do with a bridge, with a code that is printed on a tag, with a copy of its flash, with a recording.

docs/security.md names these tests, claim by claim.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from firmware_protocol import content_id
from firmware_protocol.commissioning import JoinAnswer, JoinRequest
from firmware_protocol.keys import join_key, session_keys
from firmware_protocol.link.messages import (
    DownMessage,
    FromTag,
    FromTagKind,
    Parts,
    SeenReason,
    TagSeen,
    ToTag,
    ToTagKind,
    UpMessage,
    pack_message,
)
from firmware_protocol.link.payload import pack_payloads
from firmware_protocol.sealing import open_report
from gateway.delivery import Rejection
from gateway.delivery.hearing import Hearing
from gateway.delivery.tags import TagLink
from simulator.clock import VirtualClock
from simulator.fleet import FleetPlan
from simulator.mix import Mix
from simulator.tag import VirtualTag
from simulator.virtual_time import run
from simulator.world import World

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
Heard = list[tuple[str, UpMessage | DownMessage]]
Story = Callable[[World, VirtualClock, VirtualTag, Heard], Awaitable[None]]


def in_shop(folder: Path, story: Story, *, bridges: int = 1) -> None:
    """One label that shows its price, proved; `heard`: everything that was said at the bridges since the beginning."""

    async def main(clock: VirtualClock) -> None:
        plan = FleetPlan(seed=21, tags=1, bridges=bridges, mix=Mix.parse("2.9-bw"))
        async with World.open(clock, folder, plan) as world:
            heard: Heard = []
            for name, bridge in world.fleet.bridges.items():
                bridge.overheard = lambda message, name=name: heard.append((name, message))  # type: ignore[misc]
            await world.add({"barcode": "SKU-1", "name": "Mlijeko", "price": "1.29"})
            await world.bind_all()
            await world.run_until_quiet(900)
            (tag,) = world.fleet.tags.values()
            await story(world, clock, tag, heard)

    run(main, start_utc=START)


def say(world: World, bridge: str, *messages: UpMessage) -> None:
    for payload in pack_payloads(messages, 1 << 20):
        world.carrier.put_in(f"{world.store}/{bridge}", payload)


def link_of(world: World, tag: VirtualTag) -> TagLink:
    return world.running().services.delivery.shop.tags[str(tag.tag_id)]


def items_of(heard: Heard, kind: FromTagKind) -> list[FromTag]:
    return [one for _, one in heard if isinstance(one, FromTag) and one.kind is kind]


async def some_prices(world: World) -> None:
    """Each is an offer, with a counter of its own."""
    for number in range(5):
        await world.update({"barcode": "SKU-1", "price": f"1.{number:02d}"})
        await world.run_until_quiet(900)


def complaints(tag: VirtualTag, heard: Heard) -> list[FromTag]:
    """*Cannot open*, about the newest orders and questions that were really said to the tag."""
    said = [one.octets[:5] for _, one in heard if isinstance(one, ToTag) and one.kind is not ToTagKind.JOIN_ANSWER]
    return [FromTag(tag.tag_id, FromTagKind.CANNOT_OPEN, -60, b"\x02" + head) for head in said[-8:]]


async def confirmed(world: World) -> list[bool]:
    return [one.confirmed for one in await world.displays()]


def test_a_bridge_that_withholds_everything_delays_a_label_and_another_bridge_takes_over(tmp_path: Path) -> None:
    async def story(world: World, clock: VirtualClock, tag: VirtualTag, heard: Heard) -> None:
        (bad, _), (good, signal_dbm) = tag.hears
        bad.air.keep = lambda *_: None  # type: ignore[method-assign]  # nothing that is meant for a tag gets there
        await world.update({"barcode": "SKU-1", "price": "0.99"})
        await clock.sleep(1800)
        assert await confirmed(world) == [False]
        tag.hears = [(good, signal_dbm), (bad, signal_dbm)]
        await world.run_until_quiet(3600)
        assert await world.differences() == []

    in_shop(tmp_path, story, bridges=2)


def test_a_recorded_report_said_again_through_another_bridge_moves_no_association(tmp_path: Path) -> None:
    async def story(world: World, clock: VirtualClock, tag: VirtualTag, heard: Heard) -> None:
        link = link_of(world, tag)
        serving = str(link.bridge_id)
        (other,) = [name for name in world.fleet.bridges if not serving.endswith(name)]
        for _ in range(20):
            say(world, other, *items_of(heard, FromTagKind.REPORT))
            await clock.sleep(30)
        assert link.bridge_id == serving
        await world.restart()  # what this run has heard is forgotten, what was proved is not
        await clock.sleep(60)
        for _ in range(20):
            say(world, other, *items_of(heard, FromTagKind.REPORT))
            await clock.sleep(30)
        assert link_of(world, tag).bridge_id == serving
        assert await confirmed(world) == [True]

    in_shop(tmp_path, story, bridges=2)


def test_a_bridge_that_lies_about_signal_and_contacts_moves_no_association(tmp_path: Path) -> None:
    async def story(world: World, clock: VirtualClock, tag: VirtualTag, heard: Heard) -> None:
        serving = str(link_of(world, tag).bridge_id)
        (other,) = [name for name in world.fleet.bridges if not serving.endswith(name)]
        for _ in range(50):
            say(
                world,
                other,
                TagSeen(tag.tag_id, SeenReason.FIRST_HEARD, -1, 0),
                TagSeen(tag.tag_id, SeenReason.LOST, -1, 0),
            )
            await clock.sleep(30)
        assert link_of(world, tag).bridge_id == serving

    in_shop(tmp_path, story, bridges=2)


def test_pictures_travel_in_the_clear_and_orders_do_not(tmp_path: Path) -> None:
    async def story(world: World, clock: VirtualClock, tag: VirtualTag, heard: Heard) -> None:
        shown = content_id(tag.panels[0], tag.glasses[0].planes)
        parts = [one for _, one in heard if isinstance(one, Parts)]
        assert parts  # whoever listens can unpack these: prices hang on the wall
        orders = [one.octets for _, one in heard if isinstance(one, ToTag)]
        assert orders
        assert not [octets for octets in orders if shown[:4] in octets]

    in_shop(tmp_path, story)


def test_complaints_about_what_was_really_said_do_not_cost_a_tag_its_keys_while_it_is_heard(tmp_path: Path) -> None:
    """Somebody names the counter of each message that he hears on the air, more often than anybody answers."""

    async def story(world: World, clock: VirtualClock, tag: VirtualTag, heard: Heard) -> None:
        await some_prices(world)
        keys, refreshes = tag.machine.memory.keys, tag.glasses[0].refreshes
        for _ in range(60):
            say(world, "bridge-1", *complaints(tag, heard))
            await clock.sleep(20)
            assert await confirmed(world) == [True]
        assert tag.machine.memory.keys == keys
        assert tag.glasses[0].refreshes == refreshes

    in_shop(tmp_path, story)


def test_a_bridge_that_also_withholds_the_answers_costs_new_keys_and_a_fence_and_no_refresh(tmp_path: Path) -> None:
    async def story(world: World, clock: VirtualClock, tag: VirtualTag, heard: Heard) -> None:
        await some_prices(world)
        keys, refreshes = tag.machine.memory.keys, tag.glasses[0].refreshes
        (bridge,) = world.fleet.bridges.values()
        honest = bridge.say

        def without_answers(message: UpMessage) -> None:
            if not isinstance(message, FromTag) or message.kind is FromTagKind.JOIN:
                honest(message)

        bridge.say = without_answers  # type: ignore[method-assign]
        for _ in range(30):
            say(world, "bridge-1", *complaints(tag, heard))
            await clock.sleep(20)
        bridge.say = honest  # type: ignore[method-assign]
        await clock.sleep(600)
        await world.run_until_quiet(900)
        assert tag.machine.memory.keys != keys
        assert tag.glasses[0].refreshes == refreshes
        assert await world.differences() == []

    in_shop(tmp_path, story)


def test_a_recording_of_a_commissioning_and_the_printed_code_together_give_the_keys(tmp_path: Path) -> None:
    """Who has both can read and speak for this one tag, until it takes keys that he has not recorded."""

    async def story(world: World, clock: VirtualClock, tag: VirtualTag, heard: Heard) -> None:
        request = JoinRequest.unpack(items_of(heard, FromTagKind.JOIN)[0].octets)
        (answer, *_) = [one for _, one in heard if isinstance(one, ToTag) and one.kind is ToTagKind.JOIN_ANSWER]
        message_2 = JoinAnswer.unpack(answer.octets)
        share = message_2.open(join_key(tag.code, tag.tag_id), request)
        keys = session_keys(tag.code, share, tag.tag_id, request.tag_nonce, message_2.gateway_nonce)
        assert open_report(keys, items_of(heard, FromTagKind.REPORT)[-1].octets)[1].revision == 1

    in_shop(tmp_path, story)


def test_a_newcomer_with_the_code_of_a_tag_that_is_silent_is_taken_for_it(tmp_path: Path) -> None:
    """Nobody can tell it from the tag after a reset. It gets keys of its own; the one on the wall opens nothing."""

    async def story(world: World, clock: VirtualClock, tag: VirtualTag, heard: Heard) -> None:
        tag.die()
        double = world.fleet.double_of(tag.tag_id, same_code=True)
        double.switch_on(10.0)
        await clock.sleep(900)
        assert double.machine.commissioned
        assert double.machine.memory.keys != tag.machine.memory.keys
        assert await confirmed(world) == [True]  # by the newcomer's glass

    in_shop(tmp_path, story)


def test_recorded_join_requests_are_refused_over_restarts_of_the_gateway(tmp_path: Path) -> None:
    async def story(world: World, clock: VirtualClock, tag: VirtualTag, heard: Heard) -> None:
        (await world.admin.post("/admin/tags/rotate-keys", json={"store": world.store})).raise_for_status()
        await clock.sleep(600)
        tag.factory_reset()
        await clock.sleep(600)
        await world.restart()
        await clock.sleep(60)
        keys, recorded = tag.machine.memory.keys, items_of(heard, FromTagKind.JOIN)
        for _ in range(20):
            say(world, "bridge-1", *recorded)
            await clock.sleep(30)
        counted = world.running().services.delivery.shop.rejections.by_reason
        assert counted[Rejection.JOIN_RECORDED] == 20 * len(recorded)
        assert tag.machine.memory.keys == keys
        assert world.running().services.delivery.shop.twins == set()
        assert await confirmed(world) == [True]

    in_shop(tmp_path, story)


def test_a_tag_that_holds_keys_of_nobody_is_found_out_and_takes_new_ones(tmp_path: Path) -> None:
    """Why complaints are heard at all."""

    async def story(world: World, clock: VirtualClock, tag: VirtualTag, heard: Heard) -> None:
        keys = tag.machine.memory.keys
        assert keys is not None
        tag.machine.memory.keys = session_keys(tag.code, bytes(16), tag.tag_id, bytes(8), bytes(8))
        await world.update({"barcode": "SKU-1", "price": "0.99"})
        await world.run_until_quiet(3600)
        assert await world.differences() == []

    in_shop(tmp_path, story)


def test_what_a_bridge_is_told_holds_no_key_and_no_code(tmp_path: Path) -> None:
    """What is stolen with it."""

    async def story(world: World, clock: VirtualClock, tag: VirtualTag, heard: Heard) -> None:
        memory = tag.machine.memory
        assert memory.keys is not None
        assert memory.share is not None
        secrets = [tag.code, memory.share, *(memory.keys.pack()[at : at + 16] for at in (0, 24))]
        told = b"".join(pack_message(message) for _, message in heard)
        assert len(told) > 500
        assert not [secret for secret in secrets if secret in told or secret[::-1] in told]

    in_shop(tmp_path, story)


def test_a_bridge_is_not_heard_about_tags_of_another_store(tmp_path: Path) -> None:
    async def story(world: World, clock: VirtualClock, tag: VirtualTag, heard: Heard) -> None:
        delivery = world.running().services.delivery
        (await world.admin.post("/admin/stores", json={"store": "elsewhere"})).raise_for_status()
        bridge = {"name": "theirs", "carrier": "mqtt"}
        (await world.admin.post("/admin/stores/elsewhere/bridges", json=bridge)).raise_for_status()
        await clock.sleep(5)
        said = [message for _, message in heard if isinstance(message, FromTag)]
        assert said
        hearing = Hearing()
        for message in said:
            delivery.ear.hear(delivery.shop.sessions["elsewhere/theirs"], message, hearing, clock.monotonic_s())
        assert hearing == Hearing()
        assert delivery.shop.rejections.by_reason[Rejection.STRANGER] == len(said)

    in_shop(tmp_path, story)
