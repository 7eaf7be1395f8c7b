"""What can be wrong with the database, by meaning.

In: whatever the driver raised. Out: errors with words for the operator, who is told what to do.
Rule: an error of the data (a broken constraint) is a fault of ours and stays what the driver raised.
"""

import sqlite3
from pathlib import Path

from sqlalchemy.exc import DBAPIError


class DatabaseFailure(Exception):
    """The database cannot do what was asked. `str()` is one line for the operator: what is wrong, what to do."""


class DatabaseNewer(DatabaseFailure):
    """The file was written by a later release. Nothing was touched; start that release, or restore a backup."""

    def __init__(self, path: Path, found: str) -> None:
        super().__init__(
            f"{path} was written by a newer esl-gateway (schema {found}): start that version, "
            "or restore a backup that this version made"
        )
        self.path, self.found = path, found


class DatabaseUnreadable(DatabaseFailure):
    """The file cannot be opened, is damaged, or is not ours. Nothing was touched."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} cannot be read: {reason}. Check its owner and its disk, or restore a backup")
        self.path, self.reason = path, reason


class DatabaseFull(DatabaseFailure):
    """The disk is full. This request was not saved; the gateway goes on as soon as there is space again."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"the disk that holds {path} is full: free some space; what was answered as saved is saved")
        self.path = path


class DatabaseFailed(DatabaseFailure):
    """The disk answered an error, so this request was not saved. Others, and a repeat, may succeed."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} could not be written: {reason}. Check the disk; this request was not saved")
        self.path, self.reason = path, reason


class Crashed(RuntimeError):
    """This instance is dead: its ports are cut, no call has an effect. Only the virtual world kills so politely."""


# Primary result codes of SQLite (https://sqlite.org/rescode.html) that speak of the disk, not of the data.
_DISK_TROUBLE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_READONLY,
    }
)


def by_meaning(error: BaseException, path: Path) -> BaseException:
    """The error to hand to the caller: one of ours where the disk is to blame, else the error itself."""
    driver_error = error.orig if isinstance(error, DBAPIError) else error
    if not isinstance(driver_error, sqlite3.Error):
        return error
    primary = getattr(driver_error, "sqlite_errorcode", 0) & 0xFF
    if primary == sqlite3.SQLITE_FULL:
        return DatabaseFull(path)
    if primary in _DISK_TROUBLE:
        return DatabaseFailed(path, str(driver_error))
    return error
