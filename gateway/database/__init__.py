"""The engine, its one writer, the one MetaData and the migrations. Start at `Database`."""

from gateway.database.database import Database
from gateway.database.errors import (
    Crashed,
    DatabaseFailed,
    DatabaseFailure,
    DatabaseFull,
    DatabaseNewer,
    DatabaseUnreadable,
)
from gateway.database.files import change_at_rest, copy_database
from gateway.database.migrate import known_revisions
from gateway.database.schema import metadata

__all__ = [
    "Crashed",
    "Database",
    "DatabaseFailed",
    "DatabaseFailure",
    "DatabaseFull",
    "DatabaseNewer",
    "DatabaseUnreadable",
    "change_at_rest",
    "copy_database",
    "known_revisions",
    "metadata",
]
