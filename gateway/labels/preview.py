"""Pictures for people: what a panel's planes look like, upright and in the greys and inks of real glass.

In: a panel's name and planes. Out: a PNG. Rule: inks as measured on glass (epaper-dithering 6.1.1), not pure red.
"""

import io
from collections.abc import Sequence

from PIL import Image

from firmware_protocol.glasses import panel_named

PAPER_RGB = (200, 200, 200)
INKS_RGB = ((5, 5, 5), (120, 15, 5), (200, 180, 0))  # black, red, yellow


def preview_image(panel: str, planes: Sequence[bytes]) -> Image.Image:
    """Mode "RGB", upright. Raises `ValueError` for planes that are not this panel's."""
    glass = panel_named(panel)
    native = (glass.width_px, glass.height_px)
    picture = Image.new("RGB", native, PAPER_RGB)
    for place, plane in enumerate(planes):
        if len(plane) != glass.plane_octets:
            raise ValueError(f"a plane of {len(plane)} octets is not one of {panel}: {glass.plane_octets}")
        ink = Image.frombytes("1", native, plane)
        if place == 0:  # black plane: 1 is white
            ink = ink.point(lambda pixel: not pixel)
        picture.paste(INKS_RGB[place], mask=ink)
    return picture.rotate(glass.rotation, expand=True)


def preview_png(panel: str, planes: Sequence[bytes], scale: int = 1) -> bytes:
    """A PNG of `scale` pixels a pixel."""
    picture = preview_image(panel, planes)
    if scale != 1:
        picture = picture.resize((picture.width * scale, picture.height * scale), Image.Resampling.NEAREST)
    out = io.BytesIO()
    picture.convert("P", palette=Image.Palette.ADAPTIVE, colors=8).save(out, "PNG", optimize=False)
    return out.getvalue()
