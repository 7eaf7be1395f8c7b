"""The one layer in front of all routes: what real clients send becomes what the routes are written for.

In: an ASGI request. Out: its path canonical, HEAD as GET, the body decoded; every answer with X-Request-Id (and
X-ESL-Environment, once the token is known), every failure a problem document.
Rule: pages, event streams and the admin API pass through untouched, but for their X-Request-Id.
Source: the POS contract, rules 3, 4, 6.
"""

from collections.abc import Sequence
from urllib.parse import quote

import structlog
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from gateway.ports import Clock, Secrets
from gateway.pos_api.body import Body, ClientLeft
from gateway.pos_api.exchange import Exchange, http_scope, put_exchange
from gateway.pos_api.limits import REQUEST_ID_OCTETS
from gateway.pos_api.path import PREFIXES, UNTOUCHED, canonical_path, is_below
from gateway.pos_api.problem import MEDIA_TYPE, Problem, dump, problem_of_status

_log = structlog.get_logger("pos_api")
_CHANGED_HEADERS = frozenset({b"content-encoding", b"content-length", b"transfer-encoding"})


class Edge:
    """An ASGI application around another one; see `edge`."""

    def __init__(
        self, app: ASGIApp, clock: Clock, secrets: Secrets, prefixes: Sequence[str], untouched: Sequence[str]
    ) -> None:
        self._app = app
        self._clock = clock
        self._secrets = secrets
        self._prefixes = tuple(prefixes)
        self._untouched = tuple(untouched)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        http = http_scope(scope)
        if http is None:
            await self._app(scope, receive, send)
            return
        started_s = self._clock.monotonic_s()
        exchange = Exchange(self._secrets.octets(REQUEST_ID_OCTETS).hex())
        if is_below(http["path"], self._untouched):
            reply = Reply(exchange, send, body=None, is_head=False)
            put_exchange(http, exchange)
            await self._app(http, receive, reply.send)
        else:
            body = Body(http, receive)
            reply = Reply(exchange, send, body, is_head=http["method"] == "HEAD")
            await self._answer(self._canonical(http, exchange), body, reply)
        grant = exchange.grant
        _log.info(
            "request_answered",
            request_id=exchange.request_id,
            method=http["method"],
            path=http["path"],
            status=reply.status,
            code=exchange.code,
            store=grant.store_id if grant else None,
            token=grant.token_id if grant else None,
            took_ms=round((self._clock.monotonic_s() - started_s) * 1000, 1),
        )

    async def _answer(self, scope: HTTPScope, body: Body, reply: "Reply") -> None:
        try:
            await self._app(scope, body.receive, reply.send)
        except ClientLeft:
            _log.info("client_left", request_id=reply.exchange.request_id)
        except Exception:
            if reply.status is not None:
                raise
            _log.exception("request_failed", request_id=reply.exchange.request_id)
            await reply.send_problem(problem_of_status(500, "", {}))

    def _canonical(self, scope: HTTPScope, exchange: Exchange) -> HTTPScope:
        path = canonical_path(scope["path"], self._prefixes, self._untouched)
        changed = scope.copy()
        changed["path"] = path
        changed["raw_path"] = quote(path, safe="/%").encode()
        changed["method"] = "GET" if scope["method"] == "HEAD" else scope["method"]
        changed["headers"] = [(name, value) for name, value in scope["headers"] if name not in _CHANGED_HEADERS]
        put_exchange(changed, exchange)
        return changed


class Reply:
    """Sends the answer on, once the client has stopped writing."""

    def __init__(self, exchange: Exchange, send: Send, body: Body | None, *, is_head: bool) -> None:
        self.exchange = exchange
        self.status: int | None = None
        self._send = send
        self._body = body
        self._is_head = is_head

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            is_quiet = await self._body.discard() if self._body else True
            self.status = message["status"]
            added = [(b"x-request-id", self.exchange.request_id.encode())]
            if self.exchange.grant is not None:
                added.append((b"x-esl-environment", self.exchange.grant.environment.encode()))
            if not is_quiet:
                added.append((b"connection", b"close"))
            message["headers"] = [*message.get("headers", ()), *added]
        elif message["type"] == "http.response.body" and self._is_head:
            message["body"] = b""
        await self._send(message)

    async def send_problem(self, problem: Problem) -> None:
        self.exchange.code = problem.kind.code
        content = dump(problem.document(self.exchange.request_id))
        headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(content)).encode())]
        await self.send({"type": "http.response.start", "status": problem.kind.status, "headers": headers})
        await self.send({"type": "http.response.body", "body": content, "more_body": False})


def edge(
    app: ASGIApp,
    clock: Clock,
    secrets: Secrets,
    *,
    prefixes: Sequence[str] = PREFIXES,
    untouched: Sequence[str] = UNTOUCHED,
) -> ASGIApp:
    """`app` with the edge in front. `prefixes`: under which the POS routes answer. `untouched`: pages and admin."""
    return Edge(app, clock, secrets, prefixes, untouched)
