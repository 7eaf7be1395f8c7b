"""The host's end of the line to a radio module: finds its speed, shakes hands, sends commands and blocks.

In: octets from the line, commands and blocks to send, the time. Out: octets for the line at `baud`, and what was heard.
Rule: one command is in flight; it counts as answered only when so many answers have come as were owed, so a late ACK
never answers the next one. A block goes out before any command, at once: a tag waits for it on the air, and a tenth of
a second decides. Whatever the module forgets when it restarts, it is told by whoever hears `LineUp`.
Times: facts of OpenEPaperLink's own host, with more patience (its module looks at the line every 100 ms at best).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from msgspec import Struct

from firmware_protocol.openepaperlink.frames import (
    BlockWanted,
    ChannelPower,
    CheckIn,
    ReturnedData,
    SlotExpired,
    TransferComplete,
    pack,
    pack_block,
)
from firmware_protocol.openepaperlink.reader import IDLE_S, FromModule, InfoItem, ModuleReader, Word

SLOW_BAUD, FAST_BAUD = 115_200, 2_000_000
ANSWER_S = 0.5  # an idle module acknowledges after 0 to 110 ms, after a block or a change of channel after 300
QUIET_S = 0.3  # without answers, after more than one was owed
TRIES_MAX = 5
PING_TRIES_MAX = 2
INFO_EVERY_S = 60.0  # of silence: a module that restarted unheard answers pings, on another channel
PING_AFTER_S = 2.0  # of silence: a module that restarted is found within five seconds
SWITCH_S = 0.01  # between the ACK of HSPD and our own change of speed
REFUSED_PAUSE_S = 5.0
SETTLES_S = 0.3  # a change of channel, whose ACK comes before it
FAST_TYPE = "C6"  # the only builds that know HSPD and take a block in one go
LAST_INFO = "NOP"


class ModuleInfo(Struct, frozen=True):
    """What a module says of itself. `mac`: as printed. `sub_ghz`: its build has code for it. `pending`: slots of its
    table that hold something.
    """

    type: str
    version: str
    mac: str
    channel: int
    sub_ghz: bool
    pending: int = 0


class LineUp(Struct, frozen=True):
    """The module is there. What its table holds, if anything, is of an earlier time."""

    info: ModuleInfo


class LineDown(Struct, frozen=True):
    """The module is gone, or has just restarted; whatever was sent to it is gone."""

    reason: str


class Command(Struct, frozen=True):
    """`verb` and what follows it; `about` is handed back with the answer."""

    verb: bytes
    octets: bytes = b""
    about: object = None


class Answered(Struct, frozen=True):
    """`word` None: no answer came, in all its tries."""

    command: Command
    word: Word | None


Heard: TypeAlias = CheckIn | BlockWanted | TransferComplete | SlotExpired | ReturnedData
LineEvent: TypeAlias = LineUp | LineDown | Answered | Heard


class _Phase(Enum):
    SEEK = "is it there, and at which speed?"
    INFO = "what is it?"
    CHANNEL = "which channel"
    SPEED = "switch to the fast speed"
    UP = "at work"


_PING = Command(b"RDY?")
_INFO = Command(b"NFO?")
_FAST = Command(b"HSPD")


@dataclass(slots=True)
class _InFlight:
    command: Command
    tries_left: int
    until_s: float
    owed: int = 1
    heard: int = 0
    tries: int = 1


class ModuleLine:
    """Call `receive` with what came, `pass_time` at `wake_at`, `to_send` after each call; keep the port at `baud`."""

    def __init__(self, *, channel: int, power: int = 10, fast: bool = True) -> None:
        """`fast`: whether the line may be switched to 2,000,000 baud."""
        self.baud = SLOW_BAUD
        self.reader = ModuleReader()
        self.info: ModuleInfo | None = None
        self.answers_nobody_waits_for = 0
        self.blocks_sent = 0
        self._channel_power = ChannelPower(channel, power, 0)
        self._fast = fast
        self._phase = _Phase.SEEK
        self._items: dict[str, str] = {}
        self._out = bytearray()
        self._queue: deque[Command] = deque()
        self._in_flight: _InFlight | None = None
        self._blocks_owe: deque[float] = deque()  # until when the ACK of each block's verb may come
        self._block_waits: bytes | None = None  # it follows the ACK of its verb, the one behind so many others
        self._acks_before_block = 0
        self._free_from_s = 0.0  # nothing new is sent before
        self._switches_at_s: float | None = None
        self._heard_at_s: float | None = None
        self._asked_at_s = 0.0  # what it is, while it is up
        self._idle_at_s: float | None = None
        self._skipped = 0

    @property
    def is_up(self) -> bool:
        return self._phase is _Phase.UP

    @property
    def is_free(self) -> bool:
        """Nothing is in flight and nothing waits: a command would leave at once."""
        return self.is_up and self._in_flight is None and not self._queue

    def send(self, command: Command) -> None:
        """Behind those that wait. Lost when the line goes down."""
        self._queue.append(command)

    def give_block(self, data: bytes, now_s: float) -> None:
        """Answer `BlockWanted`, now and once."""
        octets = pack_block(data)
        self.blocks_sent += 1
        waiting = self._in_flight
        if self.info is not None and self.info.type == FAST_TYPE:
            self._out += b">D>" + octets
        else:
            self._out += b">D>"
            self._block_waits = octets
            self._acks_before_block = len(self._blocks_owe) if waiting is None else waiting.owed - waiting.heard
        if waiting is not None:
            waiting.owed += 1  # answers come in the order of what was sent
        else:
            self._blocks_owe.append(now_s + ANSWER_S)

    def opened(self, now_s: float) -> None:
        """The port was opened (again), at `baud`."""
        self.reader.clear()
        self._seek(now_s)

    def receive(self, octets: bytes, now_s: float) -> list[LineEvent]:
        events: list[LineEvent] = []
        for said in self.reader.feed(octets):
            self._take(said, now_s, events)
        self._idle_at_s = now_s + IDLE_S if self.reader.waits else None
        self._ping_for_noise(now_s)
        return events

    def pass_time(self, now_s: float) -> list[LineEvent]:
        events: list[LineEvent] = []
        if self._idle_at_s is not None and now_s >= self._idle_at_s:
            self._idle_at_s = None
            for said in self.reader.idle():
                self._take(said, now_s, events)
        if self._switches_at_s is not None and now_s >= self._switches_at_s:
            self._switches_at_s = None
            self.baud = FAST_BAUD
            self.reader.clear()
        if self._in_flight is not None and now_s >= self._in_flight.until_s:
            self._nobody_answered(self._in_flight, now_s, events)
        if self.is_up and self._in_flight is None and now_s >= self._ping_at_s():
            asks = now_s >= self._asked_at_s + INFO_EVERY_S
            self._asked_at_s = now_s if asks else self._asked_at_s
            self._start(_INFO if asks else _PING, now_s, tries=PING_TRIES_MAX)
        return events

    def to_send(self, now_s: float) -> bytes:
        """Octets for the line. Blocks stand before commands."""
        if self._in_flight is None and now_s >= self._free_from_s:
            if self._phase is _Phase.SEEK or (self._phase is _Phase.SPEED and self.baud == FAST_BAUD):
                self._start(_PING, now_s, tries=1)
            elif self._queue:
                self._start(self._queue.popleft(), now_s, tries=TRIES_MAX)
            elif self._phase is _Phase.INFO:
                self._start(_INFO, now_s, tries=TRIES_MAX)  # noise took a part of what it said
        out = bytes(self._out)
        self._out.clear()
        return out

    def wake_at(self) -> float | None:
        """When `pass_time` and `to_send` have something to do, whatever comes or not."""
        wakes = [self._idle_at_s, self._switches_at_s]
        if self._in_flight is not None:
            wakes.append(self._in_flight.until_s)
        elif self._queue or not self.is_up:
            wakes.append(self._free_from_s)
        if self.is_up and self._in_flight is None:
            wakes.append(self._ping_at_s())
        return min((at for at in wakes if at is not None), default=None)

    def _ping_at_s(self) -> float:
        return max((self._heard_at_s or 0.0) + PING_AFTER_S, self._free_from_s)

    def _ping_for_noise(self, now_s: float) -> None:
        """What is no frame may be the boot of a module that speaks at another speed: ask soon, not at once, since text
        between frames is usual.
        """
        skipped, self._skipped = self.reader.counts.skipped_octets - self._skipped, self.reader.counts.skipped_octets
        if skipped and self.is_up and self._heard_at_s is not None and self._heard_at_s < now_s:
            self._heard_at_s = min(self._heard_at_s, now_s - PING_AFTER_S + ANSWER_S)

    # Commands

    def _start(self, command: Command, now_s: float, *, tries: int) -> None:
        while self._blocks_owe and self._blocks_owe[0] < now_s:
            self._blocks_owe.popleft()
        self._in_flight = _InFlight(command, tries - 1, now_s + ANSWER_S, owed=1 + len(self._blocks_owe))
        self._blocks_owe.clear()
        self._out += command.verb + command.octets

    def _nobody_answered(self, waiting: _InFlight, now_s: float, events: list[LineEvent]) -> None:
        if waiting.tries_left:
            waiting.tries_left -= 1
            waiting.tries += 1
            waiting.owed, waiting.heard = 1, 0
            waiting.until_s = now_s + ANSWER_S
            self._out += waiting.command.verb + waiting.command.octets
            return
        self._in_flight = None
        self._free_from_s = now_s + QUIET_S
        if self._phase is _Phase.SEEK:
            self._free_from_s = now_s
            self.baud = FAST_BAUD if self.baud == SLOW_BAUD and self._fast else SLOW_BAUD
            self.reader.clear()
        else:
            self._fail(f"no answer to {waiting.command.verb.decode()}", now_s, events)

    def _answered(self, word: Word, now_s: float, events: list[LineEvent]) -> None:
        if self._block_waits is not None and word is Word.ACK:
            if not self._acks_before_block:
                self._out += self._block_waits
                self._block_waits = None
            self._acks_before_block -= 1
        waiting = self._in_flight
        if waiting is None and self._blocks_owe:
            self._blocks_owe.popleft()
            return
        if waiting is None:
            self.answers_nobody_waits_for += 1
            self._free_from_s = max(self._free_from_s, now_s + QUIET_S) if self.is_up else self._free_from_s
            return
        waiting.heard += 1
        if word is Word.ACK and waiting.heard < waiting.owed:
            return  # it may be the block's
        self._in_flight = None
        if waiting.tries > 1:
            self._free_from_s = now_s + QUIET_S  # the answer to an earlier try may still come
        self._go_on(waiting.command, word, now_s, events)

    def _go_on(self, command: Command, word: Word, now_s: float, events: list[LineEvent]) -> None:
        if command is _PING and self._phase is _Phase.SEEK and word is Word.ACK:
            self._items.clear()
            self._phase = _Phase.INFO
        elif command is _PING and self._phase is _Phase.SPEED:
            self._is_up(events)
        elif command is _INFO:
            self._free_from_s = now_s + ANSWER_S  # for its items
        elif command is _FAST:
            self._switches_at_s = now_s + SWITCH_S
            self._free_from_s = now_s + ANSWER_S
        elif self._phase is _Phase.CHANNEL:
            if word is not Word.ACK:
                self._fail(f"the module refuses channel {self._channel_power.channel}", now_s, events)
                self._free_from_s = now_s + REFUSED_PAUSE_S
                return
            self._free_from_s = now_s + SETTLES_S
            self._channel_is_set(events)
        elif command is not _PING:
            events.append(Answered(command, word))

    # The handshake

    def _seek(self, now_s: float) -> None:
        self._phase = _Phase.SEEK
        self._in_flight = None
        self._blocks_owe.clear()
        self._block_waits = None
        self._switches_at_s = None
        self._queue.clear()
        self._items.clear()
        self._free_from_s = now_s
        self.info = None

    def _fail(self, reason: str, now_s: float, events: list[LineEvent]) -> None:
        events.append(LineDown(reason))
        self._seek(now_s)

    def _info_came(self, item: InfoItem, now_s: float, events: list[LineEvent]) -> None:
        self._items[item.name] = item.digits
        if self.is_up and item.name == "ZCH" and int(item.digits, 16) != self._channel_power.channel:
            self._fail("the module has forgotten its channel", now_s, events)
            return
        if self._phase is not _Phase.INFO or item.name != LAST_INFO:
            return
        items = self._items
        if not {"TYP", "VER", "MAC", "ZCH"} <= items.keys():
            return  # it is asked again
        self._free_from_s = now_s
        mac = bytes.fromhex(items["MAC"])[::-1].hex().upper()
        pending = int(items["PEN"], 16) if "PEN" in items else 0xFF
        self.info = ModuleInfo(items["TYP"], items["VER"], mac, int(items["ZCH"], 16), "SCH" in items, pending)
        self._phase = _Phase.CHANNEL
        self._queue.append(Command(b"SCP>", pack(self._channel_power)))

    def _channel_is_set(self, events: list[LineEvent]) -> None:
        info = self.info
        if info is not None and info.type == FAST_TYPE and self._fast and self.baud == SLOW_BAUD:
            self._phase = _Phase.SPEED
            self._queue.append(_FAST)
        else:
            self._is_up(events)

    def _is_up(self, events: list[LineEvent]) -> None:
        if self.info is not None:
            self._asked_at_s = self._heard_at_s or 0.0
            self._phase = _Phase.UP
            events.append(LineUp(self.info))

    # What comes

    def _take(self, said: FromModule, now_s: float, events: list[LineEvent]) -> None:
        self._heard_at_s = now_s
        match said:
            case Word.RESTARTED | Word.READY:
                self._restarted(now_s, events)
            case Word():
                if self._phase is _Phase.SPEED and self._in_flight is None and self.baud == FAST_BAUD:
                    self._is_up(events)  # the second ACK of HSPD, at the new speed
                else:
                    self._answered(said, now_s, events)
            case InfoItem():
                self._info_came(said, now_s, events)
            case CheckIn():
                events.append(said)  # also in a handshake: it may say that a glass is lost
            case _:
                if self.is_up:
                    events.append(said)

    def _restarted(self, now_s: float, events: list[LineEvent]) -> None:
        """Its table, buffer, channel and speed are gone. It says two words; both lead to one handshake."""
        if self._phase is not _Phase.SEEK:
            events.append(LineDown("the module has restarted"))
        self.baud = SLOW_BAUD
        self._seek(now_s)
