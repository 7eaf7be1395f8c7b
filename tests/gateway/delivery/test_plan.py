"""When a display is tried again."""

import random
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol import PANELS, ReportState
from gateway.delivery.limits import (
    AGENDA_SPARE,
    BACKOFF_CONTACTS_MAX,
    CONTACTS_BEFORE_RETRY,
    LINK_SLACK_S,
    RETRY_JITTER,
)
from gateway.delivery.plan import Agenda

DISPLAY = "A4C1380000000001.0"
CONTACT_S = 60.0


def agenda() -> Agenda:
    return Agenda(random.Random(7))


def test_a_display_is_due_once_although_it_was_put_on_the_agenda_twice() -> None:
    plan = agenda()
    plan.due_at(DISPLAY, 10.0)
    plan.due_at(DISPLAY, 5.0)
    assert plan.take_due(4.9, 10) == []
    assert plan.take_due(20.0, 10) == [DISPLAY]
    assert plan.take_due(20.0, 10) == []


def test_those_that_wait_longest_come_first_and_the_rest_stays() -> None:
    plan = agenda()
    for number in range(5):
        plan.due_at(f"{number:016X}.0", float(5 - number))
    assert plan.take_due(100.0, 2) == ["0000000000000004.0", "0000000000000003.0"]
    assert plan.wake_at() == 3.0


def test_an_unanswered_offer_is_repeated_later_each_time_up_to_a_bound() -> None:
    plan = agenda()
    waits = []
    for _ in range(8):
        plan.after_offer(DISPLAY, 0.0, CONTACT_S)
        waits.append(plan.attempt(DISPLAY).due_s)
    assert waits[0] >= CONTACTS_BEFORE_RETRY * CONTACT_S
    assert waits[1] > waits[0]
    assert max(waits) <= BACKOFF_CONTACTS_MAX * CONTACT_S * (1 + RETRY_JITTER) + LINK_SLACK_S


def test_a_question_that_nobody_answers_is_asked_four_times_in_the_rounds_of_a_batch() -> None:
    plan = agenda()
    asked = []
    for round_s in range(30, 361, 30):
        if plan.attempt(DISPLAY).asked_until_s <= round_s:
            plan.after_question(DISPLAY, round_s, CONTACT_S)
            asked.append(round_s)
    assert len(asked) == 4
    assert min(later - sooner for sooner, later in pairwise(asked)) > CONTACT_S, "its tag had a contact to answer in"


def test_a_refresh_is_waited_for_to_the_end_of_its_panels_band() -> None:
    plan = agenda()
    panel = PANELS["2.9-bwr"]
    plan.after_answer(DISPLAY, ReportState.REFRESHING, 0.0, CONTACT_S, panel, 1.0)
    assert plan.attempt(DISPLAY).due_s >= panel.refresh_band_s[1] + CONTACTS_BEFORE_RETRY * CONTACT_S


def test_a_glass_that_fails_again_and_again_is_tried_more_and_more_rarely() -> None:
    plan = agenda()
    waits = []
    for _ in range(6):
        plan.after_answer(DISPLAY, ReportState.FAILED, 0.0, CONTACT_S, PANELS["2.9-bw"], 1.0)
        waits.append(plan.attempt(DISPLAY).due_s)
    assert waits[:4] == sorted(waits[:4])  # then the bound holds, and only the spread differs
    assert min(waits[4:]) >= BACKOFF_CONTACTS_MAX * CONTACT_S


def test_a_tag_that_speaks_of_an_older_revision_is_offered_the_new_one_at_once() -> None:
    plan = agenda()
    plan.after_offer(DISPLAY, 0.0, CONTACT_S)
    plan.knows_an_older(DISPLAY, 5.0, CONTACT_S)  # said before the offer could get there
    assert plan.take_due(6.0, 10) == []
    plan.knows_an_older(DISPLAY, 50.0, CONTACT_S)
    assert plan.take_due(50.0, 10) == [DISPLAY]


def test_a_proved_display_leaves_the_agenda() -> None:
    plan = agenda()
    plan.after_offer(DISPLAY, 0.0, CONTACT_S)
    plan.forget(DISPLAY)
    assert plan.wake_at() is None
    assert plan.take_due(1e9, 10) == []


def test_a_tag_that_is_silent_for_a_year_and_a_glass_that_fails_as_long_are_tried_at_their_longest_pause() -> None:
    """A power of a float ends in an overflow, at 1,024 failures of a quarter of an hour: eleven days."""
    plan = agenda()
    for _ in range(40_000):
        plan.after_offer(DISPLAY, 0.0, CONTACT_S)
    assert plan.attempt(DISPLAY).due_s >= BACKOFF_CONTACTS_MAX * CONTACT_S
    for _ in range(40_000):
        plan.after_answer(DISPLAY, ReportState.FAILED, 0.0, CONTACT_S, PANELS["2.13-bw"], 1)
    assert plan.attempt(DISPLAY).due_s >= BACKOFF_CONTACTS_MAX * CONTACT_S


def test_an_agenda_holds_no_more_than_its_displays_however_often_they_move() -> None:
    plan, spare = agenda(), AGENDA_SPARE
    for turn in range(2_000):
        for number in range(10):
            plan.after_offer(f"{number:016X}.0", float(turn), CONTACT_S)
    assert len(plan._heap) <= 2 * 10 + spare
    due = plan.take_due(1e9, 100)
    assert sorted(due) == [f"{number:016X}.0" for number in range(10)]


@given(st.lists(st.tuples(st.sampled_from(["due", "take", "forget", "ask"]), st.integers(0, 5), st.integers(0, 40))))
def test_tidying_up_moves_nothing(steps: list[tuple[str, int, int]]) -> None:
    tidy, untidy = agenda(), agenda()
    for step, number, after_s in steps * 12:
        display = f"{number:016X}.0"
        for plan in (tidy, untidy):
            if step == "due":
                plan.due_at(display, float(after_s))
            elif step == "forget":
                plan.forget(display)
            elif step == "ask":
                plan.after_question(display, 0.0, CONTACT_S)
        tidy._tidy_up()
        if step == "take":
            assert tidy.take_due(float(after_s), 3) == untidy.take_due(float(after_s), 3)
        assert tidy.wake_at() == untidy.wake_at()


def test_a_glass_that_is_drawn_again_after_a_failure_is_waited_for_to_the_end_of_that_refresh() -> None:
    plan = agenda()
    panel = PANELS["4.2-bwr"]
    plan.after_answer(DISPLAY, ReportState.GLASS_UNKNOWN, 0.0, CONTACT_S, panel, 1.0)
    assert plan.attempt(DISPLAY).due_s == LINK_SLACK_S, "it waits for an offer"
    plan.after_answer(DISPLAY, ReportState.FAILED, 0.0, CONTACT_S, panel, 1.0)
    plan.after_answer(DISPLAY, ReportState.GLASS_UNKNOWN, 0.0, CONTACT_S, panel, 1.0)
    assert plan.attempt(DISPLAY).due_s >= panel.refresh_band_s[1]
