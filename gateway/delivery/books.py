"""Loads and saves the books of displays: the rule's plain numbers on one side, table rows on the other.

In: display ids. Out: `DisplayBooks` with what an offer needs beside them. Rule: only what changed is written, and each
fact is one history row in the same transaction.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from msgspec import Struct
from sqlalchemy import Connection, Table, bindparam, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from gateway.database.among import among_named, listed
from gateway.database.bulk import Bulk
from gateway.delivery.rule import DisplayBooks
from gateway.delivery.tables import offer
from gateway.shelf import Fact
from gateway.shelf.tables import desired, display, display_history, shown

# Built once: a turn with one display is over sooner than its statements would be put together.
_RAISE_DESIRED = Bulk(
    update(desired).where(desired.c.display_id == bindparam("b_display")).values(revision=bindparam("b_revision")),
    "b_display",
    "b_revision",
)
_SAVE_ANSWER = Bulk(
    update(offer).where(offer.c.display_id == bindparam("b_display")).values(answer=bindparam("b_answer")),
    "b_display",
    "b_answer",
)


def _save_all(table: Table, *names: str) -> Bulk:
    """Replaces every column of the display's row; those that are not named become null."""
    statement = upsert(table)
    others = [column.name for column in table.c if column.name != "display_id"]
    replacing = statement.on_conflict_do_update(
        index_elements=["display_id"], set_={name: statement.excluded[name] for name in others}
    )
    return Bulk(replacing, *names)


_SAVE_SHOWN = _save_all(
    shown,
    "display_id",
    "revision",
    "content_id",
    "refresh_counter",
    "how",
    "up_counter",
    "proved_at",
    "takes_differences",
)
_SAVE_OFFER = _save_all(offer, "display_id", "revision", "encoding_id", "recorded_at", "attempts", "base_content_id")


class Entry(Struct, frozen=True):
    """One display as the tables hold it. `how`, `proved_at`, `refresh_counter`: of its newest proof;
    `takes_differences`: as its newest report said. `offered_base`: what the newest offer builds on.
    """

    display_id: str
    store_id: str
    panel: str
    books: DisplayBooks
    attempts: int
    answer: str | None
    refresh_counter: int
    how: str
    proved_at: int | None
    takes_differences: bool
    offered_base: bytes | None


class OfferedEncoding(NamedTuple):
    """`base`: the content id that a difference builds on; None: the whole picture."""

    encoding_id: bytes
    base: bytes | None


class HistoryRow(NamedTuple):
    """One fact to append, its columns in their order. `fact` is the value of a `Fact`, `at` in milliseconds."""

    display_id: str
    revision: int
    fact: str
    at: int
    content_id: bytes | None
    bridge_id: str | None
    cause: str | None = None


class Notes:
    """What became true in a turn: rows of the history, and in the same order `facts` (display id, store id, revision,
    fact) to be told of once they are committed.
    """

    def __init__(self, now_ms: int) -> None:
        self.rows: list[HistoryRow] = []
        self.facts: list[tuple[str, str, int, Fact]] = []
        self._now_ms = now_ms

    def add(self, entry: Entry, revision: int, fact: Fact, bridge_id: str | None, cause: str | None) -> None:
        self.rows.append(
            HistoryRow(
                display_id=entry.display_id,
                revision=revision,
                fact=fact.value,
                at=self._now_ms,
                content_id=entry.books.desired_content,
                bridge_id=bridge_id,
                cause=cause,
            )
        )
        self.facts.append((entry.display_id, entry.store_id, revision, fact))


_APPEND_HISTORY = Bulk(insert(display_history), *HistoryRow._fields)
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
        shown.c.takes_differences,
        offer.c.base_content_id,
    )
    .outerjoin(desired, desired.c.display_id == display.c.display_id)
    .outerjoin(shown, shown.c.display_id == display.c.display_id)
    .outerjoin(offer, offer.c.display_id == display.c.display_id)
    .where(among_named(display.c.display_id, "display_ids"))
    .order_by(display.c.display_id)
)


def load_entries(connection: Connection, display_ids: Sequence[str]) -> dict[str, Entry]:
    """The books of each display that was ever bound; others are absent: nothing is sent to them."""
    rows: Iterable[tuple[Any, ...]] = connection.execute(_BOOKS, {"display_ids": listed(display_ids)}).all()
    return {row[0]: _entry(*row) for row in rows}


def _entry(
    display_id: str,
    store_id: str,
    panel: str,
    revision: int | None,
    content_id: bytes | None,
    shown_revision: int | None,
    shown_content: bytes | None,
    up_counter: int | None,
    refresh_counter: int | None,
    how: str | None,
    proved_at: int | None,
    offered_revision: int | None,
    attempts: int | None,
    answer: str | None,
    takes_differences: bool | None,
    offered_base: bytes | None,
) -> Entry:
    """Of a row of `_BOOKS`, its columns in their order."""
    books = DisplayBooks(
        desired_revision=revision or 0,
        desired_content=content_id,
        shown_revision=shown_revision if shown_content is not None else None,
        shown_content=shown_content,
        offered_revision=offered_revision or 0,
        report_counter=up_counter,
    )
    return Entry(
        display_id=display_id,
        store_id=store_id,
        panel=panel,
        books=books,
        attempts=attempts or 0,
        answer=answer,
        refresh_counter=refresh_counter or 0,
        how=how or "glass",
        proved_at=proved_at,
        takes_differences=bool(takes_differences),
        offered_base=offered_base,
    )


def save_desired_revisions(connection: Connection, raised: Iterable[tuple[str, int]]) -> None:
    """A tag knew a higher revision: ours goes above it."""
    _RAISE_DESIRED.execute(connection, list(raised))


def save_shown(connection: Connection, entries: Iterable[Entry]) -> None:
    rows = [
        (
            one.display_id,
            one.books.shown_revision or 0,
            one.books.shown_content,
            one.refresh_counter,
            one.how,
            one.books.report_counter,
            one.proved_at,
            one.takes_differences,
        )
        for one in entries
    ]
    _SAVE_SHOWN.execute(connection, rows)


def save_offers(connection: Connection, offers: Iterable[tuple[Entry, OfferedEncoding, int]], now_ms: int) -> None:
    """Record offers: (entry with its new books, how it travels, attempts). To be committed before an octet leaves."""
    rows = [
        (one.display_id, one.books.offered_revision, offered.encoding_id, now_ms, attempts, offered.base)
        for one, offered, attempts in offers
    ]
    _SAVE_OFFER.execute(connection, rows)


def save_answers(connection: Connection, answers: Iterable[tuple[str, str]]) -> None:
    """The newest answer of each display to its present offer."""
    _SAVE_ANSWER.execute(connection, list(answers))


def append_history(connection: Connection, rows: Sequence[HistoryRow]) -> None:
    _APPEND_HISTORY.execute(connection, rows)
