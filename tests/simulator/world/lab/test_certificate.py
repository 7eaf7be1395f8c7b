"""The certificate: what it calls tried, and the page that one looks at."""

import pickle
import re

import httpx
import pytest
from msgspec.structs import replace

from simulator.world.lab import TROUBLES, certificate, load_scenario, run_seed
from simulator.world.lab.certificate import HITS_WANTED, Certificate, RunFailed, play_one
from simulator.world.lab.report import report_html
from simulator.world.lab.states import DeliveryState
from simulator.world.lab.troubles import IMPOSSIBLE
from simulator.world.lab.verdict import Delivery, Verdict, Violation

MORNING = load_scenario("bad-morning", kinds=frozenset(TROUBLES))
SMALL = replace(MORNING, troubles={"pos.update": 1.0, "tag.reboot": 1.0})


def verdict(seed: int, hits: int, **also: object) -> Verdict:
    counted = {("tag.reboot", state.value): hits for state in DeliveryState}
    sound = Verdict("bad-morning", 1, seed, (), f"hash-{seed}", counted, {"tag.reboot": hits})
    return replace(sound, **also)  # type: ignore[arg-type]  # fields of a verdict


def test_a_cell_counts_as_tried_from_twenty_hits_on_over_all_seeds_together() -> None:
    enough = Certificate(SMALL, (verdict(1, HITS_WANTED - 5), verdict(2, 5)))
    assert enough.thin_cells() == []
    too_few = Certificate(SMALL, (verdict(1, HITS_WANTED - 5), verdict(2, 4)))
    assert too_few.thin_cells() == [f"tag.reboot x {state}: {HITS_WANTED - 1}" for state in DeliveryState]
    assert set(too_few.coverage()) == {"tag.reboot"}, "a changed price is work, not trouble"


def test_a_cell_is_called_impossible_only_with_a_reason_and_of_a_trouble_that_there_is() -> None:
    for (kind, state), why in IMPOSSIBLE.items():
        assert kind in TROUBLES
        assert not TROUBLES[kind].is_work
        assert isinstance(state, DeliveryState)
        assert why


def test_the_page_names_what_broke_with_the_command_that_replays_it_and_loads_nothing_from_elsewhere() -> None:
    broken = verdict(7, 30, violations=(Violation(12.0, "accepted is durable", "SKU-1 <was> lost"),))
    page = report_html(Certificate(SMALL, (verdict(6, 30), broken)))
    assert "1 promises broken in 2 seeds" in page
    assert "esl world replay 7 --scenario bad-morning" in page
    assert "SKU-1 &lt;was&gt; lost" in page
    assert not re.search(r"(src|href)=|https?://|<script", page)


def test_the_page_shows_times_over_load_and_where_in_the_shop() -> None:
    deliveries = (Delivery(30.0, 1, (4.0, 2.0)), Delivery(95.0, 12, (4.2, 2.1)), Delivery(50.0, 9, (11.0, 8.0)))
    shop = replace(SMALL, floor="corner-shop")
    page = report_html(Certificate(shop, (verdict(1, 30, deliveries=deliveries, battery_years=(4.0, 9.0)),)))
    assert "8 to 15 on their way: p95 95 s of 2" in page
    assert "<title>62 s, 2 changes</title>" in page
    assert "gondola 1" in page
    assert page.count("<svg") == 4
    assert page.count("tags</title>") == 33


def test_a_page_of_a_run_in_which_nothing_moved_has_no_pictures_of_it() -> None:
    assert report_html(Certificate(SMALL, (verdict(1, 0),))).count("<svg") == 0


def test_a_shop_with_a_floor_is_run_in_its_air_and_says_where_each_label_hung() -> None:
    tiny = replace(MORNING, tags=4, products=4, hours=0.5, floor="corner-shop", troubles={"pos.update": 4.0})
    found = run_seed(tiny, 2)
    assert found.violations == ()
    assert found.deliveries
    for one in found.deliveries:
        assert one.place is not None
        assert 0 <= one.place[0] <= 12
        assert 0 <= one.place[1] <= 9
        assert one.seconds > 0
        assert one.waiting >= 1
    assert len(found.battery_years) == 4
    assert all(0 < years < 100 for years in found.battery_years)


def test_a_seed_that_cannot_be_played_is_named_in_words_that_reach_another_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(*_: object, **__: object) -> Verdict:
        request = httpx.Request("POST", "http://gateway/admin/stores")
        raise httpx.HTTPStatusError("413 for\nthis", request=request, response=httpx.Response(413, request=request))

    monkeypatch.setattr(certificate, "run_seed", refused)
    with pytest.raises(RunFailed) as caught:
        play_one(SMALL, 7, False)
    arrived = pickle.loads(pickle.dumps(caught.value))
    assert str(arrived) == "seed 7 of bad-morning could not be played: HTTPStatusError: 413 for this"
