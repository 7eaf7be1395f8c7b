"""What a product says, in the words and money of its shop: the facts and texts that the boxes of a template ask for.

In: a product, money style, words. Out: for each token its alternatives, longest first; empty if there is nothing to
say. Rule: a fact that is missing is left out; none is made up and no number is computed.
"""

import functools
import itertools
import re
from collections.abc import Callable
from decimal import Decimal

from gateway.labels.money import NBSP, MoneyStyle, date_texts
from gateway.labels.request import LabelProduct
from gateway.labels.template import DATE_FIELDS, MONEY_FIELDS, Part, Token
from gateway.labels.text import clean
from gateway.labels.words import Words

PART_SEPARATOR = "  ·  "

# A measure that a unit price may be for, and the one that the size of a pack is counted in.
_REFERENCE = {"g": "kg", "dag": "kg", "kg": "kg", "ml": "l", "cl": "l", "dl": "l", "l": "l", "m": "m", "m2": "m²"}
_MEASURES = frozenset({*_REFERENCE, "m²", "m3", "m³", "lb", "oz", "cm", "mm"})
_UNIT = re.compile(r"(?:(\d+)\s*)?([^\W\d]+[23²³]?)\.?")
_PACK = re.compile(r"(\d+(?:[.,]\d+)?)\s*([^\W\d]+[23²³]?)\.?")
_PIECES = frozenset(
    "ko kom kos kus ks pc pcs piece pieces ea each st stk stück stuk szt db buc бр ком шт τεμ pz ud un pce kpl".split()  # noqa: SIM905
)


class Facts:
    """The texts of one product on one label. Amounts that cannot be written raise `Refused` with their field."""

    __slots__ = ("locale", "money", "names", "product", "tag_code", "words")

    def __init__(
        self, product: LabelProduct | None, tag_code: str, money: MoneyStyle | None, words: Words, locale: str
    ) -> None:
        self.product, self.tag_code = product, tag_code
        self.money, self.words, self.locale = money, words, locale
        self.names = frozenset() if product is None else _names(product)

    def candidates(self, parts: tuple[Part, ...]) -> list[str]:
        """The whole text of a box in falling length; empty if no part has anything to say."""
        if len(parts) == 1:
            return self._part(parts[0])
        spoken = [texts for texts in map(self._part, parts) if texts]
        if not spoken:
            return []
        count = max(map(len, spoken))
        return [PART_SEPARATOR.join(texts[min(n, len(texts) - 1)] for texts in spoken) for n in range(count)]

    def _part(self, part: Part) -> list[str]:
        if len(part) == 1:
            only = part[0]
            return [only] if isinstance(only, str) else self._token(only)
        pieces = [[piece] if isinstance(piece, str) else self._token(piece) for piece in part]
        if not all(pieces):
            return []
        count = max(map(len, pieces))
        return ["".join(texts[min(n, len(texts) - 1)] for texts in pieces) for n in range(count)]

    def _token(self, token: Token) -> list[str]:
        if not token.field:
            return list(self.words.phrases(token.phrase))
        texts = self._field(token)
        if not token.phrase or not texts:
            return texts
        return [phrase.replace("{}", text) for phrase in self.words.phrases(token.phrase) for text in texts]

    def _field(self, token: Token) -> list[str]:
        if token.field == "tag_code":
            return [_in_fours(self.tag_code)] if self.tag_code else []
        product = self.product
        if product is None:
            return []
        if token.field in DATE_FIELDS:
            return (
                list(date_texts(product.valid_until, self.locale)) if product.on_offer and product.valid_until else []
            )
        if token.field in MONEY_FIELDS:
            return self._money(product, token)
        text = clean(_TEXTS[token.field](product) or "")
        if token.field == "pack_size" and self.money is not None:
            text = pack_text(text, self.money.point)
        if token.format == "upper":
            text = text.upper()
        return [text] if text else []

    def _money(self, product: LabelProduct, token: Token) -> list[str]:
        amount = _AMOUNTS[token.field](product)
        if amount is None or self.money is None:
            return []
        text = self.money.text(amount, token.field)
        if token.format != "unit":
            return [text]
        unit = unit_of_price(product.unit, product.pack_size)
        if unit is None:
            return []
        return [f"{text}/{unit or self.words.piece[0]}"]


_TEXTS: dict[str, Callable[[LabelProduct], str | None]] = {
    "name": lambda product: product.name,
    "brand": lambda product: product.brand,
    "origin": lambda product: product.origin,
    "variety": lambda product: product.variety,
    "item_class": lambda product: product.item_class,
    "pack_size": lambda product: product.pack_size,
    "barcode": lambda product: product.barcode,
}
_FACTS = ("unit_price", "deposit", "offer", "old_price", "lowest_price", "valid_until")
_NAMES = {
    held: frozenset(itertools.compress(_FACTS, held)) for held in itertools.product((False, True), repeat=len(_FACTS))
}
_AMOUNTS: dict[str, Callable[[LabelProduct], Decimal | None]] = {
    "unit_price": lambda product: product.unit_price,
    "old_price": lambda product: product.old_price if product.on_offer else None,
    "lowest_price": lambda product: product.lowest_price_30_days if product.on_offer else None,
    "deposit": lambda product: product.deposit,
}


@functools.lru_cache(maxsize=1024)
def pack_text(text: str, point: str) -> str:
    """`0.50 kg` with the shop's decimal sign, `6.00 ko` as 6; a single piece is not worth saying."""
    found = _PACK.fullmatch(text)
    if found is None:
        return text
    number, unit = found.groups()
    whole, _, rest = number.replace(",", ".").partition(".")
    if not rest.strip("0"):
        return "" if whole == "1" and unit.lower() in _PIECES else f"{whole}{NBSP}{unit}"
    return f"{whole}{point}{rest}{NBSP}{unit}"


@functools.lru_cache(maxsize=1024)
def unit_of_price(unit: str | None, pack_size: str | None) -> str | None:
    """What a unit price is for: "kg", "100 g"; "" for a piece; None if nobody says, and then it cannot be drawn.

    Rows say by `unit` how a product is sold ("ko", a piece) and by `pack_size` how much it is ("0.50 kg"): the unit
    price is then one for the measure of the pack.
    """
    given = _UNIT.fullmatch(unit.strip().casefold()) if unit else None
    if given and given[2] in _MEASURES:
        return f"{given[1]}{NBSP}{given[2]}" if given[1] else _REFERENCE.get(given[2], given[2])
    pack = _PACK.fullmatch(clean(pack_size).casefold().replace(NBSP, " ")) if pack_size else None
    if pack and pack[2] in _REFERENCE:
        return _REFERENCE[pack[2]]
    counted = (given and given[2] in _PIECES) or (pack and pack[2] in _PIECES)
    return "" if counted else None


def _names(product: LabelProduct) -> frozenset[str]:
    """Which of the facts that a box can ask for by `when` hold."""
    offer = product.on_offer
    held = (
        product.unit_price is not None,
        product.deposit is not None,
        offer,
        offer and product.old_price is not None,
        offer and product.lowest_price_30_days is not None,
        offer and product.valid_until is not None,
    )
    return _NAMES[held]


def _in_fours(code: str) -> str:
    """A tag's name in groups that a person can read out."""
    return " ".join(code[place : place + 4] for place in range(0, len(code), 4)) if code.isalnum() else clean(code)
