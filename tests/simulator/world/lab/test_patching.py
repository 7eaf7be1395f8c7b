"""A unified diff is applied whole, where its lines stand, or nothing is changed."""

import shutil
import subprocess
from pathlib import Path

import pytest

from simulator.world.lab.patching import Patch, PatchWrong

FILE = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\n"
PATCH = """A title.
More words.

diff --git a/house/room.py b/house/room.py
--- a/house/room.py
+++ b/house/room.py
@@ -1,4 +1,5 @@
 one
-two
+TWO
+two and a half
 three
 four
@@ -7,3 +8,2 @@ four
 seven
-eight
 nine
"""
AFTER = "one\nTWO\ntwo and a half\nthree\nfour\nfive\nsix\nseven\nnine\n"


@pytest.fixture
def room(tmp_path: Path) -> Path:
    (tmp_path / "house").mkdir()
    file = tmp_path / "house" / "room.py"
    file.write_text(FILE)
    return file


def test_each_hunk_finds_its_lines_also_where_others_have_come_before_them(room: Path) -> None:
    patch = Patch.parse(PATCH)
    assert patch.head == "A title.\nMore words."
    patch.apply(room.parents[1])
    assert room.read_text() == AFTER
    room.write_text("nought\n" * 3 + FILE)
    patch.apply(room.parents[1])
    assert room.read_text() == "nought\n" * 3 + AFTER


def test_it_does_what_git_does(room: Path) -> None:
    if shutil.which("git") is None:
        pytest.skip("no git here")
    subprocess.run(["git", "apply", "-"], cwd=room.parents[1], input=PATCH, text=True, check=True)
    assert room.read_text() == AFTER


@pytest.mark.parametrize("text", [FILE.replace("eight", "ate"), FILE.replace("two", "2"), "x\n" + FILE + FILE])
def test_a_patch_that_does_not_fit_changes_nothing(room: Path, text: str) -> None:
    room.write_text(text)
    with pytest.raises(PatchWrong, match=r"house/room\.py"):
        Patch.parse(PATCH).apply(room.parents[1])
    assert room.read_text() == text


def test_a_patch_of_nothing_or_of_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PatchWrong, match="no file"):
        Patch.parse("only words\n")
    with pytest.raises(PatchWrong, match=r"there is no house/room\.py"):
        Patch.parse(PATCH).apply(tmp_path)
