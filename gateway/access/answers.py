"""Answers remembered by Idempotency-Key, so that a repeated request is harmless.

Rule: an answer is written in the transaction of the rows it speaks of, or a power cut could keep one without the
other. Source: the POS contract, Batches.
"""

from datetime import datetime

from msgspec import Struct
from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert

from gateway.access import tables
from gateway.access.limits import ANSWER_KEPT_MS
from gateway.ports import to_ms


class Remembered(Struct, frozen=True):
    """The first answer to a key. If the body's hash now differs, the key was used for something else: refuse."""

    body_hash: bytes
    status: int
    answer: bytes


def remembered_answer(
    connection: Connection, store_id: str, route: str, key: str, *, now: datetime | None = None
) -> Remembered | None:
    """With `now`, answers older than 24 hours count as forgotten, whether or not they were swept out yet."""
    kept = tables.idempotency.c
    query = select(kept.body_hash, kept.status, kept.answer).where(
        kept.store_id == store_id, kept.route == route, kept.key == key
    )
    if now is not None:
        query = query.where(kept.expires_at > to_ms(now))
    row = connection.execute(query).one_or_none()
    return None if row is None else Remembered(row.body_hash, row.status, row.answer)


def remember_answer(
    connection: Connection,
    store_id: str,
    route: str,
    key: str,
    body_hash: bytes,
    status: int,
    answer: bytes,
    now: datetime,
) -> None:
    """Keep this answer for 24 hours, and sweep out those that are older."""
    connection.execute(delete(tables.idempotency).where(tables.idempotency.c.expires_at <= to_ms(now)))
    statement = insert(tables.idempotency).values(
        store_id=store_id,
        route=route,
        key=key,
        body_hash=body_hash,
        status=status,
        answer=answer,
        expires_at=to_ms(now) + ANSWER_KEPT_MS,
    )
    # Taken again by a caller that looked with `now`: the old answer had expired.
    connection.execute(
        statement.on_conflict_do_update(
            set_={name: statement.excluded[name] for name in ("body_hash", "status", "answer", "expires_at")}
        )
    )
