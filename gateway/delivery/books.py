"""Loads and saves the books of displays: the rule's plain numbers on one side, table rows on the other.

In: display ids. Out: `DisplayBooks` with what an offer needs beside them. Rule: only what changed is written, and each
fact is one history row in the same transaction.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Table, bindparam, insert, select, update
from sqlalchemy.dialects.sqlite import Insert
from sqlalchemy.dialects.sqlite import insert as upsert

from gateway.database.among import among_named, listed
from gateway.delivery.rule import DisplayBooks
from gateway.delivery.tables import offer
from gateway.shelf import Fact
from gateway.shelf.tables import desired, display, display_history, shown

# Built once: a turn with one display is over sooner than its statements would be put together.
_RAISE_DESIRED = (
    update(desired).where(desired.c.display_id == bindparam("b_display")).values(revision=bindparam("revision"))
)
_SAVE_ANSWER = update(offer).where(offer.c.display_id == bindparam("b_display")).values(answer=bindparam("answer"))
_APPEND_HISTORY = insert(display_history)


def _save_all(table: Table) -> Insert:
    """Replaces every column of the display's row."""
    statement = upsert(table)
    others = [column.name for column in table.c if column.name != "display_id"]
    return statement.on_conflict_do_update(
        index_elements=["display_id"], set_={name: statement.excluded[name] for name in others}
    )


_SAVE_SHOWN, _SAVE_OFFER = _save_all(shown), _save_all(offer)


@dataclass(frozen=True, slots=True)
class Entry:
    """One display as the tables hold it. `how`, `proved_at`, `refresh_counter`: of its newest proof."""

    display_id: str
    store_id: str
    panel: str
    books: DisplayBooks
    attempts: int
    answer: str | None
    refresh_counter: int
    how: str
    proved_at: int | None


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One fact to append. `at` in milliseconds."""

    display_id: str
    revision: int
    fact: Fact
    at: int
    content_id: bytes | None
    bridge_id: str | None
    cause: str | None = None


_BOOKS = (
    select(
        display.c.display_id,
        display.c.store_id,
        display.c.panel,
        desired.c.revision,
        desired.c.content_id,
        shown.c.revision.label("shown_revision"),
        shown.c.content_id.label("shown_content"),
        shown.c.up_counter,
        shown.c.refresh_counter,
        shown.c.how,
        shown.c.proved_at,
        offer.c.revision.label("offered_revision"),
        offer.c.attempts,
        offer.c.answer,
    )
    .outerjoin(desired, desired.c.display_id == display.c.display_id)
    .outerjoin(shown, shown.c.display_id == display.c.display_id)
    .outerjoin(offer, offer.c.display_id == display.c.display_id)
    .where(among_named(display.c.display_id, "display_ids"))
    .order_by(display.c.display_id)
)


def load_entries(connection: Connection, display_ids: Sequence[str]) -> dict[str, Entry]:
    """The books of each display that was ever bound; others are absent: nothing is sent to them."""
    rows = connection.execute(_BOOKS, {"display_ids": listed(display_ids)})
    return {
        row.display_id: Entry(
            display_id=row.display_id,
            store_id=row.store_id,
            panel=row.panel,
            books=DisplayBooks(
                desired_revision=row.revision or 0,
                desired_content=row.content_id,
                shown_revision=row.shown_revision if row.shown_content is not None else None,
                shown_content=row.shown_content,
                offered_revision=row.offered_revision or 0,
                report_counter=row.up_counter,
            ),
            attempts=row.attempts or 0,
            answer=row.answer,
            refresh_counter=row.refresh_counter or 0,
            how=row.how or "glass",
            proved_at=row.proved_at,
        )
        for row in rows
    }


def save_desired_revisions(connection: Connection, raised: Iterable[tuple[str, int]]) -> None:
    """A tag knew a higher revision: ours goes above it."""
    rows = [{"b_display": display_id, "revision": revision} for display_id, revision in raised]
    if rows:
        connection.execute(_RAISE_DESIRED, rows)


def save_shown(connection: Connection, entries: Iterable[Entry]) -> None:
    rows = [
        {
            "display_id": one.display_id,
            "revision": one.books.shown_revision or 0,
            "content_id": one.books.shown_content,
            "refresh_counter": one.refresh_counter,
            "how": one.how,
            "up_counter": one.books.report_counter,
            "proved_at": one.proved_at,
        }
        for one in entries
    ]
    if rows:
        connection.execute(_SAVE_SHOWN, rows)


def save_offers(connection: Connection, offers: Iterable[tuple[Entry, bytes, int]], now_ms: int) -> None:
    """Record offers: (entry with its new books, encoding id, attempts). To be committed before an octet leaves."""
    rows = [
        {
            "display_id": one.display_id,
            "revision": one.books.offered_revision,
            "encoding_id": encoding_id,
            "recorded_at": now_ms,
            "attempts": attempts,
            "answer": None,
        }
        for one, encoding_id, attempts in offers
    ]
    if rows:
        connection.execute(_SAVE_OFFER, rows)


def save_answers(connection: Connection, answers: Iterable[tuple[str, str]]) -> None:
    """The newest answer of each display to its present offer."""
    rows = [{"b_display": display_id, "answer": answer} for display_id, answer in answers]
    if rows:
        connection.execute(_SAVE_ANSWER, rows)


def append_history(connection: Connection, rows: Sequence[HistoryRow]) -> None:
    if rows:
        connection.execute(
            _APPEND_HISTORY,
            [
                {
                    "display_id": one.display_id,
                    "revision": one.revision,
                    "fact": one.fact.value,
                    "at": one.at,
                    "content_id": one.content_id,
                    "bridge_id": one.bridge_id,
                    "cause": one.cause,
                    "drawn_from": None,
                }
                for one in rows
            ],
        )
