"""What each tag shall be told, and of which picture a *transfer complete* speaks (facts' checklist 9, 12, 14-18)."""

import hashlib

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from firmware_protocol import TagId
from firmware_protocol.openepaperlink.frames import (
    BlockWanted,
    CheckIn,
    PendingData,
    SlotExpired,
    TransferComplete,
    unpack,
)
from firmware_protocol.openepaperlink.line import Command
from firmware_protocol.openepaperlink.reader import Word
from firmware_protocol.openepaperlink.slots import Expired, Offer, Seen, Slots, Taken

TAG, OTHER = TagId(bytes(7) + b"\x01"), TagId(bytes(7) + b"\x02")


def picture(name: str, size: int = 5000, **more: int) -> Offer:
    octets = (name.encode() * size)[:size]
    return Offer(hashlib.md5(octets, usedforsecurity=False).digest()[:8], 0x20, octets, **more)


A, B = picture("a", revision=1), picture("b", revision=2)


def check_in(tag_id: TagId = TAG, *, dbm: int = -60, wake_reason: int = 0) -> CheckIn:
    return CheckIn(tag_id, 0, 200, dbm, 21, 2900, 0x33, wake_reason, 0, 41, 11, 0, bytes(8))


class Bench:
    """Slots with the clock in our hand; each command is answered at once unless it is held back."""

    def __init__(self, slots_max: int = 127) -> None:
        self.slots = Slots(slots_max)
        self.now_s = 100.0
        self.sent: list[str] = []

    def next(self) -> Command | None:
        command = self.slots.next_command(self.now_s)
        if command is not None:
            self.sent.append(command.verb.decode())
        return command

    def answer(self, command: Command | None, word: Word | None = Word.ACK) -> None:
        assert command is not None
        self.slots.answered(command.about, word, self.now_s)

    def settle(self) -> None:
        while (command := self.next()) is not None:
            self.answer(command)

    def want(self, offer: Offer | None, tag_id: TagId = TAG) -> None:
        self.slots.want(tag_id, offer)
        self.settle()

    def checks_in(self, **more: int) -> Seen | None:
        self.now_s += 60.0
        return self.slots.checked_in(check_in(**more), self.now_s)

    def completes(self) -> Offer | None:
        return self.slots.completed(TransferComplete(TAG)).offer

    def asks(self, offer: Offer, block_id: int = 0) -> bytes | None:
        return self.slots.block(BlockWanted(offer.data_ver, block_id, TAG))


def test_what_is_wanted_is_told_until_it_was_taken() -> None:
    bench = Bench()
    bench.slots.want(TAG, A)
    command = bench.next()
    assert command is not None
    assert command.verb == b"SDA>"
    told = unpack(PendingData, command.octets)
    assert (told.data_ver, told.data_size, told.minutes_left, told.tag_id) == (A.data_ver, 5000, 20, TAG)
    bench.answer(command)
    assert bench.next() is None
    bench.checks_in()
    assert bench.completes() is A
    assert bench.slots.live == 0
    bench.settle()
    assert bench.sent == ["SDA>"]


def test_a_transfer_complete_is_of_what_was_told_at_the_check_in_not_of_what_was_stored_since() -> None:
    bench = Bench()
    bench.want(A)
    bench.checks_in()
    bench.want(B)
    assert bench.completes() is A
    assert bench.slots.counts.wiped == 1  # and with it the newer one went out of the table
    bench.settle()
    assert bench.sent == ["SDA>", "SDA>", "SDA>"]
    bench.checks_in()
    assert bench.completes() is B


def test_a_transfer_complete_without_a_check_in_since_the_ack_is_of_nothing_known() -> None:
    bench = Bench()
    bench.want(A)
    assert bench.completes() is None
    assert bench.slots.counts.unattributed == 1
    bench.settle()
    assert bench.slots.wanted(TAG) is A
    assert bench.sent == ["SDA>", "SDA>"]


def test_a_check_in_while_the_command_was_on_its_way_leaves_open_what_was_told() -> None:
    bench = Bench()
    bench.want(A)
    bench.slots.want(TAG, B)
    command = bench.next()
    bench.checks_in()
    bench.answer(command)
    assert bench.completes() is None
    assert bench.slots.wanted(TAG) is B


def test_a_second_transfer_complete_completes_nothing() -> None:
    bench = Bench()
    bench.want(A)
    bench.checks_in()
    assert bench.completes() is A
    assert bench.completes() is None
    assert bench.slots.completed(TransferComplete(OTHER)) == Taken(OTHER, None)
    assert bench.slots.counts.unattributed == 2


def test_the_same_picture_ordered_again_is_told_again() -> None:
    bench = Bench()
    bench.want(A)
    bench.checks_in()
    assert bench.completes() is A
    again = picture("a", revision=3)
    bench.want(again)
    bench.checks_in()
    assert bench.completes() is again


def test_a_lost_transfer_complete_heals_at_the_next_check_in() -> None:
    bench = Bench()
    bench.want(A)
    bench.checks_in()
    seen = bench.checks_in()  # what it said in between was lost
    assert seen is not None
    assert seen.told is A
    assert bench.completes() is A


def test_repeats_of_a_check_in_count_once_and_a_short_one_says_nothing_but_that_it_is_there() -> None:
    bench = Bench()
    first = bench.checks_in()
    assert first is not None
    assert first.report is not None
    assert [bench.slots.checked_in(check_in(), bench.now_s + 0.007 * n) for n in range(13)] == [None] * 13
    short = bench.checks_in(dbm=0)
    assert short is not None
    assert short.report is None


def test_a_tag_that_starts_anew_right_after_its_check_in_is_no_repeat() -> None:
    bench = Bench()
    bench.checks_in()
    started = bench.slots.checked_in(check_in(wake_reason=0xFC), bench.now_s + 0.8)
    assert started is not None
    assert started.report is not None
    assert started.report.glass_is_lost


def test_an_expired_slot_is_filled_again_and_is_no_delivery() -> None:
    bench = Bench()
    bench.want(A)
    assert bench.slots.expired(SlotExpired(TAG)) == Expired(TAG, A)
    bench.settle()
    assert bench.sent == ["SDA>", "SDA>"]


def test_blocks_come_from_memory_also_of_a_picture_that_was_replaced() -> None:
    bench = Bench()
    bench.want(A)
    bench.checks_in()
    assert bench.asks(A) == A.octets[:4096]
    bench.slots.want(TAG, B)
    assert bench.asks(A, 1) == A.octets[4096:]
    assert bench.asks(A, 200) == A.octets[4096:]  # beyond the end: the last


def test_a_transfer_of_what_is_not_wanted_any_more_is_cancelled_first() -> None:
    bench = Bench()
    bench.want(A)
    bench.checks_in()
    bench.asks(A)
    bench.want(B)
    assert bench.sent == ["SDA>", "CXD>", "SDA>"]
    assert bench.completes() is None  # of neither, as far as anybody knows


def test_a_block_of_an_unknown_picture_clears_the_slot_and_what_is_wanted_is_told_anew() -> None:
    bench = Bench()
    bench.want(A)
    assert bench.slots.block(BlockWanted(bytes(8), 0, TAG)) is None
    bench.settle()
    assert bench.sent == ["SDA>", "CXD>", "SDA>"]
    assert bench.slots.counts.unknown_blocks == 1


def test_a_restarted_module_is_told_everything_again() -> None:
    bench = Bench()
    bench.want(A)
    bench.want(B, OTHER)
    bench.slots.table_is_empty()
    assert bench.slots.live == 0
    bench.settle()
    assert bench.sent == ["SDA>"] * 4


def test_a_module_that_was_there_while_the_line_was_down_is_cleared_first() -> None:
    bench = Bench()
    bench.want(A)
    bench.slots.checked_in(check_in(OTHER), bench.now_s)
    bench.slots.table_is_unknown()
    bench.settle()
    assert bench.sent == ["SDA>", "CXD>", "CXD>", "SDA>"]
    assert bench.slots.live == 1


def test_a_full_table_stops_new_slots_and_no_refreshes() -> None:
    bench = Bench()
    bench.want(A)
    bench.slots.want(OTHER, B)
    bench.answer(bench.next(), Word.NOQ)
    assert bench.next() is None
    bench.want(picture("c", revision=4))  # the slot that there is
    assert bench.sent == ["SDA>", "SDA>", "SDA>"]
    bench.now_s += 6.0
    bench.settle()
    assert bench.slots.live == 2


def test_no_more_slots_are_taken_than_are_safe_and_the_most_urgent_come_first() -> None:
    bench = Bench(slots_max=2)
    tags = [TagId(bytes(7) + bytes((number,))) for number in range(10, 15)]
    for number, tag_id in enumerate(tags):
        bench.slots.want(tag_id, picture("p", revision=number, urgency=10 - number))
    bench.settle()
    assert bench.slots.live == 2
    bench.slots.checked_in(check_in(tags[4]), 200.0)
    assert bench.slots.completed(TransferComplete(tags[4])).offer is not None
    bench.settle()
    assert bench.slots.live == 2
    assert bench.slots.wanted(tags[0]) is not None


def test_what_is_withdrawn_is_cleared() -> None:
    bench = Bench()
    bench.want(A)
    bench.want(None)
    assert bench.sent == ["SDA>", "CXD>"]
    assert bench.slots.live == 0


@pytest.mark.parametrize("word", [Word.NOK, None])
def test_a_command_that_was_not_understood_or_not_answered_is_sent_again(word: Word | None) -> None:
    bench = Bench()
    bench.slots.want(TAG, A)
    bench.answer(bench.next(), word)
    bench.settle()
    assert bench.sent[-1] == "SDA>"
    bench.checks_in()
    assert bench.completes() is A


class _Module:
    """The table of a real module with one tag, which takes what it was told whenever it likes."""

    def __init__(self) -> None:
        self.slot: bytes | None = None  # the data version in it
        self.told: bytes | None = None
        self.has: bytes | None = None  # the tag

    def take(self, command: Command) -> None:
        pending = unpack(PendingData, command.octets)
        self.slot = pending.data_ver if command.verb == b"SDA>" else None


class SlotsAgainstAModule(RuleBasedStateMachine):
    """Commands, answers, check-ins and completions in every order, some lost: the newest order that is said to be taken
    was taken."""

    def __init__(self) -> None:
        super().__init__()
        self.slots, self.module = Slots(), _Module()
        self.now_s = 0.0
        self.revision = 0
        self.in_flight: Command | None = None
        self.executed = False

    @rule(name=st.sampled_from("abc"))
    def want(self, name: str) -> None:
        self.revision += 1
        self.slots.want(TAG, picture(name, 10, revision=self.revision))

    @precondition(lambda self: self.in_flight is None)
    @rule()
    def send(self) -> None:
        self.in_flight = self.slots.next_command(self.now_s)
        self.executed = False

    @precondition(lambda self: self.in_flight is not None and not self.executed)
    @rule()
    def execute(self) -> None:
        assert self.in_flight is not None
        self.module.take(self.in_flight)
        self.executed = True

    @precondition(lambda self: self.in_flight is not None and self.executed)
    @rule()
    def acknowledge(self) -> None:
        assert self.in_flight is not None
        self.slots.answered(self.in_flight.about, Word.ACK, self.now_s)
        self.in_flight = None

    @rule(is_lost=st.booleans())
    def check_in(self, is_lost: bool) -> None:
        """The module answers it from its table; whether the host hears of it is another matter."""
        self.now_s += 10.0
        self.module.told = self.module.slot
        if not is_lost:
            self.slots.checked_in(check_in(), self.now_s)

    @precondition(lambda self: self.module.told is not None)
    @rule(is_lost=st.booleans())
    def complete(self, is_lost: bool) -> None:
        took, self.module.told = self.module.told, None
        self.module.has = took
        self.module.slot = None
        if not is_lost:
            taken = self.slots.completed(TransferComplete(TAG)).offer
            # A check-in that the host did not hear may have told the tag something newer than it knows of; but then
            # what it names is an older order.
            if taken is not None and taken.revision == self.revision:
                assert taken.data_ver == took

    @rule()
    def restart(self) -> None:
        self.module.slot = self.module.told = None
        self.slots.table_is_empty()
        self.in_flight = None

    @invariant()
    def never_more_than_one_slot(self) -> None:
        assert self.slots.live <= 1


TestSlotsAgainstAModule = SlotsAgainstAModule.TestCase
TestSlotsAgainstAModule.settings = settings(max_examples=200, stateful_step_count=30, deadline=None)
