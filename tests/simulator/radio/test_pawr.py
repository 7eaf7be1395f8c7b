"""The train, against the figures of the radio and panel facts, sections 1 and 3 (literals from there)."""

import pytest

from simulator.radio import pawr
from simulator.radio.connections import push
from simulator.radio.draws import draws
from simulator.radio.pawr import (
    NORDIC,
    SILICON_LABS,
    Train,
    TrainWrong,
    heard_in_slot,
    losing,
    lossless,
    sweep,
    tries_until_all_heard,
    urgent_us,
)


def test_the_windows_of_both_trains_close_where_the_table_says() -> None:
    """3, "Window closes at": 13.0 ms of 13.75, 54.75 ms of 55."""
    assert NORDIC.window_closes_us == 13_000
    assert SILICON_LABS.window_closes_us == 54_750
    with pytest.raises(TrainWrong):
        Train("too many slots", 1_760_000, 128, 13_750, 10_000, 375, 10)
    with pytest.raises(TrainWrong):
        Train("too long", 1_000_000, 128, 13_750, 10_000, 375, 8)


def test_slots_of_each_length_carry_the_answers_the_vendors_state() -> None:
    """3: 4 units of 0.125 ms carry 17 octets, 5 carry 33, 6 carry 48; three carry one 3-octet answer (216 us)."""
    for units, octets in ((3, 3), (4, 17), (5, 33), (6, 48)):
        assert Train("t", 1_760_000, 1, 100_000, 10_000, units * 125, 8).answers(octets)
        assert not Train("t", 1_760_000, 1, 100_000, 10_000, (units - 1) * 125, 8).answers(octets)
    assert pawr.airtime_us(3) == 216
    # 3: about 0.58 ms for a full command
    assert pawr.airtime_us(48) / 1000 == pytest.approx(0.58, abs=0.005)


@pytest.mark.parametrize(
    ("train", "command", "per_packet", "per_s"),
    [
        (NORDIC, "ping", 8, 581.8),
        (NORDIC, "display image", 8, 581.8),
        (SILICON_LABS, "ping", 23, 417.8),
        (SILICON_LABS, "display image", 11, 199.8),
    ],
    ids=lambda value: value.name if isinstance(value, Train) else str(value),
)
def test_a_busy_train_answers_as_often_as_the_table_says(
    train: Train, command: str, per_packet: int, per_s: float
) -> None:
    """3, "Answers per second" and "Display Image per second"; 1.1: Ping 23, Display Image 11 a packet."""
    assert train.commands_a_packet(command) == per_packet
    full = sweep(train, train.subevents * per_packet * 6, command, lossless)
    assert full.answers_per_s == pytest.approx(per_s, rel=0.10)


@pytest.mark.parametrize(
    ("train", "command", "tags", "rounds", "seconds"),
    [
        (NORDIC, "ping", 1_000, 1, 1.8),
        (NORDIC, "ping", 5_000, 5, 8.8),
        (NORDIC, "ping", 10_000, 10, 17.6),
        (SILICON_LABS, "ping", 1_000, 2, 3.1),
        (SILICON_LABS, "ping", 5_000, 8, 12.3),
        (SILICON_LABS, "display image", 1_000, 4, 6.2),
        (SILICON_LABS, "display image", 5_000, 17, 26.0),
    ],
    ids=lambda value: value.name if isinstance(value, Train) else str(value),
)
def test_a_command_to_each_tag_takes_the_rounds_of_the_table(
    train: Train, command: str, tags: int, rounds: int, seconds: float
) -> None:
    """3, table "n, Nordic 128/8, Silicon Labs 28/23"."""
    found = sweep(train, tags, command, lossless)
    assert (found.rounds, found.answers) == (rounds, tags)
    assert found.elapsed_us / 1e6 == pytest.approx(seconds, rel=0.05)


def test_ten_thousand_tags_do_not_fit_twenty_eight_groups() -> None:
    """3: not possible: 358 > 255 per group."""
    with pytest.raises(TrainWrong):
        sweep(SILICON_LABS, 10_000, "ping", lossless)


def test_proofs_need_longer_slots_and_so_there_are_fewer() -> None:
    """docs/protocol: answers of 17 octets need 0.5 ms slots, so 7 of them and 509 proofs a second."""
    with pytest.raises(TrainWrong):
        sweep(NORDIC, 100, "read sensor", lossless, answer_octets=17)
    fitted = NORDIC.fitted(17)
    assert (fitted.slot_us, fitted.slots) == (500, 7)
    found = sweep(fitted, 128 * 7 * 10, "read sensor", lossless, answer_octets=17)
    assert found.answers_per_s == pytest.approx(509, rel=0.01)


def test_stragglers_are_reached_within_four_tries() -> None:
    """3: p = 5 % each way, 79 tags a group: 99 % of groups need no more than 4 tries."""
    lost = losing(draws(1, "shop", "loss"), 0.05)
    tries = [tries_until_all_heard(79, lost, group) for group in range(4000)]
    assert sum(count <= 3 for count in tries) / 4000 < 0.99 < sum(count <= 4 for count in tries) / 4000


def test_loss_costs_rounds_but_no_tag() -> None:
    found = sweep(NORDIC, 5_000, "ping", losing(draws(2, "shop", "loss"), 0.05))
    assert found.answers == 5_000
    assert 5 < found.rounds <= 12


def test_an_urgent_command_waits_half_an_interval_and_one_more_for_each_lost_try() -> None:
    """3: uniform 0..interval, mean 0.88 s (Nordic), plus one interval per lost try."""
    draw = draws(3, "shop", "orders")
    waits = [urgent_us(NORDIC, number, draw, lossless) / 1e6 for number in range(4000)]
    assert sum(waits) / 4000 == pytest.approx(0.88, rel=0.05)
    assert max(waits) < 1.76
    unlucky = [urgent_us(NORDIC, 7, draw, lambda tag, event, way: event < 2) / 1e6]
    assert unlucky[0] == pytest.approx(waits[7] + 2 * 1.76)


def test_two_answers_in_one_slot_are_both_lost_unless_one_drowns_the_other() -> None:
    """5.2: BLE 1M captures by 8 dB."""
    assert heard_in_slot([]) is None
    assert heard_in_slot([-70.0]) == 0
    assert heard_in_slot([-70.0, -66.0]) is None
    assert heard_in_slot([-75.0, -66.0]) == 1
    assert heard_in_slot([-75.0, -66.0, -73.0]) is None


def test_air_is_counted_to_the_microsecond() -> None:
    found = sweep(NORDIC, 8, "ping", lossless)
    # eight tags in eight groups: a packet of group and one ping each (27 octets, 216 us), an answer of 3 (216 us)
    assert found.bridge_air_us == 8 * 216
    assert found.tags_air_us == 8 * 216


@pytest.mark.parametrize(
    ("octets", "tags", "minutes"),
    [(1_000, 1_000, 9), (1_000, 5_000, 43), (1_000, 10_000, 86), (9_500, 1_000, 11), (9_500, 5_000, 53)],
)
def test_a_picture_for_each_tag_takes_the_minutes_published(octets: int, tags: int, minutes: int) -> None:
    """3, "Whole-shop image push": 4 connections, 1 kB: 9 / 43 / 86 min; raw 9.5 kB: 11 / 53 / 105 min."""
    found = push(tags, octets, draws(4, "shop", "connections"))
    assert found.elapsed_s / 60 == pytest.approx(minutes, rel=0.10)


def test_a_lost_packet_of_a_picture_is_sent_again() -> None:
    draw = draws(5, "shop", "connections")
    clean = push(50, 9_500, draw)
    lossy = push(50, 9_500, draw, packet_lost=lambda tag, packet: packet % 4 == 0)
    assert clean.packets == 50 * 39
    assert lossy.packets == 50 * 52
    assert lossy.elapsed_s > clean.elapsed_s
