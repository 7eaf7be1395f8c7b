"""`esl restore`: a shop lives again from a backup, and jumps over everything that happened since.

In: a backup, a data folder in which no gateway runs. Out: the shop of the backup, its numbers stepped, all keys void.
Rule: everything is checked and done beside the old shop; then one rename decides (shop_files.py), so that a power cut
leaves the old shop or the new one. Source: docs/protocol.md, "Restore".
"""

import errno
import shutil
from datetime import datetime
from pathlib import Path

from msgspec import Struct
from sqlalchemy import Connection

from gateway.access import audit
from gateway.app.backup import Told, told_nobody
from gateway.app.backup_file import About, is_of_the_shop, newer_version, read_about, unpack
from gateway.app.data_folder import DataFolder
from gateway.app.errors import CannotRestore, CannotStart
from gateway.app.shop_files import DATABASE, SITE_KEY, STAGE, decide, finish, holds_a_shop
from gateway.database import DatabaseFailure, DatabaseFull, change_at_rest, known_revisions
from gateway.delivery import jump


class Restored(Struct, frozen=True):
    """`kept`: where the shop that was there before is now; None = there was none."""

    folder: Path
    kept: Path | None
    about: About


def restore_backup(
    file: Path, folder: Path, now: datetime, *, force: bool = False, told: Told = told_nobody
) -> Restored:
    """Raises CannotRestore; then what the folder held is as before, or the words say where it stands."""
    about = read_about(file)
    if about.schema not in known_revisions():
        raise newer_version(file, about.version)
    try:
        data = DataFolder.open(folder)
    except CannotStart as error:
        raise CannotRestore(str(error)) from error
    try:
        _check(file, about, folder, force=force)
        kept = _put_in_place(file, folder, now, told)
    except DatabaseFull as error:
        raise _disk_full(folder) from error
    except DatabaseFailure as error:
        raise CannotRestore(f"{error}. Nothing was changed") from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise _disk_full(folder) from error
        raise CannotRestore(
            f"{file} cannot be restored to {folder} ({error}): check both disks, or give another folder (--data); "
            "nothing was changed"
        ) from error
    finally:
        data.close()
    return Restored(folder, kept if kept.exists() else None, about)


def _check(file: Path, about: About, folder: Path, *, force: bool) -> None:
    if holds_a_shop(folder) and not force:
        raise CannotRestore(
            f"{folder} holds a shop already: give an empty folder (--data), or --force to put this one in its place; "
            "the old one is then kept in a folder beside it"
        )
    if (folder / SITE_KEY).exists() and not is_of_the_shop(about, folder):
        raise CannotRestore(
            f"{file} is of another shop than {folder} holds (its site.key is another): give that shop's backup, or an "
            "empty folder (--data)"
        )


def _put_in_place(file: Path, folder: Path, now: datetime, told: Told) -> Path:
    stage = folder / STAGE
    stage.mkdir(mode=0o700)
    try:
        about = unpack(file, stage, lambda done, total: told("unpacking", done, total))
        change_at_rest(stage / DATABASE, lambda connection: _step(connection, about, now))
        kept = decide(folder, now)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    try:
        finish(folder)
    except OSError as error:
        raise CannotRestore(
            f"the shop of {file} is in {folder} but not in its place yet ({error}): mend that, then start `esl serve`, "
            "which goes on from there"
        ) from error
    return kept


def _step(connection: Connection, about: About, now: datetime) -> None:
    jump(connection, now)
    audit(connection, "admin", "shop_restored", "shop", now, {"made_at": about.made_at, "version": about.version})


def _disk_full(folder: Path) -> CannotRestore:
    return CannotRestore(f"the disk that holds {folder} is full: free some space; what was there before is as it was")
