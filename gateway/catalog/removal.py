"""Removes products: a tombstone with its number stays, and a row accepted later brings the product back.

In: barcodes and the accepted number of the removal. Out: `RemovedRows`; every field cleared, a new version.
Rule: a removal is one more thing with a number; the newest wins, as with rows. So its number is kept for what is gone
already and for what was never there: rows accepted before it may be saved after it, from a batch. Why: merge.py.
"""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy import Connection

from gateway.catalog.kept import Cause, Kept, load_kept, write_kept
from gateway.catalog.merge import merge_removal


class RemovedRows(Struct, frozen=True):
    """Barcodes in the order given: removed now, not in the catalogue, or set again by a row accepted later."""

    removed: tuple[str, ...]
    unknown: tuple[str, ...]
    superseded: tuple[str, ...]
    product_ids: tuple[int, ...]  # those that were there and whose version is new


def remove_products(
    connection: Connection,
    store_id: str,
    barcodes: Sequence[str],
    *,
    accepted_seq: int,
    now: datetime,
    source: str,
    session_id: str | None = None,
) -> RemovedRows:
    """Remove products by their own barcodes. Raises StoreUnknown."""
    cause = Cause(store_id, source, session_id, now)
    kept = load_kept(connection, store_id, barcodes)
    removed: list[str] = []
    unknown: list[str] = []
    superseded: list[str] = []
    for barcode in dict.fromkeys(barcodes):
        one = kept.get(barcode)
        is_new = one is None
        if one is None:
            one = kept[barcode] = Kept(barcode)
        is_gone = is_new or one.state.is_removed
        merged = merge_removal(one.state, accepted_seq)
        one.is_touched = True
        if is_gone:
            unknown.append(barcode)
        else:
            (removed if one.state.is_removed else superseded).append(barcode)
        if merged.changes or is_new or (one.state.is_removed and not is_gone):
            cause.note(one, accepted_seq, merged.changes)
    write_kept(connection, cause, list(kept.values()))
    gone = set(unknown)
    ids = tuple(one.product_id for one in kept.values() if one.is_changed and one.barcode not in gone)
    return RemovedRows(tuple(removed), tuple(unknown), tuple(superseded), ids)
