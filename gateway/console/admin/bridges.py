"""Bridges over HTTP: who may carry for a store, and how it enters."""

from typing import Literal

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody
from sqlalchemy import Connection

from gateway.access import audit, ensure_bridge_credential, store_settings
from gateway.console.admin.document import Document, document
from gateway.console.admin.services import Services
from gateway.delivery import BridgeRefused, list_bridges, register_bridge


class NewBridge(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """`path`: of a serial bridge, one that stays when it is plugged in again, with its speed if it has one:
    `/dev/serial/by-id/usb-x@921600`; of an OpenEPaperLink radio module, without. `channel`: of such a module."""

    name: str
    carrier: Literal["mqtt", "serial", "openepaperlink"] = "mqtt"
    path: str | None = None
    channel: int | None = None


class BridgesController(Controller):
    path = "/stores/{store:str}/bridges"

    @get("/")
    async def list_all(self, services: Services, store: FromPath[str]) -> Document:
        def read(connection: Connection) -> list[Document]:
            store_settings(connection, store)
            return [document(one) for one in list_bridges(connection, store)]

        modules, links = services.modules(), services.bridges()
        bridges = await services.database.read(read)
        for one in bridges:
            bridge_id = str(one["bridgeId"])
            module, link = modules.get(bridge_id), links.get(bridge_id)
            one["module"] = document(module) if module is not None else None
            one["link"] = document(link) if link is not None else None
            one["baud"] = services.doors.line_baud(bridge_id)
        return {"bridges": bridges}

    @post("/", status_code=200)
    async def register(self, services: Services, store: FromPath[str], data: JSONBody[NewBridge]) -> Document:
        """Register a bridge, or find it again by its name. It is let in when this answers, as `mqtt` says."""
        if data.carrier != "mqtt" and not data.path:
            raise BridgeRefused("path: a serial bridge or a radio module needs the path of its port")
        now = services.clock.now()

        def write(connection: Connection) -> Document:
            store_settings(connection, store)
            bridge = register_bridge(connection, store, data.name, data.carrier, data.path, now, channel=data.channel)
            if data.carrier == "mqtt":
                ensure_bridge_credential(connection, services.secrets, store, data.name, now)
            audit(connection, "admin", "bridge_registered", bridge.bridge_id, now, {"carrier": data.carrier})
            return document(bridge)

        registered = await services.database.write(write)
        services.bridges_changed()  # before it is let in: who does not know it would not look at its HELLO
        await services.doors.refresh()
        bridge_id = str(registered["bridgeId"])
        access = await services.doors.mqtt_access(bridge_id) if data.carrier == "mqtt" else None
        mqtt = {"url": access.url, "username": access.username, "password": access.password} if access else None
        return {**registered, "mqtt": mqtt}
