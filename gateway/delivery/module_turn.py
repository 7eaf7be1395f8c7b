"""One turn with tags of radio modules in one transaction: what they said is applied, what they shall be told recorded.

In: displays whose tag is back after it took a picture, displays whose glass was lost, displays to look at. Out: facts,
pictures to offer. Rule: an offer is committed before the module hears of it. These tags know no revision and show no
proof: a picture counts as shown *by report*, when its tag has taken it and has checked in again without having started
anew. Source: docs/protocol.md, "OpenEPaperLink".
"""

from msgspec import Struct, field
from msgspec.structs import replace
from sqlalchemy import Connection

from gateway.delivery import rule
from gateway.delivery.books import Entry, Notes, OfferedEncoding, append_history, load_entries, save_offers, save_shown
from gateway.shelf import Fact, content_of

BY_REPORT = "report"  # `shown.how`


class ModuleWork(Struct, frozen=True):
    """`shown`, `taken`: (display id, the revision of the picture that it took). `lost`: (display id, why)."""

    now_ms: int
    shown: tuple[tuple[str, int], ...] = ()
    taken: tuple[tuple[str, int], ...] = ()
    lost: tuple[tuple[str, str], ...] = ()
    due: tuple[tuple[str, str], ...] = ()  # display id, bridge id


class PictureToOffer(Struct, frozen=True):
    display_id: str
    bridge_id: str
    revision: int
    deflated: bytes


class ModuleOutcome(Struct):
    """What became true with the commit. `facts`: (display id, store id, revision, fact), in order. `done`: displays
    whose tags are to be told nothing.
    """

    facts: list[tuple[str, str, int, Fact]] = field(default_factory=list)
    offers: list[PictureToOffer] = field(default_factory=list)
    done: list[str] = field(default_factory=list)


def run_module_turn(connection: Connection, work: ModuleWork) -> ModuleOutcome:
    """Apply and record everything of `work`, all or nothing."""
    ids = {one[0] for part in (work.shown, work.taken, work.lost, work.due) for one in part}
    bench = _Bench(connection, work, load_entries(connection, sorted(ids)))
    for display_id, cause in work.lost:
        bench.lose(display_id, cause)
    for display_id, revision in work.taken:
        bench.take(display_id, revision)
    for display_id, revision in work.shown:
        bench.show(display_id, revision)
    for display_id, bridge_id in work.due:
        bench.step(display_id, bridge_id)
    bench.save()
    return bench.outcome


class _Bench:
    def __init__(self, connection: Connection, work: ModuleWork, entries: dict[str, Entry]) -> None:
        self._connection = connection
        self._work = work
        self._before = entries
        self._entries = dict(entries)
        self._notes = Notes(work.now_ms)
        self._offered: dict[str, str] = {}  # display id -> bridge id
        self.outcome = ModuleOutcome(facts=self._notes.facts)

    def lose(self, display_id: str, cause: str) -> None:
        entry = self._entries.get(display_id)
        if entry is None:
            return
        books, unknown = rule.shown_unknown(entry.books, cause)
        self._entries[display_id] = replace(entry, books=books)
        for fact in unknown:
            self._notes.add(entry, fact.revision, Fact.UNKNOWN, None, cause)

    def take(self, display_id: str, revision: int) -> None:
        entry = self._entries.get(display_id)
        if entry is None:
            return
        if entry.books.desired_revision != revision:
            self.lose(display_id, "the tag took an older picture")
        elif self._is_current(entry, revision):
            self._notes.add(entry, revision, Fact.RECEIVED, None, None)

    def show(self, display_id: str, revision: int) -> None:
        """By report. One of an older picture says nothing that would help."""
        entry = self._entries.get(display_id)
        if entry is None or not self._is_current(entry, revision):
            return
        books = rule.settled(entry.books)
        self._entries[display_id] = replace(entry, books=books, how=BY_REPORT, proved_at=self._work.now_ms)
        self._notes.add(entry, revision, Fact.PROVED, None, "by report")

    def step(self, display_id: str, bridge_id: str) -> None:
        entry = self._entries.get(display_id)
        step = None if entry is None else rule.next_step(entry.books)
        if entry is None or step is None:
            self.outcome.done.append(display_id)
        elif isinstance(step, rule.Settle):
            books = rule.settled(entry.books)
            self._entries[display_id] = replace(entry, books=books, how=BY_REPORT, proved_at=self._work.now_ms)
            self._notes.add(entry, books.desired_revision, Fact.SETTLED, bridge_id, None)
            self.outcome.done.append(display_id)
        else:
            self._entries[display_id] = replace(entry, books=rule.offer_recorded(entry.books))
            self._offered[display_id] = bridge_id
            if entry.books.offered_revision < entry.books.desired_revision:
                self._notes.add(
                    entry, entry.books.desired_revision, Fact.OFFERED, bridge_id, "fence" if step.fence else None
                )

    def save(self) -> None:
        changed = [one for key, one in self._entries.items() if one != self._before[key]]
        save_shown(self._connection, [one for one in changed if self._shown_differs(one)])
        self._record_offers()
        append_history(self._connection, self._notes.rows)

    def _is_current(self, entry: Entry, revision: int) -> bool:
        return entry.books.desired_revision == revision == entry.books.offered_revision and not entry.books.confirmed

    def _shown_differs(self, entry: Entry) -> bool:
        before = self._before[entry.display_id].books
        return (before.shown_revision, before.shown_content) != (entry.books.shown_revision, entry.books.shown_content)

    def _record_offers(self) -> None:
        wanted = {self._entries[one].books.desired_content for one in self._offered}
        contents = content_of(self._connection, sorted(one for one in wanted if one is not None))
        rows: list[tuple[Entry, OfferedEncoding, int]] = []
        for display_id, bridge_id in self._offered.items():
            entry = self._entries[display_id]
            content_id = entry.books.desired_content
            if content_id is None:
                continue
            revision = entry.books.desired_revision
            again = self._before[display_id].books.offered_revision == revision
            rows.append((entry, OfferedEncoding(content_id[:8], None), entry.attempts + 1 if again else 1))
            self.outcome.offers.append(PictureToOffer(display_id, bridge_id, revision, contents[content_id][1]))
        save_offers(self._connection, rows, self._work.now_ms)
