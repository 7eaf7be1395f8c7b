"""What the gateway sends next for one display, and what it believes."""

import pytest
from msgspec.structs import replace

from firmware_protocol import Report, ReportState
from firmware_protocol.report import Cause
from gateway.access import RESTORE_JUMP
from gateway.delivery.rule import (
    REVISION_FOLLOWED_MAX,
    CommissionAnew,
    DisplayBooks,
    Failed,
    Offer,
    Proved,
    Raised,
    Received,
    Refused,
    Settle,
    Unknown,
    desired_moves,
    new_keys,
    next_step,
    offer_recorded,
    report_heard,
    restored,
)

A, B, C = (letter * 16 for letter in (b"A", b"B", b"C"))


def said(state: ReportState, revision: int, content: bytes) -> Report:
    return Report(0, 0, revision, content[:4], 1, state, 36, 20, 3000)


def proved(content: bytes = A) -> DisplayBooks:
    """A display that proved its first picture."""
    books = offer_recorded(desired_moves(DisplayBooks(), content))
    books, facts = report_heard(books, said(ReportState.SHOWN, 1, content), counter=1)
    assert facts == (Proved(1),)
    return books


def test_a_display_never_bound_gets_nothing() -> None:
    assert next_step(DisplayBooks()) is None
    books, facts = report_heard(DisplayBooks(), said(ReportState.SHOWN, 0, A), counter=1)
    assert facts == ()
    assert next_step(books) is None


def test_the_same_picture_again_moves_no_revision() -> None:
    assert desired_moves(proved(), A) == proved()


def test_a_proof_of_the_current_revision_confirms_and_leaves_nothing_to_do() -> None:
    assert proved().confirmed
    assert next_step(proved()) is None


def test_a_late_proof_of_the_same_content_under_an_older_revision_proves_nothing() -> None:
    books = desired_moves(offer_recorded(desired_moves(proved(), B)), A)
    books = replace(books, shown_revision=None, shown_content=None)
    after, facts = report_heard(books, said(ReportState.SHOWN, 1, A), counter=2)
    assert facts == ()
    assert not after.confirmed


def test_content_that_returns_is_settled_when_nothing_was_offered_since_its_proof() -> None:
    assert next_step(desired_moves(desired_moves(proved(), B), A)) == Settle()


def test_content_that_returns_is_fenced_when_an_offer_may_be_out() -> None:
    books = desired_moves(offer_recorded(desired_moves(proved(), B)), A)
    assert books.desired_revision == 3
    assert next_step(books) == Offer(fence=True)


def test_a_new_picture_is_offered_until_it_is_proved() -> None:
    books = offer_recorded(desired_moves(proved(), B))
    assert next_step(books) == Offer(fence=False)
    books, facts = report_heard(books, said(ReportState.WAITING_PARTS, 2, B), counter=2)
    assert facts == (Received(2, ReportState.WAITING_PARTS),)
    assert next_step(books) == Offer(fence=False)
    books, facts = report_heard(books, said(ReportState.SHOWN, 2, B), counter=3)
    assert facts == (Proved(2),)
    assert next_step(books) is None


def test_a_report_that_is_not_newer_than_the_newest_heard_changes_nothing() -> None:
    books = proved()
    for counter in (0, 1):
        assert report_heard(books, said(ReportState.GLASS_UNKNOWN, 1, A), counter) == (books, ())


@pytest.mark.parametrize("state", [ReportState.FAILED, ReportState.GLASS_UNKNOWN])
def test_a_glass_that_is_unknown_keeps_its_revision_and_is_offered_again(state: ReportState) -> None:
    books, facts = report_heard(proved(), said(state, 1, A), counter=2)
    assert [type(fact) for fact in facts] == ([Failed, Unknown] if state is ReportState.FAILED else [Unknown])
    assert books.desired_revision == 1
    assert next_step(books) == Offer(fence=False)


def test_a_glass_that_became_unknown_under_an_older_revision_is_not_settled_on() -> None:
    books = desired_moves(desired_moves(proved(), B), A)
    books, facts = report_heard(books, said(ReportState.GLASS_UNKNOWN, 1, A), counter=2)
    assert [type(fact) for fact in facts] == [Unknown]
    assert next_step(books) == Offer(fence=False)


def test_a_refused_encoding_is_a_fact_and_takes_no_proof_back() -> None:
    books = offer_recorded(desired_moves(proved(), B))
    after, facts = report_heard(books, said(ReportState.REFUSED, 2, B), counter=2)
    assert facts == (Refused(2, Cause.NONE.words),)
    assert after.shown_content == A


@pytest.mark.parametrize("state", list(ReportState))
def test_a_revision_above_ours_makes_shown_unknown_and_leads_above_both(state: ReportState) -> None:
    books, facts = report_heard(proved(), said(state, 7, B), counter=2)
    assert facts[-1] == Raised(8)
    assert (books.desired_revision, books.desired_content, books.shown_revision) == (8, A, None)
    assert next_step(books) == Offer(fence=False)


def test_our_current_revision_with_foreign_content_leads_to_the_next() -> None:
    books, facts = report_heard(proved(), said(ReportState.SHOWN, 1, C), counter=2)
    assert facts[-1] == Raised(2)
    assert not books.confirmed


@pytest.mark.parametrize("theirs", [1 + RESTORE_JUMP + 1, REVISION_FOLLOWED_MAX + 1, 2**32 - 1])
def test_a_jump_too_far_is_not_followed_but_commissioned_anew(theirs: int) -> None:
    books, facts = report_heard(proved(), said(ReportState.SHOWN, theirs, A), counter=2)
    assert facts[-1] == CommissionAnew(theirs)
    assert books.desired_revision == 1
    assert not books.confirmed


def test_no_tag_can_talk_a_display_to_the_end_of_the_revisions() -> None:
    books, counter = proved(), 2
    while True:
        theirs = books.desired_revision + RESTORE_JUMP
        books, facts = report_heard(books, said(ReportState.WAITING_PARTS, theirs, A), counter)
        counter += 1
        if isinstance(facts[-1], CommissionAnew):
            break
    assert books.desired_revision <= REVISION_FOLLOWED_MAX + 1
    assert desired_moves(books, B).desired_revision < 2**32


def test_a_restored_gateway_is_above_every_revision_and_believes_nothing() -> None:
    books = restored(proved())
    assert books.desired_revision == 1 + RESTORE_JUMP
    assert (books.shown_revision, books.shown_content, books.report_counter) == (None, None, None)
    assert next_step(books) == Offer(fence=False)


def test_two_lives_from_one_backup_do_not_share_a_revision() -> None:
    backup, changes = proved(), 9
    first = restored(backup, clock_s=5_000_000).desired_revision
    assert first == 5_000_000
    assert restored(backup, clock_s=5_000_000 + 60).desired_revision > first + changes
    behind = restored(proved(), clock_s=1).desired_revision
    assert behind == 1 + RESTORE_JUMP, "a clock that is behind the number tells nothing"


def test_new_keys_take_the_proof_back_and_keep_the_revision() -> None:
    books = new_keys(proved())
    assert books.desired_revision == 1
    assert next_step(books) == Offer(fence=False)
    books, facts = report_heard(books, said(ReportState.SHOWN, 0, A), counter=0)
    assert facts == (), "a glass drawn under no revision of this key proves nothing"
    assert not books.confirmed
