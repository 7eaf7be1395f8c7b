"""`/add` and `/productUpdate`: rows are judged one by one, and the good ones saved in one transaction.

In: the body. Out: what became of each row; `ProductsChanged` after the commit.
Rule: a 2xx leaves only after the rows, their numbers and the remembered answer are on the disk together.
Source: the POS contract, Single updates, What wins.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from litestar import Response
from msgspec import Struct
from sqlalchemy import Connection

from gateway.access import Grant, StoreSettings, store_settings, take_accepted_seqs
from gateway.catalog import Outcome, ParsedRows, RowMode, SavedRow, known_barcodes, parse_rows, save_rows
from gateway.pos_api.answers import as_response
from gateway.pos_api.book import Book, Entry
from gateway.pos_api.checklist import marks_of_rows
from gateway.pos_api.desk import Desk, grant_of
from gateway.pos_api.exchange import exchange_of
from gateway.pos_api.problem import Problem
from gateway.pos_api.request import PosRequest, SentRows, json_of, query_flag, rows_of
from gateway.pos_api.row_answer import RowAnswer
from gateway.pos_api.services import DisplaysBoundTo

_CHANGED = (Outcome.CREATED, Outcome.UPDATED)


class Saved(Struct, frozen=True):
    """`product_ids`: of products that have a new version."""

    answer: RowAnswer
    product_ids: tuple[int, ...] = ()


class _Save(Struct, frozen=True):
    """One request, ready to be carried out inside a transaction."""

    grant: Grant
    mode: RowMode
    sent: SentRows
    is_atomic: bool
    source: str
    now: datetime
    book: Book[Saved]
    displays_bound_to: DisplaysBoundTo

    def carry_out(self, connection: Connection) -> Saved:
        self.book.look_up(connection)
        settings = settings_for_writing(connection, self.grant.store_id)
        parsed = _parse(connection, self, settings)
        saved = self._save(connection, parsed)
        self.book.write_down(connection, saved)
        return saved

    def _save(self, connection: Connection, parsed: ParsedRows) -> Saved:
        store_id = self.grant.store_id
        rows = [] if self.is_atomic and parsed.errors else parsed.rows
        saved: list[SavedRow] = []
        if rows:
            first = take_accepted_seqs(connection, store_id, len(rows))
            numbered = list(enumerate(rows, first))
            saved = save_rows(connection, store_id, numbered, now=self.now, source=self.source, session_id=None)
        changed = tuple(dict.fromkeys(row.product_id for row in saved if row.outcome in _CHANGED))
        warnings = [*parsed.warnings, *(issue for row in saved for issue in row.warnings)]
        answer = RowAnswer(
            received=len(self.sent.rows),
            accepted=len(rows),
            rejected=parsed.rejected,
            errors=parsed.errors,
            warnings=[*self.sent.remarks, *warnings],
            rows=rows,
            is_atomic=self.is_atomic,
            displays=self.displays_bound_to(connection, changed) if changed else 0,
            counts={outcome.value: sum(row.outcome is outcome for row in saved) for outcome in Outcome},
        )
        return Saved(answer, changed)


async def answer_rows(desk: Desk, request: PosRequest, mode: RowMode, route: str) -> Response[bytes]:
    """Raises `Problem`."""
    grant, services = grant_of(request), desk.services
    is_atomic = query_flag(request, "atomic")
    sent = rows_of(await json_of(request))
    request_id = exchange_of(request.scope).request_id
    rejected_before = frozenset(desk.checklist.rejected(grant))
    entry: Entry[Saved] = Entry(
        answer_of=lambda saved: saved.answer.told(request_id),
        marks_of=lambda saved: _marks(saved.answer, mode, rejected_before),
    )
    book = await desk.open_book(request, route, entry)
    save = _Save(grant, mode, sent, is_atomic, route, services.clock.now(), book, services.displays_bound_to)
    saved = await services.database.write(save.carry_out)
    desk.checklist.remember(grant, saved.answer.rows, saved.answer.errors)
    desk.publish_changed(grant.store_id, saved.product_ids)
    return as_response(book.answer)


def settings_for_writing(connection: Connection, store_id: str) -> StoreSettings:
    """Raises `Problem` store_fed_elsewhere: one authority gives the numbers of a store."""
    settings = store_settings(connection, store_id)
    if settings.source is not None:
        words = f"The products of this store come from {settings.source}; send the change there."
        raise Problem("store_fed_elsewhere", words)
    return settings


def _parse(connection: Connection, save: _Save, settings: StoreSettings) -> ParsedRows:
    """Judges the rows, asking in one query which barcodes are known: first as if all were, then, if not, again."""
    parse = partial(parse_rows, save.sent.rows, settings=settings, field_map=save.grant.field_map, mode=save.mode)
    asked: dict[str, None] = {}

    def is_known_for_now(barcode: str) -> bool:
        asked[barcode] = None
        return True

    parsed = parse(is_known=is_known_for_now)
    known = known_barcodes(connection, save.grant.store_id, asked)
    return parsed if len(known) == len(asked) else parse(is_known=known.__contains__)


def _marks(answer: RowAnswer, mode: RowMode, rejected_before: frozenset[str]) -> Sequence[str]:
    marks = marks_of_rows(answer.rows, answer.errors, answer.warnings, rejected_before)
    if mode is RowMode.ADD and answer.rows:
        marks.append("add")
    if mode is RowMode.UPDATE and any("name" not in row.values for row in answer.rows):
        marks.append("update_without_name")
    return marks
