"""What stands beside the price: units that are never guessed, packs as the shop writes them."""

import pytest

from gateway.labels.facts import pack_text, unit_of_price


@pytest.mark.parametrize(
    ("unit", "pack_size", "per"),
    [
        ("ko", "0.30 kg", "kg"),
        ("ko", "500 ml", "l"),
        ("kg", "1.00 kg", "kg"),
        ("100 g", "0.30 kg", "100\u00a0g"),
        ("KOM", "10.00 ko", ""),
        ("kom", None, ""),
        (None, "0,75 l", "l"),
        (None, "12 m", "m"),
        (None, None, None),
        ("?", "big", None),
        ("pack", "6x1,5 l", None),
    ],
)
def test_a_unit_price_is_for_the_measure_the_row_names_or_not_drawn(
    unit: str | None, pack_size: str | None, per: str | None
) -> None:
    assert unit_of_price(unit, pack_size) == per


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("0.30 kg", "0,30\u00a0kg"),
        ("1.00 ko", ""),
        ("10.00 ko", "10\u00a0ko"),
        ("1.00 kg", "1\u00a0kg"),
        ("250 g", "250\u00a0g"),
        ("6x1,5 l", "6x1,5 l"),
        ("", ""),
    ],
)
def test_a_pack_size_keeps_its_digits(text: str, written: str) -> None:
    assert pack_text(text, ",") == written
