"""Where each display stands on a price's way to its glass, as whoever sees both sides of the air knows it.

In: the gateway's file, read beside the gateway, and the virtual tags. Out: the states each display is in.
Rule: the gateway is not asked, so that it may be dead; the states are those of the certificate's table.
"""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import Any

from msgspec import Struct

from firmware_protocol import split_display_id
from firmware_protocol.tag.display import parts_wanted
from simulator.fleet import Fleet


class DeliveryState(StrEnum):
    """`VERIFYING` beside one of the others: a batch waits for the display."""

    IDLE = "idle"
    OFFERED = "offered"
    IN_TRANSFER = "in transfer"
    REFRESHING = "refreshing"
    FENCED = "fenced"
    VERIFYING = "verifying"


_BOOKS = """
SELECT desired.display_id, desired.revision, desired.content_id, shown.revision, shown.content_id, offer.revision,
       EXISTS (SELECT 1 FROM batch_display AS waits JOIN session USING (session_id)
               WHERE waits.display_id = desired.display_id AND waits.confirmed_at IS NULL
                 AND session.state = 'processing')
FROM desired LEFT JOIN shown USING (display_id) LEFT JOIN offer USING (display_id)
ORDER BY desired.display_id
"""


def delivery_states(file: Path, fleet: Fleet, only: Iterable[str] | None = None) -> dict[str, list[DeliveryState]]:
    """Of each display that was ever bound. `only`: of these tags."""
    with _reading(file) as connection:
        rows = connection.execute(_BOOKS).fetchall()
    wanted = None if only is None else frozenset(only)
    found: dict[str, list[DeliveryState]] = {}
    for display_id, revision, content, shown_revision, shown_content, offered, waited_for in rows:
        tag_id, index = split_display_id(display_id)
        if tag_id not in fleet.tags or (wanted is not None and str(tag_id) not in wanted):
            continue
        tag = fleet.tags[tag_id]
        if tag.drawing == index:
            states = [DeliveryState.REFRESHING]
        elif parts_wanted(tag.machine.state_of(index)) is not None:
            states = [DeliveryState.IN_TRANSFER]
        elif shown_revision == revision and shown_content == content:
            states = [DeliveryState.IDLE]
        elif offered == revision:
            states = [DeliveryState.FENCED if shown_content == content else DeliveryState.OFFERED]
        else:
            states = []
        found[display_id] = [*states, DeliveryState.VERIFYING] if waited_for else states
    return found


class Claim(Struct, frozen=True):
    """What the gateway's file says of one display at this instant."""

    desired_revision: int
    desired_content: bytes
    shown_revision: int | None
    shown_content: bytes | None

    @property
    def confirmed(self) -> bool:
        return (self.shown_revision, self.shown_content) == (self.desired_revision, self.desired_content)


_CLAIM = """
SELECT desired.revision, desired.content_id, shown.revision, shown.content_id
FROM desired LEFT JOIN shown USING (display_id) WHERE desired.display_id = ?
"""
_CONTENT_OF_PROOF = """
SELECT content_id FROM display_history
WHERE display_id = ? AND revision = ? AND fact IN ('proved', 'settled') ORDER BY seq DESC LIMIT 1
"""
_IS_CONTENT = "SELECT 1 FROM content WHERE content_id = ?"


def claim_of(file: Path, display_id: str) -> Claim | None:
    """None: the display was never given a picture."""
    row = _one_row(file, _CLAIM, (display_id,))
    return None if row is None else Claim(*row)


def content_of_proof(file: Path, display_id: str, revision: int) -> bytes | None:
    """The content id that the newest proof of this revision named."""
    row = _one_row(file, _CONTENT_OF_PROOF, (display_id, revision))
    return None if row is None else row[0]


def contents_of(file: Path, display_ids: Iterable[str]) -> set[bytes]:
    """What these displays shall show."""
    with _reading(file) as connection:
        rows = [connection.execute(_CLAIM, (display_id,)).fetchone() for display_id in display_ids]
    return {row[1] for row in rows if row is not None}


class GivenOut(Struct, frozen=True):
    """The numbers that others remember. `believed`: displays of whose glass the file claims to know what it shows."""

    numbers: dict[str, int]
    believed: frozenset[str]


def given_out(file: Path) -> GivenOut:
    """As the file has it now; the gateway may be dead."""
    with _reading(file) as connection:
        stores = connection.execute("SELECT store_id, next_accepted_seq, next_product_version FROM store").fetchall()
        revisions = connection.execute("SELECT display_id, revision FROM desired").fetchall()
        believed = connection.execute("SELECT display_id FROM shown WHERE content_id IS NOT NULL").fetchall()
    numbers: dict[str, int] = {}
    for store_id, accepted, version in stores:
        numbers |= {f"the accepted number of {store_id}": accepted, f"the product version of {store_id}": version}
    numbers |= {f"the revision of {display_id}": revision for display_id, revision in revisions}
    return GivenOut(numbers, frozenset(display_id for (display_id,) in believed))


def is_content(file: Path, content: bytes) -> bool:
    """Whether the gateway ever had a picture of this id."""
    return _one_row(file, _IS_CONTENT, (content,)) is not None


def _reading(file: Path) -> "closing[sqlite3.Connection]":
    return closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True))


def _one_row(file: Path, query: str, values: tuple[object, ...]) -> tuple[Any, ...] | None:
    with _reading(file) as connection:
        found: tuple[Any, ...] | None = connection.execute(query, values).fetchone()
        return found
