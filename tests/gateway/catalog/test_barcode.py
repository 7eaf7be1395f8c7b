"""A barcode is exactly what was sent; what looks wrong with it is said, not mended."""

from collections.abc import Callable

import pytest

from gateway.catalog import NumberText, ParsedRows
from gateway.catalog.barcode import has_check_digit

Parse = Callable[..., ParsedRows]


@pytest.mark.parametrize("barcode", ["4006381333931", "x", "A-1 b/2", "~" * 64, "0", "0036000291452", "036000291452"])
def test_a_barcode_is_kept_exactly(parse: Parse, barcode: str) -> None:
    parsed = parse({"barcode": barcode})
    assert [row.barcode for row in parsed.rows] == [barcode]
    assert parsed.warnings == []


def test_blanks_around_a_barcode_are_cut_off(parse: Parse) -> None:
    assert parse({"barcode": " 40063813 \r\n"}).rows[0].barcode == "40063813"


@pytest.mark.parametrize(
    "barcode",
    [
        "x" * 65,
        "š1",
        "a\x00b",
        "a\tb",
        "\u2007123",
        "12\ud80034",
        True,
        [],
        {},
        -5,
        10**64,
        NumberText("1e99"),
        "\x1d123",
    ],
    ids=repr,
)
def test_what_is_no_barcode_is_a_row_error(parse: Parse, barcode: object) -> None:
    (issue,) = parse({"barcode": barcode}).errors
    assert (issue.code, issue.field, issue.barcode) == ("barcode_format", "barcode", None)
    issue.message.encode()


@pytest.mark.parametrize("barcode", [None, "", "  "])
def test_a_row_without_a_barcode_is_a_row_error(parse: Parse, barcode: object) -> None:
    assert [issue.code for issue in parse({"barcode": barcode, "price": "1.00"}).errors] == ["required"]


def test_an_integer_is_its_digits_with_a_warning(parse: Parse) -> None:
    parsed = parse({"barcode": 4006381333931})
    assert parsed.rows[0].barcode == "4006381333931"
    assert [issue.code for issue in parsed.warnings] == ["barcode_number"]


@pytest.mark.parametrize("barcode", ["4006381333932", "96385075", "036000291453", "10012345678903"])
def test_a_wrong_check_digit_is_a_warning(parse: Parse, barcode: str) -> None:
    parsed = parse({"barcode": barcode})
    assert parsed.rows[0].barcode == barcode
    assert [issue.code for issue in parsed.warnings] == ["check_digit"]


# GS1's own example (629104150021 -> 3), and codes printed on goods.
@pytest.mark.parametrize("digits", ["6291041500213", "4006381333931", "96385074", "036000291452", "10012345678902"])
def test_right_check_digits_are_recognised(digits: str) -> None:
    assert has_check_digit(digits)
    wrong = digits[:-1] + str((int(digits[-1]) + 1) % 10)
    assert not has_check_digit(wrong)
