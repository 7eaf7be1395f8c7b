"""What is drawn when the wanted label cannot be: never a number that is wrong, cut or too small."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from gateway.labels import Fallback, LabelProduct, LabelRequest, render

Make = Callable[..., LabelProduct]
Ask = Callable[..., LabelRequest]


def test_a_letter_no_font_has_leaves_the_price_alone_and_names_letter_and_field(product: Make, label: Ask) -> None:
    drawn = render(label("2.9-bwr", product(name="Rice 漢")))
    assert drawn.fallback == Fallback(
        "minimal", "label_refused", "name: U+6F22 漢 is of a script this release cannot set"
    )
    assert drawn.planes == render(label("2.9-bwr", product(), template="minimal")).planes


@pytest.mark.parametrize(
    ("name", "says"),
    [("שלום", "U+05E9"), ("مرحبا", "U+0645"), ("ไทย", "U+0E44"), ("x\u0301\u0302", "U+0301")],
)
def test_a_script_that_needs_shaping_is_refused_and_not_drawn_wrongly(
    name: str, says: str, product: Make, label: Ask
) -> None:
    fallback = render(label("4.2-bw", product(name=name))).fallback
    assert fallback is not None
    assert fallback.level == "minimal"
    assert says in fallback.detail


@pytest.mark.parametrize("price", [None, Decimal("1.999"), Decimal("-1"), Decimal("NaN"), Decimal("1E+30")])
def test_a_price_that_cannot_be_shown_whole_sends_the_customer_to_the_till(
    price: Decimal | None, product: Make, label: Ask
) -> None:
    drawn = render(label("2.13-bw", product(price=price)))
    assert drawn.fallback is not None
    assert (drawn.fallback.level, drawn.fallback.reason) == ("till", "label_refused")
    assert drawn.fallback.detail.startswith("price: ")
    assert drawn.planes == render(label("2.13-bw", template="till")).planes


def test_trailing_zeros_are_no_digits(product: Make, label: Ask) -> None:
    assert render(label("2.9-bw", product(price="1.2900"))) == render(label("2.9-bw", product(price="1.29")))


def test_a_price_of_zero_that_the_store_does_not_allow_is_never_drawn(product: Make, label: Ask) -> None:
    drawn = render(label("2.9-bw", product(price=Decimal(0), zero_price=True)))
    assert drawn.fallback is not None
    assert (drawn.fallback.level, drawn.fallback.reason) == ("till", "zero_price")


def test_one_free_product_of_several_sends_the_whole_display_to_the_till(product: Make, label: Ask) -> None:
    drawn = render(label("7.5-bw", product(), product(price=Decimal(0), zero_price=True)))
    assert drawn.fallback is not None
    assert drawn.fallback.reason == "zero_price"


def test_a_price_of_zero_that_the_store_allows_is_drawn(product: Make, label: Ask) -> None:
    assert render(label("2.9-bw", product(price=Decimal(0)))).fallback is None


@pytest.mark.parametrize(("panel", "count"), [("2.13-bw", 2), ("2.9-bwr", 2), ("4.2-bw", 7), ("7.5-bwry", 7)])
def test_products_that_do_not_fit_a_panel_send_the_customer_to_the_till(
    panel: str, count: int, product: Make, label: Ask
) -> None:
    drawn = render(label(panel, *[product()] * count))
    assert drawn.fallback is not None
    assert (drawn.fallback.level, drawn.fallback.reason) == ("till", "label_refused")
    assert f"{count} products" in drawn.fallback.detail


@pytest.mark.parametrize("panel", ["4.2-bw", "7.5-bwry"])
@pytest.mark.parametrize("count", [2, 3, 4, 5, 6])
def test_up_to_six_products_stand_on_the_large_panels(panel: str, count: int, product: Make, label: Ask) -> None:
    both = [product(), product(offer=True, deposit=Decimal("0.07"))]
    assert render(label(panel, *(both * 3)[:count])).fallback is None


def test_an_unknown_template_or_currency_is_said_and_not_raised(product: Make, label: Ask) -> None:
    unknown_template = render(label("2.9-bw", product(), template="x")).fallback
    unknown_currency = render(label("2.9-bw", product(), currency="ZZZ")).fallback
    assert unknown_template == Fallback("minimal", "label_refused", "template: none is called 'x'")
    assert unknown_currency == Fallback("till", "label_refused", "currency: 'ZZZ' is not a currency")


def test_the_till_and_the_unbound_picture_need_no_product(label: Ask) -> None:
    assert render(label("2.9-bw", template="till")).fallback is None
    assert render(label("2.9-bw", template="unbound")).fallback is None


def test_a_display_that_shows_the_till_by_choice_reports_no_fallback(product: Make, label: Ask) -> None:
    assert render(label("2.9-bw", product(price=None), template="till")).fallback is None
