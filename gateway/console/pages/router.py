"""The pages: the shelf wall, one glass full screen, a display's history, their pictures and their event stream.

In: a browser. Out: HTML by Jinja, PNG, server-sent events. Rule: pages read, they change nothing. On an address that
others can reach everything but the login page asks for the admin token once; on this machine's own it is open, except
to what a proxy hands on, and to another name for this machine (a foreign page that had its own name point here).
"""

import asyncio
import hmac
import re
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated

from litestar import Request, Response, Router, get, post
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie, State
from litestar.enums import RequestEncodingType
from litestar.exceptions import NotAuthorizedException, NotFoundException
from litestar.handlers import BaseRouteHandler
from litestar.params import Body, FromPath, FromQuery
from litestar.response import Redirect, Stream

from gateway.access import StoreUnknown, list_stores, store_settings
from gateway.batch import Sessions
from gateway.console.admin.door import COOKIE, is_admin
from gateway.console.admin.places import store_of_display
from gateway.console.admin.services import Reasons
from gateway.console.pages.about import read_about
from gateway.console.pages.limits import (
    ASSET_CACHE_CONTROL,
    COOKIE_S,
    LOGIN_OCTETS_MAX,
    PICTURE_CACHE_CONTROL,
)
from gateway.console.pages.paper import Paper
from gateway.console.pages.pictures import Pictures
from gateway.console.pages.stream import WallSource, wall_events
from gateway.database import Database
from gateway.ports import Clock, EventStream
from gateway.settings import Listen
from gateway.shelf import DisplayUnknown

# Where a login may lead on to: our own pages, so that no link can use it to send people elsewhere.
_ONWARD = re.compile(r"/(console|glass)(/\w[\w.-]*)*(\?[\w=&.-]*)?", re.ASCII)
_PROXIES_SAY = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
_PICTURE = re.compile(r"([0-9a-f]{32})\.png", re.ASCII)
Page = Response[str]


@dataclass(frozen=True, slots=True)
class ConsoleServices:
    """`demo_control`: where the demo's buttons are served, if this gateway is a demo's. `ask_for_token`: others can
    reach us.
    """

    database: Database
    clock: Clock
    events: EventStream
    sessions: Sessions
    reasons: Reasons
    admin_token: str = field(repr=False)
    ask_for_token: bool = False
    demo_control: str | None = None
    stopping: asyncio.Event = field(default_factory=asyncio.Event)


class TokenWanted(NotAuthorizedException):
    """Somebody who is not on this machine came without the admin token: the page asks for it once."""


class NoSuchPage(NotFoundException):
    """A page that a person asked for is not there; `detail` says what is not."""


def console_router(services: ConsoleServices) -> Router:
    """Pages stay out of the POS's OpenAPI document."""
    paper = Paper(services.demo_control)

    async def door(connection: ASGIConnection[object, object, object, State], _: BaseRouteHandler) -> None:
        stranger = services.ask_for_token or not _is_from_here(connection)
        if stranger and not is_admin(connection, services.admin_token):
            raise TokenWanted("this needs the admin token; open /console and enter it")

    def ask(request: Request[object, object, State], _: TokenWanted) -> Page:
        onward = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return paper.page("login.html", HTTPStatus.UNAUTHORIZED, wrong=False, onward=_checked(onward))

    def refuse(_: Request[object, object, State], error: TokenWanted) -> Page:
        return Response(error.detail, status_code=HTTPStatus.UNAUTHORIZED, media_type="text/plain; charset=utf-8")

    def miss(_: Request[object, object, State], error: NoSuchPage) -> Page:
        return paper.page("missing.html", HTTPStatus.NOT_FOUND, words=error.detail)

    pages = Router(
        "/",
        route_handlers=_pages(services, paper),
        guards=[door],
        exception_handlers={TokenWanted: ask, NoSuchPage: miss},
    )
    parts = Router("/", route_handlers=_parts(services, paper), guards=[door], exception_handlers={TokenWanted: refuse})
    return Router("/", route_handlers=[pages, parts, *_open(services, paper)], include_in_schema=False)


def _pages(services: ConsoleServices, paper: Paper) -> list[BaseRouteHandler]:
    """What a person opens."""

    @get("/console")
    async def show_wall(store: FromQuery[str | None] = None) -> Page:
        stores = [one.store_id for one in await services.database.read(list_stores)]
        chosen = store if store is not None else next(iter(stores), None)
        if chosen is not None and chosen not in stores:
            raise NoSuchPage(f"There is no store {chosen}.")
        return paper.page("wall.html", stores=stores, store=chosen, demo_control=services.demo_control)

    @get("/console/displays/{display_id:str}")
    async def show_display(display_id: FromPath[str], part: FromQuery[bool] = False) -> Page:
        try:
            about = await services.database.read(lambda connection: read_about(connection, display_id))
        except DisplayUnknown as error:
            raise NoSuchPage(str(error)) from None
        reason = about.standing.fallback_reason
        if about.is_waiting:
            reason = (await services.reasons.reasons([display_id])).get(display_id, reason)
        return paper.page("display.html", about=about, one=about.standing, reason=reason, part=part)

    @get("/glass/{display_id:str}")
    async def show_glass(display_id: FromPath[str]) -> Page:
        try:
            about = await services.database.read(lambda connection: read_about(connection, display_id, facts=0))
        except DisplayUnknown as error:
            raise NoSuchPage(str(error)) from None
        return paper.page("glass.html", about=about, one=about.standing)

    return [show_wall, show_display, show_glass]


def _parts(services: ConsoleServices, paper: Paper) -> list[BaseRouteHandler]:
    """What a page fetches."""
    pictures = Pictures(services.database)
    source = WallSource(
        database=services.database,
        sessions=services.sessions,
        events=services.events,
        clock=services.clock,
        stopping=services.stopping,
        release=paper.release,
    )

    @get("/console/events")
    async def stream(store: FromQuery[str], display: FromQuery[str | None] = None) -> Stream:
        try:
            await services.database.read(lambda connection: store_settings(connection, store))
            if display is not None:
                await services.database.read(lambda connection: store_of_display(connection, display))
        except (StoreUnknown, DisplayUnknown) as error:
            raise NotFoundException(str(error)) from None
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        return Stream(wall_events(source, store, display), media_type="text/event-stream", headers=headers)

    @get("/console/pictures/{name:str}")
    async def picture(name: FromPath[str]) -> Response[bytes]:
        named = _PICTURE.fullmatch(name)
        png = await pictures.png(bytes.fromhex(named[1])) if named else None
        if png is None:
            raise NotFoundException("there is no such picture")
        headers = {"cache-control": PICTURE_CACHE_CONTROL, "x-content-type-options": "nosniff"}
        return Response(png, media_type="image/png", headers=headers)

    return [stream, picture]


def _open(services: ConsoleServices, paper: Paper) -> list[BaseRouteHandler]:
    """What the login page needs; it says nothing of the shop."""

    @get("/console/static/{name:str}")
    async def static(request: Request[object, object, State], name: FromPath[str]) -> Response[bytes]:
        asset = paper.assets.get(name)
        if asset is None:
            raise NotFoundException("there is no such file")
        headers = {"cache-control": ASSET_CACHE_CONTROL, "etag": asset.etag, "x-content-type-options": "nosniff"}
        if request.headers.get("if-none-match") == asset.etag:
            return Response(b"", status_code=HTTPStatus.NOT_MODIFIED, media_type=asset.media_type, headers=headers)
        return Response(asset.octets, media_type=asset.media_type, headers=headers)

    @post("/console/login", status_code=HTTPStatus.OK, request_max_body_size=LOGIN_OCTETS_MAX)
    async def login(
        request: Request[object, object, State],
        data: Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)],
    ) -> Page | Redirect:
        token, onward = data.get("token", "").strip(), _checked(data.get("onward", ""))
        if not hmac.compare_digest(token.encode(), services.admin_token.encode()):
            return paper.page("login.html", HTTPStatus.UNAUTHORIZED, wrong=True, onward=onward)
        secure = request.headers.get("x-forwarded-proto") == "https"
        cookie = Cookie(
            key=COOKIE, value=token, httponly=True, secure=secure, samesite="strict", path="/", max_age=COOKIE_S
        )
        return Redirect(onward, status_code=303, cookies=[cookie])

    return [static, login]


def _is_from_here(connection: ASGIConnection[object, object, object, State]) -> bool:
    """Of a request that came to this machine's own address: whether a browser on it sent it."""
    headers = connection.headers
    if any(name in headers for name in _PROXIES_SAY):
        return False
    host = headers.get("host", "")
    try:
        return Listen.parse(host if re.search(r":\d+$", host) and not host.endswith("]") else f"{host}:80").is_loopback
    except ValueError:
        return False


def _checked(onward: str) -> str:
    return onward if _ONWARD.fullmatch(onward) else "/console"
