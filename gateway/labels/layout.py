"""Layout: which mark stands where. A pure function of template, panel size, colours and request.

In: the boxes of a template and the facts of a product. Out: marks in drawing order. Rule: a price, and every other
amount, is written whole at a legible size or the label is refused; only a name may be cut, at a word, with an ellipsis.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from firmware_protocol import PANELS, Panel
from gateway.labels.bars import Bars, bars
from gateway.labels.facts import Facts
from gateway.labels.limits import PRODUCTS_MOST
from gateway.labels.marks import Fill, Ink, Mark, Mosaic, Run, Strip
from gateway.labels.money import NBSP, money_style
from gateway.labels.price import PriceTooWide, price_marks
from gateway.labels.qr import QUIET_MODULES, qr
from gateway.labels.request import LabelProduct, LabelRequest, Refused
from gateway.labels.template import (
    ROLES,
    Boxes,
    CodeBox,
    FillBox,
    PriceBox,
    QrBox,
    Rows,
    Template,
    TextBox,
)
from gateway.labels.text import Type, cut, measured_words, wrap
from gateway.labels.words import words_of

_WIDE = frozenset({"wide"})
_BARS = frozenset({"bars"})


def _inches(panel: Panel) -> str:
    return panel.name.partition("-")[0]


class _Place(Struct, frozen=True):
    """Where boxes stand, and what their inks are on this glass."""

    inks: Mapping[str, Ink]
    x: int
    y: int
    facts: Facts


class Design(Struct, frozen=True):
    """The size in inches for which boxes were placed, its pixels, and where its corner stands on the label."""

    inches: str
    width_px: int
    height_px: int
    x: int = 0
    y: int = 0


_DESIGNS = {name: Design(name, *panel.label_px) for panel in PANELS.values() for name in (_inches(panel),)}


def design_of(panel: Panel) -> Design:
    """Of one of our own panels its own; of any other the largest that fits, in the middle. Raises `Refused`."""
    own = _DESIGNS.get(_inches(panel))
    if own is not None:
        return own
    width, height = panel.label_px
    fitting = [one for one in _DESIGNS.values() if one.width_px <= width and one.height_px <= height]
    if not fitting:
        raise Refused("template", f"no label is made for {width} x {height} pixels")
    chosen = max(fitting, key=lambda one: one.width_px * one.height_px)
    return replace(chosen, x=(width - chosen.width_px) // 2, y=(height - chosen.height_px) // 2)


def has_a_design(panel: Panel) -> bool:
    """Whether labels can be drawn for it at all."""
    try:
        design_of(panel)
    except Refused:
        return False
    return True


def lay_out(template: Template, panel: Panel, request: LabelRequest) -> list[Mark]:
    """Raises `Refused`."""
    design = design_of(panel)
    if design.inches not in template.boxes:
        raise Refused("template", f"{template.name} is not made for {design.inches} inch")
    products: tuple[LabelProduct | None, ...] = request.products or (None,)
    if len(products) > 1:
        return _several(template.rows.get(design.inches, ()), design, ROLES[panel.colours], request)
    boxes = template.boxes[design.inches]
    return _one(boxes, _Place(ROLES[panel.colours], design.x, design.y, _facts(products[0], request)))


def _facts(product: LabelProduct | None, request: LabelRequest) -> Facts:
    money = None if product is None else money_style(request.locale, request.currency)
    return Facts(product, request.tag_code, money, words_of(request.locale), request.locale)


def _several(stacks: tuple[Rows, ...], design: Design, inks: Mapping[str, Ink], request: LabelRequest) -> list[Mark]:
    """Stacked rows of equal height, each as a small label, with a line between."""
    count = len(request.products)
    stack = next((rows for rows in stacks if rows.most >= count), None)
    if stack is None or count > PRODUCTS_MOST:
        raise Refused("products", f"{count} products do not fit a label of {design.inches} inch")
    pitch = design.height_px // count
    marks: list[Mark] = []
    for place, product in enumerate(request.products):
        top = design.y + place * pitch
        if stack.line and place:
            marks.append(Fill(design.x, top - 1, design.width_px, 2, Ink.BLACK))
        row_top = top + (pitch - stack.height) // 2
        marks += _one(stack.boxes, _Place(inks, design.x, row_top, _facts(product, request)))
    return marks


def _one(boxes: Boxes, place: _Place) -> list[Mark]:
    """The boxes of one product; if its price is too wide for its place, once more with the fact `wide`."""
    names = place.facts.names
    if boxes.ask("bars") and _any_bars(boxes, place):
        names |= _BARS
    try:
        return _marks(boxes, place, names)
    except PriceTooWide:
        if not boxes.ask("wide"):
            raise
    return _marks(boxes, place, names | _WIDE)


def _marks(boxes: Boxes, place: _Place, names: frozenset[str]) -> list[Mark]:
    marks: list[Mark] = []
    for box in boxes.that_hold(names):
        if isinstance(box, TextBox):
            _text(box, place, marks)
        elif isinstance(box, FillBox):
            x, y, width, height = box.at
            marks.append(Fill(place.x + x, place.y + y, width, height, place.inks[box.ink]))
        elif isinstance(box, PriceBox):
            marks += _price(box, place, "offer" in names)
        elif isinstance(box, CodeBox):
            _code(box, place, marks)
        elif isinstance(box, QrBox):
            _qr(box, place, marks)
        else:
            assert_never(box)
    return marks


def _price(box: PriceBox, place: _Place, emphasised: bool) -> list[Mark]:
    product, money = place.facts.product, place.facts.money
    if product is None or product.price is None or money is None:
        raise Refused("price", "there is none in force")
    ink = place.inks[box.emphasis if emphasised else box.ink]
    return price_marks(box, money.price(product.price, "price"), ink, place.x, place.y)


def _text(box: TextBox, place: _Place, marks: list[Mark]) -> None:
    candidates = place.facts.candidates(box.parts)
    if not candidates:
        return
    type_, lines = _fit(box, candidates)
    left, y, width_px = box.at
    leading = round(type_.size * box.leading)
    digit_px = type_.faces[0].digit_px
    baseline = y + (box.height - (len(lines) - 1) * leading - digit_px) // 2 + digit_px if box.height else y
    baseline += place.y
    ink, number = place.inks[box.ink], box.overflow == "refuse"
    for line, line_px in lines:
        x = place.x + left
        if box.align != "left":
            x += width_px - line_px if box.align == "right" else (width_px - line_px) // 2
        if box.strike:
            marks += _stroke(x - 2, baseline - digit_px, line_px + 4, digit_px, type_.size, ink)
        runs = type_.runs(line, box.field)
        for face_, text in runs:
            marks.append(Run(face_, text, x, baseline, ink, number))
            if len(runs) > 1:
                x += face_.width(text)
        baseline += leading


def _stroke(left: int, top: int, width: int, height: int, type_size: int, ink: Ink) -> Iterator[Mark]:
    """A rising line in steps of one row: digits struck level are hard to read, and struck digits must stay readable."""
    thick = 1 if type_size < 24 else 2 if type_size < 40 else 3
    for row in range(height):
        start, end = (width * (height - 1 - row) // height, width * (height - row) // height)
        yield Fill(left + start, top + row, end - start + 1, thick, ink)


def _fit(box: TextBox, candidates: Sequence[str]) -> tuple[Type, Sequence[tuple[str, int]]]:
    """The largest type, and at that the longest wording, that fits; what does not is refused, cut or left out.

    Lines come with their width in pixels.
    """
    width_px, field = box.at[2], box.field
    for type_ in box.types:
        for text in candidates:
            px = type_.width(text, field)
            if px <= width_px:
                return type_, ((text, px),)
            if box.lines > 1 and px <= box.lines * width_px:
                lines = wrap(measured_words(text, type_, field), width_px, box.lines)
                if lines is not None:
                    return type_, lines
    least = box.types[-1]
    if box.overflow == "drop":
        return least, ()
    if box.overflow == "ellipsis":
        return least, cut(candidates[-1], least, field, width_px, box.lines)
    wording = candidates[-1].replace(NBSP, " ")
    raise Refused(field, f"{wording} does not fit {width_px} px legibly")


def _any_bars(boxes: Boxes, place: _Place) -> bool:
    product = place.facts.product
    if product is None:
        return False
    symbol = bars(product.barcode)
    return symbol is not None and any(_module_px(box, symbol) for box in boxes.codes)


def _module_px(box: CodeBox, symbol: Bars) -> int:
    """The widest module at which bars and quiet zones fit; 0 if none does."""
    for module_px in box.module_px:
        if symbol.whole_modules * module_px <= box.at[2]:
            return module_px
    return 0


def _code(box: CodeBox, place: _Place, marks: list[Mark]) -> None:
    product = place.facts.product
    symbol = None if product is None else bars(product.barcode)
    if product is None or symbol is None:
        return
    module_px = _module_px(box, symbol)
    if module_px:
        x, y, _, height = box.at
        left = place.x + x + symbol.quiet[0] * module_px
        marks.append(Strip(left, place.y + y, height, module_px, symbol.patterns))
        if box.digits is not None:
            slack = symbol.modules * module_px - box.digits.width(product.barcode, "barcode")
            baseline = place.y + y + height + box.digits.faces[0].digit_px + 3
            for face_, text in box.digits.runs(product.barcode, "barcode"):
                marks.append(Run(face_, text, left + slack // 2, baseline, Ink.BLACK, True))


def _qr(box: QrBox, place: _Place, marks: list[Mark]) -> None:
    symbol = qr(place.facts.tag_code) if place.facts.tag_code else None
    if symbol is None:
        return
    x, y, width, height = box.at
    modules = len(symbol) + 2 * QUIET_MODULES
    for module_px in box.module_px:
        if modules * module_px <= min(width, height):
            left = x + (width - len(symbol) * module_px) // 2
            top = y + (height - len(symbol) * module_px) // 2
            marks.append(Mosaic(place.x + left, place.y + top, module_px, symbol))
            return
