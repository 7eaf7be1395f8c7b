"""What is saved is what was accepted last, with a version, and a word about what the shop may not expect."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, select

from gateway.access import add_store
from gateway.catalog import (
    ParsedRow,
    Product,
    ProductFields,
    RemovedRows,
    SavedRow,
    known_barcodes,
    products_by_barcode,
    products_by_id,
    remove_products,
    save_rows,
    tables,
)
from gateway.database import metadata

NOW = datetime(2025, 7, 3, 6, tzinfo=UTC)
Shop = Callable[[Callable[[Connection], Any]], Any]
Send = Callable[..., list[SavedRow]]


def product(shop: Shop, barcode: str) -> Product:
    found: dict[str, Product] = shop(lambda connection: products_by_barcode(connection, "shop", [barcode]))
    return found[barcode]


def remove(shop: Shop, seq: int, *barcodes: str) -> RemovedRows:
    def work(connection: Connection) -> RemovedRows:
        return remove_products(connection, "shop", barcodes, accepted_seq=seq, now=NOW, source="test")

    removed: RemovedRows = shop(work)
    return removed


def test_a_new_product_is_created_and_an_equal_row_changes_nothing(shop: Shop, send: Send) -> None:
    row = {"barcode": "a", "name": "Milk", "price": "1.29"}
    (created,) = send(row)
    assert created.outcome == "created"
    (again,) = send(row | {"price": "1.2900"})
    assert (again.outcome, again.version, again.product_id) == ("unchanged", created.version, created.product_id)
    assert product(shop, "a").version == created.version


def test_every_save_that_changes_a_product_gives_it_a_higher_version_of_its_store(send: Send) -> None:
    first = send({"barcode": "a", "name": "A", "price": "1"}, {"barcode": "b", "name": "B", "price": "1"})
    second = send({"barcode": "a", "price": "2"}, {"barcode": "b", "price": "1"})
    third = send({"barcode": "b", "stock": 4})
    assert [row.version for row in first] == [1, 2]
    assert [(row.outcome, row.version) for row in second] == [("updated", 3), ("unchanged", 2)]
    assert [row.version for row in third] == [4]


def test_omitted_fields_are_kept_and_null_clears(shop: Shop, send: Send) -> None:
    send({"barcode": "a", "name": "Milk", "price": "1.29", "brand": "B", "stock": 4, "shelf": "12"})
    send({"barcode": "a", "price": "1.39", "brand": None, "bay": 3})
    fields = product(shop, "a").fields
    assert dict(fields.stored) == {
        "name": "Milk", "price": "1.39", "stock": "4", "attributes.shelf": "12", "attributes.bay": 3
    }  # fmt: skip


def test_a_row_accepted_earlier_but_saved_later_never_brings_an_old_price_back(shop: Shop, send: Send) -> None:
    send({"barcode": "a", "name": "Milk", "price": "1.00"}, seq=10)
    send({"barcode": "a", "price": "3.00"}, seq=30)
    (late,) = send({"barcode": "a", "price": "2.00"}, seq=20)
    assert (late.outcome, product(shop, "a").fields.text("price")) == ("superseded", "3.00")
    (partly,) = send({"barcode": "a", "price": "2.00", "stock": 1}, seq=25)
    assert partly.outcome == "updated"
    assert dict(product(shop, "a").fields.stored) == {"name": "Milk", "price": "3.00", "stock": "1"}


def test_an_equal_price_accepted_later_still_holds_against_a_late_row(shop: Shop, send: Send) -> None:
    send({"barcode": "a", "name": "Milk", "price": "1.00"}, seq=10)
    (again,) = send({"barcode": "a", "price": "1.00"}, seq=30)
    (late,) = send({"barcode": "a", "price": "2.00"}, seq=20)
    assert (again.outcome, late.outcome) == ("unchanged", "superseded")
    assert product(shop, "a").fields.text("price") == "1.00"


def test_of_two_rows_with_one_barcode_in_a_request_the_last_wins(shop: Shop, send: Send) -> None:
    first, second = send({"barcode": "a", "name": "Milk", "price": "1.00"}, {"barcode": "a", "price": "2.00"})
    assert (first.outcome, second.outcome, first.version) == ("created", "updated", second.version)
    assert product(shop, "a").fields.text("price") == "2.00"


def test_a_full_session_clears_what_its_rows_leave_out(shop: Shop, send: Send) -> None:
    send({"barcode": "a", "name": "Milk", "price": "1.00", "salePrice": "0.80", "brand": "B", "extraBarcodes": ["x"]})
    send({"barcode": "a", "stock": 2}, full=True)
    assert dict(product(shop, "a").fields.stored) == {"name": "Milk", "price": "1.00", "stock": "2"}


def test_a_new_price_under_a_sale_in_force_keeps_the_sale_and_says_so(send: Send) -> None:
    send({"barcode": "a", "name": "Milk", "price": "2.00", "salePrice": "1.50", "saleEnd": "2025-07-09"})

    def warnings(row: dict[str, object], now: datetime = NOW) -> list[str]:
        return [issue.code for issue in send({"barcode": "a"} | row, now=now)[0].warnings]

    assert warnings({"price": "2.10"}) == ["sale_kept"]
    assert warnings({"price": "2.10"}) == []
    assert warnings({"price": "2.20", "saleEnd": "2025-07-09"}) == []
    assert warnings({"price": "1.40"}) == ["sale_kept", "sale_not_lower"]
    assert warnings({"price": "2.30"}, now=NOW + timedelta(days=30)) == []
    assert warnings({"price": "2.40", "salePrice": None}) == []
    assert warnings({"price": "2.50"}) == []


def test_a_removed_product_is_unknown_and_comes_back_new(shop: Shop, send: Send) -> None:
    (created,) = send({"barcode": "a", "name": "Milk", "price": "1.00", "salePrice": "0.80"}, seq=1)
    removed = shop(
        lambda connection: remove_products(connection, "shop", ["a", "b", "a"], accepted_seq=2, now=NOW, source="test")
    )
    assert (removed.removed, removed.unknown, removed.product_ids) == (("a",), ("b",), (created.product_id,))
    assert shop(lambda connection: known_barcodes(connection, "shop", ["a"])) == set()
    (back,) = send({"barcode": "a", "name": "Milk", "price": "1.10"}, seq=3)
    assert (back.outcome, back.product_id) == ("created", created.product_id)
    assert back.version > created.version + 1
    assert dict(product(shop, "a").fields.stored) == {"name": "Milk", "price": "1.10"}


def test_a_removal_that_a_newer_row_has_overtaken_removes_nothing_new(shop: Shop, send: Send) -> None:
    send({"barcode": "a", "name": "Milk", "price": "1.00", "brand": "B"}, seq=1)
    send({"barcode": "a", "name": "Milk", "price": "1.20"}, seq=5)
    removed = shop(
        lambda connection: remove_products(connection, "shop", ["a"], accepted_seq=3, now=NOW, source="test")
    )
    assert (removed.removed, removed.superseded) == ((), ("a",))
    assert dict(product(shop, "a").fields.stored) == {"name": "Milk", "price": "1.20"}


def test_a_removal_that_changed_nothing_still_holds_against_rows_accepted_before_it(shop: Shop, send: Send) -> None:
    send({"barcode": "a", "name": "Milk", "price": "1.00"}, seq=5)
    shop(lambda connection: remove_products(connection, "shop", ["a"], accepted_seq=3, now=NOW, source="test"))
    (late,) = send({"barcode": "a", "stock": 9}, seq=2)
    assert late.outcome == "superseded"
    assert dict(product(shop, "a").fields.stored) == {"name": "Milk", "price": "1.00"}


def test_a_removal_holds_against_rows_accepted_before_it_and_saved_after(shop: Shop, send: Send) -> None:
    send({"barcode": "gone", "name": "Milk", "price": "1.00"}, seq=1)
    (early,) = remove(shop, 2, "gone").product_ids
    again = remove(shop, 5, "gone", "never")
    assert (again.removed, again.unknown, again.product_ids) == ((), ("gone", "never"), ())
    late = send(
        {"barcode": "gone", "name": "Milk", "price": "7.77"},
        {"barcode": "never", "name": "New", "price": "8.88"},
        seq=3,
    )
    assert [row.outcome for row in late] == ["superseded", "superseded"]
    assert shop(lambda connection: known_barcodes(connection, "shop", ["gone", "never"])) == set()
    back = send(
        {"barcode": "gone", "name": "Milk", "price": "1.10"},
        {"barcode": "never", "name": "New", "price": "2.00"},
        seq=6,
    )
    assert [row.outcome for row in back] == ["created", "created"]
    assert back[0].product_id == early
    assert dict(product(shop, "never").fields.stored) == {"name": "New", "price": "2.00"}


def test_a_repeated_removal_gives_what_is_gone_no_new_version(shop: Shop, send: Send) -> None:
    send({"barcode": "a", "name": "Milk", "price": "1.00"}, seq=1)
    (gone,) = remove(shop, 2, "a").product_ids
    version = shop(lambda connection: products_by_id(connection, [gone]))[gone].version
    remove(shop, 3, "a")
    assert shop(lambda connection: products_by_id(connection, [gone]))[gone].version == version


def test_stores_never_touch_each_other(shop: Shop, send: Send) -> None:
    shop(lambda connection: add_store(connection, "other", now=NOW))
    send({"barcode": "a", "name": "Milk", "price": "1.00"})
    row = ParsedRow(0, "a", ProductFields({"name": "Butter", "price": "9.00"}))
    (saved,) = shop(
        lambda connection: save_rows(connection, "other", [(1, row)], now=NOW, source="test", session_id=None)
    )
    assert (saved.outcome, saved.version) == ("created", 1)
    assert product(shop, "a").fields.text("price") == "1.00"


Said = tuple[int, str, ParsedRow | None]  # number, barcode, the row; None removes the product

HISTORIES = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        st.one_of(
            st.none(),
            st.fixed_dictionaries(
                {"price": st.sampled_from(["1.00", "2.00", "3.00"])},
                optional={"name": st.sampled_from(["A", "B"]), "salePrice": st.sampled_from(["0.50", None])},
            ),
        ),
    ),
    min_size=1,
    max_size=8,
).map(
    lambda acts: [
        (seq, barcode, None if values is None else ParsedRow(seq, barcode, ProductFields({"name": "N", **values})))
        for seq, (barcode, values) in enumerate(acts, start=1)
    ]
)


def carried_out(groups: list[list[Said]]) -> list[tuple[object, ...]]:
    """The products there are after it: the rows of a group in one request, then its removals, each in its own."""
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        metadata.create_all(connection)
        add_store(connection, "shop", now=NOW)
        for group in groups:
            rows = [(seq, row) for seq, _, row in group if row is not None]
            save_rows(connection, "shop", rows, now=NOW, source="test", session_id=None)
            for seq, barcode, row in group:
                if row is None:
                    remove_products(connection, "shop", [barcode], accepted_seq=seq, now=NOW, source="test")
        column = tables.product.c
        query = select(column.barcode, column.fields, column.removed_at).order_by(column.barcode)
        products: list[tuple[object, ...]] = [
            (barcode, json.loads(fields), gone) for barcode, fields, gone in connection.execute(query)
        ]
    engine.dispose()
    return products


@hypothesis_settings(max_examples=60, deadline=None)
@given(st.data(), HISTORIES)
def test_rows_and_removals_in_any_order_and_grouping_twice_or_after_a_crash_give_one_result(
    data: st.DataObject, history: list[Said]
) -> None:
    """Removals of what is not there yet, and of what is gone already, among them."""
    shuffled = data.draw(st.permutations(history + data.draw(st.lists(st.sampled_from(history), max_size=3))))
    cut = data.draw(st.integers(0, len(shuffled)))
    assert carried_out([shuffled[:cut], shuffled[cut:]]) == carried_out([[said] for said in history])
