"""Image slots: where a display's flash keeps whole pictures, and reads them back for the glass.

In: coded octets that a transfer vouched for. Out: a slot with a picture, its planes, their content id. Rule: never more
is unpacked than the panel's planes hold, whatever the stream claims; the content id is always computed from what is
read back. A tag of silicon writes row by row, with one row and the window of 512 octets in RAM; what stands in the slot
at the end, and what is refused, is the same, so this one unpacks at once.
"""

from __future__ import annotations

from msgspec import Struct

from firmware_protocol.content import content_id
from firmware_protocol.encoding import Base, Codec, unpacked
from firmware_protocol.panels import Panel


class Slot(Struct, frozen=True):
    """`content`: the name under which the picture was ordered. `octets`: the planes, one after the other."""

    content: bytes
    octets: bytes

    def planes(self, panel: Panel) -> tuple[bytes, ...]:
        size = panel.plane_octets
        return tuple(self.octets[start : start + size] for start in range(0, sum(panel.plane_sizes), size))

    def as_base(self, panel: Panel) -> Base:
        """The picture as another may be told against: by the content id of what is read back, not by its name."""
        return Base(self.read_back(panel)[1], self.octets, panel.row_octets)

    def read_back(self, panel: Panel) -> tuple[tuple[bytes, ...], bytes]:
        """The planes as the controller gets them, and the content id of just these octets."""
        planes = self.planes(panel)
        return planes, content_id(panel, planes)


def write_slot(content: bytes, panel: Panel, codec: Codec, data: bytes, base: Base | None = None) -> Slot:
    """Unpack into a slot. Raises `FieldError` if the octets are not exactly the panel's planes."""
    return Slot(content, unpacked(codec, data, sum(panel.plane_sizes), base))
