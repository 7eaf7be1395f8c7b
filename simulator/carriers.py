"""The bridge's end of each carrier, and the one of the virtual world that has both ends in one process.

In: a `VirtualBridge`, the way to the gateway. Out: `link_opened`, `link_received`, `link_closed` at the bridge.
Rule: a carrier carries: it neither reads a payload nor remembers one over a reconnect; faults sit on its two paths.
The others: `mqtt_carrier`, `serial_carrier`.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from msgspec import Struct

from simulator.faults import Arrival, FaultRates, FaultyPath
from simulator.schedule import Scheduler

Event = TypeVar("Event")


class BridgePort(Protocol):
    """What a carrier needs of a bridge."""

    name: str

    @property
    def powered(self) -> bool: ...

    def link_opened(self, uplink: "FaultyUplink") -> None: ...

    def link_received(self, octets: bytes) -> None: ...

    def link_closed(self) -> None: ...


@dataclass(slots=True)
class LinkPaths:
    """The two directions of one bridge's link."""

    up: FaultyPath
    down: FaultyPath

    @classmethod
    def of(cls, bridge: str, seed: int, rates: FaultRates | None = None) -> "LinkPaths":
        return cls(FaultyPath(f"{bridge}/up", seed, rates), FaultyPath(f"{bridge}/down", seed, rates))

    def set_rates(self, rates: FaultRates) -> None:
        self.up.rates = self.down.rates = rates


@dataclass(slots=True)
class FaultyUplink:
    """What the bridge sends by: through the faults of the way up, to `leave`, as long as it is open."""

    path: FaultyPath
    scheduler: Scheduler
    leave: Callable[[bytes, bool], None]
    is_open: bool = True

    def send(self, payload: bytes, *, hello: bool) -> None:
        def leaves(octets: bytes) -> None:
            if self.is_open:
                self.leave(octets, hello)

        deliver(self.path.passes(payload), self.scheduler, leaves)


def deliver(arrivals: list[Arrival], scheduler: Scheduler, take: Callable[[bytes], None]) -> None:
    """Each at its time; what comes at once comes in this very call."""
    for after_s, octets in arrivals:
        if after_s <= 0:
            take(octets)
        else:
            scheduler.after(after_s, lambda octets=octets: take(octets))  # type: ignore[misc]  # bound per turn


class PayloadArrived(Struct, frozen=True):
    bridge_id: str
    payload: bytes


class BridgeOpened(Struct, frozen=True):
    bridge_id: str


class BridgeClosed(Struct, frozen=True):
    bridge_id: str


class EventKinds(Generic[Event], Struct, frozen=True):
    """How the gateway's side calls what happens: its own classes, so that it can match them by name."""

    arrived: Callable[[str, bytes], Event]
    opened: Callable[[str], Event]
    closed: Callable[[str], Event]


OWN_KINDS: EventKinds[PayloadArrived | BridgeOpened | BridgeClosed] = EventKinds(
    PayloadArrived, BridgeOpened, BridgeClosed
)


class GatewayEnd(Generic[Event]):
    """One gateway's end of a `DirectCarrier`, of the shape of the gateway's own carriers."""

    def __init__(self, carrier: "DirectCarrier[Event]") -> None:
        self._carrier = carrier
        self._waiting: deque[Event] = deque()
        self._arrived = asyncio.Event()
        self._ended = False

    async def start(self) -> None:
        """Every bridge that is plugged in says hello to this gateway from now on, and to no other."""
        self._carrier.attach(self)

    async def stop(self) -> None:
        self._carrier.detach(self)
        self._ended = True
        self._arrived.set()

    async def send(self, bridge_id: str, payload: bytes) -> None:
        """To a bridge that is there; else it is lost, as on a broker without a listener."""
        self._carrier.to_bridge(self, bridge_id, payload)

    async def events(self) -> AsyncIterator[Event]:
        while True:
            while self._waiting:
                yield self._waiting.popleft()
            if self._ended:
                return
            self._arrived.clear()
            await self._arrived.wait()

    def put(self, event: Event) -> None:
        self._waiting.append(event)
        self._arrived.set()


@dataclass(slots=True)
class _Plugged:
    port: BridgePort
    paths: LinkPaths
    uplink: FaultyUplink | None = None
    is_in: bool = True


@dataclass(slots=True)
class DirectCarrier(Generic[Event]):
    """Queues with latency and faults, under whatever clock the scheduler has. One gateway at a time."""

    scheduler: Scheduler
    kinds: EventKinds[Event]
    latency_s: float = 0.002
    tap: Callable[[str, bytes], None] | None = None  # hears every payload that is sent, under `down/BRIDGE` or `up/…`
    _bridges: dict[str, _Plugged] = field(default_factory=dict)
    _gateway: GatewayEnd[Event] | None = None

    def plug(self, bridge_id: str, port: BridgePort, paths: LinkPaths) -> None:
        """A bridge's cable; it is connected whenever a gateway is there."""
        self._bridges[bridge_id] = plugged = _Plugged(port, paths)
        if self._gateway is not None:
            self._open(bridge_id, plugged)

    def gateway_end(self) -> GatewayEnd[Event]:
        """For a gateway that is about to start."""
        return GatewayEnd(self)

    def attach(self, gateway: GatewayEnd[Event]) -> None:
        """This gateway is there now; the one before is cut, and every bridge says hello anew."""
        self.cut()
        self._gateway = gateway
        for bridge_id, plugged in self._bridges.items():
            self._open(bridge_id, plugged)

    def detach(self, gateway: GatewayEnd[Event]) -> None:
        if self._gateway is gateway:
            self.cut()

    def cut(self) -> None:
        """The gateway is gone, in the middle of whatever it did: its end sends and hears nothing more."""
        self._gateway = None
        for plugged in self._bridges.values():
            self._close(plugged)

    def unplug(self, bridge_id: str) -> None:
        """The bridge's cable is out; its power is another matter."""
        plugged = self._bridges[bridge_id]
        plugged.is_in = False
        self._close(plugged)
        if self._gateway is not None:
            self._gateway.put(self.kinds.closed(bridge_id))

    def replug(self, bridge_id: str) -> None:
        self._bridges[bridge_id].is_in = True
        if self._gateway is not None:
            self._open(bridge_id, self._bridges[bridge_id])

    def to_bridge(self, gateway: GatewayEnd[Event], bridge_id: str, payload: bytes) -> None:
        plugged = self._bridges.get(bridge_id)
        if gateway is not self._gateway or plugged is None or plugged.uplink is None:
            return
        uplink = plugged.uplink
        if self.tap is not None:
            self.tap(f"down/{bridge_id}", payload)

        def take(octets: bytes) -> None:
            if uplink.is_open:
                plugged.port.link_received(octets)

        def arrives() -> None:
            deliver(plugged.paths.down.passes(payload), self.scheduler, take)

        self.scheduler.after(self.latency_s, arrives)

    def put_in(self, bridge_id: str, payload: bytes) -> None:
        """Somebody who has the bridge's way to the gateway says this in its name."""
        if self._gateway is not None:
            self._arrive(self._gateway, bridge_id, payload)

    def _open(self, bridge_id: str, plugged: _Plugged) -> None:
        self._close(plugged)
        gateway = self._gateway
        if gateway is None or not plugged.is_in:
            return

        def leave(octets: bytes, hello: bool) -> None:
            if self.tap is not None:
                self.tap(f"up/{bridge_id}", octets)
            self.scheduler.after(self.latency_s, lambda: self._arrive(gateway, bridge_id, octets))

        plugged.uplink = FaultyUplink(plugged.paths.up, self.scheduler, leave)
        gateway.put(self.kinds.opened(bridge_id))
        plugged.port.link_opened(plugged.uplink)

    def _arrive(self, gateway: GatewayEnd[Event], bridge_id: str, octets: bytes) -> None:
        if gateway is self._gateway:
            gateway.put(self.kinds.arrived(bridge_id, octets))

    def _close(self, plugged: _Plugged) -> None:
        if plugged.uplink is not None:
            plugged.uplink.is_open = False
            plugged.uplink = None
            plugged.port.link_closed()
