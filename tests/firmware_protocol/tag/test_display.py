"""What one display of a tag accepts, draws and says."""

import pytest
from msgspec.structs import replace

from firmware_protocol.report import ReportState
from firmware_protocol.tag.display import (
    STEPS,
    DisplayMemory,
    DisplayState,
    NotNow,
    Order,
    Outcome,
    SendReport,
    Stage,
    StartRefresh,
    Step,
    WantParts,
    encoding_refused,
    factory_reset,
    glass_changed,
    has_come,
    holding,
    image_asked,
    manifest_received,
    new_keys,
    parts_complete,
    parts_wanted,
    power_cut,
    power_up,
    refresh_begins,
    refresh_ended,
    slot_broken,
    t_came,
)

BEGIN_T = 5_000


def ordered(state: DisplayState, revision: int, content: str, t_ms: int | None = 0) -> DisplayState:
    return manifest_received(state, Order(revision, content, t_ms), due=t_ms == 0)[0]


def drawn(state: DisplayState) -> DisplayState:
    """The refresh that is due, done well."""
    begun, _ = refresh_begins(state)
    return refresh_ended(begun, Outcome.DRAWN, begun.work.subject)[0]


def showing(content: str = "A", revision: int = 1) -> DisplayState:
    return drawn(parts_complete(ordered(factory_reset(), revision, content), content)[0])


def says(state: DisplayState) -> tuple[ReportState, int, object]:
    held = holding(state)
    return held.state, held.revision, held.content


def test_a_new_tag_says_that_it_knows_nothing_of_its_glass() -> None:
    assert says(factory_reset()) == (ReportState.GLASS_UNKNOWN, 0, None)


def test_a_picture_goes_from_manifest_to_proof() -> None:
    state, actions = manifest_received(factory_reset(), Order(1, "A"), due=True)
    assert actions == [SendReport(), WantParts(Order(1, "A"))]
    assert says(state) == (ReportState.WAITING_PARTS, 1, "A")
    state, actions = parts_complete(state, "A")
    assert actions == [StartRefresh("A")]
    state, _ = refresh_begins(state)
    assert says(state) == (ReportState.REFRESHING, 1, "A")
    state, actions = refresh_ended(state, Outcome.DRAWN, "A")
    assert actions == [SendReport()]
    assert says(state) == (ReportState.SHOWN, 1, "A")
    assert holding(state).refresh_counter == 1


def test_a_lower_revision_is_refused_and_answered_with_what_is_held() -> None:
    state = showing("B", revision=2)
    assert manifest_received(state, Order(1, "A"), due=True) == (state, [SendReport()])


def test_an_equal_revision_with_another_content_is_refused() -> None:
    state = showing("B", revision=2)
    assert manifest_received(state, Order(2, "A"), due=True) == (state, [SendReport()])


def test_what_is_finished_is_answered_again_and_not_drawn_again() -> None:
    state = showing()
    assert manifest_received(state, Order(1, "A"), due=True) == (state, [SendReport()])


def test_content_the_known_glass_shows_needs_only_the_proof() -> None:
    state, actions = manifest_received(showing(), Order(5, "A"), due=True)
    assert actions == [SendReport()]
    assert says(state) == (ReportState.SHOWN, 5, "A")


def test_a_picture_still_whole_in_its_slot_is_drawn_without_parts() -> None:
    state = drawn(parts_complete(ordered(showing("A"), 2, "B"), "B")[0])
    state, actions = manifest_received(state, Order(3, "A"), due=True)
    assert actions == [SendReport(), StartRefresh("A")]
    assert parts_wanted(state) is None


def test_an_unfinished_order_goes_on_after_a_power_cut() -> None:
    state, actions = power_up(power_cut(ordered(showing(), 2, "B")))
    assert actions == [WantParts(Order(2, "B"))]
    assert says(state) == (ReportState.WAITING_PARTS, 2, "B")
    state, actions = manifest_received(state, Order(2, "B"), due=True)
    assert actions == [SendReport(), WantParts(Order(2, "B"))]


def test_the_accepted_revision_survives_a_power_cut_that_follows_at_once() -> None:
    accepted, _ = manifest_received(showing(), Order(9, "B"), due=True)
    state, _ = power_up(power_cut(accepted))
    assert manifest_received(state, Order(8, "C"), due=True)[0] == state


def test_power_cut_in_a_refresh_leaves_the_glass_unknown_until_it_is_drawn_once() -> None:
    state = parts_complete(ordered(showing(), 2, "B"), "B")[0]
    state, actions = power_up(power_cut(refresh_begins(state)[0]))
    assert actions == [SendReport(), StartRefresh("B")]
    assert says(state)[0] is ReportState.GLASS_UNKNOWN
    assert says(drawn(state)) == (ReportState.SHOWN, 2, "B")


def test_power_cut_while_drawing_an_older_picture_draws_the_highest_whole_one() -> None:
    state = refresh_begins(parts_complete(ordered(showing(), 2, "B"), "B")[0])[0]
    state = ordered(state, 3, "C")
    assert parts_wanted(state) == Order(3, "C")
    state, actions = power_up(power_cut(state))
    assert StartRefresh("B") in actions
    state = drawn(state)
    assert says(state) == (ReportState.WAITING_PARTS, 3, "C"), "a picture below the accepted revision proves nothing"


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome is not Outcome.DRAWN])
def test_a_failed_refresh_leaves_the_glass_unknown_and_waits_for_the_next_offer(outcome: Outcome) -> None:
    state = refresh_begins(parts_complete(ordered(showing(), 2, "B"), "B")[0])[0]
    state, actions = refresh_ended(state, outcome)
    assert actions == [SendReport()]
    assert says(state) == (ReportState.FAILED, 2, "B")
    assert holding(state).cause == outcome.value
    assert state.memory.glass is None
    assert state.work.stage is Stage.REST
    state, actions = manifest_received(state, Order(2, "B"), due=True)
    assert actions[-1] == (WantParts(Order(2, "B")) if outcome is Outcome.HASH_MISMATCH else StartRefresh("B"))


def test_a_glass_is_what_was_read_back_never_what_the_manifest_says() -> None:
    state = refresh_begins(parts_complete(ordered(showing(), 2, "B"), "B")[0])[0]
    state, _ = refresh_ended(state, Outcome.DRAWN, "not B")
    assert says(state) == (ReportState.FAILED, 2, "B")
    assert "B" not in state.memory.held


def test_a_slot_that_does_not_read_back_is_never_drawn() -> None:
    state, actions = slot_broken(parts_complete(ordered(showing(), 2, "B"), "B")[0])
    assert actions == [SendReport()]
    assert says(state)[0] is ReportState.FAILED
    assert state.memory.glass == "A"


def test_an_order_that_comes_during_a_refresh_is_drawn_after_it() -> None:
    state = refresh_begins(parts_complete(ordered(showing(), 2, "B"), "B")[0])[0]
    state = parts_complete(ordered(state, 3, "C"), "C")[0]
    state, actions = refresh_ended(state, Outcome.DRAWN, "B")
    assert actions == [SendReport(), StartRefresh("C")]
    assert says(drawn(state)) == (ReportState.SHOWN, 3, "C")


def test_an_order_for_the_picture_being_drawn_is_proved_by_that_refresh() -> None:
    state = refresh_begins(parts_complete(ordered(showing(), 2, "B"), "B")[0])[0]
    state, actions = refresh_ended(ordered(state, 3, "B"), Outcome.DRAWN, "B")
    assert actions == [SendReport()]
    assert says(state) == (ReportState.SHOWN, 3, "B")


def test_a_timed_picture_waits_beside_the_one_on_the_glass() -> None:
    state = parts_complete(ordered(showing(), 2, "B", BEGIN_T), "B")[0]
    assert says(state) == (ReportState.WAITING_T, 2, "B")
    assert state.memory.now == Order(1, "A")
    state, actions = t_came(state)
    assert actions == [StartRefresh("B")]
    assert says(drawn(state)) == (ReportState.SHOWN, 2, "B")


def test_before_t_nothing_is_shown_even_if_the_glass_shows_the_content() -> None:
    state = ordered(showing(), 2, "A", BEGIN_T)
    assert says(state) == (ReportState.WAITING_T, 2, "A")
    state, actions = t_came(state)
    assert actions == [SendReport()]
    assert says(state) == (ReportState.SHOWN, 2, "A")


def test_an_untimed_higher_manifest_cancels_the_pending_picture() -> None:
    state = ordered(parts_complete(ordered(showing(), 2, "B", BEGIN_T), "B")[0], 3, "A")
    assert says(state) == (ReportState.SHOWN, 3, "A")
    assert t_came(state) == (state, [])


def test_a_power_cut_before_t_never_draws_the_waiting_picture() -> None:
    state = parts_complete(ordered(showing(), 2, "B", BEGIN_T), "B")[0]
    state, actions = power_up(power_cut(glass_changed(state)[0]))
    assert StartRefresh("A") in actions
    assert StartRefresh("B") not in actions


def test_a_picture_kept_is_fetched_and_never_drawn() -> None:
    state, actions = parts_complete(ordered(showing(), 2, "B", None), "B")
    assert actions == [SendReport()]
    assert not has_come(None, 10**9)
    assert state.work.stage is Stage.REST


def test_a_refused_encoding_waits_for_another_offer() -> None:
    state, actions = encoding_refused(ordered(showing(), 2, "B"), "no such base")
    assert actions == [SendReport()]
    assert says(state)[0] is ReportState.REFUSED
    assert parts_wanted(state) is None
    assert parts_wanted(ordered(state, 2, "B")) == Order(2, "B")


def test_a_splash_makes_the_glass_unknown_and_the_next_offer_draws_it_again() -> None:
    state, actions = glass_changed(showing())
    assert actions == [SendReport()]
    assert says(state) == (ReportState.GLASS_UNKNOWN, 1, "A")
    assert StartRefresh("A") in manifest_received(state, Order(1, "A"), due=True)[1]


def test_new_keys_forget_the_revision_and_keep_what_is_known_of_the_glass() -> None:
    state, actions = new_keys(showing(revision=8))
    assert actions == [SendReport()]
    assert says(state) == (ReportState.SHOWN, 0, "A")
    assert says(ordered(state, 1, "A")) == (ReportState.SHOWN, 1, "A")


def test_new_keys_during_a_refresh_let_it_end() -> None:
    state = refresh_begins(parts_complete(ordered(showing(), 2, "B"), "B")[0])[0]
    state, _ = refresh_ended(new_keys(state)[0], Outcome.DRAWN, "B")
    assert says(state) == (ReportState.SHOWN, 0, "B")


def test_new_keys_drop_a_picture_that_waits_for_its_time() -> None:
    state = parts_complete(ordered(showing(), 2, "B", BEGIN_T), "B")[0]
    assert t_came(new_keys(state)[0])[1] == []


def test_display_image_draws_only_what_the_manifest_orders() -> None:
    state = drawn(parts_complete(ordered(showing("A"), 2, "B"), "B")[0])
    assert image_asked(state, "A") == (state, []), "an old picture stays where it is"
    assert image_asked(state, "B") == (state, [])
    failed = refresh_ended(refresh_begins(ordered(glass_changed(state)[0], 2, "B"))[0], Outcome.TOO_LONG)[0]
    assert image_asked(failed, "B")[1] == [StartRefresh("B")]


@pytest.mark.parametrize(
    ("t_ms", "now_ms", "come"),
    [
        (0, None, True),
        (5, None, False),
        (5, 4, False),
        (5, 5, True),
        (5, 6, True),
        (3, 2**32 - 2, False),  # the clock wraps before T
        (2**32 - 2, 3, True),  # it wrapped after T
        (4_147_200_000, 0, False),  # 48 days ahead
        (4_147_200_001, 0, True),
    ],
)
def test_t_is_a_time_of_a_clock_that_wraps(t_ms: int, now_ms: int | None, come: bool) -> None:
    assert has_come(t_ms, now_ms) is come


def test_the_stages_have_the_steps_of_the_table_and_no_others() -> None:
    for stage in Stage:
        state = DisplayState(DisplayMemory(), replace(factory_reset().work, stage=stage, subject="A"))
        if Step.BEGIN in STEPS[stage]:
            assert refresh_begins(state)[0].work.stage is STEPS[stage][Step.BEGIN]
        else:
            with pytest.raises(NotNow):
                refresh_begins(state)
        if Step.END in STEPS[stage]:
            assert refresh_ended(state, Outcome.DRAWN, "A")[0].work.stage is STEPS[stage][Step.END]
        else:
            with pytest.raises(NotNow):
                refresh_ended(state, Outcome.DRAWN, "A")
