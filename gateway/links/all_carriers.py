"""Several carriers behind the face of one: delivery does not ask how a bridge is reached.

In: any carriers. Out: their events in one stream; a payload goes to the carrier that last opened the bridge.
Rule: a bridge that comes by another carrier has moved; what the old one still says of it is not passed on.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence

from gateway.links.carrier import BridgeClosed, BridgeOpened, Carrier, CarrierEvent, EventQueue


class AllCarriers:
    """Starts, stops and reads the carriers it was given, in their order."""

    def __init__(self, carriers: Sequence[Carrier]) -> None:
        self._carriers = tuple(carriers)
        self._by_bridge: dict[str, Carrier] = {}
        self._events = EventQueue()
        self._readers: list[asyncio.Task[None]] = []
        self.without_way = 0

    @property
    def open_bridges(self) -> int:
        return len(self._by_bridge)

    async def start(self) -> None:
        for carrier in self._carriers:
            self._readers.append(asyncio.create_task(self._read(carrier), name="carrier-reader"))
            await carrier.start()

    async def stop(self) -> None:
        for carrier in self._carriers:
            await carrier.stop()
        for reader in self._readers:
            reader.cancel()
        await asyncio.gather(*self._readers, return_exceptions=True)
        self._readers.clear()
        self._events.end()

    async def send(self, bridge_id: str, payload: bytes) -> None:
        carrier = self._by_bridge.get(bridge_id)
        if carrier is None:
            self.without_way += 1
            return
        await carrier.send(bridge_id, payload)

    def events(self) -> AsyncIterator[CarrierEvent]:
        return self._events.read()

    async def _read(self, carrier: Carrier) -> None:
        async for event in carrier.events():
            if isinstance(event, BridgeOpened):
                self._by_bridge[event.bridge_id] = carrier
            elif self._by_bridge.get(event.bridge_id) is not carrier:
                continue
            if isinstance(event, BridgeClosed):
                del self._by_bridge[event.bridge_id]
            self._events.put(event)
