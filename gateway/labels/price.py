"""A price in its box: whole units large, cents raised, the currency's sign small beneath or beside them.

In: the parts of a price, a box, an ink. Out: marks. Rule: the largest size of the box's list at which the whole price
fits; every digit at least `LEAST_PRICE_DIGIT_PX` high, so small prices stand in one size; nothing is ever cut. The
decimal sign stays although cents are raised: without it 1,99 reads 199.
"""

import functools

from msgspec import Struct

from gateway.labels.fontbook import Face, face
from gateway.labels.limits import CENTS_PARTS, LEAST_PRICE_DIGIT_PX, SYMBOL_BELOW_PARTS, SYMBOL_BESIDE_PARTS
from gateway.labels.marks import Ink, Mark, Run
from gateway.labels.money import NBSP, PriceParts
from gateway.labels.request import Refused
from gateway.labels.template import PriceBox
from gateway.labels.text import Type

_SIGN_FONTS = ("noto-sans-bold", "dejavu-sans")  # for a currency sign that the price's font lacks


class PriceTooWide(Refused):
    """The price fits its box at no legible size."""


class _Scale(Struct, frozen=True):
    """The types of one size of price. `cents` is None where raised cents would be too small to read."""

    whole: Face
    cents: Face | None
    below: Type
    beside: Type
    gap_px: int


def price_marks(box: PriceBox, parts: PriceParts, ink: Ink, dx: int, dy: int) -> list[Mark]:
    """Raises `PriceTooWide`."""
    x, y, width_px, height_px = box.at
    for size in box.sizes:
        scale = _scale(box.font, size)
        if scale.whole.digit_px > height_px:
            continue
        pieces, used_px = (_raised if scale.cents and parts.cents else _level)(scale, parts)
        if used_px <= width_px:
            slack = width_px - used_px
            left = dx + x + {"left": 0, "center": slack // 2, "right": slack}[box.align]
            baseline = dy + y + height_px
            return [Run(face_, text, left + at, baseline - up, ink, True) for face_, text, at, up in pieces]
    whole = f"{parts.before} {parts.whole}{parts.point}{parts.cents} {parts.after}".strip().replace(NBSP, " ")
    raise PriceTooWide("price", f"{whole} fits {width_px} px at no legible size")


_Piece = tuple[Face, str, int, int]  # face, text, pen from the left, baseline above the price's


def _raised(scale: _Scale, parts: PriceParts) -> tuple[list[_Piece], int]:
    """1,99 with its cents at the height of the digits' tops, and the sign beneath them."""
    assert scale.cents is not None
    pieces: list[_Piece] = []
    pen = _sign_before(scale, parts, pieces)
    for text in (parts.whole, parts.point):
        pieces.append((scale.whole, text, pen, 0))
        pen += scale.whole.width(text)
    # Raised cents stand over the decimal sign, whose ink is all at the foot; the currency's sign stands beside it.
    cents_px, sign_px = scale.cents.width(parts.cents), scale.below.width(parts.after, "currency")
    over_px = scale.whole.width(parts.point) // 2
    pen += max(1, scale.gap_px // 3)
    end = max(pen - over_px + cents_px, pen + sign_px)
    pieces.append((scale.cents, parts.cents, end - cents_px, scale.whole.digit_px - scale.cents.digit_px))
    _sign(scale.below, parts.after, pen + (end - pen - sign_px) // 2, 0, pieces)
    return pieces, end


def _level(scale: _Scale, parts: PriceParts) -> tuple[list[_Piece], int]:
    """1,99 in one size, the sign beside it."""
    pieces: list[_Piece] = []
    pen = _sign_before(scale, parts, pieces)
    for text in (parts.whole, parts.point, parts.cents):
        pieces.append((scale.whole, text, pen, 0))
        pen += scale.whole.width(text)
    if parts.after:
        pen += scale.gap_px
        _sign(scale.beside, parts.after, pen, 0, pieces)
        pen += scale.beside.width(parts.after, "currency")
    return [piece for piece in pieces if piece[1]], pen


def _sign_before(scale: _Scale, parts: PriceParts, pieces: list[_Piece]) -> int:
    """The sign before the digits, with its top at theirs; how far it reaches."""
    if not parts.before:
        return 0
    up = scale.whole.digit_px - scale.beside.faces[0].digit_px
    _sign(scale.beside, parts.before, 0, up, pieces)
    return scale.beside.width(parts.before, "currency") + scale.gap_px


def _sign(type_: Type, text: str, pen: int, up: int, pieces: list[_Piece]) -> None:
    for face_, part in type_.runs(text, "currency"):
        pieces.append((face_, part, pen, up))
        pen += face_.width(part)


@functools.cache
def _scale(font: str, size: int) -> _Scale:
    cents = face(font, _share(size, CENTS_PARTS))
    below, beside = (_share(size, parts) for parts in (SYMBOL_BELOW_PARTS, SYMBOL_BESIDE_PARTS))
    return _Scale(
        whole=face(font, size),
        cents=cents if cents.digit_px >= LEAST_PRICE_DIGIT_PX else None,
        below=_signs(font, below),
        beside=_signs(font, beside),
        gap_px=max(3, size // 9),
    )


def _signs(font: str, size: int) -> Type:
    return Type(tuple(face(name, size) for name in (font, *_SIGN_FONTS)))


def _share(size: int, parts: tuple[int, int]) -> int:
    return round(size * parts[0] / parts[1])
