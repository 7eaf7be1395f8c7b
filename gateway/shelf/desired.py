"""What each display should show: the present revision, its content, and what it was drawn from.

In: pictures that sync had drawn, each with what it was drawn from. Out: rows of `desired`, `content`, one history fact.
Rule: a picture counts only if everything it was drawn from still holds in the transaction that writes it; a redraw with
the same content renews that and moves no revision. Why: docs/architecture.md.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy import Connection, case, delete, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert

from gateway.access import forgotten_below
from gateway.access.tables import store
from gateway.catalog.tables import product
from gateway.database.among import among_named, listed
from gateway.database.bulk import Bulk
from gateway.ports import to_ms
from gateway.shelf.facts import Fact
from gateway.shelf.tables import content, desired, desired_source, display, display_history, template_release


class DrawnFrom(Struct, frozen=True):
    """All that a picture depends on. `product_versions`: (product_id, version) pairs.

    `valid_from`, `valid_until` (ms, half open): between them time alone does not change the picture.
    """

    binding_version: int
    template: str
    template_release: str
    settings_version: int
    product_versions: tuple[tuple[int, int], ...]
    valid_from: int | None
    valid_until: int | None


class Picture(Struct, frozen=True):
    """One drawn label. `deflated`: its planes as the wire's deflate codec packs them."""

    display_id: str
    store_id: str
    panel: str
    content_id: bytes
    deflated: bytes
    drawn_from: DrawnFrom
    fallback_reason: str | None
    fallback_detail: str | None


class Moved(Struct, frozen=True):
    """Display ids: `moved` got a new revision, `renewed` show the same as before, `outdated` must be drawn again."""

    moved: tuple[str, ...]
    renewed: tuple[str, ...]
    outdated: tuple[str, ...]


# Built once: most bring-ups write a label or two, and are over sooner than their statements would be put together.
_CURRENT = select(desired.c.display_id, desired.c.revision, desired.c.content_id).where(
    among_named(desired.c.display_id, "display_ids")
)
_DRAWN_FROM = (
    select(
        display.c.display_id,
        display.c.binding_version,
        display.c.template,
        store.c.settings_version,
        template_release.c.release,
    )
    .join(store, store.c.store_id == display.c.store_id)
    .outerjoin(template_release, template_release.c.template == display.c.template)
    .where(among_named(display.c.display_id, "display_ids"))
)
_VERSIONS = select(product.c.product_id, product.c.version).where(among_named(product.c.product_id, "product_ids"))
_APPEND_HISTORY = Bulk(
    insert(display_history), "display_id", "revision", "fact", "at", "content_id", "bridge_id", "cause", "drawn_from"
)
_KEEP_CONTENT = Bulk(
    upsert(content).on_conflict_do_nothing(index_elements=["content_id"]), "content_id", "panel", "deflated"
)
_KEEP_SOURCES = Bulk(insert(desired_source), "display_id", "product_id", "product_version")
_FORGET_SOURCES = delete(desired_source).where(among_named(desired_source.c.display_id, "display_ids"))


def _save_desired(*names: str) -> Bulk:
    """Replaces what a redraw says anew; `moved_at` only where the revision moves."""
    statement = upsert(desired)
    new = statement.excluded
    kept = ("display_id", "store_id", "moved_at", "next_revision", "next_content_id", "next_at")
    moved_at = case((desired.c.revision == new.revision, desired.c.moved_at), else_=new.moved_at)
    replaced = {one.name: new[one.name] for one in desired.c if one.name not in kept}
    replacing = statement.on_conflict_do_update(index_elements=["display_id"], set_={**replaced, "moved_at": moved_at})
    return Bulk(replacing, *names)


_SAVE_DESIRED = _save_desired(
    "display_id",
    "store_id",
    "revision",
    "content_id",
    "binding_version",
    "template_release",
    "settings_version",
    "valid_from",
    "valid_until",
    "fallback_reason",
    "fallback_detail",
    "moved_at",
)


def write_pictures(connection: Connection, pictures: Sequence[Picture], now: datetime) -> Moved:
    """Make the pictures *desired* in one transaction with the re-check of what they were drawn from."""
    current = {
        row.display_id: row
        for row in connection.execute(_CURRENT, {"display_ids": listed(one.display_id for one in pictures)})
    }
    now_ms = to_ms(now)
    holding, outdated = _recheck(connection, pictures, now_ms)
    moved = [
        one for one in holding if one.display_id not in current or current[one.display_id].content_id != one.content_id
    ]
    _write_contents(connection, moved)
    stores = sorted({one.store_id for one in moved})
    below = {store_id: forgotten_below(connection, store_id, now) for store_id in stores}
    revisions = {
        one.display_id: current[one.display_id].revision if one.display_id in current else below[one.store_id]
        for one in holding
    }
    for one in moved:
        revisions[one.display_id] += 1
    if holding:
        _write_desired(connection, holding, revisions, now_ms)
    _APPEND_HISTORY.execute(connection, [_fact(one, revisions[one.display_id], now_ms) for one in moved])
    moved_ids = {one.display_id for one in moved}
    return Moved(
        moved=tuple(one.display_id for one in moved),
        renewed=tuple(one.display_id for one in holding if one.display_id not in moved_ids),
        outdated=tuple(one.display_id for one in outdated),
    )


def set_template_releases(connection: Connection, releases: dict[str, str], now: datetime) -> None:
    """Make these releases current; displays drawn with another become stale."""
    statement = upsert(template_release)
    statement = statement.on_conflict_do_update(
        index_elements=["template"],
        set_={"release": statement.excluded.release, "released_at": statement.excluded.released_at},
        where=template_release.c.release != statement.excluded.release,
    )
    connection.execute(
        statement,
        [{"template": name, "release": release, "released_at": to_ms(now)} for name, release in releases.items()],
    )


def content_of(connection: Connection, content_ids: Sequence[bytes]) -> dict[bytes, tuple[str, bytes]]:
    """Panel name and deflated planes of each content that is known."""
    if not content_ids:
        return {}
    rows = connection.execute(select(content).where(content.c.content_id.in_(content_ids)))
    return {row.content_id: (row.panel, row.deflated) for row in rows}


def _recheck(connection: Connection, pictures: Sequence[Picture], now_ms: int) -> tuple[list[Picture], list[Picture]]:
    display_rows = {
        row.display_id: row
        for row in connection.execute(_DRAWN_FROM, {"display_ids": listed(one.display_id for one in pictures)})
    }
    product_ids = {product_id for one in pictures for product_id, _ in one.drawn_from.product_versions}
    versions: dict[int, int] = {
        row.product_id: row.version
        for row in connection.execute(_VERSIONS, {"product_ids": listed(sorted(product_ids))})
    }
    holding: list[Picture] = []
    outdated: list[Picture] = []
    for one in pictures:
        row = display_rows.get(one.display_id)
        source = one.drawn_from
        holds = (
            row is not None
            and row.binding_version == source.binding_version
            and row.settings_version == source.settings_version
            and (row.release is None or row.release == source.template_release)
            and all(versions.get(product_id) == version for product_id, version in source.product_versions)
            and (source.valid_from is None or source.valid_from <= now_ms)
            and (source.valid_until is None or now_ms < source.valid_until)
        )
        (holding if holds else outdated).append(one)
    return holding, outdated


def overtaken_displays(connection: Connection, needed: Iterable[tuple[str, int]]) -> set[str]:
    """Of (display id, revision it once had to show): those that shall show another content by now.

    A higher number for the same content overtakes nothing: the tag held one, the data was restored, a price came back.
    """
    revisions = dict(needed)
    moved = connection.execute(_CURRENT, {"display_ids": listed(revisions)})
    fact = display_history.c
    overtaken: set[str] = set()
    for row in moved:
        if row.revision <= revisions[row.display_id]:
            continue
        content_then = connection.scalar(
            select(fact.content_id)
            .where(
                fact.display_id == row.display_id,
                fact.fact == Fact.DESIRED.value,
                fact.revision <= revisions[row.display_id],
            )
            .order_by(fact.seq.desc())
            .limit(1)
        )
        if content_then is not None and content_then != row.content_id:
            overtaken.add(row.display_id)
    return overtaken


def _write_contents(connection: Connection, pictures: Sequence[Picture]) -> None:
    once = {one.content_id: one for one in pictures}.values()
    _KEEP_CONTENT.execute(connection, [(one.content_id, one.panel, one.deflated) for one in once])


def _write_desired(connection: Connection, pictures: Sequence[Picture], revisions: dict[str, int], now_ms: int) -> None:
    rows = [
        (
            one.display_id,
            one.store_id,
            revisions[one.display_id],
            one.content_id,
            one.drawn_from.binding_version,
            one.drawn_from.template_release,
            one.drawn_from.settings_version,
            one.drawn_from.valid_from,
            one.drawn_from.valid_until,
            one.fallback_reason,
            one.fallback_detail,
            now_ms,
        )
        for one in pictures
    ]
    _SAVE_DESIRED.execute(connection, rows)
    connection.execute(_FORGET_SOURCES, {"display_ids": listed(one.display_id for one in pictures)})
    sources = [
        (one.display_id, product_id, version)
        for one in pictures
        for product_id, version in one.drawn_from.product_versions
    ]
    _KEEP_SOURCES.execute(connection, sources)


def _fact(picture: Picture, revision: int, now_ms: int) -> tuple[object, ...]:
    sources = ",".join(f"{product}:{version}" for product, version in picture.drawn_from.product_versions)
    named = (picture.display_id, revision, Fact.DESIRED.value, now_ms, picture.content_id)
    return (*named, None, picture.fallback_reason, sources)
