"""The box list, tags and their displays over HTTP."""

import msgspec
from litestar import Controller, delete, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from sqlalchemy import Connection

from firmware_protocol import FactoryCode, TagId
from gateway.access import store_settings
from gateway.console.admin.displays import display_documents
from gateway.console.admin.document import Document, document
from gateway.console.admin.limits import TAGS_IN_A_BOX_LIST_MAX
from gateway.console.admin.places import store_of_tag
from gateway.console.admin.problems import TooMany
from gateway.console.admin.services import Services
from gateway.delivery import renew_keys, waiting_for_keys
from gateway.shelf import (
    BindingsChanged,
    BoxTag,
    DisplayStanding,
    Tag,
    add_box_list,
    approve_tags,
    list_tags,
    remove_tag,
    standings,
    tags_with_twins,
)


class BoxListTag(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """`panels`: a name of the panel catalogue for each display of the tag, such as `2.9-bwr`."""

    tag_id: str
    factory_code: str
    panels: list[str]
    model: str = ""


class BoxList(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    tags: list[BoxListTag]


class TagIds(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    tag_ids: list[str]


class KeysToRenew(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """`store`: all of its tags that have keys, beside those named."""

    tag_ids: list[str] = []
    store: str | None = None


class BoxListController(Controller):
    path = "/stores/{store:str}/box-list"

    @post("/", status_code=200)
    async def add(self, services: Services, store: FromPath[str], data: JSONBody[BoxList]) -> Document:
        """Tags that are known already change nothing; all or none of the list is taken."""
        if len(data.tags) > TAGS_IN_A_BOX_LIST_MAX:
            raise TooMany(f"tags: at most {TAGS_IN_A_BOX_LIST_MAX} in one request")
        tags = [
            BoxTag(TagId.parse(one.tag_id), FactoryCode.parse(one.factory_code), one.model, tuple(one.panels))
            for one in data.tags
        ]
        now = services.clock.now()

        def add(connection: Connection) -> list[str]:
            store_settings(connection, store)
            return add_box_list(connection, store, tags, services.vault, now)

        displays = await services.database.write(add)
        services.events.publish(BindingsChanged(store, tuple(displays)))
        return {"store": store, "tags": len(tags), "displays": displays}


class TagsController(Controller):
    path = "/tags"

    @get("/")
    async def list_all(self, services: Services, store: FromQuery[str]) -> Document:
        def read(connection: Connection) -> tuple[list[Tag], list[DisplayStanding]]:
            store_settings(connection, store)
            return list_tags(connection, store), standings(connection, store)

        tags, displays = await services.database.read(read)
        of_tag: dict[str, list[DisplayStanding]] = {}
        for one in displays:
            of_tag.setdefault(one.display_id.partition(".")[0], []).append(one)
        return {"tags": [_tag_document(one, of_tag.get(one.tag_id, [])) for one in tags]}

    @get("/{tag_id:str}")
    async def show(self, services: Services, tag_id: FromPath[str]) -> Document:
        wanted = _canonical(tag_id)

        def read(connection: Connection) -> tuple[Tag, list[DisplayStanding]]:
            store = store_of_tag(connection, wanted)
            (tag,) = [one for one in list_tags(connection, store) if one.tag_id == wanted]
            displays = standings(connection, store)
            return tag, [one for one in displays if one.display_id.startswith(f"{wanted}.")]

        tag, displays = await services.database.read(read)
        return {**_tag_document(tag, displays), "displays": await display_documents(services, displays)}

    @post("/approve", status_code=200)
    async def approve(self, services: Services, data: JSONBody[TagIds]) -> Document:
        tag_ids = [_canonical(one) for one in data.tag_ids]
        now = services.clock.now()

        def approve(connection: Connection) -> list[str]:
            stores = [store_of_tag(connection, tag_id) for tag_id in tag_ids]
            had_twins = sorted(tags_with_twins(connection) & set(tag_ids))
            for tag_id, store in zip(tag_ids, stores, strict=True):
                approve_tags(connection, store, [tag_id], now)
            renew_keys(connection, had_twins)  # what the other one knows of the old ones is worth nothing
            return sorted(set(stores))

        for store in await services.database.write(approve):
            services.events.publish(BindingsChanged(store, ()))
        return {"approved": tag_ids}

    @post("/rotate-keys", status_code=200)
    async def rotate_keys(self, services: Services, data: JSONBody[KeysToRenew]) -> Document:
        """New keys for these tags, or all of a store, that have some. Each takes them at one of its next contacts."""
        named = [_canonical(one) for one in data.tag_ids]

        def renew(connection: Connection) -> tuple[list[str], list[str], list[str]]:
            tag_ids = list(named)
            if data.store is not None:
                store_settings(connection, data.store)
                tag_ids += [one.tag_id for one in list_tags(connection, data.store) if one.removed_at is None]
            stores = sorted({store_of_tag(connection, tag_id) for tag_id in tag_ids})
            asked = renew_keys(connection, tag_ids)
            return asked, sorted(set(tag_ids) - set(asked)), stores

        asked, without, stores = await services.database.write(renew)
        for store in stores:
            services.events.publish(BindingsChanged(store, ()))
        return {"asked": asked, "without": without, "stores": stores}

    @get("/rotate-keys")
    async def keys_waiting(self, services: Services, store: FromQuery[str]) -> Document:
        """Tags of the store that have not been heard under new keys yet."""

        def read(connection: Connection) -> list[str]:
            store_settings(connection, store)
            return waiting_for_keys(connection, store)

        return {"store": store, "waiting": await services.database.read(read)}

    @delete("/{tag_id:str}", status_code=200)
    async def remove(self, services: Services, tag_id: FromPath[str]) -> Document:
        """Its displays move to the unbound picture."""
        wanted = _canonical(tag_id)
        now = services.clock.now()

        def remove(connection: Connection) -> tuple[str, list[str]]:
            store = store_of_tag(connection, wanted)
            return store, remove_tag(connection, store, wanted, now)

        store, displays = await services.database.write(remove)
        services.events.publish(BindingsChanged(store, tuple(displays)))
        return {"removed": wanted, "displays": displays}


def _canonical(tag_id: str) -> str:
    return str(TagId.parse(tag_id))


def _tag_document(tag: Tag, displays: list[DisplayStanding]) -> Document:
    return {
        **document(tag),
        "displays": [one.display_id for one in displays],
        "panels": [one.panel for one in displays],
        "bound": sum(bool(one.barcodes) for one in displays),
        "confirmed": sum(one.confirmed for one in displays),
    }
