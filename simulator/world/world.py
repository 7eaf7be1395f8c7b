"""The virtual world: the real gateway, a POS and a fleet in one process, on one virtual clock.

In: a plan and a story told by calls. Out: what every glass shows, what every proof claimed. Rule: the gateway is the
composition of `esl serve`, without a branch for tests; a crash cuts its ports first and then drops its tasks, so that
nothing runs that a SIGKILL would not run. Same seed, same octets in the same order.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, MutableMapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, TypeVarTuple, cast

import httpx
from litestar.types import Scope, Send
from msgspec import Struct
from sqlalchemy import Connection, select

from firmware_protocol import PANELS, content_id, split_display_id
from gateway.access import StoreSettings, store_settings
from gateway.app.backup import take_backup
from gateway.app.compose import Gateway, compose
from gateway.app.restore import restore_backup
from gateway.app.services import Ports
from gateway.app.shop_files import DATABASE
from gateway.catalog import ParsedRow, RowMode
from gateway.database.connect import connect_reader
from gateway.links import BridgeClosed, BridgeOpened, CarrierEvent, PayloadArrived
from gateway.ports import InlineExecutor, WorkerDied
from gateway.settings import Settings
from gateway.shelf import DisplayStanding, Fact, ShownMoved, bindings_of, stale_displays, standings, unproved_displays
from gateway.shelf.tables import display_history
from simulator.carriers import DirectCarrier, EventKinds
from simulator.chance import generator
from simulator.clock import VirtualClock
from simulator.fleet import Fleet, FleetPlan, box_list_requests
from simulator.schedule import Scheduler
from simulator.world.judge import Judge, Remembered

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
LOOK_EVERY_S = 5.0
Row = dict[str, object]


class GatewayAway(httpx.ConnectError):
    """The gateway is down: what a POS sees of a machine whose process was killed."""


class NeverQuiet(AssertionError):
    """The faults stopped and yet some display was not proved in time. The message names them."""


class Proof(Struct, frozen=True):
    """A claim of the gateway, with what the glass really showed at that instant."""

    display_id: str
    revision: int
    fact: Fact
    on_glass: bytes


class MortalExecutor(InlineExecutor):
    """Runs at once on the calling loop; its worker can be made to die in the next works."""

    def __init__(self) -> None:
        self._deaths = 0

    def die_in_next(self, works: int) -> None:
        self._deaths = works

    async def run(self, work: Callable[[*Ts], T], *args: *Ts) -> T:
        if self._deaths:
            self._deaths -= 1
            raise WorkerDied("the worker was killed")
        return await super().run(work, *args)


@dataclass(frozen=True, slots=True)
class WorldBackup:
    """A backup of the gateway's folder, and what POS and judge knew when it was taken."""

    file: Path
    judged: Remembered
    pos_authorization: str = field(repr=False)
    pos_token: object


class SeededSecrets:
    """Nobody attacks a virtual world; its secrets must only be the same in each replay."""

    def __init__(self, seed: int, name: str) -> None:
        self._chance = generator(seed, name)

    def octets(self, count: int) -> bytes:
        return self._chance.randbytes(count)


class World:
    """Open it with `World.open`. `pos` answers as the POS API over ASGI, `admin` as the operator's."""

    def __init__(self, clock: VirtualClock, folder: Path, plan: FleetPlan, store: str) -> None:
        self.clock = clock
        self.store = store
        self.scheduler = Scheduler(clock)
        self.fleet = Fleet(plan, self.scheduler)
        self.carrier: DirectCarrier[CarrierEvent] = DirectCarrier(
            self.scheduler, EventKinds(PayloadArrived, BridgeOpened, BridgeClosed)
        )
        for name, bridge in self.fleet.bridges.items():
            self.carrier.plug(f"{store}/{name}", bridge, self.fleet.paths[name])
        self.gateway: Gateway | None = None
        self.executor = MortalExecutor()
        self.starts = 0
        self.on_answer: Callable[[str, str], None] | None = None  # method and path, as its last octet leaves
        self.proofs: list[Proof] = []
        self._folder = folder
        self._seed = plan.seed
        self._is_cut = False
        self._is_listening = False  # its port is open: not before it has started
        self._pos: httpx.AsyncClient | None = None
        self._admin: httpx.AsyncClient | None = None
        self._pos_token: object = None  # the number of the one that the POS holds
        self._judge: Judge | None = None
        self.asking = asyncio.Lock()  # one request of the POS at a time, so that a backup knows which it holds
        self.restores = 0  # what was asked of the life before the newest one is lost, even if it was answered
        self._backups = 0
        self._false_before: list[Proof] = []  # false proofs of lives that a restore has ended

    @classmethod
    @asynccontextmanager
    async def open(
        cls, clock: VirtualClock, folder: Path, plan: FleetPlan, *, store: str = "zagreb-1"
    ) -> AsyncIterator["World"]:
        """A started world: store, token, box list and bridges are there, the fleet is on, nothing is bound yet."""
        world = cls(clock, folder, plan, store)
        await world.start()
        try:
            await world._furnish()
            world.fleet.switch_on()
            yield world
        finally:
            await world.stop()

    # the gateway's process

    async def start(self) -> None:
        """Start a gateway on the folder, whatever the last one left there."""
        self.starts += 1
        self._is_cut = self._is_listening = False
        end = self.carrier.gateway_end()
        ports = Ports(
            self.clock,
            generator(self._seed, f"gateway/{self.starts}"),
            SeededSecrets(self._seed, f"secrets/{self.starts}"),
            self.executor,
        )
        self.gateway = gateway = compose(Settings(data=self._folder), ports, [end], database_threads=False)
        try:
            await gateway.start()
            self._is_listening = True
            gateway.services.events.watch(ShownMoved, self._note_proof)
        finally:
            if self.gateway is not gateway:  # killed while it started: what it set going since is dead, too
                await gateway.crash()

    async def stop(self) -> None:
        """The end of the world: the fleet stands still, the gateway is told to stop. A second call does nothing."""
        self.scheduler.stop()
        gateway, self.gateway = self.gateway, None
        if gateway is not None:
            await gateway.stop()

    def cut(self) -> None:
        """SIGKILL: from this instant nothing the process does has an effect, and no answer of it reaches anybody."""
        self._is_cut = True
        self.carrier.cut()
        if self.gateway is not None:
            self.gateway.database.crash()

    @property
    def is_cut(self) -> bool:
        """From a cut to the next start."""
        return self._is_cut

    async def crash(self) -> None:
        """The same, and what is left of the process is gone."""
        self.cut()
        gateway, self.gateway = self.gateway, None
        if gateway is not None:
            await gateway.crash()

    async def restart(self) -> None:
        await self.crash()
        await self.start()

    async def backup(self) -> WorldBackup:
        """`esl backup`, between two requests of the POS, while the gateway runs or not."""
        async with self.asking:
            self._backups += 1
            file = self._folder.with_name(f"{self._folder.name}-{self._backups}.esl-backup")
            take_backup(self._folder, file, self.clock.now())
            return WorldBackup(file, self.judge.remember(), self.pos.headers["authorization"], self._pos_token)

    async def restore_from(self, backup: WorldBackup) -> None:
        """The machine is lost at this instant; `esl restore` on another, and a start.

        What was accepted after the backup is lost by nature: the judge forgets it, and the POS goes on with the token
        it had then. Its requests that are on their way fail, or are not counted.
        """
        await self.crash()
        self.put_back(backup)
        await self.start()

    def put_back(self, backup: WorldBackup) -> None:
        """`esl restore`, where no gateway runs now."""
        self._false_before += self._false_among(_read_claims(self._folder / DATABASE))
        self.proofs.clear()  # the history against which they were held is about to be lost
        restore_backup(backup.file, self._folder, self.clock.now(), force=True)
        self.restores += 1
        self.judge.forget_after(backup.judged)
        self.pos.headers["authorization"], self._pos_token = backup.pos_authorization, backup.pos_token

    # people and programs

    @property
    def folder(self) -> Path:
        """The gateway's data."""
        return self._folder

    @property
    def judge(self) -> Judge:
        if self._judge is None:
            raise RuntimeError("the world has not been opened")
        return self._judge

    @property
    def pos(self) -> httpx.AsyncClient:
        if self._pos is None:
            raise RuntimeError("the world has not been opened")
        return self._pos

    @property
    def admin(self) -> httpx.AsyncClient:
        if self._admin is None:
            raise RuntimeError("the world has not been opened")
        return self._admin

    async def add(self, *rows: Row) -> httpx.Response:
        """`POST /add`; the judge learns of it when it was answered with success."""
        return await self._send("/add", RowMode.ADD, rows)

    async def update(self, *rows: Row) -> httpx.Response:
        """`POST /productUpdate`."""
        return await self._send("/productUpdate", RowMode.UPDATE, rows)

    async def batch(self, rows: Sequence[Row]) -> str:
        """A whole batch, pushed in thousands and completed; gives its session id."""
        async with self.asking:
            return await self._batch(rows)

    async def _batch(self, rows: Sequence[Row]) -> str:
        session = (await self.pos.post("/batch/start", json={})).json()["sessionId"]
        numbered: list[tuple[int, ParsedRow]] = []
        for start in range(0, len(rows), 1000):
            pushed = list(rows[start : start + 1000])
            answer = await self.pos.post("/batch/push", json={"sessionId": session, "products": pushed})
            answer.raise_for_status()
            numbered += self.judge.number(pushed, RowMode.UPDATE, also_known=[row.barcode for _, row in numbered])
        (await self.pos.post("/batch/complete", json={"sessionId": session})).raise_for_status()
        self.judge.apply(numbered)
        return str(session)

    async def status(self, session: str) -> dict[str, object]:
        found: dict[str, object] = (await self.pos.get(f"/batch/{session}/status")).json()
        return found

    async def bind_all(self) -> int:
        """`esl bind --auto`: gives how many displays were bound."""
        answer = await self.admin.post(f"/admin/stores/{self.store}/bindings/auto")
        return len(answer.raise_for_status().json()["bindings"])

    async def bind(self, display_id: str, *barcodes: str) -> None:
        answer = await self.admin.put(f"/admin/displays/{display_id}/binding", json={"barcodes": list(barcodes)})
        answer.raise_for_status()

    async def unbind(self, display_id: str) -> None:
        (await self.admin.delete(f"/admin/displays/{display_id}/binding")).raise_for_status()

    # what is so

    async def displays(self) -> list[DisplayStanding]:
        gateway = self.running()
        return await gateway.database.read(lambda connection: standings(connection, self.store))

    async def unproved(self) -> list[str]:
        """Displays that are stale or not proved now."""
        database, now = self.running().database, self.clock.now()
        return await database.read(
            lambda connection: sorted({*stale_displays(connection, now), *unproved_displays(connection, self.store)})
        )

    async def run_until_quiet(self, within_s: float) -> float:
        """Until every display that should show something is proved; gives how long it took. Raises NeverQuiet."""
        began_s = self.clock.monotonic_s()
        while True:
            waiting = await self.unproved()
            passed_s = self.clock.monotonic_s() - began_s
            if not waiting:
                return passed_s
            if passed_s > within_s:
                reasons = await self.running().services.delivery.reasons(waiting[:5])
                raise NeverQuiet(f"seed {self._seed}: {len(waiting)} displays not proved after {passed_s} s: {reasons}")
            await self.clock.sleep(LOOK_EVERY_S)

    async def differences(self) -> list[str]:
        """Displays whose glass is not what the judge says it should be, pixel by pixel."""
        gateway = self.running()
        displays = [one for one in await self.displays() if one.desired_revision is not None]
        bound = await gateway.database.read(
            lambda connection: bindings_of(connection, [one.display_id for one in displays])
        )
        different = []
        for one in displays:
            barcodes = bound[one.display_id].barcodes if one.display_id in bound else ()
            expected = self.judge.expected(one.display_id, one.panel, barcodes, self.clock.now(), one.template)
            if self.glass(one.display_id) != expected.planes:
                different.append(one.display_id)
        return different

    def glass(self, display_id: str) -> tuple[bytes, ...]:
        """What the display's glass shows now."""
        tag_id, index = split_display_id(display_id)
        return self.fleet.tags[tag_id].glasses[index].planes

    async def false_proofs(self) -> list[Proof]:
        """Claims that the glass did not bear out at the instant they were made. Must always be empty."""
        return self._false_before + self._false_among(await self.running().database.read(_claims))

    async def _furnish(self) -> None:
        """A store with a token, the box list, the bridges: what an operator types on the first morning."""
        gateway = self.running()
        base = "http://gateway"
        transport = httpx.ASGITransport(app=self.asgi)
        key = {"authorization": f"Bearer {gateway.keys.admin_token}"}
        self._admin = httpx.AsyncClient(transport=transport, base_url=base, headers=key)
        await self._operate("/admin/stores", {"store": self.store})
        self._pos = httpx.AsyncClient(transport=transport, base_url=base)
        self._hand_over(await self._operate(f"/admin/stores/{self.store}/tokens", {"kind": "sandbox"}))
        # A label that no bridge hears is found out as it is hung, and goes back into its box.
        hung = [box for box in self.fleet.box_list() if self.fleet.tags[box.tag_id].hears]
        for body in box_list_requests(hung):
            await self._operate(f"/admin/stores/{self.store}/box-list", body)
        for name in self.fleet.bridges:
            await self._operate(f"/admin/stores/{self.store}/bridges", {"name": name, "carrier": "mqtt"})
        settings: StoreSettings = await gateway.database.read(lambda connection: store_settings(connection, self.store))
        self._judge = Judge(settings)

    async def renew_token(self) -> None:
        """The POS is given another token and the old one is revoked, as after a till was stolen.

        One that nobody holds, because the answer that named it was lost, is revoked first: two may live.
        """
        listed = (await self.admin.get("/admin/tokens", params={"store": self.store})).raise_for_status().json()
        live = [one["tokenId"] for one in listed["tokens"] if one["live"]]
        old = self._pos_token
        await self._revoke(*(one for one in live if one != old))
        self._hand_over(await self._operate(f"/admin/stores/{self.store}/tokens", {"kind": "sandbox"}))
        await self._revoke(*(one for one in live if one == old))

    async def _revoke(self, *tokens: int) -> None:
        for token in tokens:
            (await self.admin.post(f"/admin/tokens/{token}/revoke")).raise_for_status()

    def _hand_over(self, made: Row) -> None:
        self._pos_token = made["tokenId"]
        self.pos.headers["authorization"] = f"Bearer {made['token']}"

    async def _operate(self, path: str, body: Row) -> Row:
        answer = await self.admin.post(path, json=body)
        answer.raise_for_status()
        found: Row = answer.json()
        return found

    async def _send(self, path: str, mode: RowMode, rows: Sequence[Row]) -> httpx.Response:
        async with self.asking:
            life = self.restores
            answer = await self.pos.post(path, json=list(rows))
            if answer.status_code in (200, 207) and life == self.restores:
                self.judge.accepted(rows, mode)
            return answer

    async def asgi(self, scope: MutableMapping[str, Any], receive: Callable[[], Any], send: Callable[..., Any]) -> None:
        gateway = self.running()
        if not self._is_listening:
            raise GatewayAway("the gateway is just starting, and does not listen yet")

        async def leaves(message: MutableMapping[str, Any]) -> None:
            if self._is_cut or self.gateway is not gateway:
                raise GatewayAway("the gateway died before it had answered")
            await send(message)
            is_last = message["type"] == "http.response.body" and not message.get("more_body", False)
            if is_last and self.on_answer is not None:
                self.on_answer(scope["method"], scope["path"])

        await gateway.asgi(cast(Scope, scope), receive, cast(Send, leaves))

    def _note_proof(self, event: ShownMoved) -> None:
        if event.store_id == self.store and event.fact in (Fact.PROVED, Fact.SETTLED):
            tag_id, index = split_display_id(event.display_id)
            glass = self.fleet.tags[tag_id].glasses[index]
            on_glass = content_id(PANELS[glass.panel.name], glass.planes)
            self.proofs.append(Proof(event.display_id, event.revision, event.fact, on_glass))

    def _false_among(self, claimed: Mapping[tuple[str, int], bytes]) -> list[Proof]:
        return [proof for proof in self.proofs if proof.on_glass != claimed.get((proof.display_id, proof.revision))]

    def running(self) -> Gateway:
        """The gateway. Raises GatewayAway."""
        if self.gateway is None:
            raise GatewayAway("the gateway has crashed and was not started again")
        return self.gateway


def _read_claims(path: Path) -> dict[tuple[str, int], bytes]:
    """Those of a gateway that may be dead."""
    connection = connect_reader(path)
    try:
        with connection.begin():
            return _claims(connection)
    finally:
        connection.close()
        connection.engine.dispose()


def _claims(connection: Connection) -> dict[tuple[str, int], bytes]:
    """Which content each proved revision named."""
    rows = connection.execute(
        select(display_history.c.display_id, display_history.c.revision, display_history.c.content_id).where(
            display_history.c.fact.in_((Fact.PROVED.value, Fact.SETTLED.value))
        )
    )
    return {(row.display_id, row.revision): row.content_id for row in rows}
