"""What everybody relies on: an answered write is on the disk, and nobody's error undoes a neighbour."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

import gateway
from gateway.database import Crashed, Database, DatabaseFailed, DatabaseFull, DatabaseNewer, DatabaseUnreadable

Work = Callable[[Connection], None]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(gateway.__path__[0]).parent)}


@asynccontextmanager
async def notes(path: Path, *, threads: bool = True) -> AsyncIterator[Database]:
    database = Database.open(path, threads=threads)
    await database.write(execute("CREATE TABLE IF NOT EXISTS note (n INTEGER PRIMARY KEY, body BLOB)"))
    try:
        yield database
    finally:
        await database.close()


def execute(sql: str) -> Work:
    def work(connection: Connection) -> None:
        connection.exec_driver_sql(sql)

    return work


def add(number: int, octets: int = 0) -> Work:
    return execute(f"INSERT INTO note VALUES ({number}, zeroblob({octets}))")


def numbers(connection: Connection) -> list[int]:
    return list(connection.scalars(text("SELECT n FROM note ORDER BY n")))


async def together(database: Database, *works: Work) -> list[BaseException | None]:
    """Hand all works over in one turn of the loop, so that they meet in a group."""
    return await asyncio.gather(*(database.write(work) for work in works), return_exceptions=True)


@pytest.mark.parametrize("threads", [True, False], ids=["threads", "inline"])
def test_what_was_written_is_read_and_is_there_after_reopening(tmp_path: Path, threads: bool) -> None:
    async def story() -> None:
        async with notes(tmp_path / "a.db", threads=threads) as database:
            await together(database, *(add(n) for n in range(200)))
            assert await database.read(numbers) == list(range(200))
        async with notes(tmp_path / "a.db", threads=threads) as database:
            assert await database.read(numbers) == list(range(200))

    asyncio.run(story())


@pytest.mark.parametrize("threads", [True, False], ids=["threads", "inline"])
def test_a_bad_request_undoes_itself_and_none_of_its_neighbours(tmp_path: Path, threads: bool) -> None:
    def half_done(connection: Connection) -> None:
        add(50)(connection)
        raise ValueError("the row is bad")

    async def story() -> None:
        async with notes(tmp_path / "a.db", threads=threads) as database:
            outcomes = await together(database, add(1), half_done, add(2), add(1), add(3))
            assert [type(outcome) for outcome in outcomes] == [
                type(None),
                ValueError,
                type(None),
                IntegrityError,
                type(None),
            ]
            assert await database.read(numbers) == [1, 2, 3]

    asyncio.run(story())


@pytest.mark.parametrize("threads", [True, False], ids=["threads", "inline"])
def test_a_full_disk_fails_the_request_that_met_it_and_nobody_else(tmp_path: Path, threads: bool) -> None:
    async def story() -> None:
        async with notes(tmp_path / "a.db", threads=threads) as database:
            pages = await database.read(lambda connection: connection.scalar(text("PRAGMA page_count")))
            await database.write(execute(f"PRAGMA max_page_count = {pages + 2}"))
            outcomes = await together(database, add(1), add(2, octets=1_000_000), add(3))
            assert [type(outcome) for outcome in outcomes] == [type(None), DatabaseFull, type(None)]
            assert "free some space" in str(outcomes[1])
            assert await database.read(numbers) == [1, 3]
            await database.write(execute("PRAGMA max_page_count = 1000000"))
            await database.write(add(4, octets=1_000_000))
            assert await database.read(numbers) == [1, 3, 4]

    asyncio.run(story())


def test_a_commit_that_fails_fails_every_request_of_its_group(tmp_path: Path) -> None:
    def orphan(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")  # so that the disk's word comes at COMMIT
        connection.exec_driver_sql("INSERT INTO child VALUES (99)")

    async def story() -> None:
        async with notes(tmp_path / "a.db") as database:
            await database.write(execute("CREATE TABLE child (n INTEGER REFERENCES note (n))"))
            started, go = asyncio.Event(), asyncio.Event()
            held = asyncio.create_task(hold_the_writer(database, started, go))
            await started.wait()
            group = asyncio.create_task(together(database, add(1), orphan, add(2)))
            await asyncio.sleep(0)
            go.set()
            await held
            assert [type(outcome) for outcome in await group] == [IntegrityError] * 3
            assert await database.read(numbers) == []
            await database.write(add(3))
            assert await database.read(numbers) == [3]

    asyncio.run(story())


async def hold_the_writer(database: Database, started: asyncio.Event, go: asyncio.Event) -> None:
    """Keep the writer thread busy until `go`, so that what comes meanwhile waits together."""
    loop = asyncio.get_running_loop()

    def wait(connection: Connection) -> None:
        loop.call_soon_threadsafe(started.set)
        asyncio.run_coroutine_threadsafe(go.wait(), loop).result()

    await database.write(wait)


def test_what_waits_is_written_before_the_file_is_closed_and_nothing_after(tmp_path: Path) -> None:
    async def story() -> None:
        async with notes(tmp_path / "a.db") as database:
            waiting = asyncio.create_task(together(database, add(1), add(2)))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            closing = asyncio.create_task(database.close())
            await asyncio.sleep(0)
            with pytest.raises(Crashed, match="clos"):
                await database.write(add(3))
            await closing
            assert await waiting == [None, None]
        async with notes(tmp_path / "a.db") as database:
            assert await database.read(numbers) == [1, 2]

    asyncio.run(story())


def test_a_read_sees_one_moment_and_cannot_write(tmp_path: Path) -> None:
    async def story() -> None:
        async with notes(tmp_path / "a.db") as database:
            await database.write(add(1))
            loop = asyncio.get_running_loop()

            def read_twice(connection: Connection) -> tuple[list[int], list[int]]:
                before = numbers(connection)
                asyncio.run_coroutine_threadsafe(database.write(add(2)), loop).result()
                return before, numbers(connection)

            assert await database.read(read_twice) == ([1], [1])
            assert await database.read(numbers) == [1, 2]
            with pytest.raises(DatabaseFailed, match="readonly"):
                await database.read(add(3))

    asyncio.run(story())


def test_a_status_poll_does_not_wait_for_a_save(tmp_path: Path) -> None:
    async def story() -> None:
        async with notes(tmp_path / "a.db") as database:
            started, go = asyncio.Event(), asyncio.Event()
            save = asyncio.create_task(hold_the_writer(database, started, go))
            await started.wait()
            assert await database.read(numbers) == []  # would never come back if it waited
            assert not save.done()
            go.set()
            await save

    asyncio.run(story())


def test_a_crashed_instance_does_nothing_more_and_a_new_one_finds_what_was_committed(tmp_path: Path) -> None:
    async def story() -> None:
        first = Database.open(tmp_path / "a.db", threads=False)
        await first.write(execute("CREATE TABLE note (n INTEGER PRIMARY KEY, body BLOB)"))
        await first.write(add(1))
        waiting = asyncio.create_task(first.write(add(2)))
        await asyncio.sleep(0)  # asked for, not yet begun
        first.crash()
        for call in (waiting, first.write(add(3)), first.read(numbers)):
            with pytest.raises(Crashed):
                await call
        await first.close()
        async with notes(tmp_path / "a.db", threads=False) as second:
            assert await second.read(numbers) == [1]

    asyncio.run(story())


def test_a_crash_between_commit_and_answer_keeps_the_row_and_tells_nobody(tmp_path: Path) -> None:
    async def story() -> None:
        first = Database.open(tmp_path / "a.db", threads=False)
        await first.write(execute("CREATE TABLE note (n INTEGER PRIMARY KEY, body BLOB)"))
        answered = asyncio.create_task(first.write(add(1)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)  # committed by now
        first.crash()
        with pytest.raises(Crashed):
            await answered
        async with notes(tmp_path / "a.db", threads=False) as second:
            assert await second.read(numbers) == [1]

    asyncio.run(story())


KILLED = """
import asyncio, sys
from pathlib import Path
from sqlalchemy import text
from gateway.database import Database

async def main():
    database = Database.open(Path(sys.argv[1]))
    await database.write(lambda connection: connection.exec_driver_sql("CREATE TABLE note (n)"))
    async def write(n):
        await database.write(lambda connection: connection.execute(text(f"INSERT INTO note VALUES ({n})")))
        print(n, flush=True)
    n = 0
    while True:
        await asyncio.gather(*(write(n + i) for i in range(20)))
        n += 20

asyncio.run(main())
"""


def test_every_answered_write_survives_a_kill_a_moment_later(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True, env=ENVIRONMENT
    )
    assert process.stdout is not None
    answered = [int(process.stdout.readline()) for _ in range(333)]
    process.send_signal(signal.SIGKILL)
    answered += [int(line) for line in process.stdout.read().splitlines() if line]
    process.wait()
    process.stdout.close()
    with sqlite3.connect(path) as found:
        kept = {row[0] for row in found.execute("SELECT n FROM note")}
    found.close()
    assert set(answered) <= kept


def test_the_file_is_for_its_owner_only(tmp_path: Path) -> None:
    asyncio.run(Database.open(tmp_path / "a.db").close())
    assert (tmp_path / "a.db").stat().st_mode & 0o777 == 0o600


def test_a_database_of_a_newer_release_is_left_alone_with_a_word(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    asyncio.run(Database.open(path, threads=False).close())
    with sqlite3.connect(path) as newer:
        newer.execute("UPDATE alembic_version SET version_num = '9999'")
    newer.close()
    before = path.read_bytes()
    with pytest.raises(DatabaseNewer, match="newer esl-gateway"):
        Database.open(path)
    assert path.read_bytes() == before


def test_a_damaged_file_is_left_alone_with_a_word(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(b"this was never a database" * 1000)
    with pytest.raises(DatabaseUnreadable, match="restore a backup"):
        Database.open(path)
    assert path.read_bytes() == b"this was never a database" * 1000


def test_somebody_elses_database_is_left_alone_with_a_word(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE photos (id)")
    other.close()
    with pytest.raises(DatabaseUnreadable, match="not one of esl-gateway's"):
        Database.open(path)


@pytest.mark.parametrize("name", ["missing/a.db", "folder"])
def test_a_place_that_cannot_hold_the_file_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(DatabaseUnreadable, match=name):
        Database.open(tmp_path / name)


def test_a_migration_that_meets_a_full_disk_leaves_nothing_half_done(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    refuses_to_grow = """
import resource, sys
from pathlib import Path
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from gateway.database import Database, DatabaseFailure
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
try:
    Database.open(Path(sys.argv[1]))
except DatabaseFailure as error:
    print(error)
"""
    told = subprocess.run(
        [sys.executable, "-c", refuses_to_grow, str(path)], capture_output=True, text=True, check=True, env=ENVIRONMENT
    )
    assert str(path) in told.stdout
    asyncio.run(Database.open(path).close())
