"""Reads a price list as shops have them, CSV or JSON, and makes rows of the POS API of it.

In: a file, and words for columns that have unusual names. Out: `PriceList`: rows as read, and as they are sent.
Rule: a column is recognised by its name alone; what is recognised is shown to the person. A file tells the whole of
what it has a column for: an empty cell clears the field, an empty special price ends the sale.
"""

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from gateway.catalog import FIELDS, Kind
from gateway.cli.errors import CommandFailed

Row = dict[str, object]

# The usual names of columns, folded (letters and digits only), besides our own and their aliases.
USUAL_NAMES: Mapping[str, str] = {
    "product": "name",
    "artikl": "name",
    "naziv": "name",
    "nazivproizvoda": "name",
    "description": "name",
    "productid": "sku",
    "itemid": "sku",
    "articleid": "sku",
    "sifra": "sku",
    "šifra": "sku",
    "šifraproizvoda": "sku",
    "marka": "brand",
    "markaproizvoda": "brand",
    "quantity": "packSize",
    "netquantity": "packSize",
    "netokoličina": "packSize",
    "jedinicamjere": "unit",
    "uom": "unit",
    "barkod": "barcode",
    "eancode": "barcode",
    "kategorija": "category",
    "kategorijaproizvoda": "category",
    "cijena": "price",
    "mpc": "price",
    "maloprodajnacijena": "price",
    "retailprice": "price",
    "cijenazajedinicumjere": "unitPrice",
    "specialprice": "salePrice",
    "promoprice": "salePrice",
    "actionprice": "salePrice",
    "akcijskacijena": "salePrice",
    "specialpricefrom": "saleStart",
    "specialpriceto": "saleEnd",
    "specialpricestart": "saleStart",
    "specialpriceend": "saleEnd",
    "salefrom": "saleStart",
    "saleto": "saleEnd",
    "saleuntil": "saleEnd",
    "promofrom": "saleStart",
    "promoto": "saleEnd",
    "akcijaod": "saleStart",
    "akcijado": "saleEnd",
    "bestprice30": "lowestPrice30Days",
    "lowestprice30": "lowestPrice30Days",
    "najnižacijenauposljednjih30dana": "lowestPrice30Days",
    "sidrenacijena": "anchorPrice",
}
# A column of this kind beside a special price is a period: left out, its sale would start at once and never end.
_PERIOD = re.compile(r"(sale|special|promo|action|akcij|offer|discount|popust).*(from|to|until|till|start|end|od|do)$")
_AMOUNTS = frozenset(spec.name for spec in FIELDS if spec.kind in (Kind.PRICE, Kind.NUMBER))
_COMMA_AMOUNT = re.compile(r"-?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?")
_DELIMITERS = ",;\t|"
_SEPARATE = re.compile(r"[\W_]+")


class PriceList(Struct, frozen=True):
    """`raw[i]` is the row of the file that `rows[i]` was made from; `columns`: our field by the file's column."""

    raw: Sequence[Row]
    rows: Sequence[Row]
    columns: Mapping[str, str]
    unknown: Sequence[str]
    is_csv: bool


def read_price_list(file: Path, field_map: Mapping[str, str] | None, *, decimal_comma: bool = False) -> PriceList:
    """`field_map`: our field to the file's column. `decimal_comma`: amounts are written 1.299,00 and meant so.

    Raises CommandFailed with what to do.
    """
    try:
        octets = file.read_bytes()
    except OSError as error:
        raise CommandFailed(f"{file} cannot be read: {error.strerror}") from error
    is_csv = octets.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in (b"[", b"{")
    raw = _read_csv(file, octets) if is_csv else _read_json(file, octets)
    names = list(dict.fromkeys(name for row in raw for name in row))
    columns = recognise(names, field_map or {})
    if "barcode" not in columns.values():
        raise CommandFailed(
            f"{file} has no column for the barcode among {', '.join(names) or 'none'}: "
            "name it with --map barcode=COLUMN"
        )
    unknown = [name for name in names if name not in columns]
    has_sale = "salePrice" in columns.values()
    periods = [name for name in unknown if _PERIOD.search(_folded(name))]
    if has_sale and periods:
        raise CommandFailed(
            f"{file}: is {periods[0]} when a special price starts or ends? Say so with --map saleStart={periods[0]} or "
            f"--map saleEnd={periods[0]}, or take the column out"
        )
    if decimal_comma:
        raw = [{name: _with_point(value, columns.get(name)) for name, value in row.items()} for row in raw]
    rows = [_row(one, columns, has_sale=has_sale, is_csv=is_csv) for one in raw]
    return PriceList(raw, rows, columns, unknown, is_csv)


def recognise(names: Sequence[str], field_map: Mapping[str, str]) -> dict[str, str]:
    """Our field for each column that has one; the first column wins. Raises CommandFailed for a column not there."""
    own = {_folded(spec.name): spec.name for spec in FIELDS}
    own |= {_folded(alias): spec.name for spec in FIELDS for alias in spec.aliases}
    by_folded = {_folded(name): name for name in reversed(names)}
    columns: dict[str, str] = {}
    for ours, theirs in field_map.items():
        field, column = own.get(_folded(ours)), by_folded.get(_folded(theirs))
        if field is None:
            raise CommandFailed(f"--map {ours}={theirs}: {ours} is none of our fields: {', '.join(own.values())}")
        if column is None:
            raise CommandFailed(f"--map {ours}={theirs}: the file has no column {theirs}; it has {', '.join(names)}")
        columns[column] = field
    for name in names:
        found = own.get(_folded(name)) or USUAL_NAMES.get(_folded(name))
        if found is not None and name not in columns and found not in columns.values():
            columns[name] = found
    return columns


def _row(raw: Row, columns: Mapping[str, str], *, has_sale: bool, is_csv: bool) -> Row:
    row: Row = {}
    for name, value in raw.items():
        cell = value.strip() if isinstance(value, str) else value
        empty = cell in ("", None)
        field = columns.get(name)
        if field is None:
            if not empty:
                row[name] = cell  # kept under `attributes`, with a warning
        elif not empty:
            row[field] = cell
        elif is_csv and field not in ("name", "price", "barcode"):
            row[field] = None
    return _with_sale(row) if has_sale else row


def _with_point(value: object, field: str | None) -> object:
    """An amount with a decimal comma as the API takes it; what is none stays as it is and is judged there."""
    if field in _AMOUNTS and isinstance(value, str) and _COMMA_AMOUNT.fullmatch(value.strip()):
        return value.strip().replace(".", "").replace(",", ".")
    return value


def _with_sale(row: Row) -> Row:
    """Price lists of Croatian shops leave the price empty beside a special one: then there is no old price to show."""
    special = row.get("salePrice")
    if special is None:
        return {**row, "salePrice": None, "onSale": row.get("onSale", False)}
    if row.get("price") is None:
        return {**row, "price": special, "salePrice": None, "onSale": True}
    return {**row, "onSale": row.get("onSale", True)}


def _read_csv(file: Path, octets: bytes) -> list[Row]:
    text = _decoded(octets)
    head = text.split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=head.count)
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        _refuse_twins(file, reader.fieldnames or [])
        rows: list[Row] = []
        for row in reader:
            if any(cell.strip() for cell in _surplus(row)):
                raise CommandFailed(
                    f"{file}: line {reader.line_num} has more cells than the heading. A decimal comma without quotes?"
                )
            rows.append({name.strip(): value for name, value in row.items() if isinstance(name, str) and name.strip()})
    except csv.Error as error:
        raise CommandFailed(f"{file} is no CSV file: line {reader.line_num}: {error}") from error
    if not rows:
        raise CommandFailed(f"{file} has no rows below its heading")
    return rows


def _refuse_twins(file: Path, heading: Sequence[str]) -> None:
    """Two columns of one name: whichever we took, it might be the wrong price."""
    seen: set[str] = set()
    for name in heading:
        folded = _folded(name)
        if folded and folded in seen:
            raise CommandFailed(f"{file} has two columns called {name.strip()}: take one out, or rename it")
        seen.add(folded)


def _surplus(row: Mapping[str | None, object]) -> Sequence[str]:
    """Cells beyond the heading, which the reader keeps under no name."""
    cells = row.get(None)
    return [str(cell) for cell in cells] if isinstance(cells, list) else []


def _read_json(file: Path, octets: bytes) -> list[Row]:
    try:
        found = json.loads(_decoded(octets), parse_float=str, parse_int=str)  # exact: a price is never a float
    except (ValueError, RecursionError) as error:
        raise CommandFailed(f"{file} is no JSON file: {error}") from error
    rows = found.get("products") if isinstance(found, dict) else found
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise CommandFailed(f'{file} holds no list of products: [{{...}}, ...] or {{"products": [...]}} is wanted')
    return rows


def _decoded(octets: bytes) -> str:
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        return octets.decode("cp1250", "replace")  # what spreadsheets of the region write


def _folded(name: str) -> str:
    return _SEPARATE.sub("", name.casefold())
