"""What a batch can tell of itself, worked out from the tables at each question: nothing is counted beside them.

In: a session. Out: `BatchStatus`, listings of errors, of missing products and of unconfirmed displays.
Rule: progress never falls, and is 100 only with `completed`: each phase has its own span, and within it the counts
only grow. Source: the POS contract, Batches (Status) and *What wins*.
"""

from collections.abc import Mapping
from datetime import datetime

from msgspec.structs import replace
from sqlalchemy import Connection, Row, and_, case, func, select

from gateway.batch import tables
from gateway.batch.limits import ERRORS_IN_STATUS, VERIFICATION_ROUNDS
from gateway.batch.records import (
    BatchStatus,
    MissingProduct,
    Phase,
    SessionMode,
    SessionRowIssue,
    SessionState,
    Unconfirmed,
    Verification,
)
from gateway.batch.staging import find_session, is_expired
from gateway.catalog import RowIssue
from gateway.ports import from_ms
from gateway.shelf import Reason, overtaken_displays
from gateway.shelf.tables import display, tag

_SAVED, _SYNCED, _ALL = 30, 80, 100  # where the phases end, in per cent
# Of what overtook a batch these say more than that something did.
_KINDS_OF_OVERTAKING = (Reason.UNBOUND.value, Reason.PRODUCT_REMOVED.value)


def batch_status(connection: Connection, store_id: str, session_id: str, now: datetime) -> BatchStatus:
    """Raises SessionUnknown."""
    return _status(connection, find_session(connection, store_id, session_id), now)


def list_statuses(connection: Connection, store_id: str, limit: int, now: datetime) -> list[BatchStatus]:
    """The store's sessions, the newest first."""
    column = tables.session.c
    rows = connection.execute(
        select(tables.session)
        .where(column.store_id == store_id)
        .order_by(column.started_at.desc(), column.started_seq.desc())
        .limit(limit)
    )
    return [_status(connection, row, now) for row in rows.all()]


def list_errors(
    connection: Connection, store_id: str, session_id: str, after: int, limit: int
) -> list[SessionRowIssue]:
    """Row errors behind number `after`, in the order in which they came. Raises SessionUnknown."""
    find_session(connection, store_id, session_id)
    return _errors(connection, session_id, after, limit)


def list_missing(
    connection: Connection, store_id: str, session_id: str, after: int, limit: int
) -> list[MissingProduct]:
    """Products that a full session did not send, behind position `after` (they count from 0). Raises SessionUnknown."""
    find_session(connection, store_id, session_id)
    column = tables.missing_product.c
    rows = connection.execute(
        select(column.position, column.barcode)
        .where(column.session_id == session_id, column.position > after)
        .order_by(column.position)
        .limit(limit)
    )
    return [MissingProduct(row.position, row.barcode) for row in rows]


def list_unconfirmed(
    connection: Connection, store_id: str, session_id: str, after: str, limit: int
) -> list[Unconfirmed]:
    """Displays the batch waits for, behind the id `after`, with the reasons as last heard. Raises SessionUnknown.

    One whose label has changed since is `superseded`: what delivery says of it is about the newer label.
    """
    find_session(connection, store_id, session_id)
    column = tables.batch_display.c
    rows = connection.execute(
        select(column.display_id, column.needed_revision, column.reason)
        .where(column.session_id == session_id, column.confirmed_at.is_(None), column.display_id > after)
        .order_by(column.display_id)
        .limit(limit)
    )
    listed = [Unconfirmed(row.display_id, row.needed_revision, row.reason or Reason.NOT_YET.value) for row in rows]
    overtaken = overtaken_displays(connection, [(one.display_id, one.needed_revision) for one in listed])
    return [replace(one, reason=_superseded_or(one.reason)) if one.display_id in overtaken else one for one in listed]


def with_reasons(listed: list[Unconfirmed], heard: Mapping[str, str]) -> list[Unconfirmed]:
    """The same displays with what delivery says of them now."""
    found = [(one, heard.get(one.display_id, one.reason)) for one in listed]
    return [
        replace(one, reason=_superseded_or(reason) if one.reason == Reason.SUPERSEDED.value else reason)
        for one, reason in found
    ]


def _superseded_or(reason: str) -> str:
    return reason if reason in _KINDS_OF_OVERTAKING else Reason.SUPERSEDED.value


def _status(connection: Connection, session: Row[tuple[object, ...]], now: datetime) -> BatchStatus:
    state = SessionState.EXPIRED if is_expired(session, now) else SessionState(session.state)
    phase = Phase(session.phase) if session.phase is not None else None
    saved = session.created + session.updated + session.unchanged + session.superseded
    total, confirmed, by_report = _confirmed(connection, session.session_id)
    synced = total
    syncing = 1.0
    if session.synced_at is None:
        total = session.displays_bound or 0
        synced, syncing = _synced(connection, session.session_id, total)
    progress = _progress(state, phase, _share(saved, session.accepted), syncing, _share(confirmed, total))
    return BatchStatus(
        session_id=session.session_id,
        store_id=session.store_id,
        mode=SessionMode(session.mode),
        status=state,
        phase=phase if state is SessionState.PROCESSING else None,
        progress=progress,
        products_received=session.accepted + session.rejected,
        products_saved=saved,
        created=session.created,
        updated=session.updated,
        unchanged=session.unchanged,
        superseded=session.superseded,
        missing=session.missing,
        rejected=session.rejected,
        tags_total=total,
        tags_synced=synced,
        tags_confirmed=confirmed,
        tags_confirmed_by_report=by_report,
        tags_unconfirmed=total - confirmed,
        verification=Verification(session.round, VERIFICATION_ROUNDS, _instant(session.next_check_at)),
        errors=_errors(connection, session.session_id, 0, ERRORS_IN_STATUS),
        failure=session.failure,
        started_at=from_ms(session.started_at),
        expires_at=from_ms(session.expires_at),
        completed_at=_instant(session.completed_at),
        saved_at=_instant(session.saved_at),
        synced_at=_instant(session.synced_at),
        finished_at=_instant(session.finished_at),
    )


def _progress(state: SessionState, phase: Phase | None, saving: float, syncing: float, verifying: float) -> int:
    """`phase` of a failed batch is the one in which it failed."""
    if state is SessionState.COMPLETED:
        return _ALL
    match phase:
        case None:
            return 0
        case Phase.SAVING:
            return int(_SAVED * saving)
        case Phase.SYNCING:
            return int(_SAVED + (_SYNCED - _SAVED) * syncing)
        case Phase.VERIFYING:
            return min(_ALL - 1, int(_SYNCED + (_ALL - _SYNCED) * verifying))


def _share(done: int, of: int) -> float:
    return done / of if of else 1.0


def _confirmed(connection: Connection, session_id: str) -> tuple[int, int, int]:
    """(displays the batch waits or waited for, those confirmed, those of them whose tags can but report)."""
    column = tables.batch_display.c
    by_report = case((and_(tag.c.hw_type.is_not(None), column.confirmed_at.is_not(None)), 1))
    row = connection.execute(
        select(func.count(), func.count(column.confirmed_at), func.count(by_report))
        .outerjoin(display, display.c.display_id == column.display_id)
        .outerjoin(tag, tag.c.tag_id == display.c.tag_id)
        .where(column.session_id == session_id)
    ).one()
    return row[0], row[1], row[2]


def _synced(connection: Connection, session_id: str, bound: int) -> tuple[int, float]:
    """Displays handled so far and their share; a display bound to products of two chunks is handled twice."""
    column = tables.chunk.c
    row = connection.execute(
        select(
            func.coalesce(func.sum(column.displays_handled), 0), func.count(column.displays_handled), func.count()
        ).where(column.session_id == session_id)
    ).one()
    handled = min(row[0], bound)
    return handled, _share(handled, bound) if bound else _share(row[1], row[2])


def _errors(connection: Connection, session_id: str, after: int, limit: int) -> list[SessionRowIssue]:
    column = tables.row_error.c
    rows = connection.execute(
        select(tables.row_error)
        .where(column.session_id == session_id, column.seq > after)
        .order_by(column.seq)
        .limit(limit)
    )
    return [
        SessionRowIssue(
            row.seq, row.push_no, RowIssue(row.idx, row.barcode, row.field, row.code, row.message, row.hint)
        )
        for row in rows
    ]


def _instant(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else from_ms(milliseconds)
