"""Puts an answer into HTTP: what was asked for, or the one problem that stands in its way.

Rule: this is the one place where an error becomes a status, and the one where a request is refused in words.
"""

from collections.abc import Mapping, Sequence

import structlog
from litestar import Response
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap
from msgspec import Struct

from gateway.batch import SessionClosed, SessionExpired, SessionUnknown, TooManyMissing, TooManySessions
from gateway.catalog import RowIssue
from gateway.database import DatabaseFull
from gateway.pos_api.body import ClientLeft
from gateway.pos_api.exchange import exchange_of
from gateway.pos_api.limits import OPEN_SESSIONS_RETRY_S, STORAGE_RETRY_S
from gateway.pos_api.problem import MEDIA_TYPE, Fault, Problem, dump, problem_of_status
from gateway.pos_api.request import PosRequest

_log = structlog.get_logger("pos_api")
_JSON = "application/json"
_REPLAYED = {"Idempotency-Replayed": "true"}


class Answer(Struct, frozen=True):
    """An answer as it is sent, and as it is remembered with its Idempotency-Key."""

    status: int
    content: bytes

    @property
    def media_type(self) -> str:
        return MEDIA_TYPE if self.status >= 400 else _JSON


class AnsweredBefore(Exception):
    """The Idempotency-Key has been answered, with the same body: nothing is to be done, this is the answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__("answered before")
        self.answer = answer


def ok(document: Mapping[str, object], *, headers: Mapping[str, str] | None = None) -> Response[bytes]:
    return Response(dump(document), status_code=200, media_type=_JSON, headers=headers)


def as_response(answer: Answer) -> Response[bytes]:
    return Response(answer.content, status_code=answer.status, media_type=answer.media_type)


def issues_json(issues: Sequence[RowIssue | Fault]) -> list[dict[str, object]]:
    return [issue_json(issue) for issue in issues]


def issue_json(issue: RowIssue | Fault) -> dict[str, object]:
    return {
        "index": issue.index,
        "barcode": issue.barcode,
        "field": issue.field,
        "code": issue.code,
        "message": issue.message,
        "hint": issue.hint,
    }


def problem_of(error: Exception) -> Problem:
    """What an error means to a POS."""
    match error:
        case Problem():
            return error
        case SessionUnknown():
            return Problem("session_unknown", _sentence(error))
        case SessionExpired():
            return Problem("session_expired", _sentence(error))
        case SessionClosed():
            return Problem("session_closed", _sentence(error))
        case TooManySessions():
            retry = {"Retry-After": str(OPEN_SESSIONS_RETRY_S)}
            return Problem("too_many_sessions", _sentence(error), headers=retry)
        case TooManyMissing():
            return Problem("too_many_missing", _sentence(error))
        case DatabaseFull():
            words = "The disk of the gateway is full; this request was not saved. Its operator must free space."
            return Problem("storage_full", words, headers={"Retry-After": str(STORAGE_RETRY_S)})
        case ClientLeft():
            return Problem("bad_request", "The client hung up before its request was whole.")
        case HTTPException():
            return problem_of_status(error.status_code, error.detail, error.headers or {})
        case _:
            return problem_of_status(500, "", {})


def refuse(request: PosRequest, error: Exception) -> Response[bytes]:
    """The problem document for anything that was raised while the request was answered."""
    if isinstance(error, AnsweredBefore):
        answer = error.answer
        return Response(answer.content, status_code=answer.status, media_type=answer.media_type, headers=_REPLAYED)
    problem = problem_of(error)
    exchange = exchange_of(request.scope)
    exchange.code = problem.kind.code
    if problem.kind.status >= 500:
        _log.error("request_failed", request_id=exchange.request_id, exc_info=error)
    content = dump(problem.document(exchange.request_id))
    return Response(content, status_code=problem.kind.status, media_type=MEDIA_TYPE, headers=problem.headers)


EXCEPTION_HANDLERS: ExceptionHandlersMap = {Exception: refuse}


def _sentence(error: Exception) -> str:
    words = str(error)
    return words[:1].upper() + words[1:] + ("" if words.endswith(".") else ".")
