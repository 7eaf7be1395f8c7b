"""One turn of delivery in one transaction: what was heard is applied, what must be said is recorded.

In: reports that opened, joins to commit, displays that are due. Out: facts, offers to send. Rule: an offer is committed
before its first octet leaves, a key before its nonce does; this function touches nothing but the connection, so that a
group commit may run it again. Source: docs/protocol.md, "Manifest, report, proof".
"""

from collections.abc import Mapping, Sequence
from typing import assert_never

from msgspec import Struct, field
from msgspec.structs import replace
from sqlalchemy import Connection, bindparam, case, null, update
from sqlalchemy.dialects.sqlite import Insert
from sqlalchemy.dialects.sqlite import insert as upsert

from firmware_protocol import Codec, Encoding, Report, ReportFlags, ReportState
from gateway.delivery import rule
from gateway.delivery.books import (
    Entry,
    Notes,
    OfferedEncoding,
    append_history,
    load_entries,
    save_answers,
    save_desired_revisions,
    save_offers,
    save_shown,
)
from gateway.delivery.encodings import Wanted, make_encodings, wanted_by
from gateway.delivery.tables import tag_key, used_nonce
from gateway.delivery.twins import Twin, note_twins
from gateway.shelf import Fact

_BY_TAG = tag_key.c.tag_id == bindparam("b_tag")
_IS_RENEWED = tag_key.c.renew_from < tag_key.c.generation
_HEARD_UNDER_KEY = (
    update(tag_key)
    .where(_BY_TAG)
    .values(heard_at=bindparam("heard_at"), renew_from=case((_IS_RENEWED, null()), else_=tag_key.c.renew_from))
)
_RESERVE = update(tag_key).where(_BY_TAG).values(down_reserved=bindparam("down_reserved"))


def _keep_keys() -> Insert:
    statement = upsert(tag_key)
    names = ("generation", "tag_nonce", "gateway_nonce", "down_reserved", "heard_at")
    return statement.on_conflict_do_update(
        index_elements=["tag_id"], set_={name: statement.excluded[name] for name in names}
    )


_KEEP_KEYS = _keep_keys()
_USE_NONCE = upsert(used_nonce).on_conflict_do_nothing()


class HeardReport(Struct, frozen=True):
    """A report whose seal opened under the tag's present key, with its counter."""

    display_id: str
    bridge_id: str
    report: Report
    counter: int


class NewKey(Struct, frozen=True):
    """Keys to commit before the gateway nonce leaves. `display_ids`: what was proved under the old ones is unknown."""

    tag_id: str
    generation: int
    tag_nonce: bytes
    gateway_nonce: bytes
    display_ids: tuple[str, ...]


class TurnWork(Struct, frozen=True):
    """`due`: (display id, bridge id) of displays whose tag can be reached. `reserve`: (tag id, highest counter)."""

    now_ms: int
    reports: tuple[HeardReport, ...] = ()
    new_keys: tuple[NewKey, ...] = ()
    twins: tuple[Twin, ...] = ()
    heard_under_key: tuple[str, ...] = ()
    reserve: tuple[tuple[str, int], ...] = ()
    due: tuple[tuple[str, str], ...] = ()
    held_encodings: Mapping[Wanted, Encoding] = field(default_factory=dict)


class OfferToSend(Struct, frozen=True):
    display_id: str
    bridge_id: str
    revision: int
    content_id: bytes
    encoding: Encoding
    fence: bool


class TurnOutcome(Struct):
    """What became true with the commit. `facts`: (display id, store id, revision, fact), in order."""

    facts: list[tuple[str, str, int, Fact]] = field(default_factory=list)
    offers: list[OfferToSend] = field(default_factory=list)
    encodings: dict[Wanted, Encoding] = field(default_factory=dict)  # made in this turn
    answers: dict[str, ReportState] = field(default_factory=dict)  # displays that said something short of a proof
    done: list[str] = field(default_factory=list)  # nothing more to do until they move
    commission_anew: list[str] = field(default_factory=list)  # display ids
    unproved: list[str] = field(default_factory=list)  # touched, and *shown* differs from *desired* after this turn
    behind: list[str] = field(default_factory=list)  # the tag spoke of an older revision than the one on offer


def run_turn(connection: Connection, work: TurnWork) -> TurnOutcome:
    """Apply and record everything of `work`, all or nothing."""
    bench = _Bench(connection, work)
    bench.commit_keys()
    bench.mark_twins()
    for heard in work.reports:
        bench.hear(heard)
    for display_id, bridge_id in work.due:
        bench.step(display_id, bridge_id)
    bench.save()
    return bench.outcome


class _Bench:
    """The entries of one turn while it is worked out; nothing outside sees it before the commit."""

    def __init__(self, connection: Connection, work: TurnWork) -> None:
        self._connection = connection
        self._work = work
        ids = [one.display_id for one in work.reports]
        ids += [display_id for display_id, _ in work.due]
        ids += [display_id for key in work.new_keys for display_id in key.display_ids]
        ids += [display_id for twin in work.twins for display_id in twin.display_ids]
        self._before = load_entries(connection, sorted(set(ids)))
        self._entries = dict(self._before)
        self._notes = Notes(work.now_ms)
        self._answers: dict[str, str] = {}
        self._offered: dict[str, bool] = {}  # display id -> fence
        self._wanted: dict[str, Wanted] = {}  # of those offered
        self._bridges: dict[str, str] = {}
        # Displays whose tag takes new keys in this turn, or has a twin; only asked, never walked.
        self._rekeyed: set[str] = set()
        self.outcome = TurnOutcome(facts=self._notes.facts)

    def commit_keys(self) -> None:
        """New keys last: what was heard or reserved under the old ones in the same turn holds no longer."""
        work = self._work
        if work.heard_under_key:
            self._connection.execute(
                _HEARD_UNDER_KEY,
                [{"b_tag": tag_id, "heard_at": work.now_ms} for tag_id in work.heard_under_key],
            )
        if work.reserve:
            self._connection.execute(
                _RESERVE,
                [{"b_tag": tag_id, "down_reserved": highest} for tag_id, highest in work.reserve],
            )
        if work.new_keys:
            self._connection.execute(
                _KEEP_KEYS,
                [
                    {
                        "tag_id": key.tag_id,
                        "generation": key.generation,
                        "tag_nonce": key.tag_nonce,
                        "gateway_nonce": key.gateway_nonce,
                        "down_reserved": 0,
                        "heard_at": None,
                    }
                    for key in work.new_keys
                ],
            )
            nonces = [{"tag_id": key.tag_id, "tag_nonce": key.tag_nonce} for key in work.new_keys]
            self._connection.execute(_USE_NONCE, nonces)
        for key in work.new_keys:
            self._rekeyed.update(key.display_ids)
            for display_id in key.display_ids:
                entry = self._entries.get(display_id)
                if entry is None:
                    continue
                if entry.books.shown_revision is not None:
                    self._notes.add(entry, entry.books.desired_revision, Fact.UNKNOWN, None, "the tag takes new keys")
                self._entries[display_id] = replace(entry, books=rule.new_keys(entry.books))

    def mark_twins(self) -> None:
        """Whose glass it is that was proved, nobody knows any more."""
        if not self._work.twins:
            return
        note_twins(self._connection, self._work.twins, self._work.now_ms)
        for twin in self._work.twins:
            self._rekeyed.update(twin.display_ids)
            for display_id in twin.display_ids:
                entry = self._entries.get(display_id)
                if entry is None:
                    continue
                self._notes.add(entry, entry.books.desired_revision, Fact.UNKNOWN, None, twin.cause)
                self._entries[display_id] = replace(entry, books=rule.shown_unknown(entry.books, twin.cause)[0])

    def hear(self, heard: HeardReport) -> None:
        entry = self._entries.get(heard.display_id)
        if entry is None or heard.display_id in self._rekeyed:
            return  # said under a key that opens nothing from this turn on, or by one of two
        books, facts = rule.report_heard(entry.books, heard.report, heard.counter)
        if books == entry.books:
            return
        if heard.report.state is not ReportState.SHOWN and heard.report.revision == entry.books.desired_revision:
            self.outcome.answers[heard.display_id] = heard.report.state  # one about an older revision answers nothing
        if heard.report.revision < entry.books.offered_revision == entry.books.desired_revision:
            self.outcome.behind.append(heard.display_id)
        self._bridges[heard.display_id] = heard.bridge_id
        self._entries[heard.display_id] = replace(
            entry,
            books=books,
            refresh_counter=heard.report.refresh_counter,
            takes_differences=bool(heard.report.flags & ReportFlags.TAKES_DIFFERENCES),
        )
        for fact in facts:
            self._apply(heard.display_id, fact, heard.bridge_id)

    def step(self, display_id: str, bridge_id: str) -> None:
        entry = self._entries.get(display_id)
        if entry is None:
            self.outcome.done.append(display_id)
            return
        match rule.next_step(entry.books):
            case None:
                self.outcome.done.append(display_id)
            case rule.Settle():
                entry = replace(entry, books=rule.settled(entry.books), how="settled", proved_at=self._work.now_ms)
                self._entries[display_id] = entry
                self._notes.add(entry, entry.books.desired_revision, Fact.SETTLED, bridge_id, None)
                self.outcome.done.append(display_id)
            case rule.Offer(fence=fence):
                answered = replace(entry, answer=self._answers.get(display_id, entry.answer))
                if (wanted := wanted_by(answered)) is not None:
                    self._wanted[display_id] = wanted
                self._entries[display_id] = replace(entry, books=rule.offer_recorded(entry.books))
                self._offered[display_id] = fence
                self._bridges[display_id] = bridge_id
                if entry.books.offered_revision < entry.books.desired_revision:
                    cause = "fence" if fence else None
                    self._notes.add(entry, entry.books.desired_revision, Fact.OFFERED, bridge_id, cause)

    def save(self) -> None:
        changed = [
            (before, entry)
            for key, entry in self._entries.items()
            if entry is not (before := self._before[key]) and entry != before
        ]
        save_desired_revisions(
            self._connection,
            [
                (new.display_id, new.books.desired_revision)
                for old, new in changed
                if new.books.desired_revision != old.books.desired_revision
            ],
        )
        save_shown(
            self._connection,
            [
                new
                for old, new in changed
                if (old.books.shown_revision, old.books.shown_content, old.books.report_counter)
                != (new.books.shown_revision, new.books.shown_content, new.books.report_counter)
            ],
        )
        self._record_offers()
        save_answers(
            self._connection, [(key, value) for key, value in self._answers.items() if key not in self._offered]
        )
        append_history(self._connection, self._notes.rows)
        self.outcome.unproved = [
            new.display_id for _, new in changed if new.books.desired_content is not None and not new.books.confirmed
        ]

    def _apply(self, display_id: str, fact: rule.Fact, bridge_id: str) -> None:
        entry = self._entries[display_id]
        match fact:
            case rule.Proved(revision=revision):
                entry = replace(entry, how="glass", proved_at=self._work.now_ms)
                self._entries[display_id] = entry
                self._notes.add(entry, revision, Fact.PROVED, bridge_id, None)
                self.outcome.done.append(display_id)
            case rule.Received(revision=revision, state=state):
                answer = state.name.lower()
                if entry.answer is None and display_id not in self._answers:
                    self._notes.add(entry, revision, Fact.RECEIVED, bridge_id, None)
                self._answers[display_id] = answer
            case rule.Failed(revision=revision, cause=cause):
                if entry.answer != "failed":  # one that fails again and again is told once an offer
                    self._notes.add(entry, revision, Fact.FAILED, bridge_id, cause)
                self._answers[display_id] = "failed"
            case rule.Refused(revision=revision, cause=cause):
                self._notes.add(entry, revision, Fact.REFUSED, bridge_id, cause)
                self._answers[display_id] = "refused"
            case rule.Unknown(revision=revision, cause=cause):
                self._notes.add(entry, revision, Fact.UNKNOWN, bridge_id, cause)
            case rule.Raised(revision=revision):
                self._notes.add(entry, revision, Fact.DESIRED, bridge_id, "the tag held a higher number")
            case rule.CommissionAnew():
                self.outcome.commission_anew.append(display_id)
            case _:
                assert_never(fact)

    def _record_offers(self) -> None:
        self.outcome.encodings = self._whole_encodings()
        rows: list[tuple[Entry, OfferedEncoding, int]] = []
        for display_id, wanted in self._wanted.items():
            entry = self._entries[display_id]
            encoding = self._encoding_of(wanted)
            again = self._before[display_id].books.offered_revision == entry.books.offered_revision
            base = wanted.base if encoding.codec is Codec.DIFFERENCE else None
            rows.append((entry, OfferedEncoding(encoding.encoding_id, base), entry.attempts + 1 if again else 1))
            self.outcome.offers.append(
                OfferToSend(
                    display_id=display_id,
                    bridge_id=self._bridges[display_id],
                    revision=entry.books.desired_revision,
                    content_id=wanted.content_id,
                    encoding=encoding,
                    fence=self._offered[display_id],
                )
            )
        save_offers(self._connection, rows, self._work.now_ms)

    def _whole_encodings(self) -> dict[Wanted, Encoding]:
        """Of what nobody has made beforehand, because the books moved since: no difference is packed in here."""
        held = self._work.held_encodings
        missing = [Wanted(one.content_id, None) for one in self._wanted.values() if one not in held]
        return make_encodings(self._connection, dict.fromkeys(one for one in missing if one not in held))

    def _encoding_of(self, wanted: Wanted) -> Encoding:
        held, whole = self._work.held_encodings, Wanted(wanted.content_id, None)
        return held[wanted] if wanted in held else held[whole] if whole in held else self.outcome.encodings[whole]


def entries_of(connection: Connection, display_ids: Sequence[str]) -> dict[str, Entry]:
    """The books as they stand, for listings and tests."""
    return load_entries(connection, display_ids)
