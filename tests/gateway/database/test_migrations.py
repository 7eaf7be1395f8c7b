"""The migrations make what the folders declare, and stand on their own feet."""

import asyncio
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

import gateway
from gateway.batch import tables as _staged  # noqa: F401  the table is declared
from gateway.database import Database, DatabaseUnreadable
from gateway.database.migrate import MIGRATIONS, known_revisions

Schema = dict[str, list[tuple[object, ...]]]


def schema_of(path: Path) -> Schema:
    """Every table as SQLite understands it: its columns, keys, indexes, and whether it has a rowid."""
    database = sqlite3.connect(path)
    tables = database.execute(
        "SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite_%'"
    )
    schema: Schema = {}
    for table, without_rowid in tables.fetchall():
        if table == "alembic_version":
            continue
        found: list[tuple[object, ...]] = [("without rowid", without_rowid)]
        found += sorted(
            ("column", name, type_, not_null, default, key)
            for _, name, type_, not_null, default, key, _ in database.execute(f"PRAGMA table_xinfo({table})")
        )
        found += sorted(row[2:] for row in database.execute(f"PRAGMA foreign_key_list({table})"))
        for _, index, unique, origin, partial in database.execute(f"PRAGMA index_list({table})").fetchall():
            columns = tuple(row[2] for row in database.execute(f"PRAGMA index_info({index})"))
            named = index if origin == "c" else origin
            found.append(("index", named, unique, partial, columns))
        schema[table] = sorted(found, key=repr)
    database.close()
    return schema


DECLARE = """
import sys
from sqlalchemy import create_engine
from gateway.database import metadata
from tools.new_migration import load_all_tables
load_all_tables()
metadata.create_all(create_engine("sqlite:///" + sys.argv[1]))
"""


def test_a_migrated_file_has_exactly_the_tables_that_the_folders_declare(tmp_path: Path) -> None:
    root = Path(gateway.__path__[0]).parent
    subprocess.run([sys.executable, "-c", DECLARE, tmp_path / "declared.db"], check=True, cwd=root)
    asyncio.run(Database.open(tmp_path / "migrated.db", threads=False).close())
    declared, migrated = schema_of(tmp_path / "declared.db"), schema_of(tmp_path / "migrated.db")
    assert sorted(migrated) == sorted(declared)
    for table in declared:
        assert migrated[table] == declared[table], f"{table}: run `python -m tools.new_migration`"


def test_migrations_follow_each_other_by_number_and_import_no_folder() -> None:
    files = sorted((MIGRATIONS / "versions").glob("*.py"))
    assert known_revisions() == [f"{number:04}" for number in range(1, len(files) + 1)]
    for file in files:
        assert not re.search(r"^\s*(from|import) gateway", file.read_text(), re.MULTILINE), file


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    asyncio.run(Database.open(tmp_path / "a.db", threads=False).close())
    before = (tmp_path / "a.db").read_bytes()
    asyncio.run(Database.open(tmp_path / "a.db", threads=False).close())
    assert (tmp_path / "a.db").read_bytes() == before


def test_a_file_from_before_the_first_release_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    asyncio.run(Database.open(path, threads=False).close())
    with closing(sqlite3.connect(path)) as database:
        database.execute("ALTER TABLE staged_push RENAME COLUMN rows TO lines")
    with pytest.raises(DatabaseUnreadable, match=r"before the first release, and has no staged_push\.rows: begin with"):
        Database.open(path, threads=False)
