"""Brings *desired* up to date for stale displays.

In: chunks, nudges (products, bindings), the minute. Out: pictures written to the shelf, `DesiredMoved`.
Rule: a nudge only says *look now*; which displays are stale is read from the tables. One bring-up runs at a time, so
that two nudges never draw one label twice.
"""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Sequence
from datetime import datetime

import structlog
from sqlalchemy import Connection

from gateway.catalog import ProductsChanged
from gateway.database import Database, DatabaseFailure
from gateway.labels import LabelRequest, template_names, template_release
from gateway.ports import Clock, EventStream, Executor, WorkerDied, event_or_pause, from_ms
from gateway.shelf import (
    BindingsChanged,
    DesiredMoved,
    Moved,
    Picture,
    displays_bound_to,
    label_reasons,
    next_change_at,
    set_template_releases,
    stale_displays,
    write_pictures,
)
from gateway.sync.chunk import Chunk, ChunkResult
from gateway.sync.draw import Packed, draw_and_pack
from gateway.sync.limits import (
    DISPLAYS_AT_ONCE,
    DRAWS_BEFORE_GIVING_UP,
    LABELS_IN_A_WORKER_CALL,
    LOOK_AT_LEAST_EVERY_S,
    LOOKS_AT_A_CHUNK,
    PACKED_KEPT,
    RETRY_AFTER_TROUBLE_S,
)
from gateway.sync.load import ToDraw, load

log = structlog.get_logger("sync")


class Sync:
    """One per gateway. `handle` serves batches; `run` keeps every store's displays up to date between them."""

    def __init__(self, database: Database, clock: Clock, executor: Executor, events: EventStream) -> None:
        self._database = database
        self._clock = clock
        self._executor = executor
        self._events = events
        self._one_at_a_time = asyncio.Lock()
        self._nudged = asyncio.Event()
        self._releases: dict[str, str] = {}
        self._packed: dict[LabelRequest, Packed] = {}  # newest last; saves drawing one label for many displays
        self.drawn = 0  # labels drawn since the start: what metrics and "nothing was rendered" tests read
        events.watch(ProductsChanged, lambda _: self._nudged.set())
        events.watch(BindingsChanged, lambda _: self._nudged.set())

    def nudge(self) -> None:
        """Look for stale displays soon: settings or templates changed."""
        self._nudged.set()

    async def release_templates(self) -> None:
        """Make the templates of this version current; displays drawn with others become stale.

        A display without products shows the unbound picture whatever its template, so that one counts with each.
        """
        unbound = template_release("unbound")
        releases = {name: f"{template_release(name)} {unbound}" for name in template_names()}
        await self._database.write(lambda connection: set_template_releases(connection, releases, self._clock.now()))
        self._releases = releases

    async def run(self) -> None:
        """Level-triggered: at start, at each nudge, when a sale starts or ends, and every minute."""
        while True:
            self._nudged.clear()
            try:
                await self.bring_up_to_date()
                wait_s = await self._until_next_change_s()
            except (WorkerDied, DatabaseFailure, OSError) as error:
                log.warning("sync_postponed", reason=str(error), next_try_s=RETRY_AFTER_TROUBLE_S)
                wait_s = RETRY_AFTER_TROUBLE_S
            await event_or_pause(self._nudged, self._clock, wait_s)

    async def handle(self, chunk: Chunk) -> ChunkResult:
        """Bring every display bound to the chunk's products up to date; those that are count as handled.

        Fewer than all: they changed again and again while they were drawn. Whoever asked asks again.
        """
        product_ids = [one.product_id for one in chunk.products]
        for _ in range(LOOKS_AT_A_CHUNK):
            await self.bring_up_to_date(product_ids=product_ids)
            now = self._clock.now()
            result = await self._database.read(_result(chunk.chunk_id, product_ids, now))
            if result.displays_handled == result.displays_total:
                break
        return result

    async def bring_up_to_date(self, *, product_ids: Sequence[int] | None = None) -> int:
        """Draw until no display (bound to one of the products) is stale. Gives how many revisions moved.

        While some pictures wait for the writer, the next are drawn; only those are left out of the next look.
        """
        async with self._one_at_a_time, _Writing(self._write) as writing:
            for _ in range(DRAWS_BEFORE_GIVING_UP):
                stale = await self._stale_but(writing.display_ids, product_ids)
                if not stale and writing.display_ids:
                    await writing.ended()
                    stale = await self._stale_but(frozenset(), product_ids)
                if not stale:
                    return writing.moved
                for start in range(0, len(stale), DISPLAYS_AT_ONCE):
                    await writing.begin(await self._pictures(stale[start : start + DISPLAYS_AT_ONCE]))
            # Products that change faster than they can be drawn: the next nudge or minute goes on.
            self._nudged.set()
            await writing.ended()
            return writing.moved

    async def _stale_but(self, display_ids: Collection[str], product_ids: Sequence[int] | None) -> list[str]:
        now = self._clock.now()
        stale = await self._database.read(lambda connection: stale_displays(connection, now, product_ids=product_ids))
        return [one for one in stale if one not in display_ids]

    async def _pictures(self, display_ids: Sequence[str]) -> list[Picture]:
        now = self._clock.now()
        to_draw = await self._database.read(lambda connection: load(connection, display_ids, self._releases, now))
        packed = await self._draw([one.request for one in to_draw])
        return [_picture(one, drawn) for one, drawn in zip(to_draw, packed, strict=True)]

    async def _write(self, pictures: Sequence[Picture]) -> int:
        # The time at the write decides: a sale may have ended while its label was drawn.
        moved: Moved = await self._database.write(
            lambda connection: write_pictures(connection, pictures, self._clock.now())
        )
        stores = {one.display_id: one.store_id for one in pictures}
        by_store: dict[str, list[str]] = {}
        for display_id in moved.moved:
            by_store.setdefault(stores[display_id], []).append(display_id)
        for store_id, ids in by_store.items():
            self._events.publish(DesiredMoved(store_id, tuple(ids)))
        return len(moved.moved)

    async def _draw(self, requests: Sequence[LabelRequest]) -> list[Packed]:
        found = {one: self._packed.get(one) for one in requests}
        missing = [one for one, packed in found.items() if packed is None]
        slices = [missing[i : i + LABELS_IN_A_WORKER_CALL] for i in range(0, len(missing), LABELS_IN_A_WORKER_CALL)]
        answers = await asyncio.gather(*(self._executor.run(draw_and_pack, one) for one in slices))
        drawn = {
            one: packed
            for asked, answer in zip(slices, answers, strict=True)
            for one, packed in zip(asked, answer, strict=True)
        }
        self.drawn += len(drawn)
        self._keep(drawn)
        return [found[one] or drawn[one] for one in requests]

    def _keep(self, packed: dict[LabelRequest, Packed]) -> None:
        self._packed.update(packed)
        surplus = len(self._packed) - PACKED_KEPT
        for old in list(self._packed)[: max(surplus, 0)]:
            del self._packed[old]

    async def _until_next_change_s(self) -> float:
        now = self._clock.now()
        at = await self._database.read(lambda connection: next_change_at(connection, now))
        if at is None:
            return LOOK_AT_LEAST_EVERY_S
        return min(LOOK_AT_LEAST_EVERY_S, max(0.0, (from_ms(at) - now).total_seconds()))


class _Writing:
    """The pictures that wait for the writer, one lot at a time. `moved`: revisions so far."""

    def __init__(self, write: Callable[[Sequence[Picture]], Coroutine[None, None, int]]) -> None:
        self._write = write
        self._task: asyncio.Task[int] | None = None
        self.display_ids: frozenset[str] = frozenset()
        self.moved = 0

    async def begin(self, pictures: Sequence[Picture]) -> None:
        """Once the lot before is written."""
        await self.ended()
        self.display_ids = frozenset(one.display_id for one in pictures)
        self._task = asyncio.create_task(self._write(pictures), name="sync-write")

    async def ended(self) -> None:
        """Raises what the writing raised."""
        task, self._task = self._task, None
        if task is not None:
            self.moved += await task
        self.display_ids = frozenset()

    async def __aenter__(self) -> "_Writing":
        return self

    async def __aexit__(self, *_: object) -> None:
        """If drawing has failed, what was drawn before it still counts."""
        if self._task is not None:
            (outcome,) = await asyncio.gather(self._task, return_exceptions=True)
            if isinstance(outcome, Exception):
                log.warning("sync_write_failed", reason=str(outcome))


def _result(chunk_id: str, product_ids: Sequence[int], now: datetime) -> Callable[[Connection], ChunkResult]:
    def work(connection: Connection) -> ChunkResult:
        displays = displays_bound_to(connection, product_ids)
        stale = stale_displays(connection, now, product_ids=product_ids)
        return ChunkResult(
            chunk_id, len(displays), len(displays) - len(stale), tuple(label_reasons(connection, displays))
        )

    return work


def _picture(one: ToDraw, packed: Packed) -> Picture:
    return Picture(
        display_id=one.display_id,
        store_id=one.store_id,
        panel=one.panel,
        content_id=packed.content_id,
        deflated=packed.deflated,
        drawn_from=one.drawn_from,
        fallback_reason=one.reason or packed.reason,
        fallback_detail=packed.detail,
    )
