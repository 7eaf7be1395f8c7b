"""A store with products and displays in a real database."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import Connection

from firmware_protocol import FactoryCode, TagId
from gateway.access import add_store, store_settings, take_accepted_seqs
from gateway.catalog import RowMode, parse_rows, save_rows
from gateway.database import Database
from gateway.shelf import BoxTag, FactoryCodeVault, add_box_list

T = TypeVar("T")
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
STORE = "zagreb-1"


class Shelf:
    """Runs plain functions of a connection, each in a transaction of its own."""

    def __init__(self, path: Path) -> None:
        self.database = Database.open(path / "shop.db", threads=False)
        self.vault = FactoryCodeVault(bytes(range(32)))
        self.do(lambda connection: add_store(connection, STORE, now=NOW))

    def do(self, work: Callable[[Connection], T]) -> T:
        return asyncio.run(self.database.write(work))

    def products(self, *rows: dict[str, object]) -> None:
        def save(connection: Connection) -> None:
            settings = store_settings(connection, STORE)
            parsed = parse_rows(
                list(rows),
                settings=settings,
                field_map=None,
                mode=RowMode.UPDATE,
                is_known=lambda code: "name" not in rows[0],
            )
            assert not parsed.errors, parsed.errors
            first = take_accepted_seqs(connection, STORE, len(parsed.rows))
            save_rows(
                connection,
                STORE,
                [(first + place, row) for place, row in enumerate(parsed.rows)],
                now=NOW,
                source="test",
                session_id=None,
            )

        self.do(save)

    def tag(self, number: int = 1, *panels: str) -> str:
        """Adds a tag; gives the id of its first display."""
        box = BoxTag(
            TagId(number.to_bytes(8, "big")), FactoryCode(number.to_bytes(16, "big")), "model", panels or ("2.9-bwr",)
        )
        return self.do(lambda connection: add_box_list(connection, STORE, [box], self.vault, NOW))[0]


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    made = Shelf(tmp_path)
    yield made
    asyncio.run(made.database.close())
