"""The routes of the POS API, and the application that answers them.

In: `PosServices`. Out: Litestar handlers, or a whole ASGI application with the edge in front.
Rule: handlers are coroutines and take the raw request: no thread is used, and the framework judges no body.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from litestar import Litestar, Response, Router, get, post
from litestar.config.cors import CORSConfig
from litestar.types import ASGIApp, ControllerRouterHandler

from gateway.catalog import RowMode
from gateway.pos_api import batches, open_routes
from gateway.pos_api.answers import EXCEPTION_HANDLERS
from gateway.pos_api.bearer import Bearer
from gateway.pos_api.desk import Desk
from gateway.pos_api.edge import edge
from gateway.pos_api.reading import answer_product, answer_store
from gateway.pos_api.removing import answer_delete
from gateway.pos_api.request import PosRequest
from gateway.pos_api.saving import answer_rows
from gateway.pos_api.services import PosServices, PosSettings

_CORS_HEADERS = ["Authorization", "Content-Type", "Idempotency-Key", "X-Session-Id"]
_CORS_EXPOSED = ["X-Request-Id", "X-ESL-Environment", "Retry-After", "Idempotency-Replayed"]

Answerer = Callable[[Desk, PosRequest], Awaitable[Response[bytes]]]
Hook = Callable[[PosRequest], Awaitable[None]]
SessionAnswerer = Callable[[Desk, PosRequest, str], Awaitable[Response[bytes]]]


def routes(services: PosServices) -> list[ControllerRouterHandler]:
    """Routers for a Litestar application that stands behind `edge` and `Bearer`; `create_app` builds such a one."""
    desk = Desk(services)
    counted = [
        _posting("/add", desk, partial(answer_rows, mode=RowMode.ADD, route="/add")),
        _posting("/productUpdate", desk, partial(answer_rows, mode=RowMode.UPDATE, route="/productUpdate")),
        _posting("/delete", desk, answer_delete),
        _posting("/batch/start", desk, batches.answer_start),
        _posting("/batch/push", desk, batches.answer_push),
        _posting("/batch/complete", desk, batches.answer_complete),
        _reading("/store", desk, answer_store),
        _reading("/products", desk, answer_product),
        _asking("errors", desk, batches.answer_errors),
        _asking("missing", desk, batches.answer_missing),
        _asking("unconfirmed", desk, batches.answer_unconfirmed),
    ]
    uncounted = [_asking("status", desk, batches.answer_status)]
    return [
        Router("/", route_handlers=counted, before_request=_plain(desk.admit)),
        Router("/", route_handlers=uncounted, before_request=_plain(desk.admit_uncounted)),
        *_open_handlers(desk),
    ]


def create_app(services: PosServices, extra_route_handlers: Sequence[ControllerRouterHandler] = ()) -> ASGIApp:
    """The whole application: the edge, then the token, then the routes, and whatever pages and admin API bring."""
    settings = services.settings
    litestar = Litestar(
        [*routes(services), *extra_route_handlers],
        openapi_config=None,
        exception_handlers=EXCEPTION_HANDLERS,
        logging_config=None,
        request_max_body_size=None,  # the edge counts, after decoding
        cors_config=_cors(settings),
    )
    bearer = Bearer(litestar, services.database, services.clock, settings.untouched)
    return edge(bearer, services.clock, services.secrets, prefixes=settings.prefixes, untouched=settings.untouched)


def _plain(hook: Hook) -> Hook:
    """As a plain function: Litestar copies a router deeply when it registers it, and with a method its whole object."""

    async def call(request: PosRequest) -> None:
        await hook(request)

    return call


def _posting(path: str, desk: Desk, answer: Answerer) -> ControllerRouterHandler:
    @post(path, status_code=200, name=path)
    async def handler(request: PosRequest) -> Response[bytes]:
        return await answer(desk, request)

    return handler


def _reading(path: str, desk: Desk, answer: Answerer) -> ControllerRouterHandler:
    @get(path, name=path)
    async def handler(request: PosRequest) -> Response[bytes]:
        return await answer(desk, request)

    return handler


def _asking(listing: str, desk: Desk, answer: SessionAnswerer) -> ControllerRouterHandler:
    @get(f"/batch/{{session_id:str}}/{listing}", name=f"/batch/{listing}")
    async def handler(request: PosRequest) -> Response[bytes]:
        return await answer(desk, request, str(request.path_params["session_id"]))

    return handler


def _open_handlers(desk: Desk) -> list[ControllerRouterHandler]:
    @get("/", name="/")
    async def root(request: PosRequest) -> Response[bytes]:
        return await open_routes.answer_root(request)

    @get("/healthz", name="/healthz")
    async def health() -> Response[bytes]:
        return await open_routes.answer_health()

    @get("/readyz", name="/readyz")
    async def ready() -> Response[bytes]:
        return await open_routes.answer_ready(desk)

    @get("/openapi.json", name="/openapi.json")
    async def api_document() -> Response[bytes]:
        return await open_routes.answer_document(desk)

    @get("/docs", name="/docs")
    async def docs() -> Response[bytes]:
        return await open_routes.answer_docs()

    @get("/docs/static/{name:str}", name="/docs/static")
    async def static(request: PosRequest) -> Response[bytes]:
        return await open_routes.answer_static(str(request.path_params["name"]))

    return [root, health, ready, api_document, docs, static]


def _cors(settings: PosSettings) -> CORSConfig | None:
    if not settings.cors_origins:
        return None
    return CORSConfig(
        allow_origins=list(settings.cors_origins),
        allow_methods=["GET", "POST"],
        allow_headers=_CORS_HEADERS,
        expose_headers=_CORS_EXPOSED,
    )
