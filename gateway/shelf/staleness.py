"""Finds the displays whose *desired* no longer follows from what it was drawn from.

In: the time, and optionally the products a nudge named. Out: display ids.
Rule: one comparison of tables decides; who asks, how often and why makes no difference. Why: docs/architecture.md.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import cache

from sqlalchemy import BindParameter, Connection, Select, and_, bindparam, exists, or_, select

from gateway.access.tables import store
from gateway.catalog.tables import product
from gateway.database.among import among_named, listed
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
    query = _stale(of_store=store_id is not None, of_products=product_ids is not None)
    if limit is not None:
        query = query.limit(limit)
    values: dict[str, object] = {"now_ms": to_ms(now)}
    if store_id is not None:
        values["store_id"] = store_id
    if product_ids is not None:
        values["product_ids"] = listed(product_ids)
    return list(connection.scalars(query, values))


def next_change_at(connection: Connection, now: datetime) -> int | None:
    """The next instant (ms) at which time alone makes a display stale: a sale that starts or ends."""
    return connection.scalar(_NEXT_CHANGE, {"now_ms": to_ms(now)})


# Statements that are asked every minute are built once: building one costs several times what SQLite needs to answer.
_NEXT_CHANGE = (
    select(desired.c.valid_until)
    .where(desired.c.valid_until > bindparam("now_ms"))
    .order_by(desired.c.valid_until)
    .limit(1)
)


@cache
def _stale(*, of_store: bool, of_products: bool) -> Select[tuple[str]]:
    now_ms: BindParameter[int] = bindparam("now_ms")
    source_moved = exists().where(
        desired_source.c.display_id == display.c.display_id,
        product.c.product_id == desired_source.c.product_id,
        product.c.version != desired_source.c.product_version,
    )
    query = (
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
        .order_by(display.c.display_id)
    )
    if of_store:
        query = query.where(display.c.store_id == bindparam("store_id"))
    if of_products:
        shows_one = select(binding.c.display_id).where(among_named(binding.c.product_id, "product_ids"))
        query = query.where(display.c.display_id.in_(shows_one))
    return query
