"""Composes the whole gateway from settings and ports; `esl serve` and the virtual world run the same composition.

In: settings, ports, carriers. Out: a `Gateway` that starts, answers over ASGI, and stops.
Rule: no branch for tests. What stands at the edge (broker, serial ports, uvicorn, worker processes) is handed in.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

import structlog
from litestar.types import ASGIApp, Receive, Scope, Send

from gateway.access import start_run
from gateway.app.data_folder import Keys, load_keys
from gateway.app.figures import declare_figures
from gateway.app.http_app import HttpParts, build_app
from gateway.app.services import Ports, Services, build_services
from gateway.app.shop_files import DATABASE
from gateway.console.admin import BridgeDoors, NoDoors
from gateway.database import Crashed, Database
from gateway.labels import engine_words
from gateway.links import AllCarriers, Carrier
from gateway.settings import Settings
from gateway.telemetry import Metrics

log = structlog.get_logger("app")


def no_doors(_: Database) -> BridgeDoors:
    return NoDoors()


def compose(
    settings: Settings,
    ports: Ports,
    carriers: Sequence[Carrier],
    *,
    database_threads: bool = True,
    doors: Callable[[Database], BridgeDoors] = no_doors,
) -> "Gateway":
    """Open the data folder's keys and database. Raises CannotStart, DatabaseFailure: each one line for the operator."""
    keys = load_keys(settings.data, ports.secrets)
    database = Database.open(settings.data / DATABASE, threads=database_threads)
    return Gateway(settings, ports, AllCarriers(carriers), database, keys, doors(database))


class Gateway:
    """One run of a gateway. `asgi` answers from `start` on; `failed` is done when a loop of ours has broken."""

    def __init__(
        self,
        settings: Settings,
        ports: Ports,
        carrier: AllCarriers,
        database: Database,
        keys: Keys,
        doors: BridgeDoors,
    ) -> None:
        self.settings = settings
        self.database = database
        self.keys = keys
        self.doors = doors
        self.metrics = Metrics()
        self.stopping = asyncio.Event()  # event streams end themselves when it is set
        self._ports = ports
        self._carrier = carrier
        self._services: Services | None = None
        self._app: ASGIApp | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._failed: asyncio.Future[None] | None = None

    @property
    def services(self) -> Services:
        if self._services is None:
            raise RuntimeError("the gateway has not been started")
        return self._services

    async def start(self) -> None:
        """Draw and commit this run's id, build the services, set their loops going, open the carriers."""
        now = self._ports.clock.now()
        run_id = await self.database.write(partial(start_run, secrets=self._ports.secrets, now=now))
        services = build_services(self._ports, self.database, self._carrier, self.keys, run_id)
        self._services = services
        declare_figures(self.metrics, services, self._carrier)
        self._app = build_app(
            HttpParts(
                settings=self.settings,
                ports=self._ports,
                database=self.database,
                keys=self.keys,
                doors=self.doors,
                services=services,
                metrics=self.metrics,
                stopping=self.stopping,
                not_ready_because=self.not_ready_because,
            )
        )
        await services.sync.release_templates()
        if words := engine_words():
            log.warning("labels_look_different", reason=words)
        self._failed = asyncio.get_running_loop().create_future()
        for name, loop in services.loops:
            task = asyncio.ensure_future(loop())
            task.set_name(name)
            task.add_done_callback(self._ended)
            self._tasks.append(task)
        await self._carrier.start()
        await self.doors.refresh()

    async def stop(self) -> None:
        """End the loops, close carriers and database. What was answered is on the disk; the rest goes on next time."""
        self.stopping.set()
        await self._cancel_loops()
        await self._carrier.stop()
        await self.database.close()

    async def crash(self) -> None:
        """Die on the spot, as far as this process can see: no call has an effect any more, then the loops are gone.

        Whoever crashes us has cut the carriers before: letting them go has no effect on any bridge.
        """
        self.database.crash()
        self.stopping.set()
        await self._cancel_loops()
        await self._carrier.stop()

    async def failed(self) -> Exception:
        """Waits until a loop breaks, and gives why. That is a fault of ours: end the process, it starts anew."""
        if self._failed is None:
            raise RuntimeError("the gateway has not been started")
        try:
            await asyncio.shield(self._failed)
        except Exception as error:
            return error
        raise RuntimeError("a loop has ended without a reason")

    async def asgi(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._app is None:
            raise RuntimeError("the gateway has not been started")
        await self._app(scope, receive, send)

    def not_ready_because(self) -> str | None:
        """For /readyz."""
        if self.stopping.is_set():
            return "The gateway stops."
        if self._failed is not None and self._failed.done():
            return "The gateway has failed and is about to start anew."
        return None

    def _ended(self, task: "asyncio.Future[None]") -> None:
        if task.cancelled() or self.stopping.is_set():
            return
        error = task.exception() or RuntimeError("a loop has ended")
        if isinstance(error, Crashed):
            return
        log.error("loop_broken", exc_info=error)
        if self._failed is not None and not self._failed.done():
            self._failed.set_exception(error)

    async def _cancel_loops(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        if self._failed is not None and not self._failed.done():
            self._failed.cancel()
