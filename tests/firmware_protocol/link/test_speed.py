"""Two ends that agree on a faster line, and meet again whatever becomes of it."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from two_ended_line import Line

from firmware_protocol.link.frames import Frame, FrameReader, FrameType, pack_speeds
from firmware_protocol.link.limits import BASE_BAUD, OFFERED_BAUDS
from firmware_protocol.link.serial import LinkPayload, SerialLink


def gateway(session: int = 0xA, offers: tuple[int, ...] = OFFERED_BAUDS) -> SerialLink:
    return SerialLink(session, baud=BASE_BAUD, offers=offers)


def bridge(session: int = 0xB, takes: tuple[int, ...] = OFFERED_BAUDS) -> SerialLink:
    return SerialLink(session, baud=BASE_BAUD, takes=takes)


def old_bridge(session: int = 0xB) -> "OldBridge":
    return OldBridge(session, baud=BASE_BAUD)


class OldBridge(SerialLink):
    """As 0.1.0 was: to it, frames of types 5 and 6 are no frames."""

    def receive(self, octets: bytes, now: float) -> list[object]:  # type: ignore[override]
        kept = []
        for piece in octets.split(b"\x00"):
            frames = FrameReader().feed(piece + b"\x00") if piece else []
            kept.append(b"#" if frames and frames[0].type > FrameType.OPENED else piece)
        return list(super().receive(b"\x00".join(kept), now))


def met(line: Line, one: SerialLink, two: SerialLink, *, for_s: float = 5.0) -> Line:
    line.plug(one, two)
    line.run(for_s=for_s)
    return line


def exchange(line: Line, seed: int = 1) -> None:
    """Both ways, and both have got it."""
    one, two = line.ends
    chance = random.Random(seed)
    up, down = [chance.randbytes(700) for _ in range(8)], [chance.randbytes(700) for _ in range(8)]
    before = {end: len(line.got[end]) for end in line.ends}
    for first, second in zip(up, down, strict=True):
        two.send(first)
        one.send(second)
    line.run(for_s=30.0)
    assert line.got[one][before[one] :] == up
    assert line.got[two][before[two] :] == down


def test_two_ends_that_can_go_to_the_fastest_speed_and_prove_it_there() -> None:
    line = met(Line(random.Random(1)), one := gateway(), two := bridge())
    assert one.baud == two.baud == 2_000_000
    assert (one.is_open, two.is_open) == (True, True)
    assert line.now < 0.5
    exchange(line)
    assert one.counts.repeated == two.counts.repeated == 0
    assert line.opened == {one: 1, two: 1}


def test_the_fastest_that_both_can_is_taken() -> None:
    met(Line(random.Random(1)), one := gateway(), two := bridge(takes=(460_800, 230_400)))
    assert one.baud == two.baud == 460_800


def test_a_bridge_that_can_no_other_says_so_and_both_stay() -> None:
    line = met(Line(random.Random(1)), one := gateway(), two := bridge(takes=()))
    assert one.baud == two.baud == BASE_BAUD
    assert one.wake_at() is None
    exchange(line)


def test_a_bridge_that_knows_no_offers_stays_at_its_speed_and_waits_once() -> None:
    line = Line(random.Random(1))
    line.plug(one := gateway(), two := old_bridge())
    line.run(for_s=0.05)
    one.send(b"hold on")
    line.run(for_s=0.3)
    assert line.got[two] == []
    line.run(for_s=0.15)
    assert line.got[two] == [b"hold on"]
    line.run(for_s=60.0)
    assert one.baud == two.baud == BASE_BAUD
    assert one.wake_at() is None
    assert line.opened == {one: 1, two: 1}
    exchange(line)


def test_a_gateway_that_offers_nothing_keeps_the_speed_it_was_given() -> None:
    met(
        Line(random.Random(1)),
        one := SerialLink(0xA, baud=921_600),
        two := SerialLink(0xB, baud=921_600, takes=[2**21]),
    )
    assert one.baud == two.baud == 921_600


def test_a_line_that_does_not_carry_a_speed_costs_it_and_the_next_is_tried() -> None:
    line = met(Line(random.Random(1), carries_baud=700_000), one := gateway(), two := bridge(), for_s=30.0)
    assert one.baud == two.baud == 460_800
    assert one.speed.offers == (460_800, 230_400)
    exchange(line)
    assert line.opened == {one: 1, two: 1}, "nothing that waited was forgotten"


def test_a_line_that_grows_worse_is_left_for_the_base_speed_and_what_waited_arrives() -> None:
    line = met(Line(random.Random(1)), one := gateway(), two := bridge())
    line.carries_baud = BASE_BAUD
    exchange(line)
    assert one.baud == two.baud == BASE_BAUD
    line.run(for_s=60.0)
    assert line.opened == {one: 1, two: 1}


def test_a_bridge_that_starts_anew_is_met_at_the_base_speed_and_the_line_is_fast_again() -> None:
    line = met(Line(random.Random(1)), one := gateway(), bridge())
    line.plug(one, two := bridge(0xB2))
    line.run(for_s=5.0)
    assert one.baud == two.baud == 2_000_000
    assert one.speed.offers == OFFERED_BAUDS, "the line is not to blame"
    exchange(line)


def test_a_gateway_that_starts_anew_is_met_at_the_base_speed_and_the_line_is_fast_again() -> None:
    line = met(Line(random.Random(1)), gateway(), two := bridge())
    line.plug(one := gateway(0xA2), two)
    line.run(for_s=5.0)
    assert one.baud == two.baud == 2_000_000
    exchange(line)


def test_a_line_at_rest_at_a_raised_speed_wakes_nobody() -> None:
    met(Line(random.Random(1)), one := gateway(), two := bridge())
    assert one.wake_at() is two.wake_at() is None


def test_a_speed_that_nobody_offered_is_not_gone_to() -> None:
    line = met(Line(random.Random(1)), one := gateway(offers=(460_800,)), two := bridge(takes=()))
    taken = Frame(FrameType.AGREED, two.session, one.session, data=pack_speeds(3_000_000))
    assert one.receive(taken.pack(), line.now) == []
    one.to_send(line.now + 1)
    assert one.baud == BASE_BAUD


def test_silence_without_a_question_is_no_reason_to_doubt() -> None:
    line = met(Line(random.Random(1)), one := gateway(), bridge())
    line.now += 86_400
    exchange(line)
    assert one.baud == 2_000_000


def test_an_end_that_was_stopped_for_a_while_and_finds_its_answers_waiting_does_not_fall_back() -> None:
    line = met(Line(random.Random(1)), one := gateway(), two := bridge())
    one.send(b"payload")
    two.receive(one.to_send(line.now), line.now)
    answer = two.to_send(line.now)
    assert one.to_send(line.now + 10.0)  # it asks first
    assert one.receive(answer, line.now + 10.0) == []
    assert one.to_send(line.now + 10.1) == b""
    assert (one.baud, one.is_open) == (2_000_000, True)


def test_a_bridge_that_starts_anew_just_after_it_agreed_costs_no_speed() -> None:
    one = gateway()
    for peer in (0xB, 0xB2):
        one.receive(Frame(FrameType.OPEN, peer, one.session, flags=1).pack(), 1.0)
        assert one.to_send(1.0), "it answers, and offers"
        if peer == 0xB:
            one.receive(Frame(FrameType.AGREED, peer, one.session, data=pack_speeds(2_000_000)).pack(), 1.0)
    one.to_send(1.1)
    assert (one.baud, one.speed.offers) == (BASE_BAUD, OFFERED_BAUDS)


def test_a_port_that_refuses_a_speed_is_not_asked_for_it_again() -> None:
    met(Line(random.Random(1)), one := gateway(), bridge())
    one.speed.give_up()
    assert one.speed.offers == OFFERED_BAUDS[1:]


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), share=st.floats(0.0, 0.12), carries=st.sampled_from((*OFFERED_BAUDS, BASE_BAUD)))
def test_on_any_line_both_ends_come_to_one_speed_that_it_carries(seed: int, share: float, carries: int) -> None:
    line = Line(random.Random(seed), loss=share, change=share, repeat=share, late=share, carries_baud=carries)
    one, two = gateway(), bridge()
    line.plug(one, two)
    line.run(for_s=60.0)
    exchange(line, seed)
    assert one.baud == two.baud <= carries


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32), moments=st.lists(st.floats(0.0, 2.0), min_size=1, max_size=4))
def test_however_often_either_end_starts_anew_both_are_fast_in_the_end(seed: int, moments: list[float]) -> None:
    line = Line(random.Random(seed), loss=0.02, change=0.02)
    ends = [gateway(0xA000), bridge(0xB000)]
    line.plug(*ends)
    for number, moment in enumerate(moments):
        line.run(for_s=moment)
        place = line.chance.randrange(2)
        ends[place] = (gateway, bridge)[place](0x1000 * (number + 1))
        line.plug(*ends)
    line.run(for_s=60.0)
    assert line.ends[0].baud == line.ends[1].baud == 2_000_000
    exchange(line, seed)


@given(st.binary(max_size=40), st.sampled_from((FrameType.SPEED, FrameType.AGREED)))
def test_any_speed_frame_is_taken_or_dropped(data: bytes, kind: FrameType) -> None:
    for end in (gateway(), bridge()):
        end.receive(Frame(FrameType.OPEN, 0xC, end.session, flags=1).pack(), 0.0)
        end.to_send(0.0)
        events = end.receive(Frame(kind, 0xC, end.session, data=data).pack(), 0.0)
        assert not any(isinstance(event, LinkPayload) for event in events)
        end.to_send(1.0)
        assert end.baud in (BASE_BAUD, *OFFERED_BAUDS)


@pytest.mark.parametrize("offers", [(115_200, 9_600), ()])
def test_nothing_slower_than_the_base_is_offered(offers: tuple[int, ...]) -> None:
    assert gateway(offers=offers).speed.offers == ()
