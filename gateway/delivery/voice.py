"""Speaks: seals what the turn has committed and queues it with the tag's bridge.

In: offers, questions, joins, after their commit. Out: link messages in the bridges' queues.
Rule: nothing leaves that is not recorded; every message takes a counter of its own, repeats too.
"""

from collections.abc import Sequence

import structlog

from firmware_protocol import Manifest
from firmware_protocol.commissioning import JoinAnswer
from firmware_protocol.link.messages import Associate, PleaseCommission, ToTag, ToTagKind, Unassociate
from firmware_protocol.report import REPORT_SENSOR_BASE
from firmware_protocol.sealing import seal_command, seal_manifest
from firmware_protocol.tlv import Ping, ReadSensorData, pack_tlvs
from gateway.delivery.bridge_session import BridgeSession
from gateway.delivery.joining import Join
from gateway.delivery.limits import EXPIRES_CONTACTS, REVISION_MAX, UNOPENED_KEPT
from gateway.delivery.shop import Shop
from gateway.delivery.tags import TagLink
from gateway.delivery.turn import OfferToSend

log = structlog.get_logger("delivery")
EXPIRES_S_MAX = 0xFFFF  # what the message's field holds
CHALLENGE_PLACE = 31  # a display no tag of ours has: a challenge takes no question's place in the queue


class Voice:
    """Counts what it says, for metrics and for tests that nothing was sent."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self.offers = 0
        self.questions = 0

    def offer(self, offer: OfferToSend, now_s: float) -> None:
        link, index = self._shop.place[offer.display_id]
        session = self._shop.sessions[offer.bridge_id]
        book = link.key_book
        encoding = offer.encoding
        if offer.revision > REVISION_MAX:
            log.error("revisions_used_up", display=offer.display_id, revision=offer.revision)
            return
        if book is None or book.left < 1:
            self._shop.agenda.due_at(offer.display_id, now_s)
            return
        if not offer.fence:
            session.give(encoding.encoding_id, encoding.stream)
        manifest = Manifest.showing(index, offer.revision, offer.content_id, encoding)
        sealed = seal_manifest(book.keys, book.take_counter(), manifest)
        session.say(ToTag(link.tag_id, ToTagKind.MANIFEST, index, _expires_s(session), sealed))
        self.offers += 1
        self._shop.agenda.after_offer(offer.display_id, now_s, session.contact_s)

    def ask(self, display_id: str, now_s: float) -> None:
        """A question: read the display's report. It also finds out whether a tag has taken the keys it was given."""
        link, index = self._shop.place[display_id]
        session, book = self._shop.session_of(link), link.key_book
        if session is None or book is None or book.left < 1:
            return
        command = pack_tlvs([ReadSensorData(0, REPORT_SENSOR_BASE + index)])
        sealed = seal_command(book.keys, book.take_counter(), command)
        session.say(ToTag(link.tag_id, ToTagKind.COMMAND, index, _expires_s(session), sealed))
        self._shop.agenda.after_question(display_id, now_s, session.contact_s)
        self.questions += 1

    def challenge(self, link: TagLink) -> None:
        """A Ping under the tag's keys: only a tag that has them can answer it."""
        book = link.key_book
        if self._shop.is_twin(link):
            return
        for session in self._shop.sessions_near(link):
            if book is None or book.left < 1:
                return
            counter = book.take_counter()
            link.challenges = [*link.challenges, counter][-UNOPENED_KEPT:]
            sealed = seal_command(book.keys, counter, pack_tlvs([Ping(0)]))
            session.say(ToTag(link.tag_id, ToTagKind.COMMAND, CHALLENGE_PLACE, _expires_s(session), sealed))
            self.questions += 1

    def fall_silent(self, link: TagLink) -> None:
        """Two tags have its name: bridges forget what waits for either, too."""
        for session in self._shop.sessions_near(link):
            session.say(Unassociate(link.tag_id))

    def speak_again(self, link: TagLink) -> None:
        """Somebody has chosen."""
        session = self._shop.session_of(link)
        if session is not None and link.esl_address is not None:
            session.say(Associate(link.tag_id, *link.esl_address))

    def answer_join(self, join: Join) -> None:
        """Message 2, under the keys that are committed by now."""
        link, session = join.link, self._shop.sessions.get(join.bridge_id)
        if link.key_book is None or session is None:
            return
        answer = JoinAnswer.seal(join.key, join.request, link.key_book.gateway_nonce, self._shop.keyring.share(link))
        session.say(ToTag(link.tag_id, ToTagKind.JOIN_ANSWER, 0, _expires_s(session), answer.pack()))

    def please_commission(self, links: Sequence[TagLink]) -> None:
        for link in links:
            if self._shop.is_twin(link):
                continue
            sessions = self._shop.sessions_near(link)
            for session in sessions:
                session.say(PleaseCommission(link.tag_id))
            if sessions:
                link.opened()
                link.asked_to_join = True


def _expires_s(session: BridgeSession) -> int:
    return min(EXPIRES_S_MAX, max(1, round(EXPIRES_CONTACTS * session.contact_s)))
