"""One opened serial port: the shell around `SerialLink`, which decides everything.

In: octets from the port, payloads to send. Out: the link's events. Rule: it reads, hands over, writes, keeps the line
at the link's speed, waits until the link wants to be woken; it knows nothing of the protocol.
"""

import asyncio
import re
from collections.abc import Callable, Sequence

import structlog

from firmware_protocol.link.limits import BASE_BAUD, OFFERED_BAUDS
from firmware_protocol.link.serial import LinkCounts, LinkEvent, SerialLink
from gateway.links.limits import PORT_LEFT_LOOK_S
from gateway.links.port import Port, PortAway
from gateway.ports import Clock, event_or_pause

log = structlog.get_logger("links")
_PATH = re.compile(r"(?P<path>.+?)(?:@(?P<baud>\d{4,7}))?")


class SerialPort:
    """Open from its making until `close`."""

    def __init__(
        self,
        path: str,
        session: int,
        clock: Clock,
        on_event: Callable[[LinkEvent], None],
        *,
        offers: Sequence[int] = OFFERED_BAUDS,
    ) -> None:
        """`path` may end with the speed, which then stays: `/dev/serial/by-id/usb-x@921600`. Else the line opens at
        115,200 baud and the bridge is offered the faster ones. Raises PortAway.
        """
        device, baud = split_path(path)
        self._path = path
        self._clock = clock
        self._on_event = on_event
        self._link = SerialLink(session, baud=baud or BASE_BAUD, offers=() if baud else offers)
        self._baud = self._link.baud
        self._changed = asyncio.Event()
        self._trouble: PortAway | None = None
        self._port = Port(device, self._baud, self._received, self._went_away, self._changed.set)

    @property
    def baud(self) -> int:
        """The speed of the line now."""
        return self._baud

    @property
    def offers(self) -> tuple[int, ...]:
        """The speeds that are still worth offering on this line."""
        return self._link.speed.offers

    @property
    def counts(self) -> LinkCounts:
        return self._link.counts

    @property
    def bad_frames(self) -> int:
        return self._link.bad_frames

    async def serve(self) -> None:
        """Carry until the port goes away; then raise PortAway."""
        while self._trouble is None:
            self._changed.clear()
            now_s = self._clock.monotonic_s()
            wake_s: float | None = None
            if self._follow_speed() and not self._port.is_full:  # a full one is no reason to repeat what has not left
                self._port.write(self._link.to_send(now_s))
            if self._baud != self._link.baud:
                wake_s = now_s + PORT_LEFT_LOOK_S
            elif not self._port.is_full:
                wake_s = self._link.wake_at()
            if not self._changed.is_set():
                pause_s = None if wake_s is None else max(wake_s - self._clock.monotonic_s(), 0.0)
                await event_or_pause(self._changed, self._clock, pause_s)
        raise self._trouble

    def _follow_speed(self) -> bool:
        """True when the line is at the link's speed; what was said at the other one leaves first."""
        if self._baud != self._link.baud and self._port.has_left:
            self._port.set_baud(self._link.baud)
            self._baud = self._link.baud
            log.info("serial_speed", path=self._path, baud=self._baud)
            if self._trouble is not None:
                self._link.speed.give_up()
        return self._baud == self._link.baud

    def send(self, payload: bytes) -> None:
        self._link.send(payload)
        self._changed.set()

    def close(self) -> None:
        self._port.close()

    def _received(self, octets: bytes) -> None:
        for event in self._link.receive(octets, self._clock.monotonic_s()):
            self._on_event(event)
        self._changed.set()

    def _went_away(self, error: PortAway) -> None:
        self._trouble = error
        self._changed.set()


def split_path(path: str) -> tuple[str, int | None]:
    """Device and speed of `DEVICE` or `DEVICE@BAUD`."""
    match = _PATH.fullmatch(path)
    if match is None:
        return path, None
    return match["path"], int(match["baud"]) if match["baud"] else None
