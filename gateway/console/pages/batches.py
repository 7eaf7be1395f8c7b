"""The batch that the wall tells of: the one in progress, else the newest.

In: a store's sessions. Out: one line for the page. Rule: nothing is counted here; the counts are the batch's own.
"""

import msgspec

from gateway.batch import BatchStatus, Sessions, SessionState
from gateway.console.pages.limits import BATCHES_LOOKED_AT
from gateway.ports import to_ms


class BatchLine(msgspec.Struct, frozen=True, rename="camel"):
    """`finished_at`: ms since the Unix epoch. Of labels: `total` to prove, `synced` drawn, `confirmed` proved."""

    id: str
    state: str
    phase: str | None
    progress: int
    received: int
    saved: int
    rejected: int
    total: int
    synced: int
    confirmed: int
    failure: str | None
    finished_at: int | None


async def current_batch(sessions: Sessions, store_id: str) -> BatchLine | None:
    newest_first = await sessions.list_sessions(store_id, BATCHES_LOOKED_AT)
    processing = [one for one in newest_first if one.status is SessionState.PROCESSING]
    if processing:
        return _line(processing[-1])  # they are processed one after another, the oldest first
    still_open = [one for one in newest_first if one.status is SessionState.OPEN]
    chosen = still_open or newest_first
    return _line(chosen[0]) if chosen else None


def _line(status: BatchStatus) -> BatchLine:
    return BatchLine(
        id=status.session_id,
        state=status.status.value,
        phase=status.phase.value if status.phase is not None else None,
        progress=status.progress,
        received=status.products_received,
        saved=status.products_saved,
        rejected=status.rejected,
        total=status.tags_total,
        synced=status.tags_synced,
        confirmed=status.tags_confirmed,
        failure=status.failure,
        finished_at=to_ms(status.finished_at) if status.finished_at is not None else None,
    )
