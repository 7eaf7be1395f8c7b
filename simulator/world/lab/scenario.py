"""A scenario: how large the shop is, how long it runs, and how much of each trouble a run holds. One TOML file.

In: a file, or the name of one that ships. Out: `Scenario`. Rule: a scenario says what and how much, never when: that is
the seed's affair. A wrong file is refused with its name, the key and what is allowed there.
"""

import tomllib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

from msgspec import Struct, field

from simulator.firmware import FIRMWARES, FirmwareWrong, ensure_shares
from simulator.mix import DEFAULT_MIX, Mix
from simulator.radio.floor import Floor
from simulator.radio.floor_file import PlanWrong, read_floor

SCENARIOS = files("simulator.world") / "scenarios"


class ScenarioWrong(ValueError):
    """The file is not a scenario. `str()` names file, key and rule; mend the file."""


class Scenario(Struct, frozen=True):
    """`troubles`: of each kind, how many a run holds on average; a seed draws between none and twice as many.

    `at`: of a kind, those that every run holds besides, in hours since the first opening.
    `firmware`: the share of the tags that have each of `simulator.firmware`; the others are plain.
    `rarely`: of a kind, the share of seeds that hold any, and how many those hold.

    The shop is open for `hours` on each of `days`; the nights between are slept through in one jump of the clock.
    """

    name: str
    version: int
    about: str
    tags: int = 60
    bridges: int = 3
    products: int = 70
    mix: str = DEFAULT_MIX
    floor: str = ""  # a floor plan whose air it is (`simulator.radio.floor_file`); none: no frame is lost on the air
    contact_s: float = 60.0
    days: int = 1
    hours: float = 2.0
    start: datetime = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
    firmware: Mapping[str, float] = field(default_factory=dict)
    troubles: Mapping[str, float] = field(default_factory=dict)
    at: Mapping[str, Sequence[float]] = field(default_factory=dict)
    rarely: Mapping[str, Sequence[float]] = field(default_factory=dict)

    @property
    def kinds(self) -> list[str]:
        """Of the troubles that a run may hold."""
        return sorted({*self.troubles, *self.at, *self.rarely})

    @property
    def open_s(self) -> float:
        """Seconds of virtual time from the first opening to the last closing."""
        return self.days * self.hours * 3600.0

    def air(self) -> Floor | None:
        """The floor with this shop's bridges hung evenly. Raises PlanWrong, OSError."""
        return read_floor(self.floor).with_bridges(self.bridges) if self.floor else None


def shipped_scenarios() -> list[str]:
    """Names of those that come with the simulator."""
    return sorted(one.name.removesuffix(".toml") for one in SCENARIOS.iterdir() if one.name.endswith(".toml"))


def load_scenario(name_or_file: str, *, kinds: frozenset[str]) -> Scenario:
    """`kinds`: the troubles there are. Raises ScenarioWrong."""
    if name_or_file in shipped_scenarios():
        return _read(name_or_file, (SCENARIOS / f"{name_or_file}.toml").read_text(), kinds)
    path = Path(name_or_file)
    if not path.is_file():
        known = ", ".join(shipped_scenarios())
        raise ScenarioWrong(f"{name_or_file} is neither a file nor a scenario that ships ({known})")
    return _read(str(path), path.read_text(), kinds)


def _read(where: str, text: str, kinds: frozenset[str]) -> Scenario:
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioWrong(f"{where}: {error}") from error
    shop = _section(
        where,
        found,
        "shop",
        {"tags": int, "bridges": int, "products": int, "mix": str, "floor": str, "contact_s": float},
    )
    time = _section(where, found, "time", {"days": int, "hours": float, "start": datetime})
    firmware = _section(where, found, "firmware", dict.fromkeys(FIRMWARES, float))
    troubles = _section(where, found, "troubles", dict.fromkeys(sorted(kinds), float))
    at = _section(where, found, "at", dict.fromkeys(sorted(kinds), list))
    rarely = _section(where, found, "rarely", dict.fromkeys(sorted(kinds), list))
    head = _checked(where, "", found, {"name": str, "version": int, "about": str})
    for key in ("name", "version", "about"):
        if key not in head:
            raise ScenarioWrong(f"{where}: {key} is missing")
    scenario = Scenario(**head, **shop, **time, firmware=firmware, troubles=troubles, at=at, rarely=rarely)  # type: ignore[arg-type]  # checked key by key above
    _ensure_sizes(where, scenario)
    return scenario


def _section(where: str, found: dict[str, object], name: str, wanted: Mapping[str, type]) -> dict[str, object]:
    section = found.pop(name, {})
    if not isinstance(section, dict):
        raise ScenarioWrong(f"{where}: [{name}] is a table")
    return _checked(where, f"{name}.", section, wanted)


def _checked(where: str, prefix: str, section: Mapping[str, object], wanted: Mapping[str, type]) -> dict[str, object]:
    checked: dict[str, object] = {}
    for key, value in section.items():
        if key not in wanted:
            raise ScenarioWrong(f"{where}: {prefix}{key} is not known here; there are {', '.join(wanted)}")
        kind = wanted[key]
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise ScenarioWrong(f"{where}: {prefix}{key} is {value!r}: {kind.__name__} is wanted")
        checked[key] = value
    return checked


def _ensure_sizes(where: str, scenario: Scenario) -> None:
    for key in ("tags", "bridges", "products", "days", "hours", "contact_s"):
        if getattr(scenario, key) <= 0:
            raise ScenarioWrong(f"{where}: {key} is {getattr(scenario, key)}: above 0 is wanted")
    for kind, mean in scenario.troubles.items():
        if mean < 0:
            raise ScenarioWrong(f"{where}: troubles.{kind} is {mean}: 0 or above is wanted")
    for kind, hours in scenario.at.items():
        if not all(isinstance(hour, int | float) and 0 <= hour * 3600 <= scenario.open_s for hour in hours):
            raise ScenarioWrong(f"{where}: at.{kind} is {hours}: hours within the opening hours are wanted")
    for kind, rarely in scenario.rarely.items():
        numbers = [one for one in rarely if isinstance(one, int | float)]
        if len(numbers) != len(rarely) or len(numbers) != 2 or not 0 <= numbers[0] <= 1 or numbers[1] < 1:
            raise ScenarioWrong(f"{where}: rarely.{kind} is {rarely}: a share of seeds and a number of them are wanted")
    if scenario.start.tzinfo is None:
        raise ScenarioWrong(f"{where}: time.start wants a zone, as in 2026-03-23T06:00:00Z")
    try:
        ensure_shares(scenario.firmware)
    except FirmwareWrong as error:
        raise ScenarioWrong(f"{where}: firmware: {error}") from error
    try:
        Mix.parse(scenario.mix)
    except ValueError as error:
        raise ScenarioWrong(f"{where}: shop.mix: {error}") from error
    try:
        scenario.air()
    except (PlanWrong, OSError) as error:
        raise ScenarioWrong(f"{where}: shop.floor: {error}") from error
