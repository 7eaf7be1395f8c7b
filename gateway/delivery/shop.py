"""What delivery holds in memory of one shop: tags, bridges, the agenda, encodings. All of it can be rebuilt.

Rule: one owner, the turn; the parts that listen and speak are handed this object and keep nothing of their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.delivery.bridge_session import BridgeSession
from gateway.delivery.encodings import EncodingCache
from gateway.delivery.limits import CONTACT_S_DEFAULT, CONTACTS_BEFORE_MOVING, LINK_SLACK_S
from gateway.delivery.plan import Agenda, Attempt
from gateway.delivery.rejections import Rejections
from gateway.delivery.tags import Keyring, TagLink


@dataclass(slots=True)
class Shop:
    """`place`: the tag and index of a display, by display id. `twins`: tags to which nothing is sent until a person has
    chosen. `newcomers`: tags in whose name somebody asks to join. `renewing`: the generation of keys
    that is to be replaced, by tag id.
    """

    keyring: Keyring
    agenda: Agenda
    encodings: EncodingCache = field(default_factory=EncodingCache)
    tags: dict[str, TagLink] = field(default_factory=dict)
    place: dict[str, tuple[TagLink, int]] = field(default_factory=dict)
    sessions: dict[str, BridgeSession] = field(default_factory=dict)
    twins: set[str] = field(default_factory=set)
    newcomers: dict[str, TagLink] = field(default_factory=dict)
    renewing: dict[str, int] = field(default_factory=dict)
    rejections: Rejections = field(default_factory=Rejections)

    def take_in(self, links: dict[str, TagLink]) -> None:
        """Tags that were approved, or read for the first time."""
        self.tags.update(links)
        for link in links.values():
            for index, (display_id, _) in enumerate(link.displays):
                self.place[display_id] = (link, index)

    def is_twin(self, link: TagLink) -> bool:
        return str(link.tag_id) in self.twins

    def session_of(self, link: TagLink) -> BridgeSession | None:
        """The bridge that serves the tag, if we may speak to it now."""
        session = self.sessions.get(link.bridge_id) if link.bridge_id is not None else None
        return session if session is not None and session.ready else None

    def sessions_near(self, link: TagLink) -> list[BridgeSession]:
        """The bridge that serves the tag, and the one that heard it last: it may have gone there, and have nothing
        to say that proves it. Only for what is no offer.
        """
        ids = dict.fromkeys(one for one in (link.bridge_id, link.last_bridge_id) if one is not None)
        return [session for one in ids if (session := self.sessions.get(one)) is not None and session.ready]

    def contact_s(self, link: TagLink) -> float:
        session = self.session_of(link)
        return session.contact_s if session is not None else CONTACT_S_DEFAULT

    def reachable(self, display_id: str) -> str | None:
        """The bridge through which an offer for the display can leave now: it is served, and its keys are heard."""
        place = self.place.get(display_id)
        if place is None or place[0].key_book is None or not place[0].key_book.heard or self.is_twin(place[0]):
            return None
        session = self.session_of(place[0])
        return session.bridge_id if session is not None else None

    def is_silent(self, link: TagLink, now_s: float) -> bool:
        """Whether an offer has passed its expected contact without any answer from this tag, however often repeated."""
        patience_s = CONTACTS_BEFORE_MOVING * self.contact_s(link) + LINK_SLACK_S
        return any(
            attempt.silent_since_s is not None and now_s - attempt.silent_since_s > patience_s
            for attempt in self._attempts(link)
        )

    def moved(self, link: TagLink, now_s: float) -> None:
        """Another bridge serves the tag now: what went unanswered says nothing of the way through this one."""
        for attempt in self._attempts(link):
            attempt.silent_since_s = None
        self.due_now(link, now_s)

    def reservations(
        self, display_ids: Sequence[str], challenged: Sequence[TagLink], unix_s: int
    ) -> tuple[tuple[str, int], ...]:
        """Of tags that are spoken to in this turn and may run out of counters: the highest of a new reservation."""
        needed: dict[str, int] = {}
        for link in [*(self.place[display_id][0] for display_id in display_ids), *challenged]:
            if link.key_book is not None and link.key_book.left < 2 * len(link.displays):
                needed[str(link.tag_id)] = link.key_book.plan_reserve(unix_s)
        return tuple(needed.items())

    def _attempts(self, link: TagLink) -> list[Attempt]:
        attempts = self.agenda.attempts
        return [attempts[display_id] for display_id, _ in link.displays if display_id in attempts]

    def due_now(self, link: TagLink, now_s: float) -> None:
        """The way to the tag has opened: look at its displays at once, with the patience of a first attempt."""
        for display_id, _ in link.displays:
            if display_id in self.agenda.attempts:
                self.agenda.attempts[display_id].unanswered = 0
                self.agenda.due_at(display_id, now_s)
