import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol import tlv
from firmware_protocol.service.led import FlashPattern, LedColour, LedOrder, Repeat, RepeatUnit
from firmware_protocol.vectors import Vector, read_vectors

ORDERS = st.builds(
    LedOrder,
    st.builds(LedColour.read, st.integers(0, 255)),
    st.builds(FlashPattern, st.integers(0, (1 << 40) - 1)),
    st.integers(0, 255),
    st.integers(0, 255),
    st.builds(Repeat.read, st.integers(0, 65535)),
)


def order_of(octets: bytes) -> LedOrder:
    [command] = tlv.unpack_commands(b"\xb0\x00\x00" + octets)
    assert isinstance(command, tlv.LedControl)
    return command.order


@pytest.mark.parametrize("vector", read_vectors("led"), ids=lambda vector: vector.name)
def test_an_led_is_lit_when_its_vector_says(vector: Vector) -> None:
    order = order_of(vector.octets)
    assert order.is_playable
    assert order.lasts_ms() == vector.fields["lasts_ms"]
    levels = vector.fields["levels"]
    assert isinstance(levels, list)
    for level in levels:
        assert (order.lit_at(level["at_ms"]) is not None) == level["lit"], level


@given(st.integers(0, 255))
def test_every_octet_is_a_colour(octet: int) -> None:
    assert LedColour.read(octet).octet == octet


@given(st.integers(0, 65535))
def test_every_number_is_a_repeat(number: int) -> None:
    assert Repeat.read(number).number == number


def test_values_that_do_not_fit_are_our_own_mistake() -> None:
    for wrong in (LedColour(4, 0, 0, 0), LedColour(0, 0, 0, -1)):
        with pytest.raises(ValueError, match="0 to 3"):
            assert wrong.octet
    with pytest.raises(ValueError, match="32767"):
        assert Repeat(RepeatUnit.RUNS, 32768).number
    with pytest.raises(ValueError, match="40 bits"):
        assert FlashPattern(1 << 40).octets
    with pytest.raises(ValueError, match="5 octets"):
        FlashPattern.read(b"1234")


@given(ORDERS, st.integers(0, 10_000_000))
def test_an_order_that_can_be_played_is_lit_first_and_dark_once_it_has_lasted(order: LedOrder, later_ms: int) -> None:
    if not order.is_playable:
        return
    lasts_ms = order.lasts_ms()
    if lasts_ms is None:
        assert order.lit_at(0) == order.lit_at(later_ms)
        assert (order.lit_at(0) is None) == (order.repeat.unit is RepeatUnit.RUNS)
    else:
        assert order.lit_at(0) == order.colour, "the highest set bit comes first"
        assert order.lit_at(lasts_ms + later_ms) is None
        assert lasts_ms <= 668_446_800


@given(ORDERS)
def test_a_run_is_lit_as_long_as_its_set_bits_say(order: LedOrder) -> None:
    if not order.is_playable or order.repeat.value == 0:
        return
    one_run = LedOrder(order.colour, order.pattern, order.off_period, order.on_period, Repeat(RepeatUnit.RUNS, 1))
    lit_ms = sum(2 for at_ms in range(0, one_run.run_ms, 2) if one_run.lit_at(at_ms) is not None)
    assert lit_ms == order.pattern.bits.bit_count() * order.on_period * 2


def test_for_seconds_one_stack_stops_after_as_many_runs() -> None:
    order = order_of(bytes.fromhex("FF0100000000050A0700"))  # 3 seconds, a run of 20 ms
    assert (order.lasts_ms(), order.lasts_ms(seconds_count_runs=True)) == (3000, 60)
    assert order.lit_at(60) is not None
    assert order.lit_at(60, seconds_count_runs=True) is None
