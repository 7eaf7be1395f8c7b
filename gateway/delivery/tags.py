"""The tags of the shop as delivery knows them while it runs: who serves them, their keys, when they were heard.

In: rows at the start and whenever bindings or approvals change. Out: `TagLink`, one per approved tag.
Rule: a cache of tables plus what is worth nothing after a restart; nothing here is the truth about a glass.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, and_, func, select

from firmware_protocol import FactoryCode, TagId
from firmware_protocol.counters import GATEWAY_RESERVE, gateway_start
from firmware_protocol.sealing import SessionKeys, derive_share, join_key, owner_key, session_keys
from gateway.delivery.heard_counters import HeardCounters
from gateway.delivery.tables import association, tag_key
from gateway.shelf import FactoryCodeVault
from gateway.shelf.tables import display, shown, tag


@dataclass(slots=True)
class KeyBook:
    """The keys between gateway and one tag, and the numbers its messages may still take."""

    generation: int
    tag_nonce: bytes
    gateway_nonce: bytes
    keys: SessionKeys
    reserved: int  # highest counter that any message may have used
    heard: bool  # the tag has been heard under these keys
    next_counter: int = 0
    top: int = -1  # counters up to here are reserved by this run
    first: int = 0  # no message under these keys has a lower one, as far as this run knows
    said: HeardCounters = field(default_factory=HeardCounters)  # by the tag

    @property
    def left(self) -> int:
        return self.top - self.next_counter + 1

    def may_have_said(self, counter: int) -> bool:
        """Whether a message under these keys may have had this number; what a former run used, its reserve says."""
        return self.first <= counter <= (self.reserved if self.top < 0 else self.next_counter - 1)

    def plan_reserve(self, unix_s: int) -> int:
        """The highest counter of a new reservation, to be committed before `take_reserve`."""
        return max(gateway_start(self.reserved, unix_s), self.next_counter) + GATEWAY_RESERVE - 1

    def take_reserve(self, highest: int) -> None:
        """The reservation is committed."""
        self.next_counter = max(self.next_counter, highest - GATEWAY_RESERVE + 1)
        if not self.reserved:
            self.first = self.next_counter
        self.top = self.reserved = highest

    def take_counter(self) -> int:
        """A number that no message under these keys has used. ValueError when none is reserved."""
        if self.left < 1:
            raise ValueError("no counter is reserved: reserve before sealing")
        self.next_counter += 1
        return self.next_counter - 1


@dataclass(slots=True)
class Newcomer:
    """Somebody without owner asks to join in the name of a tag whose keys are in use: it was reset, or it is a twin.

    `objected`: meanwhile the tag itself spoke under its keys.
    """

    nonce: bytes
    since_s: float
    asks_s: float  # when the tag is asked next whether it is still there
    objected: bool = False


@dataclass(slots=True)
class TagLink:
    """One approved tag. `displays`: display id and panel name by index."""

    tag_id: TagId
    store_id: str
    sealed_factory_code: bytes
    displays: tuple[tuple[str, str], ...]
    bridge_id: str | None = None
    esl_address: tuple[int, int] | None = None
    key_book: KeyBook | None = None
    last_heard_s: float | None = None
    last_join_s: float | None = None
    join_answered_s: float | None = None
    last_bridge_id: str | None = None
    lost: bool = False
    battery_mv: int | None = None
    temperature_c: int | None = None
    signal_dbm: int | None = None
    unopened: list[int] = field(default_factory=list)  # counters of what it said it cannot open, in a row
    challenges: list[int] = field(default_factory=list)  # of the questions that shall show whether its keys are ours
    challenge_failed_s: float | None = None  # when it first could not open one
    asked_to_join: bool = False  # by us, since it was last heard under new keys
    newcomer: Newcomer | None = None
    renewal_due_s: float = 0.0  # asked for new keys again then, if somebody wants them renewed
    renewals_asked: int = 0
    reports_elsewhere: dict[str, int] = field(default_factory=dict)

    def opened(self) -> None:
        """What it complained of says nothing any more: it has just shown that it has our keys, or gets new ones."""
        self.unopened.clear()
        self.challenges.clear()
        self.challenge_failed_s = None

    @property
    def silent_about_keys(self) -> bool:
        """It is there, has no keys of ours, and did not ask for any in its last words: it holds keys of another life,
        for a tag without keys asks at every contact.
        """
        return self.key_book is None and self.last_heard_s is not None and self.last_join_s != self.last_heard_s


class Keyring:
    """Derives what a tag's factory code and the site secret give; the codes themselves stay sealed."""

    def __init__(self, site_secret: bytes, vault: FactoryCodeVault) -> None:
        self._site_secret = site_secret
        self._vault = vault

    def join_keys(self, link: TagLink) -> tuple[bytes, bytes]:
        """The key of a tag without owner, and that of one that is ours."""
        code = self._code(link)
        return join_key(code, link.tag_id), owner_key(code, self.share(link), link.tag_id)

    def share(self, link: TagLink) -> bytes:
        return derive_share(self._site_secret, link.tag_id)

    def session(self, link: TagLink, tag_nonce: bytes, gateway_nonce: bytes) -> SessionKeys:
        return session_keys(self._code(link), self.share(link), link.tag_id, tag_nonce, gateway_nonce)

    def _code(self, link: TagLink) -> FactoryCode:
        return FactoryCode(self._vault.open(str(link.tag_id), link.sealed_factory_code))


# Tags of radio modules have no keys: module_tags.py.
_IS_OURS = and_(tag.c.approved_at.is_not(None), tag.c.hw_type.is_(None))
_APPROVED = select(tag.c.tag_id).where(_IS_OURS)
_ELSEWHERE = select(display.c.display_id).join(tag, tag.c.tag_id == display.c.tag_id).where(tag.c.hw_type.is_not(None))


def displays_of_modules(connection: Connection) -> frozenset[str]:
    """Those that this delivery has no part in."""
    return frozenset(connection.scalars(_ELSEWHERE))


def load_tags(connection: Connection, keyring: Keyring, known: Sequence[str] = ()) -> dict[str, TagLink]:
    """The approved tags that are not `known` yet, by tag id, with their associations and keys."""
    skip = set(known)
    if skip.issuperset(connection.scalars(_APPROVED)):
        return {}
    displays: dict[str, list[tuple[str, str]]] = {}
    for row in connection.execute(select(display).order_by(display.c.tag_id, display.c.idx)):
        if row.tag_id not in skip:
            displays.setdefault(row.tag_id, []).append((row.display_id, row.panel))
    links: dict[str, TagLink] = {}
    for row in connection.execute(select(tag).where(_IS_OURS).order_by(tag.c.tag_id)):
        if row.tag_id not in skip:
            links[row.tag_id] = TagLink(
                TagId.parse(row.tag_id), row.store_id, row.factory_code, tuple(displays.get(row.tag_id, ()))
            )
    for row in connection.execute(select(association)):
        if row.tag_id in links:
            links[row.tag_id].bridge_id = row.bridge_id
            links[row.tag_id].esl_address = (row.group_no, row.esl_id)
    floors = _newest_counters(connection)
    for row in connection.execute(select(tag_key)):
        link = links.get(row.tag_id)
        if link is not None:
            link.key_book = KeyBook(
                generation=row.generation,
                tag_nonce=row.tag_nonce,
                gateway_nonce=row.gateway_nonce,
                keys=keyring.session(link, row.tag_nonce, row.gateway_nonce),
                reserved=row.down_reserved,
                heard=row.heard_at is not None,
                said=HeardCounters(floors.get(row.tag_id, -1)),
            )
    return links


def _newest_counters(connection: Connection) -> dict[str, int]:
    """The highest counter of a report that each tag was heard with under its present keys."""
    newest = (
        select(display.c.tag_id, func.max(shown.c.up_counter).label("counter"))
        .join(shown, shown.c.display_id == display.c.display_id)
        .where(shown.c.up_counter.is_not(None))
        .group_by(display.c.tag_id)
    )
    return {row.tag_id: row.counter for row in connection.execute(newest)}
