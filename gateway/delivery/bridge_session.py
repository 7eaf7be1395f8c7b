"""One bridge since its last HELLO: its credit, what waits for it, and what it was given.

In: its messages, what delivery wants said. Out: payloads, never more messages than the bridge gave credit for.
Rule: what waits is state, not history: a newer manifest for a display takes the place of the older one. Flow control
is the credit alone; it counts message numbers that the bridge *saw*, so a lost payload cannot use it up for good.
Source: docs/protocol.md, "Links".
"""

from collections import OrderedDict
from dataclasses import dataclass, field

from msgspec import Struct

from firmware_protocol.errors import FieldError
from firmware_protocol.link.messages import (
    KNOWN_FEATURES,
    PROTOCOL_VERSION,
    PROTOCOL_VERSION_MIN,
    Airtime,
    CreditQuery,
    DownMessage,
    Features,
    Hello,
    Parts,
    Status,
    Terms,
    ToTag,
    Welcome,
)
from firmware_protocol.link.payload import pack_payloads
from gateway.delivery.limits import (
    CONTACT_S_DEFAULT,
    CREDIT_QUERY_AFTER_S,
    ENCODINGS_REMEMBERED_A_BRIDGE,
    GREET_EVERY_S,
    PARTS_OCTETS,
)


class BridgeStanding(Struct, frozen=True):
    """How it stands with one bridge. `state`: away, silent (no HELLO yet), refused (`trouble` says why) or ready.
    `airtime_s`: on the air since it started; `airtime_share`: of the last window it told, 0 to 1.
    """

    state: str
    trouble: str | None
    protocol_version: int | None
    waiting: int
    airtime_s: float
    airtime_share: float


_UPDATE = "bring the older of bridge and gateway up to date"


@dataclass(slots=True)
class BridgeSession:
    """`open`: its carrier is there. `ready`: it has said HELLO since, so we may speak. `refusal`: why we cannot."""

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
    protocol_version: int | None = None
    features: Features = Features.NONE
    refusal: str | None = None
    airtime_us: int = 0
    airtime_share: float = 0.0
    _urgent: list[DownMessage] = field(default_factory=list)
    _waiting: OrderedDict[tuple[object, ...], DownMessage] = field(default_factory=OrderedDict)
    _given: OrderedDict[bytes, None] = field(default_factory=OrderedDict)

    def opened(self) -> None:
        """Its carrier is (back) there: what waited in it is gone, and it must say HELLO again."""
        self.open = True
        self.ready = False
        self.refusal = self.greeted_at_s = None

    def closed(self) -> None:
        self.open = self.ready = False
        self.stalled_since_s = None  # or it would be due for ever, and the delivery never sleep
        self._urgent.clear()
        self._waiting.clear()

    def refuse(self, reason: str) -> bool:
        """It is there, and we cannot speak to it. True when that is news."""
        news = self.refusal != reason
        self.ready, self.refusal = False, reason
        return news

    def not_understood(self, error: FieldError) -> bool:
        """A payload was not. True when that is news for the operator: a peer that was ready was understood before, so
        this one was spoilt on its way.
        """
        is_greeting = error.field.startswith(("payload.version", "Hello."))
        return is_greeting and not self.ready and self.refuse(f"its hello cannot be read ({error}): {_UPDATE}")

    def accepts(self, hello: Hello) -> bool:
        """Whether there is a version that both speak: that of the older one, if the newer still can."""
        return hello.protocol_version >= PROTOCOL_VERSION_MIN

    def too_old(self, hello: Hello) -> str:
        """The word for the operator when it is not accepted."""
        ours = f"this gateway {PROTOCOL_VERSION_MIN} to {PROTOCOL_VERSION}"
        return f"it speaks version {hello.protocol_version} of the link protocol, {ours}: {_UPDATE}"

    def terms(self) -> list[DownMessage]:
        """What follows the welcome."""
        told = Features.TERMS in self.features and self.protocol_version is not None
        return [Terms(self.protocol_version or PROTOCOL_VERSION, self.features)] if told else []

    def told_airtime(self, airtime: Airtime) -> None:
        if airtime.window_ms:
            more_us = max(airtime.airtime_us - self.airtime_us, 0)
            self.airtime_share = min(more_us / (airtime.window_ms * 1000), 1.0)
        self.airtime_us = airtime.airtime_us

    def standing(self) -> BridgeStanding:
        state = "ready" if self.ready else "refused" if self.refusal else "silent" if self.open else "away"
        version = self.protocol_version if self.ready else None
        return BridgeStanding(
            state, self.refusal, version, self.waiting, self.airtime_us / 1e6, round(self.airtime_share, 4)
        )

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
            self.airtime_us, self.airtime_share = 0, 0.0
        self.open = self.ready = True
        self.refusal = None
        self.protocol_version = min(hello.protocol_version, PROTOCOL_VERSION)
        self.features = Features(hello.features & KNOWN_FEATURES)
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
