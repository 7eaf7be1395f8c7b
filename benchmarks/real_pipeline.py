"""One run of the real pipeline: `esl serve` with its own broker, `esl simulate`, a POS that speaks HTTP.

In: price lists, a folder. Out: `RealRun`: stages, costs, and the labels that were drawn, for the floor.
Rule: the clock runs from the first octet of the first push until the batch is completed, which is when its last proof
has been counted. Before it: tags commissioned, displays bound, yesterday's prices proved on every glass.
"""

import asyncio
import json
import sqlite3
import sys
import time
from asyncio.subprocess import PIPE, Process
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import httpx
from sqlalchemy import Connection, select

from benchmarks.price_rows import PriceLists
from benchmarks.processes import Cost, costs
from gateway.app.shop_files import DATABASE
from gateway.database import Database
from gateway.labels import LabelRequest
from gateway.ports import from_ms
from gateway.shelf.tables import display
from gateway.sync.load import load
from simulator.cli.demo_gateway import GatewayProcess
from simulator.cli.demo_shop import STORE, Shop

ROWS_A_PUSH = 1_000
LOOK_EVERY_S = 0.5  # the document says 5 s; when the batch ended is read from the tables
SETTLED_WITHIN_S = 300.0
ENDS_WITHIN_S = 10.0
# Times of radio and panel are divided by this, so that they take next to none.
SPEED = 1_000
# Next to no time, as radio and panel: a contact at which nothing is said costs the fleet's process nothing.
CONTACT_EVERY_S = 0.1
DISPLAYS_A_BRIDGE = 500


@dataclass(frozen=True, slots=True)
class RealRun:
    """`stages`: seconds since the first push at which each was over. `offers`: manifests sent, repeats too."""

    seconds: float
    stages: dict[str, float]
    cpu_s: dict[str, float]
    peak_mb: dict[str, float]
    offers: int
    confirmed: int
    requests: list[LabelRequest]


async def run_real(lists: PriceLists, displays: int, folder: Path) -> RealRun:
    """Start everything in `folder`, measure, end everything."""
    gateway = GatewayProcess(folder / "data", folder / "serve.log", http="127.0.0.1:0")
    await gateway.start()
    shop = Shop(lambda: gateway.place)
    fleet: Process | None = None
    try:
        await shop.furnish(None)
        for start in range(0, len(lists.yesterday), ROWS_A_PUSH):
            await shop.save("/add", lists.yesterday[start : start + ROWS_A_PUSH])
        fleet = await _start_fleet(folder / "data", displays)
        await shop.bind_all()
        await _until_all_proved(folder / "data", displays)
        measured = await asyncio.to_thread(_measure, gateway.place.url, shop.token, lists, _ids(folder, fleet))
    finally:
        await shop.close()
        if fleet is not None and fleet.returncode is None:
            await _end(fleet)
        await gateway.stop()
    return await _read_back(folder / "data", measured)


async def _start_fleet(data: Path, displays: int) -> Process:
    """Comes back when it has registered; its tags then commission by themselves."""
    bridges = max(1, -(-displays // DISPLAYS_A_BRIDGE))
    options = ["--data", str(data), "--store", STORE, "--tags", str(displays), "--bridges", str(bridges)]
    options += ["--speed", str(SPEED), "--contact", str(CONTACT_EVERY_S * SPEED), "--json"]
    fleet = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "gateway.cli", "simulate", *options), stdout=PIPE
    )
    if fleet.stdout is None:
        raise RuntimeError("a pipe was asked for")
    line = await fleet.stdout.readline()
    if json.loads(line or b"{}").get("event") != "ready":
        raise RuntimeError("the fleet did not start")
    _keep(asyncio.create_task(_drain(fleet.stdout)))
    return fleet


async def _end(fleet: Process) -> None:
    fleet.terminate()
    try:
        await asyncio.wait_for(fleet.wait(), ENDS_WITHIN_S)
    except TimeoutError:
        fleet.kill()
        await fleet.wait()


_DRAINS: set["asyncio.Task[None]"] = set()


def _keep(task: "asyncio.Task[None]") -> None:
    _DRAINS.add(task)
    task.add_done_callback(_DRAINS.discard)


async def _drain(lines: asyncio.StreamReader) -> None:
    while await lines.readline():
        pass


async def _until_all_proved(data: Path, displays: int) -> None:
    """Looks into the tables: asking the gateway again and again would keep it from its work."""
    gives_up = time.monotonic() + SETTLED_WITHIN_S
    with closing(sqlite3.connect(f"file:{data / DATABASE}?mode=ro", uri=True)) as connection:
        while time.monotonic() < gives_up:
            (proved,) = connection.execute(
                "SELECT count(*) FROM shown JOIN desired USING (display_id)"
                " WHERE shown.revision = desired.revision AND shown.content_id = desired.content_id"
            ).fetchone()
            if proved == displays:
                return
            await asyncio.sleep(0.25)
    raise RuntimeError(f"yesterday's prices are not proved on all {displays} displays in {SETTLED_WITHIN_S:.0f} s")


def _ids(folder: Path, fleet: Process) -> tuple[int, int]:
    """Process ids of gateway and fleet."""
    return int(json.loads((folder / "data" / "endpoint.json").read_text())["pid"]), fleet.pid


@dataclass(frozen=True, slots=True)
class _Measured:
    session_id: str
    began_ms: float
    pushed_s: float
    status: dict[str, object]
    cpu_s: dict[str, float]
    peak_mb: dict[str, float]


def _measure(url: str, token: str, lists: PriceLists, processes: tuple[int, int]) -> _Measured:
    today = lists.today
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    with httpx.Client(base_url=url, headers=headers, timeout=120.0) as client:
        session_id = _ok(client.post("/batch/start", content=b"{}"))["sessionId"]
        bodies = [
            json.dumps({"sessionId": session_id, "products": today[start : start + ROWS_A_PUSH]}).encode()
            for start in range(0, len(today), ROWS_A_PUSH)
        ]
        before = _by_role(processes)
        began_ms, began = time.time() * 1000, time.perf_counter()
        for body in bodies:
            _ok(client.post("/batch/push", content=body))
        _ok(client.post("/batch/complete", content=json.dumps({"sessionId": session_id}).encode()))
        pushed_s = time.perf_counter() - began
        while True:
            status = _ok(client.get(f"/batch/{session_id}/status"))
            if status["status"] != "processing":
                break
            time.sleep(LOOK_EVERY_S)
        after = _by_role(processes)
    if status["status"] != "completed":
        raise RuntimeError(f"the batch is {status['status']}")
    cpu_s = {role: sum(one.cpu_s for one in after[role]) - sum(one.cpu_s for one in before[role]) for role in after}
    peak_mb = {role: sum(one.peak_mb for one in after[role]) for role in after}
    return _Measured(str(session_id), began_ms, pushed_s, status, cpu_s, peak_mb)


def _ok(answer: httpx.Response) -> dict[str, object]:
    """207: rows were rejected or warned about, which costs no less work."""
    if not answer.is_success:
        raise RuntimeError(f"{answer.url} answers {answer.status_code}: {answer.text[:500]}")
    found: dict[str, object] = answer.json()
    return found


def _by_role(processes: tuple[int, int]) -> dict[str, list[Cost]]:
    gateway, fleet = processes
    roles: dict[str, list[Cost]] = {"gateway": [], "workers": [], "broker": [], "fleet": costs(fleet)}
    for one in costs(gateway):
        if one.process_id == gateway:
            roles["gateway"].append(one)
        elif "nats-server" in one.command:
            roles["broker"].append(one)
        elif "spawn_main" in one.command:
            roles["workers"].append(one)
    return roles


async def _read_back(data: Path, measured: _Measured) -> RealRun:
    """When each stage was over, and what was drawn, out of the gateway's own tables."""
    with closing(sqlite3.connect(f"file:{data / DATABASE}?mode=ro", uri=True)) as connection:
        saved, synced, finished = connection.execute(
            "SELECT saved_at, synced_at, finished_at FROM session WHERE session_id = ?", (measured.session_id,)
        ).fetchone()
        first, last = connection.execute(
            "SELECT min(at), max(at) FROM display_history WHERE fact = 'proved' AND at >= ?", (measured.began_ms,)
        ).fetchone()
        offers = connection.execute("SELECT coalesce(sum(attempts), 0) FROM offer").fetchone()[0]
    database = Database.open(data / DATABASE)
    try:
        requests = await database.read(lambda connection: _requests(connection, finished))
    finally:
        await database.close()
    instants = {"save": saved, "sync": synced, "first proof": first, "last proof": last, "completed": finished}
    stages = {"push": measured.pushed_s}
    stages |= {name: (at - measured.began_ms) / 1000 for name, at in instants.items()}
    confirmed = measured.status["tagsConfirmed"]
    return RealRun(
        seconds=stages["completed"],
        stages=stages,
        cpu_s=measured.cpu_s,
        peak_mb=measured.peak_mb,
        offers=offers,
        confirmed=confirmed if isinstance(confirmed, int) else 0,
        requests=requests,
    )


def _requests(connection: Connection, at_ms: int) -> list[LabelRequest]:
    ids = list(connection.scalars(select(display.c.display_id).order_by(display.c.display_id)))
    return [one.request for one in load(connection, ids, {}, from_ms(at_ms))]
