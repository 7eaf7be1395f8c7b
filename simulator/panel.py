"""A glass: what it shows, how long a refresh takes, and how a refresh goes wrong.

In: the planes a controller was filled with, the temperature, chance. Out: a `Refresh` to be ended or cut.
Rule: the glass changes only here, and only by a refresh; what it shows is judged by its planes, never by what was sent.
Figures: radio and panel facts 6 and 10.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cache

from msgspec import Struct

from firmware_protocol import Panel
from simulator.chance import Chance

# Room at or above 15 degrees changes nothing; below, the controller chooses a slower waveform.
_SLOWER_BELOW_C = ((0.0, 3.0), (5.0, 2.0), (10.0, 1.5), (15.0, 1.0))
SPREAD = 0.06  # one glass of a kind differs from the next, and a refresh from the one before it
BUSY_MISSING_S = 0.004  # an unconnected BUSY line "ends" below 10 ms
BUSY_SHORT_SHARE = 0.2  # of the typical time: well below every band
BUSY_STUCK_SHARE = 1.25  # of the band's upper end: when the tag's driver gives up waiting
FLASH_STARTS_SHARE = 0.03  # of a refresh: the booster rises, the glass is still the old one


class Fate(Enum):
    """How a refresh goes, as the tag's driver sees it on the BUSY line."""

    OK = "ok"
    BUSY_MISSING = "busy_missing"  # nothing was drawn, and BUSY never rose
    BUSY_SHORT = "busy_short"  # BUSY fell too early: the drawing was cut off
    BUSY_LONG = "busy_long"  # drawn, but BUSY never fell
    BROWN_OUT = "brown_out"  # the cell gave way: the tag reboots half-way


class RefreshRates(Struct, frozen=True):
    """How often a refresh goes wrong, each as a probability."""

    busy_missing: float = 0.0
    busy_short: float = 0.0
    busy_long: float = 1e-5
    brown_out: float = 0.0

    def draw(self, chance: Chance) -> Fate:
        ticket = chance.random()
        for fate, rate in (
            (Fate.BUSY_LONG, self.busy_long),
            (Fate.BUSY_MISSING, self.busy_missing),
            (Fate.BUSY_SHORT, self.busy_short),
            (Fate.BROWN_OUT, self.brown_out),
        ):
            if ticket < rate:
                return fate
            ticket -= rate
        return Fate.OK


class Refresh(Struct, frozen=True):
    """`busy_s` is what the driver measures; `drawn_share` of the picture has got onto the glass by then."""

    planes: tuple[bytes, ...]
    fate: Fate
    busy_s: float
    drawn_share: float
    energy_mj: float


def temperature_factor(temperature_c: float) -> float:
    """How much longer a refresh takes than at room temperature; between the known points in a straight line."""
    low_c, low = _SLOWER_BELOW_C[0]
    if temperature_c <= low_c:
        return low
    for high_c, high in _SLOWER_BELOW_C[1:]:
        if temperature_c <= high_c:
            return low + (high - low) * (temperature_c - low_c) / (high_c - low_c)
        low_c, low = high_c, high
    return 1.0


@cache
def white(panel: Panel) -> tuple[bytes, ...]:
    """A glass as it leaves the factory."""
    return (b"\xff" * panel.plane_octets, *(bytes(size) for size in panel.plane_sizes[1:]))


@dataclass(slots=True)
class Glass:
    """One piece of glass. `refreshes` counts every time the ink was moved, whole or not; `busy_s` is of the last one.

    What no electronics perceive changes `seen` alone: `built_as`, another glass behind the panel that the tag declares
    (of which only the refresh time tells); `dead_rows`, which never take ink; `blotch`, rows damaged after they were
    drawn, until the next refresh. Rows as (first, behind the last).
    """

    panel: Panel
    planes: tuple[bytes, ...] = ()
    refreshes: int = 0
    busy_s: float | None = None
    refresh: Refresh | None = field(default=None)
    built_as: Panel | None = None
    dead_rows: tuple[int, int] = (0, 0)
    blotch: tuple[int, int] = (0, 0)

    @property
    def seen(self) -> tuple[bytes, ...]:
        """The planes as a shopper sees them: dead and blotched rows white, colours that the glass lacks not there."""
        plane_count = self.panel.colours.plane_count if self.built_as is None else self.built_as.colours.plane_count
        blank, row = white(self.panel), self.panel.row_octets
        seen = [plane if place < plane_count else blank[place] for place, plane in enumerate(self.planes)]
        for first, end in (self.dead_rows, self.blotch):
            seen = [
                plane[: first * row] + paper[first * row : end * row] + plane[end * row :]
                for plane, paper in zip(seen, blank, strict=True)
            ]
        return tuple(seen)

    def __post_init__(self) -> None:
        if not self.planes:
            self.planes = white(self.panel)

    def begin(self, planes: Sequence[bytes], temperature_c: float, chance: Chance, fate: Fate = Fate.OK) -> Refresh:
        """Start drawing; the caller ends it after `busy_s`, or cuts it."""
        if tuple(map(len, planes)) != self.panel.plane_sizes:
            raise ValueError(f"planes of {tuple(map(len, planes))} octets on a {self.panel.name}")
        factor = temperature_factor(temperature_c)
        whole_s = (self.built_as or self.panel).refresh_s * factor * (1 + SPREAD * (2 * chance.random() - 1))
        busy_s, share = {
            Fate.OK: (whole_s, 1.0),
            Fate.BUSY_MISSING: (BUSY_MISSING_S, 0.0),
            Fate.BUSY_SHORT: (self.panel.refresh_s * BUSY_SHORT_SHARE, BUSY_SHORT_SHARE),
            Fate.BUSY_LONG: (self.panel.refresh_band_s[1] * BUSY_STUCK_SHARE, 1.0),
            Fate.BROWN_OUT: (whole_s * (cut := 0.1 + 0.8 * chance.random()), cut),
        }[fate]
        self.refresh = Refresh(tuple(planes), fate, busy_s, share, self.panel.refresh_mj * factor * share)
        return self.refresh

    def end(self) -> Refresh:
        """The refresh is over by itself, well or badly: the glass shows as much of it as was drawn."""
        return self._finish(self.refresh.drawn_share if self.refresh else 0.0)

    def cut(self, share: float) -> Refresh:
        """Power fails when `share` of the refresh has passed: a half-drawn picture stays."""
        return self._finish(min(share, self.refresh.drawn_share if self.refresh else 0.0))

    def _finish(self, share: float) -> Refresh:
        if self.refresh is None:
            raise ValueError("no refresh is under way on this glass")
        done, self.refresh = self.refresh, None
        self.busy_s = done.busy_s
        if share >= FLASH_STARTS_SHARE:
            self.refreshes += 1
            self.blotch = (0, 0)
            self.planes = done.planes if share >= 1.0 else self._half_drawn(done.planes, share)
        return done

    def _half_drawn(self, planes: tuple[bytes, ...], share: float) -> tuple[bytes, ...]:
        """Black and white appear from the top line down; the colours come in the second half, or not at all."""
        if self.panel.colours.plane_count == 1:
            return (self._upper(planes[0], self.planes[0], share),)
        black = self._upper(planes[0], self.planes[0], min(1.0, share * 2))
        nothing = bytes(self.panel.plane_octets)
        return (black, *(self._upper(plane, nothing, max(0.0, share * 2 - 1)) for plane in planes[1:]))

    def _upper(self, new: bytes, old: bytes, share: float) -> bytes:
        cut = int(self.panel.height_px * share) * self.panel.row_octets
        return new[:cut] + old[cut:]
