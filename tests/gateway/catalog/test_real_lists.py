"""Two real price lists go through whole: each row is saved, or rejected for a reason that the list itself shows."""

import csv
import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from gateway.access import StoreSettings, take_accepted_seqs
from gateway.catalog import ParsedRows, RowMode, SavedRow, decode_json, live_products, parse_rows, save_rows

NOW = datetime(2025, 7, 3, 6, tzinfo=UTC)
DATA = Path(__file__).parents[4] / "shared" / "data"
Shop = Callable[[Callable[[Connection], Any]], Any]
# Column of the list -> our field. An empty Price beside a SpecialPrice is the price of an offer without an old price.
COLUMNS = {
    "Barcode": "barcode", "Product": "name", "Price": "price", "ProductId": "sku", "Brand": "brand",
    "Quantity": "packSize", "Unit": "unit", "Category": "category", "UnitPrice": "unitPrice",
    "SpecialPrice": "salePrice", "BestPrice30": "lowestPrice30Days", "AnchorPrice": "anchorPrice",
}  # fmt: skip


def mapped(line: dict[str, str]) -> dict[str, object]:
    row: dict[str, object] = {field: line[column] for column, field in COLUMNS.items()}
    if not row["price"] and row["salePrice"]:
        row |= {"price": row["salePrice"], "salePrice": "", "onSale": True}
    return row


def read(name: str) -> list[dict[str, object]]:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"the real price list {name} is not at ../shared/data")
    with path.open(encoding="utf-8", newline="") as file:
        return [mapped(line) for line in csv.DictReader(file)]


@pytest.mark.parametrize(
    ("name", "saved", "rejected"),
    [
        ("price-list-hypermarket-2025-07-03.csv", 10_792, {("barcode", "required"): 158}),
        ("price-list-supermarket-2025-07-03.csv", 5_841, {("barcode", "required"): 143}),
    ],
)
def test_every_row_of_a_real_list_is_saved_or_lacks_its_barcode(
    shop: Shop, settings: StoreSettings, name: str, saved: int, rejected: dict[tuple[str, str], int]
) -> None:
    rows = read(name)
    outcomes: Counter[str] = Counter()
    errors: Counter[tuple[str | None, str]] = Counter()

    def push(chunk: list[dict[str, object]]) -> None:
        raw: Any = decode_json(json.dumps(chunk))
        parsed = parse_rows(raw, settings=settings, field_map=None, mode=RowMode.UPDATE, is_known=lambda _: False)
        errors.update((issue.field, issue.code) for issue in parsed.errors)
        assert all(isinstance(issue.message, str) and issue.hint for issue in parsed.errors)
        outcomes.update(row.outcome for row in shop(lambda connection: save(connection, parsed)))

    def save(connection: Connection, parsed: ParsedRows) -> list[SavedRow]:
        first = take_accepted_seqs(connection, "shop", len(parsed.rows))
        numbered = list(enumerate(parsed.rows, first))
        return save_rows(connection, "shop", numbered, now=NOW, source="test", session_id="s")

    for start in range(0, len(rows), 1_000):
        push(rows[start : start + 1_000])
    assert outcomes == {"created": saved}
    assert errors == rejected
    assert len(shop(lambda connection: live_products(connection, "shop"))) == saved
    outcomes.clear()
    for start in range(0, len(rows), 1_000):
        push(rows[start : start + 1_000])
    assert outcomes == {"unchanged": saved}
