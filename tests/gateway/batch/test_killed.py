"""SIGKILL, for real: every push that was answered is saved after the restart, once."""

import asyncio
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

import gateway
from gateway.batch import BatchProcessor, Rounds, Sessions, SessionState
from gateway.catalog import live_products
from gateway.database import Database
from gateway.ports import EventStream, SystemClock, SystemSecrets
from gateway.sync import ChunkResult

GATEWAY = """
import asyncio, sys
from pathlib import Path
from gateway.access import add_store
from gateway.batch import BatchProcessor, Sessions
from gateway.database import Database
from gateway.ports import EventStream, SystemClock, SystemSecrets
from gateway.sync import ChunkResult

class NoDisplays:
    async def handle(self, chunk):
        return ChunkResult(chunk.chunk_id, 0, 0, ())

def rows(push):
    return [{"barcode": f"P{push}-{n}", "name": "x", "price": "1.00"} for n in range(100)]

async def main():
    database, clock, events = Database.open(Path(sys.argv[1])), SystemClock(), EventStream()
    await database.write(lambda connection: add_store(connection, "corner", now=clock.now()))
    sessions = Sessions(database, clock, SystemSecrets(), events)
    task = asyncio.create_task(BatchProcessor(database, clock, events, NoDisplays()).run())
    push = 0
    while True:
        started = await sessions.start("corner")
        for _ in range(3):
            await sessions.push("corner", started.session_id, rows(push))
            print("push", push, flush=True)
            push += 1
        await sessions.complete("corner", started.session_id)
        print("complete", started.session_id, push, flush=True)

asyncio.run(main())
"""


class NoDisplays:
    async def handle(self, chunk):
        return ChunkResult(chunk.chunk_id, 0, 0, ())

    async def verify(self, display_ids):
        raise AssertionError("there is no display to ask")

    async def reasons(self, display_ids):
        return {}


@pytest.mark.parametrize("answers", [9, 20])
def test_after_a_kill_every_completed_session_is_saved_and_no_push_is_lost(tmp_path: Path, answers: int) -> None:
    path = tmp_path / "shop.db"
    environment = {**os.environ, "PYTHONPATH": str(Path(gateway.__path__[0]).parent)}
    process = subprocess.Popen(
        [sys.executable, "-c", GATEWAY, path], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout is not None
    told = [process.stdout.readline() for _ in range(answers)]
    process.send_signal(signal.SIGKILL)
    told += process.stdout.read().splitlines()
    process.wait()
    process.stdout.close()
    completed = {line.split()[1]: int(line.split()[2]) for line in told if line.startswith("complete")}
    pushed = sum(line.startswith("push") for line in told)
    assert completed
    asyncio.run(_everything_is_there(path, completed, pushed))


async def _everything_is_there(path: Path, completed: dict[str, int], pushed: int) -> None:
    database, clock, events = Database.open(path), SystemClock(), EventStream()
    sessions, nothing = Sessions(database, clock, SystemSecrets(), events), NoDisplays()
    tasks = [
        asyncio.create_task(BatchProcessor(database, clock, events, nothing).run()),
        asyncio.create_task(Rounds(database, clock, events, nothing).run()),
    ]
    deadline = datetime.now(UTC).timestamp() + 60
    while any(one.status is SessionState.PROCESSING for one in await sessions.list_sessions("corner")):
        assert datetime.now(UTC).timestamp() < deadline
    statuses = {one.session_id: one for one in await sessions.list_sessions("corner")}
    for session_id in completed:
        assert (statuses[session_id].status, statuses[session_id].created) == (SessionState.COMPLETED, 300)
    assert sum(one.products_received for one in statuses.values()) >= pushed * 100
    products = await database.read(lambda connection: live_products(connection, "corner"))
    assert {f"P{push}-{n}" for push in range(max(completed.values())) for n in range(100)} <= products.keys()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await database.close()
