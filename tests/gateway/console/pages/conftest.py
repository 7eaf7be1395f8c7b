"""A whole shop in one process for the pages: the composition of `esl serve`, uvicorn on a free port, a virtual fleet.

The gateway, its bridges and tags live on one loop in a thread of its own, so that a test can drive a browser by
Playwright's synchronous calls. Time is real: tags make contact several times a second.
"""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from shutil import which
from typing import Any, TypeVar

import httpx
import pytest
import uvicorn
from msgspec.structs import replace
from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import Connection

from gateway.app.compose import Gateway, compose
from gateway.app.listen import open_http_port
from gateway.app.services import Ports
from gateway.delivery.books import Entry, load_entries, save_shown
from gateway.links import BridgeClosed, BridgeOpened, CarrierEvent, PayloadArrived
from gateway.ports import InlineExecutor, SystemClock, SystemSecrets
from gateway.pos_api import UVICORN_SETTINGS
from gateway.settings import Listen, Settings
from gateway.shelf import DisplayStanding, Fact, ShownMoved, standings
from simulator.carriers import DirectCarrier, EventKinds
from simulator.chance import generator
from simulator.clock import SystemClock as FleetClock
from simulator.fleet import Fleet, FleetPlan, box_rows
from simulator.mix import Mix
from simulator.schedule import Scheduler

T = TypeVar("T")
STORE = "zagreb-1"
PATIENCE_S = 60.0
Row = dict[str, object]
NAMES = ("Mineralwasser 1,5 l", "Šunka kuhana", "Crème fraîche", "Kava mljevena", "Ajvar blagi", "Jabuka Idared")


class Shop:
    """`url` is where the pages are; `admin` and `pos` are clients with their tokens."""

    def __init__(self, data: Path, *, http: str = "127.0.0.1", demo_control: str | None = None) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="shop", daemon=True)
        self._thread.start()
        self.store = STORE
        self.settings = Settings(data=data, http=Listen(http, 8080), demo_control=demo_control)
        self.url = ""
        self.fleet: Fleet | None = None
        self.carrier: DirectCarrier[CarrierEvent] | None = None
        self.call(self._start())
        self.admin = httpx.Client(
            base_url=self.url, headers={"authorization": f"Bearer {self.gateway.keys.admin_token}"}, timeout=PATIENCE_S
        )
        self.admin.post("/admin/stores", json={"store": STORE}).raise_for_status()
        token = self.admin.post(f"/admin/stores/{STORE}/tokens", json={"kind": "sandbox"}).raise_for_status().json()
        self.pos = httpx.Client(
            base_url=self.url, headers={"authorization": f"Bearer {token['token']}"}, timeout=PATIENCE_S
        )

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run on the shop's loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S)

    def hang(self, tags: int, mix: str, *, seed: int = 7, speed: int = 60) -> list[str]:
        """Tags that live: contacts every 20 s, divided by `speed`. Gives the display ids."""

        async def fleet_of() -> Fleet:
            plan = FleetPlan(seed=seed, tags=tags, mix=Mix.parse(mix), speed=speed, contact_s=20.0)
            return Fleet(plan, Scheduler(FleetClock()))

        self.fleet = fleet = self.call(fleet_of())
        boxes = [box.to_json() for box in fleet.box_list()]
        self.admin.post(f"/admin/stores/{STORE}/box-list", json={"tags": boxes}).raise_for_status()
        for name in fleet.bridges:
            body = {"name": name, "carrier": "mqtt"}
            self.admin.post(f"/admin/stores/{STORE}/bridges", json=body).raise_for_status()

        async def switch_on() -> None:
            assert self.carrier is not None
            for name, bridge in fleet.bridges.items():
                self.carrier.scheduler = fleet.scheduler
                self.carrier.plug(f"{STORE}/{name}", bridge, fleet.paths[name])
            fleet.switch_on()

        self.call(switch_on())
        return sorted(f"{box.tag_id}.{index}" for box in fleet.box_list() for index in range(len(box.panels)))

    def add(self, *rows: Row) -> None:
        self.pos.post("/add", json=list(rows)).raise_for_status()

    def reprice(self, *numbers: int, price: str = "0.99") -> None:
        rows = [{"barcode": barcode_of(number), "price": price} for number in numbers]
        self.pos.post("/productUpdate", json=rows).raise_for_status()

    def bind(self, display_id: str, barcode: str) -> None:
        body = {"barcodes": [barcode]}
        self.admin.put(f"/admin/displays/{display_id}/binding", json=body).raise_for_status()

    def goods(self, count: int, price: str = "1.29") -> list[Row]:
        return goods(count, price)

    def stock(self, displays: Sequence[str]) -> None:
        """A product for each display, and it is bound."""
        self.add(*goods(len(displays)))
        for number, display_id in enumerate(displays):
            self.bind(display_id, barcode_of(number))

    def hang_silent(self, tags: int, mix: str) -> list[str]:
        """Displays without tags behind them: `prove` says what their glass shows. Gives the display ids."""
        boxes = list(box_rows(FleetPlan(seed=5, tags=tags, mix=Mix.parse(mix))))
        body = {"tags": [box.to_json() for box in boxes]}
        self.admin.post(f"/admin/stores/{STORE}/box-list", json=body).raise_for_status()
        return sorted(f"{box.tag_id}.{index}" for box in boxes for index in range(len(box.panels)))

    def prove(self, displays: Sequence[str]) -> None:
        """As if each had reported what it should show: by delivery's own books, then its event."""

        def write(connection: Connection) -> list[Entry]:
            proved = []
            for entry in load_entries(connection, displays).values():
                books = entry.books
                books = replace(books, shown_revision=books.desired_revision, shown_content=books.desired_content)
                proved.append(replace(entry, books=books, how="report", proved_at=1_700_000_000_000))
            save_shown(connection, proved)
            return proved

        async def work() -> None:
            for entry in await self.gateway.database.write(write):
                revision = entry.books.shown_revision or 0
                self.gateway.services.events.publish(ShownMoved(STORE, entry.display_id, revision, Fact.PROVED))

        self.call(work())

    def standings(self) -> list[DisplayStanding]:
        async def read() -> list[DisplayStanding]:
            return await self.gateway.database.read(lambda connection: standings(connection, STORE))

        return self.call(read())

    def wait_for(self, what: Callable[[list[DisplayStanding]], bool]) -> None:
        """Until the displays stand so."""

        async def wait() -> None:
            while not what(await self.gateway.database.read(lambda connection: standings(connection, STORE))):
                await FleetClock().sleep(0.05)

        self.call(wait())

    def silence(self) -> None:
        """All tags go dead: what waits from now on keeps waiting."""

        async def kill() -> None:
            assert self.fleet is not None
            self.fleet.kill_tags(len(self.fleet.tags))

        self.call(kill())

    def wake(self) -> None:
        async def revive() -> None:
            assert self.fleet is not None
            self.fleet.revive_tags()

        self.call(revive())

    def kill(self) -> None:
        """As by SIGKILL: open connections break, nobody listens, the data stays."""
        self.call(self._end(kill=True))

    def start_again(self) -> None:
        """On the same data and the same port."""
        self.call(self._start(int(self.url.rpartition(":")[2])))

    def close(self) -> None:
        async def end() -> None:
            if self.fleet is not None:
                self.fleet.scheduler.stop()
            await self._end(kill=False)

        self.call(end())
        self.admin.close()
        self.pos.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _start(self, port: int = 0) -> None:
        if self.carrier is None:
            kinds: EventKinds[CarrierEvent] = EventKinds(PayloadArrived, BridgeOpened, BridgeClosed)
            self.carrier = DirectCarrier(Scheduler(FleetClock()), kinds)
        ports = Ports(SystemClock(), generator(1, "gateway"), SystemSecrets(), InlineExecutor())
        self.gateway: Gateway = compose(self.settings, ports, [self.carrier.gateway_end()])
        await self.gateway.start()
        self._socket = open_http_port(Listen("127.0.0.1", port), None)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(
            self.gateway.asgi, log_config=None, interface="asgi3", lifespan="off", ws="none", **UVICORN_SETTINGS
        )
        self._server = _Server(config)
        self._serving = asyncio.ensure_future(self._server.serve(sockets=[self._socket]))
        await self._server.answers.wait()

    async def _end(self, *, kill: bool) -> None:
        if kill:
            assert self.carrier is not None
            self.carrier.cut()
            await self.gateway.crash()
            self._server.force_exit = True
        else:
            self.gateway.stopping.set()
        self._server.should_exit = True
        await self._serving
        self._socket.close()
        if not kill:
            await self.gateway.stop()


class _Server(uvicorn.Server):
    """In a thread there are no signals to take."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.answers = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.answers.set()


def barcode_of(number: int) -> str:
    return f"SKU-{number:05d}"


def goods(count: int, price: str = "1.29") -> list[Row]:
    return [
        {"barcode": barcode_of(number), "name": f"{NAMES[number % len(NAMES)]} {number}", "price": price}
        for number in range(count)
    ]


OpenShop = Callable[..., Shop]


@pytest.fixture
def open_shop(tmp_path: Path) -> Iterator[OpenShop]:
    opened: list[Shop] = []

    def open_it(**wishes: Any) -> Shop:
        opened.append(Shop(tmp_path / f"data-{len(opened)}", **wishes))
        return opened[-1]

    yield open_it
    for shop in opened:
        shop.close()


@pytest.fixture
def shop(open_shop: OpenShop) -> Shop:
    return open_shop()


@pytest.fixture  # one a test: Playwright keeps a loop running in this thread as long as it lives
def chromium() -> Iterator[Browser]:
    path = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := which(name))), None)
    if path is None:
        pytest.skip("no Chromium on this machine: `apt install chromium` and these tests run")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page that fails the test when its scripts fail."""
    context = chromium.new_context(viewport={"width": 1400, "height": 900})
    page = context.new_page()
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    yield page
    context.close()
    assert failures == []
