"""Any history of a tag in the service: linked, synchronized, silent, reset and cut, commanded all the while."""

from esl_bench import ADDRESS, NOW, EslBench
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tag_bench import picture

from firmware_protocol import ReportState
from firmware_protocol.service.led import FlashPattern, LedColour, Repeat
from firmware_protocol.service.quirks import PROFILES
from firmware_protocol.service.row import CONNECTED
from firmware_protocol.service.state import SILENCE_MS
from firmware_protocol.tag import Outcome
from firmware_protocol.tag.esl import Characteristic
from firmware_protocol.tlv import (
    BROADCAST_ESL_ID,
    COMMANDS,
    BasicState,
    Command,
    DisplayImage,
    DisplayTimedImage,
    Error,
    ErrorCode,
    EslState,
    FactoryReset,
    LedControl,
    LedTimedControl,
    Ping,
    ReadSensorData,
    RefreshDisplay,
    ServiceReset,
    UnassociateFromAp,
    UpdateComplete,
    VendorCommand,
    pack_tlv,
    row_of,
    unpack_responses,
)

PICTURES = [picture(seed) for seed in (21, 22)]
IDS = st.sampled_from([ADDRESS.esl_id, ADDRESS.esl_id, 9, BROADCAST_ESL_ID])
INDEX = st.integers(0, 2)
AHEAD_MS = st.sampled_from([0, 1, 5_000, 70_000, 4_147_200_001])
LED = (
    st.integers(0, 1),
    st.just(LedColour(3, 0, 0, 3)),
    st.builds(FlashPattern, st.integers(0, 7)),
    st.integers(0, 2),
    st.integers(0, 2),
    st.builds(Repeat.read, st.integers(0, 9)),
)
COMMAND_OF = {
    Ping: st.builds(Ping, IDS),
    UnassociateFromAp: st.builds(UnassociateFromAp, IDS),
    ServiceReset: st.builds(ServiceReset, IDS),
    FactoryReset: st.builds(FactoryReset, IDS),
    UpdateComplete: st.builds(UpdateComplete, IDS),
    ReadSensorData: st.builds(ReadSensorData, IDS, st.sampled_from([0, 0xE0, 0xE1])),
    RefreshDisplay: st.builds(RefreshDisplay, IDS, INDEX),
    DisplayImage: st.builds(DisplayImage, IDS, INDEX, INDEX),
    DisplayTimedImage: st.builds(DisplayTimedImage, IDS, INDEX, INDEX, AHEAD_MS),
    LedControl: st.builds(LedControl, IDS, *LED),
    LedTimedControl: st.builds(LedTimedControl, IDS, *LED, AHEAD_MS),
    VendorCommand: st.builds(VendorCommand, IDS, st.binary(max_size=3)),
}
COMMAND = st.one_of(*COMMAND_OF.values())


class AnyHistoryOfATagInTheService(RuleBasedStateMachine):
    """Manifests come beside the service, as they do on poll or over a link. Nothing commanded may show what they do not
    order, and nothing but a person's reset may take the tag from its owner.
    """

    @initialize(profile=st.sampled_from(sorted(PROFILES)), state=st.sampled_from(list(EslState)))
    def it_is_there(self, profile: str, state: EslState) -> None:
        self.bench = EslBench(PROFILES[profile])
        self.bench.reach(state)
        self.ordered = {1: picture(1)}
        self.owned_by = self.bench.bench.tag.memory.keys

    @property
    def state(self) -> EslState:
        return self.bench.esl.state

    @rule()
    def a_link_opens(self) -> None:
        if self.state not in CONNECTED and not self.bench.esl.off:
            self.bench.esl.connected(self.bench.now_ms)

    @rule()
    def the_link_is_lost(self) -> None:
        self.bench.esl.link_lost(self.bench.now_ms)

    @rule(lost=st.booleans())
    def synchronization_comes_or_goes(self, lost: bool) -> None:
        (self.bench.esl.sync_lost if lost else self.bench.esl.in_sync)(self.bench.now_ms)

    @precondition(lambda self: self.state in CONNECTED)
    @rule(only=st.sampled_from([None, *Characteristic]))
    def it_is_written(self, only: Characteristic | None) -> None:
        if only is Characteristic.ABSOLUTE_TIME:
            self.bench.esl.write(only, NOW.to_bytes(4, "little"), self.bench.now_ms)
        elif only is Characteristic.ESL_ADDRESS:
            self.bench.esl.write(only, ADDRESS.pack(), self.bench.now_ms)
        else:
            self.bench.write_all()

    @rule(command=COMMAND)
    def a_command_comes_over_the_link(self, command: Command) -> None:
        was = self.state
        answered = self.bench.over_the_link(pack_tlv(command))
        if was not in CONNECTED:
            assert answered is None
        elif was not in row_of(command).legal_in:
            assert answered == pack_tlv(Error(ErrorCode.INVALID_STATE))
        elif answered is not None:
            [response] = unpack_responses(answered)
            allowed = BasicState if isinstance(command, UpdateComplete) else row_of(command).answer
            assert type(response) in {Error, allowed}

    @rule(commands=st.lists(COMMAND, min_size=1, max_size=2))
    def commands_come_in_the_subevent(self, commands: list[Command]) -> None:
        was = self.state
        answered = self.bench.say(*commands)
        own = [place for place, command in enumerate(commands) if command.esl_id == ADDRESS.esl_id]
        if was is not EslState.SYNCHRONIZED or not own:
            assert answered is None
        else:
            assert answered is not None
            slot, responses = answered
            assert slot == own[-1]
            assert len(responses) == len(own)

    @rule(passed_ms=st.sampled_from([0, 1, 749, 5_000, 70_000, SILENCE_MS - 1, SILENCE_MS, 2 * SILENCE_MS]))
    def time_passes(self, passed_ms: int) -> None:
        self.bench.now_ms += passed_ms
        self.bench.esl.time_passed(self.bench.now_ms)
        wake_at = self.bench.esl.wake_at()
        assert wake_at is None or wake_at > self.bench.now_ms, "whatever was to happen until now has"

    @rule()
    def the_power_is_cut(self) -> None:
        self.bench.esl.power_cut(self.bench.now_ms)

    @precondition(lambda self: self.bench.bench.tag.commissioned)
    @rule(which=st.integers(0, 1), ahead_ms=st.sampled_from([0, 0, 60_000]), whole=st.booleans())
    def a_manifest_arrives(self, which: int, ahead_ms: int, whole: bool) -> None:
        revision, shown = max(self.ordered) + 1, PICTURES[which]
        self.ordered[revision] = shown
        told_ms = self.bench.bench.tag.site_ms
        t_ms = 0 if told_ms is None or not ahead_ms else told_ms + ahead_ms
        items = self.bench.bench.offer(revision, shown, t_ms=t_ms)
        if whole:
            self.bench.bench.send_parts(shown, items)

    @rule(outcome=st.sampled_from([Outcome.DRAWN, Outcome.DRAWN, Outcome.BUSY_MISSING]))
    def it_draws(self, outcome: Outcome) -> None:
        memory = self.bench.bench.tag.state_of(0).memory
        order = self.bench.bench.tag.refresh_due()
        if order is not None and memory.glass is not None:
            assert order.content_id != memory.glass, "drawn though the glass shows it"
            assert memory.now is not None
            assert order.content_id == memory.now.content, "drawn by command, but not ordered"
        self.bench.bench.draw(outcome)

    @invariant()
    def what_it_says_is_shown_is_what_the_glass_shows(self) -> None:
        if not hasattr(self, "bench"):
            return
        bench = self.bench.bench
        report = bench.tag.report(0)
        if report.state is ReportState.SHOWN and report.revision:
            assert bench.glass[0] == self.ordered[report.revision].planes

    @invariant()
    def its_owner_keeps_it(self) -> None:
        if hasattr(self, "bench"):
            assert self.bench.bench.tag.memory.keys == self.owned_by

    @invariant()
    def it_has_an_address_exactly_while_it_is_associated(self) -> None:
        if not hasattr(self, "bench"):
            return
        esl = self.bench.esl
        if self.state is EslState.UNASSOCIATED:
            assert (esl.address, esl.group_key, esl.synchronized) == (None, None, False)
        elif self.state is not EslState.CONFIGURING:
            assert esl.configured
        if self.state is EslState.SYNCHRONIZED and not self.bench.quirks.unassociate_after_ms:
            assert esl.synchronized


AnyHistoryOfATagInTheService.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestAnyHistoryOfATagInTheService = AnyHistoryOfATagInTheService.TestCase


def test_every_command_of_the_table_is_tried() -> None:
    assert set(COMMAND_OF) == {row.message for row in COMMANDS.values()}
