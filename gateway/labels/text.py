"""Letters: what is cleaned before drawing, what is refused, and how a text is cut into lines.

In: text as the row gave it. Out: clean text, or lines that fit a width. Rule: a letter no font here has is refused by
name, and a line breaks only at a space, a hyphen or a slash, never between a number and its unit.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from gateway.labels.fontbook import Face, is_plain
from gateway.labels.money import NBSP
from gateway.labels.request import Refused

ELLIPSIS = "…"

_NUMBER_AND_UNIT = re.compile(r"(?<=\d) (?=(?:kg|dag|g|mg|l|L|dl|cl|ml|m|cm|mm|kom|kos|szt|Stk|St|pcs|pc|x|×|%|€)\b)")
_BREAKS = re.compile(r"[^ /-]*[/-]+(?=[^\d /-])|[^ ]+? |[^ ]+")
_DROPPED = {"Cc", "Cf", "Cs", "Co", "Cn"}


def clean(text: str) -> str:
    """NFC, one kind of space, no controls, no direction marks, no soft hyphens; numbers bound to their units."""
    text = unicodedata.normalize("NFC", text)
    if not text.isprintable():
        text = "".join(letter for letter in text if letter.isspace() or unicodedata.category(letter) not in _DROPPED)
    text = " ".join(text.split())
    return _NUMBER_AND_UNIT.sub(NBSP, text)


class Type:
    """A chain of faces at one size: the first that has a letter draws it."""

    __slots__ = ("faces", "size")

    def __init__(self, faces: tuple[Face, ...]) -> None:
        self.faces = faces
        self.size = faces[0].size

    def runs(self, text: str, field: str) -> list[tuple[Face, str]]:
        """The text in pieces of one face each. Raises `Refused` with the letter that no face has."""
        first = self.faces[0]
        if set(text) <= first.cover:
            return [(first, text)]
        runs: list[tuple[Face, str]] = []
        for letter in text:
            face = self._face_of(letter, field)
            if runs and runs[-1][0] is face:
                runs[-1] = (face, runs[-1][1] + letter)
            else:
                runs.append((face, letter))
        return runs

    def width(self, text: str, field: str) -> int:
        first = self.faces[0]
        if set(text) <= first.cover:
            return first.width(text)
        return sum(face.width(part) for face, part in self.runs(text, field))

    def _face_of(self, letter: str, field: str) -> Face:
        for face in self.faces:
            if letter in face.cover:
                return face
        why = "no font here has" if is_plain(letter) else "is of a script this release cannot set"
        raise Refused(field, f"U+{ord(letter):04X} {letter} {why}")


class Word(NamedTuple):
    """A piece that stays whole, with the space, hyphen or slash it ends with. `trimmed_px`: without that space."""

    text: str
    px: int
    trimmed_px: int


def measured_words(text: str, type_: Type, field: str) -> list[Word]:
    """The text in breakable pieces; widths add up, because BASIC layout has whole-pixel advances and no kerning."""
    first = type_.faces[0]
    plain = set(text) <= first.cover
    space_px = first.advances[" "]
    words = []
    for piece in _BREAKS.findall(text):
        px = first.width(piece) if plain else type_.width(piece, field)
        words.append(Word(piece, px, px - space_px if piece.endswith(" ") else px))
    return words


def wrap(words: Sequence[Word], width_px: int, lines_most: int) -> list[tuple[str, int]] | None:
    """The words in at most `lines_most` lines of `width_px`, greedily, each with its width; None if they do not fit."""
    lines: list[tuple[str, int]] = []
    line, pen_px, line_px = "", 0, 0
    for text, px, trimmed_px in words:
        if pen_px + trimmed_px > width_px:
            if not line or len(lines) == lines_most - 1 or trimmed_px > width_px:
                return None
            lines.append((line.rstrip(" "), line_px))
            line, pen_px = "", 0
        line += text
        line_px = pen_px + trimmed_px
        pen_px += px
    return [*lines, (line.rstrip(" "), line_px)]


def cut(text: str, type_: Type, field: str, width_px: int, lines_most: int) -> list[tuple[str, int]]:
    """As many whole words as fit, then an ellipsis; a first word that is too long by itself is cut inside."""
    words = measured_words(text, type_, field)
    for count in range(len(words) - 1, 0, -1):
        last = words[count - 1].text.rstrip(" -/,.") + ELLIPSIS
        last_px = type_.width(last, field)
        lines = wrap([*words[: count - 1], Word(last, last_px, last_px)], width_px, lines_most)
        if lines is not None:
            return lines
    kept = words[0].text.rstrip(" ")
    while kept and type_.width(kept + ELLIPSIS, field) > width_px:
        kept = kept[:-1]
    return [(kept + ELLIPSIS, type_.width(kept + ELLIPSIS, field))]
