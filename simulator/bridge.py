"""A bridge: it carries between gateway and tags, remembers in RAM only, and can open nothing that is sealed.

In: down messages of the link, contacts of tags. Out: up messages, and what a tag hears. Rule: no decision about a
glass is made here; what waits here may be lost at any time (`restart`, `unplug`) and is then said so by a new hello.
Layers: `bridge` (this) · `bridge_air` (what waits for one tag, one exchange on the air) · `parts_cache`.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol, assert_never

from firmware_protocol import FieldError, TagId
from firmware_protocol.link import DownMessage, UpMessage, pack_payloads, unpack_down_payload
from firmware_protocol.link.limits import DIGEST_ROWS_MAX
from firmware_protocol.link.messages import (
    BOOT_ID_OCTETS,
    NO_RUN,
    PROTOCOL_VERSION,
    Airtime,
    Associate,
    CreditQuery,
    Digest,
    DigestRow,
    Features,
    Hello,
    LinkPing,
    Parts,
    PleaseCommission,
    Profile,
    SeenReason,
    Status,
    TagSeen,
    Terms,
    ToTag,
    Unassociate,
    UnknownMessage,
    Welcome,
)
from firmware_protocol.poll import Contact, DownFrame
from simulator import limits
from simulator.bridge_air import Air, TagAtBridge
from simulator.chance import Random
from simulator.link_tap import LinkTap
from simulator.schedule import Scheduler

_U32 = 1 << 32


class Uplink(Protocol):
    """A carrier's end at the bridge, while it is open. What cannot be sent is lost."""

    def send(self, payload: bytes, *, hello: bool) -> None: ...


class Hearer(Protocol):
    """A tag that hears this bridge."""

    def rouse(self) -> None:
        """Something changed for it here: its next contact may be more than an idle one."""


class VirtualBridge:
    """Start with `power_on`; a carrier then calls `link_opened`, `link_received`, `link_closed`."""

    def __init__(self, name: str, scheduler: Scheduler, chance: Random, *, contact_s: float, speed: int = 1) -> None:
        """`contact_s`: how often its tags make contact, at speed 1; every time of tags and radio is divided by it."""
        self.name = name
        self.speed = speed
        self.contact_s = contact_s / speed
        self.powered = False
        self.bad_payloads = 0
        self.unknown_messages = 0  # of a gateway that is newer
        self.features = Features.NONE
        self.protocol_version = PROTOCOL_VERSION  # what it says in its hello
        self.restarts = -1
        self.tap: LinkTap | None = None
        self.overheard: Callable[[DownMessage | UpMessage], None] | None = None  # each one it takes, each one it says
        self.hearers: dict[TagId, Hearer] = {}
        self._was_listening = False
        self._scheduler = scheduler
        self._chance = chance
        self._uplink: Uplink | None = None
        self._held: asyncio.TimerHandle | None = None
        self._forget_all()

    # Power

    def _forget_all(self) -> None:
        self.boot_id = self._chance.randbytes(BOOT_ID_OCTETS)
        self.welcomed = False
        self.terms: Terms | None = None
        self.last_run_id = NO_RUN
        self.air = Air(self.speed, self._scheduler.grid)
        self._highest = 0
        self._told_limit = 0
        self._up_number = 0
        self._site_ms_at_zero = 0.0
        self._out: list[UpMessage] = []
        self._leaves = False  # what was said has its time to leave
        self._may_leave_at = 0.0  # on the clock, which nothing speeds up
        self._airtime_told_at = self._started_at = self._scheduler.now()

    def power_on(self) -> None:
        """Start with empty memory. Harmless when it is on already."""
        if self.powered:
            return
        self.powered = True
        self.restarts += 1
        self._forget_all()
        boot = self.boot_id
        self._every(self.contact_s, boot, self._look_for_lost)
        self._every(self._books_s(limits.DIGEST_EVERY_S, limits.DIGEST_CONTACTS), boot, self._send_digest)
        self._every(self._books_s(limits.AIRTIME_EVERY_S, limits.AIRTIME_CONTACTS), boot, self._send_airtime)
        if self._uplink is not None:
            self._say_hello(boot, limits.HELLO_EVERY_S)

    def power_off(self) -> None:
        """Unplugged: RAM is gone and nothing is heard or said. The carrier closes the link by itself."""
        self.powered = self.welcomed = False
        self._rouse_if_listening_changed()

    def restart(self) -> None:
        """A reboot: everything in RAM is lost."""
        self.power_off()
        self.power_on()

    def shift_clock(self, seconds: float) -> None:
        """Its idea of the site's time is wrong from now on, until the next welcome."""
        self._site_ms_at_zero += seconds * 1000.0

    def _books_s(self, every_s: float, contacts: int) -> float:
        """How often one of its books is told: a time of the fleet's, or so many contacts where these are rarer."""
        return max(every_s / self.speed, self.contact_s * contacts, limits.BOOKS_REST_S)

    def _every(self, seconds: float, boot: bytes, call: Callable[[float], None]) -> None:
        """As long as this boot lasts."""

        def again() -> None:
            if self.powered and self.boot_id == boot:
                call(self._scheduler.now())
                self._scheduler.after(seconds, again)

        self._scheduler.after(seconds, again)

    def airtime_share(self) -> float:
        """Of the time since it started: how much it was on the air."""
        since_s = self._scheduler.now() - self._started_at
        return self.air.airtime_us / 1e6 / since_s if since_s > 0 else 0.0

    # Link

    def link_opened(self, uplink: Uplink) -> None:
        """The carrier is there, or there again: what waited on either side is gone."""
        self._uplink = uplink
        self.welcomed = False
        self._out.clear()
        self._rouse_if_listening_changed()
        if self.powered:
            self._say_hello(self.boot_id, limits.HELLO_EVERY_S)

    def link_closed(self) -> None:
        self._uplink = None
        self.welcomed = False
        self._out.clear()
        self._rouse_if_listening_changed()

    def link_received(self, octets: bytes) -> None:
        """One payload, taken whole or not at all."""
        if not self.powered:
            return
        try:
            payload = unpack_down_payload(octets)
        except FieldError:
            self.bad_payloads += 1
            return
        if self.tap is not None:
            self.tap.listen(payload.messages)
        now_s = self._scheduler.now()
        first = payload.messages[0]
        if isinstance(first, Welcome):
            self._take_welcome(first, payload.first_number, now_s)
        # Whatever else came is taken even if the welcome is lost: what is sealed guards itself, the rest is advice.
        for place, message in enumerate(payload.messages):
            self._highest = max(self._highest, payload.first_number + place)
            if self.overheard is not None:
                self.overheard(message)
            self._take(message, now_s)
        self._tell_credit()

    def _take_welcome(self, welcome: Welcome, number: int, now_s: float) -> None:
        if welcome.boot_id != self.boot_id:
            self._send_hello()  # a gateway that does not know us: it may have lost our hello, or its memory
        elif not self.welcomed or welcome.run_id != self.last_run_id:
            self.welcomed = True
            self.last_run_id = welcome.run_id
            self._site_ms_at_zero = welcome.site_epoch_ms - now_s * 1000.0
            self._highest = number
            self._rouse_if_listening_changed()

    def _take(self, message: DownMessage, now_s: float) -> None:
        match message:
            case Welcome():
                pass  # taken before, because it begins the count
            case ToTag():
                self.air.keep(message, now_s)
                self._rouse(message.tag_id)
            case Parts():
                self.air.take_parts(message)
            case Associate():
                self.air.tag(message.tag_id).address = (message.esl_group, message.esl_id)
                self._rouse(message.tag_id)
            case Unassociate():
                self.air.forget(message.tag_id)
                self._rouse(message.tag_id)
            case PleaseCommission():
                self.air.tag(message.tag_id).please_commission = True
                self._rouse(message.tag_id)
            case CreditQuery() | LinkPing():
                self._tell_credit(always=True)
            case Terms():
                self.terms = message
            case UnknownMessage():
                self.unknown_messages += 1
            case _:
                assert_never(message)

    def _say_hello(self, boot: bytes, wait_s: float) -> None:
        """Again and again until a gateway answers; `boot` and `uplink` say when somebody else has taken over."""
        uplink = self._uplink

        def again() -> None:
            if self.powered and self.boot_id == boot and self._uplink is uplink and not self.welcomed:
                self._say_hello(boot, min(wait_s * 2, limits.HELLO_EVERY_MAX_S))

        self._send_hello()
        self._scheduler.after(wait_s * (0.75 + 0.5 * self._chance.random()), again)

    def _send_hello(self) -> None:
        if self._uplink is None:
            return
        self.welcomed = False
        self._rouse_if_listening_changed()
        self._out.clear()
        self._up_number = 1
        self._told_limit = limits.WAITING_MAX
        hello = Hello(
            boot_id=self.boot_id,
            protocol_version=self.protocol_version,
            last_run_id=self.last_run_id,
            features=self.features,
            credit_limit=limits.WAITING_MAX,
            profile=Profile.POLL,
            contact_ms=round(self.contact_s * 1000),
            time_divisor=self.speed,
            name=self.name,
        )
        (payload,) = pack_payloads([hello], 0)
        self._uplink.send(payload, hello=True)

    def _tell_credit(self, *, always: bool = False) -> None:
        limit = self._highest + limits.WAITING_MAX - self.air.waiting
        if always or limit >= self._told_limit + limits.CREDIT_STEP:
            self._told_limit = limit
            self.say(Status(limit % _U32, self._highest, self.air.waiting, len(self.air.cache)))
            self._scheduler.soon(self._flush)  # a gateway may stand still until it has this

    def say(self, message: UpMessage) -> None:
        """At the end of this turn if the link was quiet, else with all that is said until `UPLINK_HOLD_S` has passed:
        a payload costs both ends more than the messages in it.
        """
        if not self.welcomed:
            return
        if self.overheard is not None:
            self.overheard(message)
        self._out.append(message)
        if not self._leaves:
            self._leaves = True
            wait_s = self._may_leave_at - self._scheduler.clock.monotonic_s()
            if wait_s <= 0:
                self._scheduler.soon(self._flush)
            else:  # and then too at the end of a turn: what was said in it may have to be saved first
                self._held = self._scheduler.on_the_clock(wait_s, lambda: self._scheduler.soon(self._flush))

    def _flush(self) -> None:
        self._leaves = False
        if self._held is not None:
            self._held.cancel()
        messages, self._out = self._out, []
        if self._uplink is None or not self.welcomed or not messages:
            return
        self._may_leave_at = self._scheduler.clock.monotonic_s() + limits.UPLINK_HOLD_S
        payloads = pack_payloads(messages, self._up_number)
        self._up_number += len(messages)
        for payload in payloads:
            self._uplink.send(payload, hello=False)

    # Tags

    @property
    def listening(self) -> bool:
        """Without a gateway a bridge does not answer, so that tags turn to another."""
        return self.powered and self.welcomed

    @property
    def airtime_us(self) -> int:
        """Microseconds on the air since it was switched on."""
        return self.air.airtime_until(self._scheduler.now())

    def _rouse_if_listening_changed(self) -> None:
        if self.listening is not self._was_listening:
            self._was_listening = self.listening
            for hearer in self.hearers.values():
                hearer.rouse()

    def _rouse(self, tag_id: TagId) -> None:
        if (hearer := self.hearers.get(tag_id)) is not None:
            hearer.rouse()

    def is_busy(self, now_s: float) -> bool:
        """One radio: while it is on the air for one tag it hears no other."""
        return self.air.busy_until > now_s

    def wants(self, tag_id: TagId, signal_dbm: int) -> bool:
        """Whether a contact of this tag is more than an idle one: something is kept for it or would be said of it."""
        tag = self.air.tags.get(tag_id)
        return tag is None or tag.has_something or self._seen_reason(tag, signal_dbm) is not None

    def heard(self, tag_id: TagId, signal_dbm: int, now_s: float) -> TagAtBridge:
        """A contact begins: keep the books that the gateway asks for."""
        air = self.air
        tag = air.tags.get(tag_id)
        if tag is None:
            tag = air.tag(tag_id)
        reason = self._seen_reason(tag, signal_dbm)
        if reason is not None:
            self._tell_seen(tag, reason, signal_dbm, now_s)
        tag.heard_at = now_s
        tag.lost = False
        tag.contacts += 1
        tag.signal_sum += signal_dbm
        air.restless[tag_id] = tag
        return tag

    def _seen_reason(self, tag: TagAtBridge, signal_dbm: int) -> SeenReason | None:
        """Why the gateway is told at once that this tag makes contact."""
        if tag.heard_at is None:
            return SeenReason.FIRST_HEARD
        if tag.address is None:
            return SeenReason.FOREIGN
        if abs(signal_dbm - tag.told_dbm) >= limits.SIGNAL_CHANGE_DB:
            return SeenReason.SIGNAL_CHANGE
        return None

    def lets_rest(self, tag_id: TagId, next_contact_s: float) -> bool:
        """Whether this tag, if its next contact is this one, never gets missed: it was heard an interval ago."""
        tag = self.air.tags.get(tag_id)
        return (
            tag is not None
            and tag.heard_at is not None
            and not tag.lost
            and next_contact_s - tag.heard_at <= self.contact_s * limits.MISSED_AFTER_CONTACTS
        )

    def exchange(
        self, tag: TagAtBridge, contacts: Sequence[Contact], signal_dbm: int, now_s: float, *, first: bool
    ) -> list[DownFrame]:
        """What the tag hears to what it said; the rest is said to the gateway."""
        down, up = self.air.exchange(tag, contacts, signal_dbm, now_s, first=first)
        for message in up:
            self.say(message)
        return down

    def _tell_seen(self, tag: TagAtBridge, reason: SeenReason, signal_dbm: int, now_s: float) -> None:
        tag.told_dbm = signal_dbm
        self.say(TagSeen(tag.tag_id, reason, signal_dbm, self._site_ms(now_s)))

    def _site_ms(self, now_s: float) -> int:
        return round(self._site_ms_at_zero + now_s * 1000.0) % _U32

    def _look_for_lost(self, now_s: float) -> None:
        """Among those that do not rest; a tag that rests has just been heard."""
        lost: list[TagAtBridge] = []
        for tag in self.air.restless.values():
            silent_s = now_s - (now_s if tag.heard_at is None else tag.heard_at)
            if silent_s > self.contact_s * limits.MISSED_AFTER_CONTACTS:
                tag.missed += 1
            if silent_s > self.contact_s * limits.LOST_AFTER_CONTACTS:
                lost.append(tag)
        for tag in sorted(lost, key=lambda tag: tag.order):
            tag.lost = True
            del self.air.restless[tag.tag_id]
            self._tell_seen(tag, SeenReason.LOST, tag.told_dbm, now_s)
        self.air.expire(now_s)
        self._tell_credit()

    def _send_digest(self, now_s: float) -> None:
        self.air.settle(now_s)
        rows = [
            DigestRow(tag.tag_id, min(tag.contacts, 65535), min(tag.missed, 65535), tag.mean_dbm())
            for tag in self.air.tags.values()
            if tag.contacts or tag.missed
        ]
        for start in range(0, len(rows), DIGEST_ROWS_MAX):
            self.say(Digest(tuple(rows[start : start + DIGEST_ROWS_MAX])))
        for tag in self.air.tags.values():
            tag.contacts = tag.missed = tag.signal_sum = 0

    def _send_airtime(self, now_s: float) -> None:
        self.say(Airtime(self.air.airtime_until(now_s), round((now_s - self._airtime_told_at) * 1000)))
        self._airtime_told_at = now_s
