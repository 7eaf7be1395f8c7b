"""Applies a unified diff, as `git apply` would, where there may be no git.

In: the text of a patch, a folder. Out: the changed files, or `PatchWrong` and no file changed. Rule: each hunk's lines
must stand in the file just so, once; line numbers only say where to look first. What stands before the first file is
the patch's head text. Files are changed, never made or removed: a planted bug needs neither.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

_HUNK = re.compile(r"^@@ -(\d+)(?:,\d+)? \+\d+(?:,\d+)? @@")


class PatchWrong(ValueError):
    """It does not fit these files: they have changed since it was made. Make it anew."""


class Hunk(Struct, frozen=True):
    """`line`: where the old lines began when the patch was made, from 1."""

    line: int
    old: tuple[str, ...]
    new: tuple[str, ...]


class Patch(Struct, frozen=True):
    """`head`: the words before the first file; `files`: hunks by path."""

    head: str
    files: dict[str, tuple[Hunk, ...]]

    @classmethod
    def parse(cls, text: str) -> "Patch":
        """Raises PatchWrong."""
        head, *parts = re.split(r"^--- a/.*\n(?=\+\+\+ b/)", text, flags=re.MULTILINE)
        head = re.split(r"^diff --git ", head, maxsplit=1, flags=re.MULTILINE)[0]
        files = {}
        for part in parts:
            first, _, rest = part.partition("\n")
            files[first.removeprefix("+++ b/").strip()] = tuple(_hunks(rest))
        if not files:
            raise PatchWrong("it names no file")
        return cls(head.strip(), files)

    def apply(self, folder: Path) -> None:
        """Raises PatchWrong."""
        changed = {}
        for name, hunks in self.files.items():
            path = folder / name
            if not path.is_file():
                raise PatchWrong(f"there is no {name}")
            lines = path.read_text(encoding="utf-8").splitlines()
            for hunk in reversed(hunks):  # from the end, so that no hunk moves another
                start = _place_of(hunk, lines, name)
                lines[start : start + len(hunk.old)] = hunk.new
            changed[path] = "\n".join(lines) + "\n"
        for path, text in changed.items():
            path.write_text(text, encoding="utf-8")


def _hunks(text: str) -> Iterator[Hunk]:
    line, old, new = 0, list[str](), list[str]()
    for one in text.splitlines():
        if found := _HUNK.match(one):
            if old or new:
                yield Hunk(line, tuple(old), tuple(new))
            line, old, new = int(found[1]), [], []
        elif line and one[:1] in (" ", "-", "+"):
            if one[0] != "+":
                old.append(one[1:])
            if one[0] != "-":
                new.append(one[1:])
        elif line and not one:
            old.append("")
            new.append("")
        elif one.startswith("diff --git "):
            break
    if old or new:
        yield Hunk(line, tuple(old), tuple(new))


def _place_of(hunk: Hunk, lines: list[str], name: str) -> int:
    """Where the old lines stand: at the line that is named, else at the one place where they do."""
    size = len(hunk.old)
    named = hunk.line - 1
    if tuple(lines[named : named + size]) == hunk.old:
        return named
    found = [start for start in range(len(lines) - size + 1) if tuple(lines[start : start + size]) == hunk.old]
    if len(found) != 1:
        raise PatchWrong(f"the lines of line {hunk.line} stand {len(found)} times in {name}")
    return found[0]
