"""A machine that is lost in the middle of everything: another lives from a backup, and no promise breaks."""

import pytest
from msgspec.structs import replace

from gateway.delivery import restore
from simulator.world.lab import TROUBLES, invariants, load_scenario, run_seed, script_of
from simulator.world.lab.verdict import Verdict, Violation

KINDS = frozenset(TROUBLES)
HOUR = load_scenario("worst-hour", kinds=KINDS)
OFTEN = replace(HOUR, rarely={"gateway.restored": (1.0, 2)})
TWICE = replace(HOUR, rarely={"gateway.restored_twice": (1.0, 1)})


def restores(verdict: Verdict) -> int:
    return sum("another lives from the backup" in words for _, words in verdict.story)


def test_a_shop_that_is_restored_in_the_middle_of_everything_breaks_no_promise() -> None:
    found = [run_seed(OFTEN, seed) for seed in range(1, 5)]
    assert [one.violations for one in found] == [()] * len(found)
    assert sum(map(restores, found)) >= len(found)


def test_a_shop_that_is_restored_twice_from_one_backup_breaks_no_promise() -> None:
    found = [run_seed(TWICE, seed) for seed in range(1, 5)]
    assert [one.violations for one in found] == [()] * len(found)
    assert sum("lives from the same backup" in words for one in found for _, words in one.story) >= len(found) / 2


def test_a_second_restore_that_jumps_as_the_first_did_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the same from the same, whatever the clock says."""
    monkeypatch.setattr(restore, "restore_clock_s", lambda _: 0)
    runs = (run_seed(TWICE, seed, until_broken=True) for seed in range(1, 13))
    broken = next(one.violations for one in runs if one.violations)
    assert broken[0].promise == "a restored gateway knows that it has forgotten"
    assert "revision" in broken[0].words


def test_a_restore_after_which_revisions_do_not_jump_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the numbers as the backup is put back, whether or not a label is changed afterwards."""
    _revisions_do_not_jump(monkeypatch)
    broken = _first_broken(range(1, 13))
    assert broken[0].promise == "a restored gateway knows that it has forgotten"
    assert "revision" in broken[0].words


def test_and_by_the_glass_where_a_label_is_changed_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Labels go back to revisions that their glasses have long left behind."""
    _revisions_do_not_jump(monkeypatch)
    monkeypatch.setattr(invariants, "a_restored_gateway_knows_that_it_has_forgotten", lambda *_: ())
    assert _first_broken(range(13, 25))[0].promise == "no display goes back to an older revision"


def _revisions_do_not_jump(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restore, "RESTORE_JUMP", 0)
    monkeypatch.setattr(restore, "restore_clock_s", lambda _: 0)


def _first_broken(seeds: range) -> tuple[Violation, ...]:
    runs = (run_seed(OFTEN, seed, until_broken=True) for seed in seeds)
    return next(one.violations for one in runs if one.violations)


def test_one_of_twenty_worst_weeks_is_restored_and_the_others_keep_their_script() -> None:
    week = load_scenario("worst-week", kinds=KINDS)
    holding = [seed for seed in range(1, 401) if any(one.kind == "gateway.restored" for one in script_of(week, seed))]
    assert 10 <= len(holding) <= 30
    never = replace(week, rarely={})
    for seed in holding[:3]:
        whole = script_of(week, seed)
        assert [one for one in whole if one.kind not in week.rarely] == script_of(never, seed)
