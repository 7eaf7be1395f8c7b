"""The fonts: which files, at which sizes, which letters they may draw, and how wide each letter is.

In: a font's name and a size in pixels. Out: a `Face` with whole-pixel advances (Pillow's BASIC layout, no kerning).
Rule: a file whose hash is not the pinned one is never drawn with, and a letter outside `cover` is refused before
drawing: FreeType would draw an empty box without a word.
"""

import functools
import hashlib
import unicodedata
from pathlib import Path

import PIL
from fontTools.ttLib import TTFont
from msgspec import Struct
from PIL import Image, ImageDraw, ImageFont, features

FOLDER = Path(__file__).parent / "fonts"

GOLDEN_PILLOW = "13.0.0"
GOLDEN_FREETYPE = "2.14.3"  # pixels follow FreeType's version; 2.13 draws most fonts differently

# Scripts whose letters stand one after the other, left to right, unjoined: what BASIC layout draws correctly.
_SCRIPTS = ("LATIN ", "GREEK ", "CYRILLIC ", "MICRO ", "FEMININE ORDINAL ", "MASCULINE ORDINAL ", "MODIFIER LETTER ")
_RIGHT_TO_LEFT = {"R", "AL", "AN", "RLE", "RLO", "RLI"}
_LETTERS, _SIGNS = ("L",), ("N", "P", "S", "Zs")
_WITHOUT_INK = frozenset("\u2800\ufffc")  # a blank Braille cell, the place of an object: signs that nobody would see

SPACER = " "


class FontFile(Struct, frozen=True):
    name: str
    file: str
    sha256: str


FONT_FILES = {
    font.name: font
    for font in (
        FontFile(
            "noto-sans", "NotoSans-Regular.ttf", "89c3c497f618fdaa0b2d1e98fef93582f28c71debd2c4a8cdf41f190ced2909d"
        ),
        FontFile(
            "noto-sans-bold", "NotoSans-Bold.ttf", "e83493c945848ecd4a9ad0f6d19164541a0d3e23a9c952304a00a46e00272ac5"
        ),
        FontFile("dejavu-sans", "DejaVuSans.ttf", "abdc775b21b1bc470d50c97e790d276f2054b7504e56e5bd3e64f48d68582322"),
        FontFile(
            "roboto-condensed-bold",
            "RobotoCondensed-Bold.ttf",
            "7f109b2b6d72e7563522d3c3d2c6c8b79ec5a711bfdf483b93e345eab5b5ef94",
        ),
    )
}


class FontChanged(RuntimeError):
    """A font file is not the one this release was made with. Reinstall; labels would not look as tested."""


class Advances(dict[str, int]):
    """Letter -> pixels to the next pen position; measured once per letter."""

    def __init__(self, font: ImageFont.FreeTypeFont) -> None:
        super().__init__()
        self._font = font

    def __missing__(self, letter: str) -> int:
        advance = round(self._font.getlength(letter))
        self[letter] = advance
        return advance


class Face:
    """One font at one size. `digit_px`: height of a digit above the baseline."""

    __slots__ = ("advances", "cover", "digit_px", "font", "name", "size")

    def __init__(self, name: str, size: int) -> None:
        self.name, self.size = name, size
        self.font = ImageFont.truetype(str(font_path(name)), size, layout_engine=ImageFont.Layout.BASIC)
        self.cover = cover(name)
        self.advances = Advances(self.font)
        _, top, _, _ = letter_raster(self, "1")[1]
        self.digit_px = -top

    def width(self, text: str) -> int:
        """Pixels from the pen before the first letter to the pen after the last; letters must be covered."""
        return sum(map(self.advances.__getitem__, text))


@functools.cache
def font_path(name: str) -> Path:
    """The font's file, its hash checked once per process. Raises `FontChanged`."""
    pinned = FONT_FILES[name]
    path = FOLDER / pinned.file
    if hashlib.sha256(path.read_bytes()).hexdigest() != pinned.sha256:
        raise FontChanged(f"{path} is not the file this release was made with; reinstall esl-gateway")
    return path


@functools.cache
def face(name: str, size: int) -> Face:
    return Face(name, size)


@functools.cache
def cover(name: str) -> frozenset[str]:
    """The letters that may be drawn with this font: it has a glyph, and BASIC layout sets the script correctly."""
    with TTFont(font_path(name), lazy=True) as font:
        letters = map(chr, font.getBestCmap())
        return frozenset(letter for letter in letters if is_plain(letter)) - _WITHOUT_INK


def is_plain(letter: str) -> bool:
    """Whether a letter stands by itself, left to right: no marks, no joining or right-to-left script, no controls."""
    category = unicodedata.category(letter)
    if unicodedata.bidirectional(letter) in _RIGHT_TO_LEFT:
        return False
    if category.startswith(_LETTERS):
        return unicodedata.name(letter, "").startswith(_SCRIPTS)
    return category.startswith(_SIGNS)


def spelled(font: ImageFont.FreeTypeFont, letter: str) -> tuple[str, int]:
    """What Pillow is asked to draw for a letter, and how far before the pen it begins: the definition of our letters.

    Behind a spacer, because Pillow moves a *first* letter that reaches left of the pen (`J`, `V`, `Æ`); alone, if all
    its ink is under the baseline (`_`), because behind a spacer Pillow then cuts its last row.
    """
    _, top, _, _ = font.getbbox(letter, mode="1", anchor="ls")
    return (letter, 0) if top >= 0 else (SPACER + letter, round(font.getlength(SPACER)))


def letter_raster(face: Face, letter: str) -> tuple[Image.Image, tuple[int, int, int, int]]:
    """A letter's pixels (mode "1", 1 = ink), and their box from the pen on the baseline: left, top, right, bottom.

    The letter is drawn as `spelled` says.
    """
    pen_x, pen_y = 2 * face.size, 2 * face.size
    canvas = Image.new("1", (6 * face.size, 4 * face.size))
    draw = ImageDraw.Draw(canvas)
    draw.fontmode = "1"
    text, back_px = spelled(face.font, letter)
    draw.text((pen_x - back_px, pen_y), text, fill=1, font=face.font, anchor="ls")
    box = canvas.getbbox()
    if box is None:
        return Image.new("1", (0, 0)), (0, 0, 0, 0)
    left, top, right, bottom = box
    return canvas.crop(box), (left - pen_x, top - pen_y, right - pen_x, bottom - pen_y)


def engine_words() -> str | None:
    """None if labels are drawn by the very engine the golden pictures were made with; else a sentence that says so."""
    freetype = features.version("freetype2")
    if (PIL.__version__, freetype) == (GOLDEN_PILLOW, GOLDEN_FREETYPE):
        return None
    return (
        f"Labels are drawn by Pillow {PIL.__version__} with FreeType {freetype}, but were tested with Pillow"
        f" {GOLDEN_PILLOW} and FreeType {GOLDEN_FREETYPE}: pixels may differ. Install the pinned wheel of Pillow."
    )
