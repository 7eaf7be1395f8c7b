"""A shop that lost its machine lives again from a backup: no hand, no old price under a newer one, no false proof."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import func, select

from gateway.access import audit_lines
from gateway.app.shop_files import DATABASE
from gateway.catalog import RowMode
from gateway.shelf import Fact
from gateway.shelf.tables import display_history
from simulator.clock import VirtualClock
from simulator.faults import FaultRates
from simulator.fleet import FleetPlan
from simulator.virtual_time import run
from simulator.world import World
from simulator.world.lab.states import given_out

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
PRODUCTS = 12
Story = Callable[[World], Coroutine[Any, Any, None]]
FAULTY = FaultRates(loss=0.08, duplication=0.08, reordering=0.08, corruption=0.04)


def play(folder: Path, plan: FleetPlan, story: Story) -> None:
    async def main(clock: VirtualClock) -> None:
        async with World.open(clock, folder / "shop", plan) as world:
            await world.add(*rows(range(PRODUCTS)))
            await world.bind_all()
            await world.run_until_quiet(3600)
            async with nothing_goes_back(world):
                await story(world)
            assert await world.false_proofs() == []
            assert await world.differences() == []

    run(main, start_utc=START)


def rows(numbers: range, price: str = "1.29") -> list[dict[str, object]]:
    return [{"barcode": f"SKU-{number}", "name": f"Proizvod {number}", "price": price} for number in numbers]


@asynccontextmanager
async def nothing_goes_back(world: World) -> AsyncIterator[None]:
    """While this lasts no glass is drawn under an older revision. A refresh takes seconds: none is missed."""
    drawn: dict[tuple[str, int], tuple[int, int]] = {}  # refreshes, and the highest revision they were for

    async def watch() -> None:
        while True:
            for tag_id, tag in world.fleet.tags.items():
                for index, glass in enumerate(tag.glasses):
                    order = tag.machine.state_of(index).memory.highest
                    refreshes, revision = drawn.get((str(tag_id), index), (glass.refreshes, 0))
                    if glass.refreshes != refreshes and order is not None:
                        assert order.revision >= revision, f"{tag_id}.{index} draws {order.revision} after {revision}"
                    if order is not None:
                        revision = max(order.revision, revision)
                    drawn[str(tag_id), index] = glass.refreshes, revision
            await world.clock.sleep(1.0)

    watcher = asyncio.ensure_future(watch())
    try:
        yield
        assert not watcher.done(), watcher.exception()
    finally:
        watcher.cancel()


def refreshes(world: World) -> dict[str, int]:
    return {
        f"{tag_id}.{index}": one.refreshes
        for tag_id, tag in world.fleet.tags.items()
        for index, one in enumerate(tag.glasses)
    }


async def jumps(world: World) -> set[int]:
    """How often the revisions of the shop's labels have jumped."""
    fact = display_history.c
    of_a_restore = select(func.count()).where(fact.cause == "restored", fact.fact == Fact.DESIRED.value)
    counted = of_a_restore.group_by(fact.display_id)
    return set(await world.running().database.read(lambda connection: list(connection.scalars(counted))))


def test_a_glass_that_shows_the_right_thing_is_proved_again_without_a_refresh_and_without_a_hand(
    tmp_path: Path,
) -> None:
    async def story(world: World) -> None:
        backup = await world.backup()
        await world.clock.sleep(3600)
        before = refreshes(world)
        await world.restore_from(backup)
        assert not any(one.confirmed for one in await world.displays())
        assert await world.run_until_quiet(900) > 0
        assert refreshes(world) == before
        assert await jumps(world) == {1}

    play(tmp_path, FleetPlan(seed=21, tags=8, bridges=2), story)


def test_the_jump_is_made_once_however_many_runs_came_after_the_backup(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        backup = await world.backup()
        south = list(world.fleet.bridges.values())[1]
        for restarts in range(3):
            await world.restart()
            if restarts == 1:
                south.power_off()  # it will remember another run than its neighbour
            await world.clock.sleep(120)
        await world.restore_from(backup)
        await world.clock.sleep(120)
        await world.restart()
        south.power_on()
        await world.clock.sleep(120)
        await world.restart()
        world.fleet.set_link_rates(FaultRates())
        await world.run_until_quiet(7200)
        assert await jumps(world) == {1}

    play(tmp_path, FleetPlan(seed=22, tags=8, bridges=2, link_rates=FAULTY), story)


@pytest.mark.parametrize("older_last", [False, True])
def test_a_backup_that_is_restored_again_goes_on_above_the_life_between(tmp_path: Path, older_last: bool) -> None:
    """Once the very file, and once an older one after a newer: neither knows of the life that is lost now."""

    async def story(world: World) -> None:
        monday = await world.backup()
        await world.clock.sleep(3600)
        await world.restore_from(monday)
        for price in ("2.09", "3.09", "4.09"):
            await world.add(*rows(range(PRODUCTS), price))
            await world.run_until_quiet(3600)
        if older_last:
            tuesday = await world.backup()
            await world.update(*rows(range(PRODUCTS), "5.09"))
            await world.run_until_quiet(3600)
            await world.restore_from(tuesday)
            await world.run_until_quiet(3600)
        before = given_out(world.folder / DATABASE)
        await world.restore_from(monday)
        after = given_out(world.folder / DATABASE)
        assert [name for name in before.numbers if after.numbers[name] <= before.numbers[name]] == []
        await world.add(*rows(range(PRODUCTS), "6.09"))
        await world.run_until_quiet(3600)

    play(tmp_path, FleetPlan(seed=23, tags=8, bridges=2), story)


def test_a_label_that_no_backup_knows_goes_on_above_what_two_lost_lives_have_drawn(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        (label,) = [one.display_id for one in await world.displays()][:1]
        for revisions in (4, 2):
            await world.restore_from(before_it_was_hung)
            await world.add(*rows(range(PRODUCTS)))
            for number in range(revisions):
                await world.bind(label, f"SKU-{number}")
                await world.run_until_quiet(3600)

    async def main(clock: VirtualClock) -> None:
        nonlocal before_it_was_hung
        async with World.open(clock, tmp_path / "shop", FleetPlan(seed=24, tags=1)) as world:
            before_it_was_hung = await world.backup()
            async with nothing_goes_back(world):
                await story(world)
            assert await world.false_proofs() == []

    before_it_was_hung: Any = None
    run(main, start_utc=START)


@pytest.mark.parametrize("seed", range(30, 38))
def test_a_shop_restored_at_any_moment_converges_to_what_it_kept_and_what_is_sent_later(
    tmp_path: Path, seed: int
) -> None:
    """Rows 0 to 7 change again and again, 8 to 11 never: their glasses need no refresh."""
    chance = Random(seed)

    async def changes(world: World, count: int, first: int) -> None:
        for number in range(first, first + count):
            await world.update(*rows(range(chance.randrange(8), 8), f"{number}.{chance.choice(('09', '49'))}"))
            await world.clock.sleep(chance.uniform(0, 150))

    async def story(world: World) -> None:
        await changes(world, chance.randrange(1, 4), 2)
        backup = await world.backup()
        await changes(world, chance.randrange(1, 6), 10)
        if chance.random() < 0.5:
            await world.restart()
        if chance.random() < 0.3:
            await world.crash()
            await world.clock.sleep(chance.uniform(0, 300))
        else:
            await changes(world, 2, 20)
        await world.restore_from(backup)
        bound = {one.display_id: one.barcodes for one in await world.displays()}
        before = refreshes(world)
        await world.clock.sleep(chance.uniform(0, 120))
        await changes(world, chance.randrange(0, 4), 30)
        world.fleet.set_link_rates(FaultRates())
        await world.run_until_quiet(7200)
        again = refreshes(world)
        unchanged = [one for one, codes in bound.items() if codes and int(codes[0].removeprefix("SKU-")) >= 8]
        assert unchanged
        assert {one: again[one] - before[one] for one in unchanged} == dict.fromkeys(unchanged, 0)
        assert await jumps(world) == {1}

    rates = FAULTY if seed % 2 else FaultRates()
    play(tmp_path, FleetPlan(seed=seed, tags=PRODUCTS, bridges=2, link_rates=rates), story)


def test_a_glass_that_was_bound_after_the_backup_keeps_no_price_that_nobody_answers_for(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        spare = {one.display_id for one in await world.displays() if one.desired_revision is None}
        assert len(spare) >= 3
        backup = await world.backup()
        for price in ("1.29", "2.29", "3.29"):  # its tag has seen some revisions
            await world.add(*rows(range(PRODUCTS, 2 * PRODUCTS), price))
            await world.bind_all()
            await world.run_until_quiet(3600)
        before = {one.display_id: one.desired_revision for one in await world.displays()}
        await world.restore_from(backup)
        await world.run_until_quiet(3600)
        await world.clock.sleep(600)
        await world.run_until_quiet(3600)
        for one in await world.displays():
            if one.display_id in spare:
                unbound = world.judge.expected(one.display_id, one.panel, (), world.clock.now())
                assert world.glass(one.display_id) == unbound.planes, f"{one.display_id} shows a forgotten price"
                assert (one.desired_revision or 0) > (before[one.display_id] or 0)

    play(tmp_path, FleetPlan(seed=26, tags=PRODUCTS + 4), story)


def test_a_batch_that_a_backup_holds_half_ends_after_the_restore_with_every_label_counted(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        session = await world.batch(rows(range(PRODUCTS), "3.33"))
        await world.clock.sleep(25)  # the labels are on their way
        backup = await world.backup()
        await world.clock.sleep(900)
        await world.restore_from(backup)
        await world.run_until_quiet(3600)
        await world.clock.sleep(400)
        status = await world.status(session)
        assert (status["status"], status["tagsConfirmed"]) == ("completed", status["tagsTotal"])

    play(tmp_path, FleetPlan(seed=23, tags=8), story)


def test_the_same_backup_twice_and_a_backup_of_the_restored_shop(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        first = await world.backup()
        await world.update(*rows(range(4), "4.44"))
        await world.run_until_quiet(3600)
        await world.restore_from(first)
        await world.run_until_quiet(3600)
        second = await world.backup()
        await world.update(*rows(range(4), "5.55"))
        await world.run_until_quiet(3600)
        await world.restore_from(second)
        await world.run_until_quiet(3600)
        assert await jumps(world) == {2}
        lines = await world.gateway.database.read(audit_lines)  # type: ignore[union-attr]
        assert [one.action for one in lines].count("shop_restored") == 2

    play(tmp_path, FleetPlan(seed=24, tags=6), story)


def test_the_judge_passes_over_rows_of_a_lost_life_that_are_applied_late(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        then = world.judge.remember()
        late = world.judge.number(rows(range(1), "9.99"), mode=RowMode.UPDATE)
        world.judge.forget_after(then)
        world.judge.apply(late)

    play(tmp_path, FleetPlan(seed=25, tags=3), story)
