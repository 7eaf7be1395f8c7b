"""The host's end of the line against a module in a few lines (the facts' checklist 1, 2, 4, 8, 10)."""

from dataclasses import dataclass, field

import pytest

from firmware_protocol import TagId
from firmware_protocol.openepaperlink.frames import (
    BLOCK_WIRE_OCTETS,
    ChannelPower,
    TransferComplete,
    pack,
    unpack_block,
)
from firmware_protocol.openepaperlink.line import (
    FAST_BAUD,
    SLOW_BAUD,
    Answered,
    Command,
    LineDown,
    LineEvent,
    LineUp,
    ModuleLine,
)
from firmware_protocol.openepaperlink.reader import Word

INFO = b"ACK>TYP>%sVER>001FMAC>1B3BEAB719020000ZCH>19SCH>255ZPW>0APEN>00NOP>00"
TAG = TagId(bytes(8))
CLEAR = Command(b"CXD>", bytes(27), about="clear")


@dataclass
class Rig:
    """A line, the clock, and a module that answers after 0.1 s at its own speed, unless it is told not to."""

    line: ModuleLine
    kind: bytes = b"C6"
    baud: int = SLOW_BAUD
    now_s: float = 10.0
    is_deaf: bool = False
    refuses: bool = False  # the channel
    loses: list[bytes] = field(default_factory=list)  # verbs whose next answer is lost
    heard: list[bytes] = field(default_factory=list)
    events: list[LineEvent] = field(default_factory=list)
    sent: bytearray = field(default_factory=bytearray)

    def run(self, seconds: float) -> None:
        """Let time pass by the line's own wakes."""
        end_s = self.now_s + seconds
        while True:
            self._move()
            wake_s = self.line.wake_at()
            if wake_s is None or wake_s > end_s:
                self.now_s = end_s
                return
            self.now_s = max(wake_s, self.now_s)
            self.events += self.line.pass_time(self.now_s)

    def say(self, octets: bytes, baud: int | None = None) -> None:
        garbled = (baud or self.baud) != self.line.baud
        self.events += self.line.receive(bytes(octet ^ 0xA5 for octet in octets) if garbled else octets, self.now_s)

    def _move(self) -> None:
        while octets := self.line.to_send(self.now_s):
            self.sent += octets
            if self.is_deaf or self.line.baud != self.baud:
                return
            verb = octets[:4] if octets[:3] != b">D>" else b">D>"
            self.heard.append(verb)
            if verb in self.loses:
                self.loses.remove(verb)
                return
            self.now_s += 0.1
            if verb == b"NFO?":
                self.say(INFO % self.kind)
            elif verb == b"SCP>" and self.refuses:
                self.say(b"NOK>")
            elif verb == b"HSPD":
                self.say(b"ACK>")
                self.baud = FAST_BAUD
                self.now_s += 0.2
                self.events += self.line.pass_time(self.now_s)
                self.say(b"ACK>")
            else:
                self.say(b"ACK>")


def up(**more: object) -> Rig:
    rig = Rig(ModuleLine(channel=11), **more)  # type: ignore[arg-type]
    rig.line.opened(rig.now_s)
    rig.run(2.0)
    assert rig.line.is_up
    rig.heard.clear()
    rig.events.clear()
    return rig


def test_the_handshake_ends_at_the_fast_speed_on_the_channel_asked_for() -> None:
    rig = Rig(ModuleLine(channel=11))
    rig.line.opened(rig.now_s)
    rig.run(2.0)
    assert rig.heard == [b"RDY?", b"NFO?", b"SCP>", b"HSPD"]
    (said,) = rig.events
    assert isinstance(said, LineUp)
    assert (said.info.type, said.info.version, said.info.mac, said.info.sub_ghz) == (
        *("C6", "001F", "00000219B7EA3B1B"),
        True,
    )
    assert rig.line.baud == FAST_BAUD
    assert b"SCP>" + pack(ChannelPower(11, 10, 0)) in rig.sent


def test_a_module_of_another_kind_stays_slow() -> None:
    rig = up(kind=b"00")
    assert rig.line.baud == SLOW_BAUD


def test_a_module_that_is_fast_already_is_found() -> None:
    rig = Rig(ModuleLine(channel=11), baud=FAST_BAUD)
    rig.line.opened(rig.now_s)
    rig.run(5.0)
    assert rig.line.is_up
    assert rig.line.baud == FAST_BAUD
    assert b"HSPD" not in rig.heard


@pytest.mark.parametrize("verb", [b"RDY?", b"NFO?", b"SCP>"])
def test_a_lost_answer_in_the_handshake_costs_one_try(verb: bytes) -> None:
    rig = Rig(ModuleLine(channel=11), loses=[verb])
    rig.line.opened(rig.now_s)
    rig.run(4.0)
    assert rig.line.is_up


def test_info_that_noise_took_a_part_of_is_asked_for_again() -> None:
    rig = Rig(ModuleLine(channel=11), kind=b"C6VER>0")  # an item too many, and a broken one
    rig.line.opened(rig.now_s)
    rig.run(0.3)
    rig.kind = b"C6"
    rig.run(4.0)
    assert rig.line.is_up


def test_a_silent_line_is_asked_and_left_when_nobody_answers() -> None:
    rig = up()
    rig.run(4.0)
    assert set(rig.heard) == {b"RDY?"}
    rig.is_deaf = True
    rig.run(4.0)
    assert rig.events == [LineDown("no answer to RDY?")]
    assert not rig.line.is_up


def test_a_module_that_says_that_it_restarted_is_greeted_anew() -> None:
    rig = up(kind=b"00")
    rig.say(b"RES>RDY>")
    rig.run(2.0)
    assert [type(one) for one in rig.events] == [LineDown, LineUp]
    assert rig.heard[:3] == [b"RDY?", b"NFO?", b"SCP>"]


def test_a_module_that_restarts_while_the_line_is_fast_is_found_within_five_seconds() -> None:
    rig = up()
    rig.baud = SLOW_BAUD
    rig.say(b"RES>RDY>")  # at a speed at which we hear but noise
    rig.run(5.0)
    assert [type(one) for one in rig.events] == [LineDown, LineUp]
    assert rig.line.baud == FAST_BAUD


def test_a_command_is_answered_once() -> None:
    rig = up()
    rig.line.send(CLEAR)
    rig.run(0.5)
    assert rig.events == [Answered(CLEAR, Word.ACK)]


def test_a_command_without_an_answer_is_repeated_and_a_late_ack_answers_nothing_else() -> None:
    rig = up(loses=[b"CXD>"])
    rig.line.send(CLEAR)
    rig.line.send(Command(b"CXD>", bytes(27), about="next"))
    rig.run(0.65)
    assert rig.heard == [b"CXD>", b"CXD>"]
    assert [one.command.about for one in rig.events if isinstance(one, Answered)] == ["clear"]
    rig.say(b"ACK>")  # of the first try
    assert len(rig.events) == 1
    rig.run(0.6)
    assert [one.command.about for one in rig.events if isinstance(one, Answered)] == ["clear", "next"]


def test_an_ack_after_450_ms_still_counts() -> None:
    rig = up()
    rig.is_deaf = True
    rig.line.send(CLEAR)
    rig.run(0.45)
    rig.say(b"ACK>")
    assert rig.events == [Answered(CLEAR, Word.ACK)]


def test_a_block_leaves_at_once_beside_a_command_and_its_ack_does_not_answer_the_command() -> None:
    rig = up()
    rig.is_deaf = True
    rig.line.send(CLEAR)
    rig.run(0.01)
    rig.sent.clear()
    rig.line.give_block(b"picture", rig.now_s)
    octets = rig.line.to_send(rig.now_s)
    assert octets[:3] == b">D>"
    assert unpack_block(octets[3 : 3 + BLOCK_WIRE_OCTETS]) == b"picture"
    rig.say(b"ACK>")
    assert rig.events == []
    rig.say(b"ACK>")
    assert rig.events == [Answered(CLEAR, Word.ACK)]


def test_the_ack_of_a_block_does_not_answer_a_command_that_was_sent_behind_it() -> None:
    rig = up()
    rig.is_deaf = True
    rig.line.give_block(b"picture", rig.now_s)
    rig.line.send(CLEAR)
    rig.run(0.01)
    rig.say(b"ACK>")
    assert rig.events == []
    rig.say(b"ACK>")
    assert rig.events == [Answered(CLEAR, Word.ACK)]


def test_a_module_of_the_old_kind_gets_a_block_when_it_has_acknowledged_the_verb() -> None:
    rig = up(kind=b"00")
    rig.is_deaf = True
    rig.line.give_block(b"picture", rig.now_s)
    assert rig.line.to_send(rig.now_s) == b">D>"
    rig.say(b"ACK>")
    assert unpack_block(rig.line.to_send(rig.now_s)[:BLOCK_WIRE_OCTETS]) == b"picture"


def test_what_tags_say_is_heard_only_while_the_module_is_known() -> None:
    said = b"XFC>" + pack(TransferComplete(TAG))
    rig = Rig(ModuleLine(channel=11))
    rig.line.opened(rig.now_s)
    rig.say(said)
    assert rig.events == []
    rig = up()
    rig.say(said)
    assert rig.events == [TransferComplete(TAG)]


def test_a_module_that_refuses_the_channel_is_not_up() -> None:
    rig = Rig(ModuleLine(channel=11), refuses=True)
    rig.line.opened(rig.now_s)
    rig.run(4.0)
    assert rig.events == [LineDown("the module refuses channel 11")]
    assert not rig.line.is_up
