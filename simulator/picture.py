"""A glass as a person sees it: upright, in the colours of its inks.

In: planes as a controller takes them. Out: a PNG of one pixel a pixel.
Rule: made from the planes alone, and from no code of the gateway, so that it can bear witness.
"""

import io
from collections.abc import Sequence

from PIL import Image

from firmware_protocol import Colours, Panel

WHITE, BLACK, RED, YELLOW = 0, 1, 2, 3
_INKS_RGB = (255, 255, 255, 0, 0, 0, 200, 16, 32, 240, 190, 0)  # in the order of the four numbers above
_COLOUR_INKS = {
    Colours.BW: (),
    Colours.BWR: (RED,),
    Colours.BWY: (YELLOW,),
    Colours.BWRY: (RED, YELLOW),
}


def image(planes: Sequence[bytes], panel: Panel) -> Image.Image:
    """The glass as a palette image. Raises `ValueError` for planes that are not this panel's."""
    if tuple(map(len, planes)) != panel.plane_sizes:
        raise ValueError(f"planes of {tuple(map(len, planes))} octets on a {panel.name}")
    size = (panel.width_px, panel.height_px)
    native = Image.new("P", size, BLACK)
    native.putpalette(_INKS_RGB)
    native.paste(WHITE, (0, 0), _mask(planes[0], panel))
    for ink, plane in zip(_COLOUR_INKS[panel.colours], planes[1:], strict=True):
        native.paste(ink, (0, 0), _mask(plane, panel))
    # The label was turned clockwise to fit the controller's scan: turn it back.
    return native.rotate(panel.rotation, expand=True)


def _mask(plane: bytes, panel: Panel) -> Image.Image:
    wide = Image.frombytes("1", (panel.row_octets * 8, panel.height_px), plane)
    return wide.crop((0, 0, panel.width_px, panel.height_px))


def png(planes: Sequence[bytes], panel: Panel) -> bytes:
    """The glass as the octets of a PNG file."""
    file = io.BytesIO()
    image(planes, panel).save(file, "PNG", bits=2, compress_level=3)
    return file.getvalue()
