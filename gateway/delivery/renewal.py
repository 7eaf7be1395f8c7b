"""New keys for tags that have some: somebody asked for it (`esl tags rotate-keys`), or a twin was found and chosen.

In: the tables, the time. Out: *please commission*, again and again, until each tag was heard under newer keys. Rule:
the wish is a column, so neither a crash of the gateway nor of a tag loses it; the tag commissions under its owner key,
and its glass stays as it is. Source: docs/protocol.md, "Commissioning".
"""

from collections.abc import Sequence

from sqlalchemy import Connection, select, update

from gateway.database.among import among_named, listed
from gateway.delivery.limits import (
    BACKOFF_CONTACTS_MAX,
    BACKOFF_FACTOR,
    CONTACTS_BEFORE_RETRY,
    RENEWAL_PASS_S,
    RENEWED_A_PASS,
)
from gateway.delivery.shop import Shop
from gateway.delivery.tables import tag_key
from gateway.delivery.tags import TagLink
from gateway.shelf.tables import tag

_WANTED = among_named(tag_key.c.tag_id, "tag_ids")


def renew_keys(connection: Connection, tag_ids: Sequence[str]) -> list[str]:
    """These tags shall take new keys; gives those that have any. The others take theirs when they join."""
    chosen = {"tag_ids": listed(tag_ids)}
    connection.execute(update(tag_key).where(_WANTED).values(renew_from=tag_key.c.generation), chosen)
    return list(connection.scalars(select(tag_key.c.tag_id).where(_WANTED).order_by(tag_key.c.tag_id), chosen))


def waiting_for_keys(connection: Connection, store_id: str) -> list[str]:
    """Tags of a store that shall take new keys and have not been heard under them yet."""
    found = (
        select(tag_key.c.tag_id)
        .join(tag, tag.c.tag_id == tag_key.c.tag_id)
        .where(tag.c.store_id == store_id, tag_key.c.renew_from.is_not(None))
        .order_by(tag_key.c.tag_id)
    )
    return list(connection.scalars(found))


def renewing(connection: Connection) -> dict[str, int]:
    """The generation that is to be replaced, by tag id."""
    found = select(tag_key.c.tag_id, tag_key.c.renew_from).where(tag_key.c.renew_from.is_not(None))
    return {row.tag_id: row.renew_from for row in connection.execute(found.order_by(tag_key.c.tag_id))}


def next_pass_s(shop: Shop, now_s: float) -> float | None:
    return now_s + RENEWAL_PASS_S if shop.renewing else None


def to_ask(shop: Shop, now_s: float) -> list[TagLink]:
    """Those that are asked now: at most once in their contacts, more rarely if they do not come, not all at once."""
    found: list[TagLink] = []
    for tag_id in shop.renewing:
        link = shop.tags.get(tag_id)
        if link is None or link.lost or now_s < link.renewal_due_s or not shop.sessions_near(link):
            continue
        contacts = min(CONTACTS_BEFORE_RETRY * BACKOFF_FACTOR**link.renewals_asked, BACKOFF_CONTACTS_MAX)
        link.renewal_due_s = now_s + contacts * shop.contact_s(link)
        link.renewals_asked += 1
        found.append(link)
        if len(found) == RENEWED_A_PASS:
            break
    return found


def renewed(shop: Shop, link: TagLink) -> None:
    """The tag was heard under new keys."""
    link.asked_to_join = False
    replaced = shop.renewing.get(str(link.tag_id))
    if replaced is not None and link.key_book is not None and link.key_book.generation > replaced:
        del shop.renewing[str(link.tag_id)]
        link.renewals_asked, link.renewal_due_s = 0, 0.0
