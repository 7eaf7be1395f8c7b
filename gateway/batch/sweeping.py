"""Sweeps out what is over: expired sessions' rows at once, whole sessions after their 30 days."""

from datetime import datetime

from sqlalchemy import Connection, and_, bindparam, delete, exists, func, or_, select, update

from gateway.batch import tables
from gateway.batch.limits import STATUS_KEPT_MS
from gateway.batch.records import SessionState
from gateway.ports import to_ms

_SESSION = tables.session.c
_PARTS = (
    tables.staged_push,
    tables.row_error,
    tables.missing_product,
    tables.chunk,
    tables.batch_display,
)
_OVER = (SessionState.COMPLETED.value, SessionState.FAILED.value, SessionState.EXPIRED.value)
_EXPIRED = and_(_SESSION.state == SessionState.OPEN.value, _SESSION.expires_at <= bindparam("now_ms"))
_OLD = and_(
    _SESSION.state.in_(_OVER),
    func.coalesce(_SESSION.finished_at, _SESSION.expires_at) < bindparam("kept_since_ms"),
)
_IS_TO_BE_SWEPT = select(exists().where(or_(_EXPIRED, _OLD)))


def is_to_be_swept(connection: Connection, now: datetime) -> bool:
    """A read, so that a minute in which nothing is over costs no write."""
    values = {"now_ms": to_ms(now), "kept_since_ms": to_ms(now) - STATUS_KEPT_MS}
    return bool(connection.scalar(_IS_TO_BE_SWEPT, values))


def sweep(connection: Connection, now: datetime) -> list[tuple[str, str]]:
    """Gives (store, session) of each session that has just expired."""
    expired = connection.execute(
        select(_SESSION.store_id, _SESSION.session_id)
        .where(_EXPIRED)
        .order_by(_SESSION.expires_at, _SESSION.session_id),
        {"now_ms": to_ms(now)},
    ).all()
    for _, session_id in expired:
        chosen = _SESSION.session_id == session_id
        connection.execute(
            update(tables.session)
            .where(chosen)
            .values(state=SessionState.EXPIRED.value, finished_at=_SESSION.expires_at)
        )
        connection.execute(delete(tables.staged_push).where(tables.staged_push.c.session_id == session_id))
    _forget_old(connection, now)
    return [(row.store_id, row.session_id) for row in expired]


def _forget_old(connection: Connection, now: datetime) -> None:
    old = connection.scalars(
        select(_SESSION.session_id).where(_OLD), {"kept_since_ms": to_ms(now) - STATUS_KEPT_MS}
    ).all()
    for session_id in old:
        for part in _PARTS:
            connection.execute(delete(part).where(part.c.session_id == session_id))
        connection.execute(delete(tables.session).where(_SESSION.session_id == session_id))
