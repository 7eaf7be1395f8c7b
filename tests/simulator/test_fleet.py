"""A fleet is its seed; five thousand of its tags idle for next to nothing."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from firmware_protocol.link import messages as link
from simulator.fleet import FleetPlan, box_rows
from simulator.mischief import Mischief, MischiefRates
from simulator.mix import Mix

InShop = Callable[[FleetPlan, Callable[[Any], Coroutine[None, None, Any]]], Any]

STORY = """
import hashlib, json, sys
sys.path.insert(0, "tests/simulator")
from datetime import UTC, datetime
from conftest import open_shop
from simulator.faults import FaultRates
from simulator.fleet import FleetPlan
from simulator.fleet_state import describe
from simulator.panel import RefreshRates
from simulator.virtual_time import run

async def main(clock):
    rates = FaultRates(0.05, 0.05, 0.05, 0.05)
    plan = FleetPlan(seed=SEED, tags=40, strangers=2, bridges=3, link_rates=rates, radio_loss=0.05,
                     refresh_rates=RefreshRates(0.05, 0.05, 0.05, 0.05))
    shop = await open_shop(clock, plan)
    await clock.sleep(200)
    for tag in shop.tags:
        if tag.tag_id in shop.gateway.keys:
            panel = tag.panels[0]
            shop.gateway.show(tag.tag_id, panel, 1, tuple(bytes(size) for size in panel.plane_sizes))
    await clock.sleep(300)
    heard = hashlib.sha256(repr(shop.gateway.heard).encode()).hexdigest()
    return heard + json.dumps(describe(shop.fleet))

print(run(main, start_utc=datetime(2026, 3, 2, tzinfo=UTC)))
"""


def story(seed: int, hash_seed: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", STORY.replace("SEED", str(seed))],
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": "."},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    return hashlib.sha256(done.stdout.encode()).hexdigest()


def test_the_same_seed_says_the_same_under_every_hash_seed_and_another_seed_does_not() -> None:
    assert story(5, "0") == story(5, "77")
    assert story(5, "0") != story(6, "0")


def test_box_lists_hang_on_the_seed_alone() -> None:
    plan = FleetPlan(seed=3, tags=50)
    assert list(box_rows(plan)) == list(box_rows(FleetPlan(seed=3, tags=50, bridges=9, speed=20, incarnation=7)))
    assert list(box_rows(plan))[:20] == list(box_rows(FleetPlan(seed=3, tags=20)))
    assert not {row.tag_id for row in box_rows(plan)} & {row.tag_id for row in box_rows(FleetPlan(seed=4, tags=50))}


def test_a_box_row_is_what_the_admin_api_takes() -> None:
    (row,) = box_rows(FleetPlan(tags=1, mix=Mix.parse("2.13-bw+4.2-bwr")))
    document = row.to_json()
    assert json.loads(json.dumps(document)) == document
    assert len(str(document["factoryCode"])) == 26
    assert document["panels"] == ["2.13-bw", "4.2-bwr"]
    assert int(str(document["tagId"])[:2], 16) & 0b11 == 0b10  # locally administered, of one device


def test_five_thousand_idle_tags_keep_their_contacts_and_say_nothing(in_shop: InShop) -> None:
    async def story(shop: Any) -> None:
        await shop.clock.sleep(130)
        assert all(tag.machine.commissioned for tag in shop.tags)
        await shop.clock.sleep(60)
        contacts = sum(tag.contacts for tag in shop.tags)
        heard = len(shop.gateway.heard)
        await shop.clock.sleep(120)
        assert 9_800 < sum(tag.contacts for tag in shop.tags) - contacts < 10_200
        said = shop.gateway.heard[heard:]
        assert all(isinstance(message, link.Airtime | link.Digest | link.Status) for _, message in said)
        for bridge in shop.fleet.bridges.values():
            assert bridge.airtime_us < 310e6  # never more than there was time

    in_shop(FleetPlan(tags=5000, bridges=10), story)


def test_mischief_happens_at_its_rates_and_the_fleet_gets_over_it(in_shop: InShop) -> None:
    async def story(shop: Any) -> None:
        rates = MischiefRates(tag_reboot=20, bridge_restart=50, bridge_unplug=50)
        Mischief(shop.fleet, rates, shop.carrier.unplug, shop.carrier.replug)
        await shop.clock.sleep(6 * 3600)
        counts = shop.fleet.counts
        assert 60 < counts["tag_reboot"] < 140  # 20 tags, a quarter of a day: 100
        assert 10 < counts["bridge_restart"] < 45  # 2 bridges: 25
        assert 10 < counts["bridge_unplug"] < 45

    in_shop(FleetPlan(tags=20, bridges=2, mix=Mix.parse("2.13-bw")), story)


def test_dead_tags_are_silent_until_they_are_revived(in_shop: InShop) -> None:
    async def story(shop: Any) -> None:
        killed = shop.fleet.kill_tags(3)
        await shop.clock.sleep(200)
        assert [tag.tag_id for tag in shop.tags if tag.contacts == 0] == killed
        shop.fleet.revive_tags()
        await shop.clock.sleep(10)
        assert all(tag.contacts > 0 for tag in shop.tags)

    in_shop(FleetPlan(tags=8, mix=Mix.parse("2.13-bw")), story)


def test_days_of_four_pictures_stay_within_the_records_a_flash_endures(in_shop: InShop) -> None:
    async def story(shop: Any) -> None:
        (tag,) = shop.tags
        panel = tag.panels[0]
        await shop.clock.sleep(70)
        before = tag.machine.memory.records
        days = 3
        for revision in range(1, days * 4 + 1):
            shop.gateway.show(tag.tag_id, panel, revision, (bytes((revision,)) * panel.plane_octets,))
            await shop.clock.sleep(6 * 3600)
        assert tag.glasses[0].refreshes == days * 4
        assert (tag.machine.memory.records - before) / days < 100

    in_shop(FleetPlan(tags=1, mix=Mix.parse("2.13-bw")), story)
