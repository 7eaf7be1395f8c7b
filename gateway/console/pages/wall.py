"""What the shelf wall shows of each display: the picture that its glass was proved to show, and how it stands.

In: both halves of displays, the names of what they are bound to. Out: cells, as the event stream carries them.
Rule: the picture is always the *proved* one; what a display should show is never drawn as if it stood on the glass.
"""

from collections.abc import Sequence
from enum import StrEnum

import msgspec
from sqlalchemy import Connection, select

from firmware_protocol.glasses import all_panels, inches_of
from gateway.catalog.tables import product
from gateway.console.pages.limits import DISPLAYS_A_READ
from gateway.shelf import DisplayStanding, standings
from gateway.shelf.tables import binding, display

_MM_PER_INCH = 25.4


class State(StrEnum):
    """`WAITING` keeps the old proved picture; `UNKNOWN` has none; `IDLE` was never bound; `REMOVED` leaves the wall."""

    PROVED = "proved"
    WAITING = "waiting"
    UNKNOWN = "unknown"
    IDLE = "idle"
    REMOVED = "removed"


class Cell(msgspec.Struct, frozen=True, array_like=True):
    """One display, as an array: 2,000 of them are read at each connection. `picture`: content id in hex, or null.

    `name`: of the first product. `reason`: why the label shows no price, if it shows none.
    """

    id: str
    panel: str
    state: State
    picture: str | None
    barcodes: tuple[str, ...]
    name: str | None
    reason: str | None


class _Named(msgspec.Struct):
    name: str | None = None


_read_name = msgspec.json.Decoder(_Named)


def state_of(standing: DisplayStanding) -> State:
    if standing.removed:
        return State.REMOVED
    if standing.desired_revision is None:
        return State.IDLE
    if standing.confirmed:
        return State.PROVED
    return State.WAITING if standing.shown_content_id is not None else State.UNKNOWN


def cells_of(connection: Connection, store_id: str, display_ids: Sequence[str] | None = None) -> list[Cell]:
    """All cells of the store without the removed ones, or exactly those of some displays; by display id."""
    if display_ids is None:
        return [one for one in _read(connection, store_id, None) if one.state is not State.REMOVED]
    parts = (display_ids[start : start + DISPLAYS_A_READ] for start in range(0, len(display_ids), DISPLAYS_A_READ))
    return [one for part in parts for one in _read(connection, store_id, part)]


def panel_sizes() -> dict[str, tuple[float, float]]:
    """Width and height of each panel's upright glass in millimetres: labels hang there in their true proportions."""
    sizes = {}
    for panel in all_panels():
        width, height = panel.label_px
        mm_per_px = inches_of(panel.name) * _MM_PER_INCH / (width**2 + height**2) ** 0.5
        sizes[panel.name] = (round(width * mm_per_px, 1), round(height * mm_per_px, 1))
    return sizes


def _read(connection: Connection, store_id: str, display_ids: Sequence[str] | None) -> list[Cell]:
    names = _names(connection, store_id, display_ids)
    return [
        Cell(
            id=one.display_id,
            panel=one.panel,
            state=state_of(one),
            picture=one.shown_content_id.hex() if one.shown_content_id is not None else None,
            barcodes=one.barcodes,
            name=names.get(one.display_id),
            reason=one.fallback_reason,
        )
        for one in standings(connection, store_id, display_ids=display_ids)
    ]


def _names(connection: Connection, store_id: str, display_ids: Sequence[str] | None) -> dict[str, str | None]:
    """Of the first product of each display. Only the name is read out of a product: prices are the glass's to say."""
    query = (
        select(binding.c.display_id, product.c.fields)
        .join(display, display.c.display_id == binding.c.display_id)
        .join(product, product.c.product_id == binding.c.product_id)
        .where(display.c.store_id == store_id, product.c.removed_at.is_(None))
        .order_by(binding.c.display_id, binding.c.position.desc())
    )
    if display_ids is not None:
        query = query.where(binding.c.display_id.in_(display_ids))
    return {row.display_id: _read_name.decode(row.fields).name for row in connection.execute(query)}
