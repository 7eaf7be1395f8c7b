"""The one table of a product's fields: row parsing, the OpenAPI schema and docs/pos-api.md are made from it.

Out: `FIELDS`, in the order in which the documentation shows them, and `FIELD`, the same by name.
Rule: what a POS may send is said here and nowhere else. Source of the names and rules: the POS contract, Rows.
"""

from enum import StrEnum

from msgspec import Struct


class Kind(StrEnum):
    """What a field holds; `gateway.catalog.values` has one reader a kind, `gateway.catalog.schema` one schema."""

    BARCODE = "barcode"
    TEXT = "text"
    PRICE = "price"
    CURRENCY = "currency"
    NUMBER = "number"
    FLAG = "flag"
    DAY = "day"  # a calendar day
    MOMENT = "moment"  # an instant, or a calendar day whose meaning hangs on the store's time zone
    BARCODES = "barcodes"
    ATTRIBUTES = "attributes"


class FieldSpec(Struct, frozen=True, eq=False):  # one object a field: compared and hashed by identity
    name: str
    kind: Kind
    description: str
    example: object
    required: bool = False  # by `/add`, and by any row of a barcode that is not known yet
    zero_is_unset: bool = False
    in_ledger: bool = False  # each change is kept for good
    aliases: tuple[str, ...] = ()
    max_length: int | None = None  # characters as sent, for texts


def _price(name: str, description: str, example: str) -> FieldSpec:
    return FieldSpec(name, Kind.PRICE, description, example, zero_is_unset=True, in_ledger=True)


def _text(name: str, max_length: int, description: str, example: str) -> FieldSpec:
    return FieldSpec(name, Kind.TEXT, description, example, max_length=max_length)


FIELDS: tuple[FieldSpec, ...] = (
    FieldSpec(
        "barcode",
        Kind.BARCODE,
        "What names the product: 1 to 64 printable ASCII characters. Blanks around it are cut off, otherwise it is "
        "taken exactly, never padded or converted.",
        "4006381333931",
        required=True,
        aliases=("ean", "gtin", "upc", "barCode"),
    ),
    FieldSpec(
        "name",
        Kind.TEXT,
        "The name on the label.",
        "Mineralwasser 6 x 1,5 l",
        required=True,
        aliases=("productName", "itemName", "title"),
        max_length=250,
    ),
    FieldSpec(
        "price",
        Kind.PRICE,
        "The regular price, taxes included. 0 is stored, but no display shows it unless the store allows zero prices.",
        "3.99",
        required=True,
        in_ledger=True,
    ),
    FieldSpec("currency", Kind.CURRENCY, "ISO 4217 code; must be the store's own currency.", "EUR"),
    _price("salePrice", "The price charged while the sale is in force.", "2.99"),
    FieldSpec(
        "onSale",
        Kind.FLAG,
        "`false` switches the sale off, whatever the other sale fields say; `true` without `salePrice` draws the price "
        "as an offer without an old price.",
        True,
        in_ledger=True,
    ),
    FieldSpec(
        "saleStart",
        Kind.MOMENT,
        "When the sale starts: ISO 8601 date (local midnight) or date-time (the store's time zone where no offset is "
        "given). Not set: at once.",
        "2025-07-03",
        in_ledger=True,
    ),
    FieldSpec(
        "saleEnd",
        Kind.MOMENT,
        "When the sale ends: a date counts whole, a date-time is the first instant after the sale. Not set: open.",
        "2025-07-09",
        in_ledger=True,
    ),
    _price("loyaltyPrice", "The price with the store's card.", "2.79"),
    _price("anchorPrice", "The price of a reference day that the law wants beside the current one.", "3.59"),
    FieldSpec(
        "anchorDate", Kind.DAY, "The reference day of `anchorPrice`: ISO 8601 date.", "2025-05-02", in_ledger=True
    ),
    _price("lowestPrice30Days", "The lowest price of the 30 days before the reduction, as the POS knows it.", "3.49"),
    FieldSpec("stock", Kind.NUMBER, "What is in stock, in pieces or by weight; may be negative.", "24"),
    _text("unit", 20, "The unit of `unitPrice`, such as `kg`, `l` or `100 g`.", "l"),
    _text("packSize", 40, "What one piece holds, as it is to be read.", "6 x 1,5 l"),
    _price("unitPrice", "The price of one `unit`, for the selling price; never computed by us.", "0.44"),
    _price("deposit", "The refundable deposit, shown apart from the price.", "1.50"),
    _text("origin", 100, "Where the goods come from.", "Hrvatska"),
    _text("class", 50, "The trade class of fruit and vegetables.", "I"),
    _text("variety", 100, "The variety of fruit and vegetables.", "Gala"),
    FieldSpec("nearExpiry", Kind.FLAG, "Whether the goods are reduced because they expire soon.", False),
    _text("brand", 100, "The brand.", "Jamnica"),
    _text("category", 200, "The category or department.", "Getränke"),
    _text("sku", 64, "The POS's own article number.", "10-4471"),
    _text("description", 10_000, "A longer text about the product.", "Natürliches Mineralwasser"),
    FieldSpec(
        "extraBarcodes",
        Kind.BARCODES,
        "Further barcodes of the product, for binding and search. A product whose own `barcode` it is goes first.",
        ["4006381333948"],
    ),
    FieldSpec(
        "attributes",
        Kind.ATTRIBUTES,
        "Anything else, by name; each is kept until it is sent again, null clears it. Fields that the table does not "
        "know are kept here with a warning. Numbers with a fraction come back as decimal strings.",
        {"shelf": "12-B"},
    ),
)
FIELD: dict[str, FieldSpec] = {spec.name: spec for spec in FIELDS}
LEDGER_FIELDS = frozenset(spec.name for spec in FIELDS if spec.in_ledger)
# Omitted, these are kept even by a row that is the whole product.
NEVER_CLEARED = frozenset({"name", "price"})
SALE_FIELDS = ("salePrice", "onSale", "saleStart", "saleEnd")
ATTRIBUTES = "attributes"
ATTRIBUTE_PREFIX = ATTRIBUTES + "."
