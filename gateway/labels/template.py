"""Templates: which fact stands where on a panel, in what type and ink. `template_file` reads them from TOML.

Rule: a template holds sizes and places, never pixels of a particular product and never code.
"""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from firmware_protocol import Colours
from gateway.labels.marks import Ink
from gateway.labels.text import Type

Align = Literal["left", "center", "right"]
Overflow = Literal["refuse", "ellipsis", "drop"]

TEXT_FIELDS = frozenset({"name", "brand", "origin", "variety", "item_class", "pack_size", "barcode", "tag_code"})
MONEY_FIELDS = frozenset({"unit_price", "old_price", "lowest_price", "deposit"})
DATE_FIELDS = frozenset({"valid_until"})
FACTS = frozenset({"offer", "wide", "bars", "old_price", "valid_until", "deposit", "lowest_price", "unit_price"})
FORMATS = {"money": MONEY_FIELDS, "unit": frozenset({"unit_price"}), "date": DATE_FIELDS, "upper": TEXT_FIELDS}

# What a role of ink is on which glass. A yellow field is only ever a ground under black: yellow on white is unreadable.
ROLES: Mapping[Colours, Mapping[str, Ink]] = {
    colours: {"black": Ink.BLACK, "paper": Ink.PAPER, "band": band, "on_band": on_band, "accent": accent}
    for colours, band, on_band, accent in (
        (Colours.BW, Ink.BLACK, Ink.PAPER, Ink.BLACK),
        (Colours.BWR, Ink.RED, Ink.PAPER, Ink.RED),
        (Colours.BWY, Ink.YELLOW, Ink.BLACK, Ink.BLACK),
        (Colours.BWRY, Ink.YELLOW, Ink.BLACK, Ink.RED),
    )
}
INK_ROLES = frozenset(ROLES[Colours.BW])


class TemplateInvalid(ValueError):
    """A template file says something that cannot be meant. `str()` names file, box and what is wrong."""


class Token(Struct, frozen=True):
    """`{field:format|phrase}`; with no field it is a phrase alone."""

    field: str
    format: str
    phrase: str


Part = tuple[str | Token, ...]


class When(Struct, frozen=True):
    """The facts that must hold, and those that must not."""

    holds: frozenset[str]
    fails: frozenset[str]

    def meets(self, facts: frozenset[str]) -> bool:
        return self.holds <= facts and self.fails.isdisjoint(facts)


class FillBox(Struct, frozen=True):
    when: When
    at: tuple[int, int, int, int]
    ink: str


class TextBox(Struct, frozen=True):
    """`at`: x, baseline of the first line, width; with `height` > 0 y is the top of a box the lines stand centred in.

    `parts` are joined by a middle dot; an empty one goes with its dot. `types`: from the wished size to the least.
    """

    when: When
    at: tuple[int, int, int]
    height: int
    parts: tuple[Part, ...]
    types: tuple[Type, ...]
    lines: int
    leading: float
    align: Align
    ink: str
    overflow: Overflow
    strike: bool
    field: str


class PriceBox(Struct, frozen=True):
    """`at`: the box of the digits: x, top, width, height; the baseline is its foot, a comma hangs below it."""

    when: When
    at: tuple[int, int, int, int]
    sizes: tuple[int, ...]
    font: str
    align: Align
    ink: str
    emphasis: str


class CodeBox(Struct, frozen=True):
    """`at`: the box of bars and quiet zones. `module_px`: wished and least. `digits`: type of the code beneath."""

    when: When
    at: tuple[int, int, int, int]
    module_px: tuple[int, ...]
    digits: Type | None


class QrBox(Struct, frozen=True):
    when: When
    at: tuple[int, int, int, int]
    module_px: tuple[int, ...]


Box = FillBox | TextBox | PriceBox | CodeBox | QrBox


class Boxes:
    """The boxes of one design in drawing order, and which of them a set of facts leaves."""

    __slots__ = ("_asked", "_held", "all", "codes")

    def __init__(self, boxes: tuple[Box, ...]) -> None:
        self.all = boxes
        self.codes = tuple(box for box in boxes if isinstance(box, CodeBox))
        self._asked = frozenset().union(*(box.when.holds | box.when.fails for box in boxes))
        self._held: dict[frozenset[str], tuple[Box, ...]] = {}

    def ask(self, fact: str) -> bool:
        """Whether any box depends on this fact."""
        return fact in self._asked

    def that_hold(self, facts: frozenset[str]) -> tuple[Box, ...]:
        held = self._held.get(facts)
        if held is None:
            held = self._held[facts] = tuple(box for box in self.all if box.when.meets(facts))
        return held


class Rows(Struct, frozen=True):
    """Boxes of one row of a label with several products, relative to the row; up to `most` rows."""

    most: int
    height: int
    line: bool
    boxes: Boxes


class Template(Struct, frozen=True):
    """`boxes` and `rows` by panel size ("2.9"); `rows` with the fewest first."""

    name: str
    boxes: Mapping[str, Boxes]
    rows: Mapping[str, tuple[Rows, ...]]
