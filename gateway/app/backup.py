"""`esl backup`: everything that a shop needs to live again, in one file, while its gateway runs or not.

In: a data folder, the name of a file. Out: that file, whole, or what stood there before. Rule: it reads the folder
itself, as one more reader of the database: the gateway's loop and writer never wait for it, and the site's secret
travels by no network. Why: docs/architecture.md, "A backup is read from the folder".
"""

import errno
import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from msgspec import Struct

from gateway.app.backup_file import FORMAT, About, is_of_the_shop, mark_of, pack, read_about
from gateway.app.errors import CannotBackUp, CannotRestore
from gateway.app.limits import SITE_KEY_OCTETS
from gateway.app.shop_files import DATABASE, NEEDED, SHOP, SITE_KEY, is_half_restored, sync
from gateway.database import DatabaseFailure, DatabaseFull, copy_database

Told = Callable[[str, int, int], None]
"""Hears how far it is: what is being done, done, in all."""


class Backup(Struct, frozen=True):
    """A backup that is on the disk. `octets`: of the file."""

    file: Path
    octets: int
    about: About


def told_nobody(doing: str, done: int, total: int) -> None:
    return


def take_backup(folder: Path, file: Path, now: datetime, told: Told = told_nobody) -> Backup:
    """Write the shop of `folder`, as it is at this moment, to `file`, mode 0600. Raises CannotBackUp.

    An older backup of that name is replaced once the new one is on the disk.
    """
    try:
        _check(folder, file)
        with _workplace(file) as place:
            about = _write(folder, place, now, told)
            octets = (place / "packed").stat().st_size
            (place / "packed").replace(file)
            sync(file.parent)
    except DatabaseFull as error:
        raise _disk_full(file) from error
    except DatabaseFailure as error:
        raise CannotBackUp(f"{error}. No backup was made") from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise _disk_full(file) from error
        words = f"{error.strerror or error}: {error.filename}" if error.filename else f"{error.strerror or error}"
        raise CannotBackUp(
            f"no backup was written to {file} ({words}): give another name, or the rights to it"
        ) from error
    return Backup(file, octets, about)


def _write(folder: Path, place: Path, now: datetime, told: Told) -> About:
    schema = copy_database(folder / DATABASE, place / DATABASE, lambda done, pages: told("copying", done, pages))
    names = [DATABASE, *(name for name in SHOP if name != DATABASE and (folder / name).exists())]
    for name in names[1:]:
        shutil.copyfile(folder / name, place / name)
    about = About(
        format=FORMAT,
        version=version("esl-gateway"),
        schema=schema,
        made_at=now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        files={name: mark_of(place / name) for name in names},
    )
    pack(place, about, place / "packed", lambda done, total: told("packing", done, total))
    return about


def _check(folder: Path, file: Path) -> None:
    if is_half_restored(folder):
        raise CannotBackUp(f"a restore of {folder} was cut off: start `esl serve` on it once, which finishes it")
    if not (folder / DATABASE).exists():
        raise CannotBackUp(f"{folder} holds no shop: name the gateway's data folder (--data)")
    for name in NEEDED:
        if not (folder / name).exists():
            raise CannotBackUp(f"{folder / name} is missing, and without it no label lives again: put it back first")
    if (folder / SITE_KEY).stat().st_size != SITE_KEY_OCTETS:
        raise CannotBackUp(f"{folder / SITE_KEY} is damaged, and without it no label lives again: put it back first")
    if not file.parent.is_dir():
        raise CannotBackUp(f"there is no folder {file.parent}: make it, or give another name")
    if file.resolve().is_relative_to(folder.resolve()):
        raise CannotBackUp(f"{file} is in the data folder, with which it would be lost: give a name elsewhere")
    if file.is_dir():
        raise CannotBackUp(f"{file} is a folder: give the name of a file in it")
    if file.exists():
        try:
            there = read_about(file)
        except CannotRestore as error:
            raise CannotBackUp(f"{file} is there and is no backup that may be replaced: give another name") from error
        if not is_of_the_shop(there, folder):
            raise CannotBackUp(f"{file} is a backup of another shop, and would be lost: give another name")


@contextmanager
def _workplace(file: Path) -> Iterator[Path]:
    """A folder beside the file, on the same disk, for this process alone; what a killed one left in it is swept out."""
    place = file.with_name(file.name + ".new")
    place.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(place, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotBackUp(f"another backup is being written to {file}: wait for it") from None
        try:
            for left in place.iterdir():
                left.unlink()
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)
    finally:
        os.close(descriptor)


def _disk_full(file: Path) -> CannotBackUp:
    return CannotBackUp(
        f"the disk that holds {file.parent} is full: free some space, or give a name elsewhere; nothing of it is left, "
        "and what was there before is as it was"
    )
