"""Tags and their displays: the box list, approval, removal.

In: box-list rows (who may join, with which factory code and panels). Out: rows of `tag` and `display`.
Rule: a tag outside the box list is a stranger: nothing is sent to it. A removed tag keeps its rows (tombstones).
"""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy import Connection, bindparam, insert, select, update

from firmware_protocol import PANELS, TagId, display_id
from gateway.access import forgotten_below
from gateway.ports import to_ms
from gateway.shelf.bindings import unbind
from gateway.shelf.factory_code import FactoryCodeVault
from gateway.shelf.tables import display, tag


class BoxTag(Struct, frozen=True):
    """One row of a box list. `panels`: a catalogue name for each display of the tag, in the order of their index."""

    tag_id: TagId
    factory_code: bytes
    model: str
    panels: tuple[str, ...]


class Tag(Struct, frozen=True):
    """`twin_at`, `twin_cause`: since when and why it is thought that two tags have this id; nothing is sent to it."""

    tag_id: str
    store_id: str
    model: str
    approved_at: int | None
    removed_at: int | None
    twin_at: int | None = None
    twin_cause: str | None = None


class TagUnknown(LookupError):
    """No such tag in this store. Look at `esl tags list`."""


class TagElsewhere(ValueError):
    """The tag id is taken: by another store, or by a tag with another factory code (a twin). Nothing was written."""


class PanelUnknown(ValueError):
    """A panel name that the catalogue does not have. Nothing was written."""


def add_box_list(
    connection: Connection, store_id: str, tags: Sequence[BoxTag], vault: FactoryCodeVault, now: datetime
) -> list[str]:
    """Add and approve the tags of a box list; rows that are known already change nothing. Gives the new display ids.

    A second row for a TagId with another factory code is refused: two tags with one name are twins (wire.md §3.5).
    """
    known = {
        row.tag_id: row
        for row in connection.execute(select(tag).where(tag.c.tag_id.in_([str(box.tag_id) for box in tags])))
    }
    is_restored = forgotten_below(connection, store_id, now) > 0
    new_tags: dict[str, dict[str, object]] = {}
    new_displays: list[dict[str, object]] = []
    for box in tags:
        tag_id = str(box.tag_id)
        sealed = vault.seal(tag_id, box.factory_code)
        taken = known.get(tag_id)
        if taken is not None and taken.store_id != store_id:
            raise TagElsewhere(f"tagId {tag_id} belongs to another store: remove it there first")
        if (taken is not None and taken.factory_code != sealed) or new_tags.get(tag_id, {}).get(
            "factory_code", sealed
        ) != sealed:
            raise TagElsewhere(f"tagId {tag_id} is in the box list with another factory code: one of the two is a copy")
        if taken is not None or tag_id in new_tags:
            continue
        for panel in box.panels:
            if panel not in PANELS:
                raise PanelUnknown(f"panels of tagId {tag_id}: there is no panel {panel!r}; known: {', '.join(PANELS)}")
        new_tags[tag_id] = {
            "tag_id": tag_id,
            "store_id": store_id,
            "factory_code": sealed,
            "model": box.model,
            "approved_at": to_ms(now),
        }
        new_displays += [
            {
                "display_id": display_id(box.tag_id, index),
                "tag_id": tag_id,
                "idx": index,
                "store_id": store_id,
                "panel": panel,
                "binding_version": 1 if is_restored else 0,  # it may have hung, and been bound, before: bindings.py
                "template": "shelf",
            }
            for index, panel in enumerate(box.panels)
        ]
    if new_tags:
        connection.execute(insert(tag), list(new_tags.values()))
        connection.execute(insert(display), new_displays)
    back = [tag_id for tag_id, row in known.items() if row.removed_at is not None]
    if back:
        _set_removed(connection, back, None)
    return [str(row["display_id"]) for row in new_displays]


def approve_tags(connection: Connection, store_id: str, tag_ids: Sequence[str], now: datetime) -> None:
    """Let the tags take part; of one that had a twin a person has made sure by now. Raises TagUnknown."""
    for tag_id in tag_ids:
        _require(connection, store_id, tag_id)
    connection.execute(update(tag).where(tag.c.tag_id.in_(tag_ids)).values(twin_at=None, twin_cause=None))
    connection.execute(
        update(tag)
        .where(tag.c.tag_id == bindparam("b_tag"), tag.c.approved_at.is_(None))
        .values(approved_at=to_ms(now)),
        [{"b_tag": tag_id} for tag_id in tag_ids],
    )


def remove_tag(connection: Connection, store_id: str, tag_id: str, now: datetime) -> list[str]:
    """Take a tag out of the shop: its bound displays move to the unbound picture. Gives its display ids."""
    _require(connection, store_id, tag_id)
    display_ids = list(
        connection.scalars(select(display.c.display_id).where(display.c.tag_id == tag_id).order_by(display.c.idx))
    )
    for one in display_ids:
        unbind(connection, store_id, one)
    _set_removed(connection, [tag_id], to_ms(now))
    return display_ids


def list_tags(connection: Connection, store_id: str) -> list[Tag]:
    """Every tag of the store, removed ones too, by id."""
    rows = connection.execute(select(tag).where(tag.c.store_id == store_id).order_by(tag.c.tag_id))
    return [
        Tag(row.tag_id, row.store_id, row.model, row.approved_at, row.removed_at, row.twin_at, row.twin_cause)
        for row in rows
    ]


def mark_twins(connection: Connection, twins: Sequence[tuple[str, str]], now_ms: int) -> None:
    """Two tags of one id, and why that is thought: from now on a person has to say who stays (`approve_tags`)."""
    connection.execute(
        update(tag).where(tag.c.tag_id == bindparam("b_tag")).values(twin_at=now_ms, twin_cause=bindparam("b_cause")),
        [{"b_tag": tag_id, "b_cause": cause} for tag_id, cause in twins],
    )


def tags_with_twins(connection: Connection) -> set[str]:
    return set(connection.scalars(select(tag.c.tag_id).where(tag.c.twin_at.is_not(None))))


def _require(connection: Connection, store_id: str, tag_id: str) -> None:
    if connection.scalar(select(tag.c.tag_id).where(tag.c.tag_id == tag_id, tag.c.store_id == store_id)) is None:
        raise TagUnknown(f"there is no tag {tag_id} in store {store_id}")


def _set_removed(connection: Connection, tag_ids: Sequence[str], removed_at: int | None) -> None:
    connection.execute(update(tag).where(tag.c.tag_id.in_(tag_ids)).values(removed_at=removed_at))
    connection.execute(update(display).where(display.c.tag_id.in_(tag_ids)).values(removed_at=removed_at))
