"""The schema, its page and the code say the same."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from head_office import FedShop, change, chunk, in_shop, milk

from gateway.intake.schema import FILE, chunk_schema, schema_text

PAGE = (Path(__file__).parents[3] / "docs" / "chunks.md").read_text(encoding="utf-8")


def example(kind: str) -> dict[str, Any]:
    found = re.search(rf"^```json {kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None
    read: dict[str, Any] = json.loads(found[1])
    return read


@pytest.fixture(scope="module")
def validator() -> Any:
    return jsonschema_rs.validator_for(chunk_schema())


def test_the_file_that_is_shipped_is_what_the_field_table_says() -> None:
    assert FILE.read_text(encoding="utf-8") == schema_text(), "run python -m gateway.intake.schema"


def test_the_chunk_on_the_page_fits_the_schema_and_is_taken_whole(tmp_path: Path, validator: Any) -> None:
    validator.validate(example("chunk"))

    async def story(shop: FedShop) -> None:
        answer = await shop.send_raw(json.dumps(example("chunk")).encode())
        assert answer == {"chunk_id": "2026-03-02-0001", "displays_total": 0, "displays_handled": 0, "refused": []}

    in_shop(tmp_path, story)


def test_the_answer_on_the_page_has_the_members_of_a_real_one(tmp_path: Path) -> None:
    async def story(shop: FedShop) -> None:
        real = await shop.send(milk(1, "1.299"))
        shown = example("answer")
        assert list(shown) == list(real)
        assert list(shown["refused"][0]) == list(real["refused"][0])
        assert shown["refused"][0]["reason"] in real["refused"][0]["reason"].replace("“", "").replace("”", "")

    in_shop(tmp_path, story)


@pytest.mark.parametrize(
    "wrong",
    [
        chunk(chunk_id=""),
        chunk(index=-1),
        chunk(more=1),
        chunk(milk(0, "1")),
        chunk(milk(1, "1,29")),
        chunk(milk(1, "1", name=None)),
        chunk(milk(1, "1", ean="5")),
        chunk(milk(1, "1", onSale="yes")),
        chunk(milk(1, "1", saleStart="tomorrow")),
        chunk(milk(1, "1", change("1", "2", 1, at="2026-03-01"))),
        chunk(milk(1, "1", change("1", "2", 1, field="name"))),
        chunk(milk(1, "1", removed=None)),
    ],
    ids=lambda wrong: "",
)
def test_what_the_schema_refuses_the_gateway_refuses(tmp_path: Path, validator: Any, wrong: dict[str, Any]) -> None:
    assert not validator.is_valid(wrong)

    async def story(shop: FedShop) -> None:
        assert (await shop.send_raw(json.dumps(wrong).encode()))["refused"] != []

    in_shop(tmp_path, story)
