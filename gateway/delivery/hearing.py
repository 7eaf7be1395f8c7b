"""Listens: turns what bridges say in one turn into reports, joins, hellos and wishes.

In: link messages with the bridge that sent them. Out: a `Hearing` for the turn; advice (signal, battery, last contact)
goes straight to the tag's link. Rule: only what opens under a tag's own key is evidence; everything else a bridge says
may be a lie and moves nothing but timers. Source: docs/protocol.md, "Bridges are not trusted".
"""

from dataclasses import dataclass, field
from typing import assert_never

import structlog

from firmware_protocol import FieldError, Report, SealBroken
from firmware_protocol.commissioning import JoinRequest
from firmware_protocol.counters import RANDOMIZER_OCTETS, read_randomizer
from firmware_protocol.link.messages import (
    Airtime,
    Digest,
    DigestRow,
    FromTag,
    FromTagKind,
    Hello,
    PartsWanted,
    SeenReason,
    Status,
    TagSeen,
    UnknownMessage,
    UpMessage,
)
from firmware_protocol.report import REPORT_SENSOR_BASE
from firmware_protocol.sealing import open_answer, open_report
from firmware_protocol.tlv import SensorValue, unpack_responses
from gateway.delivery.bridge_session import BridgeSession
from gateway.delivery.heard_counters import Hearing as Heard
from gateway.delivery.joining import objection_counts
from gateway.delivery.limits import CANNOT_OPEN_BEFORE_COMMISSIONING, REPORTS_BEFORE_MOVING, UNOPENED_KEPT
from gateway.delivery.rejections import Rejection
from gateway.delivery.shop import Shop
from gateway.delivery.tags import KeyBook, TagLink
from gateway.delivery.turn import HeardReport
from gateway.delivery.twins import USED_COUNTER, Twin, twin_of

log = structlog.get_logger("delivery")


@dataclass(slots=True)
class Hearing:
    """Everything one turn heard. Lists keep the order of arrival."""

    hellos: list[tuple[BridgeSession, Hello]] = field(default_factory=list)
    reports: list[HeardReport] = field(default_factory=list)
    joins: list[tuple[TagLink, str, JoinRequest]] = field(default_factory=list)  # link, bridge id, request
    first_under_key: list[TagLink] = field(default_factory=list)
    served_by: dict[str, str] = field(default_factory=dict)  # tag id -> bridge id that shall serve it from now on
    back: list[TagLink] = field(default_factory=list)  # heard again after a silence
    wanted: list[tuple[BridgeSession, PartsWanted]] = field(default_factory=list)
    commission: list[TagLink] = field(default_factory=list)  # must take new keys
    challenged: dict[str, TagLink] = field(default_factory=dict)  # must show, by an answer, that their keys are ours
    twins: list[Twin] = field(default_factory=list)  # found in this turn

    def forget_evidence(self) -> None:
        """All keys turned out to be void: what opened under them proves nothing."""
        self.reports.clear()
        self.first_under_key.clear()


class Ear:
    """Keeps nothing of a turn. What it does not believe it counts, by reason."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self.unknown = 0  # messages of kinds that a newer bridge knows and we do not

    def hear(self, session: BridgeSession, message: UpMessage, hearing: Hearing, now_s: float) -> None:
        match message:
            case Hello():
                hearing.hellos.append((session, message))
            case Status():
                session.status(message)
            case Airtime():
                session.told_airtime(message)
            case PartsWanted():
                hearing.wanted.append((session, message))
            case TagSeen():
                self._tag_seen(session, message, hearing, now_s)
            case Digest():
                for row in message.tags:
                    self._in_digest(session, row, hearing, now_s)
            case FromTag():
                self._from_tag(session, message, hearing, now_s)
            case UnknownMessage():
                self.unknown += 1
            case _:
                assert_never(message)

    def _tag_seen(self, session: BridgeSession, message: TagSeen, hearing: Hearing, now_s: float) -> None:
        link = self._tag_of(session, str(message.tag_id))
        if link is None:
            return
        link.signal_dbm = message.signal_dbm
        if message.reason is SeenReason.LOST:
            link.lost = link.bridge_id == session.bridge_id or link.lost
            return
        self._heard(session, link, hearing, now_s)

    def _from_tag(self, session: BridgeSession, message: FromTag, hearing: Hearing, now_s: float) -> None:
        link = self._tag_of(session, str(message.tag_id))
        if link is None:
            return
        link.signal_dbm = message.signal_dbm
        self._heard(session, link, hearing, now_s)
        try:
            match message.kind:
                case FromTagKind.JOIN:
                    link.last_join_s = now_s
                    hearing.joins.append((link, session.bridge_id, JoinRequest.unpack(message.octets)))
                case FromTagKind.REPORT:
                    self._report(session, link, message.octets, hearing, now_s)
                case FromTagKind.RESPONSE:
                    self._response(session, link, message.octets, hearing, now_s)
                case FromTagKind.CANNOT_OPEN:
                    self._cannot_open(link, message.octets, hearing, now_s)
                case _:
                    assert_never(message.kind)
        except (FieldError, SealBroken) as error:
            self._reject(Rejection.SEAL if isinstance(error, SealBroken) else Rejection.ITEM)
            log.info("tag_not_understood", tag=str(link.tag_id), bridge=session.bridge_id, reason=str(error))

    def _report(self, session: BridgeSession, link: TagLink, octets: bytes, hearing: Hearing, now_s: float) -> None:
        book = self._book_of(link, hearing)
        if book is None:
            return
        counter, report = open_report(book.keys, octets)
        if self._is_new(link, book, counter, octets, hearing, now_s):
            self._evidence(session, link, [report], counter, hearing)

    def _response(self, session: BridgeSession, link: TagLink, octets: bytes, hearing: Hearing, now_s: float) -> None:
        book = self._book_of(link, hearing)
        if book is None:
            return
        counter, tlvs = open_answer(book.keys, octets)
        if not self._is_new(link, book, counter, octets, hearing, now_s):
            return
        reports = [
            Report.unpack(tlv.sensor_index - REPORT_SENSOR_BASE, tlv.value)
            for tlv in unpack_responses(tlvs)
            if isinstance(tlv, SensorValue) and tlv.is_report
        ]
        self._evidence(session, link, reports, counter, hearing)

    def _evidence(
        self, session: BridgeSession, link: TagLink, reports: list[Report], counter: int, hearing: Hearing
    ) -> None:
        """Sealed octets opened, and for the first time: the tag itself spoke, through this bridge."""
        link.opened()
        book = link.key_book
        if book is not None and not book.heard and link not in hearing.first_under_key:
            hearing.first_under_key.append(link)
        self._weigh_bridge(session, link, hearing)
        for report in reports:
            if report.display < len(link.displays):
                link.battery_mv, link.temperature_c = report.battery_mv, report.temperature_c
                display_id, _ = link.displays[report.display]
                hearing.reports.append(HeardReport(display_id, session.bridge_id, report, counter))

    def _book_of(self, link: TagLink, hearing: Hearing) -> KeyBook | None:
        """Its keys; without any it is asked to take some."""
        if link.key_book is None:
            self._reject(Rejection.NO_KEYS)
            hearing.commission.append(link)
        return link.key_book

    def _is_new(
        self, link: TagLink, book: KeyBook, counter: int, sealed: bytes, hearing: Hearing, now_s: float
    ) -> bool:
        """What was said before says nothing again, wherever it is heard: not even where its tag is."""
        match book.said.hear(counter, sealed):
            case Heard.REPLAYED:
                self._reject(Rejection.REPLAYED)
                return False
            case Heard.OF_A_TWIN if not self._shop.is_twin(link):
                hearing.twins.append(twin_of(link, USED_COUNTER))
                self._shop.twins.add(str(link.tag_id))
        if self._shop.is_twin(link):
            self._reject(Rejection.TWIN)
            return False
        if link.newcomer is not None and objection_counts(self._shop, link, link.newcomer, now_s):
            link.newcomer.objected = True
        return True

    def _cannot_open(self, link: TagLink, octets: bytes, hearing: Hearing, now_s: float) -> None:
        """Nobody sealed it, so anybody can have said it. Keys that were heard are given up only if the tag cannot open
        the very questions that are asked for this, and opens none of them in a whole contact.
        """
        if len(octets) != 1 + RANDOMIZER_OCTETS:
            raise FieldError("cannot_open", f"{len(octets)} octets", f"{1 + RANDOMIZER_OCTETS} octets", offset=0)
        counter, up = read_randomizer(octets[1:])
        book = link.key_book
        if book is not None and (up or not book.may_have_said(counter) or counter in link.unopened):
            self._reject(Rejection.CANNOT_OPEN)
            return
        link.unopened = [*link.unopened, counter][-UNOPENED_KEPT:]
        hearing.back.append(link)  # it is there and listens: what was damaged on the way is sent again
        if len(link.unopened) < CANNOT_OPEN_BEFORE_COMMISSIONING:
            return
        if book is None or not book.heard or self._fails_challenges(link, counter, now_s):
            hearing.commission.append(link)
        else:
            hearing.challenged[str(link.tag_id)] = link

    def _fails_challenges(self, link: TagLink, counter: int, now_s: float) -> bool:
        if counter not in link.challenges:
            return False
        if link.challenge_failed_s is None:
            link.challenge_failed_s = now_s
        return now_s - link.challenge_failed_s >= self._shop.contact_s(link)

    def _reject(self, reason: Rejection) -> None:
        self._shop.rejections.add(reason)

    def _weigh_bridge(self, session: BridgeSession, link: TagLink, hearing: Hearing) -> None:
        """An association moves on sealed evidence alone: what a bridge claims of signals may be a lie."""
        if session.bridge_id == link.bridge_id:
            link.reports_elsewhere.clear()
            return
        count = link.reports_elsewhere.get(session.bridge_id, 0) + 1
        link.reports_elsewhere[session.bridge_id] = count
        if count >= REPORTS_BEFORE_MOVING:
            link.reports_elsewhere.clear()
            hearing.served_by[str(link.tag_id)] = session.bridge_id

    def _in_digest(self, session: BridgeSession, row: DigestRow, hearing: Hearing, now_s: float) -> None:
        """A bridge that was not told that a tag is another's takes it for its own, and says so here alone.

        A tag that missed contacts may have left meanwhile: that is no evidence of where it is.
        """
        if not row.contacts or (link := self._tag_of(session, str(row.tag_id))) is None:
            return
        link.signal_dbm = row.signal_dbm
        if row.missed:
            link.last_heard_s = now_s
        else:
            self._heard(session, link, hearing, now_s)

    def _heard(self, session: BridgeSession, link: TagLink, hearing: Hearing, now_s: float) -> None:
        if link.lost or link.last_heard_s is None:
            hearing.back.append(link)
        link.last_heard_s, link.lost, link.last_bridge_id = now_s, False, session.bridge_id
        serving = self._shop.sessions.get(link.bridge_id) if link.bridge_id is not None else None
        if serving is session:
            return
        # No sealed proof that it moved is needed where its bridge is gone, or where offers through it went unanswered.
        if serving is None or not serving.open or self._shop.is_silent(link, now_s):
            hearing.served_by[str(link.tag_id)] = session.bridge_id

    def _tag_of(self, session: BridgeSession, tag_id: str) -> TagLink | None:
        link = self._shop.tags.get(tag_id)
        if link is None or link.store_id != session.store_id:
            self._reject(Rejection.STRANGER)
            return None
        return link
