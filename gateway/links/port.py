"""One opened serial port: octets in, octets out, a speed that may change while it is open.

In: octets from the port, octets to write. Out: the same, each way. Rule: it knows nothing of what they mean. The port
is locked, so that two programs never share it.
"""

import asyncio
import os
import termios
from collections.abc import Callable
from typing import Protocol, TypeAlias

import serial

from gateway.links.limits import SERIAL_READ_OCTETS


class PortAway(OSError):
    """The port cannot be opened, or was pulled out. `str()` says which and why."""


class OpenedPort(Protocol):
    """What a radio module's host needs of a port, open until `close`."""

    def set_baud(self, baud: int) -> None:
        """From now on, both ways."""

    def write(self, octets: bytes) -> None:
        """Comes back before they have left."""

    def close(self) -> None:
        """Let the port go; nothing is called any more."""


# Path, speed, and who is called with octets that came, or once when the port is gone. Raises PortAway.
OpenPort: TypeAlias = Callable[[str, int, Callable[[bytes], None], Callable[[PortAway], None]], OpenedPort]


class Port:
    """Open from its making until `close`. What it is given to call is called from the loop; `on_drained` when all has
    left that could not leave at once.
    """

    def __init__(
        self,
        path: str,
        baud: int,
        on_octets: Callable[[bytes], None],
        on_away: Callable[[PortAway], None],
        on_drained: Callable[[], None] | None = None,
    ) -> None:
        """Raises PortAway."""
        try:
            self._port = serial.Serial(path, baudrate=baud, timeout=0, exclusive=True)
        except (serial.SerialException, OSError, ValueError, termios.error) as error:
            raise PortAway(f"{path} cannot be opened: {error}") from error
        self._path = path
        self._on_octets, self._on_away, self._on_drained = on_octets, on_away, on_drained
        self._out = bytearray()
        self._is_away = False
        self._descriptor = int(self._port.fileno())
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._descriptor, self._readable)

    @property
    def is_full(self) -> bool:
        """What was written last has not left yet."""
        return bool(self._out)

    @property
    def has_left(self) -> bool:
        """Everything written has gone out, as far as the machine knows."""
        if self._out:
            return False
        try:
            return self._is_away or not self._port.out_waiting
        except OSError:
            return True  # it was pulled out, which is found out by reading

    def set_baud(self, baud: int) -> None:
        """From now on, both ways."""
        if self._port.baudrate == baud or self._is_away:
            return
        try:
            self._port.baudrate = baud
        except (serial.SerialException, OSError, ValueError, termios.error) as error:
            self._away(f"its speed cannot be set to {baud}: {error}")

    def write(self, octets: bytes) -> None:
        self._out += octets
        self._write()

    def close(self) -> None:
        self._loop.remove_reader(self._descriptor)
        self._loop.remove_writer(self._descriptor)
        self._port.close()

    def _readable(self) -> None:
        try:
            octets = os.read(self._descriptor, SERIAL_READ_OCTETS)
        except BlockingIOError:
            return
        except OSError as error:
            self._away(error.strerror or str(error))
            return
        if octets:
            self._on_octets(octets)
        else:
            self._away("the device hung up")

    def _write(self) -> None:
        try:
            while self._out:
                del self._out[: os.write(self._descriptor, self._out)]
        except BlockingIOError:
            self._loop.add_writer(self._descriptor, self._writable)
        except OSError as error:
            self._away(error.strerror or str(error))

    def _writable(self) -> None:
        self._loop.remove_writer(self._descriptor)
        self._write()
        if not self._out and self._on_drained is not None:
            self._on_drained()

    def _away(self, reason: str) -> None:
        self._loop.remove_reader(self._descriptor)
        self._loop.remove_writer(self._descriptor)
        self._out.clear()
        if not self._is_away:
            self._is_away = True
            self._on_away(PortAway(f"{self._path} went away: {reason}"))
