"""Whole database files: one moment of a file copied, while others write to it or not; a file at rest changed.

In: paths. Out: a file that stands alone, without a journal beside it. Rule: a copy reads inside one transaction, so
what is committed meanwhile is not in it, and whoever writes never waits for it.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from gateway.database.connect import connect_reader, connect_writer, driver_of
from gateway.database.errors import DatabaseFailure, DatabaseFull, DatabaseUnreadable, by_meaning
from gateway.database.limits import PAGES_A_STEP
from gateway.database.migrate import found_revision, migrate


def copy_database(source: Path, target: Path, told: Callable[[int, int], None]) -> str:
    """Copy the present moment of `source` into the new file `target` and look it through; gives its schema revision.

    `told` hears (pages copied, pages in all). The target is not synced to the disk. Raises DatabaseUnreadable (the
    source is not ours, or is damaged), DatabaseNewer, DatabaseFull (the disk of the target).
    """
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    try:
        with _reading(source) as reader, closing(sqlite3.connect(target, isolation_level=None)) as copy:
            revision = found_revision(reader, source)  # this first read fixes the moment
            if revision is None:
                raise DatabaseUnreadable(source, "it holds no shop")
            copy.execute("PRAGMA synchronous = OFF")
            driver_of(reader).backup(
                copy, pages=PAGES_A_STEP, progress=lambda _, left, pages: told(pages - left, pages), sleep=0
            )
            copy.execute("PRAGMA journal_mode = DELETE")
            (verdict,) = copy.execute("PRAGMA quick_check(1)").fetchone()
    except (sqlite3.Error, DBAPIError) as error:
        raise _said(error, full=target, unreadable=source) from error
    if verdict != "ok":
        raise DatabaseUnreadable(source, f"it is damaged: {verdict}")
    return revision


def change_at_rest(path: Path, work: Callable[[Connection], object]) -> None:
    """Bring a file that nobody uses to this release's schema, and run `work` on it in one transaction.

    Raises DatabaseNewer, DatabaseUnreadable, DatabaseFull.
    """
    try:
        connection = connect_writer(path)
        try:
            migrate(connection, path)
            with connection.begin():
                work(connection)
            driver_of(connection).execute("PRAGMA journal_mode = DELETE")
        finally:
            connection.close()
            connection.engine.dispose()
    except (sqlite3.Error, DBAPIError) as error:
        raise _said(error, full=path, unreadable=path) from error


@contextmanager
def _reading(path: Path) -> Iterator[Connection]:
    reader = connect_reader(path)
    try:
        with reader.begin():
            yield reader
    finally:
        reader.close()
        reader.engine.dispose()


def _said(error: sqlite3.Error | DBAPIError, *, full: Path, unreadable: Path) -> DatabaseFailure:
    if isinstance(meaning := by_meaning(error, full), DatabaseFull):
        return meaning
    return DatabaseUnreadable(unreadable, str(error.orig if isinstance(error, DBAPIError) else error))
