"""What the shelf wall shows of each display: the picture that its glass was proved to show, and how it stands.

In: both halves of displays. Out: cells, as the page and its event stream carry them. Rule: the picture is always the
*proved* one; what a display should show is never drawn as if it stood on the glass.
"""

from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import Connection

from gateway.shelf import DisplayStanding, standings


class Cell(msgspec.Struct, frozen=True, rename="camel"):
    """`state`: proved | waiting | unknown | idle. `picture`: content id of the proved picture, or null."""

    id: str
    panel: str
    state: str
    picture: str | None
    revision: int | None
    proved_revision: int | None
    barcodes: tuple[str, ...]
    reason: str | None


class Counts(msgspec.Struct, frozen=True):
    proved: int
    waiting: int
    total: int


def cell(standing: DisplayStanding, reason: str | None = None) -> Cell:
    picture = standing.shown_content_id
    if standing.desired_revision is None:
        state = "idle"
    elif standing.confirmed:
        state = "proved"
    else:
        state = "waiting" if picture is not None else "unknown"
    return Cell(
        id=standing.display_id,
        panel=standing.panel,
        state=state,
        picture=picture.hex() if picture is not None else None,
        revision=standing.desired_revision,
        proved_revision=standing.shown_revision if picture is not None else None,
        barcodes=standing.barcodes,
        reason=reason or standing.fallback_reason,
    )


def cells(connection: Connection, store_id: str, display_ids: Sequence[str] | None = None) -> list[Cell]:
    """All cells of the store, or those of some displays, by display id."""
    return [cell(one) for one in standings(connection, store_id, display_ids=display_ids) if not one.removed]


def counts(found: Mapping[str, Cell]) -> Counts:
    """Of the displays that should show something."""
    wanted = [one for one in found.values() if one.state != "idle"]
    proved = sum(one.state == "proved" for one in wanted)
    return Counts(proved, len(wanted) - proved, len(wanted))
