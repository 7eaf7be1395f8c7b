"""A bridge on a cable: a pty whose other end a gateway opens like any serial port.

In: octets of the line. Out: payloads to and from a bridge; a link `DIR/serial/BRIDGE` that names the port.
Rule: the line takes ten bits an octet at the speed that the bridge has set, USB its latency on the way to the gateway,
and at another speed than the gateway's nothing is understood; what else goes wrong on the line goes wrong with whole
frames, and the protocol's own `SerialLink` mends it.
"""

import asyncio
import os
from collections.abc import Collection
from pathlib import Path

from firmware_protocol.link.limits import BASE_BAUD, OFFERED_BAUDS
from firmware_protocol.link.serial import LinkOpened, SerialLink
from simulator.carriers import BridgePort, FaultyUplink, LinkPaths, deliver
from simulator.chance import Draws, Random, key_of
from simulator.faults import FaultyLine, FaultyPath
from simulator.pty_port import READ_OCTETS, PtyPort
from simulator.schedule import Scheduler
from simulator.serial_line import USB_LATENCY_S, PacedLine, heard_at_another_speed

# A gateway that takes nothing of what waits for it for so long is gone: say so, or reports would wait here for ever.
# Its port's own retries are at most 2 s apart.
SILENT_S = 6.0
_SESSIONS = (1 << 32) - 1


class SerialBridgeCarrier:
    """Open from `open` to `close`, by itself and by the loop's callbacks: no task."""

    def __init__(
        self,
        port: BridgePort,
        paths: LinkPaths,
        scheduler: Scheduler,
        chance: Random,
        link_path: Path,
        *,
        baud: int = BASE_BAUD,
        takes: Collection[int] = OFFERED_BAUDS,
        usb_latency_s: float = USB_LATENCY_S,
    ) -> None:
        """`baud`: at which it starts; `takes`: the faster speeds that it can."""
        self._port, self._scheduler, self._chance = port, scheduler, chance
        self._up, self._down = FaultyLine(paths.up), FaultyLine(paths.down)
        self._pty = PtyPort(link_path)
        self._first_baud, self._takes = baud, takes
        self._baud = baud  # that of its end of the line
        self._up_line, self._down_line = PacedLine(baud, latency_s=usb_latency_s), PacedLine(baud)
        self._link = SerialLink(1)
        self._uplink: FaultyUplink | None = None
        self._out = bytearray()
        self._silent_since = 0.0
        self._wake_at: float | None = None
        self._garbage_key, self._garbled = key_of(0, f"{port.name}/garbage"), 0

    @property
    def link_path(self) -> Path:
        """Where the port stands."""
        return self._pty.link_path

    @property
    def connected(self) -> bool:
        return self._uplink is not None

    @property
    def bad_frames(self) -> int:
        return self._link.bad_frames

    @property
    def baud(self) -> int:
        """The speed of its end now."""
        return self._baud

    def open(self) -> None:
        """Make the port and its name. Harmless when it is open."""
        if self._pty.is_open:
            return
        self._pty.open(self._readable)
        self._new_session()

    def close(self) -> None:
        """Pulled out: the port and its name are gone."""
        if not self._pty.is_open:
            return
        self._pty.close()
        self._up_line.cut()
        self._down_line.cut()
        self._lose()

    def _new_session(self) -> None:
        self._link = SerialLink(1 + self._chance.randrange(_SESSIONS), baud=self._first_baud, takes=self._takes)
        self._silent_since = self._scheduler.clock.monotonic_s()
        self._pump()

    def _lose(self) -> None:
        self._out.clear()
        if self._uplink is not None:
            self._uplink.is_open = False
            self._uplink = None
            self._port.link_closed()

    # The line

    def _readable(self) -> None:
        try:
            octets = os.read(self._pty.master, READ_OCTETS)
        except BlockingIOError:
            return
        host_baud = self._pty.host_baud
        self._down_line.baud = host_baud or self._baud
        self._down_line.put(self._heard(octets, host_baud, self._baud), self._scheduler.clock.monotonic_s())
        self._look()

    def _heard(self, octets: bytes, said_at: int, heard_at: int) -> bytes:
        if said_at == heard_at:
            return octets
        self._garbled += 1
        return heard_at_another_speed(octets, said_at, heard_at, Draws(self._garbage_key, self._garbled))

    def _look(self) -> None:
        """See what has come over the line, both ways, and look again when more has."""
        if not self._pty.is_open:
            return
        now_s = self._scheduler.clock.monotonic_s()
        if octets := self._up_line.take(now_s):
            self._out += self._heard(octets, self._baud, self._pty.host_baud)
            self._write()
        if octets := self._down_line.take(now_s):
            deliver(self._down.passes(octets), self._scheduler, self._take)
        for line in (self._up_line, self._down_line):
            self._wake(line.wake_at(), now_s)

    def _take(self, octets: bytes) -> None:
        if not self._pty.is_open:
            return
        now_s = self._silent_since = self._scheduler.clock.monotonic_s()
        for event in self._link.receive(octets, now_s):
            if isinstance(event, LinkOpened):
                self._lose()
                # The faults of the way up sit on the frames, further down: payloads leave as they are.
                self._uplink = FaultyUplink(FaultyPath(f"{self._port.name}/payloads", 0), self._scheduler, self._send)
                self._port.link_opened(self._uplink)
            else:
                self._port.link_received(event.octets)
        self._pump()

    def _send(self, payload: bytes, hello: bool) -> None:
        if not self._link.waiting:
            self._silent_since = self._scheduler.clock.monotonic_s()  # an idle line is silent for good reason
        self._link.send(payload)
        self._scheduler.soon(self._pump)

    def _pump(self) -> None:
        """Write what is due, and see to it that the link is woken when it wants to be."""
        if not self._pty.is_open:
            return
        now_s = self._scheduler.clock.monotonic_s()
        if self._link.waiting and self._uplink is not None and now_s - self._silent_since > SILENT_S:
            self._lose()
            self._new_session()
            return
        if self._baud != self._link.baud and not self._up_line.is_busy(now_s):
            self._baud = self._up_line.baud = self._link.baud
        if not self._out and self._baud == self._link.baud:
            if octets := self._link.to_send(now_s):
                deliver(self._up.passes(octets), self._scheduler, self._put)
            self._wake(self._link.wake_at(), now_s)
        if self._baud != self._link.baud:
            self._wake(now_s, now_s)

    def _wake(self, at_s: float | None, now_s: float) -> None:
        if at_s is None or (self._wake_at is not None and now_s < self._wake_at <= at_s):
            return
        self._wake_at = max(at_s, now_s + 0.001)  # never in this very turn: the line needs its time as well
        self._scheduler.at(self._wake_at, self._woken)

    def _woken(self) -> None:
        self._look()
        self._pump()

    def _put(self, octets: bytes) -> None:
        if self._pty.is_open:
            self._up_line.put(octets, self._scheduler.clock.monotonic_s())
            self._look()

    def _write(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._out:
                del self._out[: os.write(self._pty.master, self._out)]
        except BlockingIOError:
            loop.add_writer(self._pty.master, self._writable)

    def _writable(self) -> None:
        asyncio.get_running_loop().remove_writer(self._pty.master)
        self._write()
        if not self._out:
            self._pump()
