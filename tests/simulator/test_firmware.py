"""Firmwares: each says what the machine says in a way of its own, and no draw of it moves anything of a plain tag."""

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from firmware_protocol import TagId
from firmware_protocol.link.messages import FromTag, FromTagKind
from firmware_protocol.poll import PartRequest, Response, SealedReport, UpItem
from simulator.chance import Draws
from simulator.firmware import FIRMWARES, PLAIN, FirmwareWrong, Habits, ensure_shares, firmware_of
from simulator.fleet import FleetPlan
from simulator.mix import Mix

InShop = Callable[[FleetPlan, Callable[[Any], Coroutine[None, None, Any]]], Any]
REPORT, OTHER = SealedReport(bytes(30)), SealedReport(bytes([1]) * 30)
REPLY = Response(bytes(20))
WANTED = PartRequest.of(bytes(8), range(0, 990, 99))


def dice() -> Draws:
    return Draws(1, 0)


def test_a_small_window_asks_for_the_lowest_parts_that_are_missing() -> None:
    habits = Habits(FIRMWARES["small-windows"])
    (opened,) = habits.opens([WANTED], dice())
    (answered,) = habits.answers([WANTED])
    assert opened == answered
    assert isinstance(opened, PartRequest)
    assert opened.offsets() == (0, 99, 198, 297)


def test_a_report_is_repeated_octet_by_octet_at_one_to_three_contacts_that_follow() -> None:
    counts = set()
    for number in range(40):
        habits = Habits(FIRMWARES["repeats"])
        assert habits.opens([REPORT], Draws(7, number)) == [REPORT]
        assert habits.owes
        count = 0
        while (said := habits.opens([], dice())) != []:
            assert said == [REPORT]
            count += 1
        assert not habits.owes
        counts.add(count)
    assert counts == {1, 2, 3}


def test_what_was_said_before_is_repeated_ahead_of_what_is_new() -> None:
    habits = Habits(FIRMWARES["repeats"])
    habits.opens([REPORT], dice())
    assert habits.opens([OTHER], dice()) == [REPORT, OTHER]


def test_a_late_answer_opens_the_next_contact_and_parts_are_asked_for_at_once() -> None:
    habits = Habits(FIRMWARES["late"])
    said: list[UpItem] = habits.answers([REPORT, WANTED, REPLY])
    assert said == [WANTED]
    assert habits.is_late
    assert habits.opens([OTHER], dice()) == [REPORT, REPLY, OTHER]
    assert not habits.owes


def test_the_first_report_after_a_refresh_is_lost_and_no_other() -> None:
    habits = Habits(FIRMWARES["lost-proof"])
    assert habits.opens([REPORT], dice()) == [REPORT]
    habits.was_drawn()
    assert habits.opens([WANTED], dice()) == [WANTED], "no report yet"
    assert habits.opens([REPORT, WANTED], dice()) == [WANTED]
    assert habits.opens([OTHER], dice()) == [OTHER]


def test_a_reboot_forgets_what_was_owed() -> None:
    habits = Habits(FIRMWARES["late"])
    habits.answers([REPORT])
    habits.forget()
    assert not habits.owes


def test_shares_are_drawn_for_each_tag_by_itself() -> None:
    tags = [TagId(number.to_bytes(8)) for number in range(1, 2001)]
    shares = {"late": 0.2, "redraws": 0.1}
    drawn = [firmware_of(5, tag, shares) for tag in tags]
    assert drawn[:10] == [firmware_of(5, tag, shares) for tag in tags[:10]]
    assert sum(one is FIRMWARES["late"] for one in drawn) == pytest.approx(400, abs=80)
    assert sum(one is FIRMWARES["redraws"] for one in drawn) == pytest.approx(200, abs=60)
    assert firmware_of(5, tags[0], {}) is PLAIN
    late_alone = [firmware_of(5, tag, {"late": 0.2}) for tag in tags]
    assert [one is FIRMWARES["late"] for one in late_alone] == [one is FIRMWARES["late"] for one in drawn]


@pytest.mark.parametrize(
    ("shares", "words"),
    [
        ({"buggy": 0.1}, "no firmware is called 'buggy'; there are small-windows"),
        ({"late": 1.5}, "late is 1.5"),
        ({"late": 0.6, "redraws": 0.6}, "1.2 together"),
    ],
)
def test_shares_that_cannot_be_are_refused(shares: dict[str, float], words: str) -> None:
    with pytest.raises(FirmwareWrong, match=words):
        ensure_shares(shares)
    with pytest.raises(FirmwareWrong, match=words):
        FleetPlan(firmware=shares)


def proved(shop: Any, revision: int) -> int:
    """Of the fleet's tags, how many have shown this revision and were heard to say so."""
    return sum(
        any(report.revision == revision and report.state.name == "SHOWN" for report in reports)
        for reports in shop.gateway.reports.values()
    )


def show(shop: Any, revision: int) -> None:
    for tag in shop.tags:
        planes = tuple(bytes([revision]) * size for size in tag.panels[0].plane_sizes)
        shop.gateway.show(tag.tag_id, tag.panels[0], revision, planes)


def plan_of(name: str) -> FleetPlan:
    return FleetPlan(seed=4, tags=4, mix=Mix.parse("2.13-bw"), firmware={name: 1.0})


@pytest.mark.parametrize("name", [name for name in FIRMWARES if name != "lost-proof"])
def test_a_tag_of_any_firmware_draws_what_it_was_ordered_and_proves_it(in_shop: InShop, name: str) -> None:
    async def story(shop: Any) -> tuple[int, int]:
        await shop.clock.sleep(200)
        for revision in (1, 2):
            show(shop, revision)
            await shop.clock.sleep(600)
        return proved(shop, 1), proved(shop, 2)

    assert in_shop(plan_of(name), story) == (4, 4)


def test_a_proof_that_was_lost_comes_when_the_tag_is_asked_again(in_shop: InShop) -> None:
    async def story(shop: Any) -> tuple[int, int, int]:
        await shop.clock.sleep(200)
        show(shop, 1)
        await shop.clock.sleep(600)
        before, drawn = proved(shop, 1), sum(tag.refreshes for tag in shop.tags)
        show(shop, 1)
        await shop.clock.sleep(200)
        assert sum(tag.refreshes for tag in shop.tags) == drawn
        return before, drawn, proved(shop, 1)

    assert in_shop(plan_of("lost-proof"), story) == (0, 4, 4)


def test_a_tag_that_redraws_of_its_own_accord_says_that_its_glass_is_unknown_until_the_next_offer(
    in_shop: InShop,
) -> None:
    async def story(shop: Any) -> tuple[set[str], int]:
        await shop.clock.sleep(200)
        show(shop, 1)
        await shop.clock.sleep(600)
        begun = {place: len(reports) for place, reports in shop.gateway.reports.items()}
        await shop.clock.sleep(1800)
        said = {one.state.name for place, new in shop.gateway.reports.items() for one in new[begun[place] :]}
        show(shop, 1)
        await shop.clock.sleep(300)
        return said, sum(tag.refreshes for tag in shop.tags)

    said, refreshes = in_shop(plan_of("redraws"), story)
    assert said == {"GLASS_UNKNOWN"}
    assert refreshes == 8, "each glass is drawn by its order once more"


def test_a_clock_that_restarts_with_a_refresh_makes_contact_at_another_place_of_its_interval(in_shop: InShop) -> None:
    async def story(shop: Any) -> int:
        """How often a place in the interval was left, over three refreshes of four tags, by more than jitter makes."""
        await shop.clock.sleep(200)
        grid, places = shop.fleet.scheduler.grid, []
        for revision in (1, 2, 3):
            show(shop, revision)
            await shop.clock.sleep(600)
            places.append([grid.next_contact(number, shop.clock.monotonic_s()) % 60.0 for number in range(4)])
        first, *others = places
        return sum(
            1.5 < (place - before) % 60.0 < 58.5 for other in others for place, before in zip(other, first, strict=True)
        )

    assert in_shop(plan_of("bad-clock"), story) >= 6
    assert in_shop(FleetPlan(seed=4, tags=4, mix=Mix.parse("2.13-bw")), story) == 0


def test_repeated_reports_pass_the_bridge_as_they_are(in_shop: InShop) -> None:
    async def story(shop: Any) -> list[bytes]:
        await shop.clock.sleep(200)
        show(shop, 1)
        await shop.clock.sleep(900)
        heard = [message for _, message in shop.gateway.heard]
        return [one.octets for one in heard if isinstance(one, FromTag) and one.kind is FromTagKind.REPORT]

    reports = in_shop(plan_of("repeats"), story)
    assert len(reports) > len(set(reports))
    assert len(reports) <= 4 * len(set(reports))


def test_the_others_of_a_fleet_are_as_they_are_without_it(in_shop: InShop) -> None:
    async def story(shop: Any) -> dict[TagId, float]:
        await shop.clock.sleep(3000)
        for tag in shop.tags:
            tag.bring_up_to_date()
        return {tag.tag_id: tag.battery.used_uc for tag in shop.tags if tag.firmware is PLAIN}

    mixed = in_shop(FleetPlan(seed=4, tags=12, firmware={"redraws": 0.3}), story)
    plain = in_shop(FleetPlan(seed=4, tags=12), story)
    assert 0 < len(mixed) < 12
    assert mixed == {tag: plain[tag] for tag in mixed}
