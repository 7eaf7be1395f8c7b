"""The files that make a shop, by name, and how a restored shop takes the place of another so that none is ever halved.

In: a data folder, a folder within it that holds a whole restored shop. Out: the shop in its place, the old one kept
beside it. Rule: one rename decides (`decide`); whatever is cut off after it, the next who opens the folder goes on
(`finish`), and whatever is cut off before it has changed nothing.
"""

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

DATABASE, SITE_KEY, ADMIN_TOKEN, PORTS = "esl.sqlite", "site.key", "admin.token", "ports.json"
SETTINGS = "settings.toml"
# What lives again must have; what it may have.
NEEDED, OPTIONAL = (DATABASE, SITE_KEY), (ADMIN_TOKEN, SETTINGS, PORTS)
SHOP = (*NEEDED, *OPTIONAL)

STAGE = "restore.new"
_DECIDED, _KEPT = "restore.decided.", "replaced."
_JOURNALS = (f"{DATABASE}-wal", f"{DATABASE}-shm")
_NAMES = "names"  # which files the restored shop has: those it has not are taken away, too


def holds_a_shop(folder: Path) -> bool:
    return any((folder / name).exists() for name in NEEDED)


def is_half_restored(folder: Path) -> bool:
    """A restore was cut off after it was decided: the next start finishes it."""
    return any(folder.glob(_DECIDED + "*"))


def decide(folder: Path, now: datetime) -> Path:
    """What stands in `STAGE` is the folder's shop from now on. Gives where the old one is kept, if there is one."""
    stage = folder / STAGE
    (stage / _NAMES).write_text("\n".join(name for name in SHOP if (stage / name).exists()))
    for file in stage.iterdir():
        sync(file)
    sync(stage)
    stamp = first = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    number = 1
    while (folder / (_KEPT + stamp)).exists():
        number += 1
        stamp = f"{first}-{number}"
    stage.rename(folder / (_DECIDED + stamp))
    sync(folder)
    return folder / (_KEPT + stamp)


def finish(folder: Path) -> None:
    """Put a shop that was decided on in its place. Every step may be cut off and done again."""
    shutil.rmtree(folder / STAGE, ignore_errors=True)
    for decided in sorted(folder.glob(_DECIDED + "*")):
        kept = folder / (_KEPT + decided.name.removeprefix(_DECIDED))
        if (decided / _NAMES).exists():
            names = (decided / _NAMES).read_text().split()
            for name in (*SHOP, *_JOURNALS):
                is_old = name not in names or (decided / name).exists()
                if is_old and (folder / name).exists():
                    kept.mkdir(mode=0o700, exist_ok=True)
                    (folder / name).replace(kept / name)
            for name in sorted(names, key=lambda name: name == DATABASE):  # without its database it is no shop yet
                if (decided / name).exists():
                    (decided / name).rename(folder / name)
            sync(folder)
            if kept.exists():
                sync(kept)
        shutil.rmtree(decided)


def sync(path: Path) -> None:
    """What the file or folder holds now survives a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
