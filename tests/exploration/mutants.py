"""The rules, each broken in one place, so that the search can show what it is there for.

In: the real functions. Out: `MUTANTS`: the promise that is taken away, and `Rules` without it. Rule: a mutant wraps the
real function and changes one decision; product code has no branch for it.
"""

from collections.abc import Mapping

from core_world import Rules, Size
from msgspec.structs import replace

from firmware_protocol.report import Report, ReportState
from firmware_protocol.tag import display
from firmware_protocol.tag.display import DisplayMemory, DisplayState, Order
from gateway.delivery import rule
from gateway.delivery.rule import DisplayBooks

SMALL = Size(contents=2, moves=3, restores=0, resets=0)
WITH_RESTORE = Size(contents=2, moves=2, restores=1, resets=0, up_in_flight=1)


def takes_a_lower_revision(state: DisplayState, order: Order) -> display.Result:
    if order.revision < state.memory.accepted_revision:
        state = replace(state, memory=replace(state.memory, now=None, pending=None))
    return display.manifest_received(state, order, due=True)


def keeps_what_it_accepted_in_ram(state: DisplayState) -> DisplayMemory:
    return replace(state.memory, now=None, pending=None)


def draws_what_is_finished_again(state: DisplayState, order: Order) -> display.Result:
    if order.revision == state.memory.accepted_revision and state.memory.finished:
        state = replace(state, memory=replace(state.memory, glass=None))
    return display.manifest_received(state, order, due=True)


def settles_where_a_fence_is_due(books: DisplayBooks) -> rule.NextStep | None:
    step = rule.next_step(books)
    return rule.Settle() if step == rule.Offer(fence=True) else step


def believes_what_the_glass_showed_before(state: DisplayState) -> display.Result:
    begun, actions = display.refresh_begins(state)
    return replace(begun, memory=state.memory), actions


def is_not_recorded_yet(books: DisplayBooks) -> DisplayBooks:
    return books


def takes_content_alone_for_a_proof(
    books: DisplayBooks, report: Report, counter: int
) -> tuple[DisplayBooks, tuple[rule.Fact, ...]]:
    if report.state is ReportState.SHOWN and report.content_prefix == books.desired_content:
        report = replace(report, revision=books.desired_revision)
    return rule.report_heard(books, report, counter)


def goes_on_from_the_backup(books: DisplayBooks, clock_s: int) -> DisplayBooks:
    return books


def believes_the_backup(books: DisplayBooks, clock_s: int) -> DisplayBooks:
    restored = rule.restored(books, clock_s)
    return replace(restored, shown_revision=books.shown_revision, shown_content=books.shown_content)


MUTANTS: Mapping[str, tuple[Rules, Size]] = {
    "rule 1: a lower revision is refused": (
        Rules(manifest_received=takes_a_lower_revision, drop_idle_down=False),
        SMALL,
    ),
    "rule 1: a higher revision is written to memory first": (
        Rules(power_cut=keeps_what_it_accepted_in_ram, drop_idle_down=False),
        SMALL,
    ),
    "rule 1: what is finished is never drawn twice": (
        Rules(manifest_received=draws_what_is_finished_again, drop_idle_down=False),
        SMALL,
    ),
    "rule 2: returned content is fenced while another offer may be out": (
        Rules(next_step=settles_where_a_fence_is_due),
        SMALL,
    ),
    "rule 3: glass unknown is written before a refresh begins": (
        Rules(refresh_begins=believes_what_the_glass_showed_before),
        SMALL,
    ),
    "rule 4: an offer is recorded before it leaves": (
        Rules(offer_made=is_not_recorded_yet, offer_left=rule.offer_recorded),
        SMALL,
    ),
    "rule 5: only the current revision proves": (
        Rules(report_heard=takes_content_alone_for_a_proof, drop_idle_up=False),
        SMALL,
    ),
    "restore: numbers jump and keys are new": (
        Rules(restored=goes_on_from_the_backup, restore_renews_keys=False, drop_idle_up=False),
        WITH_RESTORE,
    ),
    "restore: what was shown is unknown": (Rules(restored=believes_the_backup), WITH_RESTORE),
}
