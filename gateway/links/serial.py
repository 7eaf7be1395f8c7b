"""Bridges on serial ports: one port, one bridge.

In: ports by a path that stays the same when the device is plugged in again (`/dev/serial/by-id/...`). Out: payloads.
Rule: a port that is away is tried again for ever; each opening is a new session, so nothing old is taken for new. What
a line turned out not to carry is remembered until the gateway ends, or the bridge gets another path.
"""

import asyncio
from collections.abc import AsyncIterator

import structlog

from firmware_protocol.link.limits import OFFERED_BAUDS
from firmware_protocol.link.serial import LinkEvent, LinkOpened
from gateway.links.backoff import Backoff
from gateway.links.carrier import BridgeClosed, BridgeOpened, CarrierEvent, EventQueue, PayloadArrived
from gateway.links.port import PortAway
from gateway.links.serial_port import SerialPort
from gateway.ports import Clock, Random, Secrets

log = structlog.get_logger("links")


class SerialCarrier:
    """Any number of ports; they may come and go while it runs."""

    def __init__(self, *, clock: Clock, random: Random, secrets: Secrets) -> None:
        self._clock, self._random, self._secrets = clock, random, secrets
        self._paths: dict[str, str] = {}
        self._keepers: dict[str, asyncio.Task[None]] = {}
        self._ports: dict[str, SerialPort] = {}
        self._open: dict[str, None] = {}
        self._offers: dict[str, tuple[int, ...]] = {}
        self._events = EventQueue()
        self._running = False
        self.lost = 0
        self._closed_frames = self._closed_repeated = self._closed_bad = 0

    @property
    def frames_sent(self) -> int:
        """Data frames since the start, each time they were sent."""
        return self._closed_frames + sum(port.counts.sent for port in self._ports.values())

    @property
    def frames_repeated(self) -> int:
        return self._closed_repeated + sum(port.counts.repeated for port in self._ports.values())

    @property
    def frames_bad(self) -> int:
        """Pieces of what came that were no frame."""
        return self._closed_bad + sum(port.bad_frames for port in self._ports.values())

    def baud(self, bridge_id: str) -> int | None:
        """The speed of its line now; None while its port is away."""
        port = self._ports.get(bridge_id)
        return port.baud if port is not None and bridge_id in self._open else None

    async def start(self) -> None:
        self._running = True
        for bridge_id in self._paths:
            self._keep(bridge_id)

    async def stop(self) -> None:
        self._running = False
        for bridge_id in tuple(self._paths):
            await self.close_port(bridge_id)
        self._events.end()

    async def open_port(self, bridge_id: str, path: str) -> None:
        """Reach this bridge at this path from now on, `DEVICE` or `DEVICE@BAUD`; the same again changes nothing."""
        if self._paths.get(bridge_id) == path:
            return
        await self.close_port(bridge_id)
        self._offers.pop(bridge_id, None)
        self._paths[bridge_id] = path
        if self._running:
            self._keep(bridge_id)

    async def close_port(self, bridge_id: str) -> None:
        self._paths.pop(bridge_id, None)
        keeper = self._keepers.pop(bridge_id, None)
        if keeper is not None:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)

    async def send(self, bridge_id: str, payload: bytes) -> None:
        port = self._ports.get(bridge_id)
        if port is None or bridge_id not in self._open:
            self.lost += 1
            return
        port.send(payload)

    def events(self) -> AsyncIterator[CarrierEvent]:
        return self._events.read()

    def _keep(self, bridge_id: str) -> None:
        self._keepers[bridge_id] = asyncio.create_task(
            self._keep_open(bridge_id, self._paths[bridge_id]), name=f"serial-{bridge_id}"
        )

    async def _keep_open(self, bridge_id: str, path: str) -> None:
        backoff = Backoff(self._random)
        while True:
            try:
                await self._serve(bridge_id, path, backoff)
            except PortAway as error:
                reason = str(error)
            wait_s = backoff.wait_s()
            log.warning("serial_port_away", bridge=bridge_id, reason=reason, next_try_s=round(wait_s, 2))
            await self._clock.sleep(wait_s)

    async def _serve(self, bridge_id: str, path: str, backoff: Backoff) -> None:
        session = int.from_bytes(self._secrets.octets(4), "big") or 1

        def happened(event: LinkEvent) -> None:
            if isinstance(event, LinkOpened):
                backoff.reset()
                self._open[bridge_id] = None
                self._events.put(BridgeOpened(bridge_id))
            else:
                self._events.put(PayloadArrived(bridge_id, event.octets))

        offers = self._offers.get(bridge_id, OFFERED_BAUDS)
        port = SerialPort(path, session, self._clock, happened, offers=offers)
        self._ports[bridge_id] = port
        log.info("serial_port_opened", bridge=bridge_id, path=path)
        try:
            await port.serve()
        finally:
            port.close()
            self._offers[bridge_id] = port.offers
            self._count(port)
            del self._ports[bridge_id]
            if bridge_id in self._open:
                del self._open[bridge_id]
                self._events.put(BridgeClosed(bridge_id))

    def _count(self, port: SerialPort) -> None:
        self._closed_frames += port.counts.sent
        self._closed_repeated += port.counts.repeated
        self._closed_bad += port.bad_frames
