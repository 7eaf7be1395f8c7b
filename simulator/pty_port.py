"""A pty whose other end a gateway opens like any serial port, by a name that stays.

In: octets to be read from `master`, to be written there. Out: a link that names the port. Rule: the slave's end is held
open here, in raw mode, so that a gateway may come and go. A pty has no speed: that which the gateway has set counts.
"""

import asyncio
import os
import termios
import tty
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

READ_OCTETS = 65_536
_OUT_SPEED = 5  # of `termios.tcgetattr`
_BAUDS = {getattr(termios, name): int(name[1:]) for name in dir(termios) if name[0] == "B" and name[1:].isdigit()}


class PtyPort:
    """`master` and `slave` are descriptors while it is open, else -1."""

    def __init__(self, link_path: Path) -> None:
        self.link_path = link_path
        self.master = self.slave = -1

    @property
    def is_open(self) -> bool:
        return self.master >= 0

    @property
    def host_baud(self) -> int:
        """As the host has set it on its end; 0: closed, or at a speed that has no name."""
        return _BAUDS.get(termios.tcgetattr(self.slave)[_OUT_SPEED], 0) if self.is_open else 0

    def open(self, readable: Callable[[], None]) -> None:
        """Make the port and its name; `readable` is called from the loop."""
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        os.set_blocking(self.master, False)
        self._name(os.ttyname(self.slave))
        asyncio.get_running_loop().add_reader(self.master, readable)

    def close(self) -> None:
        """Pulled out: the port and its name are gone."""
        loop = asyncio.get_running_loop()
        loop.remove_reader(self.master)
        loop.remove_writer(self.master)
        os.close(self.master)
        os.close(self.slave)
        self.master = self.slave = -1
        with suppress(FileNotFoundError):
            self.link_path.unlink()

    def _name(self, device: str) -> None:
        self.link_path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.link_path.with_name(f".{self.link_path.name}.new")
        with suppress(FileNotFoundError):
            fresh.unlink()
        fresh.symlink_to(device)
        fresh.replace(self.link_path)
