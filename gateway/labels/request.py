"""What is asked of this folder, and what it answers.

In: a `LabelRequest`: panel, template, money, language and the products as they stand. Out: `Drawn`: planes, their
content id, and, when the wanted label could not be drawn, what was drawn instead and why.
Rule: all decisions about prices and dates have fallen before; here nothing is computed from a price.
"""

from datetime import date
from decimal import Decimal
from typing import Literal

from msgspec import Struct

Level = Literal["minimal", "till"]
FallbackReason = Literal["label_refused", "zero_price"]


class LabelProduct(Struct, frozen=True):
    """One product as the label shows it; amounts are exact and in the store's currency.

    `price`: the selling price in force, None when there is none. `zero_price`: it is 0 and the store does not allow
    that: no number is drawn. `old_price` and `lowest_price_30_days` are drawn only with `on_offer`. `valid_until`: the
    last day of the offer. `unit`: what `unit_price` is for ("kg", "100 g"), or a word for pieces, when the measure is
    that of `pack_size` ("0.50 kg").
    """

    barcode: str
    name: str
    price: Decimal | None
    old_price: Decimal | None = None
    on_offer: bool = False
    valid_until: date | None = None
    unit_price: Decimal | None = None
    unit: str | None = None
    pack_size: str | None = None
    lowest_price_30_days: Decimal | None = None
    anchor_price: Decimal | None = None
    deposit: Decimal | None = None
    loyalty_price: Decimal | None = None
    origin: str | None = None
    brand: str | None = None
    variety: str | None = None
    item_class: str | None = None
    zero_price: bool = False

    def __hash__(self) -> int:
        """Requests are looked up again and again; what tells most of them apart is enough."""
        return hash((self.barcode, self.name, self.price))


class LabelRequest(Struct, frozen=True):
    """`panel`: a name in `firmware_protocol.PANELS`. `locale`: a BCP 47 tag ("hr-HR"). `tag_code`: what the unbound
    picture shows, printable ASCII."""

    panel: str
    template: str
    currency: str
    locale: str
    products: tuple[LabelProduct, ...]
    tag_code: str


class Fallback(Struct, frozen=True):
    """What was drawn instead of the wanted label. `detail` says in words what could not be drawn, and where."""

    level: Level
    reason: FallbackReason
    detail: str


class Drawn(Struct, frozen=True):
    """`planes`: as the panel's controller takes them, in the order black, red, yellow. `content_id`: 16 octets."""

    planes: tuple[bytes, ...]
    content_id: bytes
    fallback: Fallback | None


class Refused(Exception):
    """A label cannot be drawn as wanted. Whoever draws falls back one level and reports `str()` of this."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field}: {why}")
        self.field, self.why = field, why
