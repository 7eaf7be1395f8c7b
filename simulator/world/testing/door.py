"""How a POS under test reaches the shop's gateway: by httpx within the process, or by real HTTP on 127.0.0.1.

In: requests of a POS. Out: the gateway's answers, octet for octet. Rule: both ways end in `Life.ask`, so that the same
happens to a request on either; a gateway that dies looks like one: nothing, then a closed connection.
"""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable
from typing import Any, cast

import httpx
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.pos_api import UVICORN_SETTINGS
from simulator.world.testing.life import Answer, CutOff, Life, Refused, Scope
from simulator.world.testing.limits import SERVER_WITHIN_REAL_S
from simulator.world.testing.stage import Stage

HOST = "127.0.0.1"
_TRANSPORT = "esl.transport"


class ShopTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """For `httpx.Client(transport=...)` and `httpx.AsyncClient(transport=...)`, on virtual time."""

    def __init__(self, stage: Stage[Life]) -> None:
        self._stage = stage

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        scope, body = _scope_of(request), request.read()
        try:
            return _response(self._stage.do(lambda: self._stage.cast.ask(scope, body)))
        except (Refused, CutOff) as error:
            raise _as_httpx(error) from error

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        scope, body = _scope_of(request), await request.aread()
        try:
            if self._stage.is_here():
                return _response(await self._stage.cast.ask(scope, body))
            asked = self._stage.submit(lambda: self._stage.cast.ask(scope, body))
            return _response(await asyncio.wrap_future(asked))
        except (Refused, CutOff) as error:
            raise _as_httpx(error) from error


def _scope_of(request: httpx.Request) -> Scope:
    raw_path, _, query = request.url.raw_path.partition(b"?")
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": request.url.scheme,
        "path": request.url.path,
        "raw_path": raw_path,
        "query_string": query,
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "client": (HOST, 1),
        "server": (request.url.host, request.url.port),
    }


def _response(answer: Answer) -> httpx.Response:
    return httpx.Response(answer.status, headers=answer.headers, content=answer.body)


def _as_httpx(error: Refused | CutOff) -> httpx.TransportError:
    if isinstance(error, Refused):
        return httpx.ConnectError("Connection refused")
    return httpx.RemoteProtocolError("Server disconnected without sending a response.")


class _Protocol(HttpToolsProtocol):
    """The gateway's own HTTP server, whose connections can be cut."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        cast(Scope, self.scope)[_TRANSPORT] = self.transport


class HttpDoor:
    """A real address, in a thread of its own. Requests are handed to the shop one after the other."""

    def __init__(self, stage: Stage[Life]) -> None:
        self._stage = stage
        self._socket = socket.create_server((HOST, 0))
        self.url = f"http://{HOST}:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(
            self._app,
            interface="asgi3",
            http=_Protocol,
            ws="none",
            lifespan="off",
            loop="asyncio",
            proxy_headers=False,
            log_config=None,
            **UVICORN_SETTINGS,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="esl-shop-http", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(SERVER_WITHIN_REAL_S)
        self._socket.close()

    async def _app(
        self, scope: Scope, receive: Callable[[], Awaitable[Scope]], send: Callable[[Scope], Awaitable[None]]
    ) -> None:
        transport = scope.pop(_TRANSPORT)
        body, is_more = b"", True
        while is_more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            is_more = message.get("more_body", False)
        asked: dict[str, Any] = {name: value for name, value in scope.items() if name != "state"}
        try:
            answer = await asyncio.wrap_future(self._stage.submit(lambda: self._stage.cast.ask(asked, body)))
        except (Refused, CutOff):
            transport.abort()
            await receive()  # until the connection is known to be gone, or uvicorn would answer 500
            return
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": answer.body})
