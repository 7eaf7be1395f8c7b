"""A batch counts what is proved of its own prices: never a proof that was lost since, never a label yet to be drawn."""

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import update

from gateway.shelf.tables import shown
from gateway.sync import Chunk, ChunkResult
from simulator.clock import VirtualClock
from simulator.fleet import FleetPlan
from simulator.virtual_time import run
from simulator.world import World

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def play(folder: Path, plan: FleetPlan, story: Callable[[World], Coroutine[Any, Any, None]]) -> None:
    async def main(clock: VirtualClock) -> None:
        async with World.open(clock, folder, plan) as world:
            await story(world)
            assert await world.false_proofs() == []

    run(main, start_utc=START)


def rows(count: int) -> list[dict[str, object]]:
    return [{"barcode": f"SKU-{number}", "name": f"Proizvod {number}", "price": "1.29"} for number in range(count)]


def test_a_glass_that_became_unknown_is_not_confirmed_by_its_proof_of_before(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.add(*rows(2))
        await world.bind_all()
        await world.run_until_quiet(600)
        lost = min(one.display_id for one in await world.displays())
        world.fleet.kill_tags(2)  # nobody can prove anything anew
        assert world.gateway is not None
        forget = update(shown).where(shown.c.display_id == lost).values(content_id=None)
        await world.gateway.database.write(lambda connection: connection.execute(forget))
        session = await world.batch(rows(2))
        for _ in range(3):  # at once, after a round, after the gateway's restart
            await world.clock.sleep(40)
            status = await world.status(session)
            assert (status["tagsTotal"], status["tagsConfirmed"]) == (2, 1)
            await world.restart()

    play(tmp_path, FleetPlan(seed=1, tags=2), story)


def test_a_display_bound_behind_the_last_chunk_is_confirmed_by_its_new_label_alone(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.add(*rows(30))
        await world.bind_all()
        await world.run_until_quiet(600)
        assert world.gateway is not None
        sync = world.gateway.services.sync
        moved = next(one for one in await world.displays() if one.barcodes == ("SKU-3",))
        handle = sync.handle

        async def handle_then_bind(chunk: Chunk) -> ChunkResult:
            result = await handle(chunk)
            await world.bind(moved.display_id, "SKU-25")
            return result

        sync.handle = handle_then_bind  # type: ignore[method-assign]
        session = await world.batch([{"barcode": "SKU-25", "name": "Novi", "price": "9.99"}])
        await world.clock.sleep(1)
        status = await world.status(session)
        assert (status["phase"], status["tagsTotal"], status["tagsConfirmed"]) == ("verifying", 1, 0)
        await world.run_until_quiet(600)
        status = await world.status(session)
        assert (status["status"], status["tagsConfirmed"]) == ("completed", 1)

    play(tmp_path, FleetPlan(seed=1, tags=20), story)


def test_a_label_that_a_later_update_overtook_says_so_and_its_proof_confirms_the_batch_too(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.add(*rows(3))
        await world.bind_all()
        await world.run_until_quiet(600)
        world.fleet.kill_tags(3)
        session = await world.batch([one | {"price": "2.49"} for one in rows(3)])
        await world.clock.sleep(400)
        await world.update({"barcode": "SKU-0", "price": "2.79"})
        unbound = next(one for one in await world.displays() if one.barcodes == ("SKU-1",))
        await world.unbind(unbound.display_id)
        await world.clock.sleep(10)
        for silence in ("asleep", "out_of_range"):  # a new process has never heard the tag
            answer = (await world.pos.get(f"/batch/{session}/unconfirmed")).json()
            by_display = {one["display"]: one["reason"] for one in answer["items"]}
            assert by_display.pop(unbound.display_id) == "unbound"
            assert sorted(by_display.values()) == [silence, "superseded"]
            await world.restart()
            await world.clock.sleep(200)
        world.fleet.revive_tags()
        await world.run_until_quiet(600)
        status = await world.status(session)
        assert (status["status"], status["tagsTotal"], status["tagsConfirmed"]) == ("completed", 3, 3)

    play(tmp_path, FleetPlan(seed=1, tags=3), story)
