"""The pytest plugin: a shop with labels for tests of a POS's own integration. docs/testing-your-pos.md

In: markers. Out: fixtures `esl_shop`, `esl_gateway`, `esl_fleet`, `esl_clock`. Rule: pytest loads this in every suite
of an environment that has the package, so it imports nothing heavy until a test asks for a shop.
"""

from collections.abc import Generator, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from simulator.world.testing import Gateway, Shelf, Shop, ShopClock, ShopPlan

MARKERS = (
    "esl_fleet(tags=20, panels='2.9-bwr', seed=1, bridges=1): the labels that hang in the shop",
    "esl_faults(loss=0.2, dead_tags=2, kill_gateway=True, ...): what goes wrong there",
    "esl_store(currency='EUR', locale='hr-HR', time_zone='Europe/Zagreb', law='hr'): how the shop writes its prices",
    "esl_time(start='2026-03-02T08:00+00:00'): when the test begins",
)
_FLEET: dict[str, Any] = {"tags": 20, "panels": "2.9-bwr", "seed": 1, "bridges": 1}
_STORE = {"currency": "currency", "locale": "locale", "time_zone": "timeZone", "law": "law"}
_open_shop: "pytest.StashKey[Shop]" = pytest.StashKey()


def pytest_configure(config: pytest.Config) -> None:
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)


@pytest.fixture
def esl_shop(request: pytest.FixtureRequest) -> "Iterator[Shop]":
    """A shop of its own: the real gateway, its labels, its time. Everything else is a part of it."""
    from simulator.world.memory_folder import memory_folder
    from simulator.world.testing import open_shop

    with memory_folder("esl-shop-") as name, open_shop(Path(name), _plan(request.node)) as shop:
        request.node.stash[_open_shop] = shop
        try:
            yield shop
        finally:
            del request.node.stash[_open_shop]


@pytest.fixture
def esl_gateway(esl_shop: "Shop") -> "Gateway":
    """Its address, the POS's token, clients; `kill()`."""
    return esl_shop.gateway


@pytest.fixture
def esl_fleet(esl_shop: "Shop") -> "Shelf":
    """The labels: `esl_fleet.glass("A-17").price()`."""
    return esl_shop.fleet


@pytest.fixture
def esl_clock(esl_shop: "Shop") -> "ShopClock":
    """The shop's time: `now()`, `sleep(minutes=10)`."""
    return esl_shop.clock


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that fails says in which shop: its seed and faults make the same one again."""
    report = yield
    shop = item.stash.get(_open_shop, None)
    if report.failed and report.when == "call" and shop is not None:
        report.sections.append(("esl shop", f"{shop.plan}\nthe shop's time: {shop.clock.now().isoformat()}"))
    return report


def _plan(node: pytest.Item) -> "ShopPlan":
    from simulator.fleet import FleetPlan
    from simulator.mix import Mix
    from simulator.world.testing import Faults, ShopPlan
    from simulator.world.testing.shop import STARTS

    fleet = _FLEET | _words(node, "esl_fleet", list(_FLEET))
    store = {_STORE[name]: value for name, value in _words(node, "esl_store", list(_STORE)).items()}
    start = _words(node, "esl_time", ["start"]).get("start", STARTS)
    try:
        starts = datetime.fromisoformat(start) if isinstance(start, str) else start
        if starts.tzinfo is None:
            raise ValueError(f"esl_time: {start} has no offset, as in 2026-03-02T08:00+01:00")
        plan = FleetPlan(
            seed=fleet["seed"], tags=fleet["tags"], bridges=fleet["bridges"], mix=Mix.parse(fleet["panels"])
        )
        return ShopPlan(plan, Faults().but(_words(node, "esl_faults", None)), store, starts)
    except ValueError as error:
        raise pytest.UsageError(f"{node.nodeid}: {error}") from None


def _words(node: pytest.Item, marker: str, known: list[str] | None) -> dict[str, Any]:
    """What all markers of that name say; the one nearest to the test wins."""
    words: dict[str, Any] = {}
    for mark in reversed(list(node.iter_markers(marker))):
        if mark.args:
            raise pytest.UsageError(
                f"{node.nodeid}: {marker} takes names, as in {marker}({(known or ['loss'])[0]}=...)"
            )
        words |= mark.kwargs
    unknown = [word for word in words if known is not None and word not in known]
    if unknown:
        raise pytest.UsageError(f"{node.nodeid}: {marker} knows no {unknown[0]!r}; it knows {', '.join(known or [])}")
    return words
