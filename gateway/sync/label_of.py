"""Turns one display with its products, as they stand at one instant, into what `labels` draws.

In: panel, template, store settings, products, the time. Out: a `LabelRequest`, and the interval in which it holds.
Rule: every decision about prices and dates falls here and in `catalog`; `labels` only draws what it is told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from gateway.access import StoreSettings
from gateway.catalog import Product, price_in_force
from gateway.labels import LabelProduct, LabelRequest
from gateway.ports import to_ms
from gateway.shelf import Reason


@dataclass(frozen=True, slots=True)
class Label:
    """`holds_from`, `holds_until` (ms, half open): between them time alone does not change the request.

    `reason`: why it shows no price although the display was bound, where that is decided before drawing.
    """

    request: LabelRequest
    holds_from: int | None
    holds_until: int | None
    reason: Reason | None


def label_of(
    panel: str, template: str, tag_code: str, settings: StoreSettings, products: Sequence[Product], at: datetime
) -> Label:
    """What the display shall show at `at`. Without products, or with removed ones alone: the unbound picture."""
    standing = [one for one in products if not one.removed]
    if not standing:
        reason = Reason.PRODUCT_REMOVED if products else Reason.UNBOUND
        request = LabelRequest(
            panel=panel,
            template="unbound",
            currency=settings.currency,
            locale=settings.locale,
            products=(),
            tag_code=tag_code,
        )
        return Label(request, None, None, reason)
    starts: list[int] = []
    ends: list[int] = []
    drawn: list[LabelProduct] = []
    for product in standing:
        one, holds_from, holds_until = _label_product(product, settings, at)
        drawn.append(one)
        if holds_from is not None:
            starts.append(to_ms(holds_from))
        if holds_until is not None:
            ends.append(to_ms(holds_until))
    request = LabelRequest(
        panel=panel,
        template=template,
        currency=settings.currency,
        locale=settings.locale,
        products=tuple(drawn),
        tag_code=tag_code,
    )
    return Label(request, max(starts, default=None), min(ends, default=None), None)


def _label_product(
    product: Product, settings: StoreSettings, at: datetime
) -> tuple[LabelProduct, datetime | None, datetime | None]:
    fields = product.fields
    price = price_in_force(fields, settings, at)
    zero = price.selling == 0 and not settings.allow_zero_price
    last_day = None
    if price.sale_until is not None and price.on_offer:
        # The end is the first instant without the sale; the label names the last day that still has it.
        last_day = (price.sale_until - timedelta(microseconds=1)).astimezone(ZoneInfo(settings.time_zone)).date()
    label = LabelProduct(
        barcode=product.barcode,
        name=_text(fields, "name") or "",
        price=price.selling,
        old_price=price.regular if price.on_offer else None,
        on_offer=price.on_offer,
        valid_until=last_day,
        unit_price=_decimal(fields, "unitPrice"),
        unit=_text(fields, "unit"),
        pack_size=_text(fields, "packSize"),
        lowest_price_30_days=_decimal(fields, "lowestPrice30Days") if price.on_offer else None,
        anchor_price=_decimal(fields, "anchorPrice"),
        deposit=_decimal(fields, "deposit"),
        loyalty_price=_decimal(fields, "loyaltyPrice"),
        origin=_text(fields, "origin"),
        brand=_text(fields, "brand"),
        variety=_text(fields, "variety"),
        item_class=_text(fields, "class"),
        zero_price=zero,
    )
    return label, price.holds_from, price.holds_until


def _text(fields: Mapping[str, object], name: str) -> str | None:
    value = fields.get(name)
    return None if value is None else str(value)


def _decimal(fields: Mapping[str, object], name: str) -> Decimal | None:
    value = fields.get(name)
    return value if isinstance(value, Decimal) else None
