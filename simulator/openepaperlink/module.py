"""A radio module of OpenEPaperLink: between a host on a serial line and tags on the air, without either.

In: octets from the host, frames of tags, the time. Out: octets for the host with the speed they are said at, answers to
tags, blocks for the air. Rule: it does one thing after the other, as its main loop does: it waits up to 100 ms for the
radio, then looks at its serial line, then sends the block that is due, whether the host has delivered it or not. While
it sends, changes channel or boots, it hears nothing. What it knows is gone when it restarts.
Source: OpenEPaperLink at cdd1cfa9 (2026-08-19), the modules' code; facts only, see NOTICE.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from math import ceil, inf

from msgspec import Struct

from firmware_protocol.errors import FieldError
from firmware_protocol.identity import TagId
from firmware_protocol.openepaperlink.frames import (
    BLOCK_WIRE_OCTETS,
    CHANNELS,
    NO_DATA_VER,
    BlockWanted,
    CheckIn,
    PendingData,
    SlotExpired,
    TransferComplete,
    pack,
    unpack,
)
from simulator.openepaperlink.builds import C6, ModuleBuild
from simulator.openepaperlink.radio import (
    ALL_PARTS,
    PART_OCTETS,
    PART_S,
    PARTS_MAX,
    Available,
    BlockPart,
    BlockRequest,
    Burst,
    Cancelled,
    DoneHeard,
    FromTag,
    Ping,
    PleaseWait,
    Pong,
    ToTag,
    TransferDone,
)
from simulator.openepaperlink.table import MINUTE_S, SlotTable
from simulator.openepaperlink.verbs import BlockOctets, Said, Verb, VerbReader

SLOW_BAUD, FAST_BAUD = 115_200, 2_000_000
BITS_AN_OCTET = 10  # on the line, with start and stop
LOOK_S = 0.1  # between two looks at the serial line, while the radio is quiet
RING_OCTETS = 8000  # of serial input that wait for a look
BOOT_S = 0.5
RETUNE_S = 0.25  # a change of channel, behind its ACK
SWITCH_S = 0.1  # before a change of speed, and once more behind it
OTHER_TAG_S = 1.2  # one tag at a time: so long after the last request of another
ASK_AGAIN_S = 0.38  # the host is not asked again for a block sooner
WAIT_CACHED_MS, WAIT_FAST_MS, WAIT_SLOW_MS = 30, 140, 550
PARTS_A_BURST = PARTS_MAX  # however few are wanted: those are said again and again
ROUNDING_S = 1e-6  # instants that are sums differ in their last bits
MODULE_MAC = TagId.parse("00000219B7EA3B1B")
TEXT_END = b"\n\r"


class ToHost(Struct, frozen=True):
    """`baud`: the speed at which these octets were said."""

    baud: int
    octets: bytes


@dataclass(slots=True)
class ModuleCounts:
    frames: int = 0  # heard since it has started
    bursts: int = 0
    bursts_incomplete: int = 0  # of a block that the host had not delivered whole
    input_lost: int = 0  # octets: nobody listened, or the ring was full


@dataclass(slots=True)
class _Input:
    """Octets that are on the line, or wait in the ring. `starts_s`: of the first."""

    octets: bytes
    starts_s: float
    octet_s: float

    @property
    def first_s(self) -> float:
        """When the first has arrived."""
        return self.starts_s + self.octet_s

    @property
    def ends_s(self) -> float:
        return self.starts_s + len(self.octets) * self.octet_s

    def take(self, now_s: float) -> bytes:
        arrived = min(int((now_s - self.starts_s + ROUNDING_S) / self.octet_s), len(self.octets))
        taken, self.octets = self.octets[:arrived], self.octets[arrived:]
        self.starts_s += arrived * self.octet_s
        return taken


class VirtualModule:
    """Off until `restart`. Then call `hear` with what reaches it, and `time_passed` at `wake_at`; take what it says
    with `to_host` and `to_air` after each call.
    """

    def __init__(self, build: ModuleBuild = C6, mac: TagId = MODULE_MAC) -> None:
        self.build, self.mac = build, mac
        self.counts = ModuleCounts()
        self._out: list[ToHost] = []
        self._bursts: list[Burst] = []
        self._boots_until_s: float | None = None
        self._tick_s: float | None = None
        self._looked_s = 0.0
        self._forget()

    def _forget(self) -> None:
        build = self.build
        self.baud, self.channel, self.power, self.sub_ghz_channel = SLOW_BAUD, build.boot_channel, 10, 0
        self.table = SlotTable(build.slots, build.slots_lost_from)
        self.counts.frames = 0
        self._reader = VerbReader(4 if build.sub_ghz else 3)
        self._input: deque[_Input] = deque()
        self._buffer = bytearray(PARTS_MAX * PART_OCTETS)
        self._delivered = 0  # octets of the block in the buffer, since its verb
        self._busy_until_s = -inf
        self._switch_s: float | None = None  # to the fast speed
        self._switched_s: float | None = None  # when it says so
        self.is_tuned = False  # by a host, since it has started
        self._wanted = BlockRequest(self.mac, NO_DATA_VER, 0, 0, 0, False)  # the last request served
        self._served: TagId | None = None
        self._served_s = -inf
        self._send_s: float | None = None  # the block, at the first look from then on
        self._asked_host_s = -inf
        self._done: set[TagId] = set()  # whose transfer is told to be complete, since the last check-in of anybody
        self._knows_network = False  # until a first block request it acknowledges transfers into another network

    # The host's side

    def restart(self, now_s: float) -> None:
        """Switched on, or off and on again."""
        self._forget()
        self._boots_until_s = self._busy_until_s = now_s + BOOT_S
        self._tick_s = None

    def receive(self, octets: bytes, now_s: float) -> None:
        """From the host, at the module's speed: they take their time on the line, behind those that are on it."""
        if self._tick_s is None:  # off or booting
            self.counts.input_lost += len(octets)
            return
        room = RING_OCTETS - sum(len(waiting.octets) for waiting in self._input)
        self.counts.input_lost += max(len(octets) - room, 0)
        if octets := octets[:room]:
            starts_s = max(now_s, self._input[-1].ends_s) if self._input else now_s
            self._input.append(_Input(octets, starts_s, BITS_AN_OCTET / self.baud))

    @property
    def waits_for_host(self) -> bool:
        """It soon does what the host must be ready for by then: sends a block, says a word at another speed."""
        return self._send_s is not None or self._switched_s is not None

    def to_host(self) -> list[ToHost]:
        said, self._out = self._out, []
        return said

    def to_air(self) -> list[Burst]:
        bursts, self._bursts = self._bursts, []
        return bursts

    # Time

    def wake_at(self) -> float | None:
        """None: it is off."""
        if self._boots_until_s is not None:
            return self._boots_until_s
        if self._tick_s is None:
            return None
        wakes = [self._tick_s]
        if self._switch_s is not None:
            wakes.append(self._switch_s)
        if self._switched_s is not None:
            wakes.append(self._switched_s)
        if self._input:
            wakes.append(self._look_from(self._input[0].first_s))
        if self._send_s is not None:
            wakes.append(self._look_from(self._send_s))
        return min(wakes)

    def _look_from(self, at_s: float) -> float:
        """The first look at the serial line that is not before."""
        looks = max(ceil((at_s - self._looked_s) / LOOK_S - ROUNDING_S), 1)
        return max(self._looked_s + looks * LOOK_S, self._busy_until_s)

    def time_passed(self, now_s: float) -> None:
        if self._boots_until_s is not None:
            if now_s >= self._boots_until_s:
                self._booted(now_s)
            return
        if self._tick_s is None:
            return
        if self._switch_s is not None and now_s >= self._switch_s:
            self._switch_s = None
            self.baud = FAST_BAUD
        if self._switched_s is not None and now_s >= self._switched_s:
            self._switched_s = None
            self._word("ACK>")
        while now_s >= self._tick_s:
            self._tick_s += MINUTE_S
            for tag_id in self.table.minute():
                self._struct("XTO>", SlotExpired(tag_id))
        if now_s >= self._busy_until_s and now_s >= self._looked_s + LOOK_S - ROUNDING_S:
            self._look(now_s)

    def _booted(self, now_s: float) -> None:
        self._boots_until_s = None
        self._tick_s = now_s + MINUTE_S
        self._looked_s = now_s
        self._word("RES>")
        self._word("RDY>")

    def _look(self, now_s: float) -> None:
        """One turn of the main loop, behind the radio: the serial line, then the block that is due."""
        self._looked_s = now_s
        while self._input:
            first = self._input[0]
            octets = first.take(now_s)
            for said in self._reader.feed(octets, now_s):
                self._obey(said, now_s)
                if self._tick_s is None:
                    return  # it was told to restart
            if first.octets:
                break
            self._input.popleft()
        if self._send_s is not None and now_s >= self._send_s - ROUNDING_S:
            self._send_block(now_s)

    # What the host says

    def _obey(self, said: Said, now_s: float) -> None:
        if isinstance(said, BlockOctets):
            end = said.offset + len(said.octets)
            self._buffer[said.offset : end] = said.octets
            self._delivered = end
            return
        match said.letters:
            case b">D>":
                self._delivered = 0
                self._word("ACK>")
            case b"RDY?":
                self._word("ACK>")
            case b"NFO?":
                self._say_info()
            case b"HSPD":
                self._go_fast(now_s)
            case b"RSET":
                self._word("ACK>")
                if self.build.reset_works:
                    self.restart(now_s)
            case b"SCP>":
                self._tune(said.octets, now_s)
            case _:
                self._pending(said)

    def _pending(self, said: Verb) -> None:
        try:
            pending = unpack(PendingData, said.octets)
        except FieldError:
            self._word("NOK>")
            return
        if said.letters == b"CXD>":
            self.table.clear(pending.tag_id)
            self._word("ACK>")
        else:
            self._word("ACK>" if self.table.store(pending) else "NOQ>")

    def _tune(self, octets: bytes, now_s: float) -> None:
        channel, power, *sub_ghz = octets[1:]
        other_sub_ghz = sub_ghz[0] if sub_ghz else 0
        # As the original: a sub-GHz channel that changes excuses a channel 0, to which the radio is then tuned.
        is_known = channel in CHANNELS or (channel == 0 and other_sub_ghz != self.sub_ghz_channel)
        if octets[0] != sum(octets[1:]) & 0xFF or not is_known:
            self._word("NOK>")
            return
        self._word("ACK>")
        if channel != self.channel:
            self._busy_until_s = now_s + RETUNE_S
        self.channel, self.power, self.sub_ghz_channel = channel, power, other_sub_ghz
        self.is_tuned = True

    def _go_fast(self, now_s: float) -> None:
        if not self.build.knows_fast:
            return
        self._word("ACK>")
        self._switch_s = now_s + SWITCH_S
        self._switched_s = self._busy_until_s = now_s + 2 * SWITCH_S

    def _say_info(self) -> None:
        with_data = self.table.with_data
        words = ["ACK>", f"TYP>{self.build.type}", f"VER>{self.build.version}"]
        words += [f"MAC>{self.mac[::-1].hex().upper()}", f"ZCH>{self.channel:02X}"]
        if self.build.sub_ghz:
            words.append("SCH>255")  # there is no sub-GHz radio
        words += [f"ZPW>{self.power:02X}", f"PEN>{with_data:02X}", f"NOP>{len(self.table) - with_data:02X}"]
        for word in words:
            self._word(word)

    def _word(self, text: str) -> None:
        self._say(text.encode() + (b"\n" if self.build.ends_words else b""))

    def _struct(self, verb: str, value: object) -> None:
        self._say(verb.encode() + pack(value))

    def _text(self, text: str) -> None:
        self._say(text.encode() + (b"\n" if self.build.ends_words else TEXT_END))

    def _say(self, octets: bytes) -> None:
        if self._out and self._out[-1].baud == self.baud:
            octets = self._out.pop().octets + octets
        self._out.append(ToHost(self.baud, octets))

    # The radio's side

    def hear(self, frame: FromTag, now_s: float) -> ToTag | None:
        """What a tag says on the module's channel, and what it is answered, at once."""
        if self._tick_s is None or now_s < self._busy_until_s or self._is_deaf:
            return None
        self.counts.frames += 1
        answer = self._answer(frame, now_s)
        self._look(now_s)  # the radio has woken the loop
        return answer

    @property
    def _is_deaf(self) -> bool:
        return self.build.deaf_after is not None and self.counts.frames >= self.build.deaf_after

    def _answer(self, frame: FromTag, now_s: float) -> ToTag | None:
        match frame:
            case Ping():
                return Pong(self.channel)
            case CheckIn(tag_id=tag_id):
                self._done.clear()
                self._struct("ADR>", frame)
                return _available(self.table.of(tag_id))
            case BlockRequest():
                return self._block_wanted(frame, now_s)
            case TransferDone(tag_id=tag_id):
                if tag_id not in self._done:
                    self._done.add(tag_id)
                    self.table.clear(tag_id)  # whatever it holds by now
                    self._struct("XFC>", TransferComplete(tag_id))
                return DoneHeard() if self._knows_network else None

    def _block_wanted(self, wanted: BlockRequest, now_s: float) -> ToTag:
        if wanted.tag_id != self._served and now_s - self._served_s <= OTHER_TAG_S:
            self._text("BUSY!")
            return Cancelled()
        self._served, self._served_s = wanted.tag_id, now_s
        if self.table.of(wanted.tag_id) is None:
            return Cancelled()
        asks_host = self._asks_host(wanted, now_s)
        self._wanted = wanted
        self._knows_network = True
        wait_ms = WAIT_CACHED_MS
        if asks_host and self._send_s is None:
            wait_ms = WAIT_FAST_MS if self.baud == FAST_BAUD else WAIT_SLOW_MS
        self._send_s = now_s + wait_ms / 1000  # also of one that is under way: it is moved
        if asks_host:
            self._asked_host_s = now_s
            self._delivered = 0
            octets = pack(BlockWanted(wanted.data_ver, wanted.block_id, wanted.tag_id))
            self._buffer[: len(octets)] = octets  # the question is put together in the block's own buffer
            self._say(b"RQB>" + octets)
        return PleaseWait(wait_ms)

    def _asks_host(self, wanted: BlockRequest, now_s: float) -> bool:
        if (wanted.block_id, wanted.data_ver) != (self._wanted.block_id, self._wanted.data_ver):
            return True
        if wanted.is_partial:
            return False
        if now_s - self._asked_host_s > ASK_AGAIN_S:
            self._text("FORCED")
            return True
        self._text("IGNORED")
        return False

    def _send_block(self, now_s: float) -> None:
        """What is in the buffer, complete or not."""
        self._send_s = None
        parts = self._wanted.parts & ALL_PARTS
        if not parts:
            self._text("Invalid block request received, 0 parts..")
            parts = 1
        signs = ["X" if parts >> part & 1 else "." for part in range(PARTS_MAX)]
        groups = ["".join(signs[start : start + 10]) for start in range(0, PARTS_MAX, 10)]
        self._text("Sending parts: " + " ".join(groups))
        said = [
            BlockPart(self._wanted.block_id, part, bytes(self._buffer[part * PART_OCTETS : (part + 1) * PART_OCTETS]))
            for part in range(PARTS_MAX)
            if parts >> part & 1
        ]
        burst = tuple(said[place % len(said)] for place in range(PARTS_A_BURST))
        self._bursts.append(Burst(self._wanted.tag_id, now_s, burst))
        self.counts.bursts += 1
        self.counts.bursts_incomplete += self._delivered < BLOCK_WIRE_OCTETS
        self._busy_until_s = self._looked_s = now_s + PARTS_A_BURST * PART_S


def _available(pending: PendingData | None) -> Available:
    if pending is None:
        return Available()
    return Available(pending.data_ver, pending.data_size, pending.data_type, pending.argument, pending.next_check_in)
