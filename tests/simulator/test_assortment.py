"""The invented assortment: what a real shop could send, and the same each time."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from simulator.assortment import assortment, ean13

TODAY = date(2026, 3, 2)


def test_three_thousand_products_each_with_a_valid_barcode_of_its_own() -> None:
    rows = assortment(1, today=TODAY)
    barcodes = [str(row["barcode"]) for row in rows]
    assert len(rows) == len(set(barcodes)) == 3000
    assert all(len(barcode) == 13 and ean13(barcode[:12]) == barcode for barcode in barcodes)


def test_the_check_digit_is_that_of_the_standard() -> None:
    assert ean13("400638133393") == "4006381333931"
    assert ean13("385033404364") == "3850334043641"


def test_the_same_seed_gives_the_same_rows_and_another_seed_other_ones() -> None:
    assert assortment(1, today=TODAY, count=200) == assortment(1, today=TODAY, count=200)
    assert assortment(1, today=TODAY, count=200) != assortment(2, today=TODAY, count=200)


def test_names_come_in_many_languages_and_scripts() -> None:
    names = " ".join(f"{row['brand']} {row['name']}" for row in assortment(1, today=TODAY))
    assert set("čćšžäöüßàèéñłąężřőűåşğıÇλ") <= set(names)


def test_prices_are_exact_decimal_texts_of_a_plausible_size() -> None:
    rows = assortment(1, today=TODAY)
    prices = sorted(Decimal(str(row["price"])) for row in rows)
    assert prices[0] >= Decimal("0.09")
    assert Decimal("1") < prices[1500] < Decimal("6")
    assert prices[-1] < Decimal("60")
    assert all(price == price.quantize(Decimal("0.01")) for price in prices)
    assert sum(str(row["price"]).endswith("9") for row in rows) == 3000


def test_a_unit_price_is_the_price_over_the_pack() -> None:
    row = next(row for row in assortment(1, today=TODAY) if row["packSize"] == "250 g")
    assert abs(Decimal(str(row["unitPrice"])) - Decimal(str(row["price"])) * 4) <= Decimal("0.01")


def test_promotions_are_reductions_with_dates_around_today() -> None:
    promoted = [row for row in assortment(1, today=TODAY) if "salePrice" in row]
    assert 250 < len(promoted) < 500
    for row in promoted:
        assert Decimal(str(row["salePrice"])) < Decimal(str(row["price"]))
        start, end = date.fromisoformat(str(row["saleStart"])), date.fromisoformat(str(row["saleEnd"]))
        assert start < end
        assert abs(start - TODAY) <= timedelta(days=10)
    assert any(date.fromisoformat(str(row["saleStart"])) > TODAY for row in promoted)


def test_more_products_than_there_are_words_for_is_refused() -> None:
    with pytest.raises(ValueError, match="the words suffice"):
        assortment(1, today=TODAY, count=100_000)
