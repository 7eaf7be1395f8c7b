"""Losing the train, against the figures of the radio and panel facts, sections 1.5 and 5.3 (literals from there)."""

import pytest

from simulator.radio.draws import draws
from simulator.radio.pawr import NORDIC
from simulator.radio.pawr_sync import Crystal, Standing, follow, restart, standing, window_us

HOUR_S = 3600.0


@pytest.mark.parametrize(("tag_ppm", "microseconds"), [(20, 86), (50, 139), (100, 227)])
def test_a_receive_window_is_as_wide_as_both_clocks_may_be_wrong(tag_ppm: int, microseconds: int) -> None:
    """5.3: at 1.76 s: 20+20 ppm 86 us, 50+20 139 us, 100+20 227 us."""
    assert window_us(20, tag_ppm, 1_760_000) == pytest.approx(microseconds, abs=0.7)


def test_a_tag_within_its_class_follows_for_ever_and_one_beyond_it_loses_the_train() -> None:
    """5.3: a tag beyond its declared class loses sync."""
    bridge = Crystal(20, 10)
    good = follow(NORDIC, bridge, Crystal(50, -45), 5_000, lambda event: False)
    assert (good.heard, good.lost_at) == (5_000, None)
    bad = follow(NORDIC, bridge, Crystal(20, -90), 5_000, lambda event: False)
    assert bad.heard == 0
    assert bad.lost_at is not None


def test_silence_of_twenty_seconds_loses_the_train_and_shorter_silence_does_not() -> None:
    """1.5: the Nordic tag's time-out is 20 s: eleven events of 1.76 s are within it."""
    ten = follow(NORDIC, Crystal(20, 0), Crystal(20, 20), 100, lambda event: 40 < event <= 50)
    assert ten.lost_at is None
    twelve = follow(NORDIC, Crystal(20, 0), Crystal(20, 20), 100, lambda event: 40 < event <= 52)
    assert twelve.lost_at == 52
    assert twelve.heard == 40


def test_a_tag_that_skips_events_wakes_less_often_and_listens_longer_each_time() -> None:
    each = follow(NORDIC, Crystal(20, 0), Crystal(20, 20), 600, lambda event: False)
    sixth = follow(NORDIC, Crystal(20, 0), Crystal(20, 20), 600, lambda event: False, skip=5)
    assert (each.woken, sixth.woken) == (600, 100)
    assert sixth.listened_us / sixth.woken > 4 * each.listened_us / each.woken


def test_an_hour_of_silence_unsynchronizes_and_another_unassociates() -> None:
    """1.5: 60 minutes, 60 more; Silicon Labs tags switch off after one more hour."""
    minute = 60.0
    assert standing(59 * minute, train_runs=True) is Standing.SYNCHRONIZED
    assert standing(61 * minute, train_runs=True) is Standing.UNSYNCHRONIZED
    assert standing(121 * minute, train_runs=True) is Standing.UNASSOCIATED
    assert standing(181 * minute, train_runs=True) is Standing.UNASSOCIATED
    assert standing(181 * minute, train_runs=True, switches_off=True) is Standing.OFF
    assert standing(30, train_runs=False) is Standing.UNSYNCHRONIZED
    assert standing(61 * minute, train_runs=False) is Standing.UNASSOCIATED


@pytest.mark.parametrize(
    ("tags", "parallel", "minutes"),
    [(1_000, 1, 17), (5_000, 1, 83), (10_000, 1, 167), (1_000, 4, 4), (5_000, 4, 21), (10_000, 4, 42)],
)
def test_a_restarted_access_point_finds_its_tags_again_in_the_minutes_published(
    tags: int, parallel: int, minutes: int
) -> None:
    """1.5: at 1 s per tag 17, 83, 167 min, with 4 in parallel 4, 21, 42."""
    found = restart(tags, draws(1, "shop", "past"), parallel=parallel)
    assert found.elapsed_s / 60 == pytest.approx(minutes, rel=0.10)
    assert found.connections == pytest.approx(1.01 * tags, rel=0.01)


def test_some_tags_have_lost_their_bond_when_it_takes_longer_than_an_hour() -> None:
    """1.5: 5,000 tags one at a time: 83 min > 60 min; in parallel none falls."""
    assert restart(1_000, draws(1, "shop", "past")).fallen == 0
    assert restart(5_000, draws(1, "shop", "past"), parallel=4).fallen == 0
    one_by_one = restart(5_000, draws(1, "shop", "past"))
    assert one_by_one.fallen == pytest.approx(5_000 * (83 - 60) / 83, rel=0.10)
