"""The one ASGI application: the POS API at the root, pages under /console, the admin API under /admin, /metrics.

In: the services. Out: an ASGI application. Rule: routes are added here, and belong to the folder that wrote them.
"""

import asyncio
from collections.abc import Callable

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, ControllerRouterHandler, Scope
from msgspec import Struct

from gateway.app.data_folder import Keys
from gateway.app.services import Ports, Services, count_displays_bound_to, display_facts
from gateway.console.admin import AdminServices, BridgeDoors, admin_router
from gateway.console.pages import ConsoleServices, console_router
from gateway.database import Database
from gateway.pos_api import PosServices, PosSettings, create_app
from gateway.pos_api.exchange import exchange_of
from gateway.settings import Settings
from gateway.shelf import FactoryCodeVault
from gateway.telemetry import CONTENT_TYPE, Metrics


class HttpParts(Struct, frozen=True):
    """`stopping` is set when the gateway stops: event streams end themselves then."""

    settings: Settings
    ports: Ports
    database: Database
    keys: Keys
    doors: BridgeDoors
    services: Services
    metrics: Metrics
    stopping: asyncio.Event
    not_ready_because: Callable[[], str | None]


def build_app(parts: HttpParts) -> ASGIApp:
    routes: list[ControllerRouterHandler] = [
        admin_router(admin_services(parts)),
        console_router(console_services(parts)),
        metrics_route(parts.metrics),
    ]
    return create_app(pos_services(parts), routes)


def pos_services(parts: HttpParts) -> PosServices:
    settings, services = parts.settings, parts.services
    return PosServices(
        database=parts.database,
        clock=parts.ports.clock,
        secrets=parts.ports.secrets,
        events=services.events,
        sessions=services.sessions,
        displays_bound_to=count_displays_bound_to,
        displays_of_product=display_facts,
        not_ready_because=parts.not_ready_because,
        settings=PosSettings(
            requests_per_s=settings.rate_per_s,
            burst_requests=settings.rate_burst,
            prefixes=settings.path_prefixes,
            cors_origins=settings.cors_origins,
        ),
    )


def admin_services(parts: HttpParts) -> AdminServices:
    services = parts.services

    return AdminServices(
        database=parts.database,
        clock=parts.ports.clock,
        secrets=parts.ports.secrets,
        events=services.events,
        sessions=services.sessions,
        reasons=services.both,
        vault=FactoryCodeVault(parts.keys.site_secret),
        admin_token=parts.keys.admin_token,
        doors=parts.doors,
        bridges_changed=services.both.wake,
        bridges=services.delivery.standings,
        modules=services.modules.standings,
        request_id_of=request_id_of,
    )


def console_services(parts: HttpParts) -> ConsoleServices:
    services = parts.services
    return ConsoleServices(
        database=parts.database,
        clock=parts.ports.clock,
        events=services.events,
        sessions=services.sessions,
        reasons=services.both,
        admin_token=parts.keys.admin_token,
        ask_for_token=not parts.settings.http.is_loopback,
        demo_control=parts.settings.demo_control,
        stopping=parts.stopping,
    )


def request_id_of(scope: Scope) -> str:
    """What X-Request-Id will say."""
    return exchange_of(scope).request_id


def metrics_route(metrics: Metrics) -> HTTPRouteHandler:
    @get("/metrics", include_in_schema=False)
    async def show_metrics() -> Response[str]:
        return Response(metrics.text(), media_type=CONTENT_TYPE)

    return show_metrics
