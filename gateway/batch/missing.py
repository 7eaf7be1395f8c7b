"""Which products of the store a full session did not send.

In: a session, before its staged rows are saved. Out: product ids and barcodes.
Rule: a rejected row counts as sent; and whatever a row accepted since the session's start speaks of is newer than the
session, so it is not missing. Source: the POS contract, Batches.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, Row, Select, func, select

from gateway.batch import tables
from gateway.batch.staged import staged_barcodes
from gateway.catalog.tables import product


def missing_products(connection: Connection, session: Row[tuple[object, ...]]) -> list[tuple[int, str]]:
    """(product id, barcode) in the order of the barcodes; none for a session that is not the whole assortment."""
    if session.mode != "full":
        return []
    errors = tables.row_error.c
    staged = staged_barcodes(session.session_id)
    rejected = select(errors.barcode).where(errors.session_id == session.session_id, errors.barcode.is_not(None))
    rows = connection.execute(
        _live_and_untouched(session)
        .where(product.c.barcode.not_in(staged), product.c.barcode.not_in(rejected))
        .order_by(product.c.barcode)
    )
    return [(row.product_id, row.barcode) for row in rows]


def still_missing(connection: Connection, session: Row[tuple[object, ...]], barcodes: Sequence[str]) -> list[str]:
    """Those of the barcodes that nobody has touched meanwhile."""
    rows = connection.execute(_live_and_untouched(session).where(product.c.barcode.in_(barcodes)))
    untouched = {row.barcode for row in rows}
    return [barcode for barcode in barcodes if barcode in untouched]


def _live_and_untouched(session: Row[tuple[object, ...]]) -> "Select[int, str]":
    newest_row = func.json_extract(product.c.field_seqs, "$.barcode")  # as gateway.catalog.merge keeps it
    return select(product.c.product_id, product.c.barcode).where(
        product.c.store_id == session.store_id,
        product.c.removed_at.is_(None),
        func.coalesce(newest_row, 0) < session.started_seq,
    )
