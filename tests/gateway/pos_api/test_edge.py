"""What the edge does to requests that are none of the POS's, and what it writes down."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import structlog
from litestar import Request, get, post
from litestar.response import ServerSentEvent

from gateway.pos_api import PosSettings

Till = Callable[..., Any]


@get("/console/events")
async def endless_events() -> ServerSentEvent:
    async def events() -> AsyncIterator[str]:
        number = 0
        while True:
            number += 1
            yield str(number)
            await asyncio.sleep(0)

    return ServerSentEvent(events())


@post("/admin/raw", status_code=201)
async def raw_length(request: Request[Any, Any, Any]) -> int:
    return len(await request.body())


@get("/healthz/broken")
async def broken() -> None:
    raise RuntimeError("a secret of the gateway")


async def first_events(app: Any, path: str, count: int) -> tuple[dict[str, str], bytes]:
    """A small ASGI client that hangs up after `count` pieces of the stream: headers, what came."""
    headers: dict[str, str] = {}
    pieces: list[bytes] = []
    enough = asyncio.Event()

    async def receive() -> dict[str, object]:
        await enough.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            headers.update((name.decode().lower(), value.decode()) for name, value in message["headers"])
        else:
            pieces.append(message["body"])
            if len(pieces) >= count:
                enough.set()

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "path": path,
        "raw_path": path.encode(), "query_string": b"", "root_path": "", "scheme": "http",
        "headers": [(b"host", b"gateway")], "client": None, "server": None, "state": {},
    }  # fmt: skip
    await asyncio.wait_for(app(scope, receive, send), 10)
    return headers, b"".join(pieces)


def test_event_streams_of_the_console_pass_piece_by_piece(at_the_till: Till) -> None:
    async def scenario(pos: Any) -> None:
        headers, octets = await first_events(pos.gateway.app(endless_events), "/console/events", 3)
        assert octets.startswith(b"data: 1")
        assert headers["content-type"].startswith("text/event-stream")
        assert len(headers["x-request-id"]) == 16

    at_the_till(scenario)


def test_the_admin_api_gets_its_bodies_as_they_were_sent(at_the_till: Till) -> None:
    async def scenario(pos: Any) -> None:
        octets = b"\x1f\x8b not gzip at all"
        answer = await pos.post("/admin/raw", octets, headers={"Content-Encoding": "gzip"})
        assert (answer.status_code, answer.json()) == (201, len(octets))
        assert "x-esl-environment" not in answer.headers

    at_the_till(scenario, extra=(raw_length,))


def test_a_fault_of_ours_is_a_500_that_tells_nothing_of_the_inside(at_the_till: Till) -> None:
    async def scenario(pos: Any) -> None:
        answer = await pos.get("/healthz/broken")
        assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
        assert "secret" not in answer.text

    at_the_till(scenario, extra=(broken,))


def test_each_request_is_one_line_in_the_log_with_the_id_of_its_answer_and_without_its_token(at_the_till: Till) -> None:
    async def scenario(pos: Any) -> None:
        answer = await pos.get("/v1/store/")
        refused = await pos.post("/add", b"{")
        assert [line["request_id"] for line in lines] == [one.headers["x-request-id"] for one in (answer, refused)]
        assert (lines[0]["status"], lines[0]["store"], lines[0]["path"]) == (200, "shop-0", "/v1/store/")
        assert (lines[1]["status"], lines[1]["code"]) == (400, "malformed_body")
        assert pos.token not in str(lines)

    before = structlog.get_config()["wrapper_class"]
    with structlog.testing.capture_logs() as lines:
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(0))
        try:
            at_the_till(scenario)
        finally:
            structlog.configure(wrapper_class=before)


def test_a_setting_lets_a_browser_till_in_and_no_other_origin(at_the_till: Till) -> None:
    async def scenario(pos: Any) -> None:
        asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
        ours = await pos.request("OPTIONS", "/add", headers={"Origin": "https://till.example", **asked})
        assert ours.headers["access-control-allow-origin"] == "https://till.example"
        answer = await pos.get("/store", headers={"Origin": "https://till.example"})
        assert answer.headers["access-control-allow-origin"] == "https://till.example"
        other = await pos.get("/store", headers={"Origin": "https://elsewhere.example"})
        assert "access-control-allow-origin" not in other.headers

    at_the_till(scenario, settings=PosSettings(cors_origins=("https://till.example",)))
