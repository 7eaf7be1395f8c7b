"""Saves accepted rows: the newest accepted value of every field wins, in whatever order the rows arrive.

In: rows with their accepted numbers. Out: products with new versions, ledger lines, one `SavedRow` a row.
Rule: everything happens in the caller's transaction; saving the same rows again changes nothing. Why: merge.py.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from msgspec import Struct
from sqlalchemy import Connection

from gateway.access import StoreSettings, store_settings
from gateway.catalog.fields import SALE_FIELDS
from gateway.catalog.kept import Cause, Kept, load_kept, write_kept
from gateway.catalog.merge import Merged, merge_row
from gateway.catalog.parsed import ParsedRow, RowIssue
from gateway.catalog.price import is_not_lower, price_in_force
from gateway.catalog.product import ProductFields
from gateway.catalog.rows import SALE_NOT_LOWER


class Outcome(StrEnum):
    """SUPERSEDED: newer rows had set everything that this one names."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    SUPERSEDED = "superseded"


class SavedRow(Struct, frozen=True):
    """`version` is the product's after the save; `warnings` are those that only the whole product gives rise to."""

    index: int
    barcode: str
    product_id: int
    outcome: Outcome
    version: int
    warnings: tuple[RowIssue, ...]


def save_rows(
    connection: Connection,
    store_id: str,
    rows: Sequence[tuple[int, ParsedRow]],
    *,
    now: datetime,
    source: str,
    session_id: str | None,
    full: bool = False,
) -> list[SavedRow]:
    """Save rows, each with its accepted number; `full`: an omitted optional field is cleared. Raises StoreUnknown."""
    if not rows:
        return []
    saving = _Saving(store_settings(connection, store_id), Cause(store_id, source, session_id, now), full)
    saving.kept = load_kept(connection, store_id, (row.barcode for _, row in rows))
    results = [saving.merge(seq, row) for seq, row in rows]
    write_kept(connection, saving.cause, list(saving.kept.values()))
    return [
        SavedRow(row.index, row.barcode, kept.product_id, outcome, kept.version, warnings)
        for (_, row), (kept, outcome, warnings) in zip(rows, results, strict=True)
    ]


class _Saving:
    def __init__(self, settings: StoreSettings, cause: Cause, full: bool) -> None:
        self.kept: dict[str, Kept] = {}
        self.cause = cause
        self._settings = settings
        self._full = full

    def merge(self, seq: int, row: ParsedRow) -> tuple[Kept, Outcome, tuple[RowIssue, ...]]:
        kept = self.kept.get(row.barcode)
        is_new = kept is None
        if kept is None:
            kept = self.kept[row.barcode] = Kept(row.barcode)
        was_removed = kept.state.is_removed
        merged = merge_row(kept.state, seq, row.values.stored, full=self._full)
        kept.is_touched = True
        comes_back = was_removed and not kept.state.is_removed
        if merged.changes or is_new or comes_back:
            self.cause.note(kept, seq, merged.changes)
        if is_new or comes_back:
            outcome = Outcome.CREATED
        elif merged.overtaken:
            outcome = Outcome.SUPERSEDED
        else:
            outcome = Outcome.UPDATED if merged.changes else Outcome.UNCHANGED
        return kept, outcome, self._warnings(kept, row, merged) if merged.changes else ()

    def _warnings(self, kept: Kept, row: ParsedRow, merged: Merged) -> tuple[RowIssue, ...]:
        """What only the whole product can tell: a sale that goes on, a sale price that is none any more."""
        if "salePrice" not in kept.state.fields:
            return ()
        fields = ProductFields(kept.state.fields)
        named = row.values.stored
        warnings = []
        changes_price = any(name == "price" for name, _, _ in merged.changes)
        if changes_price and not any(name in named for name in SALE_FIELDS) and not self._full:
            price = price_in_force(fields, self._settings, self.cause.now)
            if price.on_offer:
                message = f"The sale goes on: {price.selling} is charged, not the new regular price."
                hint = "To end it, send onSale: false or salePrice: null with the price."
                warnings.append(RowIssue(row.index, row.barcode, "price", "sale_kept", message, hint))
        if ("price" in named) != ("salePrice" in named) and is_not_lower(fields):
            warnings.append(RowIssue(row.index, row.barcode, "salePrice", *SALE_NOT_LOWER))
        return tuple(warnings)
