"""The judge: what every glass should show, worked out from the rows that were *sent*, not from the gateway's database.

In: accepted rows in the order of their acceptance, bindings, the time. Out: the picture of each display, drawn by the
plain reference renderer. Rule: it reads nothing the gateway stored; the newest accepted row that names a field sets it.
Source: the POS contract, "What wins, and what is in force".
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from gateway.access import StoreSettings
from gateway.catalog import ParsedRow, Product, ProductFields, RowMode, Stored, parse_rows
from gateway.labels.reference import render
from gateway.sync import label_of

TEMPLATE = "shelf"  # of a display for which nobody chose another
OPTIONAL_KEPT = frozenset({"name", "price"})  # never cleared by a row that leaves them out, even in full mode


@dataclass(slots=True)
class JudgedProduct:
    """Per field: the number of the row that set it, and the value."""

    fields: dict[str, tuple[int, Stored]] = field(default_factory=dict)
    newest_row: int = 0
    removed_by: int = 0

    def set(self, seq: int, values: Mapping[str, Stored]) -> None:
        for name, value in values.items():
            if seq >= self.fields.get(name, (0, None))[0]:
                self.fields[name] = (seq, value)
        self.newest_row = max(self.newest_row, seq)

    @property
    def is_removed(self) -> bool:
        return self.removed_by > self.newest_row

    def stored(self) -> dict[str, Stored]:
        return {
            name: value for name, (seq, value) in self.fields.items() if value is not None and seq > self.removed_by
        }


class Expected(Struct, frozen=True):
    """What a display should show. `planes` as its controller takes them."""

    panel: str
    planes: tuple[bytes, ...]
    barcodes: tuple[str, ...]


class Remembered(Struct, frozen=True):
    """What a judge knew at one moment: for after a restore."""

    products: dict[str, JudgedProduct]
    seq: int


class Judge:
    """Folds one store's accepted rows. Numbers are its own: it counts rows in the order in which it is told of them."""

    def __init__(self, settings: StoreSettings) -> None:
        self.settings = settings
        self._products: dict[str, JudgedProduct] = {}
        self._seq = 0
        self._forgotten: list[range] = []  # numbers of rows that a restore has lost

    def remember(self) -> Remembered:
        """Everything accepted until now, as a backup has it that is taken now."""
        return Remembered(deepcopy(self._products), self._seq)

    def forget_after(self, then: Remembered) -> None:
        """The gateway was restored from a backup: what was accepted since is lost, and is not to be shown.

        Rows that were numbered since and are applied later (a batch that the backup holds half) are passed over.
        """
        self._products = deepcopy(then.products)
        self._forgotten.append(range(then.seq + 1, self._seq + 1))

    def accepted(self, rows: Sequence[object], mode: RowMode) -> None:
        """Rows of a single update that were answered with success."""
        self.apply(self.number(rows, mode))

    def number(
        self, rows: Sequence[object], mode: RowMode, *, also_known: Iterable[str] = ()
    ) -> list[tuple[int, ParsedRow]]:
        """Rows that were accepted now and may be applied later (a batch that is pushed, then completed)."""
        known = {*(code for code, product in self._products.items() if not product.is_removed), *also_known}
        sent = json.loads(json.dumps(list(rows)), parse_float=Decimal)  # numbers as a body carries them
        parsed = parse_rows(
            sent, settings=self.settings, field_map=None, mode=mode, is_known=lambda code: code in known
        )
        numbered = []
        for row in parsed.rows:
            self._seq += 1
            numbered.append((self._seq, row))
        return numbered

    def apply(self, numbered: Iterable[tuple[int, ParsedRow]]) -> None:
        for seq, row in numbered:
            if self._is_lost(seq):
                continue
            self._products.setdefault(row.barcode, JudgedProduct()).set(seq, row.values.stored)

    def kept(self, numbered: Iterable[tuple[int, ParsedRow]]) -> list[ParsedRow]:
        """Those that no restore has lost."""
        return [row for seq, row in numbered if not self._is_lost(seq)]

    def _is_lost(self, seq: int) -> bool:
        return any(seq in lost for lost in self._forgotten)

    def price_of(self, barcode: str) -> str | None:
        """The regular price that was sent last, as it is stored; None for a product that has none or is removed."""
        judged = self._products.get(barcode)
        price = None if judged is None or judged.is_removed else judged.stored().get("price")
        return None if price is None else str(price)

    def products(self) -> dict[str, dict[str, Stored] | None]:
        """What is stored of every product that was ever sent, by barcode; None = removed."""
        return {code: None if one.is_removed else one.stored() for code, one in self._products.items()}

    def removed(self, barcodes: Iterable[str]) -> None:
        for barcode in barcodes:
            self._seq += 1
            self._products.setdefault(barcode, JudgedProduct()).removed_by = self._seq

    def expected(
        self, display_id: str, panel: str, barcodes: Sequence[str], at: datetime, template: str = TEMPLATE
    ) -> Expected:
        """The picture of a display that is bound to these products; without products the unbound one."""
        products = [self._product(barcode) for barcode in barcodes]
        label = label_of(panel, template, display_id.partition(".")[0], self.settings, products, at)
        return Expected(panel, render(label.request).planes, tuple(barcodes))

    def _product(self, barcode: str) -> Product:
        judged = self._products.get(barcode, JudgedProduct())
        return Product(
            product_id=0,
            store_id=self.settings.store_id,
            barcode=barcode,
            version=0,
            removed=judged.is_removed or barcode not in self._products,
            fields=ProductFields(judged.stored()),
        )
