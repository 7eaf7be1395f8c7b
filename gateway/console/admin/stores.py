"""Stores, tokens and the sandbox checklist over HTTP."""

from functools import partial

import msgspec
from litestar import Controller, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody

from gateway.access import (
    SettingChanges,
    TokenKind,
    TokenRow,
    add_store,
    create_token,
    list_stores,
    list_tokens,
    revoke_token,
    sandbox_report,
    store_settings,
    update_store,
    update_token,
)
from gateway.catalog import check_field_map
from gateway.console.admin.document import Document, document
from gateway.console.admin.services import Services


class NewStore(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    store: str
    currency: str = "EUR"
    time_zone: str = "Europe/Zagreb"
    locale: str = "hr-HR"
    law: str = "hr"


class StoreChanges(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """What is absent stays."""

    currency: str | msgspec.UnsetType = msgspec.UNSET
    time_zone: str | msgspec.UnsetType = msgspec.UNSET
    locale: str | msgspec.UnsetType = msgspec.UNSET
    law: str | msgspec.UnsetType = msgspec.UNSET
    allow_zero_price: bool | msgspec.UnsetType = msgspec.UNSET
    source: str | msgspec.UnsetType | None = msgspec.UNSET


class NewToken(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    kind: TokenKind
    force: bool = False
    field_map: dict[str, str] | None = None
    lives_s: int | None = None


class TokenChanges(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    field_map: dict[str, str] | None


class StoresController(Controller):
    path = "/stores"

    @get("/")
    async def list_all(self, services: Services) -> Document:
        stores = await services.database.read(list_stores)
        return {"stores": [document(one) for one in stores]}

    @post("/", status_code=200)
    async def add(self, services: Services, data: JSONBody[NewStore]) -> Document:
        added = await services.database.write(
            partial(
                add_store,
                store_id=data.store,
                currency=data.currency,
                time_zone=data.time_zone,
                locale=data.locale,
                law=data.law,
                now=services.clock.now(),
            )
        )
        return document(added)

    @get("/{store:str}")
    async def show(self, services: Services, store: FromPath[str]) -> Document:
        return document(await services.database.read(partial(store_settings, store_id=store)))

    @patch("/{store:str}")
    async def change(self, services: Services, store: FromPath[str], data: JSONBody[StoreChanges]) -> Document:
        changes = SettingChanges()
        for name in ("currency", "time_zone", "locale", "law", "allow_zero_price", "source"):
            wanted = getattr(data, name)
            if wanted is not msgspec.UNSET:
                changes[name] = wanted
        now = services.clock.now()
        changed = await services.database.write(lambda connection: update_store(connection, store, now=now, **changes))
        return document(changed)

    @post("/{store:str}/tokens", status_code=200)
    async def create_token(self, services: Services, store: FromPath[str], data: JSONBody[NewToken]) -> Document:
        """The token's text is in this answer and nowhere else."""
        field_map = check_field_map(data.field_map) if data.field_map else None
        text, row = await services.database.write(
            partial(
                create_token,
                secrets=services.secrets,
                store_id=store,
                kind=data.kind,
                field_map=field_map,
                force=data.force,
                lives_s=data.lives_s,
                now=services.clock.now(),
            )
        )
        return {"token": text, **document(row)}

    @get("/{store:str}/sandbox-report")
    async def sandbox(self, services: Services, store: FromPath[str]) -> Document:
        items = await services.database.read(partial(sandbox_report, store_id=store))
        return {
            "store": store,
            "complete": all(item.done_at is not None for item in items),
            "items": [document(item) for item in items],
        }


class TokensController(Controller):
    path = "/tokens"

    @get("/")
    async def list_all(self, services: Services, store: FromQuery[str | None] = None) -> Document:
        if store is not None:
            await services.database.read(partial(store_settings, store_id=store))
        rows, now = await services.database.read(partial(list_tokens, store_id=store)), services.clock.now()
        return {"tokens": [{**document(row), "live": row.is_live(now)} for row in rows]}

    @patch("/{token_id:str}")
    async def change(self, services: Services, token_id: FromPath[str], data: JSONBody[TokenChanges]) -> Document:
        field_map = check_field_map(data.field_map) if data.field_map else None
        row: TokenRow = await services.database.write(partial(update_token, token_id=token_id, field_map=field_map))
        return document(row)

    @post("/{token_id:str}/revoke", status_code=200)
    async def revoke(self, services: Services, token_id: FromPath[str]) -> Document:
        row: TokenRow = await services.database.write(
            partial(revoke_token, token_id=token_id, now=services.clock.now())
        )
        return document(row)
