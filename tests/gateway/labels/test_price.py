"""The number on the glass is the number that was sent: read back from the pixels by the boxes of its glyphs."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_protocol import PANELS
from gateway.labels import LabelProduct, LabelRequest, render
from gateway.labels.layout import lay_out
from gateway.labels.marks import Run
from gateway.labels.money import money_style
from gateway.labels.planes import paint
from gateway.labels.store import template

Make = Callable[..., LabelProduct]
Ask = Callable[..., LabelRequest]

SHOPS = [
    ("hr-HR", "EUR", 2),
    ("en-GB", "GBP", 2),
    ("de-CH", "CHF", 2),
    ("pl-PL", "PLN", 2),
    ("hu-HU", "HUF", 0),
    ("ja-JP", "JPY", 0),
    ("ar-KW", "KWD", 3),
    ("sv-SE", "SEK", 2),
]


def amount_of(text: str, point: str) -> Decimal:
    """A price as written, group signs (which differ from the decimal sign) left out."""
    digits = "".join(letter for letter in text if letter.isdigit() or letter == point)
    return Decimal(digits.replace(point, "."))


@given(
    st.sampled_from(sorted(PANELS)),
    st.sampled_from(SHOPS),
    st.sampled_from(["shelf", "minimal"]),
    st.booleans(),
    st.one_of(st.integers(1, 99_999), st.integers(1, 999_999_999)),
)
@settings(max_examples=120, deadline=None)
def test_the_digits_on_the_glass_are_the_digits_that_were_sent(
    product: Make, label: Ask, inks: Callable[..., Any], digit_reader: Any,
    panel: str, shop: tuple[str, str, int], template: str, offer: bool, units: int,
) -> None:  # fmt: skip
    locale, currency, places = shop
    price = Decimal(units).scaleb(-places)
    drawn = render(label(panel, product(price=price, offer=offer), template=template, locale=locale, currency=currency))
    read = prices_on(drawn.planes, panel, inks, digit_reader)
    if drawn.fallback is not None and drawn.fallback.level == "till":
        assert read == []
        assert "fits" in drawn.fallback.detail
    else:
        assert [amount_of(text, money_style(locale, currency).point) for text in read] == [price]


@pytest.mark.parametrize("panel", sorted(PANELS))
@pytest.mark.parametrize("template", ["shelf", "minimal"])
def test_every_price_a_till_can_take_stands_on_every_panel(
    panel: str, template: str, product: Make, label: Ask, inks: Callable[..., Any], digit_reader: Any
) -> None:
    for price in ("0.01", "9.99", "19.99", "99.99", "199.99", "1999.99", "99999.99", "9999999.99"):
        for offer in (False, True):
            drawn = render(label(panel, product(price=price, offer=offer), template=template))
            assert drawn.fallback is None
            (read,) = prices_on(drawn.planes, panel, inks, digit_reader)
            assert amount_of(read, ",") == Decimal(price)


@pytest.mark.parametrize("panel", ["4.2-bw", "4.2-bwry", "7.5-bwr"])
@pytest.mark.parametrize("count", [2, 3, 4, 5, 6])
def test_each_of_several_products_has_its_own_price(
    panel: str, count: int, product: Make, label: Ask, inks: Callable[..., Any], digit_reader: Any
) -> None:
    prices = ["0.49", "1234.99", "12.50", "999.99", "3.00", "70.07"][:count]
    drawn = render(label(panel, *(product(price=price) for price in prices)))
    read = prices_on(drawn.planes, panel, inks, digit_reader)
    assert [amount_of(text, ",") for text in read] == [Decimal(price) for price in prices]


def test_a_promotion_is_red_where_there_is_red_and_a_band_where_there_is_not(
    product: Make, label: Ask, inks: Callable[..., Any], digit_reader: Any
) -> None:
    for panel, ink in (("2.9-bw", 0), ("2.9-bwr", 1), ("2.9-bwry", 1)):
        pictures = inks(panel, render(label(panel, product(offer=True))).planes)
        assert digit_reader.prices(pictures[ink]) == ["3,99"]
    for panel, band in (("2.9-bw", 0), ("2.9-bwr", 1), ("2.9-bwry", 2)):
        top = inks(panel, render(label(panel, product(offer=True))).planes)[band][0]
        assert top.all()
        assert not inks(panel, render(label(panel, product())).planes)[band][0].any()


@pytest.mark.parametrize("panel", ["2.13-bwr", "2.9-bwr", "4.2-bwr", "7.5-bwr"])
@pytest.mark.parametrize("offer", [False, True])
@pytest.mark.parametrize("deposit", [None, Decimal("0.07")])
@pytest.mark.parametrize("price", ["8.88", "200.00", "88888.88", "8888888.88"])
def test_nothing_touches_the_price(
    panel: str, offer: bool, deposit: Decimal | None, price: str, product: Make, label: Ask, inks: Callable[..., Any]
) -> None:
    """Paint the price and the rest apart, for names of every length: paper stays between them on all sides."""
    for words in range(1, 14, 2):
        deep = product(name=" ".join(["ŽgjĄ"] * words), price=price, offer=offer, deposit=deposit)
        marks = lay_out(template("shelf"), PANELS[panel], label(panel, deep))
        of_price = [mark for mark in marks if isinstance(mark, Run) and mark.face.name == "roboto-condensed-bold"]
        rest = [mark for mark in marks if mark not in of_price]
        digits, others = (np.any(inks(panel, paint(PANELS[panel], part)), axis=0) for part in (of_price, rest))
        spread = np.pad(digits, 1)
        near = np.any([np.roll(spread, (down, across), (0, 1)) for down in (-1, 0, 1) for across in (-1, 0, 1)], axis=0)
        assert not (near[1:-1, 1:-1] & others).any()


def prices_on(planes: Sequence[bytes], panel: str, inks: Callable[..., Any], reader: Any) -> list[str]:
    """All prices in black and in red."""
    return [text for picture in inks(panel, planes)[:2] for text in reader.prices(picture)]
