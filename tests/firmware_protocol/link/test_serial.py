"""Payloads over a line on virtual time that loses, changes, repeats and re-opens: each once, whole, in order."""

import random
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from two_ended_line import Line, greeting, two_ends

from firmware_protocol.link.frames import Frame, FrameType
from firmware_protocol.link.limits import PAYLOAD_OCTETS_MAX, WINDOW_FRAMES_MAX
from firmware_protocol.link.serial import LinkPayload, SerialLink


def payloads(count: int, seed: int = 1) -> list[bytes]:
    chance = random.Random(seed)
    return [chance.randbytes(chance.choice((1, 240, 241, 3000))) for _ in range(count)]


def send_all(end: SerialLink, what: Iterable[bytes]) -> None:
    for payload in what:
        end.send(payload)


def test_payloads_of_any_size_arrive_whole_and_in_order_both_ways() -> None:
    line = Line(random.Random(1))
    one, two = two_ends(line)
    up = [bytes(1), bytes(240), b"\xff" * 241, bytes(480), bytes(PAYLOAD_OCTETS_MAX)]
    send_all(one, up)
    send_all(two, reversed(up))
    line.run()
    assert line.got == {two: up, one: up[::-1]}
    assert one.waiting == two.waiting == 0
    assert one.wake_at() is None


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32), share=st.floats(0.0, 0.15))
def test_a_line_that_loses_changes_repeats_and_reorders_delivers_each_payload_once_in_order(
    seed: int, share: float
) -> None:
    line = Line(random.Random(seed), loss=share, change=share, repeat=share, late=share)
    one, two = two_ends(line)
    up, down = payloads(6, seed), payloads(6, seed + 1)
    send_all(one, up)
    send_all(two, down)
    line.run(for_s=300.0)
    assert line.got == {two: up, one: down}
    assert line.opened == {one: 1, two: 1}


def test_five_hundredths_of_all_frames_lost_doubled_and_changed_are_repeated_and_nothing_else_is() -> None:
    line = Line(random.Random(3), loss=0.05, change=0.05, repeat=0.05)
    one, two = two_ends(line)
    sent = payloads(400)
    send_all(one, sent)
    line.run()
    assert line.got[two] == sent
    assert min(line.faults[fault] for fault in ("loss", "change", "repeat")) >= 50
    assert one.counts.repeated < 3 * (line.faults["loss"] + line.faults["change"])


@pytest.mark.parametrize(("baud", "share"), [(115_200, 0.85), (921_600, 0.85), (2_000_000, 0.80)])
def test_twenty_milliseconds_of_round_trip_leave_no_line_idle(baud: int, share: float) -> None:
    line = Line(random.Random(1), baud=baud)
    one, two = two_ends(line)
    began = line.now
    payload = random.Random(2).randbytes(30_000)
    send_all(one, [payload] * 10)
    line.run()
    assert line.got[two] == [payload] * 10
    carried = 10 * len(payload) / (line.now - began)
    assert carried > share * baud / 10
    assert one.counts.repeated == 0


def test_a_port_opened_again_forgets_what_waited_and_both_ends_say_so() -> None:
    line = Line(random.Random(1))
    one, two = two_ends(line)
    send_all(one, payloads(5))
    send_all(two, [b"half"] * 5)
    line.run(for_s=0.012)
    again = SerialLink(0xA2)
    line.plug(again, two)
    line.run()
    assert line.opened == {one: 1, again: 1, two: 2}
    assert line.got[again] == []
    before = list(line.got[two])
    again.send(b"hello")
    two.send(b"welcome")
    line.run()
    assert line.got[again] == [b"welcome"]
    assert line.got[two] == [*before, b"hello"]


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32), moments=st.lists(st.floats(0.0, 0.3), min_size=1, max_size=4))
def test_however_often_either_end_starts_anew_both_meet_again_and_no_payload_is_mixed(
    seed: int, moments: list[float]
) -> None:
    line = Line(random.Random(seed), loss=0.05, change=0.05, repeat=0.2, late=0.2, greeting=True)
    ends = [SerialLink(0xA000), SerialLink(0xB000)]
    line.plug(*ends)
    sent: set[bytes] = set()
    for number, moment in enumerate(moments):
        for place, end in enumerate(ends):
            payload = bytes((number, place)) * 700
            sent.add(payload)
            end.send(payload)
        line.run(for_s=moment)
        place = line.chance.randrange(2)
        ends[place] = SerialLink(0x1000 * (number + 1))
        line.plug(*ends)
    line.run(for_s=60.0)
    one, two = ends
    assert (one.is_open, one.peer_session) == (True, two.session)
    assert (two.is_open, two.peer_session) == (True, one.session)
    assert (line.got[one][-1], line.got[two][-1]) == (greeting(two), greeting(one))
    for got in line.got.values():
        payloads_got = [payload for payload in got if not payload.startswith(b"hello from")]
        assert sent.issuperset(payloads_got)
        assert len(set(payloads_got)) == len(payloads_got)


def test_a_late_copy_of_an_old_opening_never_brings_an_old_session_back() -> None:
    line = Line(random.Random(1))
    _, two = two_ends(line)
    again = SerialLink(0xA2)
    line.plug(again, two)
    line.run()
    assert two.receive(Frame(FrameType.OPEN, 0xA, 0xB, flags=1).pack(), line.now) == []
    assert two.peer_session == again.session
    assert two.counts.foreign >= 1


def test_a_boot_banner_in_front_costs_nothing() -> None:
    line = Line(random.Random(1))
    one, two = SerialLink(1), SerialLink(2)
    two.receive(b"rst:0x1 (POWERON_RESET)\r\nboot: v5.1\r\n", 0.0)
    line.plug(one, two)
    line.run(for_s=0.1)
    assert one.is_open
    assert two.is_open


def test_a_line_that_echoes_is_no_peer() -> None:
    link = SerialLink(1)
    assert link.receive(link.to_send(0.0), 0.1) == []
    assert not link.is_open
    assert link.counts.foreign == 1


def test_nobody_there_is_asked_a_few_times_a_second_and_nothing_else_is_sent() -> None:
    link = SerialLink(1)
    link.send(b"payload")
    now, sent = 0.0, 0
    while now < 10.0:
        sent += len(link.to_send(now)) > 0
        wake = link.wake_at()
        assert wake is not None
        now = max(wake, now + 0.001)
    assert 40 <= sent <= 60


def test_a_peer_that_stops_acknowledging_is_asked_ever_more_slowly() -> None:
    line = Line(random.Random(1))
    one, _ = two_ends(line)
    one.send(b"payload")
    moments, now = [], line.now
    for _ in range(12):
        assert one.to_send(now)
        moments.append(now)
        wake = one.wake_at()
        assert wake is not None
        assert wake > now
        now = wake
    pauses = [later - earlier for earlier, later in pairwise(moments)]
    assert pauses[:5] == sorted(pauses[:5])
    assert pauses[0] == pytest.approx(one.retry_s)
    assert pauses[-1] == pytest.approx(2.0)


def test_an_acknowledgement_of_frames_never_sent_changes_nothing() -> None:
    line = Line(random.Random(1))
    one, two = two_ends(line)
    one.send(b"payload")
    one.to_send(line.now)
    one.receive(Frame(FrameType.ACK, two.session, one.session, 500, 0, b"\xff" * 4).pack(), line.now)
    assert one.waiting == 1


def test_pieces_that_make_no_payload_are_counted_and_dropped() -> None:
    line = Line(random.Random(1))
    one, two = two_ends(line)

    def data(sequence: int, flags: int) -> bytes:
        return Frame(FrameType.DATA, one.session, two.session, sequence, flags, bytes(240)).pack()

    assert two.receive(data(0, 0), line.now) == []
    assert two.receive(data(1, 1) + data(2, 1), line.now) == []
    assert two.counts.broken == 2
    endless = b"".join(data(sequence, 0) for sequence in range(3, 200))
    assert two.receive(endless, line.now) == []
    assert two.counts.broken > 2
    assert two.receive(data(200, 3), line.now) == [LinkPayload(bytes(240))]


def test_a_sequence_number_goes_round_without_losing_a_frame() -> None:
    line = Line(random.Random(5), loss=0.05)
    one, two = two_ends(line)
    one._next_sequence = two._expected = 65_500  # as after 16 MB
    sent = payloads(40)
    send_all(one, sent)
    line.run()
    assert line.got[two] == sent
    assert one._next_sequence < 1000


@pytest.mark.parametrize("session", [0, -1, 1 << 32])
def test_a_session_that_is_no_number_of_four_octets_is_our_own_mistake(session: int) -> None:
    with pytest.raises(ValueError, match="session"):
        SerialLink(session)


def test_a_payload_beyond_its_cap_is_our_own_mistake() -> None:
    for payload in (b"", bytes(PAYLOAD_OCTETS_MAX + 1)):
        with pytest.raises(ValueError, match="payload"):
            SerialLink(1).send(payload)


@given(st.binary(max_size=400))
def test_any_octets_make_no_event(octets: bytes) -> None:
    assert SerialLink(1).receive(octets + b"\x00", 0.0) == []


def test_windows_stay_within_what_an_acknowledgement_can_name() -> None:
    assert [SerialLink(1, baud=baud).window for baud in (115_200, 921_600, 2_000_000, 12_000_000)] == [8, 15, 32, 32]
    assert WINDOW_FRAMES_MAX == 32
