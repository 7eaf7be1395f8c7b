"""Feeds over HTTP: how an authority elsewhere enters to send the chunks of a store."""

from functools import partial

from litestar import Controller, delete, post
from litestar.params import FromPath

from gateway.access import ensure_sync_credential, forget_sync_credential
from gateway.console.admin.document import Document
from gateway.console.admin.services import Services


class FeedsController(Controller):
    path = "/stores/{store:str}/sync-credential"

    @post("/", status_code=200)
    async def show(self, services: Services, store: FromPath[str]) -> Document:
        """The store's credential, made if need be. It is let in when this answers."""
        now = services.clock.now()
        make = partial(ensure_sync_credential, secrets=services.secrets, store_id=store, now=now)
        credential = await services.database.write(make)
        await services.doors.refresh()
        return {
            "store": store,
            "url": services.doors.mqtt_url(),
            "username": credential.username,
            "password": credential.password,
            "topic": f"esl/{store}/sync",
            "resultTopic": f"esl/{store}/sync/result",
        }

    @delete("/", status_code=200)
    async def forget(self, services: Services, store: FromPath[str]) -> Document:
        """It opens nothing more; the next POST makes another one."""
        await services.database.write(partial(forget_sync_credential, store_id=store, now=services.clock.now()))
        await services.doors.refresh()
        return {"store": store}
