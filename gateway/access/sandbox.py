"""The sandbox checklist: whether the traffic itself has shown that a POS integration works.

In: marks, noted by the POS API as sandbox requests show them. Out: a report of sentences, each done or not.
Rule: nobody ticks a box; an item is done when traffic has done it. Source: the POS contract, Tokens.
"""

from datetime import datetime

from msgspec import Struct
from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.sqlite import insert

from gateway.access import tables
from gateway.access.stores import store_settings
from gateway.ports import from_ms, to_ms

_SENTENCES = {
    "authenticated": "a request came with a good token",
    "add": "a product was sent by /add",
    "update_without_name": "a product was changed by /productUpdate without a name",
    "sale_started": "a sale was started",
    "sale_ended": "a sale was ended",
    "batch_completed": "a whole batch was polled until it was completed",
    "rejected_seen": "a row was rejected",
    "rejected_corrected": "the rejected row was sent again and taken",
}
_UNMAPPED = "unmapped_price_field"  # present in the request that notes it
_UNMAPPED_SENTENCE = "the latest rows had no price field that we do not know"
# `rows` is noted by every request that carried rows, so that a later request without the field can be told.
MARKS = (*_SENTENCES, "rows", _UNMAPPED)


class ChecklistItem(Struct, frozen=True):
    """One line of the report. `done_at` is None as long as it is not done."""

    mark: str
    sentence: str
    done_at: datetime | None


def note_sandbox(connection: Connection, store_id: str, mark: str, now: datetime) -> None:
    """The store's sandbox traffic has just shown this. On a twin it counts for the store. Raises StoreUnknown."""
    if mark not in MARKS:
        raise ValueError(f"{mark!r} is none of {', '.join(MARKS)}")
    owner = store_settings(connection, store_id).twin_of or store_id
    statement = insert(tables.sandbox_mark).values(store_id=owner, mark=mark, first_at=to_ms(now), last_at=to_ms(now))
    newest = func.max(tables.sandbox_mark.c.last_at, statement.excluded.last_at)
    connection.execute(statement.on_conflict_do_update(set_={"last_at": newest}))


def sandbox_report(connection: Connection, store_id: str) -> list[ChecklistItem]:
    """Every item of the checklist, in the order in which an integrator meets them. Raises StoreUnknown."""
    owner = store_settings(connection, store_id).twin_of or store_id
    rows = connection.execute(select(tables.sandbox_mark).where(tables.sandbox_mark.c.store_id == owner))
    marks = {row.mark: row for row in rows}
    report = [
        ChecklistItem(mark, sentence, from_ms(marks[mark].first_at) if mark in marks else None)
        for mark, sentence in _SENTENCES.items()
    ]
    clean_at = None
    if "rows" in marks and (_UNMAPPED not in marks or marks[_UNMAPPED].last_at < marks["rows"].last_at):
        clean_at = from_ms(marks["rows"].last_at)
    return [*report, ChecklistItem(_UNMAPPED, _UNMAPPED_SENTENCE, clean_at)]
