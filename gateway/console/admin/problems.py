"""Everything that can go wrong with an admin request, by meaning, and how it is told (RFC 9457).

In: errors of the folders below. Out: the same `application/problem+json` documents as the POS API's.
Rule: one table turns errors into answers; a handler never builds one. A code is stable.
"""

import json
from collections.abc import Mapping, Sequence

import structlog
from litestar import Request, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException, NotAuthorizedException, ValidationException
from litestar.types import ExceptionHandlersMap, Scope
from msgspec import Struct

from firmware_protocol import FieldError
from gateway.access import (
    FieldInvalid,
    SandboxIncomplete,
    StoreExists,
    StoreUnknown,
    TokenUnknown,
    TooManyTokens,
)
from gateway.batch import SessionUnknown
from gateway.catalog import FieldMapInvalid
from gateway.console.admin.services import AdminServices
from gateway.database import DatabaseFailure, DatabaseFull
from gateway.delivery import BridgeRefused
from gateway.shelf import BindingRefused, DisplayUnknown, PanelUnknown, ProductUnknown, TagElsewhere, TagUnknown

log = structlog.get_logger("console")
MEDIA_TYPE = "application/problem+json"


class TemplateUnknown(LookupError):
    """No template has that name."""


class BridgeUnknown(LookupError):
    """The store has no such bridge."""


class TooMany(ValueError):
    """More in one request than one transaction shall take. Nothing was taken."""


class FedElsewhere(ValueError):
    """Another authority keeps the products of the store."""


class NothingDrawn(LookupError):
    """The display was never bound, so there is no picture that it should show."""


class AdminProblem(Struct, frozen=True):
    """One kind of answer. `meaning`: what it means and what to do, for docs/operating.md."""

    status: int
    code: str
    title: str
    meaning: str


_FIELD_INVALID = AdminProblem(422, "field_invalid", "A field cannot be taken", "`detail` names it and what is wanted.")
PROBLEMS: Mapping[type[Exception], AdminProblem] = {
    NotAuthorizedException: AdminProblem(
        401,
        "admin_token_wanted",
        "The admin token is wanted",
        "Send `Authorization: Bearer` with what admin.token holds.",
    ),
    TooMany: AdminProblem(413, "too_many", "Too much in one request", "Nothing was taken. Send it in parts."),
    StoreUnknown: AdminProblem(404, "store_unknown", "There is no such store", "`esl store list` shows the stores."),
    StoreExists: AdminProblem(409, "store_exists", "The store exists already", "Take another name, or use that store."),
    FedElsewhere: AdminProblem(
        409,
        "store_fed_elsewhere",
        "The products of this store come from elsewhere",
        "`detail` names the source; make the change there.",
    ),
    FieldInvalid: _FIELD_INVALID,
    FieldError: _FIELD_INVALID,
    ValidationException: AdminProblem(
        422, "wrong_shape", "The body is not of the shape wanted", "`errors` names each field and what is wanted."
    ),
    FieldMapInvalid: AdminProblem(
        422, "field_map_invalid", "The field map cannot be taken", "`detail` says which of our fields there are."
    ),
    TokenUnknown: AdminProblem(404, "token_id_unknown", "There is no such token", "`esl token list` shows their ids."),
    TooManyTokens: AdminProblem(
        409, "too_many_tokens", "Two tokens of this kind are live", "Revoke one: `esl token revoke ID`."
    ),
    SandboxIncomplete: AdminProblem(
        409,
        "sandbox_incomplete",
        "The sandbox checklist is not complete",
        "`esl sandbox report STORE` shows what is missing; `--force` goes on without, and is remembered.",
    ),
    TagUnknown: AdminProblem(404, "tag_unknown", "There is no such tag", "`esl tags list` shows the tags."),
    TagElsewhere: AdminProblem(
        409, "tag_elsewhere", "The tag id is taken", "By another store, or by a tag with another factory code."
    ),
    PanelUnknown: AdminProblem(422, "panel_unknown", "There is no such panel", "`detail` names the panels there are."),
    DisplayUnknown: AdminProblem(
        404, "display_unknown", "There is no such display", "`esl tags list` shows the displays of each tag."
    ),
    ProductUnknown: AdminProblem(
        404, "product_unknown", "There is no such product", "Send it first; `esl product list` shows the products."
    ),
    BindingRefused: AdminProblem(
        422, "binding_refused", "The display cannot show that", "`detail` says how many products it can show."
    ),
    TemplateUnknown: AdminProblem(
        422, "template_unknown", "There is no such template", "`detail` names the templates there are."
    ),
    NothingDrawn: AdminProblem(
        404, "nothing_drawn", "There is no picture for it yet", "Bind the display to a product: `esl bind`."
    ),
    BridgeRefused: AdminProblem(
        422, "bridge_refused", "The bridge cannot be registered", "`detail` says what is wanted."
    ),
    BridgeUnknown: AdminProblem(404, "bridge_unknown", "There is no such bridge", "`esl bridge list` shows them."),
    SessionUnknown: AdminProblem(
        404, "session_unknown", "There is no such batch", "`esl batch list` shows those of the last 30 days."
    ),
    DatabaseFull: AdminProblem(
        503, "storage_full", "The disk of the gateway is full", "Nothing was saved. Free space, then repeat it."
    ),
    DatabaseFailure: AdminProblem(
        503, "not_ready", "The gateway cannot use its database", "Nothing was saved; `detail` says why."
    ),
    Exception: AdminProblem(
        500, "internal_error", "The gateway has failed", "Our fault. Repeat it, and tell us the `requestId`."
    ),
}


def exception_handlers(services: AdminServices) -> ExceptionHandlersMap:
    """For the admin router: every error of the table as its document."""

    def answer(request: Request[object, object, State], error: Exception) -> Response[bytes]:
        return problem_answer(services, request.scope, error)

    return {HTTPException: answer, **dict.fromkeys(PROBLEMS, answer)}


def problem_answer(services: AdminServices, scope: Scope, error: Exception) -> Response[bytes]:
    problem = _problem_of(error)
    detail = problem.title if problem.status == 500 else _words(error)
    if problem.status == 500:
        log.error("admin_request_failed", exc_info=error)
    document = {
        "type": f"urn:esl-gateway:problem:{problem.code}",
        "title": problem.title,
        "status": problem.status,
        "detail": detail,
        "code": problem.code,
        "errors": _errors(error),
        "success": False,
        "message": detail,
        "requestId": services.request_id_of(scope),
    }
    headers = {"WWW-Authenticate": "Bearer"} if problem.status == 401 else {}
    return Response(
        json.dumps(document, ensure_ascii=False).encode(),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers=headers,
    )


def _problem_of(error: Exception) -> AdminProblem:
    for kind in type(error).__mro__:
        if kind is Exception:
            break
        if issubclass(kind, Exception) and kind in PROBLEMS:
            return PROBLEMS[kind]
    if isinstance(error, HTTPException) and error.status_code < 500:
        return AdminProblem(error.status_code, "bad_request", "The request cannot be read", "")
    return PROBLEMS[Exception]


def _words(error: Exception) -> str:
    return error.detail if isinstance(error, HTTPException) else str(error)


def _errors(error: Exception) -> Sequence[Mapping[str, object]]:
    if isinstance(error, SandboxIncomplete):
        return [{"code": item.mark, "message": item.sentence} for item in error.missing]
    if isinstance(error, ValidationException) and isinstance(error.extra, list):
        return [
            {"code": "wrong_shape", "field": one.get("key"), "message": one.get("message")}
            for one in error.extra
            if isinstance(one, dict)
        ]
    return []
