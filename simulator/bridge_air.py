"""A bridge's side of the air: what waits for each tag, and one exchange with one of them.

In: `ToTag` and `Parts` from the gateway, a tag's contact frame. Out: the frames the tag hears, and what goes up.
Rule: something handed to a tag is gone from here only when the tag speaks again in the same contact; one radio does
one thing at a time, and every octet on the air is counted.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from firmware_protocol import TagId
from firmware_protocol.link import UpMessage
from firmware_protocol.link.messages import FromTag, FromTagKind, Parts, PartsWanted, ToTag, ToTagKind
from firmware_protocol.poll import (
    ANSWER_ROOM,
    Answer,
    AnswerFlags,
    CannotOpen,
    Contact,
    DownFrame,
    Join,
    JoinAnswer,
    Part,
    PartRequest,
    Response,
    SealedCommand,
    SealedManifest,
    SealedReport,
    airtime_us,
    frame_octets,
    pages_of,
)
from simulator import limits
from simulator.contact_grid import ContactGrid
from simulator.parts_cache import PartsCache, ranges_of
from simulator.resting import Resting

_DOWN_ITEMS: dict[ToTagKind, type[JoinAnswer | SealedManifest | SealedCommand]] = {
    ToTagKind.JOIN_ANSWER: JoinAnswer,
    ToTagKind.MANIFEST: SealedManifest,
    ToTagKind.COMMAND: SealedCommand,
}
# An empty contact and an empty answer: TagId, type, flags; and two octets more.
IDLE_AIRTIME_US = airtime_us(10) + airtime_us(12)

Place = tuple[int, int]  # kind and display, or kind and number for commands


@dataclass(slots=True)
class TagAtBridge:
    """What a bridge remembers of one tag."""

    tag_id: TagId
    address: tuple[int, int] | None = None
    heard_at: float | None = None
    lost: bool = False
    told_dbm: int = 0
    contacts: int = 0
    missed: int = 0
    signal_sum: int = 0
    please_commission: bool = False
    waiting: dict[Place, tuple[ToTag, float]] = field(default_factory=dict)
    on_air: list[Place] = field(default_factory=list)
    commands: int = 0
    doublings: int = 0
    asked: PartRequest | None = None
    asked_times: int = 0
    order: int = 0  # of its first mention since the bridge started
    rests_from: int = 0  # see `Resting`
    rests_dbm: int = 0

    @property
    def has_something(self) -> bool:
        return bool(self.waiting) or self.please_commission

    def place_for(self, message: ToTag) -> Place:
        """A newer manifest replaces the one of its display, a newer join answer the older; commands queue."""
        if message.kind is ToTagKind.COMMAND:
            self.commands += 1
            return (int(message.kind), self.commands)
        return (int(message.kind), message.display if message.kind is ToTagKind.MANIFEST else 0)

    def mean_dbm(self) -> int:
        return round(self.signal_sum / self.contacts) if self.contacts else self.told_dbm


class Air:
    """All of a bridge's memory that a restart clears. `busy_until` is on the scheduler's clock."""

    def __init__(self, speed: int, grid: ContactGrid) -> None:
        self.tags: dict[TagId, TagAtBridge] = {}
        self.resting = Resting()
        self.restless: dict[TagId, TagAtBridge] = {}  # heard, not lost, not resting: who may be lost next
        self.cache = PartsCache(limits.CACHE_OCTETS_MAX)
        self.airtime_us = 0
        self.busy_until = 0.0
        self.waiting = 0  # items for tags, of all of them
        self._speed = speed
        self._grid = grid
        self._keeping: dict[TagId, TagAtBridge] = {}  # for whom something waits
        self._made = 0
        self._wanted: dict[tuple[bytes, int], float] = {}

    def tag(self, tag_id: TagId) -> TagAtBridge:
        known = self.tags.get(tag_id)
        if known is None:
            self._made += 1
            known = self.tags[tag_id] = TagAtBridge(tag_id, order=self._made)
        return known

    def forget(self, tag_id: TagId) -> None:
        if (tag := self.tags.pop(tag_id, None)) is not None:
            self.waiting -= len(tag.waiting)
            self._keeping.pop(tag_id, None)
            self.restless.pop(tag_id, None)

    def idle_contact(self) -> None:
        """An empty contact and its answer. It waits for nobody and delays nobody: 9 ms that a radio finds a gap for."""
        self._count_idle(1)

    def rest(self, number: int, tag: TagAtBridge, signal_dbm: int) -> None:
        """From now on the contacts of this tag are idle ones."""
        self.restless.pop(tag.tag_id, None)
        self.resting.begin(number, tag, signal_dbm, self._grid)

    def end_rest(self, number: int, tag: TagAtBridge, now_s: float) -> None:
        """Something may happen at its next contact."""
        self._count_idle(self.resting.end(number, self._grid, now_s))
        if self.tags.get(tag.tag_id) is tag:
            self.restless[tag.tag_id] = tag

    def settle_one(self, number: int, tag: TagAtBridge, now_s: float) -> None:
        """Bring the books of one that rests up to now."""
        self._count_idle(self.resting.settle_one(number, tag, self._grid, now_s))

    def settle(self, now_s: float) -> None:
        """Bring the books of all tags, and the airtime, up to now."""
        self._count_idle(self.resting.settle(self._grid, now_s))

    def airtime_until(self, now_s: float) -> int:
        """Microseconds on the air so far, idle contacts included."""
        return self.airtime_us + self.resting.unsettled(self._grid, now_s) * (IDLE_AIRTIME_US // self._speed)

    def _count_idle(self, contacts: int) -> None:
        self.airtime_us += contacts * (IDLE_AIRTIME_US // self._speed)

    def keep(self, message: ToTag, now_s: float) -> None:
        """For the tag's next contact, until it expires."""
        tag = self.tag(message.tag_id)
        place = tag.place_for(message)
        self.waiting += place not in tag.waiting
        tag.waiting[place] = (message, now_s + message.expires_s)
        self._keeping[message.tag_id] = tag

    def expire(self, now_s: float) -> None:
        for tag in list(self._keeping.values()):
            self._expire(tag, now_s)

    def _expire(self, tag: TagAtBridge, now_s: float) -> None:
        for place in [place for place, (_, until) in tag.waiting.items() if until <= now_s]:
            self._drop(tag, place)

    def _drop(self, tag: TagAtBridge, place: Place) -> None:
        if tag.waiting.pop(place, None) is not None:
            self.waiting -= 1
            if not tag.waiting:
                self._keeping.pop(tag.tag_id, None)

    def take_parts(self, parts: Parts) -> None:
        self.cache.add(parts.encoding_id, parts.stream_size, parts.offset, parts.octets)
        self._wanted = {key: at_s for key, at_s in self._wanted.items() if key[0] != parts.encoding_id}

    def occupy(self, microseconds: int, now_s: float) -> None:
        """The radio is on the air for so long, at speed 1."""
        self.airtime_us += microseconds // self._speed
        self.busy_until = max(self.busy_until, now_s) + microseconds / 1e6 / self._speed

    def exchange(
        self, tag: TagAtBridge, contacts: Sequence[Contact], signal_dbm: int, now_s: float, *, first: bool
    ) -> tuple[list[DownFrame], list[UpMessage]]:
        """The tag speaks, in one frame or several, and is answered. `first`: of this contact, so that what it was told
        before and did not hear still waits.
        """
        if not first:
            self._was_heard(tag)
        tag.on_air.clear()
        up: list[UpMessage] = []
        parts: list[DownFrame] = []
        comes_back = False
        for item in (item for contact in contacts for item in contact.items):
            match item:
                case PartRequest():
                    served, missing = self._serve(tag, item)
                    parts += served
                    comes_back = comes_back or bool(missing)
                    up += self._ask_for(item.encoding_id, missing, now_s)
                case Join():
                    tag.please_commission = False
                    comes_back = True
                    up.append(FromTag(tag.tag_id, FromTagKind.JOIN, signal_dbm, item.octets))
                case SealedReport():
                    up.append(FromTag(tag.tag_id, FromTagKind.REPORT, signal_dbm, item.octets))
                case Response():
                    up.append(FromTag(tag.tag_id, FromTagKind.RESPONSE, signal_dbm, item.octets))
                case CannotOpen():
                    octets = bytes((item.what,)) + item.randomizer
                    up.append(FromTag(tag.tag_id, FromTagKind.CANNOT_OPEN, signal_dbm, octets))
        down = [*self._answers(tag, comes_back, now_s, more=bool(parts)), *parts]
        self._count(contacts, down, len(parts), now_s)
        return down, up

    def _was_heard(self, tag: TagAtBridge) -> None:
        for place in tag.on_air:
            self._drop(tag, place)
        if tag.on_air:
            tag.doublings = 0

    def _answers(self, tag: TagAtBridge, comes_back: bool, now_s: float, *, more: bool) -> Iterator[Answer]:
        """As many frames as what waits needs, at least one."""
        self._expire(tag, now_s)
        again_ms = self._again_ms(tag) if comes_back else 0
        places = sorted(tag.waiting)
        tag.on_air += places
        messages = (tag.waiting[place][0] for place in places)
        pages = pages_of((_DOWN_ITEMS[message.kind](message.octets) for message in messages), ANSWER_ROOM)
        for number, page in enumerate(pages, start=1):
            flags = AnswerFlags.MORE if more or number < len(pages) else AnswerFlags.NONE
            if tag.please_commission:
                flags |= AnswerFlags.PLEASE_COMMISSION
            yield Answer(tag.tag_id, flags, again_ms, tuple(page))

    def _again_ms(self, tag: TagAtBridge) -> int:
        """In the tag's own time, which runs `speed` times faster than the gateway's."""
        if tag.doublings > limits.AGAIN_DOUBLINGS_MAX:
            tag.doublings = 0
            return 0
        wait_s = limits.AGAIN_S * (1 << tag.doublings)
        tag.doublings += 1
        return min(round(wait_s * self._speed * 1000), limits.AGAIN_MS_MAX)

    def _serve(self, tag: TagAtBridge, request: PartRequest) -> tuple[list[DownFrame], list[int]]:
        """The parts that are here, and the offsets of those that are not."""
        tag.asked_times = tag.asked_times + 1 if request == tag.asked else 0
        tag.asked = request
        frames: list[DownFrame] = []
        missing: list[int] = []
        offsets = request.offsets()
        for offset, octets in zip(offsets, self.cache.parts(request.encoding_id, offsets), strict=True):
            if octets is None:
                missing.append(offset)
            else:
                frames.append(Part(tag.tag_id, request.encoding_id, offset, octets))
        if not missing and tag.asked_times >= limits.SAME_REQUEST_MAX:
            self.cache.forget(request.encoding_id)
            tag.asked = None  # what comes instead is as good as new
            return [], list(offsets)
        if frames:
            tag.doublings = 0
        else:
            tag.asked = None  # nothing was sent, so nothing can be bad
        return frames, missing

    def _ask_for(self, encoding_id: bytes, missing: list[int], now_s: float) -> list[UpMessage]:
        """Ask the gateway, unless the same was asked just now for another tag."""
        if not missing:
            return []
        asked_at = self._wanted.get((encoding_id, missing[0]))
        if asked_at is not None and now_s - asked_at < limits.PARTS_AGAIN_S:
            return []
        self._wanted[(encoding_id, missing[0])] = now_s
        return [PartsWanted(encoding_id, ranges_of(missing))]

    def _count(self, contacts: Sequence[Contact], down: list[DownFrame], parts: int, now_s: float) -> None:
        frames = [*contacts, *down[: len(down) - parts]]
        air_us = sum(airtime_us(frame_octets(frame)) for frame in frames) + parts * limits.PART_PACE_US
        self.occupy(air_us, now_s)
