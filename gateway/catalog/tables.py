"""The tables of the catalogue. `fields` and `field_seqs` are JSON as `gateway.catalog.product` describes them."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table, Text

from gateway.database import metadata

# A removed product stays as a tombstone: its version must go on growing, or an old label would look fresh.
product = Table(
    "product",
    metadata,
    Column("product_id", Integer, primary_key=True),
    Column("store_id", Text, nullable=False),
    Column("barcode", Text, nullable=False),
    Column("name_folded", Text, nullable=False),  # for search, without regard to case in any script
    Column("version", BigInteger, nullable=False),
    Column("removed_at", BigInteger),
    Column("removed_seq", BigInteger, nullable=False),
    Column("fields", Text, nullable=False),
    Column("field_seqs", Text, nullable=False),
    Index("product_by_barcode", "store_id", "barcode", unique=True),
    sqlite_autoincrement=True,
)
# One line for each row or removal that changed price-like fields, in the order of saving, kept for good. (A line a
# field cost three times as much, measured: a new product has two or three of them.)
price_ledger = Table(
    "price_ledger",
    metadata,
    Column("line_id", Integer, primary_key=True),
    Column("store_id", Text, nullable=False),
    Column("product_id", Integer, ForeignKey("product.product_id"), nullable=False),
    Column("accepted_seq", BigInteger, nullable=False),
    Column("changes", Text, nullable=False),  # JSON: [field, old, new] of each
    Column("source", Text, nullable=False),
    Column("session_id", Text),
    Column("at", BigInteger, nullable=False),
    Index("price_ledger_by_product", "product_id"),
)
extra_barcode = Table(
    "extra_barcode",
    metadata,
    Column("store_id", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("product_id", Integer, ForeignKey("product.product_id"), primary_key=True),
    Index("extra_barcode_by_product", "product_id"),
    sqlite_with_rowid=False,
)
