"""What each tag shall be told, what the module's table holds of it, and which picture a *transfer complete* speaks of.

In: what is wanted of each tag, answers and frames as the line hears them. Out: the next command, blocks, `Taken`.
Rule: level-triggered: the table is brought to what is wanted, whatever was lost on the way. A *transfer complete* names
no picture: it is of the one that stood in the table, acknowledged, before the tag's last check-in; where that is not
known it is of none, and the picture stays wanted (facts: "XFC has no version"). It also frees the slot, whatever is in
it by then.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TypeAlias

from msgspec import Struct

from firmware_protocol.identity import TagId
from firmware_protocol.openepaperlink.frames import (
    BLOCK_OCTETS,
    NO_DATA_VER,
    BlockWanted,
    CheckIn,
    PendingData,
    SlotExpired,
    TransferComplete,
    blocks_in,
    pack,
)
from firmware_protocol.openepaperlink.line import Command
from firmware_protocol.openepaperlink.reader import Word

SLOTS_MAX = 127  # more live slots reach before the table in the builds that are about
SAME_CHECK_IN_S = 1.0  # a tag repeats its request up to 14 times in a tenth of a second
FULL_PAUSE_S = 5.0  # after the module said that its table is full


class Offer(Struct, frozen=True):
    """A picture for a tag. `revision`: what the host calls this order of it; the module never hears of it. `minutes`:
    how long it may stand in the table, from the tag's expected silence. `urgency`: the less, the sooner it gets a slot.
    """

    data_ver: bytes
    data_type: int
    octets: bytes
    revision: int = 0
    argument: int = 0
    minutes: int = 20
    urgency: float = 0.0


class Seen(Struct, frozen=True):
    """A tag checked in. `report` None: it named itself alone. `told`: the picture that the module offered it then.
    `fetched`: since the check-in before, it has asked for a block of one.
    """

    tag_id: TagId
    report: CheckIn | None
    told: Offer | None = None
    fetched: bool = False


class Taken(Struct, frozen=True):
    """The tag says that it has this picture, or will not have it; what its glass shows, it does not say. None: nobody
    knows which picture, and it may be any that ever stood in a module's table.
    """

    tag_id: TagId
    offer: Offer | None


class Expired(Struct, frozen=True):
    """The picture stood in the table for all its minutes, and was not fetched. If it is wanted it is offered again."""

    tag_id: TagId
    offer: Offer


SlotEvent: TypeAlias = Seen | Taken | Expired


@dataclass(slots=True)
class _Slot:
    """One tag. `wanted`: to be told; `stored`: acknowledged by the module; `told`: at its last check-in."""

    tag_id: TagId
    order: int
    wanted: Offer | None = None
    stored: Offer | None = None
    told: Offer | None = None
    is_moving: bool = False  # a command about it is in flight
    is_unknown: bool = False  # the table may hold something of it, nobody knows what
    is_mid_transfer: bool = False
    seen_at_s: float | None = None

    @property
    def rank(self) -> tuple[float, int]:
        """Withdrawals first: they free a slot."""
        return (self.wanted.urgency if self.wanted is not None else -inf, self.order)

    @property
    def holds(self) -> bool:
        """It takes up a slot, or may."""
        return self.stored is not None or self.is_moving or self.is_unknown


class _About(Struct, frozen=True):
    """What a command was meant to do: `offer` None = to clear the slot."""

    tag_id: TagId
    offer: Offer | None


@dataclass(slots=True)
class SlotCounts:
    unattributed: int = 0  # transfers complete, and nobody knows of what
    unknown_blocks: int = 0  # of a picture that is not here
    blocks: int = 0
    wiped: int = 0  # offers that a transfer complete of an older one took out of the table


class Slots:
    """The table of one module, seen from the host. Nothing here waits: `next_command` says what to do now."""

    def __init__(self, slots_max: int = SLOTS_MAX) -> None:
        self.counts = SlotCounts()
        self._slots_max = slots_max
        self._slots: dict[TagId, _Slot] = {}
        self._behind: dict[TagId, None] = {}  # tags whose place in the table is not what is wanted
        self._made = 0
        self._full_until_s = 0.0

    @property
    def live(self) -> int:
        """Slots that are taken, or may be."""
        return sum(slot.holds for slot in self._slots.values())

    def want(self, tag_id: TagId, offer: Offer | None) -> None:
        """From now on the tag shall be told this, or nothing, until it has taken it."""
        slot = self._slot(tag_id)
        slot.wanted = offer
        self._look(slot)

    def wanted(self, tag_id: TagId) -> Offer | None:
        slot = self._slots.get(tag_id)
        return None if slot is None else slot.wanted

    def table_is_empty(self) -> None:
        """The module has restarted."""
        for slot in self._slots.values():
            slot.stored = slot.told = None
            slot.is_moving = slot.is_unknown = slot.is_mid_transfer = False
            self._look(slot)
        self._full_until_s = 0.0

    def table_is_unknown(self) -> None:
        """The line was down, and the module was not: it may hold what it was told before."""
        self.table_is_empty()
        for slot in self._slots.values():
            slot.is_unknown = True
            self._look(slot)

    def next_command(self, now_s: float) -> Command | None:
        """The next thing to tell the module, to be sent at once; None: nothing, or no slot is free."""
        if not self._behind:
            return None
        live = self.live
        best: _Slot | None = None
        for tag_id in self._behind:
            slot = self._slots[tag_id]
            if slot.is_moving:
                continue
            if not slot.holds and (live >= self._slots_max or now_s < self._full_until_s):
                continue
            if best is None or slot.rank < best.rank:
                best = slot
        return None if best is None else self._command(best)

    def answered(self, about: object, word: Word | None, now_s: float) -> None:
        """The answer to a command of `next_command`; None: none came."""
        if not isinstance(about, _About):
            return
        slot = self._slot(about.tag_id)
        slot.is_moving = False
        slot.is_unknown = word is None
        if word is Word.ACK:
            slot.stored = about.offer
            if about.offer is None:
                slot.told, slot.is_mid_transfer = None, False
        elif word is Word.NOQ:
            slot.stored = None
            self._full_until_s = now_s + FULL_PAUSE_S
        self._look(slot)

    def checked_in(self, said: CheckIn, now_s: float) -> Seen | None:
        """None: it is a repeat of one that was heard."""
        slot = self._slot(said.tag_id)
        # What the table held while a command was on its way, nobody knows.
        slot.told = None if slot.is_moving or slot.is_unknown else slot.stored
        fetched, slot.is_mid_transfer = slot.is_mid_transfer, False
        is_repeat = slot.seen_at_s is not None and now_s - slot.seen_at_s < SAME_CHECK_IN_S
        slot.seen_at_s = now_s
        if is_repeat and not said.glass_is_lost:
            return None
        return Seen(said.tag_id, None if said.is_short else said, slot.told, fetched)

    def block(self, wanted: BlockWanted) -> bytes | None:
        """The data to give, at once; None: of a picture that we do not have, whose slot is cleared."""
        slot = self._slot(wanted.tag_id)
        for offer in (slot.told, slot.stored, slot.wanted):
            if offer is not None and offer.data_ver == wanted.data_ver:
                slot.is_mid_transfer = True
                self.counts.blocks += 1
                last = blocks_in(len(offer.octets)) - 1
                start = min(wanted.block_id, last) * BLOCK_OCTETS
                return offer.octets[start : start + BLOCK_OCTETS]
        self.counts.unknown_blocks += 1
        slot.stored, slot.is_unknown = None, True
        self._look(slot)
        return None

    def completed(self, said: TransferComplete) -> Taken:
        slot = self._slot(said.tag_id)
        told, slot.told = slot.told, None
        slot.is_mid_transfer = False
        if slot.stored is not None and slot.stored is not told:
            self.counts.wiped += 1
        slot.stored = None
        if told is None:
            self.counts.unattributed += 1
        elif slot.wanted is told:
            slot.wanted = None
        self._look(slot)
        return Taken(said.tag_id, told)

    def expired(self, said: SlotExpired) -> Expired | None:
        slot = self._slot(said.tag_id)
        was, slot.stored, slot.told = slot.stored, None, None
        self._look(slot)
        return None if was is None else Expired(said.tag_id, was)

    def _slot(self, tag_id: TagId) -> _Slot:
        slot = self._slots.get(tag_id)
        if slot is None:
            self._made += 1
            slot = self._slots[tag_id] = _Slot(tag_id, self._made)
        return slot

    def _look(self, slot: _Slot) -> None:
        """Is its place in the table what is wanted?"""
        if slot.is_unknown or slot.stored is not slot.wanted:
            self._behind[slot.tag_id] = None
        else:
            self._behind.pop(slot.tag_id, None)

    def _command(self, slot: _Slot) -> Command:
        """Clear first what a tag is fetching, or what nobody knows; then tell what is wanted."""
        offer = slot.wanted
        if offer is None or slot.is_unknown or (slot.is_mid_transfer and slot.told is not offer):
            offer = None
        slot.is_moving = True
        return _command(slot.tag_id, offer)


def _command(tag_id: TagId, offer: Offer | None) -> Command:
    about = _About(tag_id, offer)
    if offer is None:
        return Command(b"CXD>", pack(PendingData(NO_DATA_VER, 0, 0, 0, 0, 0, tag_id)), about)
    pending = PendingData(offer.data_ver, len(offer.octets), offer.data_type, offer.argument, 0, offer.minutes, tag_id)
    return Command(b"SDA>", pack(pending), about)
