"""Rows stand or fall one by one, in words that a shopkeeper understands; nothing that is sent can do harm."""

import json
from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.access import StoreSettings
from gateway.catalog import FIELDS, ParsedRow, ParsedRows, RowMode, decode_json, parse_rows

Parse = Callable[..., ParsedRows]
SETTINGS = StoreSettings("shop", "EUR", "Europe/Zagreb", "hr-HR", "hr", 1, False, None, True)


def codes(parsed: ParsedRows) -> list[tuple[int, str | None, str]]:
    return [(issue.index, issue.field, issue.code) for issue in parsed.errors]


def test_a_bad_row_takes_no_other_with_it(parse: Parse) -> None:
    parsed = parse(
        {"barcode": "a", "price": "x"}, {"barcode": "b", "price": "1.00"}, 5, None, [], "row", {"barcode": "c"}
    )
    assert [row.index for row in parsed.rows] == [1, 6]
    assert codes(parsed) == [(0, "price", "price_format")] + [(index, None, "not_an_object") for index in (2, 3, 4, 5)]
    assert parsed.rejected == 5


def test_every_error_of_a_row_is_said_at_once(parse: Parse) -> None:
    parsed = parse({"barcode": "a", "price": "1,29", "saleEnd": "soon", "onSale": "maybe"})
    assert codes(parsed) == [
        (0, "price", "price_format"),
        (0, "saleEnd", "date_format"),
        (0, "onSale", "boolean_format"),
    ]
    assert parsed.rejected == 1


@pytest.mark.parametrize("empty", [None, "", " ", "omitted"])
@pytest.mark.parametrize("field", ["name", "price"])
def test_add_wants_barcode_name_and_price_even_of_a_known_product(parse: Parse, field: str, empty: object) -> None:
    row = {"barcode": "a", "name": "Milk", "price": "1.00", field: empty}
    if empty == "omitted":
        del row[field]
    assert codes(parse(row, mode=RowMode.ADD)) == [(0, field, "required")]


@pytest.mark.parametrize("empty", [None, "", "omitted"])
def test_an_update_of_a_known_product_keeps_name_and_price_where_they_are_empty(parse: Parse, empty: object) -> None:
    row = {"barcode": "a", "name": empty, "price": empty, "stock": 3}
    if empty == "omitted":
        del row["name"], row["price"]
    assert dict(parse(row).rows[0].values.stored) == {"stock": "3"}


def test_an_update_of_an_unknown_product_wants_name_and_price(parse: Parse) -> None:
    parsed = parse({"barcode": "a", "price": "1.00"}, {"barcode": "b", "name": "x"}, {"barcode": "c"}, known=False)
    assert codes(parsed) == [
        (0, "name", "required"),
        (1, "price", "required"),
        (2, "name", "required"),
        (2, "price", "required"),
    ]
    assert parse({"barcode": "a", "name": "Milk", "price": "1.00"}, known=False).errors == []


def test_an_earlier_accepted_row_of_the_request_makes_its_barcode_known(parse: Parse) -> None:
    whole, short = {"barcode": "a", "name": "Milk", "price": "1.00"}, {"barcode": "a", "price": "2.00"}
    assert parse(whole, short, known=False).errors == []
    assert codes(parse(short, whole, known=False)) == [(0, "name", "required")]
    assert codes(parse(whole | {"price": "x"}, short, known=False))[-1] == (1, "name", "required")


@pytest.mark.parametrize("empty", ["null", '""', '"  "'])
def test_null_and_an_empty_text_clear_an_optional_field(empty: str) -> None:
    optional = [spec.name for spec in FIELDS if not spec.required]
    rows = decode_json('[{"barcode": "a", ' + ", ".join(f'"{name}": {empty}' for name in optional) + "}]")
    assert isinstance(rows, list)
    parsed = parse_rows(rows, settings=SETTINGS, field_map=None, mode=RowMode.UPDATE, is_known=lambda _: True)
    assert parsed.errors == []
    assert parsed.warnings == []
    assert dict(parsed.rows[0].values.stored) == dict.fromkeys(optional)


def test_an_omitted_field_is_not_named(parse: Parse) -> None:
    assert dict(parse({"barcode": "a"}).rows[0].values.stored) == {}


def test_on_sale_with_a_sale_price_of_zero_is_a_row_error(parse: Parse) -> None:
    assert codes(parse({"barcode": "a", "onSale": True, "salePrice": 0})) == [(0, "salePrice", "zero_sale_price")]
    assert codes(parse({"barcode": "a", "salePrice": "0.00", "onSale": "1"})) == [(0, "salePrice", "zero_sale_price")]
    assert parse({"barcode": "a", "onSale": False, "salePrice": 0}).errors == []
    assert parse({"barcode": "a", "salePrice": 0}).errors == []
    assert parse({"barcode": "a", "onSale": True, "salePrice": None}).errors == []


def test_what_was_said_of_a_value_is_said_again_of_the_next_row_that_has_it(parse: Parse) -> None:
    rows = [{"barcode": barcode, "onSale": True, "salePrice": "0", "saleEnd": "9999-12-31"} for barcode in "abc"]
    parsed = parse(*rows)
    assert codes(parsed) == [(index, "salePrice", "zero_sale_price") for index in range(3)]
    assert [issue.code for issue in parsed.warnings] == ["zero_as_unset", "date_as_unset"] * 3


def test_a_sale_price_that_is_no_reduction_is_warned_of(parse: Parse) -> None:
    for sale_price in ("1.00", "1.01"):
        parsed = parse({"barcode": "a", "price": "1.00", "salePrice": sale_price})
        assert [issue.code for issue in parsed.warnings] == ["sale_not_lower"]
    assert parse({"barcode": "a", "price": "1.00", "salePrice": "0.99"}).warnings == []


def test_a_sale_that_ends_before_it_starts_is_warned_of(parse: Parse) -> None:
    def warnings(start: str, end: str) -> list[str]:
        parsed = parse({"barcode": "a", "saleStart": start, "saleEnd": end})
        return [issue.code for issue in parsed.warnings]

    assert warnings("2025-07-03", "2025-07-02") == ["sale_window_empty"]
    assert warnings("2025-07-03", "2025-07-03") == []
    assert warnings("2025-07-03T08:00", "2025-07-03T08:00") == ["sale_window_empty"]


def test_a_barcode_that_comes_twice_is_warned_of_and_both_rows_are_kept_in_order(parse: Parse) -> None:
    parsed = parse({"barcode": "a", "price": "1.00"}, {"barcode": "b"}, {"barcode": " a ", "price": "2.00"})
    assert [row.barcode for row in parsed.rows] == ["a", "b", "a"]
    assert [(issue.index, issue.code) for issue in parsed.warnings] == [(2, "duplicate_barcode")]
    assert parsed.warnings == list(parsed.rows[2].warnings)


def test_a_key_that_stands_twice_in_a_row_is_a_row_error() -> None:
    rows = decode_json(b'[{"barcode": "a", "price": 1, "price": 2}, {"barcode": "b", "attributes": {"x": 1, "x": 2}}]')
    assert isinstance(rows, list)
    parsed = parse_rows(rows, settings=SETTINGS, field_map=None, mode=RowMode.UPDATE, is_known=lambda _: True)
    assert codes(parsed) == [(0, "price", "duplicate_key"), (1, "attributes", "duplicate_key")]


def test_unknown_fields_are_kept_as_attributes_with_a_warning(parse: Parse) -> None:
    parsed = parse(
        {"barcode": "a", "shelf": "12-B", "deep": {"x": [1, Decimal("1.50"), None]}, "attributes": {"own": True}}
    )
    assert parsed.errors == []
    assert [(issue.field, issue.code) for issue in parsed.warnings] == [
        ("shelf", "unknown_field"),
        ("deep", "unknown_field"),
    ]
    assert parsed.rows[0].values.attributes() == {"own": True, "shelf": "12-B", "deep": {"x": [1, "1.50", None]}}


@pytest.mark.parametrize("value", ["a\x00b", "\ud800", "x" * 1_001, {"\x00": 1}], ids=repr)
def test_an_unknown_field_that_cannot_be_kept_never_fails_its_row(parse: Parse, value: object) -> None:
    parsed = parse({"barcode": "a", "note": value})
    assert parsed.errors == []
    assert [issue.code for issue in parsed.warnings] == ["unknown_field", "attribute_not_kept"]
    assert dict(parsed.rows[0].values.stored) == {}


def test_thousands_of_unknown_fields_are_answered_in_one_sentence(parse: Parse) -> None:
    parsed = parse({"barcode": "a"} | {f"x{number}": 1 for number in range(5_000)})
    assert parsed.errors == []
    assert len(parsed.warnings) == 101


@pytest.mark.parametrize("value", [5, "x", [], {"a": "\x00"}, {"": 1}, {"x" * 65: 1}, {"a": "x" * 1_001}], ids=repr)
def test_attributes_that_were_sent_as_such_must_be_right(parse: Parse, value: object) -> None:
    assert [issue.field for issue in parse({"barcode": "a", "attributes": value}).errors] == ["attributes"]


def test_a_row_comes_back_from_staging_as_it_went(parse: Parse) -> None:
    (row,) = parse(
        {"barcode": "a", "price": "1.29", "saleEnd": "2025-07-03T06:00", "saleStart": "2025-07-01", "onSale": 1,
         "brand": None, "extraBarcodes": ["x"], "shelf": {"deep": [1, "ž"]}}
    ).rows  # fmt: skip
    (back,) = ParsedRow.many_from_json(ParsedRow.many_to_json([row]))
    assert (back.index, back.barcode) == (row.index, row.barcode)
    assert dict(back.values.stored) == dict(row.values.stored)
    assert dict(back.values) == dict(row.values)
    assert back.values["price"] == Decimal("1.29")


NAMES = st.sampled_from([spec.name for spec in FIELDS] + ["ean", "SALE_PRICE", "promo", "x"]) | st.text(max_size=8)
NUMBERS = (
    st.integers() | st.decimals(allow_nan=False, allow_infinity=False) | st.sampled_from(["2025-07-03", "1.29", "0"])
)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.lists(st.dictionaries(NAMES, VALUES, max_size=8) | VALUES, max_size=6), st.sampled_from(RowMode), st.booleans()
)
def test_whatever_is_sent_each_row_is_accepted_or_has_an_error_and_every_answer_can_be_written(
    rows: list[object], mode: RowMode, known: bool
) -> None:
    parsed = parse_rows(rows, settings=SETTINGS, field_map=None, mode=mode, is_known=lambda _: known)
    accepted, rejected = {row.index for row in parsed.rows}, {issue.index for issue in parsed.errors}
    assert accepted | rejected == set(range(len(rows)))
    assert not accepted & rejected
    for issue in parsed.errors + parsed.warnings:
        json.dumps([issue.barcode, issue.field, issue.code, issue.message, issue.hint], ensure_ascii=False).encode()
    staged = ParsedRow.many_from_json(ParsedRow.many_to_json(parsed.rows))
    assert [dict(row.values) for row in staged] == [dict(row.values) for row in parsed.rows]
    for row in parsed.rows:
        price, sent = row.values.decimal("price"), rows[row.index]
        if price is not None and isinstance(sent, dict):
            written = [sent[name] for name in sent if name.lower().replace("_", "").replace("-", "") == "price"]
            assert any(abs(Decimal(str(value)) - price) <= Decimal("1E-9") for value in written)
