"""Everything that can go wrong with a request, by code, and how it is told (RFC 9457).

In: a `Problem`, raised anywhere while a request is answered. Out: an `application/problem+json` document.
Rule: a code is stable and stands in `PROBLEMS`, from which the OpenAPI document and docs/pos-api.md are made.
Source: the POS contract, What a POS may rely on, 3.
"""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from msgspec import Struct

MEDIA_TYPE = "application/problem+json"


class ProblemKind(Struct, frozen=True):
    """One code: the status it comes with, what it means, and what the POS does next."""

    code: str
    status: int
    title: str
    meaning: str


def _kinds(*rows: tuple[str, int, str, str]) -> Mapping[str, ProblemKind]:
    return {row[0]: ProblemKind(*row) for row in rows}


PROBLEMS: Mapping[str, ProblemKind] = _kinds(
    (
        "malformed_body",
        400,
        "The body cannot be read",
        "Not JSON, not in its character set, not in its coding, or nested too deeply; `detail` names line and column. "
        "Nothing was taken. Mend the body and send it again.",
    ),
    (
        "query_invalid",
        400,
        "The query cannot be read",
        "A query parameter or a header that belongs to it is missing or has a value that is not allowed.",
    ),
    (
        "idempotency_key_invalid",
        400,
        "The Idempotency-Key cannot be used",
        "1 to 255 visible ASCII characters are wanted.",
    ),
    (
        "bad_request",
        400,
        "The request cannot be read",
        "Something below the contract is wrong, such as the Host header.",
    ),
    (
        "authorization_missing",
        401,
        "No Authorization header",
        "Send `Authorization: Bearer <token>`. Tokens are read from no other place.",
    ),
    (
        "scheme_not_bearer",
        401,
        "The Authorization scheme is not Bearer",
        "Send `Authorization: Bearer <token>`, with the word Bearer and one blank before the token.",
    ),
    (
        "token_malformed",
        401,
        "That is not a token",
        "Nothing, or more than one word, follows the word Bearer. Copy the token again, whole.",
    ),
    (
        "token_unknown",
        401,
        "The token is unknown or revoked",
        "Ask the operator of the gateway for a new one (`esl token create`).",
    ),
    (
        "path_unknown",
        404,
        "There is nothing at this path",
        "See /docs for the paths there are.",
    ),
    (
        "session_unknown",
        404,
        "The session is unknown",
        "No session of this store has that id. Start a new one.",
    ),
    (
        "product_unknown",
        404,
        "The product is unknown",
        "No product of this store has that barcode, or it was removed.",
    ),
    (
        "method_not_allowed",
        405,
        "The path exists, the method does not",
        "The `Allow` header names the methods there are.",
    ),
    (
        "idempotency_key_reused",
        409,
        "The Idempotency-Key was used for another request",
        "Take a new key for each new request; repeat an old one only with the very same body.",
    ),
    (
        "session_closed",
        409,
        "The session takes no more rows",
        "It was completed. Start a new session for further rows.",
    ),
    (
        "too_many_sessions",
        409,
        "Too many sessions are open",
        "Complete one, or wait until one expires, 30 minutes after its start.",
    ),
    (
        "too_many_missing",
        409,
        "Too much of the store would be removed",
        'More than 20 % of the products were not sent. Send them, or complete with `"force": true`.',
    ),
    (
        "store_fed_elsewhere",
        409,
        "The products of this store come from elsewhere",
        "`detail` names the source; send the change there.",
    ),
    (
        "session_expired",
        410,
        "The session has expired",
        "30 minutes have passed since its start; nothing of it was saved. Start a new one.",
    ),
    (
        "body_too_large",
        413,
        "The body is too large",
        "At most 16 MB after decoding. Nothing was taken. Send fewer products at a time.",
    ),
    (
        "too_many_products",
        413,
        "Too many products in one request",
        "At most 1,000. Nothing was taken. Send the list in parts.",
    ),
    (
        "charset_unknown",
        415,
        "The character set is unknown",
        "Send UTF-8, and name no other character set in Content-Type.",
    ),
    (
        "coding_unknown",
        415,
        "The content coding is unknown",
        "Send the body as it is, or with `Content-Encoding: gzip` or `deflate`.",
    ),
    (
        "rows_rejected",
        422,
        "Every row was rejected",
        "Nothing was saved; `errors` says why, row by row. Rows that are mended may be sent again.",
    ),
    (
        "atomic_rejected",
        422,
        "A row was rejected, so nothing was saved",
        "All or nothing was asked for (`?atomic=true`); `errors` names the rows to mend.",
    ),
    (
        "wrong_shape",
        422,
        "The body is JSON, but not of the shape wanted",
        "Send one product, an array of products, or an object with the field wanted, as /docs shows.",
    ),
    (
        "field_invalid",
        422,
        "A field has a value that is not allowed",
        "`detail` names the field and the values there are. Nothing was done.",
    ),
    (
        "rate_limited",
        429,
        "Too many requests",
        "This token has used up its burst. Wait as long as `Retry-After` says; use a batch for long lists.",
    ),
    (
        "internal_error",
        500,
        "The gateway has failed",
        "Our fault. What was answered with 2xx before is saved; repeat this request, and tell us the `requestId`.",
    ),
    (
        "not_ready",
        503,
        "The gateway is not ready",
        "It starts, stops, or cannot reach what it needs; `detail` says which. Try again soon.",
    ),
    (
        "storage_full",
        503,
        "The disk of the gateway is full",
        "This request was not saved. The operator must free space; then repeat it.",
    ),
)


class Fault(Struct, frozen=True):
    """One entry of `errors`. `index` and `barcode` are empty where no row is meant."""

    code: str
    message: str
    index: int | None = None
    barcode: str | None = None
    field: str | None = None
    hint: str | None = None

    def to_json(self) -> dict[str, object]:
        return {
            "index": self.index,
            "barcode": self.barcode,
            "field": self.field,
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
        }


class Problem(Exception):
    """The request ends here, with this answer. `code` is one of `PROBLEMS`; `detail` is for the person at the POS."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        faults: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.kind = PROBLEMS[code]
        self.detail = detail
        self.faults = tuple(faults)
        self.headers = dict(headers or {})
        self.members = dict(members or {})

    def document(self, request_id: str) -> dict[str, object]:
        """The problem document; members of the answer's own shape stand beside those of the standard."""
        return {
            "type": f"urn:esl-gateway:problem:{self.kind.code}",
            "title": self.kind.title,
            "status": self.kind.status,
            "detail": self.detail,
            "code": self.kind.code,
            "errors": [fault.to_json() for fault in self.faults],
            "success": False,
            "message": self.detail,
            "requestId": request_id,
            **self.members,
        }


def problem_of_status(status: int, detail: str, headers: Mapping[str, str]) -> Problem:
    """What the framework itself refuses, in our words."""
    match status:
        case HTTPStatus.NOT_FOUND:
            return Problem("path_unknown", "There is nothing at this path; /docs shows the paths there are.")
        case HTTPStatus.METHOD_NOT_ALLOWED:
            allowed = with_head(headers.get("allow", ""))
            words = f"This path does not know the method; it knows {allowed}."
            return Problem("method_not_allowed", words, headers={"Allow": allowed})
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return Problem("body_too_large", "The body is larger than 16 MB.")
        case _ if 400 <= status < 500:
            return Problem("bad_request", detail or "The request cannot be read.")
        case _:
            return Problem("internal_error", "The gateway has failed while it answered; the request may be repeated.")


def with_head(allow: str) -> str:
    """The methods of a path in alphabetical order; HEAD works wherever GET does."""
    methods = {method.strip() for method in allow.split(",") if method.strip()}
    return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))


def dump(document: Mapping[str, object]) -> bytes:
    """The octets of an answer. Lone surrogates, which UTF-8 cannot hold, stay escaped."""
    try:
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(document, separators=(",", ":")).encode()
