"""Amounts as a shop of the locale writes them: every digit, no digit more."""

from datetime import date
from decimal import Decimal

import pytest
from babel.numbers import format_currency
from hypothesis import given
from hypothesis import strategies as st

from gateway.labels.money import date_texts, money_style
from gateway.labels.request import Refused

LIKE_BABEL = [
    ("hr-HR", "EUR"), ("en-GB", "GBP"), ("de-AT", "EUR"), ("de-CH", "CHF"), ("nl-NL", "EUR"), ("pl-PL", "PLN"),
    ("ja-JP", "JPY"), ("hi-IN", "INR"), ("fr-FR", "EUR"), ("cs-CZ", "CZK"), ("bs-BA", "BAM"), ("bg-BG", "BGN"),
    ("da-DK", "DKK"), ("ro-RO", "RON"), ("el-GR", "EUR"), ("en-US", "KWD"),
]  # fmt: skip


@pytest.mark.parametrize(("locale", "currency"), LIKE_BABEL)
def test_amounts_are_written_as_the_unicode_tables_say(locale: str, currency: str) -> None:
    style = money_style(locale, currency)
    for units in (0, 1, 99, 100, 1999, 123456, 99999999, 123456789012):
        amount = Decimal(units).scaleb(-style.most_digits)
        theirs = format_currency(amount, currency, locale=locale.replace("-", "_")).replace("￥", "¥")
        assert _letters(style.text(amount, "price")) == _letters(theirs)


@given(
    st.sampled_from([*LIKE_BABEL, ("hu-HU", "HUF"), ("sr-RS", "RSD"), ("ar-KW", "KWD")]),
    st.integers(0, 10**12),
    st.integers(0, 6),
)
def test_no_digit_is_lost_or_rounded(shop: tuple[str, str], units: int, places: int) -> None:
    style = money_style(*shop)
    amount = Decimal(units).scaleb(-places)
    written = style.text(amount, "unit_price")
    digits = written.removeprefix(style.before).removesuffix(style.after).replace(style.group, "")
    assert Decimal(digits.replace(style.point, ".")) == amount


@pytest.mark.parametrize(
    ("locale", "currency", "amount", "text"),
    [
        ("hr-HR", "EUR", "1234.5", "1.234,50 €"),
        ("hr-HR", "EUR", "1.2900", "1,29 €"),
        ("hr-HR", "EUR", "0.1234", "0,1234 €"),
        ("hu-HU", "HUF", "1990", "1 990 Ft"),
        ("sr-RS", "RSD", "119.99", "119,99 RSD"),
        ("sr-RS", "RSD", "120", "120 RSD"),
        ("en-GB", "CHF", "5", "CHF 5.00"),
        ("ar-KW", "KWD", "1.25", "1.250 KWD"),
        ("hr-HR", "EUR", "1E+3", "1.000,00 €"),
    ],
)
def test_shelf_customs(locale: str, currency: str, amount: str, text: str) -> None:
    assert money_style(locale, currency).text(Decimal(amount), "price").replace("\u00a0", " ") == text


@pytest.mark.parametrize(("currency", "amount"), [("EUR", "1.999"), ("JPY", "1.5"), ("KWD", "1.2345")])
def test_a_price_nobody_can_pay_is_refused(currency: str, amount: str) -> None:
    with pytest.raises(Refused, match="more decimals"):
        money_style("hr-HR", currency).price(Decimal(amount), "price")


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-0.01"])
def test_what_is_no_amount_is_refused(amount: str) -> None:
    with pytest.raises(Refused, match="not an amount"):
        money_style("hr-HR", "EUR").text(Decimal(amount), "price")


def test_an_unknown_locale_speaks_the_money_of_english_and_an_unknown_territory_that_of_its_language() -> None:
    assert money_style("xx-YY", "EUR").text(Decimal("1.5"), "price") == "€1.50"
    assert money_style("hr-XX", "EUR") == money_style("hr", "EUR")


def test_a_date_has_a_long_and_a_short_form() -> None:
    assert [text.replace("\u00a0", " ") for text in date_texts(date(2025, 7, 20), "hr-HR")] == [
        "20. 07. 2025.",
        "20. 07.",
    ]


def _letters(text: str) -> str:
    return "".join(text.split())
