"""Where each display stands on a price's way to its glass, as whoever sees both sides of the air knows it.

In: the gateway's file, read beside the gateway, and the virtual tags. Out: the states each display is in.
Rule: the gateway is not asked, so that it may be dead; the states are those of the certificate's table.
"""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from enum import StrEnum
from pathlib import Path

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
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
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
