"""Each field takes what a POS may reasonably send, and refuses the rest in a clear word; no price ever changes."""

import json
from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.access import StoreSettings
from gateway.catalog import ParsedRows, RowMode, decode_json, parse_rows

Parse = Callable[..., ParsedRows]
SETTINGS = StoreSettings("shop", "EUR", "Europe/Zagreb", "hr-HR", "hr", 1, False, None, True)


def read(field: str, written: str, store: StoreSettings = SETTINGS) -> tuple[object, list[str], list[str]]:
    """(stored value, warnings, errors) of a row with that field written as that JSON."""
    rows = decode_json(f'[{{"barcode": "a", "{field}": {written}}}]')
    assert isinstance(rows, list)
    parsed = parse_rows(rows, settings=store, field_map=None, mode=RowMode.UPDATE, is_known=lambda _: True)
    value = parsed.rows[0].values.stored.get(field) if parsed.rows else None
    return value, [issue.code for issue in parsed.warnings], [issue.code for issue in parsed.errors]


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("1.29", "1.29"), ('"1.29"', "1.29"), ('"1.2900"', "1.29"), ("1.2900", "1.29"), ("1", "1.00"), ('"1"', "1.00"),
        ("0", "0.00"), ("-0", "0.00"), ("-0.0", "0.00"), ('"0.00"', "0.00"), ("129e-2", "1.29"), ("1E+2", "100.00"),
        ('" 1.29 "', "1.29"), ('"007.5"', "7.50"), ("9999999.99", "9999999.99"),
    ],
)  # fmt: skip
def test_a_price_is_the_exact_decimal_that_was_written(written: str, stored: str) -> None:
    assert read("price", written) == (stored, [], [])


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("1.2899999999999998", "1.29"), ("0.30000000000000004", "0.30"), ("19.990000000000002", "19.99"),
        ("9999999.9899999993", "9999999.99"), ("1.290000000000001", "1.29"), ("-1.00000000000000001e-17", "0.00"),
    ],
)  # fmt: skip
def test_a_printed_float_is_the_price_it_means(written: str, stored: str) -> None:
    assert read("price", written) == (stored, ["float_noise"], [])


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ('"1,29"', "price_format"), ('"1.299,00"', "price_format"), ('"€ 1.29"', "price_format"),
        ('"1.29 EUR"', "price_format"), ('"NaN"', "price_format"), ('"Infinity"', "price_format"),
        ('"1e2"', "price_format"), ('"+1"', "price_format"), ('"1 299"', "price_format"), ('"٣"', "price_format"),
        ('".5"', "price_format"), ("true", "price_format"), ("[1]", "price_format"), ('{"amount": 1}', "price_format"),
        ('"-1.29"', "price_format"), ("-1.29", "price_negative"), ("-0.01", "price_negative"),
        ("1.299", "price_digits"), ('"1.299"', "price_digits"), ('"1.2899999999999998"', "price_digits"),
        ("1.28999999", "price_digits"), ("1.2899990000000001", "price_digits"), ("0.001", "price_digits"),
        ("10000000", "price_too_large"), ('"10000000.00"', "price_too_large"), ("1e400", "price_too_large"),
        ("9999999.99999999999", "price_too_large"), ("1e99999999999999999999", "price_format"),
        ("9" * 5_000, "price_format"), ("1e-400", "price_digits"),
    ],
)  # fmt: skip
def test_any_other_price_is_a_row_error_never_a_guess(written: str, code: str) -> None:
    assert read("price", written) == (None, [], [code])


def test_the_hint_of_a_price_says_the_form_wanted(parse: Parse) -> None:
    (issue,) = parse({"barcode": "a", "price": "1,29"}).errors
    assert (issue.index, issue.barcode, issue.field) == (0, "a", "price")
    assert "“1,29” is not a price" in issue.message
    assert "such as 1.29" in (issue.hint or "")


@pytest.mark.parametrize(("currency", "good", "bad"), [("JPY", "129", "1.5"), ("KWD", "1.295", "1.2955")])
def test_a_price_has_at_most_the_digits_of_its_currency(currency: str, good: str, bad: str) -> None:
    store = StoreSettings("shop", currency, "Asia/Tokyo", "ja-JP", "none", 1, False, None, True)
    assert read("price", good, store) == (good, [], [])
    assert read("price", bad, store)[2] == ["price_digits"]


@given(
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-10, max_value=10_000_100, places=4).map(str)
    | st.floats(allow_nan=False, allow_infinity=False).map(repr)
    | st.integers().map(str)
    | st.from_regex(r"-?(0|[1-9][0-9]{0,8})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?", fullmatch=True),
    st.booleans(),
)
def test_a_price_that_is_accepted_equals_the_decimal_that_was_written(written: str, quoted: bool) -> None:
    stored, warnings, errors = read("price", json.dumps(written) if quoted else written)
    exact = Decimal(written)
    if errors:
        assert stored is None
        fits = 0 <= exact < 10_000_000 and exact * 100 % 1 == 0 if abs(exact) < 10**9 else False
        assert quoted or not fits, "a price in its proper form was refused"
    elif warnings:
        assert warnings == ["float_noise"]
        assert not quoted
        assert abs(Decimal(str(stored)) - exact) <= Decimal("1E-9")
        assert len(exact.as_tuple().digits) >= 15
    else:
        assert Decimal(str(stored)) == exact


@pytest.mark.parametrize(
    "field", ["salePrice", "loyaltyPrice", "unitPrice", "anchorPrice", "lowestPrice30Days", "deposit"]
)
@pytest.mark.parametrize("written", ["0", '"0.00"', "0.0"])
def test_zero_in_an_optional_price_means_not_set(field: str, written: str) -> None:
    assert read(field, written) == (None, ["zero_as_unset"], [])


@pytest.mark.parametrize("written", ['"0001-01-01T00:00:00"', '"9999-12-31"', '"1970-01-01"', '"0000-00-00"'])
@pytest.mark.parametrize("field", ["saleStart", "saleEnd", "anchorDate"])
def test_a_placeholder_date_means_not_set(field: str, written: str) -> None:
    assert read(field, written) == (None, ["date_as_unset"], [])


@pytest.mark.parametrize("written", ['"03.07.2025"', "1751500800", "true", "[]", '"2025-02-30"'])
def test_a_date_in_another_form_is_a_row_error(written: str) -> None:
    assert read("saleStart", written) == (None, [], ["date_format"])


def test_an_anchor_date_is_a_day_of_the_store() -> None:
    assert read("anchorDate", '"2025-05-01T23:30:00Z"') == ("2025-05-02", [], [])


@pytest.mark.parametrize(
    ("written", "stored"),
    [("true", True), ("false", False), ("1", True), ("0", False), ('"true"', True), ('"False"', False), ('"1"', True),
     ('"0"', False), ('" TRUE "', True), ('""', None), ("null", None)],
)  # fmt: skip
def test_a_flag_takes_every_usual_form_of_yes_and_no(written: str, stored: object) -> None:
    assert read("onSale", written) == (stored, [], [])


@pytest.mark.parametrize("written", ["2", '"yes"', '"on"', "[]", "-1", "0.5"])
def test_a_flag_in_another_form_is_a_row_error(written: str) -> None:
    assert read("nearExpiry", written)[2] == ["boolean_format"]


@pytest.mark.parametrize(
    ("written", "stored"),
    [("24", "24"), ("-3", "-3"), ('"0.350"', "0.35"), ("1000", "1000"), ("0", "0"), ('"+5"', "5"),
     ("0.000001", "0.000001")],
)  # fmt: skip
def test_stock_is_kept_as_written(written: str, stored: str) -> None:
    assert read("stock", written) == (stored, [], [])


@pytest.mark.parametrize("written", ["true", '"24 pcs"', "1e12", "0.1234567", '"1,5"', "{}"])
def test_stock_in_another_form_is_a_row_error(written: str) -> None:
    assert read("stock", written)[2] == ["number_format"]


@pytest.mark.parametrize(
    "written", ['"a\\u0000b"', '"a\\nb"', '"a\\tb"', '"\\u007f"', '"\\u0085x"', '"a\\ud800b"', '"\\udc00"']
)
@pytest.mark.parametrize("field", ["name", "brand", "description"])
def test_control_characters_and_halves_of_characters_are_row_errors(field: str, written: str) -> None:
    assert read(field, written) == (None, [], ["forbidden_character"])


def test_blanks_and_tabs_around_a_text_are_cut_off() -> None:
    assert read("name", '" RAJČICA ŠLJIVAR 1 kg\\t"') == ("RAJČICA ŠLJIVAR 1 kg", [], [])


def test_letters_of_every_script_are_kept() -> None:
    name = "Ђорђе عصير 果汁 👩‍🌾 e\u0301\u00a0\u200d"
    assert read("name", json.dumps(name)) == (name, [], [])


def test_a_number_in_a_text_field_is_taken_as_its_digits_with_a_warning() -> None:
    assert read("sku", "104471") == ("104471", ["number_as_text"], [])
    assert read("packSize", "0.50") == ("0.50", ["number_as_text"], [])


@pytest.mark.parametrize("written", ["true", "[]", '["x"]', '{"x": 1}'])
def test_a_text_field_takes_nothing_else(written: str) -> None:
    assert read("brand", written)[2] == ["text_wanted"]


def test_a_text_that_is_too_long_is_a_row_error() -> None:
    assert read("name", json.dumps("x" * 250))[2] == []
    assert read("name", json.dumps("x" * 251))[2] == ["too_long"]


@pytest.mark.parametrize("written", ['"EUR"', '"eur"', '" EUR"'])
def test_the_stores_own_currency_is_taken(written: str) -> None:
    assert read("currency", written) == ("EUR", [], [])


@pytest.mark.parametrize("written", ['"HRK"', "978", '"€"', "true"])
def test_another_currency_is_a_row_error(written: str) -> None:
    assert read("currency", written)[2] == ["currency_mismatch"]


def test_extra_barcodes_are_a_list_of_codes_each_once() -> None:
    assert read("extraBarcodes", '["4006381333931", "x", "x", null, ""]') == (["4006381333931", "x"], [], [])
    assert read("extraBarcodes", '"x"') == (["x"], [], [])
    assert read("extraBarcodes", "[]") == (None, [], [])
    assert read("extraBarcodes", '["x", true]')[2] == ["barcode_format"]
    assert read("extraBarcodes", json.dumps([str(code) for code in range(101)]))[2] == ["too_many"]
