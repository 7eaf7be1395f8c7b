"""Lets in whoever has the admin token: as Bearer, or as the cookie that the console's page sets.

Rule: the token is compared in constant time. A cookie travels by itself, so with a cookie a change must come from our
own pages: a foreign `Origin` is refused.
"""

import hmac
from collections.abc import Awaitable, Callable
from http import HTTPMethod
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.exceptions import NotAuthorizedException
from litestar.handlers import BaseRouteHandler

COOKIE = "esl_admin"
_SAFE = (HTTPMethod.GET, HTTPMethod.HEAD)
Connection = ASGIConnection[object, object, object, State]


def admin_door(admin_token: str) -> Callable[[Connection, BaseRouteHandler], Awaitable[None]]:
    """A guard for every route that belongs to the operator."""

    async def guard(connection: Connection, _: BaseRouteHandler) -> None:
        if not is_admin(connection, admin_token):
            raise NotAuthorizedException(
                "This needs the admin token: `Authorization: Bearer <token>`, or the cookie that /console sets; "
                "the token stands in admin.token in the gateway's data folder"
            )

    return guard


def is_admin(connection: Connection, admin_token: str) -> bool:
    words = connection.headers.get("authorization", "").split()
    if len(words) == 2 and words[0].lower() == "bearer":
        return _equal(words[1], admin_token)
    cookie = connection.cookies.get(COOKIE)
    if cookie is None or not _equal(cookie, admin_token):
        return False
    return connection.scope.get("method") in _SAFE or _is_from_our_pages(connection)


def _is_from_our_pages(connection: Connection) -> bool:
    origin = connection.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == connection.headers.get("host")


def _equal(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())
