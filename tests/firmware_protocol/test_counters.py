import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol import FieldError
from firmware_protocol.counters import COUNTER_MAX, ReplayWindow, gateway_start, randomizer, read_randomizer

COUNTERS = st.integers(0, COUNTER_MAX)


@given(COUNTERS, st.booleans())
def test_a_counter_and_its_direction_fill_five_octets_and_come_back(counter: int, up: bool) -> None:
    octets = randomizer(counter, up=up)
    assert len(octets) == 5
    assert bool(octets[4] & 0x80) is up
    assert read_randomizer(octets) == (counter, up)


@pytest.mark.parametrize("counter", [-1, COUNTER_MAX + 1])
def test_a_counter_beyond_its_bits_is_our_own_mistake(counter: int) -> None:
    with pytest.raises(ValueError, match="39 bits"):
        randomizer(counter, up=False)


@pytest.mark.parametrize("octets", [b"", b"1234", b"123456"])
def test_a_randomizer_of_another_length_is_refused(octets: bytes) -> None:
    with pytest.raises(FieldError):
        read_randomizer(octets)


def test_a_gateway_starts_above_its_reserve_and_above_its_clock() -> None:
    one_hour_in = 1_767_225_600 + 3600
    assert gateway_start(0, one_hour_in) == 3600 * 128
    assert gateway_start(10**9, one_hour_in) == 10**9 + 1
    assert gateway_start(41, 0) == 42, "a clock before 2026 counts for nothing"


@given(st.lists(st.integers(0, 200), max_size=60))
def test_no_counter_is_taken_twice_and_none_below_the_window(counters: list[int]) -> None:
    window, taken = ReplayWindow(), set[int]()
    for counter in counters:
        after = window.accept(counter)
        fresh = counter not in taken and counter > max(taken, default=-1) - 64
        assert (after is not None) == fresh
        if after is not None:
            window = after
            taken.add(counter)
            assert window.highest == max(taken)


def test_accepting_leaves_the_old_window_as_it_was() -> None:
    window = ReplayWindow()
    assert window.accept(5) == window.accept(5)
    assert window == ReplayWindow()


@given(floor=COUNTERS, ahead=st.integers(-100, 100))
def test_a_window_above_a_floor_takes_only_what_is_above(floor: int, ahead: int) -> None:
    assert (ReplayWindow.above(floor).accept(floor + ahead) is not None) == (ahead > 0)
