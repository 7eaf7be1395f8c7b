import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol.service.absolute_time import AHEAD_MS_MAX, MODULUS_MS, TimedResult, has_come, is_plausible, judge
from firmware_protocol.service.quirks import PROFILES
from firmware_protocol.service.responses import ErrorCode
from firmware_protocol.vectors import Vector, read_vectors

TIMES = st.integers(0, MODULUS_MS - 1)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("vector", read_vectors("absolute_time"), ids=lambda vector: vector.name)
def test_a_timed_command_is_judged_as_its_vector_says(vector: Vector, profile: str) -> None:
    t_ms = int.from_bytes(vector.octets, "little")
    assert len(vector.octets) == 4
    now_ms, pending_ms, says = (vector.fields[name] for name in ("now_ms", "pending_ms", "says"))
    assert now_ms is None or isinstance(now_ms, int)
    assert pending_ms is None or isinstance(pending_ms, int)
    assert isinstance(says, dict)
    result = judge(t_ms, now_ms, pending_ms, PROFILES[profile])
    assert (result.name.lower() if isinstance(result, TimedResult) else int(result)) == says[profile]


@given(TIMES, TIMES)
def test_a_time_is_plausible_or_has_come_and_now_alone_is_both(t_ms: int, now_ms: int) -> None:
    assert is_plausible(t_ms, now_ms) != (has_come(t_ms, now_ms) and t_ms != now_ms)


@given(TIMES, st.integers(1, AHEAD_MS_MAX))
def test_a_plausible_time_comes_once_it_is_reached_wherever_the_clock_wraps(now_ms: int, ahead_ms: int) -> None:
    t_ms = (now_ms + ahead_ms) % MODULUS_MS
    assert is_plausible(t_ms, now_ms)
    assert not has_come(t_ms, now_ms)
    assert not has_come(t_ms, (t_ms - 1) % MODULUS_MS)
    assert has_come(t_ms, t_ms)
    assert has_come(t_ms, (t_ms + 1) % MODULUS_MS)


@given(TIMES.filter(bool), TIMES, TIMES.filter(bool))
def test_what_waits_gives_way_only_to_its_own_time_and_to_delete(t_ms: int, now_ms: int, pending_ms: int) -> None:
    for quirks in PROFILES.values():
        assert judge(0, now_ms, pending_ms, quirks) is TimedResult.DELETED
        result = judge(t_ms, now_ms, pending_ms, quirks)
        assert result is not TimedResult.QUEUED
        assert (result is TimedResult.REPLACED) <= (t_ms == pending_ms)
        if t_ms != pending_ms:
            assert result in {ErrorCode.QUEUE_FULL, ErrorCode.IMPLAUSIBLE_ABSOLUTE_TIME}
