"""Data folders with a shop in them, and disks that are too small for one."""

import asyncio
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.access import add_store, list_stores, take_accepted_seqs
from gateway.app.data_folder import DataFolder, load_keys
from gateway.app.errors import CannotBackUp, CannotRestore
from gateway.app.shop_files import DATABASE
from gateway.database import Database
from gateway.ports import SystemSecrets

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def make_shop(folder: Path, *stores: str) -> Path:
    """A data folder as `esl serve` leaves it."""
    DataFolder.open(folder).close()
    load_keys(folder, SystemSecrets())
    add_stores(folder, *stores)
    return folder


def add_stores(folder: Path, *stores: str) -> None:
    async def story() -> None:
        database = Database.open(folder / DATABASE, threads=False)
        for store in stores:
            await database.write(lambda connection, store=store: add_store(connection, store, now=NOW))  # type: ignore[misc]
        await database.close()

    asyncio.run(story())


def stores_of(folder: Path) -> list[str]:
    async def story() -> list[str]:
        database = Database.open(folder / DATABASE, threads=False)
        found = await database.read(list_stores)
        await database.close()
        return [one.store_id for one in found]

    return asyncio.run(story())


def next_number(folder: Path, store: str) -> int:
    async def story() -> int:
        database = Database.open(folder / DATABASE, threads=False)
        found = await database.write(lambda connection: take_accepted_seqs(connection, store, 1))
        await database.close()
        return found

    return asyncio.run(story())


def state_of(folder: Path) -> dict[str, bytes]:
    """Everything that the folder holds, but for who locked it last."""
    return {
        str(one.relative_to(folder)): one.read_bytes()
        for one in sorted(folder.rglob("*"))
        if one.is_file() and one.name != "lock"
    }


def one_line(error: pytest.ExceptionInfo[CannotBackUp] | pytest.ExceptionInfo[CannotRestore]) -> str:
    words = str(error.value)
    assert "\n" not in words
    return words


def on_a_small_disk(command: str, disk: Path, octets: int) -> subprocess.CompletedProcess[str]:
    """Run a shell command that finds a disk of so many octets at `disk`."""
    if shutil.which("unshare") is None:
        pytest.skip("a small disk needs Linux's unshare")
    disk.mkdir()
    mount = f"mount -t tmpfs -o size={octets} tmpfs {disk}"
    if subprocess.run(["unshare", "-rm", "sh", "-c", mount], capture_output=True, check=False).returncode != 0:
        pytest.skip("a small disk needs the right to make a mount namespace")
    return subprocess.run(
        ["unshare", "-rm", "sh", "-c", f"{mount} && {command}"], capture_output=True, text=True, check=False
    )
