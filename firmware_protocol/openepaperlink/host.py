"""A host of one radio module: the line and the table of slots put together.

In: octets from the port, the time, what each tag shall show. Out: octets for the port at `baud`, `HostEvent`s. Rule: it
decides everything and waits for nothing; its caller opens the port, moves octets and keeps the time.
"""

from __future__ import annotations

from typing import TypeAlias

from firmware_protocol.identity import TagId
from firmware_protocol.openepaperlink.frames import BlockWanted, CheckIn, SlotExpired, TransferComplete
from firmware_protocol.openepaperlink.line import Answered, LineDown, LineEvent, LineUp, ModuleInfo, ModuleLine
from firmware_protocol.openepaperlink.slots import SLOTS_MAX, Offer, SlotEvent, Slots

HostEvent: TypeAlias = LineUp | LineDown | SlotEvent


class ModuleHost:
    """Call `receive` with what came and `pass_time` at `wake_at`, then write what `to_send` gives."""

    def __init__(self, *, channel: int, power: int = 10, fast: bool = True, slots_max: int = SLOTS_MAX) -> None:
        self.line = ModuleLine(channel=channel, power=power, fast=fast)
        self.slots = Slots(slots_max)

    @property
    def baud(self) -> int:
        """At which the port must be open."""
        return self.line.baud

    @property
    def info(self) -> ModuleInfo | None:
        """None while the module is not there."""
        return self.line.info if self.line.is_up else None

    def opened(self, now_s: float) -> None:
        """The port was opened (again)."""
        self.line.opened(now_s)
        self.slots.table_is_empty()

    def want(self, tag_id: TagId, offer: Offer | None) -> None:
        """The tag shall be told this, or nothing, until it has taken it: again and again if need be."""
        self.slots.want(tag_id, offer)

    def receive(self, octets: bytes, now_s: float) -> list[HostEvent]:
        return self._sorted(self.line.receive(octets, now_s), now_s)

    def pass_time(self, now_s: float) -> list[HostEvent]:
        return self._sorted(self.line.pass_time(now_s), now_s)

    def to_send(self, now_s: float) -> bytes:
        if self.line.is_free and (command := self.slots.next_command(now_s)) is not None:
            self.line.send(command)
        return self.line.to_send(now_s)

    def wake_at(self) -> float | None:
        return self.line.wake_at()

    def _sorted(self, events: list[LineEvent], now_s: float) -> list[HostEvent]:
        found: list[HostEvent] = []
        for event in events:
            said: HostEvent | None = None
            match event:
                case LineUp(info=info):
                    if info.pending:
                        self.slots.table_is_unknown()
                    else:
                        self.slots.table_is_empty()
                    said = event
                case LineDown():
                    self.slots.table_is_empty()
                    said = event
                case Answered():
                    self.slots.answered(event.command.about, event.word, now_s)
                case CheckIn():
                    said = self.slots.checked_in(event, now_s)
                case BlockWanted():
                    data = self.slots.block(event)
                    if data is not None:
                        self.line.give_block(data, now_s)
                case TransferComplete():
                    said = self.slots.completed(event)
                case SlotExpired():
                    said = self.slots.expired(event)
            if said is not None:
                found.append(said)
        return found
