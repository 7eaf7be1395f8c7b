"""The core as a state graph: one gateway rule, one tag rule, one glass, and a channel that may do anything but lie.

In: the real functions of `gateway.delivery.rule` and `firmware_protocol.tag.display` (`Rules`), and how large the world
is (`Size`). Out: for a state, every state that one step can lead to. Rule: whatever decides is product code; this file
holds only the channel, the glass, the keys as generations, and what people and power cuts do.

**What is proved**, for every history within the size: *confirmed implies the glass shows it* holds in every state; *no
refresh is begun for a picture the glass is known to show*; and *from every state the goal stays reachable* (a state
where *desired* is confirmed and on the glass).

**What is abstracted.** Contents are opaque (three of them; renaming them makes no difference, so only the first unused
one is ever ordered). Keys are generations, a nonce is fresh or it is not: only a message sealed under the reader's
generation opens. Report counters are their order: a report at or below the newest heard is gone. A parts transfer is
one step, because blocks are hashed under the manifest. The clock of restores ticks 16 at each; it only has to exceed
every revision that was ever given out. A backup may be restored as often as there are restores. Texts, refresh counters
and times are left out. Timed pictures, several displays on a tag and single parts are tested by random histories
instead (tests/firmware_protocol/tag).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

from msgspec.structs import replace

from firmware_protocol.report import Cause, Report, ReportState
from firmware_protocol.tag import display
from firmware_protocol.tag.display import DisplayState, Order, Outcome, SendReport, Stage
from gateway.delivery import rule
from gateway.delivery.rule import DisplayBooks

CONTENTS = (b"AAAA", b"BBBB", b"CCCC")  # a content id of four octets is its own prefix
NOTHING = bytes(4)
IDLE_STATES = (ReportState.WAITING_PARTS, ReportState.REFRESHING, ReportState.WAITING_T, ReportState.REFUSED)
JUMP = 16

T = TypeVar("T")


@dataclass(frozen=True)
class Rules:
    """The real decisions, each replaceable by a broken one."""

    next_step: Callable[[DisplayBooks], rule.NextStep | None] = rule.next_step
    report_heard: Callable[[DisplayBooks, Report, int], tuple[DisplayBooks, tuple[rule.Fact, ...]]] = rule.report_heard
    offer_made: Callable[[DisplayBooks], DisplayBooks] = rule.offer_recorded  # before its first octet leaves
    offer_left: Callable[[DisplayBooks], DisplayBooks] | None = None  # after
    restored: Callable[[DisplayBooks, int], DisplayBooks] = rule.restored  # at this reading of the clock
    restore_renews_keys: bool = True
    manifest_received: Callable[[DisplayState, Order], display.Result] = lambda state, order: display.manifest_received(
        state, order, due=True
    )
    refresh_begins: Callable[[DisplayState], display.Result] = display.refresh_begins
    power_cut: Callable[[DisplayState], display.DisplayMemory] = display.power_cut
    # Messages that the real rules provably ignore for ever are taken out of the channel; broken rules may heed them.
    drop_idle_down: bool = True
    drop_idle_up: bool = True


@dataclass(frozen=True)
class Size:
    """`moves`: how often *desired* moves (revisions); `in_flight`: messages at once, each way."""

    contents: int = 3
    moves: int = 4
    down_in_flight: int = 2
    up_in_flight: int = 2
    restores: int = 1
    resets: int = 1


class Panel:
    """How far the refresh in hand is, as the glass sees it."""

    QUIET, ANNOUNCED, BUSY, DRAWN = range(4)  # announced: the record is written, the panel not yet touched


class Offered(NamedTuple):
    """A sealed manifest under way."""

    generation: int
    revision: int
    content: bytes


class Commissioning(NamedTuple):
    """The gateway's answer to the tag's *present* nonce; a stale one is not kept, no tag takes it."""

    generation: int


class State(NamedTuple):
    """Ids of the interned values, so that a state is a few small integers."""

    books: int
    backup: int  # of (books, generation); -1 = none
    outgoing: int  # of the message between its commit and the channel; -1 = none
    left: bool  # it is in the channel and its sender has not got round to noting that
    generation: int  # of the gateway's keys
    answered: bool  # the gateway's generation answers the tag's present nonce
    tag: int
    tag_generation: int  # 0 = the tag has no keys
    glass: int  # index of a content, -1 = nothing readable
    panel: int
    down: tuple[int, ...]  # ids of messages, as a set: each may arrive again and in any order
    up: tuple[int, ...]  # ids of reports of the gateway's generation, in the order of their counters
    moves: int
    restores: int
    resets: int


class Ids(Generic[T]):
    """Gives equal values one small number."""

    def __init__(self) -> None:
        self.values: list[T] = []
        self._ids: dict[T, int] = {}

    def of(self, value: T) -> int:
        known = self._ids.get(value)
        if known is None:
            known = self._ids[value] = len(self.values)
            self.values.append(value)
        return known


class Broken(AssertionError):
    """A promise does not hold in this state."""


Steps = Iterator[tuple[str, State]]


@dataclass
class World:
    """The graph. `rules` may be broken ones; every decision is looked up once per distinct input."""

    rules: Rules = field(default_factory=Rules)
    size: Size = field(default_factory=Size)

    def __post_init__(self) -> None:
        self.books: Ids[DisplayBooks] = Ids()
        self.backups: Ids[tuple[int, int]] = Ids()
        self.tags: Ids[DisplayState] = Ids()
        self.messages: Ids[Offered | Commissioning] = Ids()
        self.reports: Ids[Report] = Ids()
        self._tag_step: dict[tuple[str, int, int], tuple[int, bool]] = {}
        self._heard: dict[tuple[int, int, int], tuple[int, bool]] = {}
        self._alive_of: dict[tuple[object, ...], tuple[tuple[int, ...], tuple[int, ...]]] = {}
        self._said: dict[int, int] = {}
        self._next: dict[int, rule.NextStep | None] = {}
        self._idle_manifest: dict[tuple[int, int], bool] = {}
        self._heeded_of: dict[tuple[int, tuple[int, ...]], tuple[int, ...]] = {}
        self._idle_report: dict[tuple[int, int], bool] = {}

    def start(self) -> State:
        """A new tag, a display never bound, no keys."""
        return State(
            books=self.books.of(DisplayBooks(report_counter=0)),
            backup=-1,
            outgoing=-1,
            left=False,
            generation=1,
            answered=False,
            tag=self.tags.of(display.factory_reset()),
            tag_generation=0,
            glass=-1,
            panel=Panel.QUIET,
            down=(),
            up=(),
            moves=self.size.moves,
            restores=self.size.restores,
            resets=self.size.resets,
        )

    def check(self, state: State) -> None:
        """What must hold in every state."""
        books = self.books.values[state.books]
        if books.confirmed and (state.glass < 0 or CONTENTS[state.glass] != books.desired_content):
            raise Broken("confirmed, but the glass does not show it")
        tag = self.tags.values[state.tag]
        if tag.work.stage is Stage.DUE and tag.memory.glass is not None and tag.memory.glass == tag.work.subject:
            raise Broken("a refresh is due for a picture the glass already shows")

    def is_goal(self, state: State) -> bool:
        return self.books.values[state.books].confirmed

    def steps(self, state: State) -> Steps:
        for steps in (self._shop, self._gateway, self._keys, self._channel, self._tag):
            for label, after in steps(state):
                yield label, self._alive(after)

    # the shop: prices, backups, restores

    def _shop(self, state: State) -> Steps:
        books = self.books.values[state.books]
        if state.moves:
            for content in CONTENTS[: self._contents_open(state)]:
                if content != books.desired_content:
                    moved = self._keep_books(rule.desired_moves(books, content))
                    yield f"desired moves to {content.decode()}", state._replace(books=moved, moves=state.moves - 1)
        if state.restores and state.backup < 0 and books.desired_content is not None:
            yield "backup", state._replace(backup=self.backups.of((state.books, self._backup_generation(state))))
        if state.restores and state.backup >= 0:
            yield "restore", self._restore(state)

    def _backup_generation(self, state: State) -> int:
        """Restored keys are never used, so which they were makes no difference."""
        return 0 if self.rules.restore_renews_keys else state.generation

    def _contents_open(self, state: State) -> int:
        """The contents in use somewhere, and one more: the unused ones differ in nothing but their name."""
        used = -1
        for content in self._contents_of(state):
            if content is not None and content in CONTENTS:
                used = max(used, CONTENTS.index(content))
        return min(used + 2, self.size.contents)

    def _contents_of(self, state: State) -> Iterator[object]:
        yield CONTENTS[state.glass] if state.glass >= 0 else None
        seen = [state.books] + ([self.backups.values[state.backup][0]] if state.backup >= 0 else [])
        for books in map(self.books.values.__getitem__, seen):
            yield books.desired_content
            yield books.shown_content
        memory = self.tags.values[state.tag].memory
        yield memory.now.content if memory.now else None
        yield from memory.held
        yield memory.glass
        for message in (*state.down, *((state.outgoing,) if state.outgoing >= 0 else ())):
            yield getattr(self.messages.values[message], "content", None)
        for report in state.up:
            yield self.reports.values[report].content_prefix

    def _restore(self, state: State) -> State:
        books_id, generation = self.backups.values[state.backup]
        clock_s = JUMP * (1 + self.size.restores - state.restores)
        restored = self.rules.restored(self.books.values[books_id], clock_s)
        backup = state.backup if state.restores > 1 else -1  # the same one may be restored again
        after = state._replace(
            books=self._keep_books(restored), backup=backup, outgoing=-1, left=False, restores=state.restores - 1
        )
        if self.rules.restore_renews_keys:
            return self._renumbered(after._replace(generation=self._unused_generation(after), answered=False, up=()))
        return self._renumbered(
            after._replace(generation=generation, up=after.up if generation == state.generation else ())
        )

    # the gateway: offers, proofs, crashes

    def _gateway(self, state: State) -> Steps:
        books = self.books.values[state.books]
        if state.books not in self._next:
            self._next[state.books] = self.rules.next_step(books)
        match self._next[state.books]:
            case rule.Settle():
                yield "settle", state._replace(books=self._keep_books(rule.settled(books)))
            case rule.Offer(fence) if state.outgoing < 0 and books.desired_content is not None:
                message = Offered(state.generation, books.desired_revision, books.desired_content)
                made = state._replace(
                    books=self._keep_books(self.rules.offer_made(books)), outgoing=self.messages.of(message)
                )
                word = f"{'fence' if fence else 'offer'} {message.revision} {message.content.decode()}"
                if self.rules.offer_left is not None:
                    yield f"the gateway makes {word}", made
                else:
                    # Committed and sent is one step: an octet that leaves later is one that arrives later.
                    yield f"the gateway records {word} and crashes", made._replace(outgoing=-1)
                    for _, sent in self._leave(made):
                        yield f"the gateway records {word}, which leaves", sent
            case _:
                pass
        if state.outgoing >= 0:
            yield "the gateway crashes", state._replace(outgoing=-1, left=False)
            yield from self._leave(state)
        for place, report_id in enumerate(state.up):
            yield self._hear(state, place, report_id)

    def _leave(self, state: State) -> Steps:
        if state.left and self.rules.offer_left is not None:
            noted = self.rules.offer_left(self.books.values[state.books])
            yield (
                "the gateway notes that it left",
                state._replace(books=self._keep_books(noted), outgoing=-1, left=False),
            )
        elif (sent := self._sent_down(state, state.outgoing)) is not None:
            if self.rules.offer_left is None:
                yield "the offer leaves", sent._replace(outgoing=-1)
            else:
                yield "the offer leaves", sent._replace(left=True)

    def _hear(self, state: State, place: int, report_id: int) -> tuple[str, State]:
        report = self.reports.values[report_id]
        key = (state.books, report_id, place)
        if key not in self._heard:
            # The newest heard has counter 0, those under way 1, 2, …
            books, facts = self.rules.report_heard(self.books.values[state.books], report, place + 1)
            anew = any(isinstance(fact, rule.CommissionAnew) for fact in facts)
            self._heard[key] = self._keep_books(books), anew
        books_id, anew = self._heard[key]
        heard = state._replace(books=books_id, up=state.up[place + 1 :])
        if anew:
            heard = self._new_generation(heard)
        return f"the gateway hears {_words(report)}", heard

    # keys: a commissioning answers the tag's present nonce and is taken once

    def _keys(self, state: State) -> Steps:
        if state.tag_generation != state.generation:
            asked = state if state.answered else self._new_generation(state)
            if not state.answered:
                yield "the gateway commits new keys", asked
            answer = self.messages.of(Commissioning(asked.generation))
            if (sent := self._sent_down(asked, answer)) is not None:
                yield "the gateway sends keys", sent

    def _new_generation(self, state: State) -> State:
        books = self._keep_books(rule.new_keys(self.books.values[state.books]))
        fresh = state._replace(
            books=books, generation=self._unused_generation(state), answered=True, up=(), outgoing=-1, left=False
        )
        return self._renumbered(fresh)

    def _unused_generation(self, state: State) -> int:
        generations = [self.messages.values[message].generation for message in state.down]
        return 1 + max(state.generation, state.tag_generation, *generations, 0)

    def _renumbered(self, state: State) -> State:
        """Generations by their rank: which number they have makes no difference."""
        state = self._alive(state)
        messages = [self.messages.values[message] for message in state.down]
        used = {state.generation, state.tag_generation, *(message.generation for message in messages)} - {0}
        if state.backup >= 0 and not self.rules.restore_renews_keys:
            used.add(self.backups.values[state.backup][1])
        rank = {generation: place for place, generation in enumerate(sorted(used), start=1)} | {0: 0}
        down = sorted(self.messages.of(message._replace(generation=rank[message.generation])) for message in messages)
        backup = state.backup
        if backup >= 0:
            books, generation = self.backups.values[backup]
            backup = self.backups.of((books, rank.get(generation, 0)))
        return state._replace(
            generation=rank[state.generation],
            tag_generation=rank[state.tag_generation],
            down=tuple(down),
            backup=backup,
        )

    # the channel: loses, duplicates (a message stays when it is taken), reorders

    def _channel(self, state: State) -> Steps:
        for place in range(len(state.down)):
            yield "a message down is lost", state._replace(down=state.down[:place] + state.down[place + 1 :])
        for place in range(len(state.up)):
            yield "a report is lost", state._replace(up=state.up[:place] + state.up[place + 1 :])
        for message_id in state.down:
            message = self.messages.values[message_id]
            if isinstance(message, Commissioning):
                yield "the tag takes new keys", self._keys_taken(state, message)
            elif message.generation == state.tag_generation:
                yield (
                    f"the tag gets {message.revision} {message.content.decode()}",
                    self._manifest(state, message_id, message),
                )

    def _manifest(self, state: State, message_id: int, message: Offered) -> State:
        order = Order(message.revision, message.content)
        return self._tag_steps(state, "manifest", message_id, lambda tag: self.rules.manifest_received(tag, order))

    def _sent_down(self, state: State, message: int) -> State | None:
        """With the message under way; None when the channel is full (then it is lost, or one before it was)."""
        if message in state.down:
            return state
        if len(state.down) >= self.size.down_in_flight:
            return None
        return state._replace(down=tuple(sorted((*state.down, message))))

    def _alive(self, state: State) -> State:
        """Without the messages that nobody can open, or that nobody will heed, ever again."""
        down, up = state.down, state.up
        if not down and not up:
            return state
        key = (state.books, state.generation, state.answered, state.tag, state.tag_generation, down, up)
        kept = self._alive_of.get(key)
        if kept is None:
            kept = self._alive_of[key] = self._alive_messages(state)
        return state if kept == (down, up) else state._replace(down=kept[0], up=kept[1])

    def _alive_messages(self, state: State) -> tuple[tuple[int, ...], tuple[int, ...]]:
        messages = self.messages.values
        opened = {state.tag_generation}
        opened.update(m.generation for m in map(messages.__getitem__, state.down) if isinstance(m, Commissioning))
        if state.answered or not self.rules.restore_renews_keys:
            opened.add(state.generation)
        down = tuple(message for message in state.down if messages[message].generation in opened)
        if self.rules.drop_idle_down:
            down = tuple(message for message in down if not self._idle_down(state, messages[message]))
        return down, self._heeded(state.books, state.up) if self.rules.drop_idle_up else state.up

    def _idle_down(self, state: State, message: Offered | Commissioning) -> bool:
        """A lower revision than the accepted one, or the one that is finished, only asks for a report."""
        if isinstance(message, Commissioning) or message.generation != state.tag_generation:
            return False
        key = (state.tag, message.revision)
        idle = self._idle_manifest.get(key)
        if idle is None:
            tag = self.tags.values[state.tag]
            accepted = tag.memory.accepted_revision
            idle = message.revision < accepted or (message.revision == accepted and tag.memory.finished)
            self._idle_manifest[key] = idle
            after, _ = self.rules.manifest_received(tag, Order(message.revision, message.content))
            assert not idle or after == tag, "the tag heeds a manifest it has no use for"
        return idle

    def _heeded(self, books_id: int, up: tuple[int, ...]) -> tuple[int, ...]:
        """The reports that can still change the books, whichever of them are lost.

        Where nothing is proved, one that takes a proof back has nothing to take unless a proof is heard before it;
        where the present revision is proved, a proof proves nothing unless one that takes it back is heard before it.
        """
        key = (books_id, up)
        known = self._heeded_of.get(key)
        if known is None:
            books = self.books.values[books_id]
            kept: list[int] = []
            proving = ReportState.SHOWN if books.confirmed else ReportState.GLASS_UNKNOWN
            if not books.confirmed and books.shown_revision is not None:
                proving = ReportState.REFRESHING  # either sort has an effect
            for report_id in up:
                report = self.reports.values[report_id]
                sort = ReportState.SHOWN if report.state is ReportState.SHOWN else ReportState.GLASS_UNKNOWN
                if report.revision > books.desired_revision:
                    sort = ReportState.REFUSED  # always has an effect
                repeats = bool(kept) and kept[-1] == report_id
                if not self._idle_up(books_id, report_id) and not repeats and (kept or sort is not proving):
                    kept.append(report_id)
            known = self._heeded_of[key] = tuple(kept)
        return known

    def _idle_up(self, books_id: int, report_id: int) -> bool:
        """What is neither a proof of the present or a later revision, nor takes one back, changes no books."""
        key = (books_id, report_id)
        idle = self._idle_report.get(key)
        if idle is None:
            books, report = self.books.values[books_id], self.reports.values[report_id]
            current = books.desired_revision
            if report.state is ReportState.SHOWN:
                idle = report.revision < current
            else:
                idle = report.revision <= current and report.state in IDLE_STATES
            self._idle_report[key] = idle
            after, _ = self.rules.report_heard(books, report, 1)
            assert not idle or replace(after, report_counter=0) == books, "the gateway heeds a report it has no use for"
        return idle

    def _keys_taken(self, state: State, message: Commissioning) -> State:
        kept = tuple(m for m in state.down if not isinstance(self.messages.values[m], Commissioning))
        taken = state._replace(tag_generation=message.generation, down=kept, answered=False)
        return self._renumbered(self._tag_steps(taken, "keys", 0, display.new_keys))

    # the tag and its glass

    def _tag(self, state: State) -> Steps:
        tag = self.tags.values[state.tag]
        if state.tag_generation == state.generation and len(state.up) < self.size.up_in_flight:
            yield "the tag is asked", self._said_up(state)
        if (order := display.parts_wanted(tag)) is not None:
            yield (
                "the parts are whole",
                self._tag_steps(state, "parts", 0, lambda held: display.parts_complete(held, order.content)),
            )
        yield from self._refresh(state, tag)
        cut = self._tag_steps(
            state._replace(panel=Panel.QUIET), "power", 0, lambda held: display.power_up(self.rules.power_cut(held))
        )
        if cut != state:
            yield "the tag's power is cut", cut
        if state.resets:
            kept = tuple(m for m in state.down if not isinstance(self.messages.values[m], Commissioning))
            new = state._replace(
                tag=self.tags.of(display.factory_reset()),
                tag_generation=0,
                panel=Panel.QUIET,
                down=kept,
                answered=False,
                resets=state.resets - 1,
            )
            yield "the tag is reset to factory state", self._renumbered(new)

    def _refresh(self, state: State, tag: DisplayState) -> Steps:
        if tag.work.stage is Stage.DUE:
            begun = self._tag_steps(state, "begin", 0, self.rules.refresh_begins)
            yield "a refresh is announced", begun._replace(panel=Panel.ANNOUNCED)
            yield "the slot does not read back", self._tag_steps(state, "broken", 0, display.slot_broken)
        if tag.work.stage is not Stage.DRAWING:
            return
        shows = CONTENTS.index(tag.work.subject)
        if state.panel == Panel.ANNOUNCED:
            yield "the panel is busy, the glass is a mix", state._replace(panel=Panel.BUSY, glass=-1)
        elif state.panel == Panel.BUSY:
            yield "the glass shows the picture", state._replace(panel=Panel.DRAWN, glass=shows)
        elif state.panel == Panel.DRAWN:
            ended = self._tag_steps(
                state, "well", 0, lambda held: display.refresh_ended(held, Outcome.DRAWN, held.work.subject)
            )
            yield "the refresh ends well", ended._replace(panel=Panel.QUIET)
        failed = self._tag_steps(state, "failed", 0, lambda held: display.refresh_ended(held, Outcome.TOO_LONG))
        yield "the refresh fails", failed._replace(panel=Panel.QUIET)

    def _tag_steps(
        self, state: State, name: str, argument: int, decide: Callable[[DisplayState], display.Result]
    ) -> State:
        key = (name, state.tag, argument)
        known = self._tag_step.get(key)
        if known is None:
            after, actions = decide(self.tags.values[state.tag])
            plain = DisplayState(replace(after.memory, refresh_counter=0), replace(after.work, cause=Cause.NONE))
            speaks = any(isinstance(action, SendReport) for action in actions)
            known = self._tag_step[key] = self.tags.of(plain), speaks
        after_state = state._replace(tag=known[0])
        return self._said_up(after_state) if known[1] else after_state

    def _said_up(self, state: State) -> State:
        """With the report under way, if there is room and the gateway can open it."""
        if state.tag_generation != state.generation or len(state.up) >= self.size.up_in_flight:
            return state
        said = self._said.get(state.tag)
        if said is None:
            held = display.holding(self.tags.values[state.tag])
            prefix = held.content if isinstance(held.content, bytes) else NOTHING
            said = self._said[state.tag] = self.reports.of(Report(0, 0, held.revision, prefix, 0, held.state, 0, 0, 0))
        return state._replace(up=(*state.up, said))

    def _keep_books(self, books: DisplayBooks) -> int:
        """The newest counter is 0 by convention, and an offer matters only above what is proved or desired."""
        proved = books.desired_revision - 1 if books.shown_revision is None else books.shown_revision
        offered = books.offered_revision if books.offered_revision > proved else 0
        return self.books.of(replace(books, report_counter=0, offered_revision=offered))


def _words(report: Report) -> str:
    state = ReportState(report.state).name.lower().replace("_", " ")
    return f"{state} {report.revision} {report.content_prefix.decode()}".rstrip("\0 ")
