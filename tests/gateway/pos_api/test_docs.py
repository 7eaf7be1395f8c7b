"""docs/pos-api.md says what the tables say, and names everything there is."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gateway.pos_api import document
from gateway.pos_api.openapi.pages import TABLES, page_made_anew
from gateway.pos_api.openapi.paths import PARAMETERS

PAGE = (Path(__file__).parents[3] / "docs/pos-api.md").read_text(encoding="utf-8")


def test_the_tables_of_the_page_are_those_of_the_code() -> None:
    assert page_made_anew(PAGE) == PAGE, "run: python -m gateway.pos_api.openapi.pages docs/pos-api.md"
    assert set(re.findall(r"<!-- table: (\w+) -->", PAGE)) == set(TABLES)


def test_every_path_and_parameter_is_named() -> None:
    for path in document()["paths"]:  # type: ignore[attr-defined]
        assert path in PAGE
    for parameter in PARAMETERS.values():
        assert str(parameter["name"]) in PAGE


def test_the_first_request_and_the_answer_shown_are_real(at_the_till: Callable[..., Any]) -> None:
    async def scenario(pos: Any) -> None:
        sent = re.search(r"-d '(\{.*?\})'", PAGE)
        assert sent is not None
        assert (await pos.post("/add", sent[1].encode())).status_code == 200
        shown = re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)
        assert shown is not None
        told = json.loads(shown[1])
        answer = await pos.post(
            "/add", [{"barcode": "9", "name": "n", "price": 1}, {"barcode": "77", "name": "n", "price": "1,29"}]
        )
        assert answer.json() | {"errors": [], "warnings": []} == told | {"errors": [], "warnings": []}
        got, want = answer.json()["errors"][0], told["errors"][0]
        assert got | {"hint": want["hint"]} == want

    at_the_till(scenario)
