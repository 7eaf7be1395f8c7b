"""A store in a database of its own, and what the tests of the catalogue do with it."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from gateway.access import StoreSettings, add_store, take_accepted_seqs
from gateway.catalog import ParsedRows, RowMode, SavedRow, known_barcodes, parse_rows, save_rows
from gateway.database import Database

NOW = datetime(2025, 7, 3, 6, tzinfo=UTC)
Shop = Callable[[Callable[[Connection], Any]], Any]


@pytest.fixture(scope="session")
def settings() -> StoreSettings:
    return StoreSettings("shop", "EUR", "Europe/Zagreb", "hr-HR", "hr", 1, False, None, True)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """Runs a function of a connection in a transaction of its own; the store is called `shop`."""
    database = Database.open(tmp_path / "shop.db", threads=False)

    def run(work: Callable[[Connection], Any]) -> Any:
        return asyncio.run(database.write(work))

    run(lambda connection: add_store(connection, "shop", now=NOW))
    yield run
    asyncio.run(database.close())


@pytest.fixture
def parse(settings: StoreSettings) -> Callable[..., ParsedRows]:
    """parse(row, row, ..., mode=, known=, field_map=): the rows as `decode_json` would hand them over."""

    def parse(
        *rows: object,
        mode: RowMode = RowMode.UPDATE,
        known: bool = True,
        field_map: dict[str, str] | None = None,
        store: StoreSettings = settings,
    ) -> ParsedRows:
        return parse_rows(rows, settings=store, field_map=field_map, mode=mode, is_known=lambda _: known)

    return parse


@pytest.fixture
def send(shop: Shop, settings: StoreSettings) -> Callable[..., list[SavedRow]]:
    """send(row, row, ..., now=, seq=, full=): accept and save rows; a row that is rejected fails the test."""

    def send(
        *rows: dict[str, object],
        now: datetime = NOW,
        seq: int | None = None,
        full: bool = False,
        session_id: str | None = None,
    ) -> list[SavedRow]:
        def work(connection: Connection) -> list[SavedRow]:
            known = known_barcodes(connection, "shop", [str(row.get("barcode")) for row in rows])
            parsed = parse_rows(
                rows, settings=settings, field_map=None, mode=RowMode.UPDATE, is_known=known.__contains__
            )
            assert parsed.errors == []
            first = take_accepted_seqs(connection, "shop", len(rows)) if seq is None else seq
            numbered = list(enumerate(parsed.rows, first))
            return save_rows(connection, "shop", numbered, now=now, source="test", session_id=session_id, full=full)

        saved: list[SavedRow] = shop(work)
        return saved

    return send
