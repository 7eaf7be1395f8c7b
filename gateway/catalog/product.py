"""A product as it is kept: values in the very form in which the API answers them, typed when they are read.

Out: `ProductFields`, a mapping from the API's field names to typed values, and `Product`.
Rule: a price is stored as the text of its exact decimal, a moment as one canonical text, so two stored values are
equal exactly when they mean the same. Attributes lie flat, as `attributes.<name>`, because each has its own number.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias

from msgspec import Struct

from gateway.catalog.fields import ATTRIBUTE_PREFIX, ATTRIBUTES, FIELD, FIELDS, Kind
from gateway.catalog.moments import moment_of

Stored: TypeAlias = "str | bool | int | Sequence[Stored] | Mapping[str, Stored] | None"
Value: TypeAlias = "Decimal | datetime | date | bool | str | tuple[str, ...] | Stored"

_DECIMAL_KINDS = frozenset({Kind.PRICE, Kind.NUMBER})
_MOMENT_KINDS = frozenset({Kind.DAY, Kind.MOMENT})


class ProductFields(Mapping[str, Value]):
    """The fields that are set; in a parsed row also those to clear, which are None.

    Prices and stock are `Decimal`; a moment is a `date` (local, whole days) or a `datetime` in UTC; extraBarcodes is
    a tuple. Ask by type where the type matters: `decimal`, `text`, `flag`, `moment`.
    """

    __slots__ = ("stored",)

    def __init__(self, stored: Mapping[str, Stored]) -> None:
        self.stored = stored

    def __getitem__(self, name: str) -> Value:
        value, spec = self.stored[name], FIELD.get(name)
        if value is None or spec is None:
            return value
        if spec.kind in _DECIMAL_KINDS and isinstance(value, str):
            return Decimal(value)
        if spec.kind in _MOMENT_KINDS and isinstance(value, str):
            return moment_of(value)
        return tuple(str(code) for code in value) if isinstance(value, list | tuple) else value

    def __iter__(self) -> Iterator[str]:
        return iter(self.stored)

    def __len__(self) -> int:
        return len(self.stored)

    def __repr__(self) -> str:
        return f"ProductFields({self.stored!r})"

    def decimal(self, name: str) -> Decimal | None:
        value = self.stored.get(name)
        return Decimal(value) if isinstance(value, str) else None

    def text(self, name: str) -> str | None:
        value = self.stored.get(name)
        return value if isinstance(value, str) else None

    def flag(self, name: str) -> bool | None:
        value = self.stored.get(name)
        return value if isinstance(value, bool) else None

    def moment(self, name: str) -> date | datetime | None:
        value = self.stored.get(name)
        return moment_of(value) if isinstance(value, str) else None

    def extra_barcodes(self) -> tuple[str, ...]:
        value = self.stored.get("extraBarcodes")
        return tuple(str(code) for code in value) if isinstance(value, list | tuple) else ()

    def attributes(self) -> dict[str, Stored]:
        return {
            name.removeprefix(ATTRIBUTE_PREFIX): value
            for name, value in self.stored.items()
            if name.startswith(ATTRIBUTE_PREFIX)
        }


class Product(Struct, frozen=True):
    """One product of a store. `version` grows, per store, with each save that changed a product."""

    product_id: int
    store_id: str
    barcode: str
    version: int
    removed: bool
    fields: ProductFields


def product_to_json(product: Product) -> dict[str, object]:
    """The product under the API's own names, in the order of the field table; what is not set is left out."""
    stored = product.fields.stored
    answer: dict[str, object] = {"barcode": product.barcode}
    answer |= {spec.name: stored[spec.name] for spec in FIELDS if stored.get(spec.name) is not None}
    attributes = product.fields.attributes()
    if attributes:
        answer[ATTRIBUTES] = attributes
    return answer
