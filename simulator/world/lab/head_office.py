"""An authority elsewhere that feeds a second store of the same gateway by chunks, over a line that it cannot trust.

In: changes of prices. Out: chunks of whole products, each sent again until its result was heard. Rule: a result that
was not heard says nothing, so a chunk may arrive twice; a newer one may arrive before it. Source: docs/chunks.md.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.database import Crashed
from simulator.clock import VirtualClock
from simulator.world.world import GatewayAway, Row, World

STORE = "fed-shop"
SOURCE = "head-office"
AGAIN_S = 30.0  # docs/chunks.md: publish it again after, say, 30 s without a result


@dataclass(slots=True)
class _Product:
    version: int = 0
    price: str | None = None
    changes: list[dict[str, object]] = field(default_factory=list)


class HeadOffice:
    """`furnish` before anything else; `chunk` makes one, `deliver` sees it taken."""

    def __init__(self, world: World, clock: VirtualClock) -> None:
        self._world, self._clock = world, clock
        self._products: dict[str, _Product] = {}
        self._version = 0
        self._chunks: list[bytes] = []
        self._last_change = clock.now()

    async def furnish(self) -> None:
        """An operator names the source of a second store."""
        (await self._world.admin.post("/admin/stores", json={"store": STORE})).raise_for_status()
        patched = await self._world.admin.patch(f"/admin/stores/{STORE}", json={"source": SOURCE})
        patched.raise_for_status()

    def products(self) -> dict[str, tuple[int, Mapping[str, str]]]:
        """What the store must keep once everything was delivered: version and fields, by barcode."""
        return {
            barcode: (one.version, {"name": f"Artikl {barcode}", "price": str(one.price)})
            for barcode, one in self._products.items()
        }

    def chunk(self, prices: Mapping[str, str]) -> bytes:
        """New prices, and everything about these products, as one chunk."""
        at = self._moment()
        for barcode, price in prices.items():
            one = self._products.setdefault(barcode, _Product())
            self._version += 1
            one.version = self._version
            if price != one.price:
                change: dict[str, object] = {
                    "field": "price",
                    "old": one.price,
                    "new": price,
                    "at": at,
                    "accepted_seq": self._version,
                }
                one.changes.append(change)
                one.price = price
        members = {
            "chunk_id": f"chunk-{len(self._chunks)}",
            "store": STORE,
            "session_id": None,
            "index": 0,
            "of": 1,
            "products": [self._state(barcode) for barcode in prices],
        }
        self._chunks.append(json.dumps(members).encode())
        return self._chunks[-1]

    def old_chunk(self, share: float) -> bytes | None:
        """Any that was made; None when there is none yet."""
        return self._chunks[int(share * len(self._chunks))] if self._chunks else None

    def sent(self) -> list[bytes]:
        """All that were made, the oldest first: to be sent again to a store that has forgotten some."""
        return list(self._chunks)

    def publish(self, chunk: bytes) -> bool:
        """Once; whether it is taken, and its result heard, is another matter. False: no gateway was there."""
        return self._offer(chunk, [])

    async def deliver(self, chunk: bytes) -> Sequence[object]:
        """Again and again until a result is heard; gives what was refused."""
        while True:
            heard: list[bytes] = []
            self._offer(chunk, heard)
            for _ in range(int(AGAIN_S)):
                await self._clock.sleep(1.0)
                if heard:
                    refused: Sequence[object] = json.loads(heard[0])["refused"]
                    return refused

    def _offer(self, chunk: bytes, heard: list[bytes]) -> bool:
        try:
            gateway = self._world.running()
        except GatewayAway:
            return False

        async def reply(answer: bytes) -> None:
            if self._world.gateway is gateway:
                heard.append(answer)

        try:
            return gateway.services.intake.offer(STORE, chunk, reply)
        except (Crashed, RuntimeError):
            return False  # it is just starting

    def _moment(self) -> str:
        """By its own clock, which never goes back."""
        self._last_change = max(self._clock.now(), self._last_change + timedelta(milliseconds=1))
        at: datetime = self._last_change
        return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _state(self, barcode: str) -> Row:
        one = self._products[barcode]
        return {
            "barcode": barcode,
            "name": f"Artikl {barcode}",
            "price": one.price,
            "product_version": one.version,
            "removed": False,
            "price_changes": list(one.changes),
        }
