"""Loads what stale displays must be drawn from: panel, binding, products, store settings, template release.

In: display ids and the time. Out: `ToDraw`, one per display. Rule: everything read here is written into `DrawnFrom`,
or the staleness query could not see it change.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy import Connection, select

from gateway.access import StoreSettings, store_settings
from gateway.catalog import Product, products_by_id
from gateway.database.among import among_named, listed
from gateway.labels import LabelRequest
from gateway.shelf import DrawnFrom
from gateway.shelf.tables import binding, display
from gateway.sync.label_of import label_of


class ToDraw(Struct, frozen=True):
    """A display, the request that says what it shall show, and all that this follows from."""

    display_id: str
    store_id: str
    panel: str
    request: LabelRequest
    drawn_from: DrawnFrom
    reason: str | None


_DISPLAYS = select(display).where(among_named(display.c.display_id, "display_ids")).order_by(display.c.display_id)
_BOUND = (
    select(binding.c.display_id, binding.c.product_id)
    .where(among_named(binding.c.display_id, "display_ids"))
    .order_by(binding.c.display_id, binding.c.position)
)


def load(connection: Connection, display_ids: Sequence[str], releases: Mapping[str, str], at: datetime) -> list[ToDraw]:
    """What each display shall show at `at`. `releases`: the current release of each template."""
    ids = {"display_ids": listed(display_ids)}
    displays = connection.execute(_DISPLAYS, ids).all()
    bound: dict[str, list[int]] = {}
    for row in connection.execute(_BOUND, ids):
        bound.setdefault(row.display_id, []).append(row.product_id)
    products = products_by_id(connection, sorted({one for ids in bound.values() for one in ids}))
    settings: dict[str, StoreSettings] = {}
    found: list[ToDraw] = []
    for row in displays:
        if row.store_id not in settings:
            settings[row.store_id] = store_settings(connection, row.store_id)
        shop = settings[row.store_id]
        goods: list[Product] = [products[one] for one in bound.get(row.display_id, []) if one in products]
        label = label_of(row.panel, row.template, row.tag_id, shop, goods, at)
        found.append(
            ToDraw(
                display_id=row.display_id,
                store_id=row.store_id,
                panel=row.panel,
                request=label.request,
                drawn_from=DrawnFrom(
                    binding_version=row.binding_version,
                    template=row.template,
                    template_release=releases.get(row.template, ""),
                    settings_version=shop.settings_version,
                    product_versions=tuple((one.product_id, one.version) for one in goods),
                    valid_from=label.holds_from,
                    valid_until=label.holds_until,
                ),
                reason=label.reason.value if label.reason else None,
            )
        )
    return found
