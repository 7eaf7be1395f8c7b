"""An OpenEPaperLink radio module on a serial port: the shell around `ModuleHost`, which decides everything.

In: a path that stays the same when the device is plugged in again, what each tag shall be told. Out: what the module
and its tags say. Rule: a port that is away is tried again for ever; what is wanted outlives it.
"""

import asyncio
from collections.abc import Callable

import structlog

from firmware_protocol import TagId
from firmware_protocol.openepaperlink.host import HostEvent, ModuleHost
from firmware_protocol.openepaperlink.line import LineDown, ModuleInfo
from firmware_protocol.openepaperlink.slots import Offer
from gateway.links.backoff import Backoff
from gateway.links.port import OpenPort, Port, PortAway
from gateway.ports import Clock, Random, event_or_pause

log = structlog.get_logger("links")


class ModuleLink:
    """`keep` until cancelled. `on_event` is called from the loop, in the order in which things happened."""

    def __init__(
        self,
        bridge_id: str,
        path: str,
        channel: int,
        *,
        clock: Clock,
        random: Random,
        on_event: Callable[[str, HostEvent], None],
        open_port: OpenPort = Port,
    ) -> None:
        self.bridge_id, self.path, self.channel = bridge_id, path, channel
        self._host = ModuleHost(channel=channel)
        self._clock, self._random = clock, random
        self._on_event, self._open_port = on_event, open_port
        self._changed = asyncio.Event()
        self._trouble: PortAway | None = None

    @property
    def info(self) -> ModuleInfo | None:
        """None while the module is not there."""
        return self._host.info

    @property
    def live_slots(self) -> int:
        return self._host.slots.live

    def want(self, tag_id: TagId, offer: Offer | None) -> None:
        """The tag shall be told this, or nothing, until it has taken it."""
        self._host.want(tag_id, offer)
        self._changed.set()

    async def keep(self) -> None:
        backoff = Backoff(self._random)
        while True:
            try:
                await self._serve(backoff)
            except PortAway as error:
                reason = str(error)
            if self._host.info is not None:
                self._host.opened(self._clock.monotonic_s())  # whatever it knew of the module is void
                self._tell([LineDown(reason)])
            wait_s = backoff.wait_s()
            log.warning("module_port_away", link=self.bridge_id, reason=reason, next_try_s=round(wait_s, 2))
            await self._clock.sleep(wait_s)

    async def _serve(self, backoff: Backoff) -> None:
        """Until the port goes away; raises PortAway."""
        host = self._host
        self._trouble = None

        def arrived(octets: bytes) -> None:
            events = host.receive(octets, self._clock.monotonic_s())
            port.write(host.to_send(self._clock.monotonic_s()))  # at once: a tag may wait for it on the air
            self._tell(events)
            self._changed.set()

        def away(error: PortAway) -> None:
            self._trouble = error
            self._changed.set()

        port = self._open_port(self.path, host.baud, arrived, away)
        log.info("module_port_opened", link=self.bridge_id, path=self.path)
        host.opened(self._clock.monotonic_s())
        try:
            while self._trouble is None:
                self._changed.clear()
                now_s = self._clock.monotonic_s()
                self._tell(host.pass_time(now_s))
                port.set_baud(host.baud)
                port.write(host.to_send(now_s))
                if host.info is not None:
                    backoff.reset()
                if not self._changed.is_set():
                    wake_s = host.wake_at()
                    pause_s = None if wake_s is None else max(wake_s - self._clock.monotonic_s(), 0.0)
                    await event_or_pause(self._changed, self._clock, pause_s)
        finally:
            port.close()
        raise self._trouble

    def _tell(self, events: list[HostEvent]) -> None:
        for event in events:
            self._on_event(self.bridge_id, event)
