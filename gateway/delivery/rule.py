"""The gateway's rule for one display: what to send next, and what a report proves. The same for every carrier.

In: `DisplayBooks`, the numbers that tables keep of one display, and what happened. Out: new books, the next step,
facts. Rule: only a `SHOWN` report of the *current* revision with its content proves; content alone would believe
A -> B -> A. What a peer says is data and never stops the gateway. Nothing here sends, waits or reads a clock.
Why: docs/protocol.md, "Manifest, report, proof"; explored exhaustively in tests/exploration.
"""

from __future__ import annotations

from typing import TypeAlias, assert_never

from msgspec import Struct
from msgspec.structs import replace

from firmware_protocol.report import Cause, Report, ReportState
from gateway.access import RESTORE_JUMP

# A revision is a u32. Half of it is left to our own moves, so that no tag can talk us to the end of the numbers.
REVISION_FOLLOWED_MAX = 1 << 31


class DisplayBooks(Struct, frozen=True):
    """What the gateway has committed about one display.

    `desired_revision`: counts up each time *desired* moves; 0 = never moved.
    `desired_content`: the content id it shall show (16 octets); None = never bound, nothing is sent.
    `shown_revision`, `shown_content`: what was last proved; both None = unknown.
    `offered_revision`: the highest revision of which an offer was recorded, whether or not it left; 0 = none.
    `report_counter`: the sealed counter of the newest report heard under the present key; None = none heard.
    """

    desired_revision: int = 0
    desired_content: bytes | None = None
    shown_revision: int | None = None
    shown_content: bytes | None = None
    offered_revision: int = 0
    report_counter: int | None = None

    @property
    def confirmed(self) -> bool:
        """The tag proved the current revision with its content, or nothing was offered since it did."""
        return (
            self.desired_content is not None
            and self.shown_revision == self.desired_revision
            and self.shown_content == self.desired_content
        )


class Offer(Struct, frozen=True):
    """Record and send a manifest of *desired*. `fence`: nothing need be drawn, as far as we know."""

    fence: bool


class Settle(Struct, frozen=True):
    """Content returned and nothing was offered since its proof: call `settled`, send nothing."""


NextStep: TypeAlias = Offer | Settle


class Proved(Struct, frozen=True):
    """The glass shows the current revision."""

    revision: int


class Received(Struct, frozen=True):
    """The tag has accepted the current revision and goes on with it; `state` says how far it is."""

    revision: int
    state: ReportState


class Failed(Struct, frozen=True):
    """The tag's refresh failed under this revision: the offer is repeated. `cause` says why, for people."""

    revision: int
    cause: str


class Refused(Struct, frozen=True):
    """The tag cannot use the encoding it was offered under the current revision: offer another. `cause` as above."""

    revision: int
    cause: str


class Unknown(Struct, frozen=True):
    """What was proved holds no longer. `cause` says why, for people."""

    revision: int
    cause: str


class Raised(Struct, frozen=True):
    """*Desired* took a revision above everything the tag has: the same content, offered anew."""

    revision: int


class CommissionAnew(Struct, frozen=True):
    """The tag holds a revision that we do not follow: it must take new keys. `revision` is what it said."""

    revision: int


Fact: TypeAlias = Proved | Received | Failed | Refused | Unknown | Raised | CommissionAnew


def next_step(books: DisplayBooks) -> NextStep | None:
    """What brings *shown* to *desired*; None when it is there, or when nothing is desired."""
    if books.desired_content is None or books.confirmed:
        return None
    returned = books.shown_revision is not None and books.shown_content == books.desired_content
    if returned and books.shown_revision is not None and books.offered_revision <= books.shown_revision:
        return Settle()
    return Offer(fence=returned)


def desired_moves(books: DisplayBooks, content: bytes) -> DisplayBooks:
    """A picture was drawn for this display. The same content again moves nothing."""
    if content == books.desired_content:
        return books
    return replace(books, desired_revision=books.desired_revision + 1, desired_content=content)


def offer_recorded(books: DisplayBooks) -> DisplayBooks:
    """To be committed before the first octet of the offer leaves."""
    return replace(books, offered_revision=max(books.offered_revision, books.desired_revision))


def base_of(books: DisplayBooks, offered_base: bytes | None, *, gives_up: bool) -> bytes | None:
    """The content that a difference to *desired* may build on, by the books before that offer; None = none.

    It is proved to be on the glass, and nothing has gone out since that could have taken it from there. An offer that
    is repeated keeps the base it had (`offered_base`), unless that `gives_up`: the tag refused it, or does not answer.
    """
    if books.shown_revision is None or books.shown_content == books.desired_content:
        return None
    if books.offered_revision == books.desired_revision:
        return None if gives_up or offered_base != books.shown_content else offered_base
    return books.shown_content if books.offered_revision <= books.shown_revision else None


def settled(books: DisplayBooks) -> DisplayBooks:
    """Apply `Settle`: the glass still shows what was proved, and that is what is desired again."""
    return replace(books, shown_revision=books.desired_revision, shown_content=books.desired_content)


def report_heard(books: DisplayBooks, report: Report, counter: int) -> tuple[DisplayBooks, tuple[Fact, ...]]:
    """A sealed report opened under the present key, with its counter. An old one changes nothing."""
    if books.report_counter is not None and counter <= books.report_counter:
        return books, ()
    books = replace(books, report_counter=counter)
    current = books.desired_revision
    if report.revision > current:
        return _revision_above_ours(books, report.revision)
    if report.revision == current and books.desired_content is not None:
        ours = report.content_prefix == books.desired_content[: len(report.content_prefix)]
        return _current(books, report) if ours else _foreign_content(books)
    if report.state in (ReportState.FAILED, ReportState.GLASS_UNKNOWN):
        return shown_unknown(books, _cause(report))
    return books, ()


def _current(books: DisplayBooks, report: Report) -> tuple[DisplayBooks, tuple[Fact, ...]]:
    """A report of our own current revision and content."""
    revision = books.desired_revision
    match report.state:
        case ReportState.SHOWN:
            if books.confirmed:
                return books, ()
            return settled(books), (Proved(revision),)
        case ReportState.WAITING_PARTS | ReportState.REFRESHING | ReportState.WAITING_T:
            return books, _lost_power(report) or (Received(revision, report.state),)
        case ReportState.REFUSED:
            return books, (Refused(revision, report.cause.words),)
        case ReportState.FAILED:
            books, facts = shown_unknown(books, _cause(report))
            return books, (Failed(revision, report.cause.words), *facts)
        case ReportState.GLASS_UNKNOWN:
            books, facts = shown_unknown(books, _cause(report))
            return books, (*_lost_power(report), *facts)
        case _:
            assert_never(report.state)


def _lost_power(report: Report) -> tuple[Failed, ...]:
    """A tag whose refresh ends in a reboot has no chance to say that it failed; it says so when it is there again."""
    return (Failed(report.revision, report.cause.words),) if report.cause is Cause.BROWN_OUT else ()


def _cause(report: Report) -> str:
    if report.state is ReportState.FAILED:
        return f"its refresh failed: {report.cause.words}"
    return "the tag does not know what its glass shows"


def _revision_above_ours(books: DisplayBooks, theirs: int) -> tuple[DisplayBooks, tuple[Fact, ...]]:
    current = books.desired_revision
    books, facts = shown_unknown(books, f"the tag holds revision {theirs}, above our {current}")
    if theirs - current > RESTORE_JUMP or theirs > REVISION_FOLLOWED_MAX:
        return books, (*facts, CommissionAnew(theirs))
    return replace(books, desired_revision=theirs + 1), (*facts, Raised(theirs + 1))


def _foreign_content(books: DisplayBooks) -> tuple[DisplayBooks, tuple[Fact, ...]]:
    current = books.desired_revision
    books, facts = shown_unknown(books, f"the tag holds another content under our revision {current}")
    return replace(books, desired_revision=current + 1), (*facts, Raised(current + 1))


def shown_unknown(books: DisplayBooks, cause: str) -> tuple[DisplayBooks, tuple[Unknown, ...]]:
    """A batch's confirmation is never taken back; *shown* can become unknown."""
    if books.shown_revision is None:
        return books, ()
    return replace(books, shown_revision=None, shown_content=None), (Unknown(books.desired_revision, cause),)


def restored(books: DisplayBooks, clock_s: int = 0, jump: int = RESTORE_JUMP) -> DisplayBooks:
    """The books come from a backup: others remember more than we do, and every tag gets new keys.

    `clock_s`: seconds since 2026, which two lives from one backup do not share.
    """
    revision = books.desired_revision
    return new_keys(replace(books, desired_revision=clock_s if revision < clock_s else revision + jump))


def new_keys(books: DisplayBooks) -> DisplayBooks:
    """To be committed before our nonce leaves: the old key opens nothing now, the new one has proved nothing."""
    return replace(books, shown_revision=None, shown_content=None, report_counter=None)
