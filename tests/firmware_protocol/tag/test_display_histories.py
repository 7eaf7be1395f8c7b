"""Any history of one display, timed pictures among them: manifests lost, doubled and late, power cut at every step."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from firmware_protocol.report import Cause, ReportState
from firmware_protocol.tag import display
from firmware_protocol.tag.display import DisplayState, Order, Outcome, Stage, StartRefresh

CONTENTS = ("A", "B", "C")
MIX = "a mix of two pictures"
FAILURES = [outcome for outcome in Outcome if outcome is not Outcome.DRAWN]


class AnyHistoryOfADisplay(RuleBasedStateMachine):
    """The gateway here is well behaved: revisions count up, each orders one content. The channel keeps every manifest
    ever sent, and may deliver any of them at any time, or never. Time only goes forward.
    """

    def __init__(self) -> None:
        super().__init__()
        self.state: DisplayState = display.factory_reset()
        self.sent: list[Order] = []
        self.glass: object = MIX
        self.now_ms = 1
        self.clock = True
        self.accepted = 0

    @initialize(content=st.sampled_from(CONTENTS))
    def first_manifest(self, content: str) -> None:
        self.sent.append(Order(1, content))
        self.it_goes_on(5)

    def after(self, result: display.Result) -> None:
        known = self.state.memory.glass
        self.state, actions = result
        for action in actions:
            if isinstance(action, StartRefresh):
                assert self.state.memory.glass is None or action.content != known, "drawn though the glass shows it"
                assert action.content in self.state.memory.held, "drawn though it is not whole"

    def time_for_the_tag(self) -> int | None:
        return self.now_ms if self.clock else None

    @rule(steps=st.integers(1, 4))
    def it_goes_on(self, steps: int) -> None:
        """What would happen next without faults, so that histories get somewhere."""
        for _ in range(steps):
            match self.state.work.stage:
                case Stage.DRAWING if self.glass != MIX:
                    self.the_glass_is_touched()
                case Stage.DRAWING:
                    self.a_refresh_ends_well()
                case Stage.DUE:
                    self.a_refresh_begins(False)
                case Stage.REST if display.parts_wanted(self.state) is not None:
                    self.the_parts_are_whole(False)
                case Stage.REST:
                    self.the_newest_manifest_arrives()
            self.a_known_glass_shows_what_the_tag_says()

    @rule(content=st.sampled_from(CONTENTS), ahead_ms=st.one_of(st.just(0), st.integers(1, 50)))
    def a_manifest_is_sent(self, content: str, ahead_ms: int) -> None:
        self.sent.append(Order(self.sent[-1].revision + 1, content, self.now_ms + ahead_ms if ahead_ms else 0))

    @rule(data=st.data())
    def a_manifest_arrives(self, data: st.DataObject) -> None:
        self.arrives(data.draw(st.sampled_from(self.sent)))

    @rule()
    def the_newest_manifest_arrives(self) -> None:
        self.arrives(self.sent[-1])

    def arrives(self, order: Order) -> None:
        due = display.has_come(order.t_ms, self.time_for_the_tag())
        self.after(display.manifest_received(self.state, order, due=due))

    @precondition(lambda self: display.parts_wanted(self.state) is not None)
    @rule(refused=st.booleans())
    def the_parts_are_whole(self, refused: bool) -> None:
        order = display.parts_wanted(self.state)
        assert order is not None
        if refused:
            self.after(display.encoding_refused(self.state, Cause.NO_PICTURE))
        else:
            self.after(display.parts_complete(self.state, order.content))

    @precondition(lambda self: self.state.work.stage is Stage.DUE)
    @rule(broken=st.booleans())
    def a_refresh_begins(self, broken: bool) -> None:
        self.after(display.slot_broken(self.state) if broken else display.refresh_begins(self.state))

    @precondition(lambda self: self.state.work.stage is Stage.DRAWING)
    @rule()
    def the_glass_is_touched(self) -> None:
        self.glass = MIX

    @precondition(lambda self: self.state.work.stage is Stage.DRAWING)
    @rule()
    def a_refresh_ends_well(self) -> None:
        self.glass = self.state.work.subject
        self.after(display.refresh_ended(self.state, Outcome.DRAWN, self.state.work.subject))

    @precondition(lambda self: self.state.work.stage is Stage.DRAWING)
    @rule(outcome=st.sampled_from(FAILURES))
    def a_refresh_fails(self, outcome: Outcome) -> None:
        self.after(display.refresh_ended(self.state, outcome))

    @rule(clock=st.booleans())
    def the_power_is_cut(self, clock: bool) -> None:
        self.clock = clock
        self.after(display.power_up(display.power_cut(self.state)))

    @rule(content=st.sampled_from(CONTENTS))
    def it_is_asked_for_an_image(self, content: str) -> None:
        self.after(display.image_asked(self.state, content))

    @rule(passed_ms=st.integers(1, 40))
    def time_passes(self, passed_ms: int) -> None:
        self.now_ms += passed_ms
        pending = self.state.memory.pending
        if pending is not None and display.has_come(pending.t_ms, self.time_for_the_tag()):
            self.after(display.t_came(self.state))

    @precondition(lambda self: self.state.work.stage is not Stage.DRAWING)
    @rule()
    def a_splash_is_drawn(self) -> None:
        self.glass = MIX
        self.after(display.glass_changed(self.state))

    @invariant()
    def a_known_glass_shows_what_the_tag_says(self) -> None:
        if self.state.memory.glass is not None:
            assert self.glass == self.state.memory.glass

    @invariant()
    def shown_is_said_of_the_ordered_content_and_never_before_its_time(self) -> None:
        held = display.holding(self.state)
        if held.state is ReportState.SHOWN and held.revision:
            order = next(order for order in self.sent if order.revision == held.revision)
            assert self.glass == order.content == held.content
            assert order.t_ms is not None
            assert order.t_ms <= self.now_ms

    @invariant()
    def the_accepted_revision_never_goes_back(self) -> None:
        assert self.state.memory.accepted_revision >= self.accepted
        self.accepted = self.state.memory.accepted_revision

    @invariant()
    def two_slots_are_enough(self) -> None:
        held = self.state.memory.held
        assert len(held) == len(set(held)) <= display.SLOTS
        if display.parts_wanted(self.state) is not None:
            assert len(held) < display.SLOTS, "there must be a slot to build in"

    def teardown(self) -> None:
        """The faults stop: the newest manifest comes again, its parts, its time, one refresh after the other."""
        self.clock, self.now_ms = True, self.now_ms + 100
        for _ in range(4):
            self.time_passes(1)
            self.the_newest_manifest_arrives()
            if display.parts_wanted(self.state) is not None:
                self.the_parts_are_whole(False)
            if self.state.work.stage is Stage.DUE:
                self.a_refresh_begins(False)
            if self.state.work.stage is Stage.DRAWING:
                self.a_refresh_ends_well()
        held = display.holding(self.state)
        newest = self.sent[-1]
        assert (held.state, held.revision, self.glass) == (ReportState.SHOWN, newest.revision, newest.content)


AnyHistoryOfADisplay.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestAnyHistoryOfADisplay = AnyHistoryOfADisplay.TestCase
