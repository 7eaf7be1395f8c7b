"""What outlives a fleet's process, and what is shown of it."""

import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from firmware_protocol import ReportState
from firmware_protocol.content import content_id
from simulator.fleet import FleetPlan
from simulator.fleet_state import FleetState, StateUnreadable, dump
from simulator.mix import Mix

InShop = Callable[[FleetPlan, Callable[[Any], Coroutine[None, None, Any]]], Any]
PLAN = FleetPlan(tags=4, mix=Mix.parse("2.13-bw,2.9-bwr"))


async def show_all(shop: Any) -> None:
    await shop.clock.sleep(70)
    for tag in shop.tags:
        panel = tag.panels[0]
        shop.gateway.show(tag.tag_id, panel, 1, tuple(bytes(size) for size in panel.plane_sizes))
    await shop.clock.sleep(120)


def test_flash_and_glass_outlive_the_process_without_a_goodbye(in_shop: InShop, tmp_path: Path) -> None:
    async def first(shop: Any) -> list[Any]:
        FleetState(shop.fleet, tmp_path).load()
        await show_all(shop)
        return [(tag.glasses[0].planes, tag.machine.to_json()) for tag in shop.tags]

    async def second(shop: Any) -> list[Any]:
        assert FleetState(shop.fleet, tmp_path).load() == 4
        return [(tag.glasses[0].planes, tag.machine.to_json()) for tag in shop.tags]

    assert in_shop(PLAN, first) == in_shop(PLAN, second)


def test_a_remembered_tag_goes_on_under_its_keys_and_repeats_no_counter(in_shop: InShop, tmp_path: Path) -> None:
    async def first(shop: Any) -> Any:
        FleetState(shop.fleet, tmp_path).load()
        await show_all(shop)
        return shop.gateway

    async def second(shop: Any) -> None:
        FleetState(shop.fleet, tmp_path).load()
        shop.gateway.keys.update(before.keys)
        await shop.clock.sleep(70)
        for tag in shop.tags:
            assert tag.machine.commissioned
            shop.gateway.show(tag.tag_id, tag.panels[0], 1, tag.glasses[0].planes)
        await shop.clock.sleep(70)
        for tag in shop.tags:
            assert shop.gateway.newest(tag.tag_id).state is ReportState.SHOWN
            assert tag.glasses[0].refreshes == 1
        assert shop.gateway.counts["sealed_otherwise"] == 0

    before = in_shop(PLAN, first)
    in_shop(FleetPlan(tags=4, mix=PLAN.mix, incarnation=1), second)


def test_a_state_of_other_panels_or_of_rubbish_is_refused_by_name(in_shop: InShop, tmp_path: Path) -> None:
    async def save(shop: Any) -> Path:
        state = FleetState(shop.fleet, tmp_path)
        state.load()
        state.save_all()
        return tmp_path / f"{shop.tags[0].tag_id}.json"

    async def load(shop: Any) -> None:
        FleetState(shop.fleet, tmp_path).load()

    path = in_shop(PLAN, save)
    with pytest.raises(StateUnreadable, match="another fleet"):
        in_shop(FleetPlan(tags=4, mix=Mix.parse("7.5-bw")), load)
    path.write_text("{not json")
    with pytest.raises(StateUnreadable, match=path.name):
        in_shop(PLAN, load)


def test_a_dump_shows_every_glass_and_names_what_it_shows(in_shop: InShop, tmp_path: Path) -> None:
    async def story(shop: Any) -> None:
        await show_all(shop)
        assert dump(shop.fleet, tmp_path) == 4
        fleet = json.loads((tmp_path / "fleet.json").read_text())
        for tag, told in zip(shop.tags, fleet["tags"], strict=True):
            panel = tag.panels[0]
            (display,) = told["displays"]
            assert told["tagId"] == str(tag.tag_id)
            assert display == {
                "display": f"{tag.tag_id}.0",
                "panel": panel.name,
                "revision": 1,
                "contentId": content_id(panel, tuple(bytes(size) for size in panel.plane_sizes)).hex(),
                "refreshCounter": 1,
                "state": "shown",
            }
            picture = Image.open(tmp_path / f"{tag.tag_id}.0.png")
            assert picture.size == panel.label_px
            assert picture.convert("RGB").getcolors() == [(panel.width_px * panel.height_px, (0, 0, 0))]

    in_shop(PLAN, story)
