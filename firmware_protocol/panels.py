"""The panel catalogue: what a kind of glass is, as its controller takes it.

Rule: `width_px` and `height_px` are the *native* scan of the controller. A label is drawn upright in landscape and
turned clockwise by `rotation` degrees to get there.
Planes, in the order black, red, yellow: native scan, most significant bit first, rows padded to whole octets with
white. Black plane: bit 1 = white, 0 = black. Red and yellow plane: bit 1 = ink. A red or yellow pixel is white in the
black plane. Figures: measured by driver authors at room temperature, energies from module data sheets.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from types import MappingProxyType


class Colours(IntEnum):
    """The inks of a glass, numbered as the Bluetooth ESL service numbers display types."""

    BW = 1
    BWR = 6
    BWY = 7
    BWRY = 8

    @property
    def plane_count(self) -> int:
        return _PLANES[self]


_PLANES = {Colours.BW: 1, Colours.BWR: 2, Colours.BWY: 2, Colours.BWRY: 3}


@dataclass(frozen=True)
class Panel:
    name: str
    width_px: int
    height_px: int
    rotation: int
    colours: Colours
    refresh_s: float  # typical, at 20 degrees Celsius
    refresh_mj: float

    @cached_property
    def row_octets(self) -> int:
        return (self.width_px + 7) // 8

    @cached_property
    def plane_octets(self) -> int:
        return self.row_octets * self.height_px

    @cached_property
    def plane_sizes(self) -> tuple[int, ...]:
        """Octets of each plane, in their order."""
        return (self.plane_octets,) * self.colours.plane_count

    @cached_property
    def label_px(self) -> tuple[int, int]:
        """Width and height of the upright label before it is turned."""
        return (self.width_px, self.height_px) if self.rotation % 180 == 0 else (self.height_px, self.width_px)

    @cached_property
    def refresh_band_s(self) -> tuple[float, float]:
        """A refresh that took less or more than this has not drawn the picture.

        Cold stretches a refresh to three times its length at 0 degrees Celsius, and a quarter is left for the glass's
        own spread; a BUSY line that is stuck or not connected ends far outside. Both ends fit the report's octet of
        half seconds.
        """
        return self.refresh_s * 0.5, self.refresh_s * 3.75


_SIZES = {  # inches: native width, native height, rotation
    "2.13": (122, 250, 90),
    "2.9": (128, 296, 90),
    "4.2": (400, 300, 0),
    "7.5": (800, 480, 0),
}
_GLASS = (  # inches, colours, refresh seconds, millijoules of a full refresh
    ("2.13", Colours.BW, 1.7, 40.0),
    ("2.13", Colours.BWR, 15.0, 396.0),
    ("2.13", Colours.BWRY, 21.4, 570.0),
    ("2.9", Colours.BW, 1.75, 60.0),
    ("2.9", Colours.BWR, 18.0, 480.0),
    ("2.9", Colours.BWRY, 22.0, 650.0),
    ("4.2", Colours.BW, 4.0, 80.0),
    ("4.2", Colours.BWR, 16.0, 396.0),
    ("4.2", Colours.BWRY, 27.7, 900.0),
    ("7.5", Colours.BW, 4.2, 132.0),
    ("7.5", Colours.BWR, 17.1, 768.0),
    ("7.5", Colours.BWRY, 20.9, 1000.0),
)


def _catalogue() -> Mapping[str, Panel]:
    rows = (
        Panel(f"{inches}-{colours.name.lower()}", *_SIZES[inches], colours, refresh_s, refresh_mj)
        for inches, colours, refresh_s, refresh_mj in _GLASS
    )
    return MappingProxyType({panel.name: panel for panel in rows})


PANELS: Mapping[str, Panel] = _catalogue()
