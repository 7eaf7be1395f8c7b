"""The fast painter: each plane is one Python int, each letter an int that is shifted into place.

In: a panel and marks. Out: planes as the controller takes them. Rule: it draws what `reference` draws, pixel for
pixel; a test holds both to it. Bits are in the panel's own scan, the last pixel is bit 0: a pixel's place is one
number, and moving a letter on the upright label is one addition, on a turned panel too. Letters are turned when they
are first met, frames never.
"""

import functools
from collections.abc import Sequence
from typing import NamedTuple

from PIL import Image

from firmware_protocol import Panel
from gateway.labels.fontbook import Face, letter_raster
from gateway.labels.marks import Fill, Ink, Mark, Mosaic, Run, Strip

WORDS_REMEMBERED = 20_000  # a price list of 10,950 products has 13,152 words in one size

_TURNS = {  # clockwise degrees -> Pillow's counterclockwise transposition
    90: Image.Transpose.ROTATE_270,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_90,
}


class Stamp(NamedTuple):
    """Pixels as an int, the place of its bit 0 as seen from the pen, and how far the pen moves."""

    bits: int
    offset: int
    advance_px: int


class Letters:
    """The letters of one face on one canvas, rastered and turned when first met. `boxes`: of their ink, from the pen.

    `reach`: how far the ink of those met goes left of the pen, above the baseline (both negative), past its advance,
    below the baseline.
    """

    __slots__ = ("_canvas", "boxes", "face", "reach", "stamps")

    def __init__(self, canvas: "Canvas", face: Face) -> None:
        self.face = face
        self.stamps: dict[str, Stamp] = {}
        self.boxes: dict[str, tuple[int, int, int, int]] = {}
        self.reach = (0, 0, 0, 0)
        self._canvas = canvas

    def meet(self, letter: str) -> Stamp:
        raster, box = letter_raster(self.face, letter)
        left, top, right, bottom = self.boxes[letter] = box
        advance_px = self.face.advances[letter]
        least_left, least_top, most_right, most_bottom = self.reach
        self.reach = (
            min(least_left, left),
            min(least_top, top),
            max(most_right, right - advance_px),
            max(most_bottom, bottom),
        )
        stamp = self.stamps[letter] = self._canvas.stamp(raster, (left, top), advance_px)
        return stamp


class Canvas:
    """The geometry of one size of glass, and the letters already met on it."""

    def __init__(self, width_px: int, height_px: int, rotation: int) -> None:
        self.width, self.height = (width_px, height_px) if rotation % 180 == 0 else (height_px, width_px)
        self.stride = (width_px + 7) // 8 * 8
        self.size_bits = self.stride * height_px
        self.all_ones = (1 << self.size_bits) - 1
        self.rotation = rotation
        self.origin = self._place(0, 0, width_px, height_px)
        self.step_x = self._place(1, 0, width_px, height_px) - self.origin
        self.step_y = self._place(0, 1, width_px, height_px) - self.origin
        self._letters: dict[Face, Letters] = {}
        self._patterns: dict[tuple[int, int], dict[str, Stamp]] = {}
        self._word = functools.lru_cache(maxsize=WORDS_REMEMBERED)(self._compose)
        self._fill = functools.lru_cache(maxsize=4096)(self._rectangle)

    def _place(self, x: int, y: int, width_px: int, height_px: int) -> int:
        """The bit of upright pixel (x, y)."""
        scan_x, scan_y = {
            0: (x, y),
            90: (width_px - 1 - y, x),
            180: (width_px - 1 - x, height_px - 1 - y),
            270: (y, height_px - 1 - x),
        }[self.rotation]
        return self.size_bits - 1 - (scan_y * self.stride + scan_x)

    def paint(self, mark: Mark) -> int:
        """The pixels of a mark as a whole plane."""
        if isinstance(mark, Run):
            return self._run(mark)
        if isinstance(mark, Fill):
            return self._fill(mark.x, mark.y, mark.width, mark.height)
        bits, offset = self._strip(mark) if isinstance(mark, Strip) else self._mosaic(mark)
        return bits << (self.origin + mark.x * self.step_x + mark.y * self.step_y + offset)

    def _run(self, run: Run) -> int:
        face, text, x, y, _, number = run
        letters = self._letters.get(face)
        if letters is None:
            letters = self._letters[face] = Letters(self, face)
        bits, offset, advance_px = self._compose(letters, text) if number else self._line(letters, text)
        shift = self.origin + x * self.step_x + y * self.step_y + offset
        left, top, right, bottom = letters.reach
        if x + left < 0 or y + top < 0 or x + advance_px + right > self.width or y + bottom > self.height:
            return self._near_edge(letters, text, x, y, bits, shift)
        return bits << shift

    def _line(self, letters: Letters, text: str) -> Stamp:
        """A line of words, each remembered: names repeat words, numbers do not."""
        words = text.split(" ")
        if len(words) == 1:
            return self._word(letters, text)
        space_px = letters.face.advances[" "]
        step_x = self.step_x
        bits, lowest, pen_px = 0, 0, 0
        for word in words:
            if word:
                some, offset, advance_px = self._word(letters, word)
                offset += pen_px * step_x
                if offset >= lowest:
                    bits |= some << (offset - lowest)
                else:
                    bits = bits << (lowest - offset) | some
                    lowest = offset
                pen_px += advance_px
            pen_px += space_px
        return Stamp(bits, lowest, pen_px - space_px)

    def _compose(self, letters: Letters, text: str) -> Stamp:
        step_x, known = self.step_x, letters.stamps
        bits, lowest, pen_px = 0, 0, 0
        for letter in text:
            some, offset, advance_px = known.get(letter) or letters.meet(letter)
            offset += pen_px * step_x
            pen_px += advance_px
            if offset >= lowest:
                bits |= some << (offset - lowest)
            else:
                bits = bits << (lowest - offset) | some
                lowest = offset
        return Stamp(bits, lowest, pen_px)

    def _near_edge(self, letters: Letters, text: str, x: int, y: int, bits: int, shift: int) -> int:
        """Letters that may reach over the panel's edge (an accent on an accent): those that do are cut at it."""
        pens = []
        inside = True
        for letter in text:
            stamp = letters.stamps.get(letter) or letters.meet(letter)
            left, top, right, bottom = letters.boxes[letter]
            inside = inside and x + left >= 0 and y + top >= 0 and x + right <= self.width and y + bottom <= self.height
            pens.append(x)
            x += stamp.advance_px
        if inside:
            return bits << shift
        picture = Image.new("1", (self.width, self.height))
        for letter, pen_x in zip(text, pens, strict=True):
            raster, (left, top, _, _) = letter_raster(letters.face, letter)
            picture.paste(1, (pen_x + left, y + top), mask=raster)
        bits, offset, _ = self.stamp(picture, (0, 0))
        return bits << (self.origin + offset)

    def _rectangle(self, x: int, y: int, width: int, height: int) -> int:
        across, down = (width, height) if self.rotation % 180 == 0 else (height, width)
        row = (1 << across) - 1
        bits = 0
        for _ in range(down):
            bits = bits << self.stride | row
        return bits << (self.origin + self._lowest(x, y, x + width, y + height))

    def _strip(self, strip: Strip) -> tuple[int, int]:
        known = self._patterns.setdefault((strip.height, strip.module_px), {})
        step_x = self.step_x
        bits, lowest, pen_px = 0, 0, 0
        for pattern in strip.patterns:
            some, offset, advance_px = known.get(pattern) or known.setdefault(pattern, self._pattern(pattern, strip))
            offset += pen_px * step_x
            pen_px += advance_px
            if offset >= lowest:
                bits |= some << (offset - lowest)
            else:
                bits = bits << (lowest - offset) | some
                lowest = offset
        return bits, lowest

    def _pattern(self, pattern: str, strip: Strip) -> Stamp:
        module_px = strip.module_px
        bars = Image.new("1", (len(pattern) * module_px, strip.height))
        for place, module in enumerate(pattern):
            if module == "1":
                bars.paste(1, (place * module_px, 0, (place + 1) * module_px, strip.height))
        return self.stamp(bars, (0, 0))

    def _mosaic(self, mosaic: Mosaic) -> tuple[int, int]:
        rows, module_px = mosaic.rows, mosaic.module_px
        symbol = Image.new("1", (len(rows[0]), len(rows)))
        symbol.putdata([module for row in rows for module in row])
        bits, offset, _ = self.stamp(symbol.resize((len(rows[0]) * module_px, len(rows) * module_px)), (0, 0))
        return bits, offset

    def stamp(self, upright: Image.Image, corner: tuple[int, int], advance_px: int | None = None) -> Stamp:
        """A mode "1" image whose top left stands at `corner` from the pen, turned into this canvas's scan."""
        width, height = upright.size
        advance_px = width if advance_px is None else advance_px
        if not width:
            return Stamp(0, 0, advance_px)
        turned = upright.transpose(_TURNS[self.rotation]) if self.rotation else upright
        row_octets = (turned.width + 7) // 8
        octets = turned.tobytes()
        pad = row_octets * 8 - turned.width
        bits = 0
        for start in range(0, len(octets), row_octets):
            bits = bits << self.stride | int.from_bytes(octets[start : start + row_octets], "big") >> pad
        x, y = corner
        return Stamp(bits, self._lowest(x, y, x + width, y + height), advance_px)

    def _lowest(self, left: int, top: int, right: int, bottom: int) -> int:
        """The last pixel of a box in scan order, as seen from the pen: its place has the lowest bit."""
        return min(x * self.step_x + y * self.step_y for x in (left, right - 1) for y in (top, bottom - 1))


@functools.cache
def canvas_of(width_px: int, height_px: int, rotation: int) -> Canvas:
    return Canvas(width_px, height_px, rotation)


def paint(panel: Panel, marks: Sequence[Mark]) -> tuple[bytes, ...]:
    """The planes of a panel, black first. Marks of one ink that follow each other are laid down at once."""
    canvas = canvas_of(panel.width_px, panel.height_px, panel.rotation)
    planes = [0, 0, 0]
    ink, pixels = Ink.BLACK, 0
    for mark in marks:
        mark_ink = mark.ink if isinstance(mark, (Run, Fill)) else Ink.BLACK  # a union type is made anew each time
        if mark_ink is not ink:
            _lay(planes, ink, pixels)
            ink, pixels = mark_ink, 0
        pixels |= canvas.paint(mark)
    _lay(planes, ink, pixels)
    octets = panel.plane_octets
    black = (canvas.all_ones ^ planes[Ink.BLACK]).to_bytes(octets, "big")
    return (black, *(plane.to_bytes(octets, "big") for plane in planes[1 : len(panel.plane_sizes)]))


def _lay(planes: list[int], ink: Ink, pixels: int) -> None:
    """Cover what was there: a pixel has one ink or none."""
    if not pixels:
        return
    for other in (Ink.BLACK, Ink.RED, Ink.YELLOW):
        if other is ink:
            planes[other] |= pixels
        elif planes[other]:
            planes[other] &= ~pixels
