"""Reads products. Removed ones are found by id, where a label must know that its product is gone, and not by barcode.

In: barcodes, ids, a code from a scanner, words to search. Out: `Product`.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, Select, or_, select

from gateway.catalog import tables
from gateway.catalog.kept import chunks_of, stored_fields
from gateway.catalog.product import Product, ProductFields
from gateway.database.among import among

_COLUMN = tables.product.c
_PRODUCT = select(
    _COLUMN.product_id, _COLUMN.store_id, _COLUMN.barcode, _COLUMN.version, _COLUMN.removed_at, _COLUMN.fields
)


def products_by_barcode(connection: Connection, store_id: str, barcodes: Iterable[str]) -> dict[str, Product]:
    """Those in the catalogue, by their own barcode."""
    found: dict[str, Product] = {}
    for chunk in chunks_of(barcodes):
        query = _PRODUCT.where(
            _COLUMN.store_id == store_id, among(_COLUMN.barcode, chunk), _COLUMN.removed_at.is_(None)
        )
        found.update((product.barcode, product) for product in _products(connection, query))
    return found


def products_by_id(connection: Connection, ids: Iterable[int]) -> dict[int, Product]:
    """Tombstones too: they say `removed`, and have no fields."""
    found: dict[int, Product] = {}
    for chunk in chunks_of(ids):
        query = _PRODUCT.where(among(_COLUMN.product_id, chunk))
        found.update((product.product_id, product) for product in _products(connection, query))
    return found


def known_barcodes(connection: Connection, store_id: str, barcodes: Iterable[str]) -> set[str]:
    """Which of them are in the catalogue."""
    found: set[str] = set()
    for chunk in chunks_of(barcodes):
        query = select(_COLUMN.barcode).where(_COLUMN.store_id == store_id, among(_COLUMN.barcode, chunk))
        found.update(connection.execute(query.where(_COLUMN.removed_at.is_(None))).scalars())
    return found


def find_product(connection: Connection, store_id: str, code: str) -> Product | None:
    """By its own barcode; else the first product that has the code among its extra barcodes."""
    own = products_by_barcode(connection, store_id, [code])
    if own:
        return own[code]
    extra = tables.extra_barcode.c
    query = _PRODUCT.join_from(tables.product, tables.extra_barcode, extra.product_id == _COLUMN.product_id)
    query = query.where(extra.store_id == store_id, extra.code == code, _COLUMN.removed_at.is_(None))
    return next(iter(_products(connection, query.order_by(_COLUMN.product_id).limit(1))), None)


def list_products(
    connection: Connection, store_id: str, after: str | None = None, limit: int = 100, search: str | None = None
) -> list[Product]:
    """A page by barcode, beginning behind the barcode `after`; `search` is a part of name or barcode, in any case."""
    query = _PRODUCT.where(_COLUMN.store_id == store_id, _COLUMN.removed_at.is_(None))
    if after is not None:
        query = query.where(_COLUMN.barcode > after)
    if search:
        folded = search.casefold()
        query = query.where(
            or_(
                _COLUMN.name_folded.contains(folded, autoescape=True),
                _COLUMN.barcode.icontains(search, autoescape=True),
            )
        )
    return list(_products(connection, query.order_by(_COLUMN.barcode).limit(limit)))


def live_products(connection: Connection, store_id: str) -> dict[str, int]:
    """The whole assortment: product ids by barcode, in the order of the barcodes."""
    query = select(_COLUMN.barcode, _COLUMN.product_id).where(_COLUMN.store_id == store_id)
    rows = connection.execute(query.where(_COLUMN.removed_at.is_(None)).order_by(_COLUMN.barcode))
    return dict(rows.all())


def _products(connection: Connection, query: "Select[int, str, str, int, int | None, str]") -> Sequence[Product]:
    return [
        Product(product_id, store_id, barcode, version, removed_at is not None, ProductFields(stored_fields(fields)))
        for product_id, store_id, barcode, version, removed_at, fields in connection.execute(query)
    ]
