"""Which products a display shows, and with which template.

In: display ids and barcodes (a product's own or one of its extra ones). Out: rows of `binding`.
Rule: every change counts `display.binding_version` up; that alone makes the display stale. Nothing is drawn here.
"""

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import Connection, Row, delete, exists, insert, select, update

from gateway.catalog import find_product
from gateway.catalog.tables import product
from gateway.database.among import among
from gateway.shelf.tables import binding, display

PRODUCTS_ON_A_DISPLAY_MAX = 6  # the largest template, 7.5 inch, has six rows


class Binding(Struct, frozen=True):
    """`barcodes`: the products' own barcodes, as resolved when bound; empty = unbound."""

    display_id: str
    barcodes: tuple[str, ...]
    template: str


class DisplayUnknown(LookupError):
    """No such display in this store. Look at `esl tags list`."""


class ProductUnknown(LookupError):
    """No product answers to this barcode. Send it first, or look at `esl product list`."""


class BindingRefused(ValueError):
    """Too many products for one display. Nothing was written."""


def bind(
    connection: Connection, store_id: str, display_id: str, barcodes: Sequence[str], template: str | None = None
) -> Binding:
    """Show these products (one to six) on the display from now on. Raises DisplayUnknown, ProductUnknown."""
    row = _display(connection, store_id, display_id)
    if row.removed_at is not None:
        raise DisplayUnknown(f"display: the tag of {display_id} was removed; add it to the box list again first")
    if not 1 <= len(barcodes) <= PRODUCTS_ON_A_DISPLAY_MAX:
        raise BindingRefused(
            f"barcodes: a display shows 1 to {PRODUCTS_ON_A_DISPLAY_MAX} products, not {len(barcodes)}"
        )
    products = []
    for barcode in barcodes:
        found = find_product(connection, store_id, barcode)
        if found is None:
            raise ProductUnknown(
                f"barcode: no product {barcode!r} in store {store_id}{_other_form(connection, store_id, barcode)}"
            )
        products.append(found)
    connection.execute(delete(binding).where(binding.c.display_id == display_id))
    connection.execute(
        insert(binding),
        [
            {"display_id": display_id, "position": position, "product_id": one.product_id, "barcode": one.barcode}
            for position, one in enumerate(products)
        ],
    )
    chosen = template or row.template
    _count_up(connection, display_id, chosen)
    return Binding(display_id, tuple(one.barcode for one in products), chosen)


def unbind(connection: Connection, store_id: str, display_id: str) -> bool:
    """Take its products from the display; it will show the unbound picture. False when it had none."""
    row = _display(connection, store_id, display_id)
    removed = connection.execute(delete(binding).where(binding.c.display_id == display_id)).rowcount
    if removed:
        _count_up(connection, display_id, row.template)
    return bool(removed)


def answer_for_lost_bindings(connection: Connection) -> None:
    """After a restore: a display that was never bound, as far as the data know, may show a price that they forgot.

    From now on it is one that was unbound, which shows the unbound picture.
    """
    connection.execute(update(display).where(display.c.binding_version == 0).values(binding_version=1))


def bind_automatically(connection: Connection, store_id: str) -> list[Binding]:
    """Give every display without products the next product that no display shows, both in the order they came."""
    free_displays = connection.execute(
        select(display.c.display_id, display.c.template)
        .where(
            display.c.store_id == store_id,
            display.c.removed_at.is_(None),
            ~exists().where(binding.c.display_id == display.c.display_id),
        )
        .order_by(display.c.display_id)
    ).all()
    free_products = connection.execute(
        select(product.c.product_id, product.c.barcode)
        .where(
            product.c.store_id == store_id,
            product.c.removed_at.is_(None),
            ~exists().where(binding.c.product_id == product.c.product_id),
        )
        .order_by(product.c.product_id)
        .limit(len(free_displays))
    ).all()
    pairs = list(zip(free_displays, free_products, strict=False))
    if pairs:
        connection.execute(
            insert(binding),
            [
                {"display_id": one.display_id, "position": 0, "product_id": goods.product_id, "barcode": goods.barcode}
                for one, goods in pairs
            ],
        )
        connection.execute(
            update(display)
            .where(display.c.display_id.in_([one.display_id for one, _ in pairs]))
            .values(binding_version=display.c.binding_version + 1)
        )
    return [Binding(one.display_id, (goods.barcode,), one.template) for one, goods in pairs]


def bindings_of(connection: Connection, display_ids: Sequence[str]) -> dict[str, Binding]:
    """The binding of each display that has one."""
    rows = connection.execute(
        select(binding.c.display_id, binding.c.barcode, display.c.template)
        .join(display, display.c.display_id == binding.c.display_id)
        .where(among(binding.c.display_id, display_ids))
        .order_by(binding.c.display_id, binding.c.position)
    )
    found: dict[str, Binding] = {}
    for row in rows:
        before = found.get(row.display_id)
        found[row.display_id] = Binding(
            row.display_id, (*(before.barcodes if before else ()), row.barcode), row.template
        )
    return found


def displays_bound_to(connection: Connection, product_ids: Sequence[int]) -> list[str]:
    """The displays that show any of these products, by id."""
    return list(
        connection.scalars(
            select(binding.c.display_id)
            .where(among(binding.c.product_id, product_ids))
            .distinct()
            .order_by(binding.c.display_id)
        )
    )


def _display(connection: Connection, store_id: str, display_id: str) -> Row[tuple[object, ...]]:
    row = connection.execute(
        select(display).where(display.c.display_id == display_id, display.c.store_id == store_id)
    ).first()
    if row is None:
        raise DisplayUnknown(f"display: there is no display {display_id!r} in store {store_id}")
    return row


def _count_up(connection: Connection, display_id: str, template: str) -> None:
    connection.execute(
        update(display)
        .where(display.c.display_id == display_id)
        .values(binding_version=display.c.binding_version + 1, template=template)
    )


def _other_form(connection: Connection, store_id: str, barcode: str) -> str:
    """UPC-A and its EAN-13 are two barcodes (contract, Rows); a person who typed one may mean the other."""
    other = f"0{barcode}" if len(barcode) == 12 else barcode[1:] if len(barcode) == 13 and barcode[0] == "0" else ""
    if other and find_product(connection, store_id, other) is not None:
        return f"; there is {other!r}: did you mean that one?"
    return ""
