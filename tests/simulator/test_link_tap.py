"""A tap on the links tells what a change has cost there: per display, per encoding, nothing else."""

from collections.abc import Callable, Coroutine
from typing import Any

from firmware_protocol import display_id
from simulator.fleet import FleetPlan
from simulator.mix import Mix

InShop = Callable[[FleetPlan, Callable[[Any], Coroutine[None, None, Any]]], Any]


def test_a_tap_counts_the_manifests_of_each_display_and_the_octets_of_each_encoding(in_shop: InShop) -> None:
    async def story(shop: Any) -> None:
        await shop.clock.sleep(200)
        shop.fleet.tap_links()
        shown = {}
        for tag in shop.tags[:3]:
            planes = tuple(bytes([len(shown)]) * size for size in tag.panels[0].plane_sizes)
            shown[display_id(tag.tag_id, 0)] = shop.gateway.show(tag.tag_id, tag.panels[0], 1, planes)
        await shop.clock.sleep(200)
        heard = shop.fleet.tap_links()
        assert heard.manifests == dict.fromkeys(shown, 1)
        assert heard.parts == heard.streams == {one.encoding_id: len(one.stream) for one in shown.values()}
        assert heard.tags == {tag.tag_id for tag in shop.tags[:3]}
        assert heard.messages == {"ToTag": 3, "Parts": 3}

        await shop.clock.sleep(200)
        assert shop.fleet.tap_links().payloads == 0

    in_shop(FleetPlan(tags=8, bridges=2, mix=Mix.parse("2.13-bw")), story)
