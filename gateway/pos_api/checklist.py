"""What sandbox traffic shows of an integration, noted as it comes.

In: the accepted rows, errors and warnings of a request. Out: the marks of `gateway.access.note_sandbox`.
Rule: a mark is noted in the transaction that proves it. Which barcodes were rejected is remembered in memory alone:
after a restart an integrator sends one wrong row again. Source: the POS contract, Tokens.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection

from gateway.access import Grant, TokenKind, note_sandbox, sandbox_report
from gateway.catalog import ParsedRow, RowIssue
from gateway.pos_api.limits import REJECTED_REMEMBERED_MAX
from gateway.pos_api.problem import Fault


class Checklist:
    """One for all stores; it asks only for what sandbox tokens do."""

    def __init__(self) -> None:
        self._rejected: dict[str, OrderedDict[str, None]] = {}
        self._authenticated: set[str] = set()
        self._completed: set[str] = set()

    def wants_authenticated(self, grant: Grant) -> bool:
        return grant.kind is TokenKind.SANDBOX and grant.store_id not in self._authenticated

    def note_authenticated(self, grant: Grant) -> None:
        self._authenticated.add(grant.store_id)

    def wants_completed(self, grant: Grant) -> bool:
        return grant.kind is TokenKind.SANDBOX and grant.store_id not in self._completed

    def note_completed(self, grant: Grant) -> None:
        self._completed.add(grant.store_id)

    def note(self, connection: Connection, grant: Grant, marks: Iterable[str], now: datetime) -> None:
        """Inside the transaction of the request."""
        if grant.kind is not TokenKind.SANDBOX:
            return
        for mark in marks:
            if mark != "sale_ended" or _has_started_a_sale(connection, grant.store_id):
                note_sandbox(connection, grant.store_id, mark, now)

    def remember(self, grant: Grant, rows: Sequence[ParsedRow], errors: Sequence[RowIssue]) -> None:
        """After its commit."""
        if grant.kind is not TokenKind.SANDBOX:
            return
        rejected = self._rejected.setdefault(grant.store_id, OrderedDict())
        for row in rows:
            rejected.pop(row.barcode, None)
        for issue in errors:
            if issue.barcode is not None:
                rejected[issue.barcode] = None
        while len(rejected) > REJECTED_REMEMBERED_MAX:
            rejected.popitem(last=False)

    def rejected(self, grant: Grant) -> Collection[str]:
        return self._rejected.get(grant.store_id, OrderedDict())


def marks_of_rows(
    rows: Sequence[ParsedRow],
    errors: Sequence[RowIssue],
    warnings: Sequence[RowIssue | Fault],
    rejected_before: Collection[str],
) -> list[str]:
    """What rows show, by whichever way they came."""
    marks = ["rows"]
    if any(issue.code == "unmapped_price_field" for issue in warnings):
        marks.append("unmapped_price_field")
    if any(_ends_sale(row) for row in rows):
        marks.append("sale_ended")
    if any(_starts_sale(row) for row in rows):
        marks.append("sale_started")
    if errors:
        marks.append("rejected_seen")
    if any(row.barcode in rejected_before for row in rows):
        marks.append("rejected_corrected")
    return marks


def _starts_sale(row: ParsedRow) -> bool:
    sent = row.values.stored
    on_sale = sent.get("onSale")
    return on_sale is True or (on_sale is None and sent.get("salePrice") is not None)


def _ends_sale(row: ParsedRow) -> bool:
    sent = row.values.stored
    on_sale = sent.get("onSale")
    if on_sale is None:
        return "salePrice" in sent and sent["salePrice"] is None
    return on_sale is False


def _has_started_a_sale(connection: Connection, store_id: str) -> bool:
    return any(item.mark == "sale_started" and item.done_at for item in sandbox_report(connection, store_id))
