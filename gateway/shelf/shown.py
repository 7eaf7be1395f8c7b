"""What each tag has proved of its glass, and the questions that batches, console and POS ask about it.

In: display ids or products. Out: plain rows. Rule: only `gateway.delivery` writes *shown*; everybody else reads here.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct
from sqlalchemy import Connection, and_, case, func, literal, select

from gateway.database.among import among
from gateway.shelf.facts import Fact, Reason
from gateway.shelf.tables import binding, desired, display, display_history, shown

PROOFS = (Fact.PROVED.value, Fact.SETTLED.value)


class NeededDisplay(Struct, frozen=True):
    """A display that a batch waits for. `proved_at`: when its glass was proved to show it; null if it is not now."""

    display_id: str
    revision: int
    proved_at: int | None
    reason: str | None


class DisplayStanding(Struct, frozen=True):
    """Both halves of one display. `confirmed`: the tag proved the current revision with its content. `how` it did:
    by its glass, settled since, or by report, which is all that a tag without revisions can give.
    """

    display_id: str
    store_id: str
    panel: str
    barcodes: tuple[str, ...]
    template: str
    desired_revision: int | None
    desired_content_id: bytes | None
    shown_revision: int | None
    shown_content_id: bytes | None
    proved_at: int | None
    how: str | None
    fallback_reason: str | None
    fallback_detail: str | None
    removed: bool

    @property
    def confirmed(self) -> bool:
        return (
            self.desired_revision is not None
            and self.shown_revision == self.desired_revision
            and self.shown_content_id == self.desired_content_id
        )


class HistoryFact(Struct, frozen=True):
    seq: int
    display_id: str
    revision: int
    fact: str
    at: int
    content_id: bytes | None
    bridge_id: str | None
    cause: str | None


def needed_revisions(connection: Connection, product_ids: Sequence[int]) -> list[NeededDisplay]:
    """Every display bound to one of the products, with the revision it must prove, by display id.

    Whoever asks has made sure in the same transaction that none of them is stale: a display that was never drawn has
    no revision and is left out here.
    """
    bound = select(binding.c.display_id).where(among(binding.c.product_id, product_ids)).distinct()
    proved = and_(shown.c.revision >= desired.c.revision, shown.c.content_id == desired.c.content_id)
    rows = connection.execute(
        select(
            desired.c.display_id,
            desired.c.revision,
            desired.c.fallback_reason,
            case((proved, shown.c.proved_at), else_=None).label("proved_at"),
        )
        .outerjoin(shown, shown.c.display_id == desired.c.display_id)
        .where(desired.c.display_id.in_(bound))
        .order_by(desired.c.display_id)
    )
    return [NeededDisplay(row.display_id, row.revision, row.proved_at, row.fallback_reason) for row in rows]


def last_fact_seq(connection: Connection) -> int:
    """The number of the newest fact of any display; 0 if there is none. Later facts have higher numbers."""
    return connection.scalar(select(func.max(display_history.c.seq))) or 0


def first_proofs(connection: Connection, needed: Iterable[tuple[str, int, int]]) -> dict[str, int]:
    """For each (display id, needed revision, after which fact): when a revision at or above it was first proved.

    Absent if never. Older facts do not count: what they proved may have been lost again before the need arose.
    """
    wanted = {display_id: (revision, after_seq) for display_id, revision, after_seq in needed}
    if not wanted:
        return {}
    rows = connection.execute(
        select(display_history.c.display_id, display_history.c.revision, display_history.c.seq, display_history.c.at)
        .where(
            among(display_history.c.display_id, wanted),
            display_history.c.seq > min(after_seq for _, after_seq in wanted.values()),
            display_history.c.fact.in_(PROOFS),
        )
        .order_by(display_history.c.seq)
    )
    found: dict[str, int] = {}
    for row in rows:
        revision, after_seq = wanted[row.display_id]
        if row.revision >= revision and row.seq > after_seq:
            found.setdefault(row.display_id, row.at)
    return found


_UNPROVED = (
    select(desired.c.display_id)
    .outerjoin(shown, shown.c.display_id == desired.c.display_id)
    .where(
        func.coalesce(
            and_(shown.c.revision == desired.c.revision, shown.c.content_id == desired.c.content_id), literal(False)
        ).is_(False)
    )
    .order_by(desired.c.display_id)
)


def unproved_displays(connection: Connection, store_id: str | None = None) -> list[str]:
    """Displays whose *shown* differs from *desired*, by id: what delivery works on after a start."""
    query = _UNPROVED if store_id is None else _UNPROVED.where(desired.c.store_id == store_id)
    return list(connection.scalars(query))


def standings(
    connection: Connection,
    store_id: str,
    *,
    display_ids: Sequence[str] | None = None,
    barcode: str | None = None,
    after: str = "",
    limit: int | None = None,
) -> list[DisplayStanding]:
    """Both halves of the store's displays, by id; narrowed to some ids or to a barcode; paged by `after`."""
    query = (
        select(
            display,
            desired.c.revision.label("desired_revision"),
            desired.c.content_id.label("desired_content_id"),
            desired.c.fallback_reason,
            desired.c.fallback_detail,
            shown.c.revision.label("shown_revision"),
            shown.c.content_id.label("shown_content_id"),
            shown.c.proved_at,
            shown.c.how,
        )
        .outerjoin(desired, desired.c.display_id == display.c.display_id)
        .outerjoin(shown, shown.c.display_id == display.c.display_id)
        .where(display.c.store_id == store_id, display.c.display_id > after)
        .order_by(display.c.display_id)
    )
    if display_ids is not None:
        query = query.where(among(display.c.display_id, display_ids))
    if barcode is not None:
        query = query.where(display.c.display_id.in_(select(binding.c.display_id).where(binding.c.barcode == barcode)))
    rows = connection.execute(query.limit(limit) if limit is not None else query).all()
    barcodes: dict[str, tuple[str, ...]] = {}
    bindings = (
        select(binding.c.display_id, binding.c.barcode)
        .join(display, display.c.display_id == binding.c.display_id)
        .where(display.c.store_id == store_id)
        .order_by(binding.c.display_id, binding.c.position)
    )
    if display_ids is not None:
        bindings = bindings.where(among(binding.c.display_id, display_ids))
    for bound in connection.execute(bindings):
        barcodes[bound.display_id] = (*barcodes.get(bound.display_id, ()), bound.barcode)
    return [
        DisplayStanding(
            display_id=row.display_id,
            store_id=row.store_id,
            panel=row.panel,
            barcodes=barcodes.get(row.display_id, ()),
            template=row.template,
            desired_revision=row.desired_revision,
            desired_content_id=row.desired_content_id,
            shown_revision=row.shown_revision,
            shown_content_id=row.shown_content_id,
            proved_at=row.proved_at,
            how=row.how,
            fallback_reason=row.fallback_reason,
            fallback_detail=row.fallback_detail,
            removed=row.removed_at is not None,
        )
        for row in rows
    ]


def history(connection: Connection, display_id: str, *, limit: int = 200) -> list[HistoryFact]:
    """The newest facts of a display, newest first."""
    rows = connection.execute(
        select(display_history)
        .where(display_history.c.display_id == display_id)
        .order_by(display_history.c.seq.desc())
        .limit(limit)
    )
    return [
        HistoryFact(row.seq, row.display_id, row.revision, row.fact, row.at, row.content_id, row.bridge_id, row.cause)
        for row in rows
    ]


def label_reasons(connection: Connection, display_ids: Sequence[str]) -> dict[str, Reason]:
    """Why a label shows no price, for those displays where that is so."""
    rows = connection.execute(
        select(desired.c.display_id, desired.c.fallback_reason).where(
            among(desired.c.display_id, display_ids), desired.c.fallback_reason.is_not(None)
        )
    )
    return {row.display_id: Reason(row.fallback_reason) for row in rows}
