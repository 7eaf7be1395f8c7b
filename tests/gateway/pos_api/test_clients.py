"""Five kinds of clients, octet by octet as they send, from the files in transcripts/."""

import gzip
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

TRANSCRIPTS = sorted((Path(__file__).parent / "transcripts").glob("*.toml"))


def octets_of(request: dict[str, Any], words: dict[str, str]) -> tuple[bytes, bytes]:
    """Head and body of a request, as they go over the wire."""
    body: bytes = request.get("body", "").encode()
    if request.get("mark"):
        body = b"\xef\xbb\xbf" + body
    if request.get("gzip"):
        body = gzip.compress(body)
    if size := request.get("chunk_octets"):
        pieces = [body[start : start + size] for start in range(0, len(body), size)]
        body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in [*pieces, b""])
    head = request["head"].strip().format(**words, length=len(body))
    return head.replace("\n", "\r\n").encode() + b"\r\n\r\n", body


def talk(wire: Any, request: dict[str, Any], words: dict[str, str]) -> Any:
    """One request, its answer; a client that asked first waits for its 100."""
    head, body = octets_of(request, words)
    wire.send(head)
    if request.get("interim"):
        assert [wire.head()[1]] == request["interim"]
    wire.send(body)
    return wire.answer(request["head"].split()[0])


def check(answer: Any, request: dict[str, Any]) -> None:
    document = answer.json()
    assert answer.status == request["status"], document
    assert document["success"] is True
    if "accepted" in request:
        assert document["accepted"] == request["accepted"]
        assert sorted({issue["code"] for issue in document["warnings"]}) == request.get("warnings", [])
    if "product" in request:
        assert document["product"] == document["product"] | request["product"]


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_a_real_client_is_understood(path: Path, server: Any, token: str, new_wire: Callable[[Any], Any]) -> None:
    transcript = tomllib.loads(path.read_text())
    words = {"token": token, "host": f"127.0.0.1:{server.port}", "session": ""}
    wire = new_wire(server)
    for request in transcript["request"]:
        answer = talk(wire, request, words)
        check(answer, request)
        words["session"] = words["session"] or answer.json().get("sessionId", "")
        if request.get("closes"):
            assert wire.is_closed()
            wire = new_wire(server)
    wire.close()
    assert server._server.config.timeout_keep_alive > transcript["idle_s"]


def test_all_five_kinds_of_clients_are_there() -> None:
    assert [path.stem for path in TRANSCRIPTS] == [
        "delphi-indy",
        "dotnet-httpclient",
        "java-chunked",
        "node-gzip",
        "php-curl",
    ]
