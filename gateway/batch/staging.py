"""The SQL of a session from its start to its completion: what was accepted is on the disk, in the order of its numbers.

In: raw rows of a push. Out: staged rows with accepted numbers, row errors, counts.
Rule: whether a barcode is known is decided here and now, inside the transaction that answers; an accepted row is
never rejected later. Source: the POS contract, Batches.
"""

import base64
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, Row, func, insert, select, update

from gateway.access import store_settings, take_accepted_seqs
from gateway.batch import tables
from gateway.batch.limits import (
    OPEN_SESSIONS_MAX,
    REMOVAL_SHARE_MAX,
    SESSION_ID_OCTETS,
    SESSION_LIVES_S,
)
from gateway.batch.missing import missing_products
from gateway.batch.records import (
    PushResult,
    SessionClosed,
    SessionCompleted,
    SessionExpired,
    SessionMode,
    SessionStarted,
    SessionState,
    SessionUnknown,
    TooManyMissing,
    TooManySessions,
)
from gateway.batch.staged import stage, staged_barcodes
from gateway.catalog import ParsedRow, ParsedRows, RowIssue, RowMode, known_barcodes, live_products, parse_rows
from gateway.ports import Secrets, from_ms, to_ms

_SESSION = tables.session.c


def start_session(
    connection: Connection, secrets: Secrets, store_id: str, mode: SessionMode, *, remove_missing: bool, now: datetime
) -> SessionStarted:
    """Raises StoreUnknown, TooManySessions."""
    started_seq = take_accepted_seqs(connection, store_id, 1)
    open_sessions = connection.scalar(
        select(func.count()).where(
            _SESSION.store_id == store_id, _SESSION.state == SessionState.OPEN.value, _SESSION.expires_at > to_ms(now)
        )
    )
    if (open_sessions or 0) >= OPEN_SESSIONS_MAX:
        raise TooManySessions(store_id, OPEN_SESSIONS_MAX)
    # A letter in front: an id that begins with "-" would be an option on a command line.
    session_id = "b" + base64.urlsafe_b64encode(secrets.octets(SESSION_ID_OCTETS)).decode()
    expires_at = now + timedelta(seconds=SESSION_LIVES_S)
    counts = dict.fromkeys(
        ("pushes", "accepted", "rejected", "created", "updated", "unchanged", "superseded", "missing", "round"), 0
    )
    connection.execute(
        insert(tables.session).values(
            session_id=session_id,
            store_id=store_id,
            mode=mode.value,
            remove_missing=remove_missing and mode is SessionMode.FULL,
            state=SessionState.OPEN.value,
            started_seq=started_seq,
            started_at=to_ms(now),
            expires_at=to_ms(expires_at),
            **counts,
        )
    )
    return SessionStarted(session_id, from_ms(to_ms(expires_at)), SESSION_LIVES_S)


def find_session(connection: Connection, store_id: str, session_id: str) -> Row[tuple[object, ...]]:
    """The row of the store's session. Raises SessionUnknown, for another store's session, too."""
    row = connection.execute(
        select(tables.session).where(_SESSION.session_id == session_id, _SESSION.store_id == store_id)
    ).one_or_none()
    if row is None:
        raise SessionUnknown(session_id)
    return row


def is_expired(session: Row[tuple[object, ...]], now: datetime) -> bool:
    """Whether its time ran out before it was completed, swept out or not."""
    if session.state == SessionState.OPEN:
        return bool(session.expires_at <= to_ms(now))
    return bool(session.state == SessionState.EXPIRED)


def push_rows(
    connection: Connection,
    store_id: str,
    session_id: str,
    raw: Sequence[object],
    field_map: Mapping[str, str] | None,
    now: datetime,
) -> PushResult:
    """Raises SessionUnknown, SessionExpired, SessionClosed."""
    session = find_session(connection, store_id, session_id)
    if is_expired(session, now):
        raise SessionExpired(session_id, from_ms(session.expires_at))
    if session.state != SessionState.OPEN:
        raise SessionClosed(session_id)
    parsed = _parse(connection, store_id, session_id, raw, field_map)
    _stage(connection, store_id, session_id, parsed.rows)
    _keep_errors(connection, session_id, session.pushes, parsed.errors)
    connection.execute(
        update(tables.session)
        .where(_SESSION.session_id == session_id)
        .values(
            pushes=_SESSION.pushes + 1,
            accepted=_SESSION.accepted + len(parsed.rows),
            rejected=_SESSION.rejected + parsed.rejected,
        )
    )
    return PushResult(
        received=len(raw),
        accepted=len(parsed.rows),
        rejected=parsed.rejected,
        created=0,
        updated=0,
        unchanged=0,
        errors=parsed.errors,
        warnings=parsed.warnings,
        displays=0,
        rows=parsed.rows,
    )


def complete_session(
    connection: Connection, store_id: str, session_id: str, *, force: bool, now: datetime
) -> SessionCompleted:
    """All has been sent. A second time: the first answer. Raises SessionUnknown, SessionExpired, TooManyMissing."""
    session = find_session(connection, store_id, session_id)
    if is_expired(session, now):
        raise SessionExpired(session_id, from_ms(session.expires_at))
    if session.state == SessionState.OPEN:
        if session.remove_missing and not force:
            _ensure_few_missing(connection, session)
        last = connection.scalar(select(func.max(_SESSION.complete_no)))
        connection.execute(
            update(tables.session)
            .where(_SESSION.session_id == session_id)
            .values(
                state=SessionState.PROCESSING.value,
                phase="saving",
                completed_at=to_ms(now),
                complete_no=(last or 0) + 1,
            )
        )
    return SessionCompleted(session_id, SessionState.PROCESSING.value)


def _ensure_few_missing(connection: Connection, session: Row[tuple[object, ...]]) -> None:
    missing = len(missing_products(connection, session))
    products = len(live_products(connection, session.store_id))
    if missing > products * REMOVAL_SHARE_MAX:
        raise TooManyMissing(session.session_id, missing, products)


def _parse(
    connection: Connection,
    store_id: str,
    session_id: str,
    raw: Sequence[object],
    field_map: Mapping[str, str] | None,
) -> ParsedRows:
    """Parse as if every barcode that is asked for were known, then ask for all of them at once: one query instead of
    one a row, and a second parse only where somebody really sent an unknown product without name or price."""
    settings = store_settings(connection, store_id)
    asked: dict[str, None] = {}

    def hope(barcode: str) -> bool:
        asked[barcode] = None
        return True

    hopeful = parse_rows(raw, settings=settings, field_map=field_map, mode=RowMode.UPDATE, is_known=hope)
    unknown = asked.keys() - _known(connection, store_id, session_id, asked)
    if not unknown:
        return hopeful
    return parse_rows(
        raw,
        settings=settings,
        field_map=field_map,
        mode=RowMode.UPDATE,
        is_known=lambda barcode: barcode not in unknown,
    )


def _known(connection: Connection, store_id: str, session_id: str, barcodes: Iterable[str]) -> set[str]:
    """Those in the catalogue or in an earlier accepted row of the session."""
    wanted = set(barcodes)
    known = known_barcodes(connection, store_id, wanted)
    unknown = sorted(wanted - known)
    return known.union(connection.scalars(staged_barcodes(session_id, among_these=unknown)) if unknown else ())


def _stage(connection: Connection, store_id: str, session_id: str, rows: Sequence[ParsedRow]) -> None:
    if not rows:
        return
    stage(connection, session_id, take_accepted_seqs(connection, store_id, len(rows)), rows)


def _keep_errors(connection: Connection, session_id: str, push_no: int, errors: Sequence[RowIssue]) -> None:
    if not errors:
        return
    connection.execute(
        insert(tables.row_error),
        [
            {
                "session_id": session_id,
                "push_no": push_no,
                "idx": issue.index,
                "barcode": issue.barcode,
                "field": issue.field,
                "code": issue.code,
                "message": issue.message,
                "hint": issue.hint,
            }
            for issue in errors
        ],
    )
