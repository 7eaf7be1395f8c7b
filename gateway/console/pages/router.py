"""The pages: the shelf wall, one glass full screen, a display's history, their pictures and their event stream.

In: a browser. Out: HTML by Jinja, PNG, server-sent events. Rule: pages read, they change nothing. On an address that
others can reach every page asks for the admin token once; on this machine's own they are open.
"""

import asyncio
import hmac
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Annotated

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Request, Response, Router, get, post
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie, State
from litestar.enums import RequestEncodingType
from litestar.exceptions import NotFoundException
from litestar.handlers import BaseRouteHandler
from litestar.params import Body
from litestar.response import Redirect, Stream
from sqlalchemy import Connection

from firmware_protocol import PANELS
from gateway.access import StoreUnknown, list_stores, store_settings
from gateway.batch import Sessions
from gateway.console.admin.door import COOKIE, is_admin
from gateway.console.admin.places import store_of_display
from gateway.console.admin.services import Reasons
from gateway.console.pages.limits import HISTORY_SHOWN, PICTURE_CACHE_CONTROL
from gateway.console.pages.pictures import Pictures
from gateway.console.pages.stream import wall_events
from gateway.console.pages.wall import Cell, cells, counts
from gateway.database import Database
from gateway.ports import Clock, EventStream, from_ms
from gateway.shelf import DisplayStanding, DisplayUnknown, HistoryFact, history, standings

HERE = Path(__file__).parent
STATIC = {
    "wall.css": "text/css; charset=utf-8",
    "wall.js": "text/javascript; charset=utf-8",
    "glass.js": "text/javascript; charset=utf-8",
}


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


def console_router(services: ConsoleServices) -> Router:
    """Pages stay out of the POS's OpenAPI document."""
    pages = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined)
    pictures = Pictures(services.database)

    def page(name: str, status: int = HTTPStatus.OK, **words: object) -> Response[str]:
        html = pages.get_template(name).render(**words)
        return Response(html, status_code=status, media_type="text/html; charset=utf-8")

    async def door(connection: ASGIConnection[object, object, object, State], _: BaseRouteHandler) -> None:
        if services.ask_for_token and not is_admin(connection, services.admin_token):
            raise TokenWanted

    def login_page(request: Request[object, object, State], _: "TokenWanted") -> Response[str]:
        return page("login.html", HTTPStatus.UNAUTHORIZED, wrong=False, onward=request.url.path)

    @get("/console")
    async def wall(store: str | None = None) -> Response[str]:
        def read(connection: Connection) -> tuple[list[str], str | None, list[Cell]]:
            stores = [one.store_id for one in list_stores(connection)]
            chosen = store if store is not None else (stores[0] if stores else None)
            if chosen is None:
                return stores, None, []
            store_settings(connection, chosen)
            return stores, chosen, cells(connection, chosen)

        try:
            stores, chosen, found = await services.database.read(read)
        except StoreUnknown as error:
            raise NotFoundException(str(error)) from None
        return page(
            "wall.html",
            stores=stores,
            store=chosen,
            cells=found,
            counts=counts({one.id: one for one in found}),
            sizes={name: panel.label_px for name, panel in PANELS.items()},
            demo_control=services.demo_control,
        )

    @get("/console/events")
    async def events(store: str) -> Stream:
        stream = wall_events(
            store, services.database, services.sessions, services.events, services.clock, services.stopping
        )
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        return Stream(stream, media_type="text/event-stream", headers=headers)

    @get("/console/cells")
    async def all_cells(store: str) -> list[Cell]:
        return await services.database.read(lambda connection: cells(connection, store))

    @get("/console/pictures/{name:str}")
    async def picture(name: str) -> Response[bytes]:
        try:
            png = await pictures.png(bytes.fromhex(name.removesuffix(".png")))
        except ValueError:
            png = None
        if png is None:
            raise NotFoundException("there is no such picture")
        return Response(png, media_type="image/png", headers={"cache-control": PICTURE_CACHE_CONTROL})

    @get("/console/displays/{display_id:str}")
    async def show_display(display_id: str) -> Response[str]:
        def read(connection: Connection) -> tuple[DisplayStanding, list[HistoryFact]]:
            standing = _standing(connection, display_id)
            return standing, history(connection, display_id, limit=HISTORY_SHOWN)

        try:
            standing, facts = await services.database.read(read)
        except DisplayUnknown as error:
            raise NotFoundException(str(error)) from None
        reason = None
        if standing.desired_revision is not None and not standing.confirmed:
            reason = (await services.reasons.reasons([display_id])).get(display_id)
        return page(
            "display.html",
            one=standing,
            facts=facts,
            reason=reason or standing.fallback_reason,
            at=lambda ms: from_ms(ms).strftime("%Y-%m-%d %H:%M:%S"),
        )

    @get("/glass/{display_id:str}")
    async def glass(display_id: str) -> Response[str]:
        try:
            standing = await services.database.read(lambda connection: _standing(connection, display_id))
        except DisplayUnknown as error:
            raise NotFoundException(str(error)) from None
        picture = standing.shown_content_id.hex() if standing.shown_content_id is not None else None
        return page("glass.html", one=standing, picture=picture)

    @get("/console/static/{name:str}")
    async def static(name: str) -> Response[bytes]:
        if name not in STATIC:
            raise NotFoundException("there is no such file")
        return Response((HERE / "static" / name).read_bytes(), media_type=STATIC[name])

    @post("/console/login", status_code=HTTPStatus.OK)
    async def login(
        data: Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)],
    ) -> Response[str] | Redirect:
        token, onward = data.get("token", "").strip(), data.get("onward", "/console")
        if not onward.startswith("/") or onward.startswith("//"):
            onward = "/console"
        if not hmac.compare_digest(token.encode(), services.admin_token.encode()):
            return page("login.html", HTTPStatus.UNAUTHORIZED, wrong=True, onward=onward)
        cookie = Cookie(key=COOKIE, value=token, httponly=True, samesite="strict", path="/")
        return Redirect(onward, status_code=303, cookies=[cookie])

    guarded = Router(
        "/",
        route_handlers=[wall, events, all_cells, picture, show_display, glass],
        guards=[door],
        exception_handlers={TokenWanted: login_page},
    )
    return Router("/", route_handlers=[guarded, static, login], include_in_schema=False)


class TokenWanted(Exception):
    """Somebody who is not on this machine came without the admin token: the page asks for it once."""


def _standing(connection: Connection, display_id: str) -> DisplayStanding:
    (standing,) = standings(connection, store_of_display(connection, display_id), display_ids=[display_id])
    return standing
