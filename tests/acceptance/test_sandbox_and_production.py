"""A store's sandbox token and its production token used at once: the twin never speaks on a bridge of the store.

The twin has tags and a bridge of its own; worse, some of its tags hear the store's bridge alone, as on a test bench in
the shop. Every payload that reaches a bridge is looked into. CI: 12 tags each, 4 changes; ESL_TEST_LONG=1: 60 and 40.
"""

from datetime import UTC, datetime
from pathlib import Path

import httpx
from acceptance_sizes import size

from gateway.catalog import RowMode
from gateway.shelf import ShownMoved
from simulator.clock import VirtualClock
from simulator.fleet import Fleet, FleetPlan
from simulator.link_tap import LinkTap
from simulator.mix import Mix
from simulator.virtual_time import run
from simulator.world import World

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
TAGS = size(12, 60)
CHANGES = size(4, 40)
MIX = Mix.parse("2.13-bw,2.9-bwr")
ASTRAY = 3  # of the twin's tags


class ShopWithBench(World):
    """A world whose own claims are those of its own fleet; the twin's displays are looked at one by one."""

    def _note_proof(self, event: ShownMoved) -> None:
        if event.store_id == self.store:
            super()._note_proof(event)


def prices(turn: int, name: str) -> list[dict[str, object]]:
    """The same barcodes in both shops, at prices that differ."""
    euros = 1 if name == "production" else 6
    return [
        {"barcode": f"SKU-{number}", "name": f"{name} {number}", "price": f"{euros}.{turn + 10}"}
        for number in range(TAGS)
    ]


def test_not_one_frame_of_the_sandbox_reaches_a_bridge_of_the_store(tmp_path: Path) -> None:
    async def main(clock: VirtualClock) -> None:
        async with ShopWithBench.open(clock, tmp_path, FleetPlan(seed=1, tags=TAGS, mix=MIX)) as world:
            await world.add(*prices(0, "production"))
            await world.bind_all()
            await world.run_until_quiet(600)
            made = await world.admin.post(
                f"/admin/stores/{world.store}/tokens", json={"kind": "production", "force": True}
            )
            production = made.raise_for_status().json()["token"]
            twin = f"{world.store}-sandbox"
            bench = await open_bench(world, twin)
            at_store, at_bench = listening(world.fleet), listening(bench)
            sandbox = world.pos.headers["authorization"]
            for turn in range(1, CHANGES + 1):
                both = {"sandbox": sandbox, "production": f"Bearer {production}"}
                for name, token in both.items():
                    await sent(world, token, prices(turn, name), known=turn > 1 or name == "production")
                    if name == "production":
                        world.judge.accepted(prices(turn, name), RowMode.UPDATE)
                if turn == 1:
                    bound = await world.admin.post(f"/admin/stores/{twin}/bindings/auto")
                    assert len(bound.raise_for_status().json()["bindings"]) == TAGS
                await clock.sleep(70)
            await clock.sleep(600)
            await world.run_until_quiet(1200)
            listed = (await world.admin.get(f"/admin/displays?store={twin}")).json()["displays"]
            astray = {f"{tag_id}.0" for tag_id in list(bench.tags)[:ASTRAY]}
            assert {one["displayId"] for one in listed if not one["confirmed"]} == astray
            print(
                f"{CHANGES} changes of {TAGS} prices each; payloads down: {at_store.payloads} to the store's bridge, "
                f"{at_bench.payloads} to the twin's"
            )
            assert at_store.tags == set(world.fleet.tags)
            assert at_bench.tags == set(list(bench.tags)[ASTRAY:])
            assert at_store.parts
            assert at_bench.parts
            assert set(at_store.parts).isdisjoint(at_bench.parts)
            assert await world.false_proofs() == []
            assert await world.differences() == []

    run(main, start_utc=START)


def listening(fleet: Fleet) -> LinkTap:
    """To all that comes down to its bridge."""
    tap = fleet.bridges["bridge-1"].tap = LinkTap()
    return tap


async def open_bench(world: World, twin: str) -> Fleet:
    """The twin's own tags and bridge; some of the tags hear the store's bridge and no other."""
    bench = Fleet(FleetPlan(seed=2, tags=TAGS, mix=MIX), world.scheduler)
    boxes = [box.to_json() for box in bench.box_list()]
    (await world.admin.post(f"/admin/stores/{twin}/box-list", json={"tags": boxes})).raise_for_status()
    named = {"name": "bridge-1", "carrier": "mqtt"}
    (await world.admin.post(f"/admin/stores/{twin}/bridges", json=named)).raise_for_status()
    world.carrier.plug(f"{twin}/bridge-1", bench.bridges["bridge-1"], bench.paths["bridge-1"])
    for tag in list(bench.tags.values())[:ASTRAY]:
        tag.hears = [(world.fleet.bridges["bridge-1"], -50)]
    bench.switch_on()
    return bench


async def sent(world: World, token: str, rows: list[dict[str, object]], *, known: bool) -> None:
    path = "/productUpdate" if known else "/add"
    answer: httpx.Response = await world.pos.post(path, json=rows, headers={"authorization": token})
    assert answer.status_code == 200, answer.text
