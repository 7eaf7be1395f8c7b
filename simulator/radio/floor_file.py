"""A floor plan as a TOML file.

In: a file, or the name of a plan that ships. Out: a `Floor`. Rule: read strictly, each entry capped, and named in what
is wrong with it. The format, by example: `floors/corner-shop.toml`.
"""

import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from simulator.radio.floor import Floor, Kind, Losses, Point, Shelf
from simulator.radio.path_loss import Propagation

SHIPPED = ("corner-shop", "supermarket", "hypermarket")
SHELVES_MAX, BRIDGES_MAX = 2_000, 500  # of a shop of 30,000 square metres


class PlanWrong(ValueError):
    """Not a floor plan. `str()` says which entry, and what is wrong with it."""


def read_floor(where: str) -> Floor:
    """A file, or the name of a plan that ships. Raises `PlanWrong`, `OSError`."""
    if where in SHIPPED:
        return parse_floor(files("simulator.radio").joinpath("floors", f"{where}.toml").read_text("utf-8"))
    try:
        return parse_floor(Path(where).read_text("utf-8"))
    except UnicodeDecodeError:
        raise PlanWrong(f"{where} is not UTF-8") from None


def parse_floor(text: str) -> Floor:
    """Raises `PlanWrong`."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PlanWrong(f"not TOML: {error}") from None
    return _floor(table)


def _floor(table: Mapping[str, Any]) -> Floor:
    _only(table, {"name", "width_m", "depth_m", "ceiling_m", "propagation", "losses", "shelf", "bridge"}, "the plan")
    width_m, depth_m = (_number(table, side, "the plan", 1, 1000) for side in ("width_m", "depth_m"))
    ceiling_m = _number(table, "ceiling_m", "the plan", 2, 30)
    shelves = [_shelf(one, place) for place, one in enumerate(_tables(table, "shelf", SHELVES_MAX), start=1)]
    if not shelves:
        raise PlanWrong("the plan has no [[shelf]]")
    for shelf in shelves:
        for x, y in (shelf.start, shelf.end):
            if not (0 <= x <= width_m and 0 <= y <= depth_m):
                raise PlanWrong(f"shelf {shelf.name!r} is at {x}, {y}: outside the shop")
    bridges: dict[str, Point] = {}
    for place, one in enumerate(_tables(table, "bridge", BRIDGES_MAX), start=1):
        where = f"bridge {place}"
        _only(one, {"name", "at", "height_m"}, where)
        name = one.get("name", f"bridge-{place}")
        if not isinstance(name, str) or name in bridges:
            raise PlanWrong(f"{where}: the name {name!r} is no text, or given twice")
        height_m = _number(one, "height_m", where, 0, 30, ceiling_m)
        bridges[name] = Point(*_pair(one, "at", where), height_m)
    losses = _numbers(table, "losses", {"metal_db", "back_to_back_db", "freezer_db", "most_db"})
    fades = _numbers(table, "propagation", {"exponent", "sigma_db", "packet_sigma_db", "at_1m_db", "correlated"})
    name = str(table.get("name", "a shop"))
    propagation = Propagation(**fades)
    return Floor(name, width_m, depth_m, ceiling_m, tuple(shelves), bridges, Losses(**losses), propagation)


def _shelf(table: Mapping[str, Any], place: int) -> Shelf:
    where = f"shelf {place}"
    _only(table, {"name", "kind", "from", "to", "height_m"}, where)
    kinds = [kind.value for kind in Kind]
    if table.get("kind") not in kinds:
        raise PlanWrong(f"{where}: kind is {table.get('kind')!r}, not one of {', '.join(kinds)}")
    start, end = _pair(table, "from", where), _pair(table, "to", where)
    if start == end:
        raise PlanWrong(f"{where}: it begins where it ends")
    height_m = _number(table, "height_m", where, 0.6, 10, 2.0)
    return Shelf(str(table.get("name", where)), Kind(table["kind"]), start, end, height_m)


def _tables(table: Mapping[str, Any], name: str, at_most: int) -> Sequence[Mapping[str, Any]]:
    found = table.get(name, [])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found) or len(found) > at_most:
        raise PlanWrong(f"{name} is written as [[{name}]], at most {at_most} times")
    return found


def _only(table: Mapping[str, Any], known: set[str], where: str) -> None:
    if unknown := sorted(set(table) - known):
        raise PlanWrong(f"{where}: {unknown[0]!r} is not one of {', '.join(sorted(known))}")


def _number(
    table: Mapping[str, Any], name: str, where: str, low: float, high: float, default: float | None = None
) -> float:
    value = table.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise PlanWrong(f"{where}: {name} is {value!r}, not a number from {low} to {high}")
    return float(value)


def _numbers(table: Mapping[str, Any], name: str, known: set[str]) -> dict[str, float]:
    found = table.get(name, {})
    if not isinstance(found, dict):
        raise PlanWrong(f"{name} is written as [{name}]")
    _only(found, known, name)
    return {key: _number(found, key, name, 0, 100) for key in found}


def _pair(table: Mapping[str, Any], name: str, where: str) -> tuple[float, float]:
    value = table.get(name)
    if not isinstance(value, list) or len(value) != 2 or not all(isinstance(one, int | float) for one in value):
        raise PlanWrong(f"{where}: {name} is {value!r}, not two numbers of metres")
    return float(value[0]), float(value[1])
