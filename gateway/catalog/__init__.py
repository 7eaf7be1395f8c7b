"""Products, prices and their ledger: what a POS sends becomes what a store charges.

Start at `parse_rows` (what is accepted), `save_rows` (what wins) and `price_in_force` (what is charged now).
"""

from gateway.catalog.currency import minor_digits
from gateway.catalog.decode import MalformedBody, NumberText, RepeatedKeys, decode_json
from gateway.catalog.events import ProductsChanged
from gateway.catalog.fields import FIELDS, FieldSpec, Kind
from gateway.catalog.ledger import LedgerLine, ledger, lowest_price, price_at
from gateway.catalog.names import FieldMapInvalid, check_field_map
from gateway.catalog.parsed import ParsedRow, ParsedRows, RowIssue, RowMode
from gateway.catalog.price import PriceInForce, price_in_force
from gateway.catalog.product import Product, ProductFields, Stored, Value, product_to_json
from gateway.catalog.queries import (
    find_product,
    known_barcodes,
    list_products,
    live_products,
    products_by_barcode,
    products_by_id,
)
from gateway.catalog.removal import RemovedRows, remove_products
from gateway.catalog.rows import parse_rows
from gateway.catalog.save import Outcome, SavedRow, save_rows
from gateway.catalog.schema import schema
from gateway.catalog.state_lines import Fact
from gateway.catalog.state_rows import ParsedStates, ProductAsKept, parse_states
from gateway.catalog.states import TakenStates, take_states

__all__ = [
    "FIELDS",
    "Fact",
    "FieldMapInvalid",
    "FieldSpec",
    "Kind",
    "LedgerLine",
    "MalformedBody",
    "NumberText",
    "Outcome",
    "ParsedRow",
    "ParsedRows",
    "ParsedStates",
    "PriceInForce",
    "Product",
    "ProductAsKept",
    "ProductFields",
    "ProductsChanged",
    "RemovedRows",
    "RepeatedKeys",
    "RowIssue",
    "RowMode",
    "SavedRow",
    "Stored",
    "TakenStates",
    "Value",
    "check_field_map",
    "decode_json",
    "find_product",
    "known_barcodes",
    "ledger",
    "list_products",
    "live_products",
    "lowest_price",
    "minor_digits",
    "parse_rows",
    "parse_states",
    "price_at",
    "price_in_force",
    "product_to_json",
    "products_by_barcode",
    "products_by_id",
    "remove_products",
    "save_rows",
    "schema",
    "take_states",
]
