"""Which price is in force at an instant, and for how long time alone will not change that.

In: a product's fields, the store's settings, the instant. Out: `PriceInForce`.
Rule: a sale is in force when a sale price is set, `onSale` is not false and saleStart <= t < saleEnd; a date is local
midnight, an end date counts whole. Source: the POS contract, What wins, and what is in force.
"""

from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo

from msgspec import Struct

from gateway.access import StoreSettings
from gateway.catalog.moments import end_of, start_of
from gateway.catalog.product import ProductFields


class PriceInForce(Struct, frozen=True):
    """What is charged at an instant, and what a label says of it.

    `regular` is the old price to strike, None unless the sale is a real reduction. `sale_until` is the first instant
    after the sale, `last_day` the store's calendar day on which it ends; both None without an offer or an end.
    Within `holds_from <= t < holds_until` (None = for ever) time alone changes nothing of all this.
    """

    selling: Decimal | None
    regular: Decimal | None
    on_offer: bool
    sale_until: datetime | None
    last_day: date | None
    holds_from: datetime | None
    holds_until: datetime | None


def price_in_force(fields: ProductFields, settings: StoreSettings, at: datetime) -> PriceInForce:
    """The price at `at` (aware)."""
    price, sale_price, on_sale = fields.decimal("price"), fields.decimal("salePrice"), fields.flag("onSale")
    if on_sale is False or (sale_price is None and on_sale is None):
        return PriceInForce(price, None, False, None, None, None, None)
    zone = ZoneInfo(settings.time_zone)
    start, end = sale_window(fields, zone)
    if start is not None and end is not None and start >= end:
        return PriceInForce(price, None, False, None, None, None, None)
    if start is not None and at < start:
        return PriceInForce(price, None, False, None, None, None, start)
    if end is not None and at >= end:
        return PriceInForce(price, None, False, None, None, end, None)
    is_reduced = price is not None and sale_price is not None and sale_price < price
    return PriceInForce(
        selling=price if sale_price is None else sale_price,
        regular=price if is_reduced else None,
        on_offer=True,
        sale_until=end,
        last_day=None if end is None else (end - timedelta(milliseconds=1)).astimezone(zone).date(),
        holds_from=start,
        holds_until=end,
    )


def sale_window(fields: ProductFields, zone: tzinfo) -> tuple[datetime | None, datetime | None]:
    """The first instant of the sale and the first after it, in UTC; None = open."""
    start, end = fields.moment("saleStart"), fields.moment("saleEnd")
    if start is not None and not isinstance(start, datetime):
        start = start_of(start, zone)
    if end is not None and not isinstance(end, datetime):
        end = end_of(end, zone)
    return start, end


def is_window_empty(fields: ProductFields, zone: tzinfo) -> bool:
    """Whether the sale would end before it starts, so that it is never in force."""
    start, end = sale_window(fields, zone)
    return start is not None and end is not None and start >= end


def is_not_lower(fields: ProductFields) -> bool:
    """Whether there is a sale price that is no reduction."""
    price, sale_price = fields.decimal("price"), fields.decimal("salePrice")
    return price is not None and sale_price is not None and sale_price >= price
