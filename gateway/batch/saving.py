"""The SQL of saving and syncing: slices of staged rows become products, slices of products become chunks.

In: completed sessions. Out: products, ledger, sums, chunks with their results; each step one transaction.
Rule: each step first asks whether it is done already, so a restart goes on exactly where it stood. Why slices and
chunks are the same thousand: docs/architecture.md.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, Row, Select, func, insert, select, update

from gateway.batch import tables
from gateway.batch.limits import ROWS_PER_SLICE
from gateway.batch.missing import missing_products, still_missing
from gateway.batch.records import Phase, SessionMode, SessionState
from gateway.batch.staged import forget_staged, staged_rows, staged_seqs
from gateway.catalog import Outcome, products_by_id, remove_products, save_rows
from gateway.ports import to_ms
from gateway.shelf import displays_bound_to
from gateway.sync import Chunk, ChunkProduct, ChunkResult

_SESSION, _CHUNK = tables.session.c, tables.chunk.c
_SOURCE = "batch"  # what the price ledger says of a price that came by a batch
_CHANGING = (Outcome.CREATED, Outcome.UPDATED)
_PRODUCTS: msgspec.json.Decoder[list[ChunkProduct]] = msgspec.json.Decoder(list[ChunkProduct])


class Work(Struct, frozen=True):
    """A session to be worked on."""

    session_id: str
    store_id: str
    phase: Phase


class SavedSlice(Struct, frozen=True):
    """`changed`: product ids with a new version; `more`: whether there may be another slice to save."""

    changed: tuple[int, ...]
    more: bool


def stores_with_work(connection: Connection) -> list[str]:
    """Stores that have a completed session to save or to sync, by name."""
    return list(connection.scalars(_workable(select(_SESSION.store_id).distinct()).order_by(_SESSION.store_id)))


def next_work(connection: Connection, store_id: str) -> Work | None:
    """The store's session that was completed first and is not through yet."""
    query = select(_SESSION.session_id, _SESSION.phase).where(_SESSION.store_id == store_id)
    row = connection.execute(_workable(query).order_by(_SESSION.complete_no).limit(1)).one_or_none()
    return None if row is None else Work(row.session_id, store_id, Phase(row.phase))


def plan_chunks(connection: Connection, session_id: str) -> None:
    """Cut the session into chunks, once: its rows in the order of their numbers, then what is to be removed.

    What is missing is decided here, when the store's earlier sessions are saved and none of this one's rows is.
    """
    session = _session(connection, session_id)
    has_chunks = connection.scalar(select(_CHUNK.chunk_id).where(_CHUNK.session_id == session_id).limit(1)) is not None
    if has_chunks or session.missing:  # a list of which no row was taken has no chunk, and may miss everything
        return
    missing = missing_products(connection, session)
    _keep_missing(connection, session_id, missing)
    slices = [("rows", part[0], part[-1]) for part in _slices(staged_seqs(connection, session_id))]
    if session.remove_missing:
        slices += [("removal", part[0], part[-1]) for part in _slices(range(len(missing)))]
    if slices:
        connection.execute(
            insert(tables.chunk),
            [
                {
                    "chunk_id": f"{session_id}.{index}",
                    "session_id": session_id,
                    "idx": index,
                    "kind": kind,
                    "first": first,
                    "last": last,
                }
                for index, (kind, first, last) in enumerate(slices)
            ],
        )


def save_next_slice(connection: Connection, session_id: str, now: datetime) -> SavedSlice:
    """Save the first slice that is not saved; with none left, end the phase."""
    session = _session(connection, session_id)
    chunk = connection.execute(
        select(tables.chunk)
        .where(_CHUNK.session_id == session_id, _CHUNK.products.is_(None))
        .order_by(_CHUNK.idx)
        .limit(1)
    ).one_or_none()
    if chunk is None:
        _end_saving(connection, session, now)
        return SavedSlice((), more=False)
    saved = _save_rows if chunk.kind == "rows" else _remove
    products, changed = saved(connection, session, chunk, now)
    text = msgspec.json.encode(products).decode()
    connection.execute(update(tables.chunk).where(_CHUNK.chunk_id == chunk.chunk_id).values(products=text))
    return SavedSlice(changed, more=True)


def next_chunk(connection: Connection, session_id: str) -> Chunk | None:
    """The first chunk that is saved and not handled yet."""
    row = connection.execute(
        select(tables.chunk, _SESSION.store_id)
        .join(tables.session, _SESSION.session_id == _CHUNK.session_id)
        .where(_CHUNK.session_id == session_id, _CHUNK.displays_handled.is_(None))
        .order_by(_CHUNK.idx)
        .limit(1)
    ).one_or_none()
    if row is None or row.products is None:
        return None
    of = connection.scalar(select(func.count()).where(_CHUNK.session_id == session_id)) or 0
    products = tuple(_PRODUCTS.decode(row.products))
    return Chunk(row.chunk_id, row.store_id, session_id, row.idx, of, products)


def note_result(connection: Connection, result: ChunkResult) -> None:
    connection.execute(
        update(tables.chunk)
        .where(_CHUNK.chunk_id == result.chunk_id)
        .values(
            displays_total=result.displays_total,
            displays_handled=result.displays_handled,
            refused=msgspec.json.encode(result.refused).decode(),
        )
    )


def product_ids_of(connection: Connection, session_id: str) -> list[int]:
    """Every product that the session named or removed."""
    saved = connection.scalars(
        select(_CHUNK.products).where(_CHUNK.session_id == session_id, _CHUNK.products.is_not(None))
    ).all()
    return sorted({one.product_id for text in saved for one in _PRODUCTS.decode(text)})


def fail_session(connection: Connection, session_id: str, words: str, now: datetime) -> None:
    """Our own fault: the session stops, and says why. Its phase stays: it tells how far it came."""
    connection.execute(
        update(tables.session)
        .where(_SESSION.session_id == session_id, _SESSION.state == SessionState.PROCESSING.value)
        .values(state=SessionState.FAILED.value, failure=words, finished_at=to_ms(now), next_check_at=None)
    )


def _save_rows(
    connection: Connection, session: Row[tuple[object, ...]], chunk: Row[tuple[object, ...]], now: datetime
) -> tuple[list[ChunkProduct], tuple[int, ...]]:
    saved = save_rows(
        connection,
        session.store_id,
        staged_rows(connection, session.session_id, chunk.first, chunk.last),
        now=now,
        source=_SOURCE,
        session_id=session.session_id,
        full=session.mode == SessionMode.FULL.value,
    )
    counts = Counter(row.outcome for row in saved)
    connection.execute(
        update(tables.session)
        .where(_SESSION.session_id == session.session_id)
        .values({_SESSION[outcome.value]: _SESSION[outcome.value] + counts[outcome] for outcome in Outcome})
    )
    forget_staged(connection, session.session_id, chunk.last)
    products = {row.product_id: ChunkProduct(row.product_id, row.barcode, row.version) for row in saved}
    changed = dict.fromkeys(row.product_id for row in saved if row.outcome in _CHANGING)
    return list(products.values()), tuple(changed)


def _remove(
    connection: Connection, session: Row[tuple[object, ...]], chunk: Row[tuple[object, ...]], now: datetime
) -> tuple[list[ChunkProduct], tuple[int, ...]]:
    column = tables.missing_product.c
    barcodes = connection.scalars(
        select(column.barcode)
        .where(column.session_id == session.session_id, column.position.between(chunk.first, chunk.last))
        .order_by(column.position)
    ).all()
    removed = remove_products(
        connection,
        session.store_id,
        still_missing(connection, session, barcodes),
        accepted_seq=session.started_seq,
        now=now,
        source=_SOURCE,
        session_id=session.session_id,
    )
    products = products_by_id(connection, removed.product_ids)
    return (
        [ChunkProduct(one.product_id, one.barcode, one.version) for one in products.values()],
        removed.product_ids,
    )


def _end_saving(connection: Connection, session: Row[tuple[object, ...]], now: datetime) -> None:
    if session.saved_at is not None:
        return
    bound = displays_bound_to(connection, product_ids_of(connection, session.session_id))
    connection.execute(
        update(tables.session)
        .where(_SESSION.session_id == session.session_id)
        .values(phase=Phase.SYNCING.value, saved_at=to_ms(now), displays_bound=len(bound))
    )


def _keep_missing(connection: Connection, session_id: str, missing: Sequence[tuple[int, str]]) -> None:
    if not missing:
        return
    connection.execute(
        insert(tables.missing_product),
        [
            {"session_id": session_id, "position": position, "product_id": product_id, "barcode": barcode}
            for position, (product_id, barcode) in enumerate(missing)
        ],
    )
    connection.execute(update(tables.session).where(_SESSION.session_id == session_id).values(missing=len(missing)))


def _slices(numbers: Sequence[int]) -> Iterable[Sequence[int]]:
    return (numbers[start : start + ROWS_PER_SLICE] for start in range(0, len(numbers), ROWS_PER_SLICE))


def _session(connection: Connection, session_id: str) -> Row[tuple[object, ...]]:
    return connection.execute(select(tables.session).where(_SESSION.session_id == session_id)).one()


def _workable(query: "Select[str]") -> "Select[str]":
    return query.where(
        _SESSION.state == SessionState.PROCESSING.value,
        _SESSION.phase.in_([Phase.SAVING.value, Phase.SYNCING.value]),
    )
