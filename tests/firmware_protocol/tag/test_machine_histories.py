"""Any history of a whole tag with two displays: sealed octets lost, doubled, late and changed; power cut anywhere."""

import json
from collections.abc import Callable

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tag_bench import CODE, PANEL, TAG, Bench, Picture, part, picture, wanted

from firmware_protocol import ReportState
from firmware_protocol.poll import CannotOpen, SealedManifest, Sealing, UpItem
from firmware_protocol.tag import Outcome, PleaseCommission, TagMachine
from firmware_protocol.tag.display import Stage

PICTURES = [picture(seed, noise=noise) for seed, noise in ((11, 5), (12, 150), (13, 150))]
DISPLAYS = 2


class AnyHistoryOfATag(RuleBasedStateMachine):
    """The gateway here only counts revisions; every sealed manifest ever sent may arrive at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench([PANEL] * DISPLAYS)
        self.revision = 0
        self.sent: list[SealedManifest] = []
        self.ordered: dict[tuple[int, int], Picture] = {}  # display and revision
        self.counters: set[int] = set()
        self.drawing: int | None = None

    @property
    def tag(self) -> TagMachine:
        return self.bench.tag

    @initialize()
    def it_joins(self) -> None:
        self.hear_reports(self.bench.join)
        self.wakes_for_a_contact()
        for display in range(DISPLAYS):
            self.a_picture_is_on_its_way(PICTURES[2], display, 4)

    def hear_reports(self, say: Callable[[], object]) -> None:
        """Whatever was said: counters are new, and what it says is shown is what the glass shows."""
        before = len(self.bench.heard)
        say()
        for counter, report in self.bench.heard[before:]:
            assert counter not in self.counters, "a counter was used twice under one key"
            self.counters.add(counter)
            glass = self.bench.glass[report.display]
            if report.state is ReportState.SHOWN and report.revision:
                ordered = self.ordered[report.display, report.revision]
                assert glass == ordered.planes, "shown, but the glass does not show it"
                assert report.content_prefix == ordered.content_id[:4]

    def hear(self, items: list[UpItem]) -> list[UpItem]:
        self.hear_reports(lambda: self.bench.reports(items))
        return items

    @rule()
    def wakes_for_a_contact(self) -> None:
        self.hear(self.tag.contact())

    @rule(shown=st.sampled_from(PICTURES), display=st.integers(0, DISPLAYS - 1))
    def a_manifest_is_sent(self, shown: Picture, display: int) -> None:
        self.revision += 1
        self.ordered[display, self.revision] = shown
        self.sent.append(self.bench.manifest(self.revision, shown, display))

    @rule(shown=st.sampled_from(PICTURES), display=st.integers(0, DISPLAYS - 1), steps=st.integers(1, 4))
    def a_picture_is_on_its_way(self, shown: Picture, display: int, steps: int) -> None:
        """As it would go without faults, so that histories get somewhere: manifest, parts, glass, end."""
        self.a_manifest_is_sent(shown, display)
        self.hear(self.tag.receive(self.sent[-1]))
        if steps > 1:
            self.parts_arrive(shown, set(), False)
        if steps > 2 and self.drawing is None:
            self.a_refresh_begins()
            if self.drawing is not None:
                self.the_glass_is_a_mix()
        if steps > 3 and self.drawing is not None:
            self.a_refresh_ends(True)

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def a_manifest_arrives(self, data: st.DataObject) -> None:
        self.hear(self.tag.receive(data.draw(st.sampled_from(self.sent))))

    @precondition(lambda self: self.sent)
    @rule(data=st.data(), place=st.integers(0, 76))
    def a_manifest_arrives_changed(self, data: st.DataObject, place: int) -> None:
        octets = bytearray(data.draw(st.sampled_from(self.sent)).octets)
        octets[place] ^= 0x10
        before = self.tag.to_json()["displays"]
        self.hear(self.tag.receive(SealedManifest(bytes(octets))))
        assert self.tag.to_json()["displays"] == before

    @rule(shown=st.sampled_from(PICTURES), lost=st.sets(st.integers(0, 5)), backwards=st.booleans())
    def parts_arrive(self, shown: Picture, lost: set[int], backwards: bool) -> None:
        offsets = wanted(self.hear(self.tag.contact(again=True)), shown)
        for place, offset in enumerate(reversed(offsets) if backwards else offsets):
            if place not in lost:
                self.hear(self.tag.receive(part(shown, offset)))

    @rule(shown=st.sampled_from(PICTURES), content=st.binary(min_size=99, max_size=99))
    def a_part_arrives_changed(self, shown: Picture, content: bytes) -> None:
        first = part(shown, 0)
        octets = content[: len(first.octets)]
        self.hear(self.tag.receive(type(first)(first.tag_id, first.encoding_id, first.offset, octets)))

    @precondition(lambda self: self.drawing is None)
    @rule()
    def a_refresh_begins(self) -> None:
        order = self.tag.refresh_due()
        if order is not None:
            self.tag.refresh_begins(order.display)
            self.drawing = order.display
            self.planes = order.planes

    @precondition(lambda self: self.drawing is not None)
    @rule()
    def the_glass_is_a_mix(self) -> None:
        assert self.drawing is not None
        self.bench.glass[self.drawing] = None

    @precondition(lambda self: self.drawing is not None)
    @rule(well=st.booleans())
    def a_refresh_ends(self, well: bool) -> None:
        assert self.drawing is not None
        index, self.drawing = self.drawing, None
        self.bench.glass[index] = self.planes if well else None
        self.tag.refresh_ended(index, Outcome.DRAWN if well else Outcome.BUSY_MISSING, 1.7, 20, 3000)

    @rule(kept=st.booleans())
    def the_power_is_cut(self, kept: bool) -> None:
        """Either the tag starts again, or its whole simulator did and has it from its file."""
        self.drawing = None
        if kept:
            memory = json.loads(json.dumps(self.tag.to_json()))
            self.bench.tag = TagMachine.from_json(TAG, CODE, memory, lambda count: b"n" * count)
        else:
            self.tag.power_cut()

    @rule()
    def it_takes_new_keys(self) -> None:
        self.hear(self.tag.contact())
        answer, keys = self.bench.answer_to(self.bench.request(self.tag.receive(PleaseCommission.BIT)), owner=True)
        old = self.sent
        said = self.tag.receive(answer)
        self.bench.keys, self.counters, self.sent = keys, set(), []
        self.hear(said)
        for manifest in old[-3:]:
            assert self.tag.receive(manifest) == [CannotOpen(Sealing.MANIFEST, manifest.octets[:5])]
        for index in range(DISPLAYS):
            assert self.tag.report(index).revision == 0, "an old key opened something"

    @invariant()
    def a_glass_it_knows_is_the_glass(self) -> None:
        for index, glass in enumerate(self.bench.glass):
            known = self.tag.state_of(index).memory.glass
            if known is not None:
                assert glass == next(one.planes for one in PICTURES if one.content_id == known)

    @invariant()
    def flash_and_rule_agree_on_what_is_whole(self) -> None:
        for index, flash in enumerate(self.tag.memory.displays):
            held = {slot.content for slot in flash.slots if slot is not None}
            assert held == set(self.tag.state_of(index).memory.held)

    def teardown(self) -> None:
        """The faults stop: for each display one more manifest, and contacts until it is proved."""
        if self.bench.keys is None:
            return
        newest = {}
        for index in range(DISPLAYS):
            self.revision += 1
            newest[index] = PICTURES[index]
            self.ordered[index, self.revision] = PICTURES[index]
            self.hear(self.tag.receive(self.bench.manifest(self.revision, PICTURES[index], index)))
        for _ in range(2 * DISPLAYS + 1):
            self.hear(self.tag.contact())
            for shown in PICTURES:
                self.parts_arrive(shown, set(), False)
            if self.drawing is None:
                self.a_refresh_begins()
            if self.drawing is not None:
                self.a_refresh_ends(True)
        for index, shown in newest.items():
            assert self.tag.state_of(index).work.stage is Stage.REST
            assert self.tag.report(index).state is ReportState.SHOWN
            assert self.bench.glass[index] == shown.planes


AnyHistoryOfATag.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestAnyHistoryOfATag = AnyHistoryOfATag.TestCase
