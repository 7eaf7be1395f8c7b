"""Sweeps out what is over: expired sessions' rows at once, whole sessions after their 30 days."""

from datetime import datetime

from sqlalchemy import Connection, delete, func, select, update

from gateway.batch import tables
from gateway.batch.limits import STATUS_KEPT_MS
from gateway.batch.records import SessionState
from gateway.ports import to_ms

_SESSION = tables.session.c
_PARTS = (
    tables.staged_row,
    tables.row_error,
    tables.missing_product,
    tables.chunk,
    tables.batch_display,
)


def sweep(connection: Connection, now: datetime) -> list[tuple[str, str]]:
    """Gives (store, session) of each session that has just expired."""
    expired = connection.execute(
        select(_SESSION.store_id, _SESSION.session_id)
        .where(_SESSION.state == SessionState.OPEN.value, _SESSION.expires_at <= to_ms(now))
        .order_by(_SESSION.expires_at, _SESSION.session_id)
    ).all()
    for _, session_id in expired:
        chosen = _SESSION.session_id == session_id
        connection.execute(
            update(tables.session)
            .where(chosen)
            .values(state=SessionState.EXPIRED.value, finished_at=_SESSION.expires_at)
        )
        connection.execute(delete(tables.staged_row).where(tables.staged_row.c.session_id == session_id))
    _forget_old(connection, now)
    return [(row.store_id, row.session_id) for row in expired]


def _forget_old(connection: Connection, now: datetime) -> None:
    over = (SessionState.COMPLETED.value, SessionState.FAILED.value, SessionState.EXPIRED.value)
    old = connection.scalars(
        select(_SESSION.session_id).where(
            _SESSION.state.in_(over),
            func.coalesce(_SESSION.finished_at, _SESSION.expires_at) < to_ms(now) - STATUS_KEPT_MS,
        )
    ).all()
    for session_id in old:
        for part in _PARTS:
            connection.execute(delete(part).where(part.c.session_id == session_id))
        connection.execute(delete(tables.session).where(_SESSION.session_id == session_id))
