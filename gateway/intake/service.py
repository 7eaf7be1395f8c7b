"""Takes chunks from an authority elsewhere: products by version, prices into the ledger, displays up to date.

In: the payload of a chunk. Out: the payload of its answer; `ProductsChanged` after the commit.
Rule: a chunk is state. Late, twice, in any order, after a crash: the products and their ledger are the same, so a
sender repeats whatever was not answered. The answer leaves after the commit. Source: docs/chunks.md.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Protocol

import structlog
from sqlalchemy import Connection

from gateway.access import StoreSettings, StoreUnknown, store_settings
from gateway.catalog import (
    ParsedStates,
    Product,
    ProductsChanged,
    RowIssue,
    TakenStates,
    parse_states,
    take_states,
)
from gateway.database import Database, DatabaseFailure
from gateway.intake.answer import Answer, ChunkRefused, refused_displays, refused_products, refused_whole
from gateway.intake.envelope import Envelope, read_envelope
from gateway.intake.limits import WAITING_OCTETS_MAX
from gateway.ports import Clock, EventStream, WorkerDied
from gateway.shelf import label_reasons
from gateway.sync import Chunk, ChunkProduct, ChunkResult

log = structlog.get_logger("intake")

Reply = Callable[[bytes], Awaitable[None]]


class HandlesChunks(Protocol):
    async def handle(self, chunk: Chunk) -> ChunkResult:
        """Bring every display bound to the chunk's products up to date."""


class Intake:
    """One per gateway. `handle` is the whole of it; `offer` and `run` put chunks into a row, one after the other."""

    def __init__(self, database: Database, clock: Clock, events: EventStream, sync: HandlesChunks) -> None:
        self._database = database
        self._clock = clock
        self._events = events
        self._sync = sync
        self._waiting: deque[tuple[str, bytes, Reply]] = deque()
        self._waiting_octets = 0
        self._offered = asyncio.Event()
        self.taken = 0  # products that have got a new version
        self.dropped = 0  # chunks that found no room

    async def handle(self, payload: bytes, *, store_id: str | None = None) -> bytes:
        """Take a chunk; `store_id`: for which the sender may speak. Raises DatabaseFailure, WorkerDied, OSError."""
        try:
            return (await self._handle(payload, store_id)).pack()
        except ChunkRefused as error:
            log.warning("chunk_refused", chunk=error.chunk_id, code=error.refusal.code, reason=str(error))
            return refused_whole(error).pack()

    def offer(self, store_id: str, payload: bytes, reply: Reply) -> bool:
        """Put a chunk into the row. False: no room; its sender hears nothing and sends it again."""
        if self._waiting_octets + len(payload) > WAITING_OCTETS_MAX:
            self.dropped += 1
            log.warning("chunk_dropped", store=store_id, waiting=len(self._waiting))
            return False
        self._waiting.append((store_id, payload, reply))
        self._waiting_octets += len(payload)
        self._offered.set()
        return True

    async def run(self) -> None:
        """Work the row off. What cannot be saved is not answered: its sender sends it again."""
        while True:
            await self._offered.wait()
            self._offered.clear()
            while self._waiting:
                store_id, payload, reply = self._waiting.popleft()
                self._waiting_octets -= len(payload)
                try:
                    answer = await self.handle(payload, store_id=store_id)
                except (DatabaseFailure, WorkerDied, OSError) as error:
                    log.warning("chunk_not_answered", store=store_id, reason=str(error))
                    continue
                await reply(answer)

    async def _handle(self, payload: bytes, may_speak_for: str | None) -> Answer:
        envelope = read_envelope(payload)
        if may_speak_for is not None and envelope.store_id != may_speak_for:
            words = f"This topic feeds {may_speak_for} alone."
            raise ChunkRefused(envelope.chunk_id, "wrong_store", words, "store")
        parsed, taken = await self._take(envelope)
        if taken.product_ids:
            self.taken += len(taken.product_ids)
            self._events.publish(ProductsChanged(envelope.store_id, taken.product_ids))
        result = await self._sync.handle(_chunk(envelope, taken.products))
        reasons = await self._database.read(lambda connection: label_reasons(connection, result.refused))
        refused = refused_products(_in_order([*parsed.errors, *taken.errors])) + refused_displays(reasons)
        return Answer(envelope.chunk_id, result.displays_total, result.displays_handled, refused)

    async def _take(self, envelope: Envelope) -> tuple[ParsedStates, TakenStates]:
        """Judge the products outside the transaction, save them in one, by the very settings they were judged by."""
        while True:
            settings = await self._database.read(lambda connection: _settings(connection, envelope))
            parsed = parse_states(envelope.products, settings=settings)
            now = self._clock.now()
            taken = await self._database.write(_saving(envelope, settings, parsed, now))
            if taken is not None:
                return parsed, taken


def _saving(
    envelope: Envelope, settings: StoreSettings, parsed: ParsedStates, now: datetime
) -> Callable[[Connection], TakenStates | None]:
    def save(connection: Connection) -> TakenStates | None:
        if _settings(connection, envelope) != settings:
            return None  # they were changed meanwhile: judge again
        return take_states(connection, settings.store_id, parsed.states, source=settings.source or "", now=now)

    return save


def _settings(connection: Connection, envelope: Envelope) -> StoreSettings:
    """Raises ChunkRefused for a store that is not there, or that is not fed from elsewhere."""
    try:
        settings = store_settings(connection, envelope.store_id)
    except StoreUnknown as error:
        raise ChunkRefused(envelope.chunk_id, "store_unknown", "There is no such store.", "store") from error
    if settings.source is None:
        words = "This store keeps its own products. Its operator names the source that feeds it, then it takes chunks."
        raise ChunkRefused(envelope.chunk_id, "store_without_source", words, "store")
    return settings


def _chunk(envelope: Envelope, products: Sequence[Product]) -> Chunk:
    return Chunk(
        chunk_id=envelope.chunk_id,
        store_id=envelope.store_id,
        session_id=envelope.session_id,
        index=envelope.index,
        of=envelope.of,
        products=tuple(ChunkProduct(one.product_id, one.barcode, one.version) for one in products),
    )


def _in_order(issues: Sequence[RowIssue]) -> list[RowIssue]:
    return sorted(issues, key=lambda issue: issue.index)
