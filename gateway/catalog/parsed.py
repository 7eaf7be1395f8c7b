"""What becomes of the rows of a request: accepted ones, errors and warnings, all in the order in which they came."""

from collections.abc import Iterable, Mapping
from enum import StrEnum

import msgspec
from msgspec import Struct

from gateway.catalog.product import ProductFields, Stored


class RowMode(StrEnum):
    """ADD: barcode, name and price are wanted. UPDATE: name and price only of a barcode that is not known."""

    ADD = "add"
    UPDATE = "update"


class RowIssue(Struct, frozen=True):
    """One thing to say about a row. `index` counts from 0 in its request; `code` is stable, `message` for a person."""

    index: int
    barcode: str | None
    field: str | None
    code: str
    message: str
    hint: str | None = None


class ParsedRow(Struct, frozen=True):
    """An accepted row: only the fields it names; None clears one. The barcode is not among `values`."""

    index: int
    barcode: str
    values: ProductFields
    warnings: tuple[RowIssue, ...] = ()

    @staticmethod
    def many_to_json(rows: "Iterable[ParsedRow]") -> str:
        """For staging. The warnings were answered and are left behind."""
        return msgspec.json.encode([(row.index, row.barcode, row.values.stored) for row in rows]).decode()

    @staticmethod
    def many_from_json(text: str) -> "list[ParsedRow]":
        """Rows as `many_to_json` wrote them, in their order."""
        return [ParsedRow(index, barcode, ProductFields(stored)) for index, barcode, stored in _STAGED.decode(text)]


_STAGED: msgspec.json.Decoder[list[tuple[int, str, Mapping[str, Stored]]]] = msgspec.json.Decoder()


class ParsedRows(Struct, frozen=True):
    """`rows` in their order; a row is here or has an error. `warnings` also covers the rows with errors."""

    rows: list[ParsedRow]
    errors: list[RowIssue]
    warnings: list[RowIssue]

    @property
    def rejected(self) -> int:
        """How many rows were rejected; a row may have several errors."""
        return len({issue.index for issue in self.errors})
