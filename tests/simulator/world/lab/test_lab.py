"""The laboratory: the same seed is the same run, a bad morning breaks nothing, a planted bug is found and shrunk."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from firmware_protocol import Report, ReportState
from gateway.delivery import rule
from gateway.delivery.hearing import Ear
from gateway.delivery.rule import DisplayBooks, report_heard
from simulator.world.lab import TROUBLES, Kept, Scenario, ScenarioWrong, load_scenario, run_seed, script_of
from simulator.world.lab.certificate import certify
from simulator.world.lab.shrink import Shrunk, shrink, story_of
from simulator.world.lab.states import DeliveryState
from simulator.world.lab.verdict import Verdict, Violation

LONG = os.environ.get("ESL_TEST_LONG") == "1"
KINDS = frozenset(TROUBLES)
MORNING = load_scenario("bad-morning", kinds=KINDS)
SEEDS = range(1, 101) if LONG else range(1, 51)
TWICE = """
import json, sys
from simulator.world.lab import TROUBLES, load_scenario
from simulator.world.lab.certificate import run_quietly
from simulator.world.lab import run_seed
run_quietly()
scenario = load_scenario("bad-morning", kinds=frozenset(TROUBLES))
print(json.dumps({seed: run_seed(scenario, seed).trace_hash for seed in map(int, sys.argv[1:])}))
"""


def hashes(seeds: Sequence[int], hash_seed: str) -> dict[str, str]:
    """Of a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", TWICE, *map(str, seeds)],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, str] = json.loads(done.stdout)
    return found


def test_the_same_seed_says_the_same_in_another_process_under_another_hash_seed() -> None:
    found = certify(MORNING, SEEDS, jobs=2)
    print(f"{len(found.verdicts)} seeds of {MORNING.name}, {found.to_json()['cpu_s_a_seed']} processor seconds each")
    assert [one.violations for one in found.verdicts] == [()] * len(SEEDS)
    again = SEEDS[:: 1 if LONG else 5]
    assert hashes(again, "12345") == {str(one.seed): one.trace_hash for one in found.verdicts if one.seed in again}


def test_a_run_from_which_incidents_are_left_out_keeps_the_others_as_they_were() -> None:
    script = script_of(MORNING, 7)
    assert script == script_of(MORNING, 7) != script_of(MORNING, 8)
    fewer = replace(MORNING, troubles={kind: mean for kind, mean in MORNING.troubles.items() if kind != "pos.update"})
    assert script_of(fewer, 7) == [one for one in script if one.kind != "pos.update"]
    kept = Kept(incidents=frozenset(one.name for one in script[:3]))
    assert kept.script(MORNING, 7) == script[:3]


def test_what_has_its_hour_happens_then_in_every_run_and_moves_nothing_else() -> None:
    fixed = replace(MORNING, at={"bridge.storm": [0.5, 1.0], "tag.reboot": [0.25]})
    script = script_of(fixed, 7)
    assert [one.at_s for one in script if one.kind == "bridge.storm"] == [1800.0, 3600.0]
    assert next(one.at_s for one in script if one.name == "tag.reboot/0") == 900.0
    others = [one for one in script if one.kind not in fixed.at]
    assert others == [one for one in script_of(MORNING, 7) if one.kind not in fixed.at]


def test_a_wave_of_prices_survives_a_storm_of_bridges() -> None:
    storm = load_scenario("reset-storm", kinds=KINDS)
    small = replace(storm, tags=30, bridges=3, products=30, floor="corner-shop", hours=1.2)
    found = run_seed(small, 1)
    assert found.violations == ()
    assert found.happened["bridge.storm"] == 3
    assert found.happened["pos.whole_list"] == 2
    assert found.refreshes > 2 * 30, "the opening, and twice nearly every label: a price may be drawn again by chance"


def test_a_shop_whose_tags_hear_no_bridge_is_refused() -> None:
    with pytest.raises(ScenarioWrong, match="hear none of its 1 bridges"):
        run_seed(replace(MORNING, floor="hypermarket", bridges=1, tags=200), 1)


def test_a_planted_bug_is_found_shrunk_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gateway takes *accepted* for *shown*: it confirms a label that its glass does not show yet."""

    def takes_accepted_for_shown(books: DisplayBooks, report: Report, counter: int) -> object:
        if report.state is ReportState.WAITING_PARTS and books.desired_content is not None:
            prefix = books.desired_content[: len(report.content_prefix)]
            report = replace(report, state=ReportState.SHOWN, content_prefix=prefix)
        return report_heard(books, report, counter)

    monkeypatch.setattr(rule, "report_heard", takes_accepted_for_shown)
    tiny = replace(MORNING, tags=3, products=3, hours=0.5, troubles={"pos.update": 2.0, "tag.reboot": 2.0})
    seed = next(seed for seed in range(1, 20) if run_seed(tiny, seed).violations)
    found = shrink(tiny, seed, runs_max=12)
    assert found.verdict.violations[0].promise == "confirmed means the glass shows it"
    assert found.kept.incidents is not None
    assert len(found.kept.incidents) < len(script_of(tiny, seed))
    story = story_of(found, tiny)
    assert len(story) <= 12
    assert story[-1].startswith(f"esl world replay {seed}")
    assert any("BROKEN" in line for line in story)


def test_tags_that_trade_places_are_served_where_they_hang_now() -> None:
    """Each is heard by the other's bridge, and prices go on changing."""
    swaps = replace(MORNING, tags=8, products=8, bridges=2, troubles={"tag.swapped": 6.0, "pos.update": 12.0})
    verdict = run_seed(swaps, 4)
    assert verdict.happened["tag.swapped"] >= 3
    assert verdict.violations == ()
    assert any("hung, and that one in its place" in words for _, words in verdict.story)


def test_a_tag_that_was_carried_out_of_the_shop_is_served_when_it_is_back() -> None:
    stolen = replace(MORNING, tags=6, products=6, troubles={"tag.stolen": 6.0, "pos.update": 20.0})
    verdict = run_seed(stolen, 2)
    assert verdict.happened["tag.stolen"] >= 3
    assert verdict.violations == ()
    assert any("walks out with" in words for _, words in verdict.story)


def test_a_double_of_a_tag_takes_what_was_meant_for_it_and_nothing_is_confirmed_for_that() -> None:
    doubled = replace(MORNING, tags=4, products=4, troubles={"tag.doubled": 8.0, "pos.update": 20.0})
    verdict = run_seed(doubled, 3)
    assert verdict.happened["tag.doubled"] >= 4
    assert verdict.violations == ()
    assert any("another tag that calls itself" in words for _, words in verdict.story)


def test_a_long_story_says_each_broken_promise_once_and_how_often() -> None:
    breaches = tuple(Violation(60.0, "every glass is right", f"tag {number}") for number in range(20))
    told = [(5.0, "the locale changes"), *((60.0, f"BROKEN: {one.promise}: {one.words}") for one in breaches)]
    verdict = Verdict("tiny", 1, 7, breaches, "", {}, {}, story=tuple(told))
    assert story_of(Shrunk(Kept(), verdict, 1), MORNING) == [
        "  0:00:05  the locale changes",
        "  0:01:00  BROKEN: every glass is right: tag 0 (and 19 times more)",
        f"esl world replay 7 --scenario {MORNING.name}",
    ]


def test_every_trouble_that_a_scenario_names_happens_and_meets_displays() -> None:
    few = replace(
        MORNING, troubles={"tag.reboot": 4.0, "network.loss": 2.0, "gateway.killed": 1.0, "pos.update": 8.0}, tags=6
    )
    verdict = run_seed(few, 3)
    assert verdict.violations == ()
    assert set(verdict.happened) <= set(few.troubles)
    assert {state for _, state in verdict.hits} <= {state.value for state in DeliveryState}
    assert sum(verdict.hits.values()) > 0
    assert verdict.refreshes > 6


def test_a_scenario_that_is_wrong_is_refused_with_its_key_and_what_is_allowed(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    for text, words in (
        ('name = "x"', "version is missing"),
        (
            'name = "x"\nversion = 1\nabout = "y"\n[troubles]\n"gateway.sings" = 1',
            "troubles.gateway.sings is not known",
        ),
        ('name = "x"\nversion = 1\nabout = "y"\n[shop]\ntags = -1', "tags is -1"),
        ('name = "x"\nversion = 1\nabout = "y"\n[shop]\ntags = "many"', "int is wanted"),
        ('name = "x"\nversion = 1\nabout = "y"\n[shop]\nfloor = "the-moon"', "shop.floor"),
        ('name = "x"\nversion = 1\nabout = "y"\n[at]\n"tag.reboot" = [2.5]', "within the opening hours"),
        ('name = "x"\nversion = 1\nabout = "y"\n[at]\n"tag.reboot" = ["six"]', "hours within"),
        ('name = "x"\nversion = 1\nabout = "y"\n[rarely]\n"tag.reboot" = [1.5, 1]', "a share of seeds"),
        ("name = ", "mine.toml"),
    ):
        file.write_text(text)
        with pytest.raises(ScenarioWrong, match=words):
            load_scenario(str(file), kinds=KINDS)
    with pytest.raises(ScenarioWrong, match="worst-week"):
        load_scenario("no-such", kinds=KINDS)


def test_the_scenarios_that_ship_are_right_and_name_only_troubles_that_there_are() -> None:
    worst: Scenario = load_scenario("worst-week", kinds=KINDS)
    blind = {kind for kind in KINDS if kind.startswith("glass.")}
    assert worst.version == 8
    assert set(worst.kinds) == KINDS - blind, "it holds everything that a tag can perceive"
    assert blind < {*load_scenario("blind-spots", kinds=KINDS).kinds}
    assert set(load_scenario("worst-hour", kinds=KINDS).kinds) == KINDS - blind, "and so does the worst hour"


def test_a_death_that_waits_for_an_answer_when_the_day_ends_does_not_come_after_it() -> None:
    """Nobody would start the gateway again, and whoever binds a label would ask for ever."""
    found = run_seed(replace(MORNING, hours=0.5), 2)
    assert found.violations == ()


def test_what_no_tag_perceives_breaks_no_promise_and_a_wrong_glass_is_told_by_its_time() -> None:
    blind = load_scenario("blind-spots", kinds=KINDS)
    found = run_seed(replace(blind, hours=2.0, tags=12, products=15), 1)
    assert found.violations == ()
    assert found.happened["glass.wrong_panel"] > 0
    assert found.happened["glass.dead_rows"] > 0
    assert any("repaired with" in words for _, words in found.story)


def test_a_gateway_that_remembers_every_report_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    hear = Ear.hear

    def never_forgets(ear: Ear, *heard: object) -> None:
        vars(ear).setdefault("everything", []).append(heard)
        hear(ear, *heard)  # type: ignore[arg-type]

    calm = replace(MORNING, troubles={}, hours=1.0, tags=6, products=12)
    assert run_seed(calm, 1).violations == ()
    monkeypatch.setattr(Ear, "hear", never_forgets)
    broken = run_seed(calm, 1).violations
    assert {one.promise for one in broken} == {"the gateway holds no more than its shop"}
    assert any("delivery.ear.everything holds" in one.words for one in broken)
