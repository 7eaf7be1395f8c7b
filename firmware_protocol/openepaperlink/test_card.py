"""A picture that shows at a glance whether a tag draws as the file of its type says: upright, each ink in its plane.

In: a tag type. Out: planes of its panel. Rule: drawn upright and turned only then, so that a wrong rotation or a
swapped plane is seen on the glass.
Upper half, from the left: an arrow that points up, the type's number, a checkerboard. Lower half: a band of each ink,
in the order black, red, yellow. Around it all a border of one pixel: what it lacks, the glass has cut off.
"""

from __future__ import annotations

from firmware_protocol.openepaperlink.tag_type import TagType

_PAPER = ord("W")
_MARGIN_SHARE = 16  # of the shorter side
_COLUMNS = 3  # in the upper half
_DIGIT_WIDTH, _DIGIT_HEIGHT = 3, 5
_NUMBER_WIDTH = 2 * _DIGIT_WIDTH + 1
_DIGITS = {  # rows from the top, leftmost pixel first
    "0": "111 101 101 101 111",
    "1": "010 110 010 010 111",
    "2": "111 001 111 100 111",
    "3": "111 001 111 001 111",
    "4": "101 101 111 001 001",
    "5": "111 100 111 001 111",
    "6": "111 100 111 101 111",
    "7": "111 001 001 010 010",
    "8": "111 101 111 101 111",
    "9": "111 101 111 001 111",
    "a": "111 101 111 101 101",
    "b": "100 100 111 101 111",
    "c": "111 100 100 100 111",
    "d": "001 001 111 101 111",
    "e": "111 100 111 100 111",
    "f": "111 100 111 100 100",
}


def test_card(tag_type: TagType) -> tuple[bytes, ...]:
    """Black, then each further ink, as the panel takes them."""
    canvas = _Canvas(tag_type.width_px, tag_type.height_px)
    margin = max(1, min(canvas.width, canvas.height) // _MARGIN_SHARE)
    canvas.border()
    column = (canvas.width - (2 + _COLUMNS - 1 + 2) * margin) // _COLUMNS  # two margins at either side, one between
    size = min(canvas.height // 2 - 3 * margin, column)
    left, top = 2 * margin, 2 * margin
    scale = min(size // _DIGIT_HEIGHT, column // _NUMBER_WIDTH)
    canvas.arrow(left, top, size)
    canvas.number(f"{tag_type.hw_type:02x}", left + column + margin, top, scale)
    canvas.checkerboard(left + 2 * (column + margin), top, column, size, margin)
    inks = tag_type.colours[1:]
    band = (canvas.height // 2 - 2 * margin) // len(inks)
    for place, ink in enumerate(inks):
        canvas.fill(left, canvas.height // 2 + place * band, canvas.width - 4 * margin, band, ink)
    pixels = _turned(canvas, tag_type.panel.rotation)
    return (_plane(pixels, tag_type.colours.replace("K", "")), *(_plane(pixels, ink) for ink in inks[1:]))


class _Canvas:
    """One letter of `TagType.colours` a pixel. What lies outside is not drawn."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.pixels = bytearray((_PAPER,)) * (width * height)

    def fill(self, left: int, top: int, width: int, height: int, ink: str = "K") -> None:
        right = min(left + width, self.width)
        for y in range(top, min(top + height, self.height)):
            self.pixels[y * self.width + left : y * self.width + right] = ink.encode() * max(0, right - left)

    def border(self) -> None:
        self.fill(0, 0, self.width, 1)
        self.fill(0, self.height - 1, self.width, 1)
        self.fill(0, 0, 1, self.height)
        self.fill(self.width - 1, 0, 1, self.height)

    def arrow(self, left: int, top: int, size: int) -> None:
        for row in range(size):
            half = row // 2
            self.fill(left + size // 2 - half, top + row, 2 * half + 1, 1)

    def number(self, digits: str, left: int, top: int, scale: int) -> None:
        for digit in digits:
            for y, row in enumerate(_DIGITS[digit].split()):
                for x, is_ink in enumerate(row):
                    if is_ink == "1":
                        self.fill(left + x * scale, top + y * scale, scale, scale)
            left += (_DIGIT_WIDTH + 1) * scale

    def checkerboard(self, left: int, top: int, width: int, height: int, cell: int) -> None:
        for down in range(height // cell):
            for across in range(down % 2, width // cell, 2):
                self.fill(left + across * cell, top + down * cell, cell, cell)


def _turned(canvas: _Canvas, rotation: int) -> bytes:
    """Row by row, the picture turned clockwise by `rotation` degrees."""
    upright, width, height = bytes(canvas.pixels), canvas.width, canvas.height
    if rotation % 180 == 0:
        return upright if rotation == 0 else upright[::-1]
    # Clockwise by 90: the leftmost column, from its foot, is the first row.
    rows = b"".join(upright[(height - 1) * width + x :: -width] for x in range(width))
    return rows if rotation == 90 else rows[::-1]


def _plane(pixels: bytes, colours: str) -> bytes:
    """Bit 1 where a pixel has one of the `colours`."""
    bits = bytes(ord("1") if chr(octet) in colours else ord("0") for octet in range(256))
    return int(pixels.translate(bits), 2).to_bytes(len(pixels) // 8, "big")
