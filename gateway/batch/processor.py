"""Works completed sessions off: saves them slice by slice, and hands each saved slice on to be synced.

In: completed sessions, found in the tables at start and at each nudge. Out: products, chunk results, `BatchMoved`,
`ProductsChanged`; in the end sessions that `Rounds` verifies.
Rule: a store's sessions go in the order of their completion, stores side by side. Memory holds no progress: after a
kill at any moment the next step is found in the tables again.
"""

import asyncio
from collections.abc import Sequence
from typing import Protocol

import structlog

from gateway.batch.confirming import Behind, behind, end_syncing
from gateway.batch.events import BatchMoved
from gateway.batch.limits import FAILURE_CHARACTERS_MAX, RETRY_AFTER_TROUBLE_S, SWEEP_EVERY_S, TRIES_MAX
from gateway.batch.saving import (
    SavedSlice,
    Work,
    fail_session,
    next_chunk,
    next_work,
    note_result,
    plan_chunks,
    save_next_slice,
    stores_with_work,
)
from gateway.batch.sweeping import is_to_be_swept, sweep
from gateway.catalog import ProductsChanged
from gateway.database import Crashed, Database, DatabaseFailure, DatabaseFull
from gateway.ports import Clock, EventStream, WorkerDied
from gateway.sync import Chunk, ChunkResult

log = structlog.get_logger("batch")


class SyncFace(Protocol):
    async def handle(self, chunk: Chunk) -> ChunkResult:
        """Bring every display bound to the chunk's products up to date. May be asked twice for one chunk.

        Fewer handled than there are: they change faster than they can be drawn; ask again.
        """

    async def bring_up_to_date(self, *, product_ids: Sequence[int] | None = None) -> int:
        """Draw whatever is stale of the displays bound to these products, as far as it can be."""


class DisplaysBehind(RuntimeError):
    """Displays of a batch are stale after they were drawn: bound anew, or their products changed meanwhile."""

    def __init__(self, displays: Sequence[Behind]) -> None:
        self.displays = tuple(displays)
        names = sorted({one.display_id for one in displays})
        super().__init__(
            f"{len(names)} displays changed again while they were drawn, {', '.join(names[:3])} among them"
        )


class BatchProcessor:
    """One per gateway; `run` until cancelled."""

    def __init__(self, database: Database, clock: Clock, events: EventStream, sync: SyncFace) -> None:
        self._database = database
        self._clock = clock
        self._events = events
        self._sync = sync
        self._nudged = asyncio.Event()
        self._working: dict[str, asyncio.Task[None]] = {}
        events.watch(BatchMoved, lambda _: self._nudged.set())

    async def run(self) -> None:
        sweeper = asyncio.create_task(self._sweep_for_ever())
        try:
            while True:
                self._nudged.clear()
                await self._set_stores_to_work()
                await self._nudged.wait()
        finally:
            for task in (sweeper, *self._working.values()):
                await _end(task)

    async def _set_stores_to_work(self) -> None:
        try:
            stores = await self._database.read(stores_with_work)
        except DatabaseFailure as error:
            await self._pause(error)
            self._nudged.set()
            return
        for store_id in stores:
            if store_id not in self._working:
                self._working[store_id] = asyncio.create_task(self._work_off_store(store_id))

    async def _work_off_store(self, store_id: str) -> None:
        try:
            while (work := await self._database.read(lambda connection: next_work(connection, store_id))) is not None:
                await self._work_off(work)
        except DatabaseFailure as error:
            await self._pause(error)
        except Crashed:
            return  # this instance is dead; whoever opens the files next goes on
        finally:
            del self._working[store_id]
            self._nudged.set()  # a session may have been completed since the last look

    async def _work_off(self, work: Work) -> None:
        """Save and sync one session, whatever it takes; only a fault of our own ends it early."""
        tries = 0
        were_behind: tuple[Behind, ...] = ()
        while True:
            try:
                await self._save_and_sync(work)
                return
            except DisplaysBehind as error:
                # What moves on is a busy shop; what stands still and is stale all the same is a fault of ours.
                tries = tries + 1 if error.displays == were_behind else 1
                were_behind = error.displays
                if tries == TRIES_MAX:
                    await self._fail(work, error)
                    return
                await self._pause(error)
            except (DatabaseFailure, WorkerDied, OSError) as error:
                tries = 0 if isinstance(error, DatabaseFull) else tries + 1
                if tries == TRIES_MAX:
                    await self._fail(work, error)
                    return
                await self._pause(error)
            except Crashed:
                raise
            except Exception as error:  # a batch never ends in silence: it says `failed` and why
                await self._fail(work, error)
                return

    async def _save_and_sync(self, work: Work) -> None:
        """Both at once: while a chunk is drawn in other processes, the next slice is saved."""
        saved = asyncio.Event()
        saver = asyncio.create_task(self._save(work, saved))
        try:
            await self._sync_what_is_saved(work, saver, saved)
            await saver
        finally:
            await _end(saver)
        await self._end_syncing(work)
        self._tell(work)

    async def _end_syncing(self, work: Work) -> None:
        """Whatever became stale after its chunk was handled is drawn first; raises DisplaysBehind if that goes on."""
        for is_last in (False, True):
            stale = await self._database.write(
                lambda connection: end_syncing(connection, work.session_id, self._clock.now())
            )
            if not stale:
                return
            if is_last:
                raise DisplaysBehind(stale)
            await self._sync.bring_up_to_date(product_ids=sorted({one.product_id for one in stale}))

    async def _save(self, work: Work, saved: asyncio.Event) -> None:
        """Save slice by slice; `saved` is set after each and at the end, however it comes."""
        try:
            await self._database.write(lambda connection: plan_chunks(connection, work.session_id))
            while (part := await self._save_slice(work)).more:
                if part.changed:
                    self._events.publish(ProductsChanged(work.store_id, part.changed))
                self._tell(work)
                saved.set()
            self._tell(work)
        finally:
            saved.set()

    async def _save_slice(self, work: Work) -> SavedSlice:
        now = self._clock.now()
        return await self._database.write(lambda connection: save_next_slice(connection, work.session_id, now))

    async def _sync_what_is_saved(self, work: Work, saver: "asyncio.Task[None]", saved: asyncio.Event) -> None:
        while True:
            saved.clear()
            all_saved = saver.done()  # asked before the look, or a slice saved between them would be missed
            chunk = await self._database.read(lambda connection: next_chunk(connection, work.session_id))
            if chunk is not None:
                await self._handle(work, chunk)
            elif all_saved:
                return
            elif not saver.done():
                await saved.wait()

    async def _handle(self, work: Work, chunk: Chunk) -> None:
        result = await self._sync.handle(chunk) if chunk.products else ChunkResult(chunk.chunk_id, 0, 0, ())
        if result.displays_handled < result.displays_total:
            ids, now = [one.product_id for one in chunk.products], self._clock.now()
            if stale := await self._database.read(lambda connection: behind(connection, ids, now)):
                raise DisplaysBehind(stale)
            return  # they are up to date by now: the chunk is still the next one, and counts them
        await self._database.write(lambda connection: note_result(connection, result))
        self._tell(work)

    async def _fail(self, work: Work, error: Exception) -> None:
        words = f"{type(error).__name__}: {error}"[:FAILURE_CHARACTERS_MAX]
        log.error("batch_failed", session=work.session_id, store=work.store_id, exc_info=error)
        now = self._clock.now()
        await self._database.write(lambda connection: fail_session(connection, work.session_id, words, now))
        self._tell(work)

    async def _sweep_for_ever(self) -> None:
        while True:
            try:
                await self._sweep()
            except DatabaseFailure as error:
                log.warning("sweep_postponed", reason=str(error), next_try_s=SWEEP_EVERY_S)
            except Crashed:
                return
            await self._clock.sleep(SWEEP_EVERY_S)

    async def _sweep(self) -> None:
        now = self._clock.now()
        if not await self._database.read(lambda connection: is_to_be_swept(connection, now)):
            return
        for store_id, session_id in await self._database.write(lambda connection: sweep(connection, now)):
            self._events.publish(BatchMoved(store_id, session_id))

    async def _pause(self, error: Exception) -> None:
        log.warning("batch_postponed", reason=str(error), next_try_s=RETRY_AFTER_TROUBLE_S)
        await self._clock.sleep(RETRY_AFTER_TROUBLE_S)

    def _tell(self, work: Work) -> None:
        self._events.publish(BatchMoved(work.store_id, work.session_id))


async def _end(task: "asyncio.Task[None]") -> None:
    """Cancel and wait; what it raised has been told by whoever awaited it, or does not matter any more."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
