"""Contents as PNG, by their name. Drawn once, kept for the next reader."""

from collections import OrderedDict

from firmware_protocol import PANELS, Codec, decode
from gateway.console.pages.limits import PICTURES_KEPT
from gateway.database import Database
from gateway.labels import preview_png
from gateway.shelf import content_of


class Pictures:
    """A bounded cache over the contents' table."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kept: OrderedDict[bytes, bytes] = OrderedDict()

    async def png(self, content_id: bytes) -> bytes | None:
        """Upright, in the inks of real glass; None for a content we do not have."""
        if content_id in self._kept:
            self._kept.move_to_end(content_id)
            return self._kept[content_id]
        found = await self._database.read(lambda connection: content_of(connection, [content_id]))
        if content_id not in found:
            return None
        panel, deflated = found[content_id]
        png = preview_png(panel, decode(Codec.DEFLATE, deflated, PANELS[panel].plane_sizes))
        self._kept[content_id] = png
        if len(self._kept) > PICTURES_KEPT:
            self._kept.popitem(last=False)
        return png
