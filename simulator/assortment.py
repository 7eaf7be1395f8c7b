"""An invented grocery assortment, as the rows a POS sends.

In: a seed, how many, the day it is. Out: dicts in the API's own field names, prices as decimal strings.
Rule: the same seed and day give the same rows, and every row is one a real shop could send.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from itertools import product

from simulator.assortment_words import BRANDS, EAN_PREFIXES, KINDS, ORIGINS, Kind
from simulator.chance import Random, generator

CENT = Decimal("0.01")
ON_SALE_SHARE = 0.12
LOYALTY_SHARE = 0.05
# What shopkeepers end a price with, and how often.
_ENDINGS = (
    ("0.09", 10),
    ("0.19", 8),
    ("0.29", 10),
    ("0.49", 20),
    ("0.59", 5),
    ("0.79", 12),
    ("0.89", 10),
    ("0.99", 25),
)
_CODES_PER_PREFIX = 10**9

Row = dict[str, object]


def assortment(seed: int, *, today: date, count: int = 3000, currency: str = "EUR") -> list[Row]:
    """`count` products, each with a barcode and a name of its own. Raises `ValueError` if there are not so many."""
    chance = generator(seed, "assortment")
    goods = list(_goods())
    if count > len(goods):
        raise ValueError(f"{count} products: the words suffice for {len(goods)}")
    chance.shuffle(goods)
    barcodes: set[str] = set()
    return [_row(index, chance, barcodes, *which, today, currency) for index, which in enumerate(goods[:count])]


def ean13(first_twelve: str) -> str:
    """With its check digit."""
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(first_twelve))
    return f"{first_twelve}{-total % 10}"


def _goods() -> Iterator[tuple[Kind, str, str, str, tuple[float, str]]]:
    """Every kind, language, brand, name with variant, and pack there is."""
    for kind in KINDS:
        for language, nouns in kind.names.items():
            for words, brand, pack in product(nouns, BRANDS[language], kind.packs):
                noun, *variants = words.split("|")
                for variant in variants:
                    yield kind, language, brand, f"{noun} {variant}", pack


def _row(
    index: int,
    chance: Random,
    barcodes: set[str],
    kind: Kind,
    language: str,
    brand: str,
    words: str,
    pack: tuple[float, str],
    today: date,
    currency: str,
) -> Row:
    amount, pack_unit = pack
    low, high = kind.per_unit
    price = _shelf_price(Decimal(repr(round((low + (high - low) * chance.random() ** 2) * amount, 4))), chance)
    size = _pack_size(amount, pack_unit)
    row: Row = {
        "barcode": _new_barcode(chance, barcodes, language),
        "name": f"{words} {size}",
        "brand": brand,
        "sku": f"{100000 + index}",
        "category": kind.category,
        "price": str(price),
        "currency": currency,
        "unit": kind.unit,
        "packSize": size,
        "unitPrice": str(_per_unit(price, amount)),
        "origin": ORIGINS[language],
        "stock": chance.randrange(240),
    }
    if kind.deposit is not None:
        row["deposit"] = kind.deposit
    if chance.random() < ON_SALE_SHARE:
        row |= _promotion(price, chance, today)
    elif chance.random() < LOYALTY_SHARE:
        row["loyaltyPrice"] = str(_less(price, chance))
    return row


def _new_barcode(chance: Random, barcodes: set[str], language: str) -> str:
    while True:
        barcode = ean13(f"{EAN_PREFIXES[language]}{chance.randrange(_CODES_PER_PREFIX):09d}")
        if barcode not in barcodes:
            barcodes.add(barcode)
            return barcode


def _shelf_price(about: Decimal, chance: Random) -> Decimal:
    """A price near `about` that a shopkeeper would write, and at least 0.09."""
    liked = chance.choices([Decimal(text) for text, _ in _ENDINGS], [weight for _, weight in _ENDINGS], k=3)
    whole = about.to_integral_value(ROUND_FLOOR)
    near = [whole + step + ending for step in (-1, 0) for ending in liked if whole + step >= 0]
    return min(near, key=lambda price: (abs(price - about), price))


def _less(price: Decimal, chance: Random) -> Decimal:
    """10 to 40 % off, and always a reduction."""
    off = Decimal(10 + 5 * chance.randrange(7)) / 100
    return min((price * (1 - off)).quantize(CENT, ROUND_HALF_UP), price - CENT)


def _promotion(price: Decimal, chance: Random, today: date) -> Row:
    """A sale of one or two weeks that began in the last ten days, or will in the next three."""
    start = today + timedelta(days=chance.randrange(14) - 10)
    end = start + timedelta(days=(7, 14)[chance.randrange(2)])
    return {
        "onSale": True,
        "salePrice": str(_less(price, chance)),
        "saleStart": start.isoformat(),
        "saleEnd": end.isoformat(),
        "lowestPrice30Days": str(price),
    }


def _per_unit(price: Decimal, amount: float) -> Decimal:
    return (price / Decimal(repr(amount))).quantize(CENT, ROUND_HALF_UP)


def _pack_size(amount: float, unit: str) -> str:
    if unit == "piece":
        return f"{amount:g} ×"
    if amount < 1:
        return f"{amount * 1000:g} {'g' if unit == 'kg' else 'ml'}"
    return f"{amount:g} {unit}"
