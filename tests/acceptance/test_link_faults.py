"""A link that loses, doubles, overtakes and damages delays a label and never leaves it wrong; nor do dead tags.

5 % of each fault in each direction. On virtual time: CI 3 seeds until each fault has happened 10 times in each
direction, ESL_TEST_LONG=1 20 seeds and 200 times. On real serial lines: 20 times, and 200.
"""

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from acceptance_sizes import LONG, size, wait_for
from gateway_process import gateway
from real_shop import SETTINGS, STORE, all_confirmed, bind_all, displays, fleet, import_rows, said

from firmware_protocol import PANELS, content_id
from gateway.catalog import RowMode
from simulator.clock import VirtualClock
from simulator.faults import FaultRates, Kind
from simulator.fleet import FleetPlan
from simulator.mix import Mix
from simulator.virtual_time import run
from simulator.world import World
from simulator.world.judge import Judge

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
RATES = FaultRates(loss=0.05, duplication=0.05, reordering=0.05, corruption=0.05)
LINK_KINDS = (Kind.LOSS, Kind.DUPLICATION, Kind.REORDERING, Kind.CORRUPTION)
SEEDS = range(1, size(3, 20) + 1)
EACH_AT_LEAST = size(10, 200)
EACH_AT_LEAST_SERIAL = size(20, 200)
MIX = "2.13-bw,2.13-bwr,2.9-bw"
PRICES = ("1.39", "1.49", "1.29")
Story = Callable[[World], Coroutine[Any, Any, None]]


def play(folder: Path, plan: FleetPlan, story: Story) -> None:
    async def main(clock: VirtualClock) -> None:
        async with World.open(clock, folder, plan) as world:
            await story(world)
            assert await world.false_proofs() == []
            assert await world.differences() == []

    run(main, start_utc=START)


def rows(count: int, price: str) -> list[dict[str, object]]:
    return [{"barcode": f"SKU-{number}", "name": f"Proizvod {number}", "price": price} for number in range(count)]


def fewest(counts: dict[str, dict[str, int]]) -> int:
    """How often the rarest fault has happened in the direction in which it is rarest."""
    return min(counts[direction].get(kind, 0) for direction in ("up", "down") for kind in LINK_KINDS)


@pytest.mark.parametrize("seed", SEEDS)
def test_with_5_percent_of_every_fault_in_both_directions_every_label_is_confirmed(seed: int, tmp_path: Path) -> None:
    tags = 24

    async def story(world: World) -> None:
        await world.add(*rows(tags, "0.99"))
        await world.bind_all()
        turn = 0
        while fewest(world.fleet.link_counts()) < EACH_AT_LEAST:
            await world.update(*rows(tags, PRICES[turn % len(PRICES)]))
            await world.clock.sleep(45)
            turn += 1
        print(f"seed {seed}: {turn} changes of {tags} prices{' (full size)' if LONG else ''}")
        print(world.fleet.link_counts())
        await world.run_until_quiet(7200)  # and the faults go on

    plan = FleetPlan(seed=seed, tags=tags, bridges=8, mix=Mix.parse(MIX), link_rates=RATES)
    play(tmp_path, plan, story)


@pytest.mark.parametrize("seed", size((11,), tuple(range(11, 16))))
def test_of_ten_percent_dead_tags_exactly_those_are_listed_and_revived_they_are_confirmed_unasked(
    seed: int, tmp_path: Path
) -> None:
    tags = size(40, 200)

    async def story(world: World) -> None:
        await world.add(*rows(tags, "0.99"))
        await world.bind_all()
        await world.run_until_quiet(7200)
        dead = world.fleet.kill_tags(tags // 10)
        session = await world.batch(rows(tags, "1.99"))
        await world.clock.sleep(8 * 60)
        status = await world.status(session)
        assert status["status"] == "completed"
        assert (status["tagsTotal"], status["tagsConfirmed"]) == (tags, tags - len(dead))
        listed = (await world.admin.get(f"/admin/batches/{session}")).json()["unconfirmed"]
        assert {one["displayId"] for one in listed} == {f"{tag_id}.0" for tag_id in dead}
        assert {one["reason"] for one in listed} == {"asleep"}
        print(f"{len(dead)} of {tags} tags dead, listed with their reason")
        world.fleet.revive_tags(dead)
        await world.run_until_quiet(7200)

    play(tmp_path, FleetPlan(seed=seed, tags=tags, mix=Mix.parse(MIX), link_rates=RATES), story)


def test_a_serial_line_with_5_percent_of_every_fault_among_its_frames_carries_everything(tmp_path: Path) -> None:
    tags = size(24, 100)
    rates = ("--loss", "0.05", "--duplicate", "0.05", "--reorder", "0.05", "--corrupt", "0.05")
    options = ["--tags", str(tags), "--panels", MIX, "--speed", "60", "--carrier", "serial", "--bridges", "2", *rates]
    with gateway(tmp_path / "data") as running:
        said(running.data, "store", "add", STORE)
        import_rows(running.data, tmp_path / "rows.json", rows(tags, "0.99"))
        with fleet(running.data, *options) as tagged:
            tagged.until_commissioned(300)
            bound = bind_all(running.data)
            turn = 0

            def happened_often_enough() -> bool:
                """Another change of all prices, as long as it has not."""
                nonlocal turn
                if fewest(tagged.order("status")["link"]) >= EACH_AT_LEAST_SERIAL:
                    return True
                price = PRICES[turn % len(PRICES)]
                import_rows(running.data, tmp_path / "rows.json", rows(tags, price))
                turn += 1
                return False

            wait_for(happened_often_enough, size(300, 1800), lambda: tagged.status)
            all_confirmed(running, 300)
            counts = tagged.order("status")
            print(f"{turn} changes of {tags} prices over serial lines: {counts['link']}, refused {counts['bad']}")
            assert counts["bad"]["frames"] > 0
            shown = tagged.dump(tmp_path / "dump")
        judge = Judge(SETTINGS)
        judge.accepted(rows(tags, PRICES[(turn - 1) % len(PRICES)]), RowMode.ADD)
        for one in displays(running):
            panel = PANELS[one["panel"]]
            expected = judge.expected(one["displayId"], panel.name, [bound[one["displayId"]]], START)
            assert shown[one["displayId"]]["contentId"] == content_id(panel, expected.planes).hex()
