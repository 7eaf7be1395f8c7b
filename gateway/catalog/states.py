"""Takes whole products from another authority: the newest version wins, in whatever order and however often they come.

In: states of a store's products, as `parse_states` read them. Out: `TakenStates`; products with the authority's own
versions, and the changes of their prices in the ledger, each once.
Rule: a product is replaced only by a higher version. What was saved here by rows, or by another authority, has numbers
of its own; a state that is not above them is refused, never left aside in silence. Why: docs/chunks.md.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from zlib import crc32

from msgspec import Struct
from sqlalchemy import Connection, bindparam, delete, select

from gateway.access import take_product_versions
from gateway.catalog import tables
from gateway.catalog.fields import LEDGER_FIELDS
from gateway.catalog.kept import Cause, Kept, chunks_of, load_kept, write_changed
from gateway.catalog.ledger import SavedLine, ledger_text, price_changes, write_lines
from gateway.catalog.limits import PRICE_HISTORY_DAYS
from gateway.catalog.merge import ProductState
from gateway.catalog.parsed import RowIssue
from gateway.catalog.product import Product, ProductFields
from gateway.catalog.state_lines import Fact, KeptLine, lines_after
from gateway.catalog.state_rows import ProductAsKept
from gateway.database.bulk import Bulk
from gateway.ports import to_ms

# Stands in place of the fields' numbers: this product is as one authority sent it, and no row has touched it since.
# It is no field's name, and every row and removal has a number above those that are missing.
_AUTHORITY = "@"


class TakenStates(Struct, frozen=True):
    """`products`: those that the states speak of, as they are now; `product_ids`: those with a new version."""

    products: tuple[Product, ...]
    product_ids: tuple[int, ...]
    errors: tuple[RowIssue, ...]


def take_states(
    connection: Connection, store_id: str, states: Sequence[ProductAsKept], *, source: str, now: datetime
) -> TakenStates:
    """Replace each product whose version is higher; tell the ledger what it has not heard. Raises StoreUnknown."""
    cause = Cause(store_id, source, None, now)
    kept = load_kept(connection, store_id, (state.barcode for state in states))
    errors: list[RowIssue] = []
    told: dict[str, list[Fact]] = {}
    for state in states:
        one = kept.get(state.barcode)
        error = None if one is None else _refusal(one, state, source)
        if error is not None:
            errors.append(error)
            continue
        if one is None:
            one = kept[state.barcode] = Kept(state.barcode)
        told.setdefault(state.barcode, []).extend(state.changes)
        if state.version > one.version:
            _replace(one, state, source)
    taken = [kept[barcode] for barcode in told]
    changed = [one for one in taken if one.is_changed]
    write_changed(connection, cause, changed)
    _stay_above(connection, store_id, changed)
    _write_ledger(connection, cause, taken, told)
    products = tuple(_product(store_id, one) for one in taken)
    return TakenStates(products, tuple(one.product_id for one in changed), tuple(errors))


def _refusal(one: Kept, state: ProductAsKept, source: str) -> RowIssue | None:
    """Why the state can neither replace the product nor be an older one of it."""
    if state.version > one.version:
        return None
    if one.state.seqs != {_AUTHORITY: _origin(source)}:
        code = "version_not_above"
        words = f"{state.version} is not above {one.version}, a version that did not come from {source}."
        hint = "Go on above the versions this store has given."
    elif state.version == one.version and (one.state.fields, one.state.is_removed) != (state.values, state.removed):
        code = "version_reused"
        words = f"Version {state.version} was another product when it came before."
        hint = "Give each change of a product a new version."
    else:
        return None
    return RowIssue(state.index, state.barcode, "product_version", code, words, hint)


def _replace(one: Kept, state: ProductAsKept, source: str) -> None:
    before, values = one.state.fields, dict(state.values)
    one.version = state.version
    one.is_changed = True
    one.has_new_codes = one.has_new_codes or before.get("extraBarcodes") != values.get("extraBarcodes")
    one.state = ProductState(values, {_AUTHORITY: _origin(source)}, removed_seq=1 if state.removed else 0)


def _origin(source: str) -> int:
    return crc32(source.encode())


def _stay_above(connection: Connection, store_id: str, changed: Iterable[Kept]) -> None:
    """Should this gateway give the numbers again one day, they go on above the authority's."""
    highest = max((one.version for one in changed), default=0)
    next_free = take_product_versions(connection, store_id, 0)
    if next_free <= highest:
        take_product_versions(connection, store_id, highest + 1 - next_free)


_LINE = tables.price_ledger.c
_FORGET = Bulk(delete(tables.price_ledger).where(_LINE.line_id == bindparam("id")), "id")


def _write_ledger(
    connection: Connection, cause: Cause, taken: Sequence[Kept], told: Mapping[str, Sequence[Fact]]
) -> None:
    """Lines that come late take their place: those behind them are written anew, word for word."""
    opens_at = to_ms(cause.now - timedelta(days=PRICE_HISTORY_DAYS))
    kept = _kept_lines(connection, [one.product_id for one in taken])
    out_of_place: dict[tuple[object, ...], None] = {}
    to_write: list[SavedLine] = []
    for one in taken:
        before = kept.get(one.product_id, [])
        prices = _prices(one)
        after = lines_after(before, told[one.barcode], prices, source=cause.source, opens_at=opens_at, now=cause.now_ms)
        same = _common(before, after)
        out_of_place.update(((line.line_id,), None) for line in before[same:])
        to_write += [_saved(cause.store_id, one.product_id, line) for line in after[same:]]
    _FORGET.execute(connection, list(out_of_place))
    write_lines(connection, to_write)


def _kept_lines(connection: Connection, product_ids: Sequence[int]) -> dict[int, list[KeptLine]]:
    found: dict[int, list[KeptLine]] = {}
    for chunk in chunks_of(product_ids):
        query = select(tables.price_ledger).where(_LINE.product_id.in_(chunk))
        rows = connection.execute(query.order_by(_LINE.product_id, _LINE.line_id)).all()
        for product_id, lines in groupby(rows, key=lambda row: row.product_id):
            found[product_id] = [
                KeptLine(line.line_id, Fact(line.at, line.accepted_seq, *change), line.source, line.session_id)
                for line in lines
                for change in price_changes(line.changes)
            ]
    return found


def _prices(one: Kept) -> dict[str, str]:
    texts = {name: ledger_text(value) for name, value in one.state.fields.items() if name in LEDGER_FIELDS}
    return {name: text for name, text in texts.items() if text is not None}


def _common(before: Sequence[KeptLine], after: Sequence[KeptLine]) -> int:
    """How many facts stay where they are; those that were written as one line stay together."""
    pairs = zip(before, after, strict=False)
    same = next((place for place, (one, other) in enumerate(pairs) if one != other), min(len(before), len(after)))
    while 0 < same < len(before) and before[same - 1].line_id == before[same].line_id:
        same -= 1
    return same


def _saved(store_id: str, product_id: int, line: KeptLine) -> SavedLine:
    fact = line.fact
    changes = [(fact.field, fact.old, fact.new)]
    return store_id, product_id, fact.accepted_seq, changes, line.source, line.session_id, fact.at


def _product(store_id: str, one: Kept) -> Product:
    return Product(
        one.product_id, store_id, one.barcode, one.version, one.state.is_removed, ProductFields(one.state.fields)
    )
