"""A shop in one file: whole or not at all, whatever the folder, the file or the disk is like."""

import asyncio
import fcntl
import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from shops import NOW, add_stores, make_shop, on_a_small_disk, one_line, stores_of

from gateway.access import add_store
from gateway.app.backup import take_backup
from gateway.app.backup_file import ABOUT
from gateway.app.errors import CannotBackUp
from gateway.app.restore import restore_backup
from gateway.app.shop_files import DATABASE
from gateway.database import Database


def test_a_backup_is_one_file_for_its_owner_alone_and_tar_can_open_it(shop: Path, file: Path, tmp_path: Path) -> None:
    assert file.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir() if one != shop] == [file.name]
    by_hand = tmp_path / "by-hand"
    by_hand.mkdir()
    subprocess.run(["tar", "-xzf", file, "-C", by_hand], check=True)
    about = json.loads((by_hand / ABOUT).read_text())
    assert (about["format"], about["madeAt"]) == (1, "2026-03-02T08:00:00Z")
    assert sorted(about["files"]) == ["admin.token", DATABASE, "settings.toml", "site.key"]
    assert all((one.stat().st_mode & 0o777) == 0o600 for one in by_hand.iterdir())
    for name in ("site.key", "admin.token", "settings.toml"):
        assert (by_hand / name).read_bytes() == (shop / name).read_bytes()
    assert stores_of(by_hand) == ["split", "zagreb"]


def test_a_backup_holds_what_was_answered_before_it_and_nothing_of_what_came_while_it_was_copied(
    shop: Path, tmp_path: Path
) -> None:
    """A gateway has the file open and writes on; its journal is never waited for, nor lost."""

    async def story() -> None:
        database = Database.open(shop / DATABASE)
        await database.write(lambda connection: add_store(connection, "osijek", now=NOW))
        steps: list[str] = []

        def told(doing: str, done: int, total: int) -> None:
            if doing == "copying" and "copying" not in steps:
                with closing(sqlite3.connect(shop / DATABASE)) as other:  # as the gateway's writer does at this instant
                    other.execute("UPDATE store SET store_id = 'rijeka' WHERE store_id = 'zagreb'")
                    other.commit()
            steps.append(doing)

        take_backup(shop, tmp_path / "live.esl-backup", NOW, told)
        assert list(dict.fromkeys(steps)) == ["copying", "packing"]
        await database.close()

    asyncio.run(story())
    assert stores_of(shop) == ["osijek", "rijeka", "split"]
    assert stores_of(restore_backup(tmp_path / "live.esl-backup", tmp_path / "new", NOW).folder) == [
        "osijek",
        "split",
        "zagreb",
    ]


def test_the_journal_of_a_gateway_that_was_killed_is_in_its_backup(shop: Path, tmp_path: Path) -> None:
    killed = (
        "import os, signal, sqlite3, sys\n"
        "one = sqlite3.connect(sys.argv[1])\n"
        "one.execute(\"UPDATE store SET store_id = 'pula' WHERE store_id = 'zagreb'\")\n"
        "one.commit()\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run([sys.executable, "-c", killed, str(shop / DATABASE)], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert (shop / f"{DATABASE}-wal").stat().st_size > 0
    file = take_backup(shop, tmp_path / "dead.esl-backup", NOW).file
    assert stores_of(restore_backup(file, tmp_path / "new", NOW).folder) == ["pula", "split"]


def test_the_backup_of_yesterday_is_replaced_by_todays(shop: Path, file: Path, tmp_path: Path) -> None:
    add_stores(shop, "osijek")
    take_backup(shop, file, NOW)
    assert stores_of(restore_backup(file, tmp_path / "new", NOW).folder) == ["osijek", "split", "zagreb"]


def test_what_a_killed_backup_left_is_swept_out_by_the_next(shop: Path, tmp_path: Path) -> None:
    left = tmp_path / "a.esl-backup.new"
    left.mkdir()
    (left / DATABASE).write_text("half")
    take_backup(shop, tmp_path / "a.esl-backup", NOW)
    assert not left.exists()


# No backup


def test_no_backup_is_made_of_what_is_no_shop_or_could_not_live_again(shop: Path, tmp_path: Path) -> None:
    file = tmp_path / "a.esl-backup"
    with pytest.raises(CannotBackUp, match=r"holds no shop: name the gateway's data folder") as error:
        take_backup(tmp_path / "elsewhere", file, NOW)
    one_line(error)
    (shop / "site.key").rename(tmp_path / "key")
    with pytest.raises(CannotBackUp, match=r"site\.key is missing") as error:
        take_backup(shop, file, NOW)
    one_line(error)
    (shop / "site.key").write_bytes(b"short")
    with pytest.raises(CannotBackUp, match=r"site\.key is damaged") as error:
        take_backup(shop, file, NOW)
    one_line(error)
    (tmp_path / "key").rename(shop / "site.key")
    octets = bytearray((shop / DATABASE).read_bytes())
    octets[4096 * 3 : 4096 * 40] = os.urandom(4096 * 37)
    (shop / DATABASE).write_bytes(octets)
    with pytest.raises(CannotBackUp, match=r"esl\.sqlite cannot be read: .*\. No backup was made") as error:
        take_backup(shop, file, NOW)
    one_line(error)
    assert [one.name for one in tmp_path.iterdir()] == ["shop"]


def test_a_name_that_cannot_be_written_or_must_not_is_said_and_nothing_is_touched(shop: Path, tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("my notes")
    other = take_backup(make_shop(tmp_path / "other", "pula"), tmp_path / "other.esl-backup", NOW).file
    before = other.read_bytes()
    for name, words in (
        (tmp_path / "no" / "a.esl-backup", "there is no folder .*: make it"),
        (shop / "a.esl-backup", "is in the data folder, with which it would be lost"),
        (tmp_path, "is a folder: give the name of a file in it"),
        (notes, "is no backup that may be replaced: give another name"),
        (other, "is a backup of another shop, and would be lost: give another name"),
        (Path("/proc/a.esl-backup"), "no backup was written to"),
    ):
        with pytest.raises(CannotBackUp, match=words) as error:
            take_backup(shop, name, NOW)
        one_line(error)
    assert (notes.read_text(), other.read_bytes()) == ("my notes", before)


def test_a_second_backup_to_the_same_name_is_told_to_wait(shop: Path, tmp_path: Path) -> None:
    place = tmp_path / "a.esl-backup.new"
    place.mkdir()
    descriptor = os.open(place, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with pytest.raises(CannotBackUp, match=r"another backup is being written to .*: wait for it"):
        take_backup(shop, tmp_path / "a.esl-backup", NOW)
    os.close(descriptor)
    take_backup(shop, tmp_path / "a.esl-backup", NOW)


def test_a_backup_to_a_full_disk_says_so_and_what_was_there_stays(shop: Path, file: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    old = disk / "old.esl-backup"
    backup = f"{sys.executable} -m gateway.cli backup {old} --data {shop}"
    size = file.stat().st_size + 100_000
    ended = on_a_small_disk(f"cp {file} {old} && {{ {backup}; cmp {file} {old} && ls {disk} >&2; }}", disk, size)
    words, left = ended.stderr.splitlines()  # `cmp` found no difference
    assert f"esl: the disk that holds {disk} is full: free some space, or give a name elsewhere" in words
    assert left == old.name
