"""The batch flow: start, push, complete, and what is asked while it is processed.

In: requests. Out: what `gateway.batch.Sessions` says, under the contract's names.
Rule: nothing is decided here but names and statuses. Source: the POS contract, Batches.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial

from litestar import Response
from sqlalchemy import Connection

from gateway.access import Grant, note_sandbox
from gateway.batch import (
    BatchStatus,
    PushResult,
    SessionCompleted,
    SessionMode,
    SessionRowIssue,
    SessionStarted,
    SessionState,
)
from gateway.database import DatabaseFull
from gateway.pos_api.answers import Answer, as_response, issue_json, ok
from gateway.pos_api.book import Entry
from gateway.pos_api.checklist import marks_of_rows
from gateway.pos_api.desk import Desk, grant_of
from gateway.pos_api.exchange import exchange_of
from gateway.pos_api.limits import PRODUCTS_PER_REQUEST_MAX, STATUS_POLL_S
from gateway.pos_api.moment import moment_text
from gateway.pos_api.page import page_of
from gateway.pos_api.problem import Problem, dump
from gateway.pos_api.request import PosRequest, flag, json_of, members_of, named_session, rows_of, session_id_of
from gateway.pos_api.row_answer import RowAnswer
from gateway.pos_api.saving import settings_for_writing

_MODES: Mapping[object, SessionMode] = {
    None: SessionMode.UPDATE,
    "update": SessionMode.UPDATE,
    "full": SessionMode.FULL,
}


async def answer_start(desk: Desk, request: PosRequest) -> Response[bytes]:
    """Raises `Problem`, TooManySessions."""
    grant = grant_of(request)
    members = await members_of(request)
    mode = _mode(members.get("mode"))
    remove_missing = flag("removeMissing", members.get("removemissing"))

    def told(started: SessionStarted) -> Answer:
        members = {
            "success": True,
            "sessionId": started.session_id,
            "expiresAt": moment_text(started.expires_at),
            "expiresInSeconds": started.expires_in_s,
            "maxProductsPerPush": PRODUCTS_PER_REQUEST_MAX,
        }
        return Answer(200, dump(members))

    entry: Entry[SessionStarted] = Entry(answer_of=told, marks_of=lambda _: (), check=_not_fed_elsewhere(grant))
    book = await desk.open_book(request, "/batch/start", entry)
    await desk.services.sessions.start(grant.store_id, mode, remove_missing, book=book)
    return as_response(book.answer)


async def answer_push(desk: Desk, request: PosRequest) -> Response[bytes]:
    """Raises `Problem`, SessionUnknown, SessionExpired, SessionClosed."""
    grant = grant_of(request)
    sent = rows_of(await json_of(request), in_session=True)
    session_id = named_session(request, sent.session_id)
    request_id = exchange_of(request.scope).request_id
    rejected_before = frozenset(desk.checklist.rejected(grant))

    def told(pushed: PushResult) -> Answer:
        return RowAnswer(
            received=pushed.received,
            accepted=pushed.accepted,
            rejected=pushed.rejected,
            errors=pushed.errors,
            warnings=[*sent.remarks, *pushed.warnings],
            displays=pushed.displays,
            counts={
                "created": pushed.created,
                "updated": pushed.updated,
                "unchanged": pushed.unchanged,
                "superseded": 0,
            },
            extra={"sessionId": session_id},
        ).told(request_id)

    def marks(pushed: PushResult) -> Sequence[str]:
        return marks_of_rows(pushed.rows, pushed.errors, pushed.warnings, rejected_before)

    entry: Entry[PushResult] = Entry(answer_of=told, marks_of=marks, check=_not_fed_elsewhere(grant))
    book = await desk.open_book(request, "/batch/push", entry)
    pushed = await desk.services.sessions.push(grant.store_id, session_id, sent.rows, grant.field_map, book=book)
    desk.checklist.remember(grant, pushed.rows, pushed.errors)
    return as_response(book.answer)


async def answer_complete(desk: Desk, request: PosRequest) -> Response[bytes]:
    """Raises `Problem`, SessionUnknown, SessionExpired, TooManyMissing."""
    members = await members_of(request)
    session_id = named_session(request, session_id_of(members.get("sessionid")))
    force = flag("force", members.get("force"))
    grant = grant_of(request)
    guard = _Guard(_not_fed_elsewhere(grant))
    completed: SessionCompleted = await desk.services.sessions.complete(grant.store_id, session_id, force, book=guard)
    return ok({"success": True, "sessionId": completed.session_id, "status": completed.status})


async def answer_status(desk: Desk, request: PosRequest, session_id: str) -> Response[bytes]:
    """Raises SessionUnknown."""
    grant = grant_of(request)
    status = await desk.services.sessions.status(grant.store_id, session_id)
    if status.status is SessionState.COMPLETED:
        await _note_completed(desk, grant)
    headers = {"Retry-After": str(STATUS_POLL_S)} if status.status is SessionState.PROCESSING else None
    return ok(_status_json(status), headers=headers)


async def answer_errors(desk: Desk, request: PosRequest, session_id: str) -> Response[bytes]:
    """Raises `Problem` query_invalid, SessionUnknown."""
    page = page_of(request)
    listed = await desk.services.sessions.errors(
        grant_of(request).store_id, session_id, page.after_number(least=0), page.limit
    )
    items = [_error_json(one) for one in listed]
    return ok(page.answer(session_id, items, str(listed[-1].seq) if listed else None))


async def answer_missing(desk: Desk, request: PosRequest, session_id: str) -> Response[bytes]:
    """Raises `Problem` query_invalid, SessionUnknown."""
    page = page_of(request)
    listed = await desk.services.sessions.missing(
        grant_of(request).store_id, session_id, page.after_number(least=-1), page.limit
    )
    items: list[dict[str, object]] = [{"barcode": one.barcode} for one in listed]
    return ok(page.answer(session_id, items, str(listed[-1].position) if listed else None))


async def answer_unconfirmed(desk: Desk, request: PosRequest, session_id: str) -> Response[bytes]:
    """Raises `Problem` query_invalid, SessionUnknown."""
    page = page_of(request)
    listed = await desk.services.sessions.unconfirmed(
        grant_of(request).store_id, session_id, page.after or "", page.limit
    )
    items: list[dict[str, object]] = [
        {"display": one.display_id, "neededRevision": one.needed_revision, "reason": one.reason} for one in listed
    ]
    return ok(page.answer(session_id, items, listed[-1].display_id if listed else None))


async def _note_completed(desk: Desk, grant: Grant) -> None:
    if desk.checklist.wants_completed(grant):
        note = partial(note_sandbox, store_id=grant.store_id, mark="batch_completed", now=desk.services.clock.now())
        with suppress(DatabaseFull):  # no reason to refuse a poll; the next one notes it
            await desk.services.database.write(note)
            desk.checklist.note_completed(grant)


def _not_fed_elsewhere(grant: Grant) -> Callable[[Connection], None]:
    """Raises `Problem` store_fed_elsewhere, in the transaction that would have taken something."""

    def check(connection: Connection) -> None:
        settings_for_writing(connection, grant.store_id)

    return check


class _Guard:
    """The `AnswerBook` of a request whose answer need not be kept: it only checks."""

    def __init__(self, check: Callable[[Connection], None]) -> None:
        self.look_up = check

    def write_down(self, connection: Connection, answer: object) -> None:
        return


def _mode(sent: object) -> SessionMode:
    mode = _MODES.get(sent) if sent is None or isinstance(sent, str) else None
    if mode is None:
        raise Problem("field_invalid", "`mode` is neither update nor full.")
    return mode


def _status_json(status: BatchStatus) -> dict[str, object]:
    is_lost = status.status in (SessionState.FAILED, SessionState.EXPIRED)
    return {
        "success": status.rejected == 0 and not is_lost,
        "sessionId": status.session_id,
        "mode": status.mode.value,
        "status": status.status.value,
        "phase": status.phase.value if status.phase else None,
        "progress": status.progress,
        "productsReceived": status.products_received,
        "productsSaved": status.products_saved,
        "created": status.created,
        "updated": status.updated,
        "unchanged": status.unchanged,
        "superseded": status.superseded,
        "missing": status.missing,
        "rejected": status.rejected,
        "tagsTotal": status.tags_total,
        "tagsSynced": status.tags_synced,
        "tagsConfirmed": status.tags_confirmed,
        "tagsConfirmedByReport": status.tags_confirmed_by_report,
        "tagsUnconfirmed": status.tags_unconfirmed,
        "verification": {
            "round": status.verification.round,
            "rounds": status.verification.rounds,
            "nextCheckAt": moment_text(status.verification.next_check_at),
        },
        "errors": [_error_json(one) for one in status.errors],
        "failure": status.failure,
        "startedAt": moment_text(status.started_at),
        "expiresAt": moment_text(status.expires_at),
        "completedAt": moment_text(status.completed_at),
        "savedAt": moment_text(status.saved_at),
        "syncedAt": moment_text(status.synced_at),
        "finishedAt": moment_text(status.finished_at),
    }


def _error_json(one: SessionRowIssue) -> dict[str, object]:
    return {"push": one.push_no, **issue_json(one.issue)}
