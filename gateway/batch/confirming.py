"""The SQL of verification: which displays a batch waits for, and which of them have proved what it needed.

In: sessions whose last chunk is handled; display ids of which something was proved. Out: confirmations, completion.
Rule: a display is confirmed by what is proved when the batch begins to wait for it, or by the first fact after that
which proves the needed revision or a newer one; an older proof may have been lost again (a glass that became unknown).
A confirmation is never taken back. Counts can be worked out again from the tables at any time.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from sqlalchemy import Connection, bindparam, exists, insert, select, update

from gateway.batch import tables
from gateway.batch.limits import VERIFICATION_ROUND_S
from gateway.batch.records import Phase, SessionState
from gateway.batch.saving import product_ids_of
from gateway.catalog.tables import product
from gateway.database.among import among, among_named, listed
from gateway.ports import to_ms
from gateway.shelf import NeededDisplay, first_proofs, last_fact_seq, needed_revisions, stale_displays
from gateway.shelf.tables import binding, display

_SESSION, _DISPLAY = tables.session.c, tables.batch_display.c
_ROUND = timedelta(seconds=VERIFICATION_ROUND_S)
_AWAITED = select(_DISPLAY.display_id).where(_DISPLAY.confirmed_at.is_(None)).limit(1)
_AWAITED_AMONG = _AWAITED.where(among_named(_DISPLAY.display_id, "display_ids"))
_VERIFYING = (
    select(_SESSION.session_id, _SESSION.store_id, _SESSION.round, _SESSION.next_check_at)
    .where(_SESSION.state == SessionState.PROCESSING.value, _SESSION.phase == Phase.VERIFYING.value)
    .order_by(_SESSION.complete_no)
)


class Verifying(Struct, frozen=True):
    """A session in verification, and when its next round is due (milliseconds since the epoch)."""

    session_id: str
    store_id: str
    round: int
    next_check_at: int


class Behind(Struct, frozen=True):
    """A stale display and a product it shows, as they are now: if they are the same later, nothing new is the cause."""

    display_id: str
    binding_version: int
    product_id: int
    version: int


def behind(connection: Connection, product_ids: Sequence[int], now: datetime) -> tuple[Behind, ...]:
    """The displays bound to any of the products that are stale, a line for each product that they show."""
    stale = stale_displays(connection, now, product_ids=product_ids)
    if not stale:
        return ()
    rows = connection.execute(
        select(binding.c.display_id, display.c.binding_version, product.c.product_id, product.c.version)
        .join(display, display.c.display_id == binding.c.display_id)
        .join(product, product.c.product_id == binding.c.product_id)
        .where(among(binding.c.display_id, stale))
        .order_by(binding.c.display_id, binding.c.position)
    )
    return tuple(Behind(*row) for row in rows)


def end_syncing(connection: Connection, session_id: str, now: datetime) -> tuple[Behind, ...]:
    """The last chunk is handled: fix what the batch waits for, and complete it at once if that is nothing.

    Nothing is written while a display is stale (bound, or its product changed, after its chunk was handled): the
    revision it has says nothing of this batch. Gives those; empty = done.
    """
    row = connection.execute(select(_SESSION.synced_at).where(_SESSION.session_id == session_id)).one()
    if row.synced_at is not None:
        return ()
    product_ids = product_ids_of(connection, session_id)
    stale = behind(connection, product_ids, now)
    if stale:
        return stale
    _await_displays(connection, session_id, needed_revisions(connection, product_ids))
    connection.execute(
        update(tables.session)
        .where(_SESSION.session_id == session_id)
        .values(phase=Phase.VERIFYING.value, synced_at=to_ms(now), next_check_at=to_ms(now + _ROUND))
    )
    _complete_if_all_confirmed(connection, session_id, now)
    return ()


def is_awaited(connection: Connection, display_ids: Sequence[str] | None) -> bool:
    """Whether any batch waits for any of them (None: for anything): a read that saves most proofs a write."""
    if display_ids is None:
        return connection.scalar(_AWAITED) is not None
    return connection.scalar(_AWAITED_AMONG, {"display_ids": listed(display_ids)}) is not None


def confirm_displays(
    connection: Connection, now: datetime, display_ids: Sequence[str] | None = None
) -> list[tuple[str, str]]:
    """Copy what was proved of these displays, or of all that any batch waits for; a completed batch goes on counting.

    Gives (store, session) of each batch that has changed.
    """
    query = select(_DISPLAY.session_id, _DISPLAY.display_id, _DISPLAY.needed_revision, _DISPLAY.after_seq)
    query = query.where(_DISPLAY.confirmed_at.is_(None)).order_by(_DISPLAY.session_id, _DISPLAY.display_id)
    if display_ids is not None:
        query = query.where(among(_DISPLAY.display_id, display_ids))
    waiting: dict[str, list[tuple[str, int, int]]] = {}
    for session_id, display_id, revision, after_seq in connection.execute(query):
        waiting.setdefault(session_id, []).append((display_id, revision, after_seq))
    changed = [session_id for session_id, needed in waiting.items() if _confirm(connection, session_id, needed)]
    for session_id in changed:
        _complete_if_all_confirmed(connection, session_id, now)
    return [(_store_of(connection, session_id), session_id) for session_id in changed]


def verifying_sessions(connection: Connection) -> list[Verifying]:
    """Those in verification, in the order of their completion."""
    rows = connection.execute(_VERIFYING)
    return [Verifying(row.session_id, row.store_id, row.round, row.next_check_at) for row in rows]


def unconfirmed_displays(connection: Connection, session_id: str) -> list[str]:
    return list(
        connection.scalars(
            select(_DISPLAY.display_id)
            .where(_DISPLAY.session_id == session_id, _DISPLAY.confirmed_at.is_(None))
            .order_by(_DISPLAY.display_id)
        )
    )


def end_round(connection: Connection, session_id: str, reasons: Mapping[str, str], now: datetime) -> None:
    """One round is over: keep the reasons as heard, set the next."""
    _keep_reasons(connection, session_id, reasons)
    connection.execute(
        update(tables.session)
        .where(_SESSION.session_id == session_id, _SESSION.phase == Phase.VERIFYING.value)
        .values(round=_SESSION.round + 1, next_check_at=to_ms(now + _ROUND))
    )


def end_verification(connection: Connection, session_id: str, reasons: Mapping[str, str], now: datetime) -> None:
    """The six minutes are over: completed, with those that are missing and why. Delivery goes on."""
    _keep_reasons(connection, session_id, reasons)
    connection.execute(
        update(tables.session)
        .where(_SESSION.session_id == session_id, _SESSION.phase == Phase.VERIFYING.value)
        .values(round=_SESSION.round + 1)
    )
    _complete(connection, session_id, now)


def _await_displays(connection: Connection, session_id: str, needed: Iterable[NeededDisplay]) -> None:
    """From now on the batch waits for these; those that are proved now are confirmed."""
    newest_fact = last_fact_seq(connection)
    rows = [
        {
            "session_id": session_id,
            "display_id": one.display_id,
            "needed_revision": one.revision,
            "after_seq": newest_fact if one.proved_at is None else None,
            "reason": one.reason,
            "confirmed_at": one.proved_at,
        }
        for one in needed
    ]
    if rows:
        connection.execute(insert(tables.batch_display), rows)


def _confirm(connection: Connection, session_id: str, needed: Sequence[tuple[str, int, int]]) -> bool:
    proofs = first_proofs(connection, needed)
    if not proofs:
        return False
    connection.execute(
        update(tables.batch_display)
        .where(_DISPLAY.session_id == session_id, _DISPLAY.display_id == bindparam("of_display"))
        .values(confirmed_at=bindparam("at")),
        [{"of_display": display_id, "at": at} for display_id, at in proofs.items()],
    )
    return True


def _keep_reasons(connection: Connection, session_id: str, reasons: Mapping[str, str]) -> None:
    if not reasons:
        return
    connection.execute(
        update(tables.batch_display)
        .where(_DISPLAY.session_id == session_id, _DISPLAY.display_id == bindparam("of_display"))
        .values(reason=bindparam("why")),
        [{"of_display": display_id, "why": reason} for display_id, reason in reasons.items()],
    )


def _complete_if_all_confirmed(connection: Connection, session_id: str, now: datetime) -> None:
    waits = connection.scalar(
        select(exists().where(_DISPLAY.session_id == session_id, _DISPLAY.confirmed_at.is_(None)))
    )
    if not waits:
        _complete(connection, session_id, now)


def _complete(connection: Connection, session_id: str, now: datetime) -> None:
    connection.execute(
        update(tables.session)
        .where(
            _SESSION.session_id == session_id,
            _SESSION.state == SessionState.PROCESSING.value,
            _SESSION.phase == Phase.VERIFYING.value,
        )
        .values(state=SessionState.COMPLETED.value, phase=None, finished_at=to_ms(now), next_check_at=None)
    )


def _store_of(connection: Connection, session_id: str) -> str:
    return str(connection.execute(select(_SESSION.store_id).where(_SESSION.session_id == session_id)).scalar_one())
