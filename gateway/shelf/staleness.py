"""Finds the displays whose *desired* no longer follows from what it was drawn from.

In: the time, and optionally the products a nudge named. Out: display ids.
Rule: one comparison of tables decides; who asks, how often and why makes no difference. Why: docs/architecture.md.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Select, and_, exists, or_, select

from gateway.access.tables import store
from gateway.catalog.tables import product
from gateway.database.among import among
from gateway.ports import to_ms
from gateway.shelf.tables import binding, desired, desired_source, display, template_release


def stale_displays(
    connection: Connection,
    now: datetime,
    *,
    store_id: str | None = None,
    product_ids: Sequence[int] | None = None,
    limit: int | None = None,
) -> list[str]:
    """Displays that were ever bound and whose picture must be worked out anew, by id."""
    query = _stale(to_ms(now))
    if store_id is not None:
        query = query.where(display.c.store_id == store_id)
    if product_ids is not None:
        query = query.where(
            display.c.display_id.in_(select(binding.c.display_id).where(among(binding.c.product_id, product_ids)))
        )
    if limit is not None:
        query = query.limit(limit)
    return list(connection.scalars(query.order_by(display.c.display_id)))


def next_change_at(connection: Connection, now: datetime) -> int | None:
    """The next instant (ms) at which time alone makes a display stale: a sale that starts or ends."""
    return connection.scalar(
        select(desired.c.valid_until).where(desired.c.valid_until > to_ms(now)).order_by(desired.c.valid_until).limit(1)
    )


def _stale(now_ms: int) -> Select[tuple[str]]:
    source_moved = exists().where(
        desired_source.c.display_id == display.c.display_id,
        product.c.product_id == desired_source.c.product_id,
        product.c.version != desired_source.c.product_version,
    )
    return (
        select(display.c.display_id)
        .join(store, store.c.store_id == display.c.store_id)
        .outerjoin(desired, desired.c.display_id == display.c.display_id)
        .outerjoin(template_release, template_release.c.template == display.c.template)
        .where(
            display.c.binding_version > 0,
            or_(
                desired.c.display_id.is_(None),
                desired.c.binding_version != display.c.binding_version,
                desired.c.settings_version != store.c.settings_version,
                and_(
                    template_release.c.release.is_not(None),
                    desired.c.template_release != template_release.c.release,
                ),
                desired.c.valid_from > now_ms,
                desired.c.valid_until <= now_ms,
                source_moved,
            ),
        )
    )
