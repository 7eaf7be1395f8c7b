import json
from pathlib import Path

import pytest

from gateway.cli.errors import CommandFailed
from gateway.cli.price_list import read_price_list, recognise

SHOP = (
    "Product,ProductId,Brand,Quantity,Unit,Barcode,Category,Price,UnitPrice,SpecialPrice,BestPrice30,AnchorPrice\n"
    "KEČAP BLAGI,90704273,K PLUS,0.50 kg,ko,3850334020802,HRANA,,2.38,1.19,1.59,1.59\n"
    "BUDDY MINI,90725768,BUDDY,0.30 kg,ko,3850334043641,PROIZVODI,0.99,3.3,,,0.99\n"
    "KAVA MLJEVENA,1,FRANCK,0.25 kg,ko,3850104240836,HRANA,4.99,19.96,3.99,4.49,\n"
)


def written(folder: Path, text: str | bytes, name: str = "list.csv") -> Path:
    file = folder / name
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


def test_the_columns_of_a_published_price_list_are_recognised(tmp_path: Path) -> None:
    price_list = read_price_list(written(tmp_path, SHOP), None)
    assert list(price_list.columns.values()) == [
        "name",
        "sku",
        "brand",
        "packSize",
        "unit",
        "barcode",
        "category",
        "price",
        "unitPrice",
        "salePrice",
        "lowestPrice30Days",
        "anchorPrice",
    ]
    assert price_list.unknown == []


def test_an_empty_price_beside_a_special_one_is_charged_without_an_old_price(tmp_path: Path) -> None:
    row = read_price_list(written(tmp_path, SHOP), None).rows[0]
    assert (row["price"], row["salePrice"], row["onSale"]) == ("1.19", None, True)


def test_an_empty_special_price_ends_the_sale_and_an_empty_cell_clears_its_field(tmp_path: Path) -> None:
    row = read_price_list(written(tmp_path, SHOP), None).rows[1]
    assert (row["price"], row["salePrice"], row["onSale"], row["lowestPrice30Days"]) == ("0.99", None, False, None)


def test_a_special_price_beside_a_price_is_a_sale(tmp_path: Path) -> None:
    row = read_price_list(written(tmp_path, SHOP), None).rows[2]
    assert (row["price"], row["salePrice"], row["onSale"]) == ("4.99", "3.99", True)


def test_a_list_without_special_prices_says_nothing_of_sales(tmp_path: Path) -> None:
    (row,) = read_price_list(written(tmp_path, "barcode;name;price\n1;a;2.50\n"), None).rows
    assert row == {"barcode": "1", "name": "a", "price": "2.50"}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_any_usual_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    text = f"EAN{delimiter}Naziv{delimiter}MPC\r\n12345670{delimiter}Kruh{delimiter}1.29\r\n"
    (row,) = read_price_list(written(tmp_path, "\ufeff" + text), None).rows
    assert row == {"barcode": "12345670", "name": "Kruh", "price": "1.29"}


def test_a_list_as_spreadsheets_of_the_region_write_it_is_read(tmp_path: Path) -> None:
    (row,) = read_price_list(written(tmp_path, "barcode,naziv\n1,Češnjak\n".encode("cp1250")), None).rows
    assert row["name"] == "Češnjak"


def test_numbers_of_a_json_list_are_never_floats(tmp_path: Path) -> None:
    text = json.dumps({"products": [{"ean": 12345670, "name": "a", "price": 0.1, "extra": {"x": 1}}]})
    (row,) = read_price_list(written(tmp_path, text, "list.json"), None).rows
    assert row == {"barcode": "12345670", "name": "a", "price": "0.1", "extra": {"x": "1"}}


def test_a_column_may_be_named_by_hand_and_wins_over_its_usual_name() -> None:
    columns = recognise(["Price", "Aktion", "Barcode"], {"price": "aktion"})
    assert columns == {"Aktion": "price", "Barcode": "barcode"}


def test_a_column_that_is_not_known_is_kept_under_its_own_name(tmp_path: Path) -> None:
    price_list = read_price_list(written(tmp_path, "barcode,Shelf\n1,A7\n2,\n"), None)
    assert price_list.unknown == ["Shelf"]
    assert price_list.rows == [{"barcode": "1", "Shelf": "A7"}, {"barcode": "2"}]


@pytest.mark.parametrize(
    ("text", "field_map", "words"),
    [
        ("name,price\na,1\n", None, "no column for the barcode among name, price"),
        ("barcode\n1\n", {"price": "Cijena"}, "the file has no column Cijena"),
        ("barcode\n1\n", {"cost": "barcode"}, "cost is none of our fields"),
        ("barcode,name\n", None, "no rows below its heading"),
        ("[1]", None, "no list of products"),
        ('{"products": ', None, "no JSON file"),
        ('barcode,name\n1,"a\n', None, "no CSV file"),
    ],
)
def test_a_file_that_cannot_be_used_is_said_with_what_to_do(
    tmp_path: Path, text: str, field_map: dict[str, str] | None, words: str
) -> None:
    with pytest.raises(CommandFailed) as refused:
        read_price_list(written(tmp_path, text), field_map)
    assert words in str(refused.value)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="cannot be read: No such file"):
        read_price_list(tmp_path / "none.csv", None)


def test_a_decimal_comma_without_quotes_is_refused_by_its_line_and_never_cut_to_a_price(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="line 2 has more cells"):
        read_price_list(written(tmp_path, "Barcode,Name,Price\nU1,Mlijeko,1,29\n"), None)
    (row,) = read_price_list(written(tmp_path, "Barcode,Name,Price\nU1,Mlijeko,1.29,,\n"), None).rows
    assert row["price"] == "1.29"  # empty cells at the end are what spreadsheets leave


def test_two_columns_of_one_name_are_refused_because_either_may_be_the_wrong_price(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="two columns called Price"):
        read_price_list(written(tmp_path, "Barcode,Price,Name,Price\nS1,1.00,x,2.00\n"), None)


def test_the_period_of_a_special_price_is_never_left_out_in_silence(tmp_path: Path) -> None:
    dated = "Barcode,Name,Price,SpecialPrice,SpecialPriceFrom,SpecialPriceTo\nD,a,2.00,1.00,2026-12-24,2026-12-30\n"
    (row,) = read_price_list(written(tmp_path, dated), None).rows
    assert (row["saleStart"], row["saleEnd"]) == ("2026-12-24", "2026-12-30")
    with pytest.raises(CommandFailed, match="--map saleStart=PromotionStart"):
        read_price_list(written(tmp_path, dated.replace("SpecialPriceFrom", "PromotionStart")), None)


def test_decimal_commas_are_read_only_where_somebody_said_so(tmp_path: Path) -> None:
    file = written(tmp_path, "Barkod;Naziv;Cijena\n1;a;1.299,00\n2;b;1,29\n3;c;1.2.9\n")
    assert [row["price"] for row in read_price_list(file, None).rows] == ["1.299,00", "1,29", "1.2.9"]
    assert [row["price"] for row in read_price_list(file, None, decimal_comma=True).rows] == [
        "1299.00",
        "1.29",
        "1.2.9",
    ]
