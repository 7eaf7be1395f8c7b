"""QR symbols hold exactly the text, in the smallest version that does."""

import numpy as np
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.labels.qr import Matrix, qr


def read(symbol: Matrix) -> list[str]:
    light = np.array([[0 if dark else 255 for dark in row] for row in symbol], np.uint8)
    picture = np.pad(np.kron(light, np.ones((3, 3), np.uint8)), 12, constant_values=255)
    return [code.text for code in zxingcpp.read_barcodes(picture)]


@given(
    st.one_of(
        st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:", min_size=1, max_size=61),
        st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=42),
    )
)
@settings(max_examples=40, deadline=None)
def test_a_reader_gets_back_what_was_written(text: str) -> None:
    symbol = qr(text)
    assert symbol is not None
    assert read(symbol) == [text]


@pytest.mark.parametrize(
    ("text", "side"), [("00124B0001A2B3C4", 21), ("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 25), ("A" * 61, 29)]
)
def test_the_smallest_version_is_taken(text: str, side: int) -> None:
    symbol = qr(text)
    assert symbol is not None
    assert len(symbol) == side


def test_a_text_that_does_not_fit_has_no_symbol() -> None:
    assert qr("x" * 43) is None
