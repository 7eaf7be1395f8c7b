"""The fleet itself on the modelled air, against the radio and panel facts (literals from there) and the planner."""

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from firmware_protocol import PANELS, Codec, Manifest, ReportState, encode
from firmware_protocol.content import content_id
from firmware_protocol.link.messages import ToTag, ToTagKind
from firmware_protocol.sealing import seal_manifest
from gateway.shelf import Fact, ShownMoved, bindings_of
from simulator.battery import CR2450, CR2477, Battery
from simulator.chance import generator
from simulator.clock import VirtualClock
from simulator.fleet import FleetPlan
from simulator.mix import Mix
from simulator.radio.draws import draws
from simulator.radio.floor_file import read_floor
from simulator.radio.path_loss import Way
from simulator.radio.polled_bridge import Picture, PolledBridge
from simulator.radio.shop_channel import Air
from simulator.virtual_time import run
from simulator.world import World

InShop = Callable[[FleetPlan, Callable[[Any], Coroutine[None, None, Any]]], Any]
YEAR_S = 365 * 86_400.0


def delays_of_lone_changes(folder: Path, *, tags: int, rounds: int) -> list[float]:
    """Seconds from each accepted change to its proof, in a shop where nothing else happens. Of each label the changes
    fall evenly into its contact interval.
    """

    async def main(clock: VirtualClock) -> list[float]:
        async with World.open(clock, folder, FleetPlan(seed=1, tags=tags, mix=Mix.parse("2.9-bw"))) as world:
            await world.add(*({"barcode": f"S{n}", "name": f"Sir {n}", "price": "1.29"} for n in range(tags)))
            await world.bind_all()
            await world.run_until_quiet(900)
            gateway = world.gateway
            assert gateway is not None
            displays = [one.display_id for one in await world.displays()]
            bound = await gateway.database.read(lambda connection: bindings_of(connection, displays))
            sent_s: dict[str, float] = {}
            delays_s: list[float] = []

            def proved(event: ShownMoved) -> None:
                if event.fact is Fact.PROVED and event.display_id in sent_s:
                    delays_s.append(clock.monotonic_s() - sent_s.pop(event.display_id))

            gateway.services.events.watch(ShownMoved, proved)
            began_s = clock.monotonic_s()
            for number in range(rounds):
                for place, one in enumerate(sorted(bound)):
                    # a round later by a part of the interval each time, and ten seconds from label to label
                    at_s = began_s + number * (10 * tags + 60 / rounds) + 10 * place
                    await clock.sleep(at_s - clock.monotonic_s())
                    sent_s[one] = clock.monotonic_s()
                    await world.update({"barcode": bound[one].barcodes[0], "price": f"{2 + number}.{10 + place}"})
            await clock.sleep(180)
            assert sent_s == {}
            return sorted(delays_s)

    return run(main, start_utc=datetime(2026, 3, 2, 8, tzinfo=UTC))


def test_a_change_in_an_idle_shop_is_proved_after_half_an_interval_and_its_refresh(tmp_path: Path) -> None:
    """Facts 4: mean N/2, 95 % 0.95 N, at N = 60 s; 6.1: 1.75 s for a 2.9 inch glass."""
    delays_s = delays_of_lone_changes(tmp_path, tags=60, rounds=8)
    assert len(delays_s) == 480
    assert sum(delays_s) / 480 == pytest.approx(30.0 + 1.75, rel=0.05)
    assert delays_s[456] == pytest.approx(57.0 + 1.75, rel=0.05)


@pytest.mark.parametrize(("octets", "milliseconds", "within"), [(9_472, 491, 0.05), (1_024, 60, 0.10)])
def test_a_picture_is_on_the_air_as_long_as_measured(
    in_shop: InShop, octets: int, milliseconds: int, within: float
) -> None:
    """Facts 4: 9,472 octets 491 ms; 1,024 octets 56 ms and 4.5 ms of control. Our control carries a sealed manifest and
    a sealed report of 100 octets together, 3 ms more than the network that was measured: hence 10 % for the small one.
    """
    panel = PANELS["2.9-bwr"]  # 9,472 octets raw
    noise = generator(1, "noise")

    async def story(shop: Any) -> float:
        await shop.clock.sleep(300)
        (tag,) = shop.tags
        (bridge,) = shop.fleet.bridges.values()
        gateway = shop.gateway
        if octets == 9_472:
            planes = [noise.randbytes(size) for size in panel.plane_sizes]
            encoding = encode(planes, Codec.RAW)
        else:
            black = noise.randbytes(octets - 80) + bytes(panel.plane_octets - octets + 80)
            planes = [black, bytes(panel.plane_octets)]
            encoding = encode(planes, Codec.DEFLATE)
        assert len(encoding.stream) == pytest.approx(octets, abs=30)
        gateway.streams[encoding.encoding_id] = encoding.stream
        bridge.air.cache.add(encoding.encoding_id, len(encoding.stream), 0, encoding.stream)
        manifest = Manifest.showing(0, 1, content_id(panel, planes), encoding)
        sealed = seal_manifest(gateway.keys[tag.tag_id], 2000, manifest)
        idle_us = bridge.airtime_us
        await shop.clock.sleep(600)
        ten_contacts_us = bridge.airtime_us - idle_us
        gateway.say(gateway.bridge_of[tag.tag_id], ToTag(tag.tag_id, ToTagKind.MANIFEST, 0, 3600, sealed))
        before_us = bridge.airtime_us
        await shop.clock.sleep(600)
        assert tag.glasses[0].planes == tuple(planes)
        return float(bridge.airtime_us - before_us - ten_contacts_us) / 1000

    found = in_shop(FleetPlan(tags=1, mix=Mix.parse("2.9-bwr")), story)
    assert found == pytest.approx(milliseconds, rel=within)


# Facts 7.3, table: contact s, panel, its mJ there, refreshes a day, uA, years on CR2450, CR2477, 2 x CR2450.
POLLED = [
    (300.0, "2.9-bw", 4, 4.2, (None, None, None)),
    (60.0, "2.13-bwr", 4, 10.9, (5.3, 8.9, 10.7)),
    (40.0, "2.13-bwr", 24, 42.6, (1.4, 2.3, 2.7)),
]


@pytest.mark.parametrize(("contact_s", "panel", "refreshes", "microamperes", "years"), POLLED)
def test_a_polled_tag_of_the_fleet_draws_what_the_worked_example_says(
    in_shop: InShop,
    contact_s: float,
    panel: str,
    refreshes: int,
    microamperes: float,
    years: tuple[float | None, float | None, float | None],
) -> None:
    """60 mJ (2.9-bw) and 400 mJ (2.13-bwr: 396) a refresh. Where the table says ">10 y" the years are only bounded."""

    async def story(shop: Any) -> float:
        await shop.clock.sleep(4 * contact_s)
        tags = [tag for tag in shop.tags if tag.temperature_c > 15]  # the example hangs in the warm
        assert len(tags) >= 4
        for tag in tags:
            tag.bring_up_to_date()
        before_uc = [tag.battery.used_uc for tag in tags]
        for number in range(refreshes):
            for tag in tags:
                size = PANELS[panel].plane_octets
                black = generator(number, str(tag.tag_id)).randbytes(900) + bytes(size - 900)
                planes = [black, *(bytes(one) for one in PANELS[panel].plane_sizes[1:])]
                shop.gateway.show(tag.tag_id, PANELS[panel], number + 1, planes)
            await shop.clock.sleep(86_400 / refreshes)
        for tag in tags:
            assert tag.glasses[0].refreshes == refreshes
            tag.bring_up_to_date()
        used_uc = [tag.battery.used_uc - before for tag, before in zip(tags, before_uc, strict=True)]
        return sum(used_uc) / len(used_uc) / 86_400

    found = in_shop(FleetPlan(tags=6, contact_s=contact_s, mix=Mix.parse(panel)), story)
    assert found == pytest.approx(microamperes, rel=0.10)
    for (cell, count), wanted in zip(((CR2450, 1), (CR2477, 1), (CR2450, 2)), years, strict=True):
        lasts = Battery(cell, count).capacity_uc / found / YEAR_S
        assert lasts == pytest.approx(wanted, rel=0.10) if wanted is not None else lasts > 10


def test_the_planner_says_of_a_full_update_what_the_fleet_does(in_shop: InShop) -> None:
    """The planner's bridge and the fleet's are two programs; 150 labels at once must take both as long."""
    tags, contact_s = 150, 60.0
    panel = PANELS["2.13-bw"]

    async def story(shop: Any) -> tuple[list[float], int]:
        await shop.clock.sleep(600)
        began_s = shop.clock.monotonic_s()
        octets = 0
        for tag in shop.tags:
            black = generator(3, str(tag.tag_id)).randbytes(900) + bytes(panel.plane_octets - 900)
            octets = len(shop.gateway.show(tag.tag_id, panel, 1, [black]).stream)
        proved: dict[Any, float] = {}
        while len(proved) < tags:
            await shop.clock.sleep(0.5)
            for tag in shop.tags:
                report = shop.gateway.newest(tag.tag_id)
                if report is not None and (report.revision, report.state) == (1, ReportState.SHOWN):
                    proved.setdefault(tag.tag_id, shop.clock.monotonic_s() - began_s)
        return sorted(proved.values()), octets

    fleet_s, octets = in_shop(FleetPlan(seed=5, tags=tags, contact_s=contact_s, mix=Mix.parse("2.13-bw")), story)

    def nothing_lost(tag: int, way: Way, at_s: float, psdu_octets: int, number: int) -> bool:
        return False

    picture = Picture(octets, panel.refresh_s, panel.refresh_mj)
    bridge = PolledBridge(tags, contact_s, picture, nothing_lost, draws(5, "bridge", "update"))
    planned_s = bridge.run([(0.0, tag) for tag in range(tags)], 3600, until_proved=True).delays_s
    assert sum(planned_s) / tags == pytest.approx(sum(fleet_s) / tags, rel=0.15)
    assert planned_s[-1] == pytest.approx(fleet_s[-1], rel=0.15)


def test_a_shop_on_its_own_air_is_delivered_and_its_tags_know_the_bridges_they_hear(in_shop: InShop) -> None:
    floor = read_floor("supermarket")
    plan = FleetPlan(seed=2, tags=60, floor=floor, as_drawn=True, air=Air("busy"), mix=Mix.parse("2.9-bwr"))

    async def story(shop: Any) -> None:
        await shop.clock.sleep(900)
        reachable = [tag for tag in shop.tags if tag.hears]
        assert len(reachable) > 50
        assert {bridge.name for tag in reachable for bridge, _ in tag.hears} == set(floor.bridges)
        for tag in reachable:
            signals = [signal for _, signal in tag.hears]
            assert signals == sorted(signals, reverse=True)
        wanted = {}
        for tag in reachable:
            black = generator(4, str(tag.tag_id)).randbytes(900) + bytes(tag.panels[0].plane_octets - 900)
            wanted[tag.tag_id] = (black, bytes(tag.panels[0].plane_octets))
            if tag.tag_id in shop.gateway.keys:
                shop.gateway.show(tag.tag_id, tag.panels[0], 1, wanted[tag.tag_id])
        await shop.clock.sleep(1800)
        shown = [tag for tag in reachable if tag.glasses[0].planes == wanted[tag.tag_id]]
        assert len(shown) >= 0.9 * len(reachable)

    in_shop(plan, story)


def test_the_same_seed_hears_the_same_and_a_floor_changes_no_box_list(in_shop: InShop) -> None:
    floor = read_floor("corner-shop")

    async def signals(shop: Any) -> list[tuple[str, list[int]]]:
        return [(str(tag.tag_id), [signal for _, signal in tag.hears]) for tag in shop.tags]

    first = in_shop(FleetPlan(seed=3, tags=20, floor=floor), signals)
    assert first == in_shop(FleetPlan(seed=3, tags=20, floor=floor), signals)
    assert [name for name, _ in first] == [name for name, _ in in_shop(FleetPlan(seed=3, tags=20), signals)]
    assert len({signal for _, one in first for signal in one}) > 10
