"""Bringing *desired* up to date: what is drawn, what is not, and that nothing drawn from old facts is taken."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar, TypeVarTuple

import pytest

from firmware_protocol import FactoryCode, TagId
from gateway.access import add_store, store_settings, take_accepted_seqs
from gateway.catalog import ProductsChanged, RowMode, known_barcodes, parse_rows, save_rows
from gateway.database import Database, DatabaseFull
from gateway.ports import EventStream, WorkerDied
from gateway.shelf import (
    BindingsChanged,
    BoxTag,
    DesiredMoved,
    DisplayStanding,
    FactoryCodeVault,
    add_box_list,
    bind,
    bind_automatically,
    standings,
    unbind,
)
from gateway.sync import Chunk, ChunkProduct, Sync, service
from gateway.sync.service import _Writing

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
STORE = "zagreb-1"
START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
MILK, BREAD = "3850000000017", "3850000000024"


class StandingClock:
    """Time moves only when a test moves it."""

    def __init__(self) -> None:
        self.utc = START

    def monotonic_s(self) -> float:
        return (self.utc - START).total_seconds()

    def now(self) -> datetime:
        return self.utc

    async def sleep(self, seconds: float) -> None:
        await asyncio.Event().wait()


class CountingExecutor:
    """Inline; `before` runs between loading and drawing, where a real world moves on."""

    def __init__(self) -> None:
        self.labels = 0
        self.before: Callable[[], Coroutine[Any, Any, None]] | None = None

    async def run(self, work: Callable[[*Ts], T], *args: *Ts) -> T:
        if self.before is not None:
            before, self.before = self.before, None
            await before()
        self.labels += sum(len(arg) for arg in args if isinstance(arg, list))
        return work(*args)


class Shop:
    def __init__(self, path: Path) -> None:
        self.clock = StandingClock()
        self.events = EventStream()
        self.executor = CountingExecutor()
        self.database = Database.open(path / "shop.db", threads=False)
        self.sync = Sync(self.database, self.clock, self.executor, self.events)
        self.moved: list[str] = []
        self.events.watch(DesiredMoved, lambda event: self.moved.extend(event.display_ids))

    async def open(self, displays: int = 2) -> None:
        boxes = [
            BoxTag(TagId(n.to_bytes(8, "big")), FactoryCode(bytes(16)), "model", ("2.9-bwr",)) for n in range(displays)
        ]
        await self.database.write(lambda c: add_store(c, STORE, now=START))
        await self.sync.release_templates()
        await self.database.write(lambda c: add_box_list(c, STORE, boxes, FactoryCodeVault(bytes(32)), START))
        await self.send(
            {"barcode": MILK, "name": "Mlijeko", "price": "1.29"}, {"barcode": BREAD, "name": "Kruh", "price": "2"}
        )
        await self.database.write(lambda c: bind_automatically(c, STORE))

    async def send(self, *rows: dict[str, object]) -> list[int]:
        def save(connection: Any) -> list[int]:
            known = known_barcodes(connection, STORE, [str(row["barcode"]) for row in rows])
            parsed = parse_rows(
                list(rows),
                settings=store_settings(connection, STORE),
                field_map=None,
                mode=RowMode.UPDATE,
                is_known=known.__contains__,
            )
            assert not parsed.errors
            first = take_accepted_seqs(connection, STORE, len(parsed.rows))
            numbered = [(first + place, row) for place, row in enumerate(parsed.rows)]
            saved = save_rows(connection, STORE, numbered, now=self.clock.now(), source="test", session_id=None)
            return [row.product_id for row in saved]

        return await self.database.write(save)

    async def standings(self) -> list[DisplayStanding]:
        return await self.database.read(lambda c: standings(c, STORE))


def scenario(tmp_path: Path, story: Callable[[Shop], Coroutine[Any, Any, None]], displays: int = 2) -> None:
    async def play() -> None:
        shop = Shop(tmp_path)
        await shop.open(displays)
        await story(shop)
        await shop.database.close()

    asyncio.run(play())


def test_only_the_display_whose_price_changed_is_drawn_again(tmp_path: Path) -> None:
    async def story(shop: Shop) -> None:
        assert await shop.sync.bring_up_to_date() == 2
        shop.moved.clear()
        drawn = shop.executor.labels
        await shop.send({"barcode": MILK, "price": "1.39"})
        assert await shop.sync.bring_up_to_date() == 1
        assert (shop.executor.labels - drawn, shop.moved) == (1, ["0000000000000000.0"])

    scenario(tmp_path, story)


def test_the_same_rows_again_draw_nothing_and_move_nothing(tmp_path: Path) -> None:
    async def story(shop: Shop) -> None:
        await shop.sync.bring_up_to_date()
        drawn, before = shop.executor.labels, await shop.standings()
        await shop.send({"barcode": MILK, "name": "Mlijeko", "price": "1.29"})
        assert await shop.sync.bring_up_to_date() == 0
        assert (shop.executor.labels, await shop.standings()) == (drawn, before)

    scenario(tmp_path, story)


def test_a_price_that_changes_while_its_label_is_drawn_is_drawn_again_before_it_counts(tmp_path: Path) -> None:
    async def story(shop: Shop) -> None:
        async def overtake() -> None:
            await shop.send({"barcode": MILK, "price": "9.99"})

        shop.executor.before = overtake
        await shop.sync.bring_up_to_date()
        milk = (await shop.standings())[0]
        assert milk.desired_revision == 1  # the overtaken picture never became desired
        shop.sync._packed.clear()
        await shop.send({"barcode": MILK, "price": "1.29"})
        await shop.sync.bring_up_to_date()
        assert (await shop.standings())[0].desired_content_id != milk.desired_content_id

    scenario(tmp_path, story)


def test_a_price_that_comes_back_takes_a_new_revision_with_the_old_content(tmp_path: Path) -> None:
    async def story(shop: Shop) -> None:
        await shop.sync.bring_up_to_date()
        first = (await shop.standings())[0]
        for price in ("1.39", "1.29"):
            await shop.send({"barcode": MILK, "price": price})
            await shop.sync.bring_up_to_date()
        again = (await shop.standings())[0]
        assert again.desired_content_id == first.desired_content_id
        assert (first.desired_revision, again.desired_revision) == (1, 3)

    scenario(tmp_path, story)


def test_a_sale_turns_the_label_when_it_starts_and_when_it_ends(tmp_path: Path) -> None:
    async def story(shop: Shop) -> None:
        await shop.send(
            {
                "barcode": MILK,
                "salePrice": "0.99",
                "saleStart": "2026-03-02T10:00:00Z",
                "saleEnd": "2026-03-02T12:00:00Z",
            }
        )
        await shop.sync.bring_up_to_date()
        regular = (await shop.standings())[0].desired_content_id
        shop.clock.utc = START + timedelta(hours=2)
        assert await shop.sync.bring_up_to_date() == 1
        sale = (await shop.standings())[0].desired_content_id
        assert sale != regular
        shop.clock.utc = START + timedelta(hours=4)
        assert await shop.sync.bring_up_to_date() == 1
        assert (await shop.standings())[0].desired_content_id == regular

    scenario(tmp_path, story)


def test_an_unbound_display_leaves_the_price_and_says_why(tmp_path: Path) -> None:
    async def story(shop: Shop) -> None:
        await shop.sync.bring_up_to_date()
        before = (await shop.standings())[0]
        await shop.database.write(lambda c: unbind(c, STORE, before.display_id))
        await shop.sync.bring_up_to_date()
        after = (await shop.standings())[0]
        assert after.desired_content_id != before.desired_content_id
        assert (after.desired_revision, after.fallback_reason) == (2, "unbound")

    scenario(tmp_path, story)


def test_a_zero_price_stands_on_no_glass(tmp_path: Path) -> None:
    async def story(shop: Shop) -> None:
        await shop.send({"barcode": MILK, "price": "0"})
        await shop.sync.bring_up_to_date()
        assert (await shop.standings())[0].fallback_reason == "zero_price"

    scenario(tmp_path, story)


def test_a_chunk_counts_a_display_when_its_label_follows_from_the_chunk(tmp_path: Path) -> None:
    async def story(shop: Shop) -> None:
        ids = await shop.send({"barcode": MILK, "price": "1.59"}, {"barcode": BREAD, "price": "0"})
        products = tuple(ChunkProduct(one, "", 1) for one in ids)
        result = await shop.sync.handle(Chunk("chunk-1", STORE, "session", 0, 1, products))
        assert (result.displays_total, result.displays_handled) == (2, 2)
        assert result.refused == ("0000000000000001.0",)

    scenario(tmp_path, story)


def test_a_display_that_is_bound_while_its_chunk_is_counted_is_drawn_before_it_counts(tmp_path: Path) -> None:
    async def story(shop: Shop) -> None:
        ids = await shop.send({"barcode": MILK, "price": "1.59"})
        await shop.sync.bring_up_to_date()
        inner = shop.sync.bring_up_to_date

        async def bound_just_after(*, product_ids: Sequence[int] | None = None) -> int:
            moved = await inner(product_ids=product_ids)
            if shop.sync.bring_up_to_date is bound_just_after:
                shop.sync.bring_up_to_date = inner  # type: ignore[method-assign]
                await shop.database.write(lambda c: bind(c, STORE, "0000000000000001.0", [MILK]))
            return moved

        shop.sync.bring_up_to_date = bound_just_after  # type: ignore[method-assign]
        result = await shop.sync.handle(Chunk("c", STORE, "session", 0, 1, (ChunkProduct(ids[0], MILK, 1),)))
        assert (result.displays_total, result.displays_handled) == (2, 2)
        assert [one.desired_revision for one in await shop.standings()] == [1, 2]

    scenario(tmp_path, story)


def test_a_product_that_changes_faster_than_it_is_drawn_does_not_count_as_handled(tmp_path: Path) -> None:
    async def story(shop: Shop) -> None:
        ids = await shop.send({"barcode": MILK, "price": "1.00"})
        cents = iter(range(101, 10_000))

        async def overtake() -> None:
            await shop.send({"barcode": MILK, "price": f"{next(cents) / 100:.2f}"})
            shop.executor.before = overtake

        shop.executor.before = overtake
        chunk = Chunk("c", STORE, "session", 0, 1, (ChunkProduct(ids[0], MILK, 1),))
        result = await shop.sync.handle(chunk)
        assert (result.displays_total, result.displays_handled) == (1, 0)
        shop.executor.before = None
        result = await shop.sync.handle(chunk)
        assert (result.displays_total, result.displays_handled) == (1, 1)

    scenario(tmp_path, story)


def test_a_nudge_is_enough_for_the_running_sync_to_find_what_is_stale(tmp_path: Path) -> None:
    async def story(shop: Shop) -> None:
        running = asyncio.create_task(shop.sync.run())
        moved = shop.events.subscribe(DesiredMoved)
        first = await anext(moved)
        assert len(first.display_ids) == 2
        ids = await shop.send({"barcode": MILK, "price": "1.49"})
        shop.events.publish(ProductsChanged(STORE, tuple(ids)))
        assert (await anext(moved)).display_ids == ("0000000000000000.0",)
        await shop.database.write(lambda c: unbind(c, STORE, "0000000000000001.0"))
        shop.events.publish(BindingsChanged(STORE, ("0000000000000001.0",)))
        assert (await anext(moved)).display_ids == ("0000000000000001.0",)
        running.cancel()

    scenario(tmp_path, story)


def test_a_write_that_has_failed_when_drawing_fails_too_is_told_and_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(service.log, "warning", lambda event, **_: told.append(event), raising=False)

    async def play() -> None:
        failed = asyncio.Event()

        async def disk_is_full(_: object) -> int:
            failed.set()
            raise DatabaseFull(Path("esl.sqlite"))

        async with _Writing(disk_is_full) as writing:
            await writing.begin([])
            await failed.wait()
            raise WorkerDied("while the next were drawn")

    with pytest.raises(WorkerDied):
        asyncio.run(play())
    assert told == ["sync_write_failed"]
