"""A price, read off a glass as a shopper reads it: from its pixels, digit by digit.

In: the picture on a glass, the panel, how the store writes money. Out: the prices on it, top to bottom. Rule: nothing
that a gateway stored is asked. Where digits may stand is known from the templates, what a digit looks like from the
font; the price that was read is then painted by the plain reference, and must fill its box pixel by pixel.
"""

import functools
from collections.abc import Iterator
from decimal import Decimal

from msgspec import Struct
from PIL import Image, ImageChops

from firmware_protocol import PANELS, Panel
from gateway.labels import LabelRequest, template_names
from gateway.labels.fontbook import Face, letter_raster
from gateway.labels.limits import PRODUCTS_MOST
from gateway.labels.marks import Ink, Run
from gateway.labels.money import MoneyStyle, money_style
from gateway.labels.price import price_marks
from gateway.labels.reference import paint, render
from gateway.labels.request import Refused
from gateway.labels.store import template
from gateway.labels.template import ROLES, Boxes, PriceBox
from simulator import picture

DIGITS = "0123456789"
WHOLE_DIGITS_MOST = 7  # the POS contract's prices are below 10,000,000
_COLOUR_OF = {Ink.BLACK: picture.BLACK, Ink.RED: picture.RED, Ink.YELLOW: picture.YELLOW, Ink.PAPER: picture.WHITE}


class _Place(Struct, frozen=True):
    """A price box, and from where on the label its coordinates count."""

    box: PriceBox
    top: int


def prices_on(planes: tuple[bytes, ...], panel_name: str, locale: str, currency: str) -> list[Decimal]:
    """Empty if no price stands there whole. Several for a label of several products."""
    panel = PANELS[panel_name]
    shown = picture.image(planes, panel)
    style = money_style(locale, currency)
    for design in _designs(panel.name.partition("-")[0]):
        found = [_read_one_of(places, shown, panel, style) for places in design]
        whole = [price for price in found if price is not None]
        if len(whole) == len(found):
            return whole
    return []


def is_picture_of(planes: tuple[bytes, ...], panel_name: str, template_name: str, tag_code: str, locale: str) -> bool:
    """Whether a glass shows a picture without a product: "unbound", "till"."""
    return planes == _without_product(panel_name, template_name, tag_code, locale)


@functools.lru_cache(maxsize=256)
def _without_product(panel_name: str, template_name: str, tag_code: str, locale: str) -> tuple[bytes, ...]:
    return render(LabelRequest(panel_name, template_name, "EUR", locale, (), tag_code)).planes


def _designs(size: str) -> Iterator[list[list[_Place]]]:
    """How prices can stand on this size of panel: for each product the boxes of which one holds its price."""
    for name in template_names():
        known = template(name)
        if size in known.boxes and (boxes := _price_boxes(known.boxes[size])):
            yield [[_Place(box, 0) for box in boxes]]
        _, height = next(panel.label_px for panel in PANELS.values() if panel.name.startswith(f"{size}-"))
        for count in range(PRODUCTS_MOST, 1, -1):
            rows = next((rows for rows in known.rows.get(size, ()) if rows.most >= count), None)
            if rows is not None:
                pitch = height // count
                tops = [place * pitch + (pitch - rows.height) // 2 for place in range(count)]
                yield [[_Place(box, top) for box in _price_boxes(rows.boxes)] for top in tops]


def _price_boxes(boxes: Boxes) -> list[PriceBox]:
    return [box for box in boxes.all if isinstance(box, PriceBox)]


def _read_one_of(places: list[_Place], shown: Image.Image, panel: Panel, style: MoneyStyle) -> Decimal | None:
    """The longest price first: the end of 12.99 reads 2.99."""
    cents = {style.shown_digits, style.most_digits}
    for digits in range(WHOLE_DIGITS_MOST, 0, -1):
        for place in places:
            for role in dict.fromkeys((place.box.ink, place.box.emphasis)):
                for cents_digits in sorted(cents, reverse=True):
                    price = _read(place, ROLES[panel.colours][role], digits, cents_digits, shown, panel, style)
                    if price is not None:
                        return price
    return None


def _read(
    place: _Place, ink: Ink, digits: int, cents: int, shown: Image.Image, panel: Panel, style: MoneyStyle
) -> Decimal | None:
    """As many digits as that in this box: the pens of 888.88 are those of every price of its length."""
    eights = Decimal("8" * digits + ("." + "8" * cents if cents else ""))
    runs = _runs(place, ink, eights, style)
    colour = _COLOUR_OF[ink]
    read = ""
    for run in runs:
        x = run.x
        for letter in run.text:
            if letter == "8":
                digit = _digit_at(run.face, x, run.y, shown, colour)
                if digit is None:
                    return None
                read += digit
            x += run.face.width(letter)
    if len(read) != digits + cents:  # its length fits this box at no legible size
        return None
    price = Decimal(f"{read[:digits]}.{read[digits:]}") if cents else Decimal(read)
    return price if _stands_there(place, _runs(place, ink, price, style), shown, panel, colour) else None


def _runs(place: _Place, ink: Ink, price: Decimal, style: MoneyStyle) -> list[Run]:
    try:
        marks = price_marks(place.box, style.price(price, "price"), ink, 0, place.top)
    except Refused:
        return []
    return [mark for mark in marks if isinstance(mark, Run)]


def _digit_at(face: Face, x: int, y: int, shown: Image.Image, colour: int) -> str | None:
    for digit in DIGITS:
        raster, (left, top, right, bottom) = _raster(face, digit)
        there = shown.crop((x + left, y + top, x + right, y + bottom)).point(_only(colour), "1")
        if ImageChops.logical_xor(raster, there).getbbox() is None:
            return digit
    return None


@functools.cache
def _raster(face: Face, digit: str) -> tuple[Image.Image, tuple[int, int, int, int]]:
    return letter_raster(face, digit)


@functools.cache
def _only(colour: int) -> list[int]:
    return [255 if number == colour else 0 for number in range(256)]


def _stands_there(place: _Place, runs: list[Run], shown: Image.Image, panel: Panel, colour: int) -> bool:
    """Painted by the reference, the price fills its box as the glass's does, paper included; and what hangs below the
    box, where other things may stand as well, is there too.
    """
    if not runs:
        return False
    painted = picture.image(paint(panel, runs), panel)
    x, y, width, height = place.box.at
    box = (x, y + place.top, x + width, y + place.top + height)
    if painted.crop(box).tobytes() != shown.crop(box).tobytes():
        return False
    ink, there = (one.point(_only(colour), "1") for one in (painted, shown))
    return ImageChops.logical_and(ink, ImageChops.invert(there)).getbbox() is None
