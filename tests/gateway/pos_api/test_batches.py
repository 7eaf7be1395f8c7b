"""The batch flow as a POS sees it, from start to completed, and everything that may be said on the way."""

from collections.abc import Callable
from typing import Any

import pytest

Till = Callable[..., Any]
WATER = {"barcode": "4006381333931", "name": "Mineralwasser", "price": "3.99"}


def product(number: int) -> dict[str, object]:
    return {"barcode": f"p{number}", "name": f"Product {number}", "price": "1.00"}


def test_a_batch_is_polled_until_it_is_completed(at_the_till: Till) -> None:
    async def scenario(pos: Any) -> None:
        started = (await pos.post("/batch/start")).json()
        assert started == {
            "success": True,
            "sessionId": started["sessionId"],
            "expiresAt": "2025-07-03T06:30:00.000Z",
            "expiresInSeconds": 1800,
            "maxProductsPerPush": 1000,
        }
        session = {"sessionId": started["sessionId"]}
        opened = (await pos.get(f"/batch/{session['sessionId']}/status")).json()
        assert (opened["status"], opened["phase"], opened["progress"]) == ("open", None, 0)
        pushed = await pos.post("/batch/push", {**session, "products": [WATER, {"barcode": "77"}]})
        assert (pushed.status_code, pushed.json()["accepted"], pushed.json()["sessionId"]) == (
            (207, 1, session["sessionId"])
        )
        completed = await pos.post("/batch/complete", session)
        assert completed.json() == {"success": True, **session, "status": "processing"}
        status = await pos.until_completed(session["sessionId"])
        assert (status["progress"], status["phase"], status["success"]) == (100, None, False)
        assert [status[name] for name in ("productsReceived", "productsSaved", "created", "rejected")] == [2, 1, 1, 1]
        assert [(one["push"], one["index"], one["code"]) for one in status["errors"]] == [
            (0, 1, "required"),
            (0, 1, "required"),
        ]
        assert (await pos.get("/products", params={"barcode": WATER["barcode"]})).json()["product"]["price"] == "3.99"

    at_the_till(scenario)


def test_a_poll_while_processing_says_when_to_come_again(at_the_till: Till) -> None:
    async def scenario(pos: Any) -> None:
        session_id = await pos.batch([product(number) for number in range(10)])
        answer = await pos.get(f"/batch/{session_id}/status")
        assert (answer.json()["status"], answer.headers["retry-after"]) == ("processing", "5")
        await pos.until_completed(session_id)
        assert "retry-after" not in (await pos.get(f"/batch/{session_id}/status")).headers

    at_the_till(scenario)


@pytest.mark.parametrize("place", ["body", "query", "header", "another spelling"])
def test_the_session_may_be_named_in_body_query_or_header(at_the_till: Till, place: str) -> None:
    async def scenario(pos: Any) -> None:
        session_id = (await pos.post("/batch/start")).json()["sessionId"]
        named: dict[str, dict[str, Any]] = {
            "body": {"body": {"sessionId": session_id, "products": [WATER]}},
            "query": {"body": [WATER], "params": {"sessionId": session_id}},
            "header": {"body": WATER, "headers": {"X-Session-Id": session_id}},
            "another spelling": {"body": {"session_id": session_id, **WATER}},
        }
        answer = await pos.post("/batch/push", **named[place])
        assert (answer.status_code, answer.json()["accepted"]) == (200, 1)

    at_the_till(scenario)


def test_the_body_names_the_session_before_the_query_and_the_query_before_the_header(at_the_till: Till) -> None:
    async def scenario(pos: Any) -> None:
        session_id = (await pos.post("/batch/start")).json()["sessionId"]
        other = {"X-Session-Id": "fedcba9876543210"}
        body = {"sessionId": session_id, **WATER}
        in_body = await pos.post("/batch/push?sessionId=0123456789abcdef", body, headers=other)
        in_query = await pos.post(f"/batch/push?sessionId={session_id}", WATER, headers=other)
        assert [in_body.status_code, in_query.status_code] == [200, 200]

    at_the_till(scenario)


def test_a_push_without_any_product_is_never_a_success(at_the_till: Till) -> None:
    async def scenario(pos: Any) -> None:
        session_id = (await pos.post("/batch/start")).json()["sessionId"]
        for body in ({"sessionId": session_id}, {"sessionId": session_id, "items": [WATER]}):
            answer = await pos.post("/batch/push", body)
            assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "required")

    at_the_till(scenario)


@pytest.mark.parametrize(
    ("session_id", "said"),
    [(7, (422, "field_invalid")), (None, (422, "field_invalid")), ("nope", (404, "session_unknown"))],
)
def test_a_request_that_names_no_session_is_a_clear_word(
    at_the_till: Till, session_id: object, said: tuple[int, str]
) -> None:
    async def scenario(pos: Any) -> None:
        for path in ("/batch/push", "/batch/complete"):
            answer = await pos.post(path, {"sessionId": session_id, "products": []})
            assert (answer.status_code, answer.json()["code"]) == said

    at_the_till(scenario)


def test_unknown_expired_and_completed_sessions_are_told_apart(at_the_till: Till) -> None:
    async def scenario(pos: Any) -> None:
        async def push(session_id: str) -> tuple[int, str]:
            answer = await pos.post("/batch/push", {"sessionId": session_id, "products": [WATER]})
            return answer.status_code, answer.json().get("code", "")

        completed = await pos.batch([WATER])
        late = (await pos.post("/batch/start")).json()["sessionId"]
        assert await push("0123456789abcdef") == (404, "session_unknown")
        assert await push(completed) == (409, "session_closed")
        pos.gateway.clock.move(1799)
        assert (await push(late))[0] == 200
        pos.gateway.clock.move(1)
        assert await push(late) == (410, "session_expired")
        assert (await pos.post("/batch/complete", {"sessionId": late})).status_code == 410
        assert (await pos.get(f"/batch/{late}/status")).json()["status"] == "expired"

    at_the_till(scenario)


def test_completing_twice_gives_the_first_answer_again(at_the_till: Till) -> None:
    async def scenario(pos: Any) -> None:
        session_id = await pos.batch([WATER])
        await pos.until_completed(session_id)
        again = await pos.post("/batch/complete", {"sessionId": session_id})
        assert again.json() == {"success": True, "sessionId": session_id, "status": "processing"}

    at_the_till(scenario)


def test_a_token_never_sees_another_stores_session(at_the_till: Till) -> None:
    async def scenario(pos: Any) -> None:
        session_id = await pos.batch([WATER])
        _, other = await pos.gateway.open_store()
        foreign = {"headers": {"Authorization": f"Bearer {other}"}}
        for listing in ("status", "errors", "missing", "unconfirmed"):
            assert (await pos.get(f"/batch/{session_id}/{listing}", **foreign)).status_code == 404
        assert (await pos.post("/batch/complete", {"sessionId": session_id}, **foreign)).status_code == 404
        assert (await pos.get("/products", params={"barcode": WATER["barcode"]}, **foreign)).status_code == 404

    at_the_till(scenario)


def test_a_full_session_lists_what_is_missing_and_never_removes_a_fifth_by_accident(at_the_till: Till) -> None:
    async def scenario(pos: Any) -> None:
        await pos.post("/add", [product(number) for number in range(10)])
        session = {
            "sessionId": (await pos.post("/batch/start", {"mode": "full", "removeMissing": "1"})).json()["sessionId"]
        }
        await pos.post("/batch/push", {**session, "products": [product(number) for number in range(7)]})
        refused = await pos.post("/batch/complete", session)
        assert (refused.status_code, refused.json()["code"]) == (409, "too_many_missing")
        assert (await pos.post("/batch/complete", {**session, "force": True})).status_code == 200
        status = await pos.until_completed(session["sessionId"])
        assert status["missing"] == 3
        page = (await pos.get(f"/batch/{session['sessionId']}/missing?limit=2")).json()
        assert [one["barcode"] for one in page["items"]] == ["p7", "p8"]
        rest = (await pos.get(f"/batch/{session['sessionId']}/missing?limit=2&after={page['next']}")).json()
        assert ([one["barcode"] for one in rest["items"]], rest["next"]) == (["p9"], None)
        assert (await pos.get("/products?barcode=p9")).status_code == 404

    at_the_till(scenario)


def test_the_status_shows_the_first_hundred_errors_and_the_listing_all(at_the_till: Till) -> None:
    async def scenario(pos: Any) -> None:
        session_id = await pos.batch([{"barcode": f"b{number}", "price": 1} for number in range(130)])
        assert len((await pos.get(f"/batch/{session_id}/status")).json()["errors"]) == 100
        found: list[str] = []
        after = ""
        while True:
            page = (await pos.get(f"/batch/{session_id}/errors?limit=50{after}")).json()
            found += [one["barcode"] for one in page["items"]]
            if page["next"] is None:
                break
            after = f"&after={page['next']}"
        assert found == [f"b{number}" for number in range(130)]

    at_the_till(scenario)


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "after=x", "after="])
def test_a_page_that_cannot_be_meant_is_a_clear_word(at_the_till: Till, query: str) -> None:
    async def scenario(pos: Any) -> None:
        session_id = await pos.batch([WATER])
        answer = await pos.get(f"/batch/{session_id}/errors?{query}")
        assert (answer.status_code, answer.json()["code"]) == (400, "query_invalid")

    at_the_till(scenario)


def test_sixteen_sessions_of_a_store_may_be_open_at_once(at_the_till: Till) -> None:
    async def scenario(pos: Any) -> None:
        for _ in range(16):
            assert (await pos.post("/batch/start")).status_code == 200
        refused = await pos.post("/batch/start")
        assert (refused.status_code, refused.json()["code"]) == (409, "too_many_sessions")
        pos.gateway.clock.move(1800)
        assert (await pos.post("/batch/start")).status_code == 200

    at_the_till(scenario)
