"""Commissioning, the gateway's side: which join requests get an answer, and under which keys.

In: requests as they were heard. Out: `Join`s for the turn to commit and then to answer. Rule: new keys are committed
before our nonce leaves; the same request is answered with the same nonce until its tag is heard under the keys.
Source: docs/protocol.md, "Commissioning".
"""

from collections.abc import Sequence

import structlog
from msgspec import Struct

from firmware_protocol import SealBroken
from firmware_protocol.commissioning import JoinRequest
from firmware_protocol.keys import NONCE_OCTETS
from gateway.delivery.shop import Shop
from gateway.delivery.tags import KeyBook, TagLink
from gateway.delivery.turn import NewKey
from gateway.ports import Secrets

log = structlog.get_logger("delivery")


class Join(Struct, frozen=True):
    """A request that gets an answer. `key`: the one it was made with; `new_key`: to commit first, None = as before."""

    link: TagLink
    bridge_id: str
    request: JoinRequest
    key: bytes
    new_key: NewKey | None


def answerable(
    shop: Shop, secrets: Secrets, requests: Sequence[tuple[TagLink, str, JoinRequest]], now_s: float
) -> list[Join]:
    """Of the requests of one turn those that get an answer, one a tag. A request that comes again is answered again,
    but not faster than its tag can come for the answer.
    """
    found: dict[str, Join] = {}
    for link, bridge_id, request in requests:
        book = link.key_book
        known = book is not None and book.tag_nonce == request.tag_nonce
        if known and book is not None and book.heard:
            continue  # heard since: a tag draws a new nonce after each commissioning, so this one was recorded
        wait_s = shop.contact_s(link) / 2
        if known and link.join_answered_s is not None and now_s - link.join_answered_s < wait_s:
            continue
        key = _key_of(shop, link, request)
        if key is None:
            log.warning("join_refused", tag=str(link.tag_id), bridge=bridge_id, reason="not its factory code")
            continue
        new_key = None
        if not known:
            new_key = NewKey(
                tag_id=str(link.tag_id),
                generation=book.generation + 1 if book is not None else 1,
                tag_nonce=request.tag_nonce,
                gateway_nonce=secrets.octets(NONCE_OCTETS),
                display_ids=tuple(display_id for display_id, _ in link.displays),
            )
        found[str(link.tag_id)] = Join(link, bridge_id, request, key, new_key)
    return list(found.values())


def take_keys(shop: Shop, join: Join, now_s: float) -> None:
    """The keys are committed: use them from now on."""
    link, new_key = join.link, join.new_key
    link.join_answered_s = now_s
    if new_key is None:
        return
    keys = shop.keyring.session(link, new_key.tag_nonce, new_key.gateway_nonce)
    link.key_book = KeyBook(new_key.generation, new_key.tag_nonce, new_key.gateway_nonce, keys, reserved=0, heard=False)
    link.cannot_open = 0
    log.info("tag_commissioned", tag=str(link.tag_id), bridge=join.bridge_id, generation=new_key.generation)


def _key_of(shop: Shop, link: TagLink, request: JoinRequest) -> bytes | None:
    """The key under which the request was made: the tag's own, or the owner's if it is ours already; None = forged."""
    for key in shop.keyring.join_keys(link):
        try:
            request.check(key)
        except SealBroken:
            continue
        return key
    return None
