"""An Idempotency-Key makes a repeat harmless, for a day, on each of the four requests that take rows or sessions."""

from collections.abc import Callable
from typing import Any

import pytest

Till = Callable[..., Any]
WATER = {"barcode": "4006381333931", "name": "Mineralwasser", "price": "3.99"}
BAD = {"barcode": "77"}
KEY = {"Idempotency-Key": "till-3/0017"}


async def body_for(pos: Any, path: str) -> object:
    if path == "/batch/start":
        return {"mode": "full"}
    if path == "/batch/push":
        return {"sessionId": (await pos.post("/batch/start")).json()["sessionId"], "products": [WATER, BAD]}
    return [WATER, BAD]


@pytest.mark.parametrize("path", ["/add", "/productUpdate", "/batch/start", "/batch/push"])
def test_a_repeat_gets_the_first_answer_again_for_a_day(at_the_till: Till, path: str) -> None:
    async def scenario(pos: Any) -> None:
        body = await body_for(pos, path)
        first = await pos.post(path, body, headers=KEY)
        again = await pos.post(path, body, headers=KEY)
        assert (again.status_code, again.content) == (first.status_code, first.content)
        assert "idempotency-replayed" not in first.headers
        assert again.headers["idempotency-replayed"] == "true"
        assert again.headers["x-request-id"] != first.headers["x-request-id"]
        other = await pos.post(path, {"products": [], "sessionId": "0123456789abcdef"}, headers=KEY)
        assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
        pos.gateway.clock.move(24 * 60 * 60)
        if path != "/batch/push":  # its session is gone by then
            assert "idempotency-replayed" not in (await pos.post(path, body, headers=KEY)).headers

    at_the_till(scenario)


def test_a_repeated_push_stages_its_rows_once(at_the_till: Till) -> None:
    async def scenario(pos: Any) -> None:
        body = await body_for(pos, "/batch/push")
        for _ in range(3):
            await pos.post("/batch/push", body, headers=KEY)
        await pos.post("/batch/complete", {"sessionId": body["sessionId"]})  # type: ignore[index]
        status = await pos.until_completed(body["sessionId"])  # type: ignore[index]
        assert (status["productsReceived"], status["rejected"]) == (2, 1)

    at_the_till(scenario)


def test_one_key_serves_each_request_and_each_store_apart(at_the_till: Till) -> None:
    async def scenario(pos: Any) -> None:
        await pos.post("/add", WATER, headers=KEY)
        assert (await pos.post("/productUpdate", {**WATER, "price": 1}, headers=KEY)).status_code == 200
        _, other = await pos.gateway.open_store()
        elsewhere = {**KEY, "Authorization": f"Bearer {other}"}
        assert (await pos.post("/add", {**WATER, "price": 2}, headers=elsewhere)).status_code == 200

    at_the_till(scenario)


def test_the_query_belongs_to_what_is_repeated(at_the_till: Till) -> None:
    async def scenario(pos: Any) -> None:
        await pos.post("/add", WATER, headers=KEY)
        assert (await pos.post("/add?atomic=true", WATER, headers=KEY)).status_code == 409

    at_the_till(scenario)


def test_a_request_that_was_refused_before_its_rows_were_judged_is_not_remembered(at_the_till: Till) -> None:
    async def scenario(pos: Any) -> None:
        assert (await pos.post("/add", b"{", headers=KEY)).status_code == 400
        assert (await pos.post("/add", WATER, headers=KEY)).status_code == 200

    at_the_till(scenario)


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "ä"])
def test_a_key_that_cannot_be_kept_is_a_clear_word(at_the_till: Till, key: str) -> None:
    async def scenario(pos: Any) -> None:
        answer = await pos.post("/add", WATER, headers={b"Idempotency-Key": key.encode()})
        assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_invalid")

    at_the_till(scenario)
