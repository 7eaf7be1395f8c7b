"""A shop's floor: shelves, where bridges hang, where tags are, and what stands between the two.

In: a plan (`floor_file` reads them; `floors/` has three). Out: distances in metres, obstacles in decibels.
Rule: a plan is geometry and decibels, nothing else; which tag hangs where follows from the seed.
Figures: radio and panel facts 5.2 (shelf side 8 dB, back to back 15 dB, freezer door 10 dB, all assumed there). Assumed
here: a wave that would cross several shelves goes over them instead, so obstacles cost at most `most_db` together.
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from math import ceil, dist, sqrt

import numpy as np
from msgspec import Struct, field
from msgspec.structs import replace
from numpy.typing import NDArray

from simulator.radio.draws import Draw, spread
from simulator.radio.path_loss import Propagation


class Kind(Enum):
    """Of a shelf."""

    METAL = "metal"  # tags on one side, a sheet of metal behind them
    BACK_TO_BACK = "back_to_back"  # tags on both sides
    FREEZER = "freezer"  # tags inside, behind a door


class Point(Struct, frozen=True):
    """Metres from a corner of the shop, and above its floor."""

    x: float
    y: float
    z: float

    def distance_m(self, other: "Point") -> float:
        return dist((self.x, self.y, self.z), (other.x, other.y, other.z))


class Shelf(Struct, frozen=True):
    """A straight row, seen from above, as high as `height_m`. Tags hang `FACE_M` from its middle line."""

    name: str
    kind: Kind
    start: tuple[float, float]
    end: tuple[float, float]
    height_m: float

    @property
    def length_m(self) -> float:
        return dist(self.start, self.end)

    @property
    def sides(self) -> tuple[int, ...]:
        return (1, -1) if self.kind is Kind.BACK_TO_BACK else (1,)


class Spot(Struct, frozen=True):
    """Where one tag hangs."""

    at: Point
    shelf: Shelf


class Losses(Struct, frozen=True):
    """Decibels of what is crossed."""

    metal_db: float = 8.0
    back_to_back_db: float = 15.0
    freezer_db: float = 10.0
    most_db: float = 30.0

    def of(self, kind: Kind) -> float:
        return {
            Kind.METAL: self.metal_db,
            Kind.BACK_TO_BACK: self.back_to_back_db,
            Kind.FREEZER: self.freezer_db,
        }[kind]


Decibels = NDArray[np.float64]  # one a tag

FACE_M = 0.5
_LEVELS = 5  # boards of a shelf, from knee to eye
_LOWEST_M = 0.25


class Floor(Struct, frozen=True):
    """`bridges`: names and places. Read one with `floor_file.read_floor`."""

    name: str
    width_m: float
    depth_m: float
    ceiling_m: float
    shelves: tuple[Shelf, ...]
    bridges: Mapping[str, Point]
    losses: Losses = field(default_factory=Losses)
    propagation: Propagation = field(default_factory=Propagation)

    def spots(self, count: int, draw: Draw) -> list[Spot]:
        """So many tags, one in each equal stretch of all shelf sides, at a height and a place in it that are drawn."""
        sides = [(shelf, side) for shelf in self.shelves for side in shelf.sides]
        total_m = sum(shelf.length_m for shelf, _ in sides)
        found: list[Spot] = []
        place, passed_m = 0, 0.0
        for number in range(count):
            along_m = (number + draw(2 * number)) * total_m / count
            while place < len(sides) - 1 and along_m >= passed_m + sides[place][0].length_m:
                passed_m += sides[place][0].length_m
                place += 1
            shelf, side = sides[place]
            level = int(spread(draw, 2 * number + 1, 0, _LEVELS))
            height_m = _LOWEST_M + (shelf.height_m - 2 * _LOWEST_M) * level / (_LEVELS - 1)
            found.append(Spot(_at_side(shelf, side, along_m - passed_m, height_m), shelf))
        return found

    def between_db(self, spots: Sequence[Spot], bridge: Point) -> Decibels:
        """What stands between each tag and a bridge: its own freezer's door, and each shelf the straight line cuts
        below its top.
        """
        in_freezer = np.array([spot.shelf.kind is Kind.FREEZER for spot in spots])
        loss_db = np.where(in_freezer, self.losses.freezer_db, 0.0)
        at = np.array([(spot.at.x, spot.at.y, spot.at.z) for spot in spots]).reshape(-1, 3)
        dx, dy = bridge.x - at[:, 0], bridge.y - at[:, 1]
        for shelf in self.shelves:
            (left_x, left_y), (right_x, right_y) = shelf.start, shelf.end
            ex, ey = right_x - left_x, right_y - left_y
            fx, fy = left_x - at[:, 0], left_y - at[:, 1]
            across = dx * ey - dy * ex
            safe = np.where(across == 0, 1.0, across)
            along, on_shelf = (fx * ey - fy * ex) / safe, (fx * dy - fy * dx) / safe
            height_m = at[:, 2] + (bridge.z - at[:, 2]) * along
            cuts = (across != 0) & (along >= 0) & (along <= 1) & (on_shelf >= 0) & (on_shelf <= 1)
            loss_db += np.where(cuts & (height_m < shelf.height_m), self.losses.of(shelf.kind), 0.0)
        return np.minimum(loss_db, self.losses.most_db)

    def with_bridges(self, count: int) -> "Floor":
        """The same shop with so many bridges, at the ceiling, spread as evenly as its shape allows."""
        return replace(self, bridges=dict(_grid(self.width_m, self.depth_m, self.ceiling_m, count)))


def _grid(width_m: float, depth_m: float, height_m: float, count: int) -> Iterator[tuple[str, Point]]:
    """In rows as wide as the shop, the longer side with the more bridges; the last rows take what is left."""
    rows = max(1, min(count, round(sqrt(count * depth_m / width_m))))
    number = 0
    for row in range(rows):
        in_row = ceil((count - number) / (rows - row))
        for column in range(in_row):
            number += 1
            yield f"bridge-{number}", Point((column + 0.5) * width_m / in_row, (row + 0.5) * depth_m / rows, height_m)


def _at_side(shelf: Shelf, side: int, along_m: float, height_m: float) -> Point:
    (x1, y1), (x2, y2) = shelf.start, shelf.end
    length_m = shelf.length_m
    along_x, along_y = (x2 - x1) / length_m, (y2 - y1) / length_m
    x = x1 + along_x * along_m - side * along_y * FACE_M
    y = y1 + along_y * along_m + side * along_x * FACE_M
    return Point(x, y, height_m)
