"""Opens the file: one connection that writes, several that only read.

Rule: the driver opens no transaction by itself (`isolation_level` None); ours is an explicit BEGIN IMMEDIATE in the
`begin` event, or SAVEPOINT and rollback do not do what they say. Every commit is on the disk when it returns.
"""

import os
import sqlite3
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool

from gateway.database.limits import BUSY_WAIT_S, CHECKPOINT_PAGES, READER_CACHE_KIB, WRITER_CACHE_KIB

_WRITER_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "fullfsync = ON",  # macOS alone: its fsync leaves the octets in the disk's own memory
    "checkpoint_fullfsync = ON",
    "foreign_keys = ON",
    f"wal_autocheckpoint = {CHECKPOINT_PAGES}",
    f"cache_size = -{WRITER_CACHE_KIB}",
    "temp_store = MEMORY",
)
_READER_PRAGMAS = ("query_only = ON", f"cache_size = -{READER_CACHE_KIB}", "temp_store = MEMORY")


def connect_writer(path: Path) -> Connection:
    """The one connection that writes. Makes the file if need be, for its owner's eyes only."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    return _engine(path, begin="BEGIN IMMEDIATE", pragmas=_WRITER_PRAGMAS).connect()


def connect_reader(path: Path) -> Connection:
    """A connection that can only read; each read sees one moment of the database, whatever is saved meanwhile."""
    return _engine(path, begin="BEGIN", pragmas=_READER_PRAGMAS).connect()


def driver_of(connection: Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        raise TypeError(f"the gateway's database is SQLite, not {type(driver).__name__}")
    return driver


def _engine(path: Path, *, begin: str, pragmas: tuple[str, ...]) -> Engine:
    def open_file() -> sqlite3.Connection:
        # A connection is made on one thread and then used by another, never by two at once.
        driver = sqlite3.connect(path, timeout=BUSY_WAIT_S, isolation_level=None, check_same_thread=False)
        for pragma in pragmas:
            driver.execute(f"PRAGMA {pragma}")
        return driver

    engine = create_engine("sqlite://", creator=open_file, poolclass=NullPool)

    @event.listens_for(engine, "begin")
    def begin_explicitly(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
