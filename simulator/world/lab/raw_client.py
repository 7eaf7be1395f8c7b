"""POS clients that behave as no library does: they hang up within a body, drip it, or take minutes to read an answer.

In: a world, a request. Out: what was answered. Rule: each is one ASGI call on the gateway that runs when it begins; who
was not answered gets None, and sends again or not, as it likes.
"""

import asyncio
from collections.abc import Mapping, MutableMapping
from typing import Any

import httpx
from litestar.exceptions import LitestarException

from gateway.database import Crashed
from simulator.world.world import World


class Call:
    """One request. Give it octets with `sends`; its status is there when `answered` is set, or it has ended without."""

    def __init__(
        self, world: World, method: str, path: str, length: int, *, key: str = "", reads_s: float = 0.0
    ) -> None:
        """`length`: octets of the body. `reads_s`: how long it takes for each message of the answer."""
        self.status: int | None = None
        self.answered = asyncio.Event()
        self._world, self._reads_s = world, reads_s
        self._messages: asyncio.Queue[dict[str, object]] = asyncio.Queue()
        self._task = asyncio.ensure_future(self._run(_scope(world, method, path, length, key)))

    def sends(self, octets: bytes, *, more: bool) -> None:
        self._messages.put_nowait({"type": "http.request", "body": octets, "more_body": more})

    async def ended(self) -> None:
        """Its last octet was read, or the gateway is gone."""
        await asyncio.shield(self._task)

    async def drop(self) -> None:
        """The cable is out."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self, scope: MutableMapping[str, Any]) -> None:
        gateway = self._world.gateway
        try:
            await self._world.asgi(scope, self._receive, self._send)
        except (httpx.TransportError, Crashed):
            pass  # the gateway died: whether it has answered, the status says
        except LitestarException:  # the same, when the answer had begun
            if self._world.gateway is gateway and not self._world.is_cut:
                raise
        finally:
            self.answered.set()

    async def _receive(self) -> dict[str, object]:
        await asyncio.sleep(0)  # noqa: TID251  # a turn of the loop, no time
        return await self._messages.get()

    async def _send(self, message: Mapping[str, object]) -> None:
        if message["type"] == "http.response.start":
            self.status = int(str(message["status"]))
            self.answered.set()
        if self._reads_s:
            await self._world.clock.sleep(self._reads_s)


async def hang_up_within(world: World, path: str, body: bytes, sent: int) -> bool:
    """By an ASGI client of its own: httpx's never hangs up."""
    statuses: list[int] = []
    messages: list[dict[str, object]] = [
        {"type": "http.request", "body": body[:sent], "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> dict[str, object]:
        await asyncio.sleep(0)  # noqa: TID251  # a turn of the loop, no time
        return messages.pop(0) if len(messages) > 1 else messages[0]

    async def send(message: Mapping[str, object]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(int(str(message["status"])))

    scope = _scope(world, "POST", path, len(body), "")
    try:
        await world.asgi(scope, receive, send)
    except (httpx.TransportError, Crashed):
        return False
    return any(200 <= status < 300 for status in statuses)


def _scope(world: World, method: str, path: str, length: int, key: str) -> MutableMapping[str, Any]:
    token = world.pos.headers["authorization"].encode()
    headers = [(b"host", b"gateway"), (b"authorization", token), (b"content-type", b"application/json")]
    headers.append((b"content-length", str(length).encode()))
    if key:
        headers.append((b"idempotency-key", key.encode()))
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("gateway", 80),
    }
