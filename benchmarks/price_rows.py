"""Rows as a POS sends them: yesterday's, from which the shelf shows a price, and today's, which the clock measures.

In: how many. Out: rows in the API's own field names. Rule: the same numbers give the same rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from simulator.assortment import Row, assortment

GOODS_A_SEED = 5_000  # what the assortment's words suffice for
TODAY = date(2026, 1, 15)


@dataclass(frozen=True, slots=True)
class PriceLists:
    """`yesterday`: one row for each display, spread over the list, at another price. `today`: everything."""

    yesterday: Sequence[Row]
    today: Sequence[Row]


def price_lists(rows: int, displays: int) -> PriceLists:
    """Raises `ValueError` when there are fewer rows than displays."""
    if displays > rows:
        raise ValueError(f"{displays} displays want a product each, and there are {rows} rows")
    today = _generated(rows)
    shown = [today[number * rows // displays] for number in range(displays)]
    yesterday = [
        {"barcode": row["barcode"], "name": row["name"], "price": str(Decimal(str(row["price"])) + 1)} for row in shown
    ]
    return PriceLists(yesterday, today)


def _generated(count: int) -> list[Row]:
    found: dict[object, Row] = {}
    seed = 0
    while len(found) < count:
        seed += 1
        wanted = min(GOODS_A_SEED, count - len(found))
        for row in assortment(seed, today=TODAY, count=wanted):
            found.setdefault(row["barcode"], row)
    return list(found.values())
