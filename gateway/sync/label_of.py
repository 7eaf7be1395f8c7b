"""Turns one display with its products, as they stand at one instant, into what `labels` draws.

In: panel, template, store settings, products, the time. Out: a `LabelRequest`, and the interval in which it holds.
Rule: every decision about prices and dates falls here and in `catalog`; `labels` only draws what it is told.
"""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from gateway.access import StoreSettings
from gateway.catalog import Product, price_in_force
from gateway.labels import LabelProduct, LabelRequest
from gateway.ports import to_ms
from gateway.shelf import Reason


class Label(Struct, frozen=True):
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
    label = LabelProduct(
        barcode=product.barcode,
        name=fields.text("name") or "",
        price=price.selling,
        old_price=price.regular,
        on_offer=price.on_offer,
        valid_until=price.last_day,
        unit_price=fields.decimal("unitPrice"),
        unit=fields.text("unit"),
        pack_size=fields.text("packSize"),
        lowest_price_30_days=fields.decimal("lowestPrice30Days") if price.on_offer else None,
        anchor_price=fields.decimal("anchorPrice"),
        deposit=fields.decimal("deposit"),
        loyalty_price=fields.decimal("loyaltyPrice"),
        origin=fields.text("origin"),
        brand=fields.text("brand"),
        variety=fields.text("variety"),
        item_class=fields.text("class"),
        zero_price=zero,
    )
    return label, price.holds_from, price.holds_until
