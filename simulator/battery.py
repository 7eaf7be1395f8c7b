"""A coin cell, or several: what is left, and what its voltage does under load.

In: charges in microcoulombs, time, temperature. Out: millivolts, open and under load.
Rule: simple and honest: charge is only ever taken, and a tired cell fails in the refresh, not in the radio.
Figures: radio and panel facts 7; the curve of the inner resistance is assumed there.
"""

from dataclasses import dataclass, field

from msgspec import Struct

SLEEP_UA = 2.9  # sleep with clock 1.2, panel and flash leakage 1.0, the cell's own discharge 0.7
POLL_UC = 109.0  # one check-in: 5 ms of processor, 0.8 ms sending, 3 ms listening
TRAIN_UC = 8.0  # one event of a train (PAwR): wake, listen, at times answer
PART_UC = 111.0  # one part: 5.06 ms of listening at 22 mA
SEALED_UC = 25.0  # sending one sealed answer
NVM_RECORD_UC = 6.0  # appending 32 octets
REFRESH_PEAK_MA = 20.0  # what the capacitor of the booster leaves for the cell to carry
BROWN_OUT_V = 1.8
LOW_V = 2.45

_USABLE_SHARE = 0.85
_FLAT_UNTIL = 0.85  # of the charge used: open voltage 3.0 V, then in a line to 2.0 V
OPEN_V, _EMPTY_V = 3.0, 2.0
_OHM = ((0.0, 12.0), (0.80, 40.0), (0.95, 100.0), (1.0, 100.0))
_COLD_FACTOR = ((-20.0, 4.0), (0.0, 2.0), (20.0, 1.0))


class Cell(Struct, frozen=True):
    name: str
    capacity_mah: float


CR2450 = Cell("CR2450", 600.0)
CR2477 = Cell("CR2477", 1000.0)
# A larger glass has a larger case, and its refresh a larger appetite.
CELLS_BY_INCHES = {"2.13": (CR2450, 1), "2.9": (CR2450, 2), "4.2": (CR2477, 2), "7.5": (CR2477, 4)}


@dataclass(slots=True)
class Battery:
    """`count` cells side by side. `used_uc` is what was taken from them all."""

    cell: Cell
    count: int = 1
    used_uc: float = 0.0
    capacity_uc: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.capacity_uc = self.cell.capacity_mah * self.count * _USABLE_SHARE * 3.6e6

    @property
    def used_share(self) -> float:
        return min(1.0, self.used_uc / self.capacity_uc)

    def spend(self, microcoulombs: float) -> None:
        self.used_uc += microcoulombs

    def sleep(self, seconds: float) -> None:
        self.used_uc += SLEEP_UA * seconds

    def follow_train(self, seconds: float, interval_s: float) -> None:
        """Wake for each event of a train."""
        self.used_uc += TRAIN_UC * seconds / interval_s

    def refresh(self, energy_mj: float) -> None:
        self.used_uc += energy_mj / OPEN_V * 1000.0

    def open_v(self) -> float:
        used_share = self.used_share
        if used_share <= _FLAT_UNTIL:
            return OPEN_V
        return OPEN_V - (OPEN_V - _EMPTY_V) * (used_share - _FLAT_UNTIL) / (1 - _FLAT_UNTIL)

    def load_v(self, milliamperes: float, temperature_c: float) -> float:
        """Voltage while this current flows; below `BROWN_OUT_V` the tag resets."""
        ohm = _between(_OHM, self.used_share) * _between(_COLD_FACTOR, temperature_c) / self.count
        return self.open_v() - milliamperes / 1000.0 * ohm

    def millivolts(self) -> int:
        """As the tag's own converter reads it, at rest."""
        return round(self.open_v() * 1000)

    def browns_out(self, temperature_c: float) -> bool:
        return self.load_v(REFRESH_PEAK_MA, temperature_c) < BROWN_OUT_V


def _between(points: tuple[tuple[float, float], ...], at: float) -> float:
    """The value at `at` on straight lines through `points`, level beyond both ends."""
    left_x, left_y = points[0]
    if at <= left_x:
        return left_y
    for right_x, right_y in points[1:]:
        if at <= right_x:
            return left_y + (right_y - left_y) * (at - left_x) / (right_x - left_x)
        left_x, left_y = right_x, right_y
    return left_y
