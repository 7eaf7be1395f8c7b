"""The gateway with a radio module and its tags: what is confirmed by report, and what heals by itself."""

import os
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest
from module_shop import STORE, ModuleShop, module_shop, row

from firmware_protocol import TagId
from firmware_protocol.openepaperlink.frames import CheckIn
from firmware_protocol.openepaperlink.picture import payload_of
from firmware_protocol.openepaperlink.slots import Offer, Seen, Taken
from simulator import virtual_time
from simulator.clock import VirtualClock

T = TypeVar("T")
TAGS = 500 if os.environ.get("ESL_TEST_LONG") == "1" else 20  # 60 s of processor time, and 4
WAVE_WITHIN_S = 4 * 3600.0
START = datetime(2026, 3, 2, 6, tzinfo=UTC)


def in_a_shop(
    folder: Path, count: int, story: Callable[[ModuleShop], Coroutine[object, object, T]], *, loss: float = 0.0
) -> T:
    async def main(clock: VirtualClock) -> T:
        async with module_shop(clock, folder, count, 5, loss=loss) as shop:
            await shop.open()
            return await story(shop)

    return virtual_time.run(main, start_utc=START)


def test_tags_are_found_approved_and_show_what_they_shall(tmp_path: Path) -> None:
    async def story(shop: ModuleShop) -> None:
        await shop.until(shop.are_all_confirmed)
        assert await shop.glasses_differ() == []

    in_a_shop(tmp_path, 12, story)


async def _batch(shop: ModuleShop, price: str) -> dict[str, object]:
    """A batch of new prices, until it has ended."""
    session = (await shop.send("/batch/start", {}))["sessionId"]
    rows = [row(number, price) for number in range(len(shop.tags))]
    await shop.send("/batch/push", {"sessionId": session, "products": rows})
    await shop.send("/batch/complete", {"sessionId": session})

    async def has_ended() -> bool:
        return (await shop.status(session))["status"] != "processing"

    await shop.until(has_ended)
    await shop.until(shop.are_all_confirmed)
    return await shop.status(session)


def test_a_batch_is_confirmed_by_report_and_says_so(tmp_path: Path) -> None:
    async def story(shop: ModuleShop) -> dict[str, object]:
        await shop.until(shop.are_all_confirmed)
        status = await _batch(shop, "0.99")
        assert await shop.glasses_differ() == []
        return status

    status = in_a_shop(tmp_path, 6, story)
    assert status["status"] == "completed"
    assert (status["tagsTotal"], status["tagsConfirmed"], status["tagsConfirmedByReport"]) == (6, 6, 6)


def test_a_price_that_goes_there_and_back_is_not_confirmed_by_the_first_ones_report(tmp_path: Path) -> None:
    """Each new price comes before the tags have heard of the last one, or while they draw it."""

    async def story(shop: ModuleShop) -> None:
        await shop.until(shop.are_all_confirmed)
        for number, price in enumerate(("0.99", "1.29", "0.99", "1.29", "0.89")):
            await shop.send("/productUpdate", [row(number, price) for number in range(len(shop.tags))])
            await shop.clock.sleep(11.0 + 23.0 * number)
            for display_id, shown in (await shop.displays()).items():
                if shown["confirmed"]:
                    assert display_id not in await shop.glasses_differ()
        await shop.until(shop.are_all_confirmed)
        assert await shop.glasses_differ() == []

    in_a_shop(tmp_path, 8, story)


def test_lost_frames_a_restarted_module_and_a_pulled_cable_cost_time_and_nothing_else(tmp_path: Path) -> None:
    async def story(shop: ModuleShop) -> None:
        await shop.send("/productUpdate", [row(number, "2.49") for number in range(len(shop.tags))])
        for _ in range(4):
            await shop.clock.sleep(37.0)
            shop.live.restart_module()
        shop.line.pull()
        await shop.clock.sleep(60.0)
        found = await shop.operate("GET", f"/stores/{STORE}/bridges")
        assert not _module_of(found)["isUp"]
        reasons = {one["reason"] for one in (await shop.displays()).values() if not one["confirmed"]}
        assert reasons <= {"bridge_down"}
        shop.line.is_out = False
        await shop.until(shop.are_all_confirmed)
        assert await shop.glasses_differ() == []
        assert _module_of(await shop.operate("GET", f"/stores/{STORE}/bridges"))["isUp"]

    in_a_shop(tmp_path, 8, story, loss=0.1)


def test_many_tags_through_one_module_with_all_that_goes_wrong_are_confirmed_and_equal(tmp_path: Path) -> None:
    """A reset, transfers whose end nobody heard, and a host that answers late, in the middle of a wave."""
    done: list[bytes] = []

    def every_third_end_of_a_transfer(octets: bytes) -> bool:
        if b"XFC" not in octets:
            return False
        done.append(octets)
        return len(done) % 3 == 0

    async def story(shop: ModuleShop) -> None:
        await shop.until(shop.are_all_confirmed, WAVE_WITHIN_S)
        await shop.send("/productUpdate", [row(number, "0.89") for number in range(len(shop.tags))])
        await shop.clock.sleep(60.0)
        shop.line.loses = every_third_end_of_a_transfer
        await shop.clock.sleep(120.0)
        shop.live.restart_module()
        await shop.clock.sleep(120.0)
        shop.line.host_late_s = 0.5
        await shop.clock.sleep(120.0)
        shop.line.host_late_s, shop.line.loses = 0.0, lambda _: False
        await shop.until(shop.are_all_confirmed, WAVE_WITHIN_S)
        assert await shop.glasses_differ() == []
        assert len(done) >= 3, "some of them were lost"

    in_a_shop(tmp_path, TAGS, story, loss=0.02)


def _module_of(answer: dict[str, object]) -> dict[str, object]:
    bridges = answer["bridges"]
    assert isinstance(bridges, list)
    module = bridges[0]["module"]
    assert isinstance(module, dict)
    return module


def test_a_tag_that_starts_anew_is_not_confirmed_until_it_shows_its_price_again(tmp_path: Path) -> None:
    async def story(shop: ModuleShop) -> None:
        await shop.until(shop.are_all_confirmed)
        tag = shop.tags[0]
        display_id = f"{tag.tag_id}.0"
        tag.reboot(shop.live.now_s)

        async def is_confirmed() -> bool:
            return bool((await shop.displays())[display_id]["confirmed"])

        async def is_unknown() -> bool:
            return not await is_confirmed()

        await shop.until(is_unknown)
        await shop.until(is_confirmed)
        assert await shop.glasses_differ() == []
        shown = await shop.operate("GET", f"/displays/{display_id}")
        facts = shown["history"]
        assert isinstance(facts, list)
        assert [one["fact"] for one in facts[:3]] == ["proved", "received", "unknown"]
        assert facts[0]["cause"] == "by report"
        assert facts[2]["cause"] == "the tag has started anew"

    in_a_shop(tmp_path, 3, story)


def test_a_tag_that_takes_a_picture_from_nobody_knows_where_is_not_confirmed_any_more(tmp_path: Path) -> None:
    """An old slot in a module that we had lost, another host nearby: its price is doubted, and told again."""

    async def story(shop: ModuleShop) -> None:
        await shop.until(shop.are_all_confirmed)
        tag = shop.tags[0]
        payload = payload_of(tag.type, [bytes(size) for size in tag.type.panel.plane_sizes], 0)
        offer = Offer(payload.data_ver, payload.data_type, payload.octets)
        shop.link.want(tag.tag_id, offer)

        async def is_confirmed() -> bool:
            return bool((await shop.displays())[f"{tag.tag_id}.0"]["confirmed"])

        async def is_unknown() -> bool:
            return not await is_confirmed()

        await shop.until(is_unknown)
        await shop.until(is_confirmed)
        assert await shop.glasses_differ() == []

    in_a_shop(tmp_path, 2, story)


def test_a_start_that_nobody_heard_is_not_confirmed_by_what_was_said_before(tmp_path: Path) -> None:
    """The cable is out while the tag starts anew: whatever was proved is asked again when the line is back."""

    async def story(shop: ModuleShop) -> None:
        await shop.until(shop.are_all_confirmed)
        tag = shop.tags[0]
        shop.line.pull()
        await shop.clock.sleep(30.0)
        tag.reboot(shop.live.now_s)
        await shop.clock.sleep(300.0)
        shop.line.is_out = False

        async def is_confirmed() -> bool:
            return bool((await shop.displays())[f"{tag.tag_id}.0"]["confirmed"])

        async def is_unknown() -> bool:
            return not await is_confirmed()

        await shop.until(is_unknown, 1200.0)
        await shop.until(shop.are_all_confirmed)
        assert await shop.glasses_differ() == []

    in_a_shop(tmp_path, 3, story)


@pytest.mark.parametrize("last", ["started anew", "took something", "heard by another"])
def test_what_comes_in_one_turn_counts_in_its_order(tmp_path: Path, last: str) -> None:
    """Its last word: its glass is not to be trusted; or it is of a module that has not heard it take anything."""

    async def story(shop: ModuleShop) -> None:
        await shop.until(shop.are_all_confirmed)
        tag = shop.tags[0]
        display_id = f"{tag.tag_id}.0"
        modules, link = shop.gateway.services.modules, f"{STORE}/module-1"
        await shop.send("/productUpdate", [row(number, "3.33") for number in range(len(shop.tags))])
        await shop.clock.sleep(1.0)
        offer = Offer(bytes(8), 0x20, bytes(8), revision=2)
        modules._happened(link, Taken(tag.tag_id, offer))
        match last:
            case "started anew":
                modules._happened(link, Seen(tag.tag_id, None))
                modules._happened(link, Seen(tag.tag_id, _started(tag.tag_id, tag.type.hw_type)))
            case "took something":
                modules._happened(link, Seen(tag.tag_id, None))
                modules._happened(link, Taken(tag.tag_id, None))
            case _:
                modules._happened(f"{STORE}/module-2", Seen(tag.tag_id, None))
        await shop.clock.sleep(1.0)
        shown = (await shop.displays())[display_id]
        assert shown["desiredRevision"] == 2
        assert not shown["confirmed"]

    in_a_shop(tmp_path, 2, story)


def _started(tag_id: TagId, hw_type: int) -> CheckIn:
    return CheckIn(tag_id, 0, 200, -60, 21, 2900, hw_type, 0xFC, 0, 41, 11, 0, bytes(8))
