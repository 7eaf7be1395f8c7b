"""An authority elsewhere, and the shop that it feeds: a real database, real drawing, no MQTT."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar, TypeVarTuple

from firmware_protocol import FactoryCode, TagId
from gateway.access import add_store, update_store
from gateway.catalog import Product, ledger, products_by_barcode
from gateway.database import Database
from gateway.intake import Intake
from gateway.ports import EventStream, InlineExecutor
from gateway.shelf import BoxTag, DisplayStanding, FactoryCodeVault, add_box_list, bind_automatically, standings
from gateway.sync import Sync

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
STORE, SOURCE = "zagreb-1", "head-office"
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
MILK, BREAD = "3850000000017", "3850000000024"
Line = tuple[int, str, str | None, str | None, str, datetime]


class StandingClock:
    """Time moves only when a test moves it."""

    def __init__(self) -> None:
        self.utc = NOW

    def monotonic_s(self) -> float:
        return (self.utc - NOW).total_seconds()

    def now(self) -> datetime:
        return self.utc

    async def sleep(self, seconds: float) -> None:
        await asyncio.Event().wait()


class FedShop:
    """`displays` displays, bound one by one to the products that are there when `bind` is called."""

    def __init__(self, folder: Path) -> None:
        self.clock = StandingClock()
        self.events = EventStream()
        self.database = Database.open(folder / "shop.db", threads=False)
        self.sync = Sync(self.database, self.clock, InlineExecutor(), self.events)
        self.intake = Intake(self.database, self.clock, self.events, self.sync)

    async def open(self, source: str | None = SOURCE) -> None:
        await self.database.write(lambda c: add_store(c, STORE, now=NOW))
        if source is not None:
            await self.database.write(lambda c: update_store(c, STORE, now=NOW, source=source))
        await self.sync.release_templates()

    async def bind(self, displays: int = 2) -> None:
        boxes = [
            BoxTag(TagId(n.to_bytes(8, "big")), FactoryCode(bytes(16)), "model", ("2.9-bwr",)) for n in range(displays)
        ]
        await self.database.write(lambda c: add_box_list(c, STORE, boxes, FactoryCodeVault(bytes(32)), NOW))
        await self.database.write(lambda c: bind_automatically(c, STORE))

    async def send(self, *products: object, **members: object) -> dict[str, Any]:
        return await self.send_raw(json.dumps(chunk(*products, **members)).encode())

    async def send_raw(self, payload: bytes) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(await self.intake.handle(payload))
        return answer

    async def products(self, *barcodes: str) -> dict[str, Product]:
        return await self.database.read(lambda c: products_by_barcode(c, STORE, barcodes))

    async def lines(self, barcode: str) -> list[Line]:
        product = (await self.products(barcode))[barcode]
        found = await self.database.read(lambda c: ledger(c, STORE, product.product_id))
        return [(one.accepted_seq, one.field, one.old, one.new, one.source, one.at) for one in found]

    async def standings(self) -> list[DisplayStanding]:
        return await self.database.read(lambda c: standings(c, STORE))


def in_shop(folder: Path, story: Callable[[FedShop], Awaitable[None]], source: str | None = SOURCE) -> None:
    async def play() -> None:
        shop = FedShop(folder)
        try:
            await shop.open(source)
            await story(shop)
        finally:
            await shop.database.close()

    asyncio.run(play())


def chunk(*products: object, **members: object) -> dict[str, object]:
    envelope = {"chunk_id": "c-1", "store": STORE, "session_id": None, "index": 0, "of": 1, "products": list(products)}
    return envelope | members


def milk(version: int, price: str, *changes: dict[str, object], **fields: object) -> dict[str, object]:
    return {
        "barcode": MILK,
        "name": "Mlijeko",
        "price": price,
        "product_version": version,
        "removed": False,
        "price_changes": list(changes),
    } | fields


def change(
    old: str | None, new: str | None, days_ago: float, field: str = "price", **more: object
) -> dict[str, object]:
    at = (NOW - timedelta(days=days_ago)).isoformat().replace("+00:00", "Z")
    return {"field": field, "old": old, "new": new, "at": at} | more


def codes(answer: dict[str, Any]) -> list[tuple[str | None, str | None, str]]:
    return [(one["barcode"], one["field"], one["code"]) for one in answer["refused"]]
