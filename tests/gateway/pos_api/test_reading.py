"""What a POS reads back: its store, a product, and what the displays have proved."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.access import TokenKind
from gateway.pos_api import DisplayFact

Till = Callable[..., Any]
WATER = {"barcode": "4006381333931", "name": "Mineralwasser", "price": "3.990", "saleEnd": "2025-07-09"}


@pytest.mark.parametrize("kind", list(TokenKind))
def test_the_store_is_the_one_the_token_names(at_the_till: Till, kind: TokenKind) -> None:
    async def scenario(pos: Any) -> None:
        answer = await pos.get("/store")
        store = answer.json()
        assert (store["store"], store["kind"], store["environment"]) == ("shop-0", kind.value, kind.value)
        assert (store["currency"], store["timeZone"], store["locale"]) == ("EUR", "Europe/Zagreb", "hr-HR")
        assert store["limits"]["maxProductsPerRequest"] == 1000
        assert answer.headers["x-esl-environment"] == kind.value

    at_the_till(scenario, kind=kind)


def test_a_product_is_read_back_exactly_with_what_its_displays_have_proved(at_the_till: Till) -> None:
    async def scenario(pos: Any) -> None:
        await pos.post("/add", WATER)
        proved = datetime(2025, 7, 3, 5, 59, 30, 250_000, tzinfo=UTC)
        pos.gateway.shelf.displays = [
            DisplayFact("00124B0001A2B3C4.0", 7, True, proved, None),
            DisplayFact("00124B0001A2B3C5.0", 8, False, None, "asleep"),
        ]
        answer = (await pos.get("/products", params={"barcode": " 4006381333931 "})).json()
        assert answer["product"] == {
            "barcode": "4006381333931",
            "name": "Mineralwasser",
            "price": "3.99",
            "saleEnd": "2025-07-09",
        }
        assert answer["displays"][0] == {
            "display": "00124B0001A2B3C4.0",
            "desiredRevision": 7,
            "confirmed": True,
            "provedAt": "2025-07-03T05:59:30.250Z",
            "reason": None,
        }
        assert answer["displays"][1]["reason"] == "asleep"

    at_the_till(scenario)


@pytest.mark.parametrize("query", ["", "?barcode=", "?barcode=%20", "?barcode=1&barcode=2", "?ean=1"])
def test_one_barcode_must_be_named(at_the_till: Till, query: str) -> None:
    async def scenario(pos: Any) -> None:
        answer = await pos.get("/products" + query)
        assert (answer.status_code, answer.json()["code"]) == (400, "query_invalid")

    at_the_till(scenario)
