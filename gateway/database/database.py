"""The gateway's one database: a file, one writer, two readers.

In: plain functions of a Connection, which hold the SQL. Out: what they return, once it is safely on the disk.
Rule: `write` answers only after COMMIT. Times, threads and crashes are this folder's affair, nobody else's.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, cast

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from gateway.database.connect import connect_reader, connect_writer
from gateway.database.errors import DatabaseFailed, DatabaseUnreadable, by_meaning
from gateway.database.lanes import InlineLane, Lane, Life, ThreadLane, read_each, write_groups
from gateway.database.limits import READERS
from gateway.database.migrate import migrate

T = TypeVar("T")


class Database:
    """Open it with `Database.open`. Works handed to `write` may run twice, so they touch only their connection."""

    def __init__(self, path: Path, connections: list[Connection], writer: Lane, reader: Lane, life: Life) -> None:
        self.path = path
        self._connections = connections
        self._writer = writer
        self._reader = reader
        self._life = life

    @classmethod
    def open(cls, path: Path, *, threads: bool = True) -> "Database":
        """Open the file, make it if need be, and bring it to this release's schema.

        `threads=False` runs everything inline on the calling loop, one commit a write.
        Raises DatabaseNewer, DatabaseUnreadable, DatabaseFull; then nothing was changed.
        """
        connections: list[Connection] = []
        try:
            connections.append(connect_writer(path))
            migrate(connections[0], path)
            connections.extend(connect_reader(path) for _ in range(READERS if threads else 1))
        except (DBAPIError, sqlite3.Error, OSError) as error:
            _close_all(connections)
            raise _cannot_open(error, path) from error
        except BaseException:
            _close_all(connections)
            raise
        life = Life()
        write = write_groups(connections[0], path, life)
        reads = [read_each(connection, path, life) for connection in connections[1:]]
        if threads:
            writer: Lane = ThreadLane("database-writer", [write], life)
            reader: Lane = ThreadLane("database-reader", reads, life, group_max=1)
        else:
            writer, reader = InlineLane(write, life), InlineLane(reads[0], life)
        return cls(path, connections, writer, reader, life)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a SAVEPOINT of its own and return what it gave, once it is committed and on the disk.

        What `work` raises undoes `work` alone and comes back to the caller. Raises DatabaseFull, DatabaseFailed
        when the disk would not take it, Crashed when this instance is dead.
        """
        return cast(T, await self._writer.run(work))

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` on a read-only connection that sees one committed moment of the database."""
        return cast(T, await self._reader.run(work))

    async def close(self) -> None:
        """Finish what waits, then close the file. A second call does nothing."""
        if self._life.ended is not None:
            return
        await self._writer.close()
        await self._reader.close()
        self._life.ended = f"{self.path} is closed"
        _close_all(self._connections)

    def crash(self) -> None:
        """Die on the spot, as far as this process can see: from now on every call raises Crashed, without effect.

        What was committed stays, what was not is gone. The file is let go, so a new instance can open it.
        """
        self._life.ended = "this instance has crashed"
        if isinstance(self._writer, InlineLane):  # threads may be in the midst of a work; they roll back and stop
            _close_all(self._connections)


def _close_all(connections: list[Connection]) -> None:
    for connection in reversed(connections):
        connection.close()
        connection.engine.dispose()
    connections.clear()


def _cannot_open(error: Exception, path: Path) -> Exception:
    meaning = by_meaning(error, path)
    if isinstance(meaning, DatabaseFailed):
        return DatabaseUnreadable(path, meaning.reason)
    if isinstance(error, OSError):
        return DatabaseUnreadable(path, error.strerror or str(error))
    if isinstance(meaning, DBAPIError | sqlite3.Error):
        return DatabaseUnreadable(path, str(error))
    return meaning if isinstance(meaning, Exception) else error
