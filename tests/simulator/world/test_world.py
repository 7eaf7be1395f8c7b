"""The first whole thread: from a POS's request to a proof of pixels, on virtual time."""

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from simulator.clock import VirtualClock
from simulator.faults import FaultRates
from simulator.fleet import FleetPlan
from simulator.virtual_time import run
from simulator.world import World

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
Story = Callable[[World], Coroutine[Any, Any, None]]


def play(folder: Path, plan: FleetPlan, story: Story) -> None:
    async def main(clock: VirtualClock) -> None:
        async with World.open(clock, folder, plan) as world:
            await story(world)
            assert await world.false_proofs() == []
            assert await world.differences() == []

    run(main, start_utc=START)


def rows(count: int, price: str = "1.29") -> list[dict[str, object]]:
    return [{"barcode": f"SKU-{number}", "name": f"Proizvod {number}", "price": price} for number in range(count)]


def test_a_price_that_a_pos_sends_is_proved_by_every_bound_glass(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        answer = await world.add(*rows(30))
        assert answer.status_code == 200
        assert await world.bind_all() >= 20
        await world.run_until_quiet(600)
        await world.update({"barcode": "SKU-3", "price": "0.99"})
        await world.run_until_quiet(600)

    play(tmp_path, FleetPlan(seed=1, tags=20), story)


def test_a_shop_may_have_more_tags_than_one_box_list_names(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        assert len((await world.admin.get("/admin/tags", params={"store": world.store})).json()["tags"]) == 10_001

    play(tmp_path, FleetPlan(seed=1, tags=10_001), story)


def test_a_batch_counts_every_label_that_its_tag_has_proved(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        session = await world.batch(rows(30))
        await world.clock.sleep(10)
        await world.bind_all()
        await world.run_until_quiet(600)
        session = await world.batch(rows(30, "1.49"))
        await world.clock.sleep(400)
        status = await world.status(session)
        assert (status["status"], status["progress"]) == ("completed", 100)
        assert status["tagsConfirmed"] == status["tagsTotal"] == len(await world.displays())

    play(tmp_path, FleetPlan(seed=2, tags=20), story)


def test_the_same_rows_again_cost_no_radio_and_are_confirmed_at_once(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.add(*rows(30))
        await world.bind_all()
        await world.run_until_quiet(600)
        assert world.gateway is not None
        services = world.gateway.services
        said, drawn = services.delivery.voice.offers, services.sync.drawn
        session = await world.batch(rows(30))
        await world.clock.sleep(10)
        status = await world.status(session)
        assert (status["status"], status["unchanged"]) == ("completed", 30)
        assert status["tagsConfirmed"] == status["tagsTotal"] > 0
        assert (services.delivery.voice.offers, services.sync.drawn) == (said, drawn)

    play(tmp_path, FleetPlan(seed=3, tags=20), story)


def test_a_gateway_that_is_killed_in_a_batch_finishes_it_after_its_restart(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.add(*rows(30))
        await world.bind_all()
        await world.run_until_quiet(600)
        session = await world.batch(rows(30, "2.49"))
        await world.clock.sleep(30)
        await world.restart()
        await world.run_until_quiet(1200)
        await world.clock.sleep(400)
        status = await world.status(session)
        assert (status["status"], status["tagsConfirmed"]) == ("completed", status["tagsTotal"])

    play(tmp_path, FleetPlan(seed=4, tags=20), story)


def test_lost_doubled_late_and_damaged_messages_delay_a_label_and_never_leave_it_wrong(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.add(*rows(40))
        await world.bind_all()
        for price in ("1.39", "1.49", "1.29"):
            await world.update(*rows(20, price))
            await world.clock.sleep(45)
        world.fleet.set_link_rates(FaultRates())
        await world.run_until_quiet(7200)

    rates = FaultRates(loss=0.1, duplication=0.1, reordering=0.1, corruption=0.1)
    play(tmp_path, FleetPlan(seed=5, tags=30, bridges=2, link_rates=rates), story)


def test_a_new_token_is_handed_over_even_after_one_that_nobody_heard_of(tmp_path: Path) -> None:
    """The answer that named it was lost with the gateway; two tokens may live."""

    async def story(world: World) -> None:
        made = await world.admin.post(f"/admin/stores/{world.store}/tokens", json={"kind": "sandbox"})
        assert made.status_code < 300
        await world.renew_token()
        listed = (await world.admin.get("/admin/tokens", params={"store": world.store})).json()["tokens"]
        assert len([one for one in listed if one["revokedAt"] is None]) == 1
        assert (await world.add(*rows(1))).status_code == 200

    play(tmp_path, FleetPlan(seed=7, tags=1), story)


def test_a_restored_backup_of_yesterday_puts_no_old_price_on_a_glass_and_confirms_nothing_unseen(
    tmp_path: Path,
) -> None:
    async def story(world: World) -> None:
        shop = tmp_path / "shop"
        await world.add(*rows(12))
        await world.bind_all()
        await world.run_until_quiet(900)
        await world.crash()
        backup = {file.name: file.read_bytes() for file in shop.glob("esl.sqlite*")}
        await world.start()
        for price in ("1.59", "1.69"):
            await world.update(*rows(12, price))
            await world.run_until_quiet(900)
        assert await world.false_proofs() == []
        world.proofs.clear()  # the history that they are held against is about to be lost
        await world.crash()
        for file in shop.glob("esl.sqlite*"):
            file.unlink()
        for name, octets in backup.items():
            (shop / name).write_bytes(octets)
        refreshes = {tag_id: tag.glasses[0].refreshes for tag_id, tag in world.fleet.tags.items()}
        await world.start()
        await world.clock.sleep(120)
        await world.update(
            *rows(12, "1.69")
        )  # the POS sends its morning list: the newest price is on the glass already
        await world.run_until_quiet(3600)
        again = {tag_id: tag.glasses[0].refreshes for tag_id, tag in world.fleet.tags.items()}
        assert max(again[one] - refreshes[one] for one in again) <= 2

    play(tmp_path / "shop", FleetPlan(seed=6, tags=8, bridges=2), story)
