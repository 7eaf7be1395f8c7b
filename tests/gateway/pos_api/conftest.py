"""A gateway with its POS API: by ASGI under a clock that the test moves, or by socket behind a real uvicorn."""

import asyncio
import itertools
import json
import logging
import shutil
import socket
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
import structlog
import uvicorn
from sqlalchemy import Connection

from gateway.access import TokenKind, add_store, create_token, update_store
from gateway.batch import BatchProcessor, Sessions
from gateway.database import Database, DatabaseFull
from gateway.ports import EventStream, SystemClock, SystemSecrets
from gateway.pos_api import UVICORN_SETTINGS, DisplayFact, PosServices, PosSettings, create_app
from gateway.sync import Chunk, ChunkResult

T = TypeVar("T")
START = datetime(2025, 7, 3, 6, tzinfo=UTC)
WATER = {"barcode": "4006381333931", "name": "Mineralwasser", "price": "3.99"}


class HandClock:
    """Stands still until the test moves it."""

    def __init__(self) -> None:
        self.passed_s = 0.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def monotonic_s(self) -> float:
        return self.passed_s

    def now(self) -> datetime:
        return START + timedelta(seconds=self.passed_s)

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.passed_s + seconds, future))
        await future

    def move(self, seconds: float) -> None:
        self.passed_s += seconds
        due = [one for one in self._sleepers if one[0] <= self.passed_s]
        self._sleepers = [one for one in self._sleepers if one[0] > self.passed_s]
        for _, future in due:
            if not future.done():
                future.set_result(None)


class QuickClock:
    """The real clock, so many times faster: a session's half an hour is over while a test still runs."""

    def __init__(self, speed: float) -> None:
        self._clock, self._speed = SystemClock(), speed
        self._started = self._clock.now()

    def monotonic_s(self) -> float:
        return self._clock.monotonic_s() * self._speed

    def now(self) -> datetime:
        return self._started + (self._clock.now() - self._started) * self._speed

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds / self._speed)


class NoDisplays:
    """A shop that has not hung up a single display yet: every chunk is handled at once."""

    async def handle(self, chunk: Chunk) -> ChunkResult:
        return ChunkResult(chunk.chunk_id, 0, 0, ())


class Shelf:
    """What the shelf would say: displays by product, as the test hangs them up."""

    def __init__(self) -> None:
        self.displays: list[DisplayFact] = []

    def bound_to(self, connection: Connection, product_ids: Any) -> int:
        return len(self.displays) * len(product_ids)

    def of_product(self, connection: Connection, product_id: int) -> list[DisplayFact]:
        return self.displays


class FailingDatabase:
    """A database in front of which a fault may be put: `full` refuses each write, `broken` everything."""

    def __init__(self, inner: Database) -> None:
        self.inner, self.fault = inner, ""

    async def write(self, work: Callable[[Connection], T]) -> T:
        if self.fault == "full":
            raise DatabaseFull(self.inner.path)
        return await self.read(work, self.inner.write)

    async def read(self, work: Callable[[Connection], T], lane: Any = None) -> T:
        if self.fault == "broken":
            raise RuntimeError("the database was broken by the test")
        answer: T = await (lane or self.inner.read)(work)
        return answer


@dataclass
class Gateway:
    """The services of one gateway and what a test does to them."""

    database: Any
    clock: Any
    shelf: Shelf = field(default_factory=Shelf)
    events: EventStream = field(default_factory=EventStream)
    settings: PosSettings = field(default_factory=PosSettings)
    not_ready: list[str] = field(default_factory=list)
    published: list[object] = field(default_factory=list)
    names: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.secrets = SystemSecrets()
        self.sessions = Sessions(self.database, self.clock, self.secrets, self.events)
        self.processor = BatchProcessor(self.database, self.clock, self.events, NoDisplays())
        self.events.watch(object, self.published.append)
        self.services = PosServices(
            self.database,
            self.clock,
            self.secrets,
            self.events,
            self.sessions,
            self.shelf.bound_to,
            self.shelf.of_product,
            lambda: self.not_ready[0] if self.not_ready else None,
            self.settings,
        )

    def app(self, *extra: Any) -> Any:
        return create_app(self.services, extra)

    async def open_store(
        self, *, kind: TokenKind = TokenKind.SANDBOX, field_map: Mapping[str, str] | None = None, **changes: Any
    ) -> tuple[str, str]:
        """A new store with a token: (store, token)."""
        store_id = f"shop-{next(self.names)}"
        now = self.clock.now()

        def work(connection: Connection) -> str:
            add_store(connection, store_id, now=now)
            if changes:
                update_store(connection, store_id, now=now, **changes)
            made = create_token(
                connection, self.secrets, store_id, kind, field_map=field_map, force=True, now=now, actor="test"
            )
            return made[0]

        return store_id, await self.database.write(work)

    async def feed_from(self, source: str) -> None:
        """From now on somebody else gives the numbers of the first store."""
        now = self.clock.now()
        await self.database.write(lambda connection: update_store(connection, "shop-0", now=now, source=source))


class Pos:
    """A POS that talks to the application by ASGI, without a socket."""

    def __init__(self, gateway: Gateway, app: Any, token: str) -> None:
        self.gateway = gateway
        self.token = token
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False),
            base_url="http://gateway",
            headers={"Authorization": f"Bearer {token}"},
        )

    async def post(self, path: str, body: object = None, **more: Any) -> httpx.Response:
        if body is None:
            return await self._client.post(path, **more)
        if isinstance(body, bytes):
            return await self._client.post(path, content=body, **more)
        return await self._client.post(path, json=body, **more)

    async def get(self, path: str, **more: Any) -> httpx.Response:
        return await self._client.get(path, **more)

    async def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        return await self._client.request(method, path, **more)

    async def batch(self, *pushes: list[object], **start: object) -> str:
        """Start, push, complete: the session's id."""
        session_id: str = (await self.post("/batch/start", start)).json()["sessionId"]
        for products in pushes:
            pushed = await self.post("/batch/push", {"sessionId": session_id, "products": products})
            assert pushed.status_code in (200, 207, 422), pushed.text
        completed = await self.post("/batch/complete", {"sessionId": session_id})
        assert completed.status_code == 200, completed.text
        return session_id

    async def until_completed(self, session_id: str) -> dict[str, Any]:
        for _ in range(1000):
            status: dict[str, Any] = (await self.get(f"/batch/{session_id}/status")).json()
            if status["status"] == "completed":
                return status
            await asyncio.sleep(0)
        raise AssertionError(f"not completed: {status}")


Scenario = Callable[[Pos], Awaitable[T]]


@pytest.fixture(autouse=True, scope="session")
def quiet_logs() -> Iterator[None]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database of this release, to be copied: bringing one up takes longer than most tests."""
    path = tmp_path_factory.mktemp("empty") / "gateway.db"
    asyncio.run(Database.open(path, threads=False).close())
    return path


@pytest.fixture
def at_the_till(tmp_path: Path, migrated: Path) -> Callable[..., Any]:
    """at_the_till(scenario, **store and settings): runs `async def scenario(pos)` against a gateway of its own."""

    def run(
        scenario: Scenario[T], *, extra: tuple[Any, ...] = (), settings: PosSettings | None = None, **store: Any
    ) -> T:
        async def main() -> T:
            shutil.copy(migrated, tmp_path / "gateway.db")
            database = Database.open(tmp_path / "gateway.db", threads=False)
            gateway = Gateway(FailingDatabase(database), HandClock(), settings=settings or PosSettings())
            working = asyncio.create_task(gateway.processor.run())
            _, token = await gateway.open_store(**store)
            try:
                return await scenario(Pos(gateway, gateway.app(*extra), token))
            finally:
                working.cancel()
                with suppress(asyncio.CancelledError):
                    await working
                await database.close()

        return asyncio.run(main())

    return run


class Recorder:
    """Notes which answers left the application: (method, path, status)."""

    def __init__(self, app: Any, seen: set[tuple[str, str, int]]) -> None:
        self._app, self._seen = app, seen

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def noting(message: Any) -> None:
            if message["type"] == "http.response.start":
                self._seen.add((scope["method"], scope["path"], message["status"]))
            await send(message)

        await self._app(scope, receive, noting)


class Live:
    """A gateway behind a real uvicorn, in a thread with a loop of its own."""

    def __init__(self, path: Path, http: str, settings: PosSettings | None = None, speed: float = 1) -> None:
        # The protocol is named, or asyncio leaves Nagle's algorithm on: 50 ms an answer instead of 2 (measured).
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen()
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._clock: Any = SystemClock() if speed == 1 else QuickClock(speed)
        self._path, self._http, self._settings = path, http, settings or PosSettings()
        self.seen: set[tuple[str, str, int]] = set()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        assert self._ready.wait(30), "the gateway did not start"

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        database = Database.open(self._path / "gateway.db")
        self.gateway = Gateway(database, self._clock, settings=self._settings)
        working = asyncio.create_task(self.gateway.processor.run())
        config = uvicorn.Config(
            Recorder(self.gateway.app(), self.seen),
            http=self._http,
            lifespan="off",
            log_level="critical",
            **UVICORN_SETTINGS,
        )
        self._server = uvicorn.Server(config)
        self._ready.set()
        await self._server.serve([self._listener])
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working
        await database.close()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def open_store(self, **store: Any) -> tuple[str, str]:
        return self.call(self.gateway.open_store(**store))

    def connections(self) -> list[Any]:
        """The server's own objects for the connections that are open."""
        return list(self._server.server_state.connections)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(30)


@dataclass
class RawAnswer:
    """An answer as it came over the socket; `interim`: status lines of 1xx answers before it."""

    version: str
    status: int
    headers: dict[str, str]
    body: bytes
    interim: list[int]

    def json(self) -> Any:
        return json.loads(self.body)


class Wire:
    """A raw socket to the gateway: sends what it is told, reads one answer at a time."""

    def __init__(self, port: int, timeout_s: float = 20) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
        self._reader = self.socket.makefile("rb")

    def send(self, octets: bytes) -> None:
        self.socket.sendall(octets)

    def head(self) -> tuple[str, int, dict[str, str]]:
        version, status, *_ = self._reader.readline().decode().split(" ", 2)
        headers: dict[str, str] = {}
        for line in iter(lambda: self._reader.readline().strip().decode("latin-1"), ""):
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return version, int(status), headers

    def answer(self, method: str = "POST") -> RawAnswer:
        interim = []
        version, status, headers = self.head()
        while status < 200:
            interim.append(status)
            version, status, headers = self.head()
        body = b"" if method == "HEAD" else self._reader.read(int(headers.get("content-length", 0)))
        return RawAnswer(version, status, headers, body, interim)

    def is_closed(self) -> bool:
        return self._reader.read(1) == b""

    def close(self) -> None:
        self._reader.close()
        self.socket.close()


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    gateway = Live(tmp_path_factory.mktemp("live"), "httptools")
    yield gateway
    gateway.stop()


@pytest.fixture(scope="session")
def live_h11(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    gateway = Live(tmp_path_factory.mktemp("live-h11"), "h11")
    yield gateway
    gateway.stop()


@pytest.fixture(params=["httptools", "h11"])
def server(request: pytest.FixtureRequest) -> Live:
    """The gateway behind each of the two parsers that uvicorn may use."""
    live: Live = request.getfixturevalue("live" if request.param == "httptools" else "live_h11")
    return live


@pytest.fixture
def wire(server: Live) -> Iterator[Wire]:
    connection = Wire(server.port)
    yield connection
    connection.close()


@pytest.fixture
def token(server: Live) -> str:
    return server.open_store()[1]


@pytest.fixture(scope="session")
def new_wire() -> Callable[[Live], Wire]:
    return lambda gateway: Wire(gateway.port)


@pytest.fixture(scope="session")
def start_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Live]]:
    """start_gateway(settings, speed): one of the test's own, with its settings."""
    started: list[Live] = []

    def start(settings: PosSettings | None = None, speed: float = 1) -> Live:
        started.append(Live(tmp_path_factory.mktemp("own"), "httptools", settings, speed))
        return started[-1]

    yield start
    for gateway in started:
        gateway.stop()
