"""One opened serial port: the shell around `SerialLink`, which decides everything.

In: octets from the port, payloads to send. Out: the link's events. Rule: it reads, hands over, writes, waits until the
link wants to be woken; it knows nothing of the protocol.
"""

import asyncio
import re
from collections.abc import Callable

from firmware_protocol.link.serial import LinkEvent, SerialLink
from gateway.links.limits import SERIAL_BAUD
from gateway.links.port import Port, PortAway
from gateway.ports import Clock, event_or_pause

_PATH = re.compile(r"(?P<path>.+?)(?:@(?P<baud>\d{4,7}))?")


class SerialPort:
    """Open from its making until `close`."""

    def __init__(self, path: str, session: int, clock: Clock, on_event: Callable[[LinkEvent], None]) -> None:
        """`path` may end with the speed: `/dev/serial/by-id/usb-x@921600`. Raises PortAway."""
        device, baud = split_path(path)
        self._clock = clock
        self._on_event = on_event
        self._link = SerialLink(session, baud=baud)
        self._changed = asyncio.Event()
        self._trouble: PortAway | None = None
        self._port = Port(device, baud, self._received, self._went_away, self._changed.set)

    async def serve(self) -> None:
        """Carry until the port goes away; then raise PortAway."""
        while self._trouble is None:
            self._changed.clear()
            now_s = self._clock.monotonic_s()
            if not self._port.is_full:  # a full one is no reason to repeat what has not left yet
                self._port.write(self._link.to_send(now_s))
            wake_s = None if self._port.is_full else self._link.wake_at()
            if not self._changed.is_set():
                pause_s = None if wake_s is None else max(wake_s - self._clock.monotonic_s(), 0.0)
                await event_or_pause(self._changed, self._clock, pause_s)
        raise self._trouble

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


def split_path(path: str) -> tuple[str, int]:
    """Device and speed of `DEVICE` or `DEVICE@BAUD`."""
    match = _PATH.fullmatch(path)
    if match is None:
        return path, SERIAL_BAUD
    return match["path"], int(match["baud"]) if match["baud"] else SERIAL_BAUD
