"""What a carrier is: octets to and from bridges, by the bridge's name.

In: payloads of the link protocol (docs/protocol.md, "Payloads"). Out: the same from the other side, and who is there.
Rule: a carrier may lose a payload and never waits for a bridge; repeating is the link's affair. It stands at the
edge, so one contract test runs against each real carrier and the simulated one.
"""

import asyncio
import re
from collections import deque
from collections.abc import AsyncIterator
from typing import Protocol

from msgspec import Struct

from gateway.links.limits import PAYLOADS_WAITING_MAX

STORE_NAME = re.compile(r"[a-z0-9-]{1,32}")  # a store of up to 24 letters, or the twin `<store>-sandbox`
BRIDGE_NAME = re.compile(r"[a-z0-9-]{1,32}")


class BridgeOpened(Struct, frozen=True):
    """The way to the bridge is open (again): what was on it before is gone. Expect its HELLO."""

    bridge_id: str


class BridgeClosed(Struct, frozen=True):
    """The way to the bridge is closed; what is sent to it now is lost."""

    bridge_id: str


class PayloadArrived(Struct, frozen=True):
    """One payload from the bridge, whole, as it was sent."""

    bridge_id: str
    payload: bytes


CarrierEvent = BridgeOpened | BridgeClosed | PayloadArrived


class Carrier(Protocol):
    """Carries payloads to and from bridges, named `<store>/<bridge>`."""

    async def start(self) -> None:
        """Begin to listen and to connect; comes back before anybody is there."""

    async def stop(self) -> None:
        """Let everything go; the iterators of `events` end."""

    async def send(self, bridge_id: str, payload: bytes) -> None:
        """Hand the payload to the way to the bridge. Where there is none the payload is lost, and counted."""

    def events(self) -> AsyncIterator[CarrierEvent]:
        """What happens, in order. One reader."""


class EventQueue:
    """The events of one carrier for its one reader. Payloads beyond the cap are dropped and counted."""

    def __init__(self) -> None:
        self._waiting: deque[CarrierEvent] = deque()
        self._arrived = asyncio.Event()
        self._ended = False
        self.dropped = 0

    def put(self, event: CarrierEvent) -> None:
        if isinstance(event, PayloadArrived) and len(self._waiting) >= PAYLOADS_WAITING_MAX:
            self.dropped += 1
            return
        self._waiting.append(event)
        self._arrived.set()

    def end(self) -> None:
        self._ended = True
        self._arrived.set()

    async def read(self) -> AsyncIterator[CarrierEvent]:
        while True:
            while self._waiting:
                yield self._waiting.popleft()
            if self._ended:
                return
            self._arrived.clear()
            await self._arrived.wait()


def bridge_id(store_id: str, name: str) -> str:
    """The one name of a bridge. ValueError when a part would not do as a level of an MQTT topic."""
    if not STORE_NAME.fullmatch(store_id) or not BRIDGE_NAME.fullmatch(name):
        raise ValueError(f"{store_id}/{name} names no bridge: 1 to 32 of a-z, 0-9 and -")
    return f"{store_id}/{name}"


def split_bridge_id(bridge_id: str) -> tuple[str, str]:
    """Store and name of a bridge. ValueError when it is not a bridge id."""
    store_id, slash, name = bridge_id.partition("/")
    if not slash or not STORE_NAME.fullmatch(store_id) or not BRIDGE_NAME.fullmatch(name):
        raise ValueError(f"{bridge_id!r} is not <store>/<bridge>")
    return store_id, name
