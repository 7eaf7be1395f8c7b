"""Barcodes: read back from the final planes by zxing-cpp, and never made up."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_protocol import PANELS
from gateway.labels import LabelProduct, LabelRequest, render
from gateway.labels.bars import Bars, bars, has_check_digit

Make = Callable[..., LabelProduct]
Ask = Callable[..., LabelRequest]


def scan(picture: npt.NDArray[np.uint8]) -> list[str]:
    """What a scanner reads; UPC-A comes back as the EAN-13 that it is."""
    found = []
    for zoom in (1, 2, 3):
        found = [code.text for code in zxingcpp.read_barcodes(np.kron(picture, np.ones((zoom, zoom), np.uint8)))]
        if found:
            break
    return found


def as_picture(symbol: Bars) -> npt.NDArray[np.uint8]:
    modules = "0" * symbol.quiet[0] + "".join(symbol.patterns) + "0" * symbol.quiet[1]
    row = np.repeat(np.array([0 if module == "1" else 255 for module in modules], np.uint8), 2)
    return np.tile(row, (40, 1))


def gtin(digits: str) -> str:
    return next(digits + check for check in "0123456789" if has_check_digit(digits + check))


@pytest.mark.parametrize("panel", sorted(PANELS))
@pytest.mark.parametrize("offer", [False, True])
@pytest.mark.parametrize("code", ["3850334043641", "40123455", "A-4711"])
def test_the_barcode_is_read_back_from_the_planes(
    panel: str, offer: bool, code: str, product: Make, label: Ask, grey: Callable[..., npt.NDArray[np.uint8]]
) -> None:
    planes = render(label(panel, product(barcode=code, offer=offer))).planes
    assert scan(grey(panel, planes)) == [code]


@given(st.one_of(st.text("0123456789", min_size=7, max_size=7), st.text("0123456789", min_size=11, max_size=12)))
@settings(max_examples=60, deadline=None)
def test_a_gtin_has_the_symbol_of_its_length(digits: str) -> None:
    code = gtin(digits)
    symbol = bars(code)
    assert symbol is not None
    assert symbol.modules == sum(map(len, symbol.patterns)) == (67 if len(code) == 8 else 95)
    assert [read.zfill(13) if len(code) > 8 else read for read in scan(as_picture(symbol))] == [
        code.zfill(13) if len(code) > 8 else code
    ]


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=24))
@settings(max_examples=100, deadline=None)
def test_every_other_printable_code_is_code_128_as_it_stands(code: str) -> None:
    symbol = bars(code)
    assert symbol is not None
    if symbol.modules not in (67, 95):
        assert scan(as_picture(symbol)) == [code]


def test_a_wrong_check_digit_is_a_code_of_the_shop_and_not_an_ean() -> None:
    wrong = bars("3850334043642")
    assert wrong is not None
    assert wrong.modules > 95
    assert scan(as_picture(wrong)) == ["3850334043642"]


@pytest.mark.parametrize("code", ["", "žž", "12\x0034"])
def test_no_code_has_no_bars(code: str) -> None:
    assert bars(code) is None


def test_a_code_too_long_for_the_panel_has_no_bars_but_stands_in_letters(
    product: Make, label: Ask, grey: Callable[..., npt.NDArray[np.uint8]]
) -> None:
    long = "STOCK-CODE-OF-A-SHOP-42"
    planes = render(label("2.13-bw", product(barcode=long))).planes
    assert scan(grey("2.13-bw", planes)) == []
    assert planes != render(label("2.13-bw", product(barcode=""))).planes


@pytest.mark.parametrize("panel", sorted(PANELS))
def test_the_unbound_picture_holds_the_tags_code_for_a_hand_scanner(
    panel: str, label: Ask, grey: Callable[..., npt.NDArray[np.uint8]]
) -> None:
    request = label(panel, template="unbound")
    assert scan(grey(panel, render(request).planes)) == [request.tag_code]
