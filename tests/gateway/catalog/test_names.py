"""Names mean one field each; what sounds like a price and is none is never lost in silence."""

from collections.abc import Callable

import pytest

from gateway.catalog import FIELDS, FieldMapInvalid, ParsedRows, RowMode, check_field_map

Parse = Callable[..., ParsedRows]


@pytest.mark.parametrize("name", ["salePrice", "saleprice", "SALE_PRICE", "sale-price", "Sale_Price", "_sale__price_"])
def test_case_underscore_and_hyphen_do_not_count(parse: Parse, name: str) -> None:
    parsed = parse({"barcode": "a", name: "1.00"})
    assert dict(parsed.rows[0].values.stored) == {"salePrice": "1.00"}
    assert parsed.warnings == []


@pytest.mark.parametrize("alias", ["ean", "GTIN", "upc", "barCode", "bar_code"])
def test_a_barcode_answers_to_its_aliases(parse: Parse, alias: str) -> None:
    assert parse({alias: "a"}).rows[0].barcode == "a"


@pytest.mark.parametrize("alias", ["productName", "product_name", "itemName", "title"])
def test_a_name_answers_to_its_aliases(parse: Parse, alias: str) -> None:
    assert parse({"barcode": "a", alias: "Milk"}).rows[0].values["name"] == "Milk"


def test_no_other_field_has_an_alias() -> None:
    assert {spec.name for spec in FIELDS if spec.aliases} == {"barcode", "name"}


def test_two_names_of_one_field_that_disagree_are_a_row_error(parse: Parse) -> None:
    for row in (
        {"barcode": "a", "ean": "b"},
        {"barcode": "a", "name": "Milk", "title": "Butter"},
        {"barcode": "a", "salePrice": "1.00", "sale_price": None},
        {"barcode": "a", "salePrice": None, "sale_price": "1.00"},
        {"barcode": "a", "onSale": 1, "on_sale": True},
    ):
        assert [issue.code for issue in parse(row).errors] == ["conflicting_names"]


def test_two_names_of_one_field_that_agree_are_one(parse: Parse) -> None:
    for row in (
        {"barcode": "7", "ean": 7},
        {"barcode": "7", "ean": None},
        {"ean": "", "barcode": "7"},
        {"barcode": "7", "gtin": " 7 "},
        {"barcode": "7", "price": "1.00", "PRICE": "1.00"},
    ):
        parsed = parse(row)
        assert parsed.errors == []
        assert parsed.rows[0].barcode == "7"


@pytest.mark.parametrize(
    "name",
    ["promoPrice", "retail_price", "Promotion", "saleType", "specialOffer", "DISCOUNT", "regular", "was", "old_value",
     "Deposit2", "on-offer"],
)  # fmt: skip
def test_an_unknown_field_that_sounds_like_a_price_is_warned_of_by_name(parse: Parse, name: str) -> None:
    parsed = parse({"barcode": "a", name: "0.99"})
    assert [(issue.field, issue.code) for issue in parsed.warnings] == [(name, "unmapped_price_field")]
    assert parsed.rows[0].values.attributes() == {name: "0.99"}


def test_a_mapped_field_answers_to_its_mapped_name_alone(parse: Parse) -> None:
    field_map = {"price": "vk_brutto", "salePrice": "price"}
    parsed = parse({"barcode": "a", "VK-Brutto": "3.00", "price": "2.00", "salePrice": "1.00"}, field_map=field_map)
    values = parsed.rows[0].values
    assert (values.text("price"), values.text("salePrice")) == ("3.00", "2.00")
    assert [(issue.field, issue.code) for issue in parsed.warnings] == [("salePrice", "unmapped_price_field")]


@pytest.mark.parametrize(
    ("field_map", "words"),
    [
        ({"prise": "vk"}, "none of our fields"),
        ({"price": " "}, "name the field"),
        ({"price": "vk", "PRICE": "vk2"}, "twice"),
        ({"price": "vk", "salePrice": "VK"}, "both"),
    ],
)
def test_a_mapping_that_cannot_be_meant_is_refused(field_map: dict[str, str], words: str) -> None:
    with pytest.raises(FieldMapInvalid, match=words):
        check_field_map(field_map)


def test_a_mapping_comes_back_with_our_names_as_documented() -> None:
    assert check_field_map({"sale_price": "aktion", "ean": "artikel"}) == {"salePrice": "aktion", "barcode": "artikel"}


@pytest.mark.parametrize(
    ("sent", "missing", "nearest"),
    [
        ({"barcode": "a", "name": "x", "vk_brutto": 1}, "price", "vk_brutto"),
        ({"barcode": "a", "name": "x", "prise": 1, "brand": "y"}, "price", "prise"),
        ({"barcode": "a", "name": "x", "salePrice": 1}, "price", "salePrice"),
        ({"barcode": "a", "price": 1, "naziv": "x"}, "name", "naziv"),
        ({"article_code": "a", "name": "x", "price": 1}, "barcode", "article_code"),
    ],
)
def test_a_missing_field_names_the_nearest_that_was_sent(
    parse: Parse, sent: dict[str, object], missing: str, nearest: str
) -> None:
    issues = [issue for issue in parse(sent, mode=RowMode.ADD).errors if issue.field == missing]
    assert [issue.code for issue in issues] == ["required"]
    assert f"“{nearest}”" in (issues[0].hint or "")
