"""The admin API: everything an operator does, under /admin. The command line is its first user.

In: requests with the admin token. Out: JSON under the API's own names; problem documents.
Rule: a handler reads its body, calls one function of a folder below in one transaction, publishes the nudge, answers.
"""

from litestar import Router
from litestar.di import Provide

from gateway.console.admin.bridges import BridgesController
from gateway.console.admin.displays import BindingsController, DisplaysController
from gateway.console.admin.door import admin_door
from gateway.console.admin.feeds import FeedsController
from gateway.console.admin.goods import BatchesController, ProductsController
from gateway.console.admin.problems import exception_handlers
from gateway.console.admin.services import AdminServices
from gateway.console.admin.stores import StoresController, TokensController
from gateway.console.admin.tags import BoxListController, TagsController


def admin_router(services: AdminServices) -> Router:
    """Its routes are for the operator and stay out of the POS's OpenAPI document."""

    def provide_services() -> AdminServices:
        return services

    return Router(
        path="/admin",
        route_handlers=[
            StoresController,
            TokensController,
            BoxListController,
            TagsController,
            DisplaysController,
            BindingsController,
            BridgesController,
            FeedsController,
            ProductsController,
            BatchesController,
        ],
        dependencies={"services": Provide(provide_services, sync_to_thread=False)},
        guards=[admin_door(services.admin_token)],
        exception_handlers=exception_handlers(services),
        include_in_schema=False,
    )
