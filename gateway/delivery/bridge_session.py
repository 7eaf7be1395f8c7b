"""One bridge since its last HELLO: its credit, what waits for it, and what it was given.

In: its messages, what delivery wants said. Out: payloads, never more messages than the bridge gave credit for.
Rule: what waits is state, not history: a newer manifest for a display takes the place of the older one. Flow control
is the credit alone; it counts message numbers that the bridge *saw*, so a lost payload cannot use it up for good.
Source: docs/protocol.md, "Links".
"""

from collections import OrderedDict
from dataclasses import dataclass, field

from firmware_protocol.link.messages import CreditQuery, DownMessage, Hello, Parts, Status, ToTag, Welcome
from firmware_protocol.link.payload import pack_payloads
from gateway.delivery.limits import (
    CONTACT_S_DEFAULT,
    CREDIT_QUERY_AFTER_S,
    ENCODINGS_REMEMBERED_A_BRIDGE,
    GREET_EVERY_S,
    PARTS_OCTETS,
)


@dataclass(slots=True)
class BridgeSession:
    """`open`: its carrier is there. `ready`: it has said HELLO since, so we may speak."""

    bridge_id: str
    store_id: str
    open: bool = False
    ready: bool = False
    boot_id: bytes = b""
    contact_s: float = CONTACT_S_DEFAULT
    time_divisor: float = 1.0
    credit_limit: int = 0
    next_number: int = 0
    stalled_since_s: float | None = None
    greeted_at_s: float | None = None
    airtime_us: int = 0
    _urgent: list[DownMessage] = field(default_factory=list)
    _waiting: OrderedDict[tuple[object, ...], DownMessage] = field(default_factory=OrderedDict)
    _given: OrderedDict[bytes, None] = field(default_factory=OrderedDict)

    def opened(self) -> None:
        """Its carrier is (back) there: what waited in it is gone, and it must say HELLO again."""
        self.open = True
        self.ready = False
        self.greeted_at_s = None

    def closed(self) -> None:
        self.open = self.ready = False
        self.stalled_since_s = None  # or it would be due for ever, and the delivery never sleep
        self._urgent.clear()
        self._waiting.clear()

    def hello(self, hello: Hello) -> bool:
        """Begin to speak. True when its memory is new: it rebooted, or we had lost it."""
        fresh = not self.ready or hello.boot_id != self.boot_id
        if fresh:
            self.next_number = 0
            self.credit_limit = 0
            self.stalled_since_s = None
            self._urgent.clear()
            self._waiting.clear()
        if hello.boot_id != self.boot_id:
            self._given.clear()
        self.open = self.ready = True
        self.boot_id = hello.boot_id
        self.contact_s = hello.contact_ms / 1000
        self.time_divisor = max(hello.time_divisor, 1)
        self.credit_limit = max(self.credit_limit, hello.credit_limit)
        return fresh

    def status(self, status: Status) -> None:
        self.credit_limit = max(self.credit_limit, status.credit_limit)
        self.stalled_since_s = None

    def say_at_once(self, message: DownMessage) -> None:
        """Past the credit: the few small messages without which the link itself would stand still."""
        self._urgent.append(message)

    def say(self, message: DownMessage) -> None:
        """When credit allows. A message about the same thing that still waits is replaced."""
        self._waiting[_subject(message)] = message

    def give(self, encoding_id: bytes, stream: bytes) -> bool:
        """Queue a whole stream unless the bridge was given it lately. True if it was queued."""
        if encoding_id in self._given:
            self._given.move_to_end(encoding_id)
            return False
        self.give_range(encoding_id, stream, 0, len(stream))
        self._given[encoding_id] = None
        if len(self._given) > ENCODINGS_REMEMBERED_A_BRIDGE:
            self._given.popitem(last=False)
        return True

    def give_range(self, encoding_id: bytes, stream: bytes, offset: int, length: int) -> None:
        """Queue one range of a stream, because the bridge asked."""
        end = min(offset + length, len(stream))
        for start in range(offset, end, PARTS_OCTETS):
            octets = stream[start : min(start + PARTS_OCTETS, end)]
            self.say(Parts(encoding_id, len(stream), start, octets))

    def greeting(self, now_s: float, welcome: Welcome) -> list[bytes]:
        """A bridge that has not said HELLO to this run may not know that there is a new one: a welcome that names no
        boot of its makes it say so. Again and again until it does.
        """
        if not self.open or self.ready:
            return []
        if self.greeted_at_s is not None and now_s < self.greeted_at_s + GREET_EVERY_S:
            return []
        self.greeted_at_s = now_s
        return pack_payloads([welcome], 0)

    def payloads(self, now_s: float) -> list[bytes]:
        """What may leave now, packed. Notes since when it stands still for want of credit."""
        if not self.ready:
            return []
        messages = self._urgent
        self._urgent = []
        free = self.credit_limit + 1 - self.next_number - len(messages)
        while self._waiting and free > 0:
            messages.append(self._waiting.popitem(last=False)[1])
            free -= 1
        if not self._waiting:
            self.stalled_since_s = None
        elif self.stalled_since_s is None:
            self.stalled_since_s = now_s
        elif now_s >= self.stalled_since_s + CREDIT_QUERY_AFTER_S:
            self.stalled_since_s = now_s
            messages.append(CreditQuery(max(self.next_number - 1, 0)))
        if not messages:
            return []
        packed = pack_payloads(messages, self.next_number)
        self.next_number += len(messages)
        return packed

    def wake_at(self) -> float | None:
        """When the bridge must be greeted again, or asked for credit, if it stands still until then."""
        if self.open and not self.ready:
            return None if self.greeted_at_s is None else self.greeted_at_s + GREET_EVERY_S
        return None if self.stalled_since_s is None else self.stalled_since_s + CREDIT_QUERY_AFTER_S

    @property
    def waiting(self) -> int:
        return len(self._waiting)


def _subject(message: DownMessage) -> tuple[object, ...]:
    """What a message is about; of two about one thing only the newer is said."""
    match message:
        case ToTag():
            return (ToTag, message.tag_id, message.kind, message.display)
        case Parts():
            return (Parts, message.encoding_id, message.offset)
        case _:
            return (type(message), message)
