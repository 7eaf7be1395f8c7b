"""A price read off the pixels is the price that was drawn, and never the end of a longer one."""

from decimal import Decimal

import pytest

from firmware_protocol import PANELS
from gateway.labels import LabelProduct, LabelRequest, render
from simulator.world.testing.reading import prices_on

MONEY = [("hr-HR", "EUR"), ("de-CH", "CHF"), ("hu-HU", "HUF")]
SOME_PANELS = ["2.13-bwr", "2.9-bw", "2.9-bwry", "4.2-bwry"]


def drawn(panel: str, locale: str, currency: str, *prices: str, on_offer: bool = False) -> tuple[bytes, ...]:
    products = tuple(
        LabelProduct(
            barcode=f"385000000{number:04}",
            name="Mlijeko 1 l",
            price=Decimal(price),
            on_offer=on_offer,
            old_price=Decimal(price) + 1 if on_offer else None,
            unit_price=Decimal(price),
            unit="l",
        )
        for number, price in enumerate(prices)
    )
    answer = render(LabelRequest(panel, "shelf", currency, locale, products, "02E5"))
    assert answer.fallback is None
    return answer.planes


@pytest.mark.parametrize(("locale", "currency"), MONEY)
@pytest.mark.parametrize("on_offer", [False, True])
def test_every_price_is_read_as_it_was_drawn(locale: str, currency: str, on_offer: bool) -> None:
    """97.56 stands above bars that reach into the row of its comma: it was once read as 7.56."""
    prices = ["7", "97", "1290", "901719"] if currency == "HUF" else ["1.29", "97.56", "236.86", "901719.37"]
    for panel in SOME_PANELS:
        for price in prices:
            planes = drawn(panel, locale, currency, price, on_offer=on_offer)
            assert prices_on(planes, panel, locale, currency) == [Decimal(price)], panel


def test_several_products_are_read_from_top_to_bottom() -> None:
    wanted = ["18.39", "1.09", "171.61"]
    planes = drawn("4.2-bwr", "hr-HR", "EUR", *wanted)
    assert prices_on(planes, "4.2-bwr", "hr-HR", "EUR") == list(map(Decimal, wanted))


def test_one_pixel_amiss_in_a_price_makes_it_unreadable() -> None:
    panel = PANELS["2.9-bw"]
    (plane,) = drawn(panel.name, "hr-HR", "EUR", "88.88")
    readable = []
    for place in range(len(plane)):
        spoiled = plane[:place] + bytes([plane[place] ^ 0x10]) + plane[place + 1 :] if place % 97 == 0 else plane
        if spoiled is not plane:
            found = prices_on((spoiled,), panel.name, "hr-HR", "EUR")
            assert found in ([], [Decimal("88.88")])
            readable.append(bool(found))
    assert {True, False} == set(readable)
