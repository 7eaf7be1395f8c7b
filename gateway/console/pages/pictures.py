"""Contents as PNG, by their name. Drawn once, kept for the next reader.

Rule: the picture says what the glass shows, in the inks of real glass, and nothing of what it should show.
"""

import io
from collections import OrderedDict

from PIL import Image
from sqlalchemy import Connection

from firmware_protocol import Codec, decode
from firmware_protocol.glasses import panel_named
from gateway.console.pages.limits import PICTURES_KEPT
from gateway.database import Database
from gateway.labels.preview import INKS_RGB, PAPER_RGB
from gateway.shelf import content_of

_PALETTE = [octet for colour in (PAPER_RGB, *INKS_RGB) for octet in colour]
_BITS = 2  # paper and at most three inks


class Pictures:
    """A bounded cache over the contents' table."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kept: OrderedDict[bytes, bytes] = OrderedDict()

    async def png(self, content_id: bytes) -> bytes | None:
        """Upright; None for a content we do not have."""
        if content_id in self._kept:
            self._kept.move_to_end(content_id)
            return self._kept[content_id]

        def draw(connection: Connection) -> bytes | None:
            # On the reader's thread: a wall that opens asks for hundreds at once, and requests must go on meanwhile.
            found = content_of(connection, [content_id]).get(content_id)
            return png_of(*found) if found is not None else None

        png = await self._database.read(draw)
        if png is not None:
            self._kept[content_id] = png
            if len(self._kept) > PICTURES_KEPT:
                self._kept.popitem(last=False)
        return png


def png_of(panel: str, deflated: bytes) -> bytes:
    """From planes as they travel. `gateway.labels.preview_png` shows the same pixels, four times as slowly."""
    glass = panel_named(panel)
    native = (glass.width_px, glass.height_px)
    picture = Image.new("P", native, 0)
    picture.putpalette(_PALETTE)
    for place, plane in enumerate(decode(Codec.DEFLATE, deflated, glass.plane_sizes)):
        ink = Image.frombytes("1", native, plane)
        picture.paste(place + 1, mask=ink.point(lambda pixel: not pixel) if place == 0 else ink)
    out = io.BytesIO()
    picture.rotate(glass.rotation, expand=True).save(out, "PNG", bits=_BITS, compress_level=6)
    return out.getvalue()
