"""The buttons of the shelf wall: a small HTTP server of the demo's own process, on this machine alone.

In: `POST /<break>` from the wall's page. Out: `{"words": "what was broken"}`. Rule: a page of any other origin is
refused before anything is broken; whoever sends no origin at all (curl) already runs programs on this machine.
"""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import cast

import uvicorn
from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, HTTPScope, Scope

from simulator.cli.admin_api import GatewayRefuses
from simulator.cli.demo_breaks import Breaks

Headers = list[tuple[bytes, bytes]]


class Control:
    """`breaks` is None until the shop is there. `origins`: those of the gateway's pages."""

    def __init__(self, origins: Callable[[], Collection[str]]) -> None:
        self.breaks: Breaks | None = None
        self._origins = origins
        self._socket = socket.create_server(("127.0.0.1", 0))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["Control"]:
        config = uvicorn.Config(self._answer, lifespan="off", ws="none", interface="asgi3", log_config=None)
        server = _QuietServer(config)
        task = asyncio.create_task(server.serve(sockets=[self._socket]), name="demo-control")
        try:
            yield self
        finally:
            server.should_exit = server.force_exit = True
            await task

    async def _answer(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        request = cast(HTTPScope, scope)
        origin = dict(request["headers"]).get(b"origin", b"").decode("latin-1")
        headers: Headers = [(b"content-type", b"application/json"), (b"vary", b"Origin")]
        if origin in self._origins():
            headers.append((b"access-control-allow-origin", origin.encode("latin-1")))
            status, words = await self._press(request)
        elif origin:
            status, words = 403, "These buttons belong to the shelf wall of this demo."
        else:
            status, words = await self._press(request)
        body = json.dumps({"words": words}).encode()
        headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers, "trailers": False})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    async def _press(self, request: HTTPScope) -> tuple[int, str]:
        name = request["path"].strip("/")
        if self.breaks is None:
            return 503, "The shop is still being furnished."
        if name not in self.breaks.ways:
            return 404, f"There is no such button; there are {', '.join(self.breaks.ways)}."
        if request["method"] != "POST":
            return 405, "A button is pressed by POST."
        try:
            return 200, await self.breaks.press(name)
        except GatewayRefuses as error:
            return 502, f"The gateway says: {error}"


class _QuietServer(uvicorn.Server):
    """uvicorn without its own signal handlers: the demo has its own."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
