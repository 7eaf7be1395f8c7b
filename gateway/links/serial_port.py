"""One opened serial port: the shell around `SerialLink`, which decides everything.

In: octets from the port, payloads to send. Out: the link's events. Rule: it reads, hands over, writes, waits until the
link wants to be woken; it knows nothing of the protocol. The port is locked, so that two programs never share it.
"""

import asyncio
import os
import re
from collections.abc import Callable

import serial

from firmware_protocol.link.serial import LinkEvent, SerialLink
from gateway.links.limits import SERIAL_BAUD, SERIAL_READ_OCTETS
from gateway.ports import Clock

_PATH = re.compile(r"(?P<path>.+?)(?:@(?P<baud>\d{4,7}))?")


class PortAway(OSError):
    """The port cannot be opened, or was pulled out. `str()` says which and why."""


class SerialPort:
    """Open from its making until `close`."""

    def __init__(self, path: str, session: int, clock: Clock, on_event: Callable[[LinkEvent], None]) -> None:
        """`path` may end with the speed: `/dev/serial/by-id/usb-x@921600`. Raises PortAway."""
        device, baud = split_path(path)
        try:
            self._port = serial.Serial(device, baudrate=baud, timeout=0, exclusive=True)
        except (serial.SerialException, OSError, ValueError) as error:
            raise PortAway(f"{device} cannot be opened: {error}") from error
        self._path = device
        self._clock = clock
        self._on_event = on_event
        self._link = SerialLink(session, baud=baud)
        self._out = bytearray()
        self._changed = asyncio.Event()
        self._trouble: PortAway | None = None
        self._descriptor = int(self._port.fileno())
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._descriptor, self._readable)

    async def serve(self) -> None:
        """Carry until the port goes away; then raise PortAway."""
        while self._trouble is None:
            self._changed.clear()
            now_s = self._clock.monotonic_s()
            if not self._out:  # a full port is no reason to repeat what has not left yet
                self._out += self._link.to_send(now_s)
                self._write()
            wake_s = None if self._out else self._link.wake_at()
            if wake_s is None:
                await self._changed.wait()
            elif not self._changed.is_set():
                await self._wait(max(wake_s - self._clock.monotonic_s(), 0.0))
        raise self._trouble

    def send(self, payload: bytes) -> None:
        self._link.send(payload)
        self._changed.set()

    def close(self) -> None:
        self._loop.remove_reader(self._descriptor)
        self._loop.remove_writer(self._descriptor)
        self._port.close()

    async def _wait(self, seconds: float) -> None:
        changed = asyncio.ensure_future(self._changed.wait())
        pause = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            await asyncio.wait((changed, pause), return_when=asyncio.FIRST_COMPLETED)
        finally:
            changed.cancel()
            pause.cancel()

    def _readable(self) -> None:
        try:
            octets = os.read(self._descriptor, SERIAL_READ_OCTETS)
        except BlockingIOError:
            return
        except OSError as error:
            self._fail(error.strerror or str(error))
            return
        if not octets:
            self._fail("the device hung up")
            return
        for event in self._link.receive(octets, self._clock.monotonic_s()):
            self._on_event(event)
        self._changed.set()

    def _write(self) -> None:
        try:
            while self._out:
                del self._out[: os.write(self._descriptor, self._out)]
        except BlockingIOError:
            self._loop.add_writer(self._descriptor, self._writable)
        except OSError as error:
            self._fail(error.strerror or str(error))

    def _writable(self) -> None:
        self._loop.remove_writer(self._descriptor)
        self._write()
        if not self._out:
            self._changed.set()

    def _fail(self, reason: str) -> None:
        self._loop.remove_reader(self._descriptor)
        self._out.clear()
        self._trouble = PortAway(f"{self._path} went away: {reason}")
        self._changed.set()


def split_path(path: str) -> tuple[str, int]:
    """Device and speed of `DEVICE` or `DEVICE@BAUD`."""
    match = _PATH.fullmatch(path)
    if match is None:
        return path, SERIAL_BAUD
    return match["path"], int(match["baud"]) if match["baud"] else SERIAL_BAUD
