"""What a backup looks like: one gzipped tar, which a person can open by hand when no `esl` is near.

In: the files of a shop in a folder. Out: `backup.json` first, then the files, all in one. Rule: a reader believes
nothing before each file has the octets and the SHA-256 that `backup.json` names, and the end of the archive was seen.
"""

import gzip
import hashlib
import json
import os
import tarfile
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import IO

import msgspec
from msgspec import Struct

from gateway.app.errors import CannotRestore
from gateway.app.limits import BACKUP_ABOUT_OCTETS_MAX, BACKUP_PACKS, BACKUP_READS_OCTETS
from gateway.app.shop_files import NEEDED, SHOP, SITE_KEY

FORMAT = 1
ABOUT = "backup.json"
Told = Callable[[int, int], None]
"""Hears how far a long step is: done, in all."""
_BROKEN = (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error, msgspec.DecodeError, UnicodeError)


class FileMark(Struct, frozen=True):
    octets: int
    sha256: str


class About(msgspec.Struct, frozen=True, rename="camel"):
    """What `backup.json` says. `version`: of esl-gateway; `schema`: of the database; `made_at`: ISO 8601, UTC."""

    format: int
    version: str
    schema: str
    made_at: str
    files: dict[str, FileMark]

    @property
    def octets(self) -> int:
        return sum(one.octets for one in self.files.values())


def mark_of(path: Path) -> FileMark:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while octets := file.read(BACKUP_READS_OCTETS):
            digest.update(octets)
        return FileMark(file.tell(), digest.hexdigest())


def is_of_the_shop(about: About, folder: Path) -> bool:
    """Whether the backup has the folder's site key, which no two shops share. Raises OSError."""
    return about.files[SITE_KEY] == mark_of(folder / SITE_KEY)


def pack(folder: Path, about: About, target: Path, told: Told) -> None:
    """Write what `about` lists of a folder to the new file `target`, for its owner alone, synced. Raises OSError."""
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        with (
            gzip.GzipFile(filename="", mode="wb", compresslevel=BACKUP_PACKS, fileobj=file, mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w|", format=tarfile.USTAR_FORMAT) as tar,
        ):
            words = msgspec.json.format(msgspec.json.encode(about), indent=1) + b"\n"
            tar.addfile(_member(ABOUT, len(words)), BytesIO(words))
            done = 0
            for name, mark in about.files.items():
                with (folder / name).open("rb") as content:
                    tar.addfile(_member(name, mark.octets), _Counted(content, done, about.octets, told))
                done += mark.octets
        file.flush()
        os.fsync(file.fileno())


def read_about(path: Path) -> About:
    """Raises CannotRestore: it is not there, is no backup, or comes from a newer version."""
    try:
        with gzip.open(path) as packed, tarfile.open(fileobj=packed, mode="r|") as tar:
            return _about_of(tar, path)
    except _BROKEN as error:
        raise _no_backup(path) from error
    except OSError as error:
        raise _cannot_read(path, error) from error


def unpack(path: Path, folder: Path, told: Told) -> About:
    """The files of a backup into a folder, each for its owner alone. Raises CannotRestore, OSError (of the folder)."""
    try:
        packed = gzip.open(path)  # noqa: SIM115  # what the folder refuses is another error than what the file refuses
    except OSError as error:
        raise _cannot_read(path, error) from error
    try:
        with packed, tarfile.open(fileobj=packed, mode="r|") as tar:
            about = _about_of(tar, path)
            done = 0
            while (member := tar.next()) is not None:
                mark = about.files.get(member.name)
                content = tar.extractfile(member)
                if mark is None or content is None or member.size != mark.octets or (folder / member.name).exists():
                    raise _damaged(path, f"{member.name} is not as its list says")
                _write(folder / member.name, _Counted(content, done, about.octets, told))
                if mark_of(folder / member.name) != mark:
                    raise _damaged(path, f"{member.name} is not what was packed")
                done += mark.octets
            while packed.read(BACKUP_READS_OCTETS):  # gzip's own sum stands at the very end
                pass
    except _BROKEN as error:
        raise _damaged(path, str(error) or type(error).__name__) from error
    missing = [name for name in about.files if not (folder / name).exists()]
    if missing:
        raise _damaged(path, f"{', '.join(missing)} is missing")
    return about


def _about_of(tar: tarfile.TarFile, path: Path) -> About:
    member = tar.next()
    content = tar.extractfile(member) if member is not None and member.name == ABOUT else None
    if content is None:
        raise _no_backup(path)
    octets = content.read(BACKUP_ABOUT_OCTETS_MAX)
    try:
        found = json.loads(octets)
        newer = isinstance(found, dict) and isinstance(found["format"], int) and found["format"] > FORMAT
        version = str(found["version"]) if newer else ""
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(path, f"{ABOUT} cannot be read") from error
    if newer:
        raise newer_version(path, version)
    about = msgspec.json.decode(octets, type=About)
    if not set(NEEDED) <= about.files.keys() <= set(SHOP):
        raise _damaged(path, f"{ABOUT} lists other files than a shop has")
    return about


def _member(name: str, octets: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = octets, 0o600
    return member


def _write(path: Path, content: "_Counted") -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        while octets := content.read(BACKUP_READS_OCTETS):
            file.write(octets)


class _Counted:
    """A file that tells how much of it was read."""

    def __init__(self, file: IO[bytes], before: int, total: int, told: Told) -> None:
        self._file, self._done, self._total, self._told = file, before, total, told

    def read(self, octets: int = -1) -> bytes:
        found = self._file.read(octets)
        self._done += len(found)
        self._told(self._done, self._total)
        return found


def newer_version(path: Path, version: str) -> CannotRestore:
    return CannotRestore(
        f"{path} was made by a newer esl-gateway ({version}): restore it with that version; nothing was changed"
    )


def _damaged(path: Path, reason: str) -> CannotRestore:
    return CannotRestore(
        f"{path} is damaged or cut off ({reason}): copy it again from where it was kept, or take another backup; "
        "nothing was changed"
    )


def _no_backup(path: Path) -> CannotRestore:
    return CannotRestore(f"{path} is no backup, or its beginning is damaged: give a file that `esl backup` wrote")


def _cannot_read(path: Path, error: OSError) -> CannotRestore:
    return CannotRestore(f"{path} cannot be read ({error.strerror or error}): give a file that `esl backup` wrote")
