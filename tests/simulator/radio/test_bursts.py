"""Bursts, against the presets of the radio and panel facts, section 5.1 (literals from there)."""

import pytest

from simulator.radio.bursts import (
    PRESETS,
    Bursts,
    WiFi,
    fixed_channel_loss,
    hopped_share,
    hopping_loss,
    outages,
)
from simulator.radio.draws import draws

# 5.1, column "Mean loss".
MEAN_LOSS = {"quiet": 0.004, "store": 0.047, "busy": 0.21, "edge": 0.37}


@pytest.mark.parametrize("name", MEAN_LOSS)
def test_a_preset_loses_on_average_what_the_table_says(name: str) -> None:
    bursts = Bursts(PRESETS[name], draws(1, "a tag", "bursts"))
    found = sum(bursts.loss(7.0 * moment) for moment in range(60_000)) / 60_000
    assert found == pytest.approx(MEAN_LOSS[name], rel=0.04)


def test_a_bad_stretch_outlasts_all_tries_of_a_check_in() -> None:
    """5.1: bad dwell 0.3 s in "store"; 4: fourteen tries span only 90 ms."""
    bursts = Bursts(PRESETS["store"], draws(2, "a tag", "bursts"))
    begun = [at_s for at_s in (0.5 * moment for moment in range(200_000)) if bursts.is_bad(at_s)]
    still = sum(bursts.is_bad(at_s + 0.09) for at_s in begun) / len(begun)
    # exp(-0.09 / 0.3) = 0.74, were there no way back within the 90 ms
    assert still == pytest.approx(0.74, abs=0.03)


def test_the_state_of_an_instant_is_the_same_whoever_asks_and_in_whatever_order() -> None:
    at_s = [3.7 * moment for moment in range(5_000)]
    forward = [Bursts(PRESETS["busy"], draws(3, "t", "b")).is_bad(moment) for moment in at_s[:200]]
    one = Bursts(PRESETS["busy"], draws(3, "t", "b"))
    backward = [one.is_bad(moment) for moment in reversed(at_s[:200])]
    assert forward == backward[::-1]
    assert any(forward)
    assert not all(forward)


def test_an_idle_century_costs_nothing_to_skip() -> None:
    asked: list[int] = []
    draw = draws(4, "t", "b")

    def counted(index: int) -> float:
        asked.append(index)
        return draw(index)

    bursts = Bursts(PRESETS["store"], counted)
    bursts.is_bad(0.0)
    bursts.is_bad(100 * 365 * 86_400.0)
    assert len(asked) < 200


def test_outages_come_twice_an_hour_and_last_two_to_thirty_seconds() -> None:
    """10: outages 2 per hour of 2..30 s. So 0.89 % of the time."""
    of_tags = [outages(draws(5, f"t{tag}", "outage")) for tag in range(100)]
    seconds = range(3600)
    on = [[episode.is_on(10_000.5 + second) for second in seconds] for episode in of_tags]
    assert sum(map(sum, on)) / (100 * len(seconds)) == pytest.approx(32 / 3600, rel=0.1)
    for states in on:
        runs = [len(run) for run in "".join("x" if state else " " for state in states).split()]
        assert all(run <= 61 for run in runs)  # two can meet at most where stretches meet


def test_a_neighbour_hits_one_channel_wholly_and_a_hopping_link_by_a_quarter() -> None:
    """5.1: Wi-Fi hits about 25..30 % of BLE's hops; channels 15, 20, 25, 26 lie between or above Wi-Fi 1, 6, 11."""
    full = [WiFi(channel, 1.0) for channel in (1, 6, 11)]
    assert all(0.25 <= hopped_share(wifi) <= 0.31 for wifi in full)
    assert [channel for channel in range(11, 27) if fixed_channel_loss(full, channel, 4224) == 0] == [15, 20, 25, 26]
    assert fixed_channel_loss(full, 18, 4224) == 1.0
    assert 0.25 <= hopping_loss(full[:1], 376) <= 0.31


def test_a_longer_frame_meets_a_neighbour_more_often() -> None:
    wifi = [WiFi(6, 0.2)]
    short, long = (fixed_channel_loss(wifi, 18, airtime_us) for airtime_us in (832, 4224))
    assert 0.2 < short < long < 1.0
