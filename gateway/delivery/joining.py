"""Commissioning, the gateway's side: which join requests get an answer, and under which keys.

In: requests as they were heard. Out: `Join`s for the turn to commit and then to answer. Rule: new keys are committed
before our nonce leaves; the same request is answered with the same nonce until its tag is heard under the keys.
Source: docs/protocol.md, "Commissioning".
"""

from collections.abc import Collection, Sequence

import structlog
from msgspec import Struct
from sqlalchemy import Connection, select, tuple_

from firmware_protocol import SealBroken
from firmware_protocol.commissioning import JoinRequest
from firmware_protocol.keys import NONCE_OCTETS
from gateway.delivery.limits import DOUBT_CONTACTS, LATE_WORD_CONTACTS, LATE_WORD_S, OBJECTION_CONTACTS
from gateway.delivery.rejections import Rejection
from gateway.delivery.shop import Shop
from gateway.delivery.tables import used_nonce
from gateway.delivery.tags import KeyBook, Newcomer, TagLink
from gateway.delivery.turn import NewKey
from gateway.delivery.twins import JOINS_BESIDE, Twin, twin_of
from gateway.ports import Secrets

NONCES_A_STATEMENT = 500  # a bridge may say thousands in a turn, and a statement has room for 32,766 values

log = structlog.get_logger("delivery")


class Join(Struct, frozen=True):
    """A request that gets an answer. `key`: the one it was made with; `new_key`: to commit first, None = as before."""

    link: TagLink
    bridge_id: str
    request: JoinRequest
    key: bytes
    new_key: NewKey | None


Requested = tuple[TagLink, str, JoinRequest]  # link, bridge id, request
UsedNonces = Collection[tuple[str, bytes]]  # tag id, nonce


class Answers(Struct):
    """`joins`: those that get an answer. `twins`: tags that are still there while somebody else joins in their name."""

    joins: list[Join]
    twins: list[Twin]


def to_look_up(requests: Sequence[Requested]) -> list[tuple[str, bytes]]:
    """Nonces of which the table must be asked whether they were answered before; each once, whoever repeats it."""
    asked = dict.fromkeys(
        (str(link.tag_id), request.tag_nonce)
        for link, _, request in requests
        if link.key_book is not None and link.key_book.tag_nonce != request.tag_nonce
    )
    return list(asked)


def used_among(connection: Connection, nonces: Sequence[tuple[str, bytes]]) -> set[tuple[str, bytes]]:
    columns = tuple_(used_nonce.c.tag_id, used_nonce.c.tag_nonce)
    found: set[tuple[str, bytes]] = set()
    for start in range(0, len(nonces), NONCES_A_STATEMENT):
        some = columns.in_(nonces[start : start + NONCES_A_STATEMENT])
        rows = connection.execute(select(used_nonce.c.tag_id, used_nonce.c.tag_nonce).where(some))
        found.update((row.tag_id, row.tag_nonce) for row in rows)
    return found


def answerable(shop: Shop, secrets: Secrets, requests: Sequence[Requested], used: UsedNonces, now_s: float) -> Answers:
    """Of the requests of one turn those that get an answer, one a tag. A request that comes again is answered again,
    but not faster than its tag can come for the answer.
    """
    found: dict[str, Join] = {}
    answers = Answers([], [])
    for link, bridge_id, request in requests:
        book = link.key_book
        known = book is not None and book.tag_nonce == request.tag_nonce
        key, is_owned = _key_of(shop, link, request)
        refusal = _refusal(shop, link, request, used, is_known=known, is_owned=is_owned)
        if key is None or refusal is not None:
            shop.rejections.add(refusal or Rejection.JOIN_FORGED)
            log.info("join_refused", tag=str(link.tag_id), bridge=bridge_id, reason=refusal or Rejection.JOIN_FORGED)
            continue
        wait_s = shop.contact_s(link) / 2
        if known and link.join_answered_s is not None and now_s - link.join_answered_s < wait_s:
            continue
        if book is not None and book.heard and not is_owned and not _gives_way(shop, link, request, answers, now_s):
            continue
        new_key = None if known else _new_key(link, request, secrets)
        found[str(link.tag_id)] = Join(link, bridge_id, request, key, new_key)
    answers.joins = list(found.values())
    return answers


def _refusal(
    shop: Shop, link: TagLink, request: JoinRequest, used: UsedNonces, *, is_known: bool, is_owned: bool | None
) -> Rejection | None:
    """Why a request gets no answer, whatever else is so."""
    book = link.key_book
    if is_owned is None:
        return Rejection.JOIN_FORGED
    if shop.is_twin(link):
        return Rejection.TWIN
    if book is None:
        return None
    if (is_known and book.heard) or (not is_known and (str(link.tag_id), request.tag_nonce) in used):
        return Rejection.JOIN_RECORDED  # a tag draws a new nonce after each commissioning
    # The bit that makes a tag ask is not sealed: a bridge may have set it for itself.
    if is_owned and book.heard and not link.asked_to_join and str(link.tag_id) not in shop.renewing:
        return Rejection.JOIN_UNASKED
    return None


def _gives_way(shop: Shop, link: TagLink, request: JoinRequest, answers: Answers, now_s: float) -> bool:
    """Whether the tag whose keys are in use has been silent for as long as it takes it to object.

    One that a person reset has forgotten its keys, and never speaks under them again. So who still does is another.
    """
    newcomer = link.newcomer
    if newcomer is None or newcomer.nonce != request.tag_nonce:
        newcomer = link.newcomer = Newcomer(request.tag_nonce, now_s, asks_s=now_s)
        shop.newcomers[str(link.tag_id)] = link
        log.info("newcomer_waits", tag=str(link.tag_id))
    if newcomer.objected:
        answers.twins.append(twin_of(link, JOINS_BESIDE))
        shop.twins.add(str(link.tag_id))
        _leaves(shop, link)
        return False
    return now_s - newcomer.since_s >= _patience_s(shop, link)


def doubted(shop: Shop, now_s: float) -> list[TagLink]:
    """Tags that are asked now whether they are still there. Not when the newcomer speaks, or it would hear all of it:
    at moments that have nothing to do with its own. One that does not come again is forgotten.
    """
    found: list[TagLink] = []
    for link in list(shop.newcomers.values()):
        if link.newcomer is None or now_s - link.newcomer.since_s > 2 * _patience_s(shop, link):
            _leaves(shop, link)
        elif now_s >= link.newcomer.asks_s:
            link.newcomer.asks_s = now_s + DOUBT_CONTACTS * shop.contact_s(link)
            found.append(link)
    return found


def doubts_again_s(shop: Shop) -> float | None:
    return min((link.newcomer.asks_s for link in shop.newcomers.values() if link.newcomer is not None), default=None)


def _leaves(shop: Shop, link: TagLink) -> None:
    link.newcomer = None
    shop.newcomers.pop(str(link.tag_id), None)


def _patience_s(shop: Shop, link: TagLink) -> float:
    return _late_s(shop, link) + OBJECTION_CONTACTS * shop.contact_s(link)


def objection_counts(shop: Shop, link: TagLink, newcomer: Newcomer, now_s: float) -> bool:
    """Whether what the tag says now under its keys cannot have been said before somebody reset it."""
    return now_s - newcomer.since_s >= _late_s(shop, link)


def _late_s(shop: Shop, link: TagLink) -> float:
    return max(LATE_WORD_S, LATE_WORD_CONTACTS * shop.contact_s(link))


def _new_key(link: TagLink, request: JoinRequest, secrets: Secrets) -> NewKey:
    book = link.key_book
    return NewKey(
        tag_id=str(link.tag_id),
        generation=book.generation + 1 if book is not None else 1,
        tag_nonce=request.tag_nonce,
        gateway_nonce=secrets.octets(NONCE_OCTETS),
        display_ids=tuple(display_id for display_id, _ in link.displays),
    )


def take_keys(shop: Shop, join: Join, now_s: float) -> None:
    """The keys are committed: use them from now on."""
    link, new_key = join.link, join.new_key
    link.join_answered_s = now_s
    if new_key is None:
        return
    keys = shop.keyring.session(link, new_key.tag_nonce, new_key.gateway_nonce)
    link.key_book = KeyBook(new_key.generation, new_key.tag_nonce, new_key.gateway_nonce, keys, reserved=0, heard=False)
    link.opened()
    _leaves(shop, link)
    log.info("tag_commissioned", tag=str(link.tag_id), bridge=join.bridge_id, generation=new_key.generation)


def _key_of(shop: Shop, link: TagLink, request: JoinRequest) -> tuple[bytes, bool] | tuple[None, None]:
    """The key under which the request was made, and whether it is the owner's: of a tag that is ours. None = forged."""
    for key, is_owned in zip(shop.keyring.join_keys(link), (False, True), strict=True):
        try:
            request.check(key)
        except SealBroken:
            continue
        return key, is_owned
    return None, None
