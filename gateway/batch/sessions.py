"""Batch sessions as the POS API sees them: start, push, complete, ask.

In: rows as the decoder made them. Out: typed answers, each after its commit; `BatchMoved`.
Rule: nothing is processed here; `BatchProcessor` and `Rounds` find their work in the tables.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from sqlalchemy import Connection

from gateway.batch.events import BatchMoved
from gateway.batch.records import (
    AnswerBook,
    BatchStatus,
    MissingProduct,
    PushResult,
    SessionCompleted,
    SessionMode,
    SessionRowIssue,
    SessionStarted,
    Unconfirmed,
)
from gateway.batch.staging import complete_session, push_rows, start_session
from gateway.batch.status import (
    batch_status,
    list_errors,
    list_missing,
    list_statuses,
    list_unconfirmed,
    with_reasons,
)
from gateway.database import Database
from gateway.ports import Clock, EventStream, Secrets

T = TypeVar("T")


class ReasonsFace(Protocol):
    async def reasons(self, display_ids: Sequence[str]) -> dict[str, str]:
        """Why each display is not confirmed, in the contract's closed set."""


class Sessions:
    """One per gateway. `reasons`: who knows why a display is not confirmed now; without, the reasons last heard."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        secrets: Secrets,
        events: EventStream,
        reasons: ReasonsFace | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._secrets = secrets
        self._events = events
        self._reasons = reasons

    async def start(
        self,
        store_id: str,
        mode: SessionMode = SessionMode.UPDATE,
        remove_missing: bool = False,
        *,
        book: AnswerBook | None = None,
    ) -> SessionStarted:
        """Raises StoreUnknown, TooManySessions, and what `book.look_up` raises."""
        now = self._clock.now()
        started = await self._accept(
            lambda connection: start_session(
                connection, self._secrets, store_id, mode, remove_missing=remove_missing, now=now
            ),
            book,
        )
        self._events.publish(BatchMoved(store_id, started.session_id))
        return started

    async def push(
        self,
        store_id: str,
        session_id: str,
        raw_rows: Sequence[object],
        field_map: Mapping[str, str] | None = None,
        *,
        book: AnswerBook | None = None,
    ) -> PushResult:
        """Stage the good rows, list the bad ones. Raises SessionUnknown, SessionExpired, SessionClosed, and what
        `book.look_up` raises."""
        now = self._clock.now()
        pushed = await self._accept(
            lambda connection: push_rows(connection, store_id, session_id, raw_rows, field_map, now), book
        )
        self._events.publish(BatchMoved(store_id, session_id))
        return pushed

    async def complete(
        self, store_id: str, session_id: str, force: bool = False, *, book: AnswerBook | None = None
    ) -> SessionCompleted:
        """All has been sent: processing begins. Twice: the first answer again. Raises SessionUnknown,
        SessionExpired, TooManyMissing."""
        now = self._clock.now()
        completed = await self._accept(
            lambda connection: complete_session(connection, store_id, session_id, force=force, now=now), book
        )
        self._events.publish(BatchMoved(store_id, session_id))
        return completed

    async def status(self, store_id: str, session_id: str) -> BatchStatus:
        """Raises SessionUnknown."""
        now = self._clock.now()
        return await self._database.read(lambda connection: batch_status(connection, store_id, session_id, now))

    async def errors(self, store_id: str, session_id: str, after: int = 0, limit: int = 100) -> list[SessionRowIssue]:
        """A page behind the `seq` of the last one seen. Raises SessionUnknown."""
        return await self._database.read(lambda connection: list_errors(connection, store_id, session_id, after, limit))

    async def missing(self, store_id: str, session_id: str, after: int = -1, limit: int = 100) -> list[MissingProduct]:
        """What a full session did not send, once it is being saved; behind the last `position`. Raises
        SessionUnknown."""
        return await self._database.read(
            lambda connection: list_missing(connection, store_id, session_id, after, limit)
        )

    async def unconfirmed(self, store_id: str, session_id: str, after: str = "", limit: int = 100) -> list[Unconfirmed]:
        """Displays not confirmed, each with its reason; a page behind the last id seen. Raises SessionUnknown."""
        listed = await self._database.read(
            lambda connection: list_unconfirmed(connection, store_id, session_id, after, limit)
        )
        if self._reasons is None or not listed:
            return listed
        return with_reasons(listed, await self._reasons.reasons([one.display_id for one in listed]))

    async def list_sessions(self, store_id: str, limit: int = 100) -> list[BatchStatus]:
        """The newest first."""
        now = self._clock.now()
        return await self._database.read(lambda connection: list_statuses(connection, store_id, limit, now))

    async def _accept(self, work: Callable[[Connection], T], book: AnswerBook | None) -> T:
        """The work and the book's entry in one transaction."""

        def transaction(connection: Connection) -> T:
            if book is not None:
                book.look_up(connection)
            result = work(connection)
            if book is not None:
                book.write_down(connection, result)
            return result

        return await self._database.write(transaction)
