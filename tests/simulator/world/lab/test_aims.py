"""Troubles that wait for a moment: each moment comes about, is struck while it lasts, and is drawn from the seed."""

from collections import Counter

import pytest
from msgspec.structs import replace

from simulator.world.lab import TROUBLES, Kept, load_scenario, run_seed
from simulator.world.lab.aims import AIMS, Aims, Moment
from simulator.world.lab.states import DeliveryState
from simulator.world.lab.trace import Trace

WORST = load_scenario("worst-week", kinds=frozenset(TROUBLES))
BUSY = replace(
    WORST,
    tags=20,
    products=20,
    days=1,
    troubles={
        "pos.update": 10.0,
        "pos.there_and_back": 20.0,
        "pos.batch": 4.0,
        "tag.reboot": 30.0,
        "bridge.spoiled_cache": 20.0,
    },
)


def test_every_delivery_state_is_met_by_a_trouble_of_one_tag_and_by_one_of_a_bridge() -> None:
    found = [run_seed(BUSY, seed) for seed in (1, 2, 3)]
    assert [one.violations for one in found] == [()] * 3
    hits = sum((Counter(one.hits) for one in found), Counter[tuple[str, str]]())
    for kind in ("tag.reboot", "bridge.spoiled_cache"):
        missed = [state.value for state in DeliveryState if not hits[(kind, state.value)]]
        assert missed == [], kind


def test_what_is_aimed_at_leaves_a_part_of_the_troubles_to_their_own_instant() -> None:
    shares = dict(AIMS)
    assert 0.05 < 1 - sum(shares.values()) < 0.5
    assert set(shares) == set(Moment) - {Moment.DOUBT}, "a doubt has a trouble of its own"


def test_an_aimed_trouble_draws_by_its_own_name_whatever_else_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[float] = []
    whole = Aims._patience_s

    def noted(self: Aims, patience: float) -> float:
        drawn.append(patience)
        return whole(self, patience)

    monkeypatch.setattr(Aims, "_patience_s", noted)
    small = replace(BUSY, hours=0.5)
    run_seed(small, 1)
    everything = set(drawn)
    drawn.clear()
    run_seed(small, 1, Kept(incidents=frozenset({"tag.reboot/0", "tag.reboot/1", "tag.reboot/2"})))
    assert drawn
    assert set(drawn) <= everything


def test_an_aimed_run_is_the_same_run_twice() -> None:
    first, second = Trace(keep=True), Trace(keep=True)
    small = replace(BUSY, hours=0.5)
    for trace in (first, second):
        run_seed(small, 4, trace=trace)
    assert first.lines == second.lines
