"""Two real price lists, as shops publish them: each product drawn or refused with its reason, prices read back."""

import csv
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from firmware_protocol import PANELS
from gateway.labels import LabelProduct, LabelRequest, reference, render

DATA = Path(__file__).parents[4] / "shared" / "data"
LISTS = ["price-list-hypermarket-2025-07-03.csv", "price-list-supermarket-2025-07-03.csv"]


def rows(file: str, every: int) -> Iterator[LabelProduct]:
    path = DATA / file
    if not path.exists():
        pytest.skip(f"{path} is not here: the real price lists are not part of the project")
    with path.open(encoding="utf-8", newline="") as lines:
        for place, row in enumerate(csv.DictReader(lines)):
            if row["Barcode"] and place % every == 0:
                yield as_product(row)


def as_product(row: dict[str, str]) -> LabelProduct:
    amounts = {name: Decimal(row[name]) for name in row if name.endswith(("Price", "30")) and row[name]}
    special = amounts.get("SpecialPrice")
    return LabelProduct(
        barcode=row["Barcode"],
        name=row["Product"],
        price=special or amounts.get("Price"),
        old_price=amounts.get("Price") if special else None,
        on_offer=special is not None,
        valid_until=date(2025, 7, 9) if special else None,
        unit_price=amounts.get("UnitPrice") or None,
        unit=row["Unit"],
        pack_size=row["Quantity"],
        lowest_price_30_days=amounts.get("BestPrice30"),
        brand=row["Brand"],
    )


def ask(panel: str, product: LabelProduct) -> LabelRequest:
    return LabelRequest(panel, "shelf", "EUR", "hr-HR", (product,), "")


@pytest.mark.parametrize("file", LISTS)
@pytest.mark.parametrize("panel", ["2.13-bw", "2.9-bwr", "4.2-bwry", "7.5-bwr"])
def test_every_product_of_a_real_list_is_drawn_or_refused_with_a_reason(file: str, panel: str) -> None:
    check_list(file, panel, every=40)


@pytest.mark.long
@pytest.mark.parametrize("file", LISTS)
@pytest.mark.parametrize("panel", sorted(PANELS))
def test_all_products_of_both_lists_are_drawn_or_refused_with_a_reason_on_all_panels(file: str, panel: str) -> None:
    check_list(file, panel, every=1)


def check_list(file: str, panel: str, every: int) -> None:
    drawn = [(product, render(ask(panel, product)).fallback) for product in rows(file, every)]
    refused = [(product.barcode, fallback.detail) for product, fallback in drawn if fallback is not None]
    print(f"{file} on {panel}: {len(drawn)} products, {len(refused)} refused {refused[:5]}")
    assert len(refused) <= len(drawn) // 1000
    assert all(detail for _, detail in refused)


@pytest.mark.parametrize("file", LISTS)
@pytest.mark.parametrize("panel", ["2.13-bwr", "2.9-bwry"])
def test_the_prices_of_a_real_list_are_read_back_and_the_oracle_agrees(
    file: str, panel: str, inks: Callable[..., Any], digit_reader: Any
) -> None:
    for product in rows(file, every=800):
        request = ask(panel, product)
        drawn = render(request)
        assert drawn == reference.render(request)
        read = [text for ink in inks(panel, drawn.planes)[:2] for text in digit_reader.prices(ink)]
        assert [Decimal(text.replace(".", "").replace(",", ".")) for text in read] == [product.price]
