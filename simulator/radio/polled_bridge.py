"""One bridge and the tags that poll it, contact by contact, frame by frame, without gateway and glass: for planning.

In: tags, orders of pictures with their instants, a channel. Out: when each picture was proved, what it cost in air and
charge. Rule: the exchanges are those of the poll profile and the fleet's tags (`simulator.tag`), with the same frames,
pace, retries and charges; what is sealed in them does not matter here. A test holds it against the fleet.
"""

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from msgspec import Struct

from firmware_protocol.identity import TAG_ID_OCTETS
from firmware_protocol.poll import (
    MAC_OCTETS,
    PART_OCTETS,
    PartRequest,
    SealedManifest,
    SealedReport,
    item_octets,
)
from firmware_protocol.sealing import SEALED_MANIFEST_OCTETS, SEALED_REPORT_OCTETS
from simulator import battery, limits
from simulator.radio.draws import Draw, spread
from simulator.radio.path_loss import Way
from simulator.radio.poll import airtime_us

CONTACT_OCTETS = MAC_OCTETS + TAG_ID_OCTETS + 2
ANSWER_OCTETS = MAC_OCTETS + TAG_ID_OCTETS + 4
MANIFEST_OCTETS = ANSWER_OCTETS + item_octets(SealedManifest(bytes(SEALED_MANIFEST_OCTETS)))
REPORT_OCTETS = CONTACT_OCTETS + item_octets(SealedReport(bytes(SEALED_REPORT_OCTETS)))
PART_FRAME_OCTETS = 126
IDLE_US = airtime_us(CONTACT_OCTETS) + airtime_us(ANSWER_OCTETS)

Loses = Callable[[int, Way, float, int, int], bool]  # tag, way, instant, octets of the frame, its number


class Picture(Struct, frozen=True):
    """`octets`: of its stream, as it travels."""

    octets: int
    refresh_s: float
    refresh_mj: float

    @property
    def parts(self) -> int:
        return -(-self.octets // PART_OCTETS)


@dataclass(slots=True)
class Lived:
    """`proved_s`: of each order that was fulfilled, instant of the order and of the proof. Charges without sleep:
    `contacts_uc` of each tag, for being there; `pictures_uc` of all of them, for what was ordered.
    """

    until_s: float
    air_us: int = 0
    contacts: int = 0
    repeated: int = 0  # contacts that were lost or met a busy radio
    proved_s: list[tuple[float, float]] = field(default_factory=list)
    waiting: int = 0
    contacts_uc: list[float] = field(default_factory=list)
    pictures_uc: float = 0.0

    @property
    def delays_s(self) -> list[float]:
        return sorted(proved - ordered for ordered, proved in self.proved_s)


@dataclass(slots=True)
class _Tag:
    """`missing` parts of the picture on order; None before its manifest was heard."""

    ordered_s: float | None = None
    missing: int | None = None
    drawn_s: float | None = None  # when its refresh ends, and it reports
    retries: int = 0
    frames: int = 0


class PolledBridge:
    """Run with `run`. `draw`: jitter, first contacts and waits."""

    def __init__(self, tags: int, contact_s: float, picture: Picture, loses: Loses, draw: Draw) -> None:
        self._contact_s, self._picture, self._loses, self._draw = contact_s, picture, loses, draw
        self._tags = [_Tag() for _ in range(tags)]
        self._drawn = 0
        self._busy_s = 0.0
        self._heap: list[tuple[float, int]] = []

    def run(self, orders: Sequence[tuple[float, int]], until_s: float, *, until_proved: bool = False) -> Lived:
        """`orders`: instant and tag, in their order; a newer one to a tag replaces the one that waits."""
        lived = Lived(until_s, contacts_uc=[0.0] * len(self._tags))
        for number in range(len(self._tags)):
            self._plan(number, self._next_draw() * self._contact_s)
        coming = 0
        waiting = 0
        while self._heap:
            now_s, number = heapq.heappop(self._heap)
            while coming < len(orders) and orders[coming][0] <= now_s:
                waiting += self._order(*orders[coming])
                coming += 1
            if now_s > until_s or (until_proved and not waiting and coming == len(orders)):
                lived.until_s = now_s
                break
            tag = self._tags[number]
            waiting -= self._contact(number, tag, now_s, lived)
        lived.waiting = waiting
        return lived

    def _order(self, at_s: float, number: int) -> int:
        """How many more wait."""
        tag = self._tags[number]
        was_waiting = tag.ordered_s is not None
        tag.ordered_s, tag.missing, tag.drawn_s = at_s, None, None
        return not was_waiting

    def _contact(self, number: int, tag: _Tag, now_s: float, lived: Lived) -> int:
        """How many orders it fulfilled."""
        jitter = 1 + limits.CONTACT_JITTER * (self._next_draw() - 0.5)
        usual_s = now_s + self._contact_s * jitter
        if self._busy_s > now_s:
            lived.repeated += 1
            self._retry(number, tag, now_s, self._busy_s - now_s, usual_s)
            return 0
        lived.contacts += 1
        if tag.ordered_s is not None and (tag.retries or tag.drawn_s is not None):
            lived.pictures_uc += battery.POLL_UC  # it would sleep, had it nothing to fetch or to report
        else:
            lived.contacts_uc[number] += battery.POLL_UC
        fulfilled, was_heard = self._meet(number, tag, now_s, lived)
        if was_heard:
            tag.retries = 0
            self._plan(number, min(usual_s, tag.drawn_s) if tag.drawn_s is not None else usual_s)
        else:
            lived.repeated += 1
            self._retry(number, tag, now_s, 0.0, usual_s)
        return fulfilled

    def _retry(self, number: int, tag: _Tag, now_s: float, wait_s: float, usual_s: float) -> None:
        low_s, high_s = limits.BUSY_RETRY_S
        if tag.retries < limits.BUSY_RETRIES:
            tag.retries += 1
            soon_s = now_s + wait_s + low_s + (high_s - low_s) * self._next_draw()
            self._plan(number, min(soon_s, usual_s))
        else:
            tag.retries = 0
            self._plan(number, usual_s)

    def _meet(self, number: int, tag: _Tag, now_s: float, lived: Lived) -> tuple[int, bool]:
        """One contact: ask, hear, fetch parts, report. Orders fulfilled, and whether no exchange was lost."""
        if tag.ordered_s is None:
            heard = self._up(number, tag, now_s, CONTACT_OCTETS, lived)
            return 0, heard and self._down(number, tag, now_s, ANSWER_OCTETS, lived)
        if tag.drawn_s is not None and now_s >= tag.drawn_s:
            lived.pictures_uc += battery.SEALED_UC
            if not self._up(number, tag, now_s, REPORT_OCTETS, lived):
                return 0, False
            lived.proved_s.append((tag.ordered_s, now_s))
            tag.ordered_s = tag.missing = tag.drawn_s = None
            return 1, self._down(number, tag, now_s, ANSWER_OCTETS, lived)
        if tag.drawn_s is not None:
            return 0, self._up(number, tag, now_s, CONTACT_OCTETS, lived) and self._down(
                number, tag, now_s, ANSWER_OCTETS, lived
            )
        if tag.missing is None:
            if not self._up(number, tag, now_s, CONTACT_OCTETS, lived):
                return 0, False
            if not self._down(number, tag, now_s, MANIFEST_OCTETS, lived):
                return 0, False
            tag.missing = self._picture.parts
            lived.pictures_uc += battery.NVM_RECORD_UC
        return 0, self._fetch(number, tag, now_s, lived)

    def _fetch(self, number: int, tag: _Tag, now_s: float, lived: Lived) -> bool:
        request = CONTACT_OCTETS + item_octets(PartRequest(bytes(8), 0, bytes(-(-self._picture.parts // 8))))
        for _ in range(limits.EXCHANGES_MAX - 1):
            if not self._up(number, tag, now_s, request, lived):
                return False
            if not self._down(number, tag, now_s, ANSWER_OCTETS, lived):
                return False
            asked, tag.missing = tag.missing or 0, 0
            for _ in range(asked):
                lost = self._loses(number, Way.DOWN, max(self._busy_s, now_s), PART_FRAME_OCTETS, self._frame(tag))
                tag.missing += lost
                lived.pictures_uc += battery.PART_UC
                self._occupy(limits.PART_PACE_US, now_s, lived)
            if not tag.missing:
                picture = self._picture
                lived.pictures_uc += picture.refresh_mj / battery.OPEN_V * 1000.0
                tag.drawn_s = max(self._busy_s, now_s) + picture.refresh_s * spread(
                    self._draw, self._number(), 0.94, 1.06
                )
                return True
        return False

    def _up(self, number: int, tag: _Tag, now_s: float, octets: int, lived: Lived) -> bool:
        return self._passes(number, tag, Way.UP, now_s, octets, lived)

    def _down(self, number: int, tag: _Tag, now_s: float, octets: int, lived: Lived) -> bool:
        return self._passes(number, tag, Way.DOWN, now_s, octets, lived)

    def _passes(self, number: int, tag: _Tag, way: Way, now_s: float, octets: int, lived: Lived) -> bool:
        lost = self._loses(number, way, max(self._busy_s, now_s), octets, self._frame(tag))
        self._occupy(airtime_us(octets), now_s, lived)
        return not lost

    def _occupy(self, microseconds: int, now_s: float, lived: Lived) -> None:
        lived.air_us += microseconds
        self._busy_s = max(self._busy_s, now_s) + microseconds / 1e6

    def _plan(self, number: int, at_s: float) -> None:
        heapq.heappush(self._heap, (at_s, number))

    def _frame(self, tag: _Tag) -> int:
        tag.frames += 1
        return tag.frames

    def _number(self) -> int:
        self._drawn += 1
        return self._drawn

    def _next_draw(self) -> float:
        return self._draw(self._number())
