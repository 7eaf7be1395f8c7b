"""Finds out whose request this is, before anything routes it.

In: the Authorization header. Out: in the exchange a `Grant`, or a refusal that says which part was wrong.
Rule: this layer refuses nobody; routes that need a token do (`gateway.pos_api.door`), so that health and the API
browser stay open, and every answer to a good token names its environment. Source: the POS contract, Tokens, rule 7.
"""

from functools import partial

from litestar.types import ASGIApp, Receive, Scope, Send

from gateway.access import find_token
from gateway.database import Database
from gateway.ports import Clock
from gateway.pos_api.body import headers_of
from gateway.pos_api.exchange import exchange_of, http_scope
from gateway.pos_api.path import is_below
from gateway.pos_api.problem import Problem

_CHALLENGE = {"WWW-Authenticate": "Bearer"}
_WANTED = "send `Authorization: Bearer <token>`."


def bearer_token(authorization: str | None) -> str:
    """The token in the header; the scheme in any case, blanks ignored. Raises `Problem` 401."""
    if authorization is None or not authorization.strip():
        raise refused("authorization_missing", f"The request has no Authorization header: {_WANTED}")
    words = authorization.split()
    if words[0].lower() != "bearer":
        raise refused("scheme_not_bearer", f"The Authorization header does not begin with the word Bearer: {_WANTED}")
    if len(words) == 1:
        raise refused("token_malformed", f"No token follows the word Bearer: {_WANTED}")
    if len(words) > 2:
        raise refused("token_malformed", f"More than one word follows the word Bearer: {_WANTED}")
    return words[1]


def refused(code: str, detail: str) -> Problem:
    return Problem(code, detail, headers=_CHALLENGE)


class Bearer:
    """An ASGI application around another one, inside the edge."""

    def __init__(self, app: ASGIApp, database: Database, clock: Clock, untouched: tuple[str, ...]) -> None:
        self._app = app
        self._database = database
        self._clock = clock
        self._untouched = untouched

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        http = http_scope(scope)
        if http is not None and not is_below(http["path"], self._untouched):
            exchange = exchange_of(http)
            try:
                token = bearer_token(headers_of(http).get("authorization"))
                exchange.grant = await self._database.read(partial(find_token, text=token, now=self._clock.now()))
                if exchange.grant is None:
                    exchange.refusal = refused(
                        "token_unknown", "The token is unknown or revoked; ask the gateway's operator for a new one."
                    )
            except Problem as problem:
                exchange.refusal = problem
        await self._app(scope, receive, send)
