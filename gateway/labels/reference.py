"""The plain painter: the oracle by which a glass is judged. Pillow draws each mark on upright pictures, one per ink.

In: what `render` takes. Out: what `render` gives, pixel for pixel. Rule: nothing here is remembered, packed by hand or
quick, and nothing of `planes` is used; only the layout (which mark stands where) is the same.
"""

from collections.abc import Sequence

from PIL import Image, ImageDraw

from firmware_protocol import Panel
from gateway.labels.fontbook import spelled
from gateway.labels.ladder import draw_with_fallbacks
from gateway.labels.marks import Fill, Ink, Mark, Mosaic, Run, Strip
from gateway.labels.request import Drawn, LabelRequest

INK, BLANK = 1, 0


def render(request: LabelRequest) -> Drawn:
    """As `gateway.labels.render`, slowly."""
    return draw_with_fallbacks(request, paint)


def paint(panel: Panel, marks: Sequence[Mark]) -> tuple[bytes, ...]:
    inks = [Ink.BLACK, Ink.RED, Ink.YELLOW]
    pictures = {ink: Image.new("1", panel.label_px, BLANK) for ink in inks}
    for mark in marks:
        mark_ink = mark.ink if isinstance(mark, Run | Fill) else Ink.BLACK
        for ink, picture in pictures.items():
            _draw(picture, mark, INK if ink is mark_ink else BLANK)
    black, *colours = (_turned(pictures[ink], panel.rotation) for ink in inks[: panel.colours.plane_count])
    white = Image.new("1", black.size, 1)
    white.paste(0, mask=black)
    return (_packed(white, panel, pad=1), *(_packed(colour, panel, pad=0) for colour in colours))


def _draw(picture: Image.Image, mark: Mark, fill: int) -> None:
    draw = ImageDraw.Draw(picture)
    draw.fontmode = "1"
    match mark:
        case Run(face, text, x, y, _, _):
            for letter in text:
                spelling, back_px = spelled(face.font, letter)
                draw.text((x - back_px, y), spelling, fill=fill, font=face.font, anchor="ls")
                x += round(face.font.getlength(letter))
        case Fill(x, y, width, height, _):
            draw.rectangle((x, y, x + width - 1, y + height - 1), fill=fill)
        case Strip(x, y, height, module_px, patterns):
            for place, module in enumerate("".join(patterns)):
                if module == "1":
                    left = x + place * module_px
                    draw.rectangle((left, y, left + module_px - 1, y + height - 1), fill=fill)
        case Mosaic(x, y, module_px, rows):
            for down, row in enumerate(rows):
                for across, dark in enumerate(row):
                    if dark:
                        left, top = x + across * module_px, y + down * module_px
                        draw.rectangle((left, top, left + module_px - 1, top + module_px - 1), fill=fill)


def _turned(upright: Image.Image, rotation: int) -> Image.Image:
    return upright.rotate(-rotation, expand=True)


def _packed(picture: Image.Image, panel: Panel, pad: int) -> bytes:
    """Rows of whole octets, most significant bit first, the rest of the last octet filled with `pad`."""
    whole = Image.new("1", (panel.row_octets * 8, panel.height_px), pad)
    whole.paste(picture, (0, 0))
    return whole.tobytes()
