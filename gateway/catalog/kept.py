"""Products on their way between the tables and the rule by which they change: load, write back, count versions.

In: barcodes of a store. Out: `Kept` states, written back with as few statements as there are kinds of change.
Rule: whatever is written here is written in the caller's transaction, versions and ledger lines with it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import TypeVar

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from gateway.access import take_product_versions
from gateway.catalog import tables
from gateway.catalog.fields import LEDGER_FIELDS
from gateway.catalog.ledger import PriceChange, ledger_text, write_lines
from gateway.catalog.limits import BARCODES_PER_STATEMENT
from gateway.catalog.merge import Change, ProductState
from gateway.catalog.product import ProductFields, Stored
from gateway.database.among import among
from gateway.database.bulk import Bulk
from gateway.ports import to_ms

T = TypeVar("T")

_FIELDS: msgspec.json.Decoder[dict[str, Stored]] = msgspec.json.Decoder()
_SEQS: msgspec.json.Decoder[dict[str, int]] = msgspec.json.Decoder()


@dataclass(slots=True, eq=False)
class Kept:
    """A product while rows are saved. `product_id` is 0 until it is written for the first time."""

    barcode: str
    product_id: int = 0
    version: int = 0
    state: ProductState = field(default_factory=ProductState)
    is_changed: bool = False  # needs a new version
    is_touched: bool = False  # only its numbers moved
    has_new_codes: bool = False
    price_changes: list[tuple[int, list[PriceChange]]] = field(default_factory=list)  # by accepted_seq


class Cause(Struct, frozen=True):
    """Why products change: what the ledger says of each of their lines."""

    store_id: str
    source: str
    session_id: str | None
    now: datetime

    @property
    def now_ms(self) -> int:
        return to_ms(self.now)

    def note(self, kept: Kept, seq: int, changes: Sequence[Change]) -> None:
        """Remember what changed, for the version and the ledger."""
        kept.is_changed = True
        prices: list[PriceChange] = []
        for name, old, new in changes:
            if name in LEDGER_FIELDS:
                prices.append((name, ledger_text(old), ledger_text(new)))
            elif name == "extraBarcodes":
                kept.has_new_codes = True
        if prices:
            kept.price_changes.append((seq, prices))


def stored_fields(text: str) -> dict[str, Stored]:
    """The column `fields`."""
    return _FIELDS.decode(text)


def chunks_of(items: Iterable[T]) -> Iterator[list[T]]:
    """Each item once, as many at a time as one statement takes."""
    unique = iter(dict.fromkeys(items))
    while chunk := list(islice(unique, BARCODES_PER_STATEMENT)):
        yield chunk


def load_kept(connection: Connection, store_id: str, barcodes: Iterable[str]) -> dict[str, Kept]:
    """The products there are, tombstones too, by barcode."""
    column = tables.product.c
    columns = (column.barcode, column.product_id, column.version, column.removed_seq, column.fields, column.field_seqs)
    found: dict[str, Kept] = {}
    for chunk in chunks_of(barcodes):
        query = select(*columns).where(column.store_id == store_id, among(column.barcode, chunk))
        for barcode, product_id, version, removed_seq, fields, seqs in connection.execute(query).all():
            state = ProductState(_FIELDS.decode(fields), _SEQS.decode(seqs), removed_seq)
            found[barcode] = Kept(barcode, product_id, version, state)
    return found


def write_kept(connection: Connection, cause: Cause, kept: Sequence[Kept]) -> None:
    """Write what changed; each changed product gets its new version, in the order given."""
    changed = [one for one in kept if one.is_changed]
    if changed:
        first = take_product_versions(connection, cause.store_id, len(changed))
        for version, one in enumerate(changed, start=first):
            one.version = version
        write_changed(connection, cause, changed)
    touched = [one for one in kept if one.is_touched and not one.is_changed]
    _TOUCH.execute(connection, [(one.product_id, one.state.removed_seq, _json(one.state.seqs)) for one in touched])


def write_changed(connection: Connection, cause: Cause, changed: Sequence[Kept]) -> None:
    """Write products that have their new version already, and their ledger lines."""
    known = [one for one in changed if one.product_id]
    _insert(connection, cause, [one for one in changed if not one.product_id])
    _UPDATE.execute(connection, [(one.product_id, *_columns(cause, one)) for one in known])
    reason = (cause.source, cause.session_id, cause.now_ms)
    write_lines(
        connection,
        [
            (cause.store_id, one.product_id, seq, prices, *reason)
            for one in changed
            for seq, prices in one.price_changes
        ],
    )
    _write_codes(connection, cause.store_id, [one for one in changed if one.has_new_codes])


def _insert(connection: Connection, cause: Cause, new: list[Kept]) -> None:
    """Ids go on above the highest: no product is ever deleted, and nobody else writes."""
    highest = connection.scalar(select(func.max(tables.product.c.product_id))) or 0
    for product_id, one in enumerate(new, start=highest + 1):
        one.product_id = product_id
    _INSERT.execute(connection, [(one.product_id, cause.store_id, one.barcode, *_columns(cause, one)) for one in new])


def _columns(cause: Cause, one: Kept) -> tuple[object, ...]:
    """The values of `_COLUMNS`."""
    state = one.state
    name = state.fields.get("name")
    folded = name.casefold() if isinstance(name, str) else ""
    removed_at = cause.now_ms if state.is_removed else None
    return folded, one.version, removed_at, state.removed_seq, _json(state.fields), _json(state.seqs)


_COLUMNS = ("name_folded", "version", "removed_at", "removed_seq", "fields", "field_seqs")
_BY_ID = update(tables.product).where(tables.product.c.product_id == bindparam("id"))
_INSERT = Bulk(insert(tables.product), "product_id", "store_id", "barcode", *_COLUMNS)
_UPDATE = Bulk(_BY_ID.values({name: bindparam(name) for name in _COLUMNS}), "id", *_COLUMNS)
_NUMBERS = _BY_ID.values(removed_seq=bindparam("removed"), field_seqs=bindparam("seqs"))
_TOUCH = Bulk(_NUMBERS, "id", "removed", "seqs")  # nothing new was said: the numbers alone move
_FORGET_CODES = Bulk(delete(tables.extra_barcode).where(tables.extra_barcode.c.product_id == bindparam("id")), "id")
_ADD_CODES = Bulk(insert(tables.extra_barcode), "store_id", "code", "product_id")


def _write_codes(connection: Connection, store_id: str, changed: list[Kept]) -> None:
    _FORGET_CODES.execute(connection, [(one.product_id,) for one in changed])
    codes = [(one.product_id, code) for one in changed for code in ProductFields(one.state.fields).extra_barcodes()]
    _ADD_CODES.execute(connection, [(store_id, code, product_id) for product_id, code in codes])


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
