"""The ledger answers what was charged when, and what the lowest price of a time was."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection

from gateway.catalog import LedgerLine, SavedRow, ledger, lowest_price, price_at, remove_products

NOW = datetime(2025, 7, 3, 6, tzinfo=UTC)
DAY = timedelta(days=1)
Shop = Callable[[Callable[[Connection], Any]], Any]
Send = Callable[..., list[SavedRow]]


def lines(shop: Shop, product_id: int) -> list[LedgerLine]:
    found: list[LedgerLine] = shop(lambda connection: ledger(connection, "shop", product_id))
    return found


def lowest(shop: Shop, product_id: int, at: datetime, days: int = 30) -> Decimal | None:
    found: Decimal | None = shop(lambda connection: lowest_price(connection, "shop", product_id, days=days, at=at))
    return found


def test_each_change_of_a_price_is_a_line_with_old_new_source_time_and_session(shop: Shop, send: Send) -> None:
    (row,) = send({"barcode": "a", "name": "Milk", "price": "1.00", "stock": 3})
    send({"barcode": "a", "price": "1.20", "onSale": True, "name": "Oat milk"}, now=NOW + DAY, session_id="s-1")
    send({"barcode": "a", "price": "1.20", "stock": 5}, now=NOW + 2 * DAY)
    assert lines(shop, row.product_id) == [
        LedgerLine(1, "price", None, "1.00", "test", None, NOW),
        LedgerLine(2, "price", "1.00", "1.20", "test", "s-1", NOW + DAY),
        LedgerLine(2, "onSale", None, "true", "test", "s-1", NOW + DAY),
    ]


def test_a_removal_is_in_the_ledger(shop: Shop, send: Send) -> None:
    (row,) = send({"barcode": "a", "name": "Milk", "price": "1.00"})
    shop(lambda connection: remove_products(connection, "shop", ["a"], accepted_seq=9, now=NOW + DAY, source="delete"))
    last = lines(shop, row.product_id)[-1]
    assert (last.field, last.old, last.new, last.source) == ("price", "1.00", None, "delete")
    assert shop(lambda connection: price_at(connection, "shop", row.product_id, NOW + DAY)) is None


def test_what_was_charged_at_a_past_instant_has_an_answer(shop: Shop, send: Send) -> None:
    (row,) = send({"barcode": "a", "name": "Milk", "price": "2.00"})
    send({"barcode": "a", "salePrice": "1.50", "saleStart": "2025-07-05", "saleEnd": "2025-07-05"}, now=NOW + DAY)

    def selling(at: datetime) -> Decimal | None:
        price = shop(lambda connection: price_at(connection, "shop", row.product_id, at))
        return None if price is None else price.selling

    assert selling(NOW - DAY) is None
    assert selling(NOW) == Decimal("2.00")
    assert selling(NOW + 2 * DAY) == Decimal("1.50")
    assert selling(NOW + 3 * DAY) == Decimal("2.00")


def test_the_lowest_price_counts_sales_that_came_and_went_by_time_alone(shop: Shop, send: Send) -> None:
    sale = {"salePrice": "1.50", "saleStart": "2025-07-05", "saleEnd": "2025-07-06"}
    (row,) = send({"barcode": "a", "name": "Milk", "price": "2.00"} | sale)
    assert lowest(shop, row.product_id, NOW + DAY) == Decimal("2.00")
    assert lowest(shop, row.product_id, NOW + 10 * DAY) == Decimal("1.50")
    assert lowest(shop, row.product_id, NOW + 40 * DAY) == Decimal("2.00")


def test_the_lowest_price_leaves_out_the_reduction_that_starts_now(shop: Shop, send: Send) -> None:
    (row,) = send({"barcode": "a", "name": "Milk", "price": "2.00"})
    send({"barcode": "a", "price": "1.00"}, now=NOW + DAY)
    assert lowest(shop, row.product_id, NOW + DAY) == Decimal("2.00")
    assert lowest(shop, row.product_id, NOW + DAY + timedelta(milliseconds=1)) == Decimal("1.00")


def test_a_price_that_was_in_force_before_the_days_began_counts_only_if_it_reached_into_them(
    shop: Shop, send: Send
) -> None:
    (row,) = send({"barcode": "a", "name": "Milk", "price": "1.00"})
    send({"barcode": "a", "price": "2.00"}, now=NOW + 5 * DAY)
    assert lowest(shop, row.product_id, NOW + 34 * DAY) == Decimal("1.00")
    assert lowest(shop, row.product_id, NOW + 35 * DAY) == Decimal("2.00")


def test_without_a_price_of_that_time_there_is_no_lowest_price(shop: Shop, send: Send) -> None:
    (row,) = send({"barcode": "a", "name": "Milk", "price": "1.00"})
    assert lowest(shop, row.product_id, NOW) is None
    assert lowest(shop, 999, NOW) is None


def test_a_clock_that_once_ran_ahead_does_not_hide_what_came_after(shop: Shop, send: Send) -> None:
    (row,) = send({"barcode": "a", "name": "Milk", "price": "1.00"})
    send({"barcode": "a", "price": "2.00"}, now=NOW + 2_000 * DAY)
    send({"barcode": "a", "price": "3.00"}, now=NOW + DAY)
    price = shop(lambda connection: price_at(connection, "shop", row.product_id, NOW + 2 * DAY))
    assert price.selling == Decimal("3.00")
