"""`esl serve`: one process that runs the gateway with everything at its edge, until it is told to stop.

In: settings. Out: 0 after SIGTERM or Ctrl-C; CannotStart or DatabaseFailure with one line for the operator.
Rule: what can be refused is refused before anything runs; `endpoint.json` appears when requests are answered.
Order: lock, keys, ports, database, broker, gateway, HTTP; and back. Why: docs/architecture.md, "Processes".
"""

import asyncio
import base64
import contextlib
import gc
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from random import Random  # noqa: TID251  # the one place where a real one is made

import structlog
import uvicorn
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from litestar.types import ASGIApp

from gateway.app.broker import EmbeddedBroker
from gateway.app.broker_config import Listener
from gateway.app.compose import Gateway, compose
from gateway.app.data_folder import DataFolder, LastPorts, load_keys
from gateway.app.doors import Doors, logins
from gateway.app.errors import CannotStart
from gateway.app.figures import declare_serial_figures
from gateway.app.limits import BROKER_PROBE_PAUSE_S, BROKER_PROBES, GARBAGE_EVERY_OBJECTS
from gateway.app.listen import open_http_port, url_of
from gateway.app.recording import RecordedCarrier, Recording, recorded
from gateway.app.services import Ports, warm_worker
from gateway.app.standard_input import call_when_stdin_ends
from gateway.app.workers import WorkerPool, workers_of_this_machine
from gateway.intake import SyncListener
from gateway.links import BrokerAddress, BrokerAway, BrokerUrlWrong, MqttCarrier, SerialCarrier, probe_broker
from gateway.ports import Clock, SystemClock, SystemSecrets
from gateway.pos_api import UVICORN_SETTINGS
from gateway.settings import Settings
from gateway.telemetry import set_up_logs

log = structlog.get_logger("app")


def serve(
    settings: Settings, on_ready: Callable[[str, str], None] | None = None, *, until_stdin_ends: bool = False
) -> None:
    """Run until SIGTERM or SIGINT, or until standard input ends. `on_ready` hears where HTTP and MQTT are.

    Raises CannotStart, DatabaseFailure.
    """
    if not sys.platform.startswith(("linux", "darwin")):
        raise CannotStart("esl-gateway runs on Linux and macOS; elsewhere use a Linux virtual machine or WSL 2")
    set_up_logs(settings.log_level, settings.log_format)
    folder = DataFolder.open(settings.data)
    try:
        asyncio.run(_Process(settings, folder, on_ready, until_stdin_ends=until_stdin_ends).run())
    finally:
        folder.close()


class _Process:
    """What one process holds besides the gateway itself, taken in order and given back in the opposite one."""

    def __init__(
        self,
        settings: Settings,
        folder: DataFolder,
        on_ready: Callable[[str, str], None] | None,
        *,
        until_stdin_ends: bool,
    ) -> None:
        self._settings = settings
        self._folder = folder
        self._on_ready = on_ready
        self._until_stdin_ends = until_stdin_ends
        self._last = folder.last_ports()
        self._clock = SystemClock()
        self._secrets = SystemSecrets()
        self._random = Random(self._secrets.octets(16))
        self._told_to_stop = asyncio.Event()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._told_to_stop.set)
        if self._until_stdin_ends:
            call_when_stdin_ends(lambda: loop.call_soon_threadsafe(self._told_to_stop.set))
        settings = self._settings
        async with AsyncExitStack() as stack:
            broker = self._new_broker()
            external = _external(settings)
            http = stack.enter_context(contextlib.closing(open_http_port(settings.http, self._last.http)))
            pool = WorkerPool(settings.workers or workers_of_this_machine(), warm_worker)
            stack.callback(pool.stop)

            def address() -> BrokerAddress:
                return broker.address if broker is not None else external_or_none(external)

            recording = None
            if settings.record is not None:
                recording = Recording(settings.record, self._clock)
                stack.callback(recording.close)
            mqtt = MqttCarrier(address, clock=self._clock, random=self._random)
            serial = SerialCarrier(clock=self._clock, random=self._random, secrets=self._secrets)
            gateway = compose(
                settings,
                Ports(self._clock, self._random, self._secrets, pool),
                [mqtt, serial] if recording is None else [RecordedCarrier(one, recording) for one in (mqtt, serial)],
                doors=lambda database: Doors(database, serial, broker, external),
            )
            declare_serial_figures(gateway.metrics, serial)
            stack.push_async_callback(gateway.database.close)
            pool.start()
            if broker is not None:
                stack.push_async_callback(broker.stop)
                await broker.start(await gateway.database.read(logins), last_port=self._last.mqtt)
            else:
                await _wait_for_broker(external_or_none(external), self._clock, self._random)
            stack.push_async_callback(gateway.stop)
            await gateway.start()
            chunks = SyncListener(gateway.services.intake.offer, address, clock=self._clock, random=self._random)
            stack.push_async_callback(chunks.stop)
            await chunks.start()
            app = gateway.asgi if recording is None else recorded(gateway.asgi, recording)
            await self._answer(gateway, app, http, address().url, address().port if broker is not None else None)

    def _new_broker(self) -> EmbeddedBroker | None:
        settings = self._settings
        if settings.broker is not None:
            return None
        listen = settings.mqtt
        if not listen.is_loopback and not (settings.mqtt_certificate and settings.mqtt_key):
            raise CannotStart(
                f"bridges on {listen.host} need TLS: give mqtt_certificate and mqtt_key in "
                f"{settings.data / 'settings.toml'}, or listen on 127.0.0.1 (--mqtt)"
            )
        return EmbeddedBroker(
            settings.data / "broker",
            Listener(listen.host, listen.port, settings.mqtt_certificate, settings.mqtt_key),
            own_password=broker_password(load_keys(settings.data, self._secrets).site_secret),
            clock=self._clock,
            binary=settings.broker_binary,
        )

    async def _answer(
        self, gateway: Gateway, app: ASGIApp, http: socket.socket, mqtt_url: str, mqtt_port: int | None
    ) -> None:
        async with _http_server(app, http) as server:
            _look_for_garbage_less_often()
            url = url_of(http)
            self._folder.announce(url, mqtt_url, LastPorts(http.getsockname()[1], mqtt_port))
            log.info("gateway_ready", http=url, mqtt=mqtt_url, data=str(self._settings.data))
            if self._on_ready is not None:
                self._on_ready(url, mqtt_url)
            broken = asyncio.ensure_future(gateway.failed())
            told = asyncio.ensure_future(self._told_to_stop.wait())
            await asyncio.wait((broken, told, server), return_when=asyncio.FIRST_COMPLETED)
            told.cancel()
            gateway.stopping.set()  # event streams end themselves, so that the server need not wait for them
            if broken.done():
                raise CannotStart(
                    f"the gateway has failed and ends, nothing is lost: {broken.result()!r}. Start it again, "
                    "and report the lines above"
                )
            broken.cancel()
            log.info("gateway_stops")


def _look_for_garbage_less_often() -> None:
    """What was loaded to get here stays until the end: it need not be looked through again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_EVERY_OBJECTS)


def broker_password(site_secret: bytes) -> str:
    """The gateway's own login at its own broker: nothing to keep, nothing to lose."""
    octets = HKDF(SHA256(), length=24, salt=None, info=b"esl broker").derive(site_secret)
    return base64.urlsafe_b64encode(octets).decode()


def external_or_none(external: BrokerAddress | None) -> BrokerAddress:
    if external is None:
        raise RuntimeError("there is neither a broker of our own nor another one")
    return external


@asynccontextmanager
async def _http_server(app: ASGIApp, http: socket.socket) -> AsyncIterator["asyncio.Task[None]"]:
    config = uvicorn.Config(
        app,
        log_config=None,
        interface="asgi3",
        lifespan="off",
        ws="none",
        http="httptools",
        proxy_headers=False,
        **UVICORN_SETTINGS,
    )
    server = _QuietServer(config)
    task = asyncio.create_task(server.serve(sockets=[http]), name="http")
    try:
        await server.answers.wait()
        yield task
    finally:
        server.should_exit = True
        await task


class _QuietServer(uvicorn.Server):
    """uvicorn without its own signal handlers: it would raise SIGTERM again and end us with status -15."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.answers = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.answers.set()


def _external(settings: Settings) -> BrokerAddress | None:
    if settings.broker is None:
        return None
    try:
        address = BrokerAddress.parse(settings.broker)
    except BrokerUrlWrong as error:
        raise CannotStart(str(error)) from error
    if settings.broker_certificate is None:
        return address
    return BrokerAddress(
        address.host, address.port, address.tls, address.username, address.password, settings.broker_certificate
    )


async def _wait_for_broker(address: BrokerAddress, clock: Clock, random: Random) -> None:
    for tries_left in reversed(range(BROKER_PROBES)):
        try:
            await probe_broker(address, random)
            return
        except BrokerAway as error:
            if not tries_left:
                raise CannotStart(f"{error}. Start it, or mend the address (--broker)") from error
        await clock.sleep(BROKER_PROBE_PAUSE_S)
