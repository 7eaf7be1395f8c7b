"""Amounts and dates as a shop of this locale writes them.

In: an exact `Decimal` and a `MoneyStyle` (locale and currency, by babel). Out: text, or the parts of a price for a
price box. Rule: every digit of the amount is written; zeros may be added up to the currency's minor digits, nothing
is ever rounded. An amount with more digits than the currency can be paid in is refused where it is a price.
"""

import functools
import unicodedata
from datetime import date
from decimal import Decimal

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.dates import format_skeleton
from babel.numbers import (
    get_currency_precision,
    get_currency_symbol,
    get_decimal_symbol,
    get_group_symbol,
)
from msgspec import Struct

from gateway.labels.fontbook import FONT_FILES, cover
from gateway.labels.request import Refused

NBSP = "\u00a0"
FALLBACK_LOCALE = "en"

# Where shelves differ from the Unicode tables: (digits always written, digits that may be written).
# A Hungarian shelf writes 1 990 Ft; a Serbian one writes paras (ISO 4217: two digits) though the tables give none.
_SHELF_DIGITS = {"HUF": (0, 2), "RSD": (0, 2), "ALL": (0, 2), "ISK": (0, 0)}


class PriceParts(Struct, frozen=True):
    """A price cut where a price box changes size: "€", "1.234", ",", "99", "€"; `before` or `after` is empty."""

    before: str
    whole: str
    point: str
    cents: str
    after: str


class MoneyStyle(Struct, frozen=True):
    """How one locale writes one currency. `before` and `after` hold the symbol and its blank."""

    currency: str
    shown_digits: int
    most_digits: int
    point: str
    group: str
    grouping: tuple[int, int]
    before: str
    after: str

    def text(self, amount: Decimal, field: str) -> str:
        """`1.234,56 €`. More digits than the currency has are all written: a unit price may have them."""
        whole, cents = self._split(amount, field)
        return f"{self.before}{whole}{self.point}{cents}{self.after}" if cents else f"{self.before}{whole}{self.after}"

    def price(self, amount: Decimal, field: str) -> PriceParts:
        """The parts of a price. Raises `Refused` for one that nobody can pay: 1.999 in a currency of cents."""
        whole, cents = self._split(amount, field)
        if len(cents) > self.most_digits:
            raise Refused(field, f"{amount} has more decimals than {self.currency} ({self.most_digits})")
        return PriceParts(self.before.strip(NBSP), whole, self.point if cents else "", cents, self.after.strip(NBSP))

    def _split(self, amount: Decimal, field: str) -> tuple[str, str]:
        if not amount.is_finite() or amount < 0:
            raise Refused(field, f"{amount} is not an amount")
        whole, _, cents = format(amount, "f").partition(".")
        cents = cents.rstrip("0")
        if len(cents) < self.shown_digits or 0 < len(cents) < self.most_digits:
            cents = cents.ljust(self.most_digits, "0")
        return self._grouped(whole.lstrip("0") or "0"), cents

    def _grouped(self, whole: str) -> str:
        first, rest = self.grouping
        if len(whole) <= first or not self.group:
            return whole
        parts = [whole[-first:]]
        whole = whole[:-first]
        while len(whole) > rest:
            parts.append(whole[-rest:])
            whole = whole[:-rest]
        return self.group.join([whole, *reversed(parts)])


@functools.cache
def locale_of(tag: str) -> Locale:
    """The locale of a BCP 47 tag; of its language if the territory is unknown; English if that is."""
    for candidate in (tag, tag.split("-")[0], FALLBACK_LOCALE):
        try:
            return Locale.parse(candidate, sep="-")
        except (ValueError, UnknownLocaleError):
            continue
    raise AssertionError("babel has no English")


@functools.lru_cache(maxsize=256)
def money_style(locale_tag: str, currency: str) -> MoneyStyle:
    """Raises `Refused` for a currency nobody knows."""
    if not _is_currency(currency):
        raise Refused("currency", f"{currency!r} is not a currency")
    locale = locale_of(locale_tag)
    pattern = locale.currency_formats["standard"]
    shown = get_currency_precision(currency)
    shown, most = _SHELF_DIGITS.get(currency, (shown, shown))
    symbol = _symbol(currency, locale)
    before, after = (_blank(side[0]).replace("¤", symbol) for side in (pattern.prefix, pattern.suffix))
    if before and before[-1].isalpha():
        before += NBSP  # CHF 5.00
    if after and after[0].isalpha():
        after = NBSP + after
    return MoneyStyle(
        currency=currency,
        shown_digits=shown,
        most_digits=most,
        point=_blank(get_decimal_symbol(locale, numbering_system="latn")),
        group=_blank(get_group_symbol(locale, numbering_system="latn")),
        grouping=pattern.grouping,
        before=before,
        after=after,
    )


def date_texts(day: date, locale_tag: str) -> tuple[str, str]:
    """With the year and without: `20. 07. 2025.` and `20. 07.`"""
    locale = locale_of(locale_tag)
    return tuple(_blank(format_skeleton(skeleton, day, locale=locale)) for skeleton in ("yMd", "Md"))  # type: ignore[return-value]


def _is_currency(currency: str) -> bool:
    return currency in get_global("all_currencies")


def _symbol(currency: str, locale: Locale) -> str:
    """The locale's symbol, or the currency's code where our fonts cannot draw it (Arabic letters)."""
    symbol = _blank(unicodedata.normalize("NFKC", get_currency_symbol(currency, locale)))
    drawable = any(set(symbol) <= cover(name) for name in FONT_FILES)
    return symbol if symbol and drawable else currency


def _blank(text: str) -> str:
    """Every kind of space is the no-break space, so that nothing wraps inside an amount; direction marks go."""
    return "".join(NBSP if letter.isspace() else letter for letter in text if unicodedata.category(letter) != "Cf")
