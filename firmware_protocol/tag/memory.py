"""What a tag keeps without power: keys, counters, what each display has accepted, and the pictures in its flash.

In and out: `TagMemory`, and the same as JSON, so that a simulator may keep a shop over its own restart. Rule: nothing
here decides; whoever changes a field has it *written*, and the records of 32 octets that this costs are counted,
because flash wears out. Why: docs/protocol.md, "Counters".
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from typing import NotRequired, TypedDict

from firmware_protocol.encoding import Base
from firmware_protocol.keys import SessionKeys
from firmware_protocol.manifest import Manifest
from firmware_protocol.panels import PANELS, Panel
from firmware_protocol.tag.display import SLOTS, DisplayMemory, Order
from firmware_protocol.tag.slots import Slot

# Records of 32 octets, each with its own check sum: a change is valid once its last record is.
RECORDS_OF_KEYS = 4  # share, keys of both directions, the next nonce
RECORDS_OF_MANIFEST = 3
RECORDS_OF_STATE = 1


class OrderJson(TypedDict):
    revision: int
    content: str
    t_ms: int | None


class SlotJson(TypedDict):
    content: str
    octets: str


class DisplayJson(TypedDict):
    panel: str
    now: OrderJson | None
    pending: OrderJson | None
    glass: str | None
    held: list[str]
    refresh_counter: int
    offer: str | None
    is_drawn: NotRequired[bool]  # none before 0.2
    slots: list[SlotJson | None]


class TagJson(TypedDict):
    nonce: str
    share: str | None
    keys: str | None
    up_reserved: int
    down_floor: NotRequired[int]  # not before 0.2
    records: int
    displays: list[DisplayJson]


@dataclass(slots=True)
class DisplayFlash:
    """`offer` is the manifest of the highest accepted order: where its parts come from. `is_drawn`: a refresh has begun
    and not ended; it stands in the record that says *glass unknown*.
    """

    panel: Panel
    rule: DisplayMemory = field(default_factory=DisplayMemory)
    offer: Manifest | None = None
    is_drawn: bool = False
    slots: list[Slot | None] = field(default_factory=lambda: [None] * SLOTS)

    def slot_of(self, content: object) -> Slot | None:
        return next((slot for slot in self.slots if slot is not None and slot.content == content), None)

    def base_of(self, offer: Manifest) -> Base | None:
        """The picture in flash that the offer builds on; None when it builds on none, or it is not here."""
        if not offer.builds_on_another:
            return None
        bases = (slot.as_base(self.panel) for slot in self.slots if slot is not None)
        return next((base for base in bases if base.prefix == offer.base_prefix), None)

    def keep_only_held(self) -> None:
        """A slot whose picture the rule gave up is free."""
        self.slots = [slot if slot is not None and slot.content in self.rule.held else None for slot in self.slots]

    def fill(self, slot: Slot) -> None:
        """Into the free slot. Raises `ValueError` when there is none: the rule keeps at most one while it builds."""
        self.slots[self.slots.index(None)] = slot

    def to_json(self) -> DisplayJson:
        rule = self.rule
        return {
            "panel": self.panel.name,
            "now": _order_to_json(rule.now),
            "pending": _order_to_json(rule.pending),
            "glass": _hex(rule.glass),
            "held": [held.hex() for held in rule.held if isinstance(held, bytes)],
            "refresh_counter": rule.refresh_counter,
            "offer": self.offer.pack().hex() if self.offer else None,
            "is_drawn": self.is_drawn,
            "slots": [
                None if slot is None else {"content": slot.content.hex(), "octets": b64encode(slot.octets).decode()}
                for slot in self.slots
            ],
        }

    @classmethod
    def from_json(cls, kept: DisplayJson) -> DisplayFlash:
        rule = DisplayMemory(
            now=_order_from_json(kept["now"]),
            pending=_order_from_json(kept["pending"]),
            glass=None if kept["glass"] is None else bytes.fromhex(kept["glass"]),
            held=tuple(map(bytes.fromhex, kept["held"])),
            refresh_counter=kept["refresh_counter"],
        )
        offer = None if kept["offer"] is None else Manifest.unpack(bytes.fromhex(kept["offer"]))
        slots = [
            None if slot is None else Slot(bytes.fromhex(slot["content"]), b64decode(slot["octets"]))
            for slot in kept["slots"]
        ]
        return cls(PANELS[kept["panel"]], rule, offer, kept.get("is_drawn", False), slots)


@dataclass(slots=True)
class TagMemory:
    """`nonce`: of the next commissioning. `up_reserved`: counters up below this may have been used. `down_floor`: none
    up to this one is taken after a reboot.
    `records`: how many records were ever written.
    """

    nonce: bytes
    displays: list[DisplayFlash]
    share: bytes | None = None
    keys: SessionKeys | None = None
    up_reserved: int = 0
    down_floor: int = -1
    records: int = 0

    def written(self, records: int) -> None:
        self.records += records

    def to_json(self) -> TagJson:
        return {
            "nonce": self.nonce.hex(),
            "share": _hex(self.share),
            "keys": self.keys.pack().hex() if self.keys else None,
            "up_reserved": self.up_reserved,
            "down_floor": self.down_floor,
            "records": self.records,
            "displays": [display.to_json() for display in self.displays],
        }

    @classmethod
    def from_json(cls, kept: TagJson) -> TagMemory:
        """Raises `KeyError`, `ValueError` or `FieldError` for what `to_json` never wrote."""
        return cls(
            nonce=bytes.fromhex(kept["nonce"]),
            displays=[DisplayFlash.from_json(display) for display in kept["displays"]],
            share=None if kept["share"] is None else bytes.fromhex(kept["share"]),
            keys=None if kept["keys"] is None else SessionKeys.unpack(bytes.fromhex(kept["keys"])),
            up_reserved=kept["up_reserved"],
            down_floor=kept.get("down_floor", -1),
            records=kept["records"],
        )


def _hex(octets: object) -> str | None:
    return octets.hex() if isinstance(octets, bytes) else None


def _order_to_json(order: Order | None) -> OrderJson | None:
    if order is None or not isinstance(order.content, bytes):
        return None
    return {"revision": order.revision, "content": order.content.hex(), "t_ms": order.t_ms}


def _order_from_json(kept: OrderJson | None) -> Order | None:
    return None if kept is None else Order(kept["revision"], bytes.fromhex(kept["content"]), kept["t_ms"])
