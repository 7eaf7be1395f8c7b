"""Everything a person asks about one display: both halves, what it is bound to, what happened to it.

In: a display id. Out: `About`. Rule: times are told in the store's own time zone.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlalchemy import Connection

from gateway.access import store_settings
from gateway.console.admin.places import store_of_display
from gateway.console.pages.limits import HISTORY_SHOWN
from gateway.console.pages.wall import State, cells_of, state_of
from gateway.ports import from_ms
from gateway.shelf import DisplayStanding, HistoryFact, history, standings


class Entry(Struct, frozen=True):
    """A fact of the history. `picture`: content id in hex, where a picture was first wanted."""

    at: datetime
    revision: int
    fact: str
    picture: str | None
    cause: str | None


class About(Struct, frozen=True):
    standing: DisplayStanding
    state: State
    name: str | None
    shown: str | None
    wanted: str | None
    proved_at: datetime | None
    entries: tuple[Entry, ...]

    @property
    def is_waiting(self) -> bool:
        return self.state in (State.WAITING, State.UNKNOWN)


def read_about(connection: Connection, display_id: str, facts: int = HISTORY_SHOWN) -> About:
    """Raises DisplayUnknown."""
    store_id = store_of_display(connection, display_id)
    zone = ZoneInfo(store_settings(connection, store_id).time_zone)
    (standing,) = standings(connection, store_id, display_ids=[display_id])
    (cell,) = cells_of(connection, store_id, [display_id])
    newest_first = history(connection, display_id, limit=facts) if facts else []
    return About(
        standing=standing,
        state=state_of(standing),
        name=cell.name,
        shown=_hex(standing.shown_content_id),
        wanted=_hex(standing.desired_content_id) if not standing.confirmed else None,
        proved_at=from_ms(standing.proved_at).astimezone(zone) if standing.proved_at is not None else None,
        entries=tuple(_entries(newest_first, zone)),
    )


def _entries(newest_first: list[HistoryFact], zone: ZoneInfo) -> list[Entry]:
    """Each picture once, where it was wanted: the facts about it follow in the rows above."""
    return [
        Entry(
            at=from_ms(one.at).astimezone(zone),
            revision=one.revision,
            fact=one.fact,
            picture=_hex(one.content_id) if one.fact == "desired" else None,
            cause=one.cause,
        )
        for one in newest_first
    ]


def _hex(content_id: bytes | None) -> str | None:
    return content_id.hex() if content_id is not None else None
