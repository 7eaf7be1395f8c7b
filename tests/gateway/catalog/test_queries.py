"""Products are found as a shop looks for them, and answered under the API's own names."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection

from gateway.catalog import (
    Product,
    SavedRow,
    find_product,
    list_products,
    live_products,
    product_to_json,
    products_by_id,
    remove_products,
)

NOW = datetime(2025, 7, 3, 6, tzinfo=UTC)
Shop = Callable[[Callable[[Connection], Any]], Any]
Send = Callable[..., list[SavedRow]]


def barcodes(shop: Shop, **page: Any) -> list[str]:
    found: list[Product] = shop(lambda connection: list_products(connection, "shop", **page))
    return [product.barcode for product in found]


def found(shop: Shop, code: str) -> str | None:
    product = shop(lambda connection: find_product(connection, "shop", code))
    return None if product is None else str(product.barcode)


def remove(shop: Shop, *codes: str) -> None:
    shop(lambda connection: remove_products(connection, "shop", codes, accepted_seq=99, now=NOW, source="test"))


def test_a_product_whose_own_barcode_it_is_goes_before_one_that_has_it_as_an_extra(shop: Shop, send: Send) -> None:
    send(
        {"barcode": "a", "name": "A", "price": "1", "extraBarcodes": ["b", "x"]},
        {"barcode": "b", "name": "B", "price": "1"},
    )
    assert [found(shop, code) for code in ("b", "x", "y")] == ["b", "a", None]
    remove(shop, "b")
    assert found(shop, "b") == "a"
    send({"barcode": "a", "extraBarcodes": ["y"]})
    assert [found(shop, code) for code in ("x", "y")] == [None, "a"]
    remove(shop, "a")
    assert found(shop, "y") is None


def test_pages_go_on_behind_the_last_barcode(shop: Shop, send: Send) -> None:
    send(*({"barcode": f"{number:03}", "name": "N", "price": "1"} for number in range(5)))
    remove(shop, "003")
    assert barcodes(shop, limit=2) == ["000", "001"]
    assert barcodes(shop, limit=2, after="001") == ["002", "004"]
    assert barcodes(shop, after="004") == []
    assert list(shop(lambda connection: live_products(connection, "shop"))) == ["000", "001", "002", "004"]


@pytest.mark.parametrize(
    ("search", "wanted"),
    [
        ("šećer", ["1"]),
        ("ŠEĆ", ["1"]),
        ("milk", ["2ab"]),
        ("2A", ["2ab"]),
        ("%", []),
        ("_", []),
        ("100", ["1"]),
        ("", ["1", "2ab"]),
    ],
)
def test_search_finds_parts_of_names_and_barcodes_in_any_case(
    shop: Shop, send: Send, search: str, wanted: list[str]
) -> None:
    send({"barcode": "1", "name": "Šećer 100 g", "price": "1"}, {"barcode": "2ab", "name": "Milk", "price": "1"})
    assert barcodes(shop, search=search) == wanted


def test_a_removed_product_is_still_there_by_its_id_and_says_so(shop: Shop, send: Send) -> None:
    (row,) = send({"barcode": "a", "name": "A", "price": "1"})
    remove(shop, "a")
    product = shop(lambda connection: products_by_id(connection, [row.product_id, 77]))[row.product_id]
    assert product.removed
    assert len(product.fields) == 0
    assert product.version == row.version + 1


def test_a_product_is_answered_under_the_apis_names_with_prices_as_decimal_strings(shop: Shop, send: Send) -> None:
    send(
        {"ean": "a", "title": "Milk", "PRICE": "1.5", "sale_end": "2025-07-09", "stock": 4, "onSale": 1,
         "currency": "eur", "extraBarcodes": ["x"], "shelf": "12", "brand": None}
    )  # fmt: skip
    assert product_to_json(shop(lambda connection: find_product(connection, "shop", "a"))) == {
        "barcode": "a",
        "name": "Milk",
        "price": "1.50",
        "currency": "EUR",
        "onSale": True,
        "saleEnd": "2025-07-09",
        "stock": "4",
        "extraBarcodes": ["x"],
        "attributes": {"shelf": "12"},
    }
