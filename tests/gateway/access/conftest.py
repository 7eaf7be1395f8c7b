"""A database of its own for each test, and a moment to stand in."""

import asyncio
import itertools
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import Connection

from gateway.access import add_store
from gateway.database import Database

T = TypeVar("T")
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


class CountedSecrets:
    """Octets that differ from each other, the same in every run."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def octets(self, count: int) -> bytes:
        return next(self._numbers).to_bytes(count, "big")


class Books:
    """`books(work)` runs it in a transaction of its own."""

    def __init__(self, path: Path) -> None:
        self.now = NOW
        self.secrets = CountedSecrets()
        self._database = Database.open(path, threads=False)

    def __call__(self, work: Callable[[Connection], T]) -> T:
        return asyncio.run(self._database.write(work))

    def close(self) -> None:
        asyncio.run(self._database.close())


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that is up to date, to be copied: making it takes longer than most of the tests."""
    path = tmp_path_factory.mktemp("migrated") / "a.db"
    asyncio.run(Database.open(path, threads=False).close())
    return path


@pytest.fixture
def books(tmp_path: Path, migrated: Path) -> Iterator[Books]:
    books = Books(shutil.copy(migrated, tmp_path / "a.db"))
    books(lambda connection: add_store(connection, "corner", now=NOW))
    yield books
    books.close()
