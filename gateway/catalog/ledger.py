"""Every change of a price-like field, kept for good: what was charged when, and the lowest price of a time.

In: changes, as they are saved. Out: the lines of a product; the price in force at any past instant.
Rule: lines are written with the product, in one transaction, and never changed. Line order is the order of saving. The
table has one line for all that one row changed; `LedgerLine` is one field of it.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import TypeAlias

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, insert, select

from gateway.access import StoreSettings, store_settings
from gateway.catalog import tables
from gateway.catalog.fields import FIELD, Kind
from gateway.catalog.price import PriceInForce, price_in_force
from gateway.catalog.product import ProductFields, Stored
from gateway.database.bulk import Bulk
from gateway.ports import from_ms


class LedgerLine(Struct, frozen=True):
    """`old` and `new` in the API's own form (decimals and moments as text, flags as true and false); None = not set.

    `source` says what brought the change, `session_id` which batch, if one did; `at` is when it was saved.
    """

    accepted_seq: int
    field: str
    old: str | None
    new: str | None
    source: str
    session_id: str | None
    at: datetime


PriceChange: TypeAlias = tuple[str, str | None, str | None]  # field, old, new
# All that one row changed: store_id, product_id, accepted_seq, changes, source, session_id, at.
SavedLine: TypeAlias = tuple[str, int, int, Sequence[PriceChange], str, str | None, int]
_COLUMNS = ("store_id", "product_id", "accepted_seq", "changes", "source", "session_id", "at")
_WRITE = Bulk(insert(tables.price_ledger), *_COLUMNS)
_CHANGES: msgspec.json.Decoder[list[PriceChange]] = msgspec.json.Decoder(list[PriceChange])


def write_lines(connection: Connection, lines: Iterable[SavedLine]) -> None:
    encode = msgspec.json.encode
    _WRITE.execute(connection, [(*line[:3], encode(line[3]).decode(), *line[4:]) for line in lines])


def price_changes(text: str) -> list[PriceChange]:
    """The column `changes`."""
    return _CHANGES.decode(text)


def ledger_text(value: Stored) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)


def ledger(connection: Connection, store_id: str, product_id: int) -> list[LedgerLine]:
    """The lines of a product, oldest first."""
    line = tables.price_ledger.c
    rows = connection.execute(
        select(line.accepted_seq, line.changes, line.source, line.session_id, line.at)
        .where(line.product_id == product_id, line.store_id == store_id)
        .order_by(line.line_id)
    )
    return [
        LedgerLine(seq, name, old, new, source, session, from_ms(at))
        for seq, changes, source, session, at in rows
        for name, old, new in price_changes(changes)
    ]


def price_at(connection: Connection, store_id: str, product_id: int, at: datetime) -> PriceInForce | None:
    """What was charged at `at` by what was saved until then; None before the product's first line, or without price."""
    settings = store_settings(connection, store_id)
    fields: dict[str, Stored] = {}
    for line in ledger(connection, store_id, product_id):
        if line.at <= at:
            _fold(fields, line)
    price = price_in_force(ProductFields(fields), settings, at)
    return None if price.selling is None else price


def lowest_price(
    connection: Connection, store_id: str, product_id: int, *, days: int = 30, at: datetime
) -> Decimal | None:
    """The lowest selling price in force at any instant of the `days` before `at`, `at` itself left out.

    For the price that the law wants beside a reduction, `at` is the instant at which the reduction starts.
    None if the ledger knows no price of that time.
    """
    settings = store_settings(connection, store_id)
    since = at - timedelta(days=days)
    lines = ledger(connection, store_id, product_id)
    prices = [
        price for fields, start, end in _spans(lines, since, at) for price in _prices(fields, settings, start, end)
    ]
    return min(prices, default=None)


def _spans(
    lines: list[LedgerLine], since: datetime, until: datetime
) -> Iterator[tuple[ProductFields, datetime, datetime]]:
    """What the fields were, and from when to when, within the time asked for."""
    fields: dict[str, Stored] = {}
    saves = [(at, list(group)) for at, group in groupby(lines, key=lambda line: line.at)]
    for position, (start, group) in enumerate(saves):
        for line in group:
            _fold(fields, line)
        end = saves[position + 1][0] if position + 1 < len(saves) else until
        start, end = max(start, since), min(end, until)
        if start < end:
            yield ProductFields(dict(fields)), start, end


def _prices(fields: ProductFields, settings: StoreSettings, start: datetime, end: datetime) -> Iterator[Decimal]:
    """The selling prices in force from start to end, where only time changes them."""
    at: datetime | None = start
    while at is not None and at < end:
        price = price_in_force(fields, settings, at)
        if price.selling is not None:
            yield price.selling
        at = price.holds_until


def _fold(fields: dict[str, Stored], line: LedgerLine) -> None:
    if line.new is None:
        fields.pop(line.field, None)
    else:
        fields[line.field] = line.new == "true" if FIELD[line.field].kind is Kind.FLAG else line.new
