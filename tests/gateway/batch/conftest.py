"""A shop to run batches in: a real database, a clock that stands still, and living stand-ins for sync and delivery.

The stand-in for sync moves *desired* of the displays bound to a chunk's products whose version is new to it; a proof
is written into the shelf's history as delivery writes it. Neither knows anything of batches.
"""

import asyncio
import itertools
import shutil
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from gateway.access import add_store
from gateway.batch import BatchProcessor, BatchStatus, Rounds, SessionMode, Sessions
from gateway.catalog import products_by_barcode, products_by_id
from gateway.catalog.tables import product
from gateway.database import Database
from gateway.ports import EventStream, to_ms
from gateway.shelf import Fact, ShownMoved, bind, tables
from gateway.sync import Chunk, ChunkProduct, ChunkResult

T = TypeVar("T")
START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
CONTENT = b"c" * 16


class StillClock:
    """Time passes only by `pass_s`, and UTC may be made to jump."""

    def __init__(self) -> None:
        self.elapsed_s = 0.0
        self.utc_offset = timedelta()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def monotonic_s(self) -> float:
        return self.elapsed_s

    def now(self) -> datetime:
        return START + self.utc_offset + timedelta(seconds=self.elapsed_s)

    async def sleep(self, seconds: float) -> None:
        sleeper: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.elapsed_s + seconds, next(self._order), sleeper))
        await sleeper

    async def pass_s(self, seconds: float) -> None:
        """Wake who is due, one after another, and let each go as far as it can."""
        end = self.elapsed_s + seconds
        await quiet()
        while True:
            self._sleepers = sorted(one for one in self._sleepers if not one[2].done())
            if not self._sleepers or self._sleepers[0][0] > end:
                break
            due, _, sleeper = self._sleepers.pop(0)
            self.elapsed_s = max(self.elapsed_s, due)
            sleeper.set_result(None)
            await quiet()
        self.elapsed_s = end


async def quiet(turns: int = 160) -> None:
    """Let everything that can go on go on."""
    for _ in range(turns):
        await asyncio.sleep(0)


class CountedSecrets:
    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def octets(self, count: int) -> bytes:
        return next(self._numbers).to_bytes(count, "big")


class Shop:
    """The batch folder, composed as the gateway composes it, on one file; `reopen` is a restart after a kill."""

    def __init__(self, path: Path) -> None:
        self.clock = StillClock()
        self.secrets = CountedSecrets()
        self.path = path
        self.asked: list[list[str]] = []  # what each verification round asked about
        self.reason = "asleep"
        self.chunks: list[Chunk] = []  # what sync was given
        self.sync_fails: list[Exception] = []  # raised by the next calls, one each
        self.falls_behind: list[int] = []  # the next chunks: of so many displays none is handled
        self.after_chunk: Callable[[], Awaitable[None]] | None = None  # what the shop does just behind a chunk
        self.asked_again: list[list[int]] = []  # products whose displays were stale at the end of syncing
        self.never_draws = False
        self.content = CONTENT  # what sync draws from now on
        self._tasks: list[asyncio.Task[None]] = []

    def open(self, *, running: bool = True) -> None:
        self.events = EventStream()
        self.database = Database.open(self.path, threads=False)
        self.sessions = Sessions(self.database, self.clock, self.secrets, self.events, self)
        self.processor = BatchProcessor(self.database, self.clock, self.events, self)
        self.rounds = Rounds(self.database, self.clock, self.events, self)
        if running:
            self.run()

    def run(self) -> None:
        self._tasks = [asyncio.create_task(self.processor.run()), asyncio.create_task(self.rounds.run())]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        await self.database.close()

    async def crash(self) -> None:
        """As the world does it: first the ports are cut, then the tasks end."""
        self.database.crash()
        await self.stop()

    async def add_store(self, store_id: str) -> None:
        await self.database.write(lambda connection: add_store(connection, store_id, now=self.clock.now()))

    async def send(
        self,
        *pushes: Sequence[object],
        store: str = "corner",
        mode: SessionMode = SessionMode.UPDATE,
        remove_missing: bool = False,
        force: bool = False,
    ) -> str:
        """A whole session, completed; gives its id."""
        started = await self.sessions.start(store, mode, remove_missing)
        for rows in pushes:
            await self.sessions.push(store, started.session_id, rows)
        await self.sessions.complete(store, started.session_id, force)
        return started.session_id

    async def status(self, session_id: str, store: str = "corner") -> BatchStatus:
        return await self.sessions.status(store, session_id)

    async def price_of(self, barcode: str, store: str = "corner") -> str | None:
        products = await self.database.read(lambda connection: products_by_barcode(connection, store, [barcode]))
        return str(products[barcode].fields["price"]) if barcode in products else None

    # --- the shelf -------------------------------------------------------------------------------------------------

    async def hang(self, display_id: str, *barcodes: str, store: str = "corner") -> None:
        """A display bound to products that are in the catalogue."""

        def work(connection: Connection) -> None:
            tag_id, index = display_id.split(".")
            products = products_by_barcode(connection, store, barcodes)
            known = upsert(tables.tag).values(tag_id=tag_id, store_id=store, factory_code=b"", model="virtual")
            connection.execute(known.on_conflict_do_nothing())
            connection.execute(
                insert(tables.display).values(
                    display_id=display_id,
                    tag_id=tag_id,
                    idx=int(index),
                    store_id=store,
                    panel="2.13-bw",
                    binding_version=1,
                )
            )
            connection.execute(
                insert(tables.binding),
                [
                    {"display_id": display_id, "position": i, "product_id": products[code].product_id, "barcode": code}
                    for i, code in enumerate(barcodes)
                ],
            )

        await self.database.write(work)

    async def handle(self, chunk: Chunk) -> ChunkResult:
        if self.sync_fails:
            raise self.sync_fails.pop(0)
        self.chunks.append(chunk)
        if self.falls_behind:
            total = self.falls_behind.pop(0)
            return ChunkResult(chunk.chunk_id, total, 0, ())
        displays = await self.database.write(lambda connection: self._draw(connection, chunk))
        if self.after_chunk is not None:
            after, self.after_chunk = self.after_chunk, None
            await after()
        return ChunkResult(chunk.chunk_id, len(displays), len(displays), ())

    async def bring_up_to_date(self, *, product_ids: Sequence[int] | None = None) -> int:
        self.asked_again.append(list(product_ids or ()))
        if self.never_draws:
            return 0

        def work(connection: Connection) -> int:
            products = products_by_id(connection, list(product_ids or ())).values()
            now = [ChunkProduct(one.product_id, one.barcode, one.version) for one in products]
            return len(self._draw(connection, Chunk("again", "corner", None, 0, 1, tuple(now))))

        return await self.database.write(work)

    def _draw(self, connection: Connection, chunk: Chunk) -> list[str]:
        versions = {one.product_id: one.version for one in chunk.products}
        binding, source = tables.binding.c, tables.desired_source.c
        bound = connection.execute(
            select(binding.display_id, binding.product_id).where(binding.product_id.in_(versions))
        ).all()
        for display_id, product_id in bound:
            drawn = connection.scalar(
                select(source.product_version).where(source.display_id == display_id, source.product_id == product_id)
            )
            if drawn is None or drawn < versions[product_id]:
                self._move(connection, chunk.store_id, display_id, product_id, versions[product_id])
        return sorted({display_id for display_id, _ in bound})

    def _move(self, connection: Connection, store: str, display_id: str, product_id: int, version: int) -> None:
        desired = tables.desired
        revision = connection.scalar(select(desired.c.revision).where(desired.c.display_id == display_id)) or 0
        now = to_ms(self.clock.now())
        bound = connection.scalar(
            select(tables.display.c.binding_version).where(tables.display.c.display_id == display_id)
        )
        values = {"revision": revision + 1, "content_id": self.content, "moved_at": now, "binding_version": bound}
        moved = upsert(desired).values(
            display_id=display_id,
            store_id=store,
            template_release="r",
            settings_version=1,
            **values,
        )
        connection.execute(moved.on_conflict_do_update(set_=values))
        drawn = upsert(tables.desired_source).values(
            display_id=display_id, product_id=product_id, product_version=version
        )
        connection.execute(drawn.on_conflict_do_update(set_={"product_version": version}))
        self._note(connection, display_id, revision + 1, Fact.DESIRED)

    def _note(self, connection: Connection, display_id: str, revision: int, fact: Fact) -> None:
        connection.execute(
            insert(tables.display_history).values(
                display_id=display_id,
                revision=revision,
                fact=fact.value,
                at=to_ms(self.clock.now()),
                content_id=self.content,
            )
        )

    async def prove(self, display_id: str, *, told: bool = True, fact: Fact = Fact.PROVED) -> None:
        """The tag proves its present desired revision. `told=False`: the event is lost."""

        def work(connection: Connection) -> int:
            column = tables.desired.c
            revision = connection.execute(select(column.revision).where(column.display_id == display_id)).scalar_one()
            now = to_ms(self.clock.now())
            values = {"revision": revision, "content_id": self.content, "proved_at": now}
            glass = upsert(tables.shown).values(
                display_id=display_id, refresh_counter=1, how="report", up_counter=1, **values
            )
            connection.execute(glass.on_conflict_do_update(set_=values))
            self._note(connection, display_id, revision, fact)
            return int(revision)

        revision = await self.database.write(work)
        if told:
            self.events.publish(ShownMoved("corner", display_id, revision, fact))
        await quiet()

    async def bind_anew(self, display_id: str, *barcodes: str) -> None:
        await self.database.write(lambda connection: bind(connection, "corner", display_id, barcodes))

    async def change(self, barcode: str) -> None:
        """A product changes by some other way than a batch."""
        await self.database.write(
            lambda connection: connection.execute(
                update(product).where(product.c.barcode == barcode).values(version=product.c.version + 1)
            )
        )

    async def lose(self, display_id: str) -> None:
        """What its glass shows is not known any more, as a tag says after a splash or with new keys."""

        def work(connection: Connection) -> None:
            glass = tables.shown
            connection.execute(update(glass).where(glass.c.display_id == display_id).values(content_id=None))
            self._note(connection, display_id, 0, Fact.UNKNOWN)

        await self.database.write(work)

    # --- delivery --------------------------------------------------------------------------------------------------

    async def verify(self, display_ids: Sequence[str]) -> None:
        self.asked.append(list(display_ids))

    async def reasons(self, display_ids: Sequence[str]) -> dict[str, str]:
        return dict.fromkeys(display_ids, self.reason)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that is up to date, to be copied: making it takes longer than most of the tests."""
    path = tmp_path_factory.mktemp("migrated") / "a.db"
    asyncio.run(Database.open(path, threads=False).close())
    return path


Story = Callable[[Shop], Awaitable[None]]


@pytest.fixture
def in_a_shop(tmp_path: Path, migrated: Path) -> Callable[[Story], None]:
    """Runs a story in a shop with the store `corner`, processor and rounds at work."""

    def tell(story: Story) -> None:
        async def whole() -> None:
            shop = Shop(shutil.copy(migrated, tmp_path / "shop.db"))
            shop.open()
            await shop.add_store("corner")
            try:
                await story(shop)
            finally:
                await shop.stop()

        run: Coroutine[Any, Any, None] = whole()
        asyncio.run(run)

    return tell
