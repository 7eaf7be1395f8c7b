"""The pytest plugin, as somebody meets it who tests a POS: in a folder of their own, in a process of its own."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "testing-your-pos.md").read_text(encoding="utf-8")
WITHIN_S = 120
# Plugins of our own environment that only take time here.
WITHOUT = [
    f"-pno:{name}" for name in ("hypothesispytest", "schemathesis", "xdist", "xdist.looponfail", "anyio", "faker")
]

Suite = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    """Run this text as somebody's test file; warnings are errors there."""

    def run(text: str, *options: str, hash_seed: str = "0") -> "subprocess.CompletedProcess[str]":
        (tmp_path / "test_pos.py").write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-W", "error", "-pno:cacheprovider", "--strict-markers", *WITHOUT]
        return subprocess.run(
            [*command, *options, "test_pos.py"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
            check=False,
        )

    return run


def test_the_tests_on_the_page_pass_as_they_stand_there(suite: Suite) -> None:
    examples = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    done = suite("\n".join(examples))
    assert done.returncode == 0, done.stdout
    assert f"{''.join(examples).count('def test_')} passed" in done.stdout


def test_a_failure_shows_what_the_glass_shows_and_which_shop_it_was(suite: Suite) -> None:
    done = suite("""
from decimal import Decimal
import pytest

@pytest.mark.esl_fleet(tags=3, seed=7)
@pytest.mark.esl_faults(loss=0.1)
def test_price(esl_shop):
    esl_shop.bind("A-2", "77")
    esl_shop.client().post("/add", json=[{"barcode": "77", "name": "Kruh", "price": "1.99"}])
    esl_shop.until_proved()
    assert esl_shop.fleet.glass("A-2").price() == Decimal("2.99")
""")
    assert done.returncode == 1, done.stdout
    assert "assert Decimal('1.99') == Decimal('2.99')" in done.stdout
    assert "<glass A-2>" in done.stdout
    assert "seed=7, 3 tags (2.9-bwr first); faults: loss=0.1" in done.stdout


def test_every_error_says_what_to_do_next(suite: Suite) -> None:
    done = suite("""
import re
import pytest
from simulator.world.testing import FaultUnknown, LabelUnknown, NoPrice, NotBound, NotProved

def says(error, *words):
    return pytest.raises(error, match=".*".join(map(re.escape, words)))

@pytest.mark.esl_fleet(tags=3)
def test_errors(esl_shop):
    glass = esl_shop.fleet.glass("A-1")
    with says(LabelUnknown, "'A-9'", "A-1 to A-3", "esl_fleet(tags=...)"):
        esl_shop.fleet.glass("A-9")
    with says(NoPrice, "A-1", "never refreshed", "bound to nothing", "esl_shop.bind('A-1', barcode)"):
        glass.price()
    with says(NotProved, "no label is bound"):
        esl_shop.until_proved()
    with says(FaultUnknown, "'los'", "did you mean loss?"):
        esl_shop.faults(los=0.5)
    with says(FaultUnknown, "0 to 1"):
        esl_shop.faults(loss=7)
    with says(NotBound, "A-1 cannot be bound to a, b, c, d, e, f, g"):
        esl_shop.client().post("/add", json=[{"barcode": code, "name": code, "price": "1"} for code in "abcdefg"])
        esl_shop.bind("A-1", *"abcdefg")
    esl_shop.bind("A-1", "77")
    with says(NoPrice, "never refreshed", "bound to 77", "has the POS sent that?"):
        glass.price()
    with says(NotProved, "A-1: waits for 77, which the POS has not sent"):
        esl_shop.until_proved(minutes=2)
    esl_shop.client().post("/add", json=[{"barcode": "77", "name": "Kruh", "price": "0"}])
    esl_shop.until_proved()
    with says(NoPrice, "Price at the till"):
        glass.price()
    esl_shop.unbind("A-1")
    esl_shop.sleep(minutes=10)
    with says(NoPrice, "without a product", "bound to nothing"):
        glass.price()
    with says(RuntimeError, "within `shop.run(...)` only await"):
        async def asks():
            esl_shop.unproved()
        esl_shop.run(asks())
""")
    assert done.returncode == 0, done.stdout


def test_a_marker_that_cannot_be_meant_is_refused_with_what_can(suite: Suite) -> None:
    done = suite("""
import pytest

@pytest.mark.esl_fleet(tag=3)
def test_fleet(esl_shop): pass

@pytest.mark.esl_fleet(panels="9.9-bw")
def test_panels(esl_shop): pass

@pytest.mark.esl_faults(dead_tag=1)
def test_faults(esl_shop): pass

@pytest.mark.esl_time(start="2026-03-02T08:00")
def test_time(esl_shop): pass
""")
    assert "4 errors" in done.stdout, done.stdout
    for words in ("esl_fleet knows no 'tag'; it knows tags,", "no panel is called '9.9-bw'", "did you mean dead_tags?"):
        assert words in done.stdout
    assert "has no offset" in done.stdout


def test_each_fault_has_its_effect_and_the_same_seed_has_the_same(suite: Suite) -> None:
    """Twice, in processes that order their sets differently; what they print must be the same to the last pixel."""
    text = """
import hashlib
import httpx
import pytest

def digest(shop):
    pictures = b"".join(shop.fleet.glass(label).picture().tobytes() for label in shop.fleet.labels)
    return hashlib.sha256(pictures).hexdigest()

def rows(price):
    return [{"barcode": str(number), "name": f"Article {number}", "price": price} for number in range(8)]

@pytest.mark.esl_fleet(tags=8, panels="2.13-bw:2,4.2-bwr:1", seed=11)
class TestFaults:
    @pytest.mark.esl_faults(dead_tags=2, loss=0.3, radio_loss=0.05)
    def test_dead_and_lossy(self, esl_shop):
        client = esl_shop.client()
        client.post("/add", json=rows("1.29"))
        assert len(esl_shop.bind_all()) == 8
        esl_shop.until_proved(*esl_shop.fleet.labels[2:], minutes=60)
        waiting = esl_shop.unproved()
        assert list(waiting) == ["A-1", "A-2"]
        assert "its tag is dead" in waiting["A-1"]
        assert not esl_shop.fleet.glass("A-1").is_proved()
        print("A", waiting, esl_shop.clock.now(), digest(esl_shop))
        esl_shop.heal()
        esl_shop.until_proved()
        print("B", esl_shop.clock.now(), digest(esl_shop))

    @pytest.mark.esl_faults(busy_short=1.0)
    def test_half_drawn(self, esl_shop):
        esl_shop.bind("A-3", "0")
        esl_shop.client().post("/add", json=rows("1.29"))
        esl_shop.sleep(minutes=4)
        with pytest.raises(AssertionError, match="half-drawn|being redrawn"):
            esl_shop.fleet.glass("A-3").price()
        print("C", esl_shop.unproved(), digest(esl_shop))

    @pytest.mark.esl_faults(unplug_bridge=600)
    def test_unplugged(self, esl_shop):
        esl_shop.bind("A-3", "0")
        esl_shop.client().post("/add", json=rows("1.29"))
        esl_shop.sleep(minutes=9)
        assert list(esl_shop.unproved()) == ["A-3"]
        esl_shop.until_proved()
        print("D", esl_shop.clock.now())

    @pytest.mark.esl_faults(kill_gateway=2)
    def test_killed_over_http(self, esl_shop):
        key = {"authorization": f"Bearer {esl_shop.token}"}
        with httpx.Client(base_url=esl_shop.url, headers=key) as client:
            assert client.post("/add", json=rows("1.29")).status_code == 200
            with pytest.raises(httpx.TransportError):
                client.post("/add", json=rows("1.39"))
            with pytest.raises(httpx.TransportError):
                client.get("/store")
            esl_shop.sleep(seconds=5)
            kept = client.get("/products", params={"barcode": "0"}).json()["product"]
        print("E", kept["price"], esl_shop.clock.now())
"""
    first, second = (suite(text, "-s", "-v", hash_seed=seed) for seed in ("1", "2"))
    for done in (first, second):
        assert done.returncode == 0, done.stdout
    told = [re.findall(r"^.*?\b([A-E] .*)$", done.stdout, re.MULTILINE) for done in (first, second)]
    assert told[0] == told[1]
    assert [line[0] for line in told[0]] == list("ABCDE")


def test_a_store_writes_its_prices_in_its_own_money_and_a_day_of_it_takes_seconds(suite: Suite) -> None:
    done = suite("""
from datetime import datetime
from decimal import Decimal
import pytest

@pytest.mark.esl_fleet(tags=2, panels="2.13-bwr")
@pytest.mark.esl_store(currency="HUF", locale="hu-HU", time_zone="Europe/Budapest")
@pytest.mark.esl_time(start="2026-03-02T18:00+01:00")
def test_sale(esl_shop, esl_fleet, esl_clock, esl_gateway):
    assert esl_clock.now() >= datetime.fromisoformat("2026-03-02T18:00+01:00")
    esl_shop.bind("A-1", "77")
    row = {"barcode": "77", "name": "Kenyér", "price": "1990", "salePrice": "1490", "saleStart": "2026-03-03"}
    assert esl_gateway.client().post("/add", json=row).status_code == 200
    esl_shop.until_proved()
    assert esl_fleet.glass("A-1").price() == 1990
    esl_clock.sleep(hours=7)
    assert esl_fleet.glass("A-1").price() == 1490

def test_async_code(esl_shop):
    import asyncio
    async def export(client):
        async with client:
            await client.post("/add", json=[{"barcode": "77", "name": "Kruh", "price": "1.99"}])
            await asyncio.sleep(3600)
    before = esl_shop.clock.now()
    esl_shop.run(export(esl_shop.async_client()))
    assert 3600 <= (esl_shop.clock.now() - before).total_seconds() < 3601
    asyncio.run(export_once(esl_shop.async_client()))

async def export_once(client):
    async with client:
        assert (await client.get("/products", params={"barcode": "77"})).json()["product"]["price"] == "1.99"

def test_time_that_passes(esl_shop):
    before = esl_shop.clock.now()
    with esl_shop.clock.running(speed=1000):
        while (esl_shop.clock.now() - before).total_seconds() < 60:
            assert esl_shop.client().get("/store").status_code == 200
""")
    assert done.returncode == 0, done.stdout


def test_a_suite_that_asks_for_no_shop_loads_nothing_of_it(suite: Suite) -> None:
    done = suite("""
import sys

def test_nothing_of_it():
    ours = {name for name in sys.modules if name.split(".")[0] in ("simulator", "gateway", "firmware_protocol")}
    assert ours == {"simulator", "simulator.pytest_plugin"}
    assert not {"numpy", "litestar", "sqlalchemy", "PIL"} & set(sys.modules)
""")
    assert done.returncode == 0, done.stdout


def test_every_fault_and_marker_has_its_place_on_the_page() -> None:
    from dataclasses import fields

    from simulator.pytest_plugin import MARKERS
    from simulator.world.testing import Faults

    table = PAGE[PAGE.index("| fault |") : PAGE.index("While the gateway is down")]
    assert re.findall(r"`([a-z_]+)`", table.replace("(`True`", "")) == [one.name for one in fields(Faults)]
    for marker in MARKERS:
        assert f"`{marker.partition('(')[0]}(" in PAGE
