"""The rows that a session has accepted and not saved yet: written a push at a time, read by their numbers.

In: accepted rows. Out: the same with their accepted numbers, until they are saved.
Rule: the numbers of a push follow each other, so its first and its last say which rows it holds.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, Select, delete, func, insert, select, true

from gateway.batch import tables
from gateway.catalog import ParsedRow
from gateway.database.among import among, listed

_STAGED = tables.staged_push.c


def stage(connection: Connection, session_id: str, first_seq: int, rows: Sequence[ParsedRow]) -> None:
    connection.execute(
        insert(tables.staged_push).values(
            session_id=session_id,
            first_seq=first_seq,
            last_seq=first_seq + len(rows) - 1,
            barcodes=listed(row.barcode for row in rows),
            rows=ParsedRow.many_to_json(rows),
        )
    )


def staged_barcodes(session_id: str, *, among_these: Sequence[str] | None = None) -> "Select[str]":
    each = func.json_each(_STAGED.barcodes).table_valued("value")
    pushes = tables.staged_push.join(each, true())
    query = select(each.c.value).select_from(pushes).where(_STAGED.session_id == session_id)
    return query if among_these is None else query.where(among(each.c.value, among_these))


def staged_seqs(connection: Connection, session_id: str) -> list[int]:
    """The numbers of the rows, ascending."""
    pushes = connection.execute(
        select(_STAGED.first_seq, _STAGED.last_seq).where(_STAGED.session_id == session_id).order_by(_STAGED.first_seq)
    )
    return [seq for first, last in pushes for seq in range(first, last + 1)]


def staged_rows(connection: Connection, session_id: str, first: int, last: int) -> list[tuple[int, ParsedRow]]:
    """The rows with these numbers; a push may begin before the first and end behind the last."""
    pushes = connection.execute(
        select(_STAGED.first_seq, _STAGED.rows)
        .where(_STAGED.session_id == session_id, _STAGED.first_seq <= last, _STAGED.last_seq >= first)
        .order_by(_STAGED.first_seq)
    )
    return [
        (seq, row)
        for first_of_push, text in pushes
        for seq, row in enumerate(ParsedRow.many_from_json(text), start=first_of_push)
        if first <= seq <= last
    ]


def forget_staged(connection: Connection, session_id: str, last: int) -> None:
    """Pushes of which every row is saved, that is up to this number."""
    connection.execute(delete(tables.staged_push).where(_STAGED.session_id == session_id, _STAGED.last_seq <= last))
