"""What a POS may rely on, by raw socket against the real server, behind both of uvicorn's parsers: a row a rule."""

import gzip
import json
import zlib
from collections.abc import Callable
from typing import Any

import pytest

ROW = b'{"barcode":"4006381333931","name":"Wasser","price":"3.99"}'
UMLAUT = '{"barcode":"4006381333931","name":"Käse","price":"3.99"}'
MB = 1024 * 1024
Send = Callable[..., Any]


@pytest.fixture
def send(wire: Any, token: str) -> Send:
    """send(method, path, body, header lines..., version=, token=): one request, its answer."""

    def send(
        method: str, path: str, body: bytes | None = None, *lines: str, version: str = "1.1", auth: str | None = None
    ) -> Any:
        head = [f"{method} {path} HTTP/{version}", "Host: gateway", f"Authorization: {auth or 'Bearer ' + token}"]
        if body is not None and not any(line.lower().startswith(("content-length", "transfer")) for line in lines):
            head.append(f"Content-Length: {len(body)}")
        wire.send(("\r\n".join([*head, *lines]) + "\r\n\r\n").encode() + (body or b""))
        return wire.answer(method)

    return send


@pytest.mark.parametrize("prefix", ["", "/v1", "/api", "/api/v1"])
@pytest.mark.parametrize("path", ["/add", "/add/", "//add", "/add//"])
def test_a_path_is_found_with_every_prefix_and_however_its_slashes_are_set(send: Send, prefix: str, path: str) -> None:
    answer = send("POST", prefix + path, ROW)
    assert (answer.status, answer.json()["success"]) == (200, True)


DECODED: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "no content type": (ROW, ()),
    "a byte order mark": (b"\xef\xbb\xbf" + ROW, ("Content-Type: application/json",)),
    "a form content type": (ROW, ("Content-Type: application/x-www-form-urlencoded",)),
    "text/plain": (ROW, ("Content-Type: text/plain",)),
    "windows-1250": (UMLAUT.encode("cp1250"), ("Content-Type: application/json; charset=windows-1250",)),
    "latin-1 in quotes": (UMLAUT.encode("latin-1"), ('Content-Type: application/json; charset="ISO-8859-1"',)),
    "utf-16 with a mark": (UMLAUT.encode("utf-16"), ("Content-Type: application/json; charset=utf-16",)),
    "utf-8 in capitals": (UMLAUT.encode(), ("Content-Type: application/json; charset=UTF-8",)),
    "gzip": (gzip.compress(ROW), ("Content-Encoding: gzip",)),
    "x-gzip": (gzip.compress(ROW), ("Content-Encoding: x-gzip",)),
    "gzip of two members": (gzip.compress(ROW[:20]) + gzip.compress(ROW[20:]), ("Content-Encoding: gzip",)),
    "deflate": (zlib.compress(ROW), ("Content-Encoding: deflate",)),
    "deflate without its frame": (zlib.compress(ROW, wbits=-15), ("Content-Encoding: deflate",)),
    "both, one on the other": (gzip.compress(zlib.compress(ROW)), ("Content-Encoding: deflate, gzip",)),
    "identity": (ROW, ("Content-Encoding: identity",)),
    "chunks": (b"5\r\n" + ROW[:5] + b"\r\n%x\r\n" % len(ROW[5:]) + ROW[5:] + b"\r\n0\r\n\r\n",
               ("Transfer-Encoding: chunked",)),
}  # fmt: skip


@pytest.mark.parametrize("name", DECODED)
def test_a_body_is_read_however_a_client_writes_it(send: Send, name: str) -> None:
    body, lines = DECODED[name]
    answer = send("POST", "/add", body, *lines)
    assert (answer.status, answer.json()["accepted"]) == (200, 1), answer.body


REFUSED: dict[str, tuple[bytes, tuple[str, ...], int, str]] = {
    "a coding that nobody reads": (ROW, ("Content-Encoding: br",), 415, "coding_unknown"),
    "three codings": (ROW, ("Content-Encoding: gzip, gzip, gzip",), 415, "coding_unknown"),
    "a character set that nobody knows": (ROW, ("Content-Type: a/b; charset=klingon",), 415, "charset_unknown"),
    "a codec that is no character set": (ROW, ("Content-Type: a/b; charset=base64",), 415, "charset_unknown"),
    "punycode": (ROW, ("Content-Type: a/b; charset=punycode",), 415, "charset_unknown"),
    "not JSON": (b'{"a":\n 1,}', (), 400, "malformed_body"),
    "not UTF-8": (UMLAUT.encode("latin-1"), (), 400, "malformed_body"),
    "not of its character set": (b"\x81", ("Content-Type: a/b; charset=cp1252",), 400, "malformed_body"),
    "NaN": (b'{"price": NaN}', (), 400, "malformed_body"),
    "nested deeper than 32": (b"[" * 33 + b"]" * 33, (), 400, "malformed_body"),
    "nested a million deep": (b"[" * MB, (), 400, "malformed_body"),
    "not gzip": (ROW, ("Content-Encoding: gzip",), 400, "malformed_body"),
    "gzip that stops half way": (gzip.compress(ROW)[:-9], ("Content-Encoding: gzip",), 400, "malformed_body"),
    "deflate with something behind": (zlib.compress(ROW) + b"x", ("Content-Encoding: deflate",), 400, "malformed_body"),
    "a small bomb": (gzip.compress(b" " * (16 * MB + 1)), ("Content-Encoding: gzip",), 413, "body_too_large"),
    "more than 16 MB": (b" " * (16 * MB + 1), (), 413, "body_too_large"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_body_that_cannot_be_read_is_a_problem_document_and_nothing_is_taken(send: Send, name: str) -> None:
    body, lines, status, code = REFUSED[name]
    answer = send("POST", "/add", body, *lines)
    assert (answer.status, answer.json()["code"]) == (status, code), answer.body
    assert answer.headers["content-type"] == "application/problem+json"
    assert send("GET", "/store").status == 200  # and the connection lives on


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b'{"a":\n 1,}', "line 2"),
        (b'\n\n{"price": NaN}', "line 3, column 11"),
        (b'\n"' + "ä".encode() + b'\xff"', "line 2, column 3"),
    ],
)
def test_a_malformed_body_is_told_with_line_and_column(send: Send, body: bytes, place: str) -> None:
    assert place in send("POST", "/add", body).json()["detail"]


def test_sixteen_megabytes_are_read(send: Send) -> None:
    answer = send("POST", "/add", ROW + b" " * (16 * MB - len(ROW)))
    assert (answer.status, answer.json()["accepted"]) == (200, 1)


def test_a_client_that_writes_first_gets_its_413_and_no_reset(send: Send) -> None:
    answer = send("POST", "/add", b" " * (40 * MB))
    assert (answer.status, answer.json()["code"]) == (413, "body_too_large")
    assert send("GET", "/store").status == 200


def test_a_client_that_writes_too_much_to_a_closed_door_gets_its_401_and_no_reset(send: Send) -> None:
    assert send("POST", "/add", b" " * (20 * MB), auth="Bearer nobody").status == 401
    assert send("POST", "/nowhere", b" " * (20 * MB)).status == 404
    assert send("GET", "/store").status == 200


def test_past_128_megabytes_the_gateway_hangs_up_after_its_answer(wire: Any, token: str) -> None:
    wire.send(f"POST /add HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer {token}\r\n".encode())
    wire.send(b"Content-Length: 400000000\r\n\r\n")
    sent = 0
    try:
        while sent < 200:
            wire.send(b" " * MB)
            sent += 1
    except OSError:
        pass  # it has hung up while we were still writing
    assert 128 <= sent < 200


def test_expect_100_continue_is_answered_and_then_the_body_is_read(wire: Any, token: str) -> None:
    wire.send(
        f"POST /add HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer {token}\r\nContent-Length: {len(ROW)}\r\n"
        "Expect: 100-continue\r\n\r\n".encode()
    )
    assert wire.head()[1] == 100
    wire.send(ROW)
    assert wire.answer().json()["accepted"] == 1


@pytest.mark.parametrize(
    ("length", "auth", "status"), [(20 * MB, None, 413), (200 * MB, None, 413), (100, "Bearer nobody", 401)]
)
def test_a_client_that_asks_first_is_refused_at_once(
    wire: Any, token: str, length: int, auth: str | None, status: int
) -> None:
    wire.send(
        f"POST /add HTTP/1.1\r\nHost: g\r\nAuthorization: {auth or 'Bearer ' + token}\r\nContent-Length: {length}\r\n"
        "Expect: 100-continue\r\n\r\n".encode()
    )
    answer = wire.answer()
    assert (answer.status, answer.interim) == (status, [])
    assert answer.headers["connection"] == "close"
    assert wire.is_closed()


@pytest.mark.parametrize("path", ["/store", "/healthz", "/openapi.json", "/docs", "/products?barcode=1"])
def test_head_works_wherever_get_does(send: Send, path: str) -> None:
    full, head = send("GET", path), send("HEAD", path)
    assert (head.status, head.body) == (full.status, b"")
    lengths = (head.headers["content-length"], full.headers["content-length"])
    assert lengths[0] == lengths[1]
    assert send("GET", "/store").status == 200


ROUTER: dict[str, tuple[str, str, int, str]] = {
    "an unknown path": ("GET", "/nowhere", 404, "path_unknown"),
    "a page below a prefix": ("GET", "/v1/console", 404, "path_unknown"),
    "half a path": ("GET", "/batch", 404, "path_unknown"),
    "GET of a POST": ("GET", "/add", 405, "method_not_allowed"),
    "POST of a GET": ("POST", "/store", 405, "method_not_allowed"),
    "PUT": ("PUT", "/add", 405, "method_not_allowed"),
    "DELETE": ("DELETE", "/products", 405, "method_not_allowed"),
    "a method of one's own": ("PATCH", "/batch/start", 405, "method_not_allowed"),
    "an unknown session": ("GET", "/batch/0123456789abcdef/status", 404, "session_unknown"),
    "a session id of no form": ("GET", "/batch/x/status", 404, "session_unknown"),
}


@pytest.mark.parametrize("name", ROUTER)
def test_what_the_router_refuses_is_a_problem_document_too(send: Send, name: str) -> None:
    method, path, status, code = ROUTER[name]
    answer = send(method, path, b"{}" if method != "GET" else None)
    document = answer.json()
    assert (answer.status, document["code"], document["status"]) == (status, code, status)
    assert answer.headers["content-type"] == "application/problem+json"
    assert document.keys() == {
        "type", "title", "status", "detail", "code", "errors", "success", "message", "requestId"
    }  # fmt: skip
    assert document["success"] is False
    assert document["requestId"] == answer.headers["x-request-id"]
    if status == 405:
        assert answer.headers["allow"] == ("GET, HEAD, OPTIONS" if path in ("/store", "/products") else "OPTIONS, POST")
    assert answer.headers["x-esl-environment"] == "sandbox"


AUTHORIZATION: dict[str, tuple[str, str]] = {
    "none": ("", "authorization_missing"),
    "blank": ("   ", "authorization_missing"),
    "another scheme": ("Basic dXNlcjpwYXNz", "scheme_not_bearer"),
    "the token alone": ("{token}", "scheme_not_bearer"),
    "no token": ("Bearer", "token_malformed"),
    "two tokens": ("Bearer {token} {token}", "token_malformed"),
    "an unknown one": ("Bearer esl_sandbox_nobody", "token_unknown"),
}


@pytest.mark.parametrize("name", AUTHORIZATION)
def test_a_401_says_which_part_was_wrong(send: Send, token: str, name: str) -> None:
    value, code = AUTHORIZATION[name]
    answer = send("POST", "/add", ROW, auth=value.format(token=token) or " ")
    assert (answer.status, answer.json()["code"]) == (401, code)
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "x-esl-environment" not in answer.headers


@pytest.mark.parametrize("value", ["Bearer {token}", "bearer {token}", "BEARER   {token}  ", " \tBearer\t{token}"])
def test_the_scheme_is_read_in_any_case_and_blanks_do_not_count(send: Send, token: str, value: str) -> None:
    answer = send("GET", "/store", auth=value.format(token=token))
    assert (answer.status, answer.headers["x-esl-environment"]) == (200, "sandbox")


def test_a_token_is_read_from_no_other_place(wire: Any, token: str) -> None:
    wire.send(
        f"GET /store?token={token}&access_token={token} HTTP/1.1\r\nHost: g\r\nX-Api-Key: {token}\r\n\r\n".encode()
    )
    assert wire.answer().status == 401


def test_every_post_answers_200_never_201_or_a_redirect(send: Send) -> None:
    session_id = send("POST", "/batch/start", b"").json()["sessionId"]
    body = json.dumps({"sessionId": session_id, "products": [json.loads(ROW)]}).encode()
    requests = [
        ("/add", ROW),
        ("/productUpdate/", ROW),
        ("/batch/push", body),
        ("/batch/complete", body),
        ("/delete", b'{"barcodes": ["1"]}'),
    ]
    for path, sent in requests:
        answer = send("POST", path, sent)
        assert (answer.status, answer.json()["success"]) == (200, True), path
        assert len(answer.headers["x-request-id"]) == 16


def test_http_1_0_is_spoken(send: Send, wire: Any) -> None:
    answer = send("POST", "/add", ROW, version="1.0")
    assert (answer.status, answer.json()["accepted"]) == (200, 1)
    assert "transfer-encoding" not in answer.headers
    assert wire.is_closed()


def test_an_idle_connection_stays_open_for_two_minutes(server: Any, send: Send) -> None:
    send("GET", "/store")

    async def seconds_left() -> list[float]:
        (now, connections) = (server.gateway.clock.monotonic_s(), server.connections())
        timers = [connection.timeout_keep_alive_task for connection in connections]
        return [timer.when() - now for timer in timers if timer is not None]

    idle = server.call(seconds_left())
    assert idle
    assert max(idle) > 119


def test_health_needs_no_token(wire: Any) -> None:
    for path in ("/healthz", "/readyz"):
        wire.send(f"GET {path} HTTP/1.1\r\nHost: g\r\n\r\n".encode())
        assert wire.answer().json() == {"success": True, "status": "ok"}


def test_a_browser_at_the_root_is_sent_to_the_console_and_nobody_else(send: Send) -> None:
    browser = send("GET", "/", None, "Accept: text/html,application/xhtml+xml,*/*;q=0.8")
    assert (browser.status, browser.headers["location"]) == (302, "/console")
    assert send("GET", "/", None, "Accept: */*").status == 404


def test_cors_is_off(send: Send) -> None:
    assert "access-control-allow-origin" not in send("GET", "/store", None, "Origin: https://till.example").headers


def test_rows_with_what_no_text_may_hold_are_row_errors(send: Send) -> None:
    bodies = {
        b'{"barcode":"1","barcode":"1","name":"n","price":1}': "duplicate_key",
        b'{"barcode":"1","name":"a\\u0000b","price":1}': "forbidden_character",
        b'{"barcode":"1","name":"a\\ud800b","price":1}': "forbidden_character",
    }
    for body, code in bodies.items():
        answer = send("POST", "/add", body)
        assert (answer.status, answer.json()["errors"][0]["code"]) == (422, code)
