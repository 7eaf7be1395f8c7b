"""What a tag said before is told from what it says now, and both from what a second tag says."""

from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol import Report, ReportFlags, ReportState
from firmware_protocol.keys import SessionKeys
from firmware_protocol.sealing import seal_report
from gateway.delivery.heard_counters import REMEMBERED, HeardCounters, Hearing

KEYS = SessionKeys(bytes(16), bytes(8), bytes(16), bytes(8))


def said(counter: int, revision: int = 1) -> bytes:
    return seal_report(
        KEYS,
        counter,
        Report(
            0,
            ReportFlags(0),
            revision,
            b"abcd",
            1,
            ReportState.SHOWN,
            refresh_half_s=4,
            temperature_c=20,
            battery_mv=3000,
        ),
    )


def test_the_same_octets_again_are_no_twin_and_other_octets_under_their_number_are() -> None:
    heard = HeardCounters()
    assert heard.hear(7, said(7)) is Hearing.NEW
    assert heard.hear(7, said(7)) is Hearing.REPLAYED
    assert heard.hear(7, said(7, revision=2)) is Hearing.OF_A_TWIN


def test_what_was_overtaken_is_still_new() -> None:
    heard = HeardCounters()
    assert [heard.hear(counter, said(counter)) for counter in (9, 7, 8)] == [Hearing.NEW] * 3


def test_what_a_former_run_may_have_heard_is_not_taken_again() -> None:
    heard = HeardCounters(floor=20)
    assert heard.hear(20, said(20)) is Hearing.REPLAYED
    assert heard.hear(21, said(21)) is Hearing.NEW


def test_what_is_too_old_to_tell_counts_as_heard() -> None:
    heard = HeardCounters()
    for counter in range(REMEMBERED + 1):
        assert heard.hear(counter, said(counter)) is Hearing.NEW
    assert heard.hear(0, said(0)) is Hearing.REPLAYED
    assert heard.hear(0, said(0, revision=2)) is Hearing.REPLAYED


@given(st.lists(st.integers(0, 200), max_size=300), st.integers(-1, 100))
def test_no_number_is_ever_new_twice_and_no_order_of_one_tags_words_makes_a_twin(order: list[int], floor: int) -> None:
    heard, new = HeardCounters(floor), []
    for counter in order:
        found = heard.hear(counter, said(counter))
        assert found is not Hearing.OF_A_TWIN
        if found is Hearing.NEW:
            new.append(counter)
    assert len(new) == len(set(new))
    assert all(counter > floor for counter in new)
