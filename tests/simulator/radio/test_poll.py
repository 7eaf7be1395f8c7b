"""Polling, against the figures of the radio and panel facts, section 4 (literals from there)."""

import pytest

from simulator.radio.bursts import PRESETS, Bursts
from simulator.radio.draws import draws
from simulator.radio.poll import (
    Pacing,
    block_parts,
    checkin,
    first_tries_heard,
    frame_us,
    lossless,
    tags_per_hour,
    transfer,
    wait_for_checkin_us,
)

# 4, table "Frame, PSDU, Air ms".
AIR_MS = {
    "short check-in": 0.83,
    "full check-in": 1.50,
    "answer": 1.50,
    "block request": 1.50,
    "block request ack": 1.06,
    "block part": 4.22,
    "transfer complete": 0.96,
    "transfer complete ack": 0.96,
    "ping": 0.83,
    "pong": 0.99,
}


@pytest.mark.parametrize("name", AIR_MS)
def test_a_frame_is_on_the_air_as_long_as_the_table_says(name: str) -> None:
    assert frame_us(name) / 1000 == pytest.approx(AIR_MS[name], abs=0.005)


def test_a_picture_takes_the_parts_and_the_time_that_were_measured() -> None:
    """4: 9,472 octets = 42+42+13 = 97 parts, 491 ms at 5.06 ms a part; 1,024 octets = 11 parts, 60 ms."""
    at_once = Pacing(block_wait_us=0)
    assert block_parts(9472) == [42, 42, 13]
    assert block_parts(1024) == [11]
    one = transfer(1024, at_once, lossless)
    assert one.done
    assert one.tag_us / 1000 == pytest.approx(60, rel=0.05)
    three = transfer(9472, at_once, lossless)
    assert three.parts * at_once.part_us / 1000 == pytest.approx(491, rel=0.005)
    assert three.tag_us / 1000 == pytest.approx(491, rel=0.05)
    # "the AP in fact sends 3 x 42 = 126 parts = 0.63 s", and for 1,024 octets "42 parts = 0.21 s of channel"
    assert three.air_us / 1e6 == pytest.approx(0.63, rel=0.05)
    assert one.air_us / 1e6 == pytest.approx(0.21, rel=0.05)


def test_an_access_point_serves_as_many_tags_an_hour_as_published() -> None:
    """4: at most 3,000 tags per hour and AP, raw images about 2,000."""
    draw = draws(1, "shop", "check-ins")
    assert tags_per_hour(1000, 60, 1024, Pacing(), draw, lossless) == pytest.approx(3000, rel=0.10)
    assert tags_per_hour(1000, 60, 9472, Pacing(), draw, lossless) == pytest.approx(2000, rel=0.10)
    # The family that writes its flash between blocks stays below what is published for all.
    slow = tags_per_hour(1000, 60, 9472, Pacing(flash_us=200_000), draw, lossless)
    assert slow < 0.9 * 2000


@pytest.mark.parametrize(("tags", "interval_s", "share"), [(1000, 60, 0.92), (5000, 60, 0.67), (5000, 300, 0.92)])
def test_check_ins_collide_as_those_of_pure_aloha(tags: int, interval_s: int, share: float) -> None:
    """4, "Access": success = exp(-2G): 92 %, 67 %, 92 % first try."""
    draw = draws(2, "shop", "check-ins")
    assert first_tries_heard(tags, interval_s, draw, intervals=4) == pytest.approx(share, rel=0.05)


def test_capture_saves_some_of_the_collided_and_never_costs_one() -> None:
    draw = draws(3, "shop", "check-ins")
    signals = [-60 - 25 * draw(-1 - tag) for tag in range(5000)]
    alone = first_tries_heard(5000, 60, draw, intervals=2)
    captured = first_tries_heard(5000, 60, draw, intervals=2, signals_dbm=signals)
    assert alone + 0.02 < captured < 0.85
    assert first_tries_heard(5000, 60, draw, intervals=2, signals_dbm=[-60.0] * 5000) == alone


def test_a_change_reaches_its_tag_after_half_an_interval_and_nearly_always_within_one() -> None:
    """4: latency to a tag that checks in every N s: mean N/2, 95 % 0.95 N."""
    draw = draws(4, "shop", "changes")
    waits = sorted(wait_for_checkin_us(60_000_000, draw, number, lossless) / 1e6 for number in range(4000))
    assert sum(waits) / 4000 == pytest.approx(30.0, rel=0.05)
    assert waits[3800] == pytest.approx(57.0, rel=0.05)


def test_fourteen_tries_defeat_loss_that_is_independent_but_not_a_burst() -> None:
    """4: P(check-in fails) = p^14 when losses are independent, much more in bursts: 14 tries span only 90 ms."""
    coin = draws(5, "t", "coin")
    asked = iter(range(10**9))
    alone = [checkin(lambda at_us, octets: coin(next(asked)) < 0.37) for _ in range(4000)]
    # a request or its answer is lost in 60 % of tries; 0.6 ^ 14 = 0.0008
    assert sum(not one.heard for one in alone) / 4000 < 0.003
    bursts = Bursts(PRESETS["edge"], draws(5, "t", "bursts"))
    chance = draws(5, "t", "loss")
    found = [
        checkin(lambda at_us, octets: chance(at_us) < bursts.loss(at_us / 1e6), 61_000_000 * number)
        for number in range(4000)
    ]
    failed = sum(not one.heard for one in found) / 4000
    assert 0.01 < failed < 0.3
    assert max(one.elapsed_us for one in found) == pytest.approx(90_000, rel=0.25)


def test_a_tag_gives_up_a_block_after_five_rounds() -> None:
    lost = transfer(1024, Pacing(), lambda at_us, octets: octets == 126)
    assert not lost.done
    assert lost.rounds == 5
    assert lost.parts == 55
