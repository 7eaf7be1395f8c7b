"""The demo's gateway: `esl serve` as a process of its own, which may be killed and started again on the same ports.

In: a data folder, where to listen. Out: its address. Rule: it lives in a session of its own, so that Ctrl-C reaches the
demo alone, which then ends it; it ends by itself if the demo is gone; what it writes goes to a file.
"""

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from simulator.cli.admin_api import GatewayPlace, GatewayRefuses
from simulator.cli.demo_limits import GATEWAY_STARTS_S, GATEWAY_STOPS_S, PORTS_TRIED

HOST, HTTP_PORT = "127.0.0.1", 8080


class GatewayProcess:
    """`http`: as `--http` takes it, None = the first free port from 8080 on. `broker`: another broker's address."""

    def __init__(
        self, data: Path, log: Path, *, http: str | None = None, broker: str | None = None, control: str | None = None
    ) -> None:
        self._data, self._log = data, log
        self._http, self._broker, self._control = http, broker, control
        self._process: Process | None = None
        self.place = GatewayPlace("", "", data)

    async def start(self) -> None:
        """Until it answers. Raises `GatewayRefuses` with its own words."""
        mqtt = f"{HOST}:0"  # the gateway takes the last run's port if it can, and says in endpoint.json which
        for http in self._addresses():
            if await self._started(http, mqtt):
                break
            if self._http is not None or _is_free(int(http.rpartition(":")[2])):
                raise GatewayRefuses(self._last_words())
            # else somebody took the port between our look and its start
        self._http = http
        self.place = GatewayPlace.find(self._data, None)

    def _addresses(self) -> Iterator[str]:
        """The one it had or was given; else this machine's own with the ports that are free."""
        return iter([self._http]) if self._http else (f"{HOST}:{port}" for port in _free_ports(HTTP_PORT))

    async def _started(self, http: str, mqtt: str) -> bool:
        options = ["--data", str(self._data), "--http", http, "--log-level", "warning", "--until-stdin-ends"]
        options += ["--broker", self._broker] if self._broker else ["--mqtt", mqtt]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ESL_")}
        if self._control:
            environment["ESL_DEMO_CONTROL"] = self._control
        with self._log.open("ab") as log:
            # -P: a folder called gateway in the working folder is not ours.
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", "gateway.cli", "serve", *options),
                stdin=PIPE,  # its other end goes when we go
                stdout=PIPE,
                stderr=log,
                env=environment,
                start_new_session=True,
            )
        if self._process.stdout is None:
            raise RuntimeError("a pipe was asked for")
        try:
            return bool(await asyncio.wait_for(self._process.stdout.readline(), GATEWAY_STARTS_S))
        except TimeoutError:
            await self.kill()
            raise GatewayRefuses(
                f"the gateway was not ready within {GATEWAY_STARTS_S:.0f} s: see {self._log}"
            ) from None

    async def kill(self) -> None:
        """SIGKILL: it gets no chance to finish anything."""
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    def freeze(self) -> None:
        """SIGSTOP: it answers nothing, and connections to it stay open."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on where it was."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    async def stop(self) -> None:
        """It finishes what it does."""
        if self._process is None or self._process.returncode is not None:
            return
        self.thaw()  # a frozen one would not hear it
        with suppress(ProcessLookupError):
            self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), GATEWAY_STOPS_S)
        except TimeoutError:
            await self.kill()

    @property
    def has_ended(self) -> bool:
        return self._process is not None and self._process.returncode is not None

    def _last_words(self) -> str:
        """What it said last on standard error, without its own name."""
        lines = self._log.read_text(errors="replace").splitlines() if self._log.exists() else []
        said = [line.removeprefix("esl: ") for line in lines if line.startswith("esl: ")]
        return said[-1] if said else f"the gateway does not start: see {self._log}"


def _free_ports(first: int) -> Iterator[int]:
    """Ports of this machine that nobody listens on, from this one on. Raises `GatewayRefuses` when there is none."""
    yield from filter(_is_free, range(first, first + PORTS_TRIED))
    raise GatewayRefuses(f"no port is free from {first} to {first + PORTS_TRIED - 1}: name one (--http HOST:PORT)")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True
