"""Writes down what links and POS systems say: what a laboratory needs to play a morning again.

In: payloads and carrier events, answered POST requests. Out: a file, one JSON object a line, for its owner's eyes only.
Rule: it looks on and changes nothing; if the disk will not take a line, recording ends and the gateway goes on. No
token is written, only its id. The format: docs/operating.md, "Recording".
"""

import base64
import hashlib
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from gateway.app.errors import CannotStart
from gateway.app.limits import RECORDED_BODY_OCTETS_MAX
from gateway.links import BridgeClosed, BridgeOpened, Carrier, CarrierEvent, PayloadArrived
from gateway.ports import Clock, to_ms

log = structlog.get_logger("app")
FORMAT = 1
_HEADERS = ("content-type", "content-encoding", "idempotency-key", "x-session-id")
_NOT_A_POS = ("/admin", "/console", "/glass", "/metrics")


class Recording:
    """Open from its making until `close`. A file that is there already is added to."""

    def __init__(self, path: Path, clock: Clock) -> None:
        """Raises CannotStart."""
        self._path, self._clock = path, clock
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise CannotStart(f"cannot record to {path}: {error.strerror}. Name another file (--record)") from error
        self._file = os.fdopen(descriptor, "a", buffering=1, encoding="utf-8")
        self.note("started", format=FORMAT)

    def note(self, kind: str, **what: object) -> None:
        """A line: when (UTC, milliseconds), which kind, and what belongs to it."""
        if self._file.closed:
            return
        try:
            self._file.write(json.dumps({"at": to_ms(self._clock.now()), "kind": kind, **what}) + "\n")
        except OSError as error:
            log.warning("recording_ends", file=str(self._path), reason=error.strerror)
            self.close()

    def close(self) -> None:
        try:
            self._file.close()
        except OSError as error:
            log.warning("recording_cut_off", file=str(self._path), reason=error.strerror)


class RecordedCarrier:
    """A carrier as it was, looked at in both directions."""

    def __init__(self, inner: Carrier, recording: Recording) -> None:
        self._inner, self._recording = inner, recording

    async def start(self) -> None:
        await self._inner.start()

    async def stop(self) -> None:
        await self._inner.stop()

    async def send(self, bridge_id: str, payload: bytes) -> None:
        self._recording.note("down", bridge=bridge_id, payload=base64.b64encode(payload).decode())
        await self._inner.send(bridge_id, payload)

    async def events(self) -> AsyncIterator[CarrierEvent]:
        async for event in self._inner.events():
            match event:
                case PayloadArrived(bridge_id=bridge, payload=payload):
                    self._recording.note("up", bridge=bridge, payload=base64.b64encode(payload).decode())
                case BridgeOpened(bridge_id=bridge):
                    self._recording.note("opened", bridge=bridge)
                case BridgeClosed(bridge_id=bridge):
                    self._recording.note("closed", bridge=bridge)
            yield event


def recorded(app: ASGIApp, recording: Recording) -> ASGIApp:
    """The same application; each POST of a POS is noted with its status once it is answered."""

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or scope["method"] != "POST" or scope["path"].startswith(_NOT_A_POS):
            await app(scope, receive, send)
            return
        exchange = _Exchange(receive, send)
        try:
            await app(scope, exchange.receive, exchange.send)
        finally:
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            recording.note(
                "request",
                path=scope["path"],
                headers={name: headers[name] for name in _HEADERS if name in headers},
                token=_token_id(headers.get("authorization", "")),
                body=exchange.body(),
                status=exchange.status,
                answer=exchange.answer(),
            )

    return call


class _Exchange:
    """What went in and came out, as far as it is kept."""

    def __init__(self, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]) -> None:
        self._receive, self._send = receive, send
        self._in, self._out = bytearray(), bytearray()
        self.status: int | None = None  # None: nobody was answered

    async def receive(self) -> Any:
        message = await self._receive()
        if message["type"] == "http.request" and len(self._in) <= RECORDED_BODY_OCTETS_MAX:
            self._in += message.get("body", b"")
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif message["type"] == "http.response.body" and len(self._out) <= RECORDED_BODY_OCTETS_MAX:
            self._out += message["body"]
        await self._send(message)

    def body(self) -> str | None:
        """None: too large to be kept."""
        return base64.b64encode(self._in).decode() if len(self._in) <= RECORDED_BODY_OCTETS_MAX else None

    def answer(self) -> str | None:
        return base64.b64encode(self._out).decode() if len(self._out) <= RECORDED_BODY_OCTETS_MAX else None


def _token_id(authorization: str) -> str | None:
    """As `esl token list` shows it; it opens nothing."""
    _, _, text = authorization.partition(" ")
    return hashlib.sha256(text.strip().encode()).hexdigest()[:12] if text else None
