"""What batch answers, as typed facts; `gateway.pos_api` gives them the contract's names.

Rule: an instant is a `datetime` in UTC; a count is of rows or of displays, as its name says.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from msgspec import Struct
from sqlalchemy import Connection

from gateway.catalog import ParsedRow, RowIssue


class SessionMode(StrEnum):
    """UPDATE: what is not sent stays. FULL: the session is the whole assortment."""

    UPDATE = "update"
    FULL = "full"


class SessionState(StrEnum):
    OPEN = "open"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    EXPIRED = "expired"


class Phase(StrEnum):
    SAVING = "saving"
    SYNCING = "syncing"
    VERIFYING = "verifying"


class SessionStarted(Struct, frozen=True):
    session_id: str
    expires_at: datetime
    expires_in_s: int


class PushResult(Struct, frozen=True):
    """What became of the rows of one push. They are staged: `created`, `updated`, `unchanged` and `displays` are 0
    until the batch is processed, when its status counts them. `rows` are the accepted ones."""

    received: int
    accepted: int
    rejected: int
    created: int
    updated: int
    unchanged: int
    errors: list[RowIssue]
    warnings: list[RowIssue]
    displays: int
    rows: Sequence[ParsedRow] = ()


class SessionCompleted(Struct, frozen=True):
    session_id: str
    status: str


class SessionRowIssue(Struct, frozen=True):
    """A row error of a session. `seq` grows along the listing; `push_no` counts from 0, `issue.index` within it."""

    seq: int
    push_no: int
    issue: RowIssue


class Unconfirmed(Struct, frozen=True):
    """A display that a batch still waits for; `reason` is of the contract's closed set."""

    display_id: str
    needed_revision: int
    reason: str


class MissingProduct(Struct, frozen=True):
    """A product of the store that a full session did not send. `position` grows along the listing."""

    position: int
    barcode: str


class Verification(Struct, frozen=True):
    round: int
    rounds: int
    next_check_at: datetime | None


class BatchStatus(Struct, frozen=True):
    """Every field of the contract's Status line, in its order."""

    session_id: str
    store_id: str
    mode: SessionMode
    status: SessionState
    phase: Phase | None
    progress: int
    products_received: int
    products_saved: int
    created: int
    updated: int
    unchanged: int
    superseded: int
    missing: int
    rejected: int
    tags_total: int
    tags_synced: int
    tags_confirmed: int
    tags_confirmed_by_report: int
    tags_unconfirmed: int
    verification: Verification
    errors: Sequence[SessionRowIssue]
    failure: str | None
    started_at: datetime
    expires_at: datetime
    completed_at: datetime | None
    saved_at: datetime | None
    synced_at: datetime | None
    finished_at: datetime | None


class AnswerBook(Protocol):
    """What a request keeps beside its rows, in the very transaction that accepts them: its remembered answer, the
    sandbox marks. Both may be called again if the transaction is run again."""

    def look_up(self, connection: Connection) -> None:
        """Before anything is taken. May raise: this key was answered before, or used for another body."""

    def write_down(self, connection: Connection, answer: object) -> None:
        """After all was taken. `answer` is what the call is about to return."""


class SessionUnknown(LookupError):
    """The store has no such session: it never had, or its 30 days are over."""

    def __init__(self, session_id: str) -> None:
        super().__init__(f"there is no session {session_id}")
        self.session_id = session_id


class SessionExpired(ValueError):
    """The 30 minutes from the start are over; nothing of it was saved. Start another session."""

    def __init__(self, session_id: str, expired_at: datetime) -> None:
        super().__init__(f"session {session_id} expired at {expired_at:%Y-%m-%dT%H:%M:%SZ}; start another")
        self.session_id, self.expired_at = session_id, expired_at


class SessionClosed(ValueError):
    """The session was completed; it takes no more rows."""

    def __init__(self, session_id: str) -> None:
        super().__init__(f"session {session_id} was completed and takes no more products; start another")
        self.session_id = session_id


class TooManySessions(ValueError):
    """So many sessions of the store are open. Complete one, or wait until one expires."""

    def __init__(self, store_id: str, open_sessions: int) -> None:
        super().__init__(f"{open_sessions} sessions of store {store_id} are open; complete one or let it expire")
        self.store_id, self.open_sessions = store_id, open_sessions


class TooManyMissing(ValueError):
    """A full session would remove more than a fifth of the store. Nothing was done; the session stays open."""

    def __init__(self, session_id: str, missing: int, products: int) -> None:
        super().__init__(
            f"session {session_id} does not name {missing} of the store's {products} products and would remove them; "
            'send the rest, or complete with "force": true'
        )
        self.session_id, self.missing, self.products = session_id, missing, products
