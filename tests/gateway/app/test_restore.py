"""A shop lives again from a file: from a whole one alone, and never halved, wherever it is cut off."""

import gzip
import io
import json
import os
import shutil
import sqlite3
import sys
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from shops import NOW, add_stores, make_shop, next_number, on_a_small_disk, one_line, state_of, stores_of

from gateway.access import RESTORE_JUMP, restore_clock_s
from gateway.app import shop_files
from gateway.app.backup import take_backup
from gateway.app.backup_file import ABOUT
from gateway.app.data_folder import DataFolder
from gateway.app.errors import CannotBackUp, CannotRestore
from gateway.app.restore import restore_backup
from gateway.app.shop_files import DATABASE

Spoil = Callable[[Path], None]


def test_a_restored_shop_is_the_one_of_the_backup_with_its_numbers_stepped_and_its_files_for_its_owner(
    shop: Path, file: Path, tmp_path: Path
) -> None:
    restored = restore_backup(file, tmp_path / "new" / "place", NOW)
    assert restored.kept is None
    assert sorted(state_of(restored.folder)) == ["admin.token", DATABASE, "settings.toml", "site.key"]
    for one in restored.folder.iterdir():
        assert one.stat().st_mode & 0o777 == 0o600
    assert (restored.folder / "site.key").read_bytes() == (shop / "site.key").read_bytes()
    assert stores_of(restored.folder) == ["split", "zagreb"]
    assert next_number(restored.folder, "split") == restore_clock_s(NOW) * RESTORE_JUMP > next_number(shop, "split")


# What is no backup, or none any more


def repacked(path: Path, change: Callable[[str, bytes], bytes]) -> None:
    """The same archive, each of its files changed."""
    with tarfile.open(path) as tar:
        members = [(one.name, (tar.extractfile(one) or io.BytesIO()).read()) for one in tar]
    with tarfile.open(path, "w:gz") as tar:
        for name, octets in members:
            found = change(name, octets)
            member = tarfile.TarInfo(name)
            member.size = len(found)
            tar.addfile(member, io.BytesIO(found))


def about_with(**changes: object) -> Spoil:
    def spoil(path: Path) -> None:
        repacked(
            path, lambda name, octets: json.dumps(json.loads(octets) | changes).encode() if name == ABOUT else octets
        )

    return spoil


def cut_to(share: float) -> Spoil:
    def spoil(path: Path) -> None:
        os.truncate(path, int(path.stat().st_size * share))

    return spoil


def flipped_at(share: float) -> Spoil:
    def spoil(path: Path) -> None:
        octets = bytearray(path.read_bytes())
        octets[int(len(octets) * share)] ^= 0x10
        path.write_bytes(octets)

    return spoil


def other_content(path: Path) -> None:
    """Well packed, and yet not what the list says: a site key of as many octets."""
    repacked(path, lambda name, octets: bytes(len(octets)) if name == "site.key" else octets)


def without_its_end(path: Path) -> None:
    """Each file is there, and gzip's own sum is not."""
    os.truncate(path, path.stat().st_size - 8)


def written(octets: bytes) -> Spoil:
    def spoil(path: Path) -> None:
        path.write_bytes(octets)

    return spoil


NO_BACKUP = "is no backup, or its beginning is damaged: give a file that `esl backup` wrote"
DAMAGED = r"is damaged or cut off \(.*\): copy it again"
NEWER = r"was made by a newer esl-gateway \(.*\): restore it with that version"


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (written(b""), NO_BACKUP),
        (written(b"a letter to my aunt"), NO_BACKUP),
        (written(gzip.compress(b"a packed letter to my aunt")), NO_BACKUP),
        (written(b"SQLite format 3\0" + bytes(4080)), NO_BACKUP),
        (cut_to(0.001), NO_BACKUP),
        (cut_to(0.5), DAMAGED),
        (cut_to(0.999), DAMAGED),
        (without_its_end, DAMAGED),
        (flipped_at(0.5), DAMAGED),
        (other_content, DAMAGED),
        (about_with(files={}), DAMAGED),
        (about_with(files={"../../escaped": {"octets": 1, "sha256": ""}}), DAMAGED),
        (about_with(format=2, version="9.0.0"), NEWER),
        (about_with(schema="9999_of_tomorrow", version="9.0.0"), NEWER),
        (Path.unlink, r"cannot be read \(No such file or directory\)"),
    ],
    ids=[
        "empty",
        "text",
        "gzip",
        "database",
        "cut off at once",
        "cut off",
        "cut off at its end",
        "without its end",
        "flipped",
        "other content",
        "nothing listed",
        "a path listed",
        "newer format",
        "newer schema",
        "not there",
    ],
)
def test_a_file_that_is_no_whole_backup_changes_nothing_and_is_said_in_one_line(
    shop: Path, file: Path, tmp_path: Path, spoil: Spoil, words: str
) -> None:
    before = state_of(shop)
    spoil(file)
    for folder in (shop, tmp_path / "new"):
        with pytest.raises(CannotRestore, match=words) as error:
            restore_backup(file, folder, NOW, force=True)
        assert str(file) in one_line(error)
    assert state_of(shop) == before
    assert not (tmp_path / "new").exists() or state_of(tmp_path / "new") == {}


@pytest.mark.parametrize("eighth", range(1, 8))
def test_a_backup_cut_off_anywhere_is_never_taken_for_a_whole_one(file: Path, tmp_path: Path, eighth: int) -> None:
    cut_to(eighth / 8)(file)
    with pytest.raises(CannotRestore):
        restore_backup(file, tmp_path / "new", NOW)
    assert state_of(tmp_path / "new") == {}


def test_a_database_within_that_a_newer_version_wrote_is_refused_by_what_it_says_of_itself(
    shop: Path, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(shop / DATABASE)) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999_of_tomorrow'")
        database.commit()
    with pytest.raises(CannotBackUp, match=r"newer esl-gateway"):
        take_backup(shop, tmp_path / "a.esl-backup", NOW)
    assert [one.name for one in tmp_path.iterdir()] == ["shop"]


# Where it may not go


def test_a_folder_that_holds_a_shop_is_left_alone_unless_told_and_its_shop_is_kept(
    shop: Path, file: Path, tmp_path: Path
) -> None:
    add_stores(shop, "osijek")
    before = state_of(shop)
    with pytest.raises(CannotRestore, match=r"holds a shop already: give an empty folder .* or --force") as error:
        restore_backup(file, shop, NOW)
    one_line(error)
    assert state_of(shop) == before
    (shop / "ports.json").write_text("{}")
    restored = restore_backup(file, shop, NOW, force=True)
    assert stores_of(shop) == ["split", "zagreb"]
    assert not (shop / "ports.json").exists(), "the backup had none"
    assert restored.kept == shop / "replaced.20260302T080000Z"
    assert stores_of(restored.kept) == ["osijek", "split", "zagreb"]
    assert (restored.kept / "site.key").read_bytes() == (shop / "site.key").read_bytes()
    again = restore_backup(file, shop, NOW, force=True)
    assert again.kept == shop / "replaced.20260302T080000Z-2"


def test_a_backup_of_another_shop_never_takes_the_place_of_this_one(file: Path, tmp_path: Path) -> None:
    other = make_shop(tmp_path / "other", "pula")
    before = state_of(other)
    with pytest.raises(CannotRestore, match=r"is of another shop than .* holds .*: give that shop's backup") as error:
        restore_backup(file, other, NOW, force=True)
    one_line(error)
    assert state_of(other) == before


def test_nothing_is_restored_under_a_running_gateway(shop: Path, file: Path) -> None:
    running = DataFolder.open(shop)
    before = state_of(shop)
    words = rf"another gateway \(process {os.getpid()}\) runs on .*: stop it"
    with pytest.raises(CannotRestore, match=words) as error:
        restore_backup(file, shop, NOW, force=True)
    one_line(error)
    assert state_of(shop) == before
    running.close()


class PowerGone(Exception):
    """Whatever runs ends here."""


@pytest.mark.parametrize("step", range(16))
def test_a_restore_that_is_cut_off_at_any_step_leaves_the_old_shop_or_the_new_one(
    shop: Path, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """Power is lost at each rename, and before each removal of what was left."""
    add_stores(shop, "osijek")
    steps = iter(range(100))

    def or_power_gone(work: Callable[..., object]) -> Callable[..., object]:
        def wrapped(*args: object, **options: object) -> object:
            if next(steps) >= step:
                raise PowerGone
            return work(*args, **options)

        return wrapped

    with monkeypatch.context() as patched:
        for name in ("rename", "replace"):
            patched.setattr(Path, name, or_power_gone(getattr(Path, name)))
        patched.setattr(shop_files.shutil, "rmtree", or_power_gone(shutil.rmtree))
        try:
            restore_backup(file, shop, NOW, force=True)
            was_cut_off = False
        except PowerGone:
            was_cut_off = True
        assert was_cut_off or step > 8
        decided = was_cut_off and any(shop.glob("restore.decided.*"))
    if decided:
        with pytest.raises(CannotBackUp, match=r"a restore of .* was cut off: start `esl serve`"):
            take_backup(shop, tmp_path / "half.esl-backup", NOW)
    DataFolder.open(shop).close()  # as each start does
    old, new = ["osijek", "split", "zagreb"], ["split", "zagreb"]
    assert stores_of(shop) == (new if decided or not was_cut_off else old)
    left = {one.name for one in shop.iterdir()} - {"lock", "replaced.20260302T080000Z"}
    assert left == {"admin.token", DATABASE, "settings.toml", "site.key"}
    if stores_of(shop) == new:
        assert stores_of(shop / "replaced.20260302T080000Z") == old


def test_a_restore_to_a_full_disk_says_so_and_leaves_nothing(file: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    restore = f"{sys.executable} -m gateway.cli restore {file} --data {disk}/shop"
    ended = on_a_small_disk(f"{{ {restore}; ls {disk}/shop; }}", disk, 200_000)
    assert ended.stderr.count("\n") == 1
    assert f"esl: the disk that holds {disk}/shop is full: free some space" in ended.stderr
    assert ended.stdout.split() == ["lock"]
