import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.chance import Draws
from simulator.serial_line import LOOK_S, PACKET_OCTETS, USB_LATENCY_S, PacedLine, heard_at_another_speed


def taken(line: PacedLine) -> list[tuple[float, bytes]]:
    """Everything, each piece at its time."""
    pieces = []
    while (at := line.wake_at()) is not None:
        octets = line.take(at)
        assert octets, "whoever comes when called gets something"
        pieces.append((at, octets))
    return pieces


@pytest.mark.parametrize("baud", [115_200, 921_600, 2_000_000])
def test_a_line_carries_a_tenth_of_its_baud_in_octets_a_second(baud: int) -> None:
    line = PacedLine(baud)
    line.put(bytes(30_000), 5.0)
    pieces = taken(line)
    assert sum(len(octets) for _, octets in pieces) == 30_000
    assert pieces[-1][0] - 5.0 == pytest.approx(300_000 / baud, abs=LOOK_S)


def test_a_short_answer_waits_for_the_adapters_timer_and_a_full_packet_does_not() -> None:
    line = PacedLine(921_600, latency_s=USB_LATENCY_S)
    line.put(b"ok", 1.0)
    ((at, octets),) = taken(line)
    assert (octets, at) == (b"ok", pytest.approx(1.0 + 10 / 921_600 + USB_LATENCY_S))
    line.put(bytes(PACKET_OCTETS), 2.0)
    ((at, _),) = taken(line)
    assert at == pytest.approx(2.0 + PACKET_OCTETS * 10 / 921_600)


@given(st.lists(st.tuples(st.binary(min_size=1, max_size=400), st.floats(0, 0.05)), max_size=12), st.booleans())
def test_whatever_is_put_when_it_comes_out_whole_in_order_and_not_before_its_time(
    said: list[tuple[bytes, float]], is_usb: bool
) -> None:
    line = PacedLine(230_400, latency_s=USB_LATENCY_S if is_usb else 0.0)
    now, got = 0.0, b""
    for octets, pause_s in said:
        now += pause_s
        got += line.take(now)
        line.put(octets, now)
    got += b"".join(octets for _, octets in taken(line))
    assert got == b"".join(octets for octets, _ in said)


def test_what_is_on_its_way_when_the_plug_is_pulled_is_gone() -> None:
    line = PacedLine(115_200)
    line.put(bytes(1000), 0.0)
    line.cut()
    assert line.wake_at() is None
    assert not line.is_busy(0.0)


def test_at_another_speed_nothing_is_understood() -> None:
    octets = random.Random(1).randbytes(400)
    for said_at, heard_at, count in ((115_200, 2_000_000, 1600), (2_000_000, 115_200, 24), (0, 115_200, 400)):
        heard = heard_at_another_speed(octets, said_at, heard_at, Draws(1, 1))
        assert len(heard) == count
        assert heard[:24] != octets[:24]
