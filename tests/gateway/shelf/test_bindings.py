"""Which products a display shows."""

from typing import Any

import pytest

from gateway.shelf import (
    BindingRefused,
    DisplayUnknown,
    ProductUnknown,
    bind,
    bind_automatically,
    bindings_of,
    displays_bound_to,
    unbind,
)

STORE = "zagreb-1"


def rows(count: int) -> list[dict[str, object]]:
    return [{"barcode": f"SKU-{number}", "name": f"Product {number}", "price": "1.00"} for number in range(count)]


def test_a_product_is_bound_by_its_own_barcode_although_an_extra_one_was_scanned(shelf: Any) -> None:
    shelf.products({**rows(1)[0], "extraBarcodes": ["4006381333931"]})
    display = shelf.tag(1)
    made = shelf.do(lambda connection: bind(connection, STORE, display, ["4006381333931"]))
    assert made.barcodes == ("SKU-0",)
    assert shelf.do(lambda connection: bindings_of(connection, [display]))[display].barcodes == ("SKU-0",)


def test_several_products_keep_their_order(shelf: Any) -> None:
    shelf.products(*rows(3))
    display = shelf.tag(1, "7.5-bw")
    shelf.do(lambda connection: bind(connection, STORE, display, ["SKU-2", "SKU-0", "SKU-1"]))
    assert shelf.do(lambda connection: bindings_of(connection, [display]))[display].barcodes == (
        "SKU-2",
        "SKU-0",
        "SKU-1",
    )


def test_what_cannot_be_bound_is_named_and_changes_nothing(shelf: Any) -> None:
    shelf.products({"barcode": "0036000291452", "name": "Tissues", "price": "1.00"}, *rows(7))
    display = shelf.tag(1)
    with pytest.raises(DisplayUnknown, match=r"0000000000000009\.0"):
        shelf.do(lambda connection: bind(connection, STORE, "0000000000000009.0", ["SKU-0"]))
    with pytest.raises(ProductUnknown, match="did you mean"):
        shelf.do(lambda connection: bind(connection, STORE, display, ["036000291452"]))
    with pytest.raises(BindingRefused, match="1 to 6"):
        shelf.do(lambda connection: bind(connection, STORE, display, [f"SKU-{number}" for number in range(7)]))
    assert shelf.do(lambda connection: bindings_of(connection, [display])) == {}


def test_every_free_display_gets_the_next_product_that_no_display_shows(shelf: Any) -> None:
    shelf.products(*rows(3))
    first = shelf.tag(1, "2.9-bw", "2.9-bw")
    shelf.tag(2)
    shelf.do(lambda connection: bind(connection, STORE, first, ["SKU-1"]))
    made = shelf.do(lambda connection: bind_automatically(connection, STORE))
    assert [(one.display_id, one.barcodes) for one in made] == [
        ("0000000000000001.1", ("SKU-0",)),
        ("0000000000000002.0", ("SKU-2",)),
    ]
    assert shelf.do(lambda connection: bind_automatically(connection, STORE)) == []


def test_unbinding_twice_is_told_apart_and_frees_the_product(shelf: Any) -> None:
    shelf.products(*rows(1))
    display = shelf.tag(1)
    shelf.do(lambda connection: bind(connection, STORE, display, ["SKU-0"]))
    assert shelf.do(lambda connection: displays_bound_to(connection, [1])) == [display]
    assert shelf.do(lambda connection: unbind(connection, STORE, display)) is True
    assert shelf.do(lambda connection: unbind(connection, STORE, display)) is False
    assert shelf.do(lambda connection: displays_bound_to(connection, [1])) == []
