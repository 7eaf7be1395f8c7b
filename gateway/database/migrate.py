"""Brings a file to this release's schema, and refuses one from a later release.

In: the writing connection. Out: the schema of the newest migration.
Rule: migrations name their steps outright and import no folder, so an old one means the same for ever. A file that
is up to date costs a few queries; Alembic is loaded only when there is something to do.
"""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from gateway.database.errors import DatabaseNewer, DatabaseUnreadable
from gateway.database.schema import metadata

MIGRATIONS = Path(__file__).parent / "migrations"


def known_revisions() -> list[str]:
    """The migrations of this release, oldest first; a file is named `<revision>_<words>.py`."""
    return sorted(file.stem.split("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def migrate(connection: Connection, path: Path) -> None:
    """Raises DatabaseNewer, or DatabaseUnreadable for a database that is not ours; then nothing was changed."""
    with connection.begin():
        found = found_revision(connection, path)
        if found == known_revisions()[-1]:
            _ensure_whole(connection, path)
            return
    _upgrade(connection)


def _ensure_whole(connection: Connection, path: Path) -> None:
    """Before the first release the first migration was still changed: a file from then bears its number in vain."""
    columns = text("SELECT t.name, c.name FROM sqlite_master t JOIN pragma_table_info(t.name) c WHERE t.type = 'table'")
    there = {(table, column) for table, column in connection.execute(columns)}
    declared = {(table.name, column.name) for table in metadata.tables.values() for column in table.c}
    if lacking := sorted(declared - there):
        words = f"it was made before the first release, and has no {'.'.join(lacking[0])}"
        raise DatabaseUnreadable(path, f"{words}: begin with a new data folder")


def found_revision(connection: Connection, path: Path) -> str | None:
    """The newest migration that the file has seen; None: it is empty. Raises as `migrate` does."""
    tables = inspect(connection).get_table_names()
    if not tables:
        return None
    if "alembic_version" not in tables:
        raise DatabaseUnreadable(path, "it is a database, but not one of esl-gateway's")
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    if found is None:
        return None
    if str(found) not in known_revisions():
        raise DatabaseNewer(path, str(found))
    return str(found)


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
