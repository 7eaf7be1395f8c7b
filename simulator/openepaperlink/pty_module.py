"""A radio module and its tags behind a pty, which a gateway opens like any serial port.

In: octets of the line. Out: the module's; a link that names the port. Rule: a pty has no speed, so the one that the
host has set on its end counts, and at another than the module's both sides hear garbage. Octets that nobody reads are
lost, as on a line without flow control.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from simulator.openepaperlink.live import LiveModule
from simulator.openepaperlink.module import VirtualModule
from simulator.openepaperlink.tag import OeplTag
from simulator.pty_port import READ_OCTETS, PtyPort
from simulator.schedule import Scheduler


class ModuleOnPty:
    """Open from `open` to `close`, by itself and by the loop's callbacks: no task. The loop's time is the machine's: a
    test on virtual time takes `live.LiveModule`, and no port.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        module: VirtualModule,
        tags: Sequence[OeplTag],
        link_path: Path,
        *,
        speed: float = 1.0,
        seed: int = 0,
    ) -> None:
        """`speed` divides all times: ten makes a minute of module and tags last six seconds."""
        self._pty = PtyPort(link_path)
        self.octets_lost = 0  # for a host that does not read
        self.live = LiveModule(
            scheduler, module, tags, to_host=self._put, host_baud=lambda: self._pty.host_baud, speed=speed, seed=seed
        )
        self._is_on = False

    @property
    def link_path(self) -> Path:
        """Where the port stands."""
        return self._pty.link_path

    def open(self) -> None:
        """Make the port and its name; the first time, switch the module on. Harmless when it is open."""
        if self._pty.is_open:
            return
        self._pty.open(self._readable)
        if not self._is_on:
            self._is_on = True
            self.live.switch_on()

    def close(self) -> None:
        """The port and its name are gone, as when its cable is pulled; the module stays on."""
        if not self._pty.is_open:
            return
        self._pty.close()

    def restart_module(self) -> None:
        self.live.restart_module()

    def _readable(self) -> None:
        with suppress(BlockingIOError):
            self.live.host_says(os.read(self._pty.master, READ_OCTETS))

    def _put(self, octets: bytes) -> None:
        if not self._pty.is_open:
            return
        written = 0
        with suppress(BlockingIOError):
            written = os.write(self._pty.master, octets)
        self.octets_lost += len(octets) - written
