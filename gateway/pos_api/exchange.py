"""What is known of one request while it is answered; it travels in the ASGI scope."""

from dataclasses import dataclass

from litestar.enums import ScopeType
from litestar.types import HTTPScope, Scope

from gateway.access import Grant
from gateway.pos_api.problem import Problem

_KEY = "pos_api.exchange"


@dataclass(slots=True)
class Exchange:
    """`grant`: what the token opens. `refusal`: why there is none. `code`: of the problem that was answered."""

    request_id: str
    grant: Grant | None = None
    refusal: Problem | None = None
    code: str | None = None


def http_scope(scope: Scope) -> HTTPScope | None:
    """The scope, if it is that of a request."""
    return scope if scope["type"] == ScopeType.HTTP else None


def put_exchange(scope: Scope, exchange: Exchange) -> None:
    state = dict(scope.get("state") or {})
    state[_KEY] = exchange
    scope["state"] = state


def exchange_of(scope: Scope) -> Exchange:
    exchange = scope["state"][_KEY]
    if not isinstance(exchange, Exchange):
        raise TypeError("pos_api.edge must stand in front of these routes")
    return exchange
