"""Every status that the document names is seen, operation by operation, and every answer is as it says."""

import json
from collections.abc import Callable
from typing import Any

import jsonschema_rs
import pytest

from gateway.pos_api import PosSettings, document
from gateway.pos_api.openapi.paths import OPERATIONS

Till = Callable[..., Any]
WATER = {"barcode": "4006381333931", "name": "Wasser", "price": "3.99"}
BAD = {"barcode": "77", "price": "1,29"}
DOCUMENT = document()
SESSION = "0123456789abcdef"


def closed(schema: object) -> object:
    """The same schema, in which our own answers may hold nothing but what is documented."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    changed = {name: closed(one) for name, one in schema.items()}
    if changed.get("properties") and changed.get("additionalProperties") is True:
        changed["additionalProperties"] = False
    return changed


def check(path: str, method: str, answer: Any) -> None:
    """Status, content type, headers and body are documented, and nothing else is in the body."""
    response = DOCUMENT["paths"][path][method]["responses"][str(answer.status_code)]
    media_type = answer.headers["content-type"].partition(";")[0]
    schema = response["content"][media_type]["schema"]
    whole = {"components": closed(DOCUMENT["components"]), **schema}
    jsonschema_rs.Draft202012Validator(whole).validate(answer.json())
    for name in response["headers"]:
        optional = {"Idempotency-Replayed", "Retry-After"} if answer.status_code < 400 else {"X-ESL-Environment"}
        assert name in answer.headers or name in optional, (path, name)


def url(path: str, session_id: str = SESSION) -> str:
    return path.replace("{sessionId}", session_id)


async def open_session(pos: Any, *rows: object) -> str:
    session_id: str = (await pos.post("/batch/start", {"mode": "full", "removeMissing": True})).json()["sessionId"]
    if rows:
        await pos.post("/batch/push", {"sessionId": session_id, "products": list(rows)})
    return session_id


async def good(pos: Any, path: str, method: str) -> Any:
    """A request to the operation that is answered 200."""
    if path in ("/add", "/productUpdate"):
        return await pos.post(path, WATER)
    if path == "/delete":
        return await pos.post(path, {"barcodes": ["4006381333931"]})
    if path == "/products":
        await pos.post("/add", WATER)
        return await pos.get(path, params={"barcode": WATER["barcode"]})
    if path == "/batch/push":
        return await pos.post(path, {"sessionId": await open_session(pos), "products": [WATER]})
    if path == "/batch/complete":
        return await pos.post(path, {"sessionId": await open_session(pos, WATER, BAD)})
    if "{sessionId}" in path:
        return await pos.get(url(path, await pos.batch([WATER, BAD])))
    return await pos.request(method.upper(), path)


async def provoke(pos: Any, path: str, method: str) -> list[Any]:
    """Requests to the operation that are answered by everything else it documents."""
    clock = pos.gateway.clock
    sent: list[Any] = [await pos.request(method.upper(), url(path), headers={"Host": "b@d host"})]
    if path in ("/add", "/productUpdate"):
        sent += [await pos.post(path, [WATER, BAD]), await pos.post(path, BAD)]
        sent += [await pos.post(path + "?atomic=true", [WATER, BAD]), await pos.post(path + "?atomic=x", WATER)]
    if path == "/delete":
        sent += [await pos.post(path, {"barcodes": ["7", {}]}), await pos.post(path, {"barcodes": [{}]})]
    if path == "/products":
        sent += [await pos.get(path, params={"barcode": "none"}), await pos.get(path)]
    if path == "/batch/push":
        session_id = await open_session(pos)
        sent += [await pos.post(path, {"sessionId": session_id, "products": rows}) for rows in ([WATER, BAD], [BAD])]
        sent += [await pos.post(path, {"products": []}), await pos.post(path, {"sessionId": SESSION, "products": []})]
        await pos.post("/batch/complete", {"sessionId": session_id})
        sent.append(await pos.post(path, {"sessionId": session_id, "products": []}))
    if path == "/batch/complete":
        await pos.post("/add", [{**WATER, "barcode": f"x{number}"} for number in range(9)])
        sent += [await pos.post(path, {"sessionId": await open_session(pos)}), await pos.post(path, {"sessionId": 5})]
        sent.append(await pos.post(path, {"sessionId": SESSION}))
    if path in ("/batch/push", "/batch/complete"):
        session_id = await open_session(pos)
        clock.move(1801)
        sent.append(await pos.post(path, {"sessionId": session_id, "products": []}))
    if path == "/batch/start":
        sent += [await pos.post(path, {"mode": "all"}), await pos.post(path, {"removeMissing": "perhaps"})]
        sent += [await pos.post(path) for _ in range(17)]
    if "{sessionId}" in path:
        sent.append(await pos.get(url(path)))
    if method == "post":
        sent += await provoke_by_body(pos, path)
    return sent


async def provoke_by_body(pos: Any, path: str) -> list[Any]:
    sent = [await pos.post(path, b"{"), await pos.post(path, b"5"), await pos.post(path, b" " * (16 * 1024 * 1024 + 1))]
    sent.append(await pos.post(path, b"{}", headers={"Content-Encoding": "br"}))
    if path not in ("/delete", "/batch/complete"):
        session = {"X-Session-Id": await open_session(pos)} if path == "/batch/push" else {}
        key = {"Idempotency-Key": "once", **session}
        sent += [await pos.post(path, body, headers=key) for body in (b"{}", b'{"mode": "update"}')]
        sent.append(await pos.post(path, b"{}", headers={"Idempotency-Key": "a b"}))
    return sent


async def fail(pos: Any, path: str, method: str) -> list[Any]:
    """What any request may meet: no token, an empty bucket, a full disk, a fault of our own."""
    database, sent = pos.gateway.database, []
    sent.append(await pos.request(method.upper(), url(path), headers={"Authorization": "Bearer nobody"}))
    session_id = await open_session(pos) if path in ("/batch/push", "/batch/complete") else SESSION
    bodies = {"/delete": {"barcodes": ["1"]}, "/batch/start": {}, "/batch/complete": {"sessionId": session_id}}
    body = bodies.get(path, {"sessionId": session_id, "products": [WATER]})
    for fault in ("full", "broken"):
        database.fault = fault
        sent.append(await (pos.post(path, body) if method == "post" else pos.get(url(path))))
    database.fault = ""
    for _ in range(2001 if path != "/batch/{sessionId}/status" else 0):
        answer = await pos.request(method.upper(), url(path))
        if answer.status_code == 429:
            sent.append(answer)
            break
    return sent


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.operation_id)
def test_every_documented_status_is_seen_and_every_answer_is_as_documented(at_the_till: Till, operation: Any) -> None:
    async def scenario(pos: Any) -> None:
        path, method = operation.path, operation.method
        answers = [await good(pos, path, method)]
        assert answers[0].status_code == 200, answers[0].text
        answers += await provoke(pos, path, method)
        if path == "/delete":
            await pos.gateway.feed_from("head-office")
            answers.append(await pos.post(path, {"barcodes": ["1"]}))
        if path == "/readyz":
            pos.gateway.not_ready.append("The broker does not answer.")
            answers.append(await pos.get(path))
        if operation.needs_token:
            answers += await fail(pos, path, method)
        for answer in answers:
            check(path, method, answer)
        seen = {answer.status_code for answer in answers}
        assert seen == {int(status) for status in DOCUMENT["paths"][path][method]["responses"]}

    # The bucket holds enough for the test's own requests, and never fills: the clock stands still.
    at_the_till(scenario, settings=PosSettings(burst_requests=80, requests_per_s=0.001))


def test_every_problem_code_is_documented_somewhere() -> None:
    text = json.dumps(DOCUMENT["paths"])
    for code in ("store_fed_elsewhere", "session_closed", "too_many_missing", "atomic_rejected"):
        assert f"`{code}`" in text
