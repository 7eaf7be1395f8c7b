"""Displays over HTTP: what each should show, what it has proved, why not, its history, its picture, its binding."""

from collections.abc import Sequence

import msgspec
from litestar import Controller, Response, delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody
from sqlalchemy import Connection

from firmware_protocol import Codec, decode
from firmware_protocol.glasses import panel_named
from gateway.access import store_settings
from gateway.console.admin.document import Document, document
from gateway.console.admin.limits import BINDINGS_IN_A_REQUEST_MAX, PAGE_MAX
from gateway.console.admin.places import store_of_display
from gateway.console.admin.problems import PROBLEMS, NothingDrawn, TemplateUnknown, TooMany
from gateway.console.admin.services import AdminServices, Services
from gateway.labels import preview_png, template_names
from gateway.shelf import (
    Binding,
    BindingRefused,
    BindingsChanged,
    DisplayStanding,
    DisplayUnknown,
    HistoryFact,
    ProductUnknown,
    bind,
    bind_automatically,
    content_of,
    history,
    standings,
    unbind,
)


class NewBinding(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    barcodes: list[str]
    template: str | None = None


class DisplayBinding(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    display_id: str
    barcodes: list[str]
    template: str | None = None


class DisplayBindings(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    bindings: list[DisplayBinding]


class DisplaysController(Controller):
    path = "/displays"

    @get("/")
    async def list_all(
        self,
        services: Services,
        store: FromQuery[str],
        barcode: FromQuery[str | None] = None,
        after: FromQuery[str] = "",
        limit: FromQuery[int] = PAGE_MAX,
    ) -> Document:
        """A page by display id, behind `after`; `next` is the `after` of the next page, or null."""
        page = max(1, min(limit, PAGE_MAX))

        def read(connection: Connection) -> list[DisplayStanding]:
            store_settings(connection, store)
            return standings(connection, store, barcode=barcode, after=after, limit=page)

        found = await services.database.read(read)
        last = found[-1].display_id if len(found) == page else None
        return {"displays": await display_documents(services, found), "next": last}

    @get("/{display_id:str}")
    async def show(self, services: Services, display_id: FromPath[str]) -> Document:
        """Both halves and the newest 200 facts of its history, newest first."""

        def read(connection: Connection) -> tuple[DisplayStanding, list[HistoryFact]]:
            return _standing(connection, display_id), history(connection, display_id)

        standing, facts = await services.database.read(read)
        (found,) = await display_documents(services, [standing])
        return {**found, "history": [document(one) for one in facts]}

    @get("/{display_id:str}/desired.png")
    async def picture(
        self, services: Services, display_id: FromPath[str], scale: FromQuery[int] = 1
    ) -> Response[bytes]:
        """What the glass should show, upright, in the inks of its panel."""

        def read(connection: Connection) -> tuple[str, bytes]:
            standing = _standing(connection, display_id)
            if standing.desired_content_id is None:
                raise NothingDrawn(f"display {display_id} was never bound, so there is nothing that it should show")
            return content_of(connection, [standing.desired_content_id])[standing.desired_content_id]

        panel_name, deflated = await services.database.read(read)
        panel = panel_named(panel_name)
        planes = decode(Codec.DEFLATE, deflated, panel.plane_sizes)
        return Response(preview_png(panel_name, planes, scale=max(1, min(scale, 8))), media_type="image/png")

    @put("/{display_id:str}/binding")
    async def bind(self, services: Services, display_id: FromPath[str], data: JSONBody[NewBinding]) -> Document:
        _check_template(data.template)

        def write(connection: Connection) -> tuple[str, Binding]:
            store = store_of_display(connection, display_id)
            return store, bind(connection, store, display_id, data.barcodes, data.template)

        store, binding = await services.database.write(write)
        services.events.publish(BindingsChanged(store, (display_id,)))
        return document(binding)

    @delete("/{display_id:str}/binding", status_code=200)
    async def unbind(self, services: Services, display_id: FromPath[str]) -> Document:
        """Its glass will show the unbound picture. `wasBound` is false when nothing had to be done."""

        def write(connection: Connection) -> tuple[str, bool]:
            store = store_of_display(connection, display_id)
            return store, unbind(connection, store, display_id)

        store, was_bound = await services.database.write(write)
        services.events.publish(BindingsChanged(store, (display_id,)))
        return {"displayId": display_id, "wasBound": was_bound}


class BindingsController(Controller):
    path = "/stores/{store:str}/bindings"

    @post("/", status_code=200)
    async def bind_many(self, services: Services, store: FromPath[str], data: JSONBody[DisplayBindings]) -> Document:
        """Good ones are bound in one transaction, bad ones listed by their place in the request."""
        if len(data.bindings) > BINDINGS_IN_A_REQUEST_MAX:
            raise TooMany(f"bindings: at most {BINDINGS_IN_A_REQUEST_MAX} in one request")

        def write(connection: Connection) -> tuple[list[Binding], list[Document]]:
            store_settings(connection, store)
            return _bind_each(connection, store, data.bindings)

        bound, errors = await services.database.write(write)
        services.events.publish(BindingsChanged(store, tuple(one.display_id for one in bound)))
        return {"bindings": [document(one) for one in bound], "errors": errors}

    @post("/auto", status_code=200)
    async def bind_automatically(self, services: Services, store: FromPath[str]) -> Document:
        """Every display without a product gets the next product without a display."""

        def write(connection: Connection) -> list[Binding]:
            store_settings(connection, store)
            return bind_automatically(connection, store)

        bound = await services.database.write(write)
        services.events.publish(BindingsChanged(store, tuple(one.display_id for one in bound)))
        return {"bindings": [document(one) for one in bound]}


async def display_documents(services: AdminServices, displays: Sequence[DisplayStanding]) -> list[Document]:
    """Each display with its two halves; `reason` says why it is not confirmed, null if it is."""
    waiting = [one.display_id for one in displays if one.desired_revision is not None and not one.confirmed]
    reasons = await services.reasons.reasons(waiting) if waiting else {}
    return [{**document(one), "confirmed": one.confirmed, "reason": reasons.get(one.display_id)} for one in displays]


def _standing(connection: Connection, display_id: str) -> DisplayStanding:
    store = store_of_display(connection, display_id)
    (standing,) = standings(connection, store, display_ids=[display_id])
    return standing


def _bind_each(
    connection: Connection, store: str, wanted: Sequence[DisplayBinding]
) -> tuple[list[Binding], list[Document]]:
    bound: list[Binding] = []
    errors: list[Document] = []
    for index, one in enumerate(wanted):
        try:
            _check_template(one.template)
            bound.append(bind(connection, store, one.display_id, one.barcodes, one.template))
        except (TemplateUnknown, DisplayUnknown, ProductUnknown, BindingRefused) as error:  # before it wrote anything
            code = PROBLEMS[type(error)].code
            errors.append({"index": index, "displayId": one.display_id, "code": code, "message": str(error)})
    return bound, errors


def _check_template(name: str | None) -> None:
    if name is not None and name not in template_names():
        raise TemplateUnknown(f"template: there is no template {name!r}; there are {', '.join(template_names())}")
