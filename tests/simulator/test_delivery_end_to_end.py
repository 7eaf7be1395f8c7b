"""Tags, bridges and a scripted gateway: a picture goes out, and the proof of it comes back."""

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from firmware_protocol import Panel, Report, ReportState
from firmware_protocol.content import content_id
from firmware_protocol.link.messages import FromTag, FromTagKind, Hello, PartsWanted, SeenReason, TagSeen
from simulator.chance import generator
from simulator.faults import FaultRates
from simulator.fleet import FleetPlan
from simulator.mix import Mix
from simulator.panel import RefreshRates, white

InShop = Callable[[FleetPlan, Callable[[Any], Coroutine[None, None, Any]]], Any]

SMALL = FleetPlan(tags=1, mix=Mix.parse("2.13-bw"))


def noise(panel: Panel, seed: int) -> tuple[bytes, ...]:
    """A picture that no codec makes small."""
    chance = generator(seed, panel.name)
    return tuple(chance.randbytes(size) for size in panel.plane_sizes)


def bars(panel: Panel, seed: int) -> tuple[bytes, ...]:
    """A picture that any codec makes small."""
    return (bytes((seed & 0xFF,)) * panel.plane_octets, *white(panel)[1:])


def proved(report: Report | None, revision: int, panel: Panel, planes: tuple[bytes, ...]) -> bool:
    return (
        report is not None
        and report.state is ReportState.SHOWN
        and report.revision == revision
        and report.content_prefix == content_id(panel, planes)[:4]
    )


@pytest.mark.parametrize("name", ["2.13-bw", "2.9-bwr", "4.2-bwry", "7.5-bwry"])
@pytest.mark.parametrize("draw", [bars, noise])
def test_a_picture_reaches_the_glass_and_its_proof_comes_back(in_shop: InShop, name: str, draw: Any) -> None:
    async def story(shop: Any) -> None:
        (tag,) = shop.tags
        panel = tag.panels[0]
        planes = draw(panel, 5)
        await shop.clock.sleep(70)
        assert tag.machine.commissioned
        shop.gateway.show(tag.tag_id, panel, 1, planes)
        await shop.clock.sleep(61 + 600 / 60)
        assert shop.gateway.newest(tag.tag_id).state in (ReportState.WAITING_PARTS, ReportState.SHOWN)
        await shop.clock.sleep(120)
        assert tag.glasses[0].planes == planes
        assert proved(shop.gateway.newest(tag.tag_id), 1, panel, planes)

    in_shop(FleetPlan(tags=1, mix=Mix.parse(name)), story)


def test_one_picture_for_many_tags_comes_over_the_link_once(in_shop: InShop) -> None:
    async def story(shop: Any) -> None:
        await shop.clock.sleep(70)
        planes = noise(shop.tags[0].panels[0], 1)
        for tag in shop.tags:
            shop.gateway.show(tag.tag_id, tag.panels[0], 1, planes)
        await shop.clock.sleep(120)
        assert all(tag.glasses[0].planes == planes for tag in shop.tags)
        assert len(shop.gateway.of_kind(PartsWanted)) == 1

    in_shop(FleetPlan(tags=20, mix=Mix.parse("2.13-bw")), story)


def test_the_same_content_under_a_new_revision_is_proved_without_a_refresh(in_shop: InShop) -> None:
    async def story(shop: Any) -> None:
        (tag,) = shop.tags
        panel = tag.panels[0]
        await shop.clock.sleep(70)
        shop.gateway.show(tag.tag_id, panel, 1, bars(panel, 1))
        await shop.clock.sleep(70)
        shop.gateway.show(tag.tag_id, panel, 2, bars(panel, 1))
        await shop.clock.sleep(70)
        assert proved(shop.gateway.newest(tag.tag_id), 2, panel, bars(panel, 1))
        assert tag.glasses[0].refreshes == 1

    in_shop(SMALL, story)


def test_a_tag_with_two_displays_shows_a_picture_on_each(in_shop: InShop) -> None:
    async def story(shop: Any) -> None:
        (tag,) = shop.tags
        await shop.clock.sleep(70)
        for index, panel in enumerate(tag.panels):
            shop.gateway.show(tag.tag_id, panel, 1, noise(panel, index), display=index)
        await shop.clock.sleep(150)
        for index, panel in enumerate(tag.panels):
            assert tag.glasses[index].planes == noise(panel, index)
            assert proved(shop.gateway.newest(tag.tag_id, index), 1, panel, noise(panel, index))

    in_shop(FleetPlan(tags=1, mix=Mix.parse("2.13-bw+4.2-bwr")), story)


def test_a_power_cut_half_way_leaves_a_half_drawn_glass_that_mends_itself(in_shop: InShop) -> None:
    async def story(shop: Any) -> None:
        (tag,) = shop.tags
        panel = tag.panels[0]
        planes = noise(panel, 3)
        await shop.clock.sleep(70)
        shop.gateway.show(tag.tag_id, panel, 1, planes)
        while tag.glasses[0].refresh is None:
            await shop.clock.sleep(0.1)
        await shop.clock.sleep(panel.refresh_s / 2)
        tag.die()
        assert tag.glasses[0].planes not in (planes, white(panel))
        await shop.clock.sleep(600)
        assert not proved(shop.gateway.newest(tag.tag_id), 1, panel, planes)
        tag.revive()
        await shop.clock.sleep(90)
        assert tag.glasses[0].planes == planes
        assert proved(shop.gateway.newest(tag.tag_id), 1, panel, planes)

    in_shop(FleetPlan(tags=1, mix=Mix.parse("2.9-bwr")), story)


@pytest.mark.parametrize(
    "rates",
    [RefreshRates(busy_missing=1), RefreshRates(busy_short=1), RefreshRates(busy_long=1)],
    ids=["missing", "short", "long"],
)
def test_a_refresh_outside_the_band_never_proves_anything(in_shop: InShop, rates: RefreshRates) -> None:
    async def story(shop: Any) -> None:
        (tag,) = shop.tags
        panel = tag.panels[0]
        await shop.clock.sleep(70)
        shop.gateway.show(tag.tag_id, panel, 1, bars(panel, 1))
        await shop.clock.sleep(300)
        assert shop.gateway.newest(tag.tag_id).state is ReportState.FAILED
        assert not any(
            report.state is ReportState.SHOWN and report.revision for report in shop.gateway.reports[(tag.tag_id, 0)]
        )
        shop.fleet.around.refresh_rates = RefreshRates()
        shop.gateway.show(tag.tag_id, panel, 1, bars(panel, 1))
        await shop.clock.sleep(90)
        assert proved(shop.gateway.newest(tag.tag_id), 1, panel, bars(panel, 1))

    in_shop(FleetPlan(tags=1, mix=Mix.parse("2.13-bwr"), refresh_rates=rates), story)


def test_a_bridge_that_restarts_forgets_and_what_is_offered_again_arrives(in_shop: InShop) -> None:
    async def story(shop: Any) -> None:
        (tag,) = shop.tags
        panel = tag.panels[0]
        await shop.clock.sleep(70)
        boots = {hello.boot_id for hello in shop.gateway.of_kind(Hello)}
        shop.gateway.show(tag.tag_id, panel, 1, bars(panel, 1))
        await shop.clock.sleep(0.1)
        shop.fleet.restart_bridge("bridge-1")
        await shop.clock.sleep(120)
        assert shop.gateway.newest(tag.tag_id).revision == 0
        assert {hello.boot_id for hello in shop.gateway.of_kind(Hello)} > boots
        shop.gateway.show(tag.tag_id, panel, 1, bars(panel, 1))
        await shop.clock.sleep(120)
        assert proved(shop.gateway.newest(tag.tag_id), 1, panel, bars(panel, 1))

    in_shop(SMALL, story)


def test_a_tag_whose_bridge_is_unplugged_is_heard_by_the_next_one(in_shop: InShop) -> None:
    async def story(shop: Any) -> None:
        await shop.clock.sleep(70)
        before = {tag.tag_id: shop.gateway.bridge_of[tag.tag_id] for tag in shop.tags}
        assert set(before.values()) == {"bridge-1", "bridge-2"}
        shop.carrier.unplug("bridge-1")
        shop.fleet.bridges["bridge-1"].power_off()
        await shop.clock.sleep(130)
        moved = [
            message for bridge, message in shop.gateway.heard if bridge == "bridge-2" and isinstance(message, TagSeen)
        ]
        for tag in shop.tags:
            assert any(seen.tag_id == tag.tag_id for seen in moved)

    in_shop(FleetPlan(tags=6, bridges=2, mix=Mix.parse("2.13-bw")), story)


def test_a_tag_that_falls_silent_is_reported_lost_once(in_shop: InShop) -> None:
    async def story(shop: Any) -> None:
        await shop.clock.sleep(70)
        shop.tags[0].die()
        await shop.clock.sleep(600)
        lost = [seen for seen in shop.gateway.of_kind(TagSeen) if seen.reason is SeenReason.LOST]
        assert [seen.tag_id for seen in lost] == [shop.tags[0].tag_id]

    in_shop(FleetPlan(tags=3, mix=Mix.parse("2.13-bw")), story)


def test_a_stranger_asks_to_join_and_never_gets_in(in_shop: InShop) -> None:
    async def story(shop: Any) -> None:
        await shop.clock.sleep(200)
        own, stranger = shop.tags
        assert own.machine.commissioned
        assert not stranger.machine.commissioned
        joins = [
            message
            for message in shop.gateway.of_kind(FromTag)
            if message.kind is FromTagKind.JOIN and message.tag_id == stranger.tag_id
        ]
        assert len(joins) >= 3

    in_shop(FleetPlan(tags=1, strangers=1, mix=Mix.parse("2.13-bw")), story)


def test_with_every_fault_on_the_link_at_once_offers_that_are_repeated_arrive(in_shop: InShop) -> None:
    rates = FaultRates(loss=0.05, duplication=0.05, reordering=0.05, corruption=0.05)

    async def story(shop: Any) -> None:
        revisions = {tag.tag_id: 1 for tag in shop.tags}
        for _ in range(40):
            await shop.clock.sleep(60)
            for tag in shop.tags:
                panel = tag.panels[0]
                if tag.tag_id in shop.gateway.keys and not proved(
                    shop.gateway.newest(tag.tag_id), revisions[tag.tag_id], panel, noise(panel, 1)
                ):
                    shop.gateway.show(tag.tag_id, panel, revisions[tag.tag_id], noise(panel, 1))
        for tag in shop.tags:
            assert tag.glasses[0].planes == noise(tag.panels[0], 1)
            assert tag.glasses[0].refreshes == 1
        for direction in shop.fleet.link_counts().values():
            assert all(direction[kind] > 0 for kind in ("loss", "duplication", "reordering", "corruption"))

    in_shop(FleetPlan(tags=30, bridges=2, link_rates=rates), story)


def test_a_radio_that_loses_a_third_of_its_frames_only_delays(in_shop: InShop) -> None:
    async def story(shop: Any) -> None:
        await shop.clock.sleep(600)
        for tag in shop.tags:
            shop.gateway.show(tag.tag_id, tag.panels[0], 1, noise(tag.panels[0], 1))
        await shop.clock.sleep(1200)
        for tag in shop.tags:
            assert tag.glasses[0].planes == noise(tag.panels[0], 1)

    in_shop(FleetPlan(tags=20, radio_loss=0.33, mix=Mix.parse("2.13-bw,2.9-bwr,4.2-bw")), story)


def test_speed_divides_radio_and_panel_times_and_the_hello_says_so(in_shop: InShop) -> None:
    async def story(shop: Any) -> None:
        (tag,) = shop.tags
        panel = tag.panels[0]
        await shop.clock.sleep(4)
        shop.gateway.show(tag.tag_id, panel, 1, bars(panel, 1))
        await shop.clock.sleep(3 + 1 + panel.refresh_s * 1.1 / 20)
        report = shop.gateway.newest(tag.tag_id)
        assert proved(report, 1, panel, bars(panel, 1))
        assert report.refresh_half_s == pytest.approx(panel.refresh_s * 2, rel=0.1)  # in the panel's own time
        (hello,) = shop.gateway.of_kind(Hello)
        assert (hello.contact_ms, hello.time_divisor) == (3000, 20)

    in_shop(FleetPlan(tags=1, speed=20, mix=Mix.parse("2.9-bwr")), story)
