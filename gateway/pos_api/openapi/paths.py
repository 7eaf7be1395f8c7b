"""The operations of the document, one row each: what is asked, what is answered, and every problem there may be.

Rule: root paths only; the prefixes are `servers`. What every operation with a token may answer (401, 429, 500, 503) is
added by `document`. Source: the POS contract.
"""

from msgspec import Struct, field

from gateway.pos_api.limits import IDEMPOTENCY_KEY_LENGTH_MAX, PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX
from gateway.pos_api.openapi.schemas import SESSION_ID, Schema, ref

_BODY = ("malformed_body", "body_too_large", "charset_unknown", "coding_unknown")
_ROWS = (*_BODY, "too_many_products", "wrong_shape", "rows_rejected")
_KEY = ("idempotency_key_invalid", "idempotency_key_reused")
_SAVED = (*_ROWS, *_KEY, "query_invalid", "store_fed_elsewhere", "atomic_rejected")
_SESSION = ("session_unknown", "session_expired")


class Operation(Struct, frozen=True):
    """`answers`: schema by status; `problems`: codes, whose statuses follow; `rows_problem`: the schema of its 422."""

    method: str
    path: str
    operation_id: str
    tag: str
    summary: str
    description: str
    answers: dict[int, str]
    problems: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    body: Schema | None = None
    body_required: bool = True
    examples: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    rows_problem: str | None = None
    needs_token: bool = True
    is_counted: bool = True
    media_type: str = "application/json"
    headers: tuple[str, ...] = field(default=())


def _one_or_more(row: str, envelope: str) -> Schema:
    several: Schema = {"type": "array", "maxItems": 1000, "items": ref(row)}
    return {"anyOf": [ref(envelope), several, ref(row)]}


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "post",
        "/add",
        "addProducts",
        "Products",
        "Add products",
        "New products, each with barcode, name and price; a known barcode is updated. Good rows are saved in one "
        "transaction, bad ones listed. After saving, every display bound to the barcode updates by itself.",
        {200: "RowsAnswer", 207: "RowsAnswer"},
        (
            *_ROWS,
            "query_invalid",
            "idempotency_key_invalid",
            "idempotency_key_reused",
            "store_fed_elsewhere",
            "atomic_rejected",
        ),
        ("atomic", "idempotencyKey"),
        _one_or_more("NewProduct", "NewProducts"),
        examples=("oneProduct", "severalProducts"),
        rows_problem="RowsProblem",
    ),
    Operation(
        "post",
        "/productUpdate",
        "updateProducts",
        "Products",
        "Change products",
        "As /add, but the name may be left out: what a row does not name is kept. Meant for price, stock and sale "
        "changes. A barcode that is not known needs name and price.",
        {200: "RowsAnswer", 207: "RowsAnswer"},
        (
            *_ROWS,
            "query_invalid",
            "idempotency_key_invalid",
            "idempotency_key_reused",
            "store_fed_elsewhere",
            "atomic_rejected",
        ),
        ("atomic", "idempotencyKey"),
        _one_or_more("ProductChange", "ProductChanges"),
        examples=("newPrice", "saleStarts", "saleEnds"),
        rows_problem="RowsProblem",
    ),
    Operation(
        "post",
        "/delete",
        "removeProducts",
        "Products",
        "Remove products",
        "Their displays go to the unbound picture. A barcode that is not in the catalogue is a warning, so that a "
        "repeat is harmless.",
        {200: "DeleteAnswer", 207: "DeleteAnswer"},
        (*_ROWS, "store_fed_elsewhere"),
        (),
        ref("Barcodes"),
        examples=("barcodes",),
        rows_problem="DeleteProblem",
    ),
    Operation(
        "get",
        "/products",
        "readProduct",
        "Products",
        "Read a product back",
        "The product as it is kept, and what each display bound to it should show and has proved.",
        {200: "ProductAnswer"},
        ("query_invalid", "product_unknown"),
        ("barcode",),
    ),
    Operation(
        "post",
        "/batch/start",
        "startBatch",
        "Batch",
        "Start a session",
        "Takes an empty body. The session expires 30 minutes after its start; pushes do not prolong it, completing "
        "stops the clock.",
        {200: "SessionAnswer"},
        (
            *_BODY,
            "wrong_shape",
            "field_invalid",
            "idempotency_key_invalid",
            "idempotency_key_reused",
            "store_fed_elsewhere",
            "too_many_sessions",
        ),
        ("idempotencyKey",),
        ref("SessionStart"),
        body_required=False,
        examples=("update", "full"),
        links=("push", "complete", "status"),
    ),
    Operation(
        "post",
        "/batch/push",
        "pushProducts",
        "Batch",
        "Send products",
        "As often as needed, up to 1,000 products each. A row follows /productUpdate; known means in the catalogue or "
        "in an earlier accepted row of the session. An accepted row is never rejected later.",
        {200: "PushAnswer", 207: "PushAnswer"},
        (
            *_ROWS,
            "field_invalid",
            "idempotency_key_invalid",
            "idempotency_key_reused",
            "store_fed_elsewhere",
            "session_unknown",
            "session_expired",
            "session_closed",
        ),
        ("sessionIdQuery", "sessionIdHeader", "idempotencyKey"),
        _one_or_more("ProductChange", "PushedProducts"),
        examples=("push",),
        links=("push", "complete", "status"),
        rows_problem="PushProblem",
    ),
    Operation(
        "post",
        "/batch/complete",
        "completeBatch",
        "Batch",
        "Have the session processed",
        "All products have been sent. Twice: the first answer again.",
        {200: "CompletedAnswer"},
        (*_BODY, *_SESSION, "wrong_shape", "field_invalid", "store_fed_elsewhere", "too_many_missing"),
        ("sessionIdQuery", "sessionIdHeader"),
        ref("SessionEnd"),
        body_required=False,
        examples=("complete",),
        links=("status", "errors", "missing", "unconfirmed"),
    ),
    Operation(
        "get",
        "/batch/{sessionId}/status",
        "readBatchStatus",
        "Batch",
        "Ask how far it is",
        "Every 5 to 10 seconds, until `completed`; never counts against the rate. Kept for 30 days. Late confirmations "
        "still raise `tagsConfirmed`.",
        {200: "StatusAnswer"},
        ("session_unknown",),
        ("sessionId",),
        is_counted=False,
        links=("errors", "unconfirmed"),
        headers=("RetryAfter",),
    ),
    Operation(
        "get",
        "/batch/{sessionId}/errors",
        "listBatchErrors",
        "Batch",
        "List rejected rows",
        "All of them, page by page.",
        {200: "ErrorsPage"},
        ("session_unknown", "query_invalid"),
        ("sessionId", "afterNumber", "limit"),
    ),
    Operation(
        "get",
        "/batch/{sessionId}/missing",
        "listBatchMissing",
        "Batch",
        "List missing products",
        "Products of the store that a `full` session did not send; known once it is being saved.",
        {200: "MissingPage"},
        ("session_unknown", "query_invalid"),
        ("sessionId", "afterNumber", "limit"),
    ),
    Operation(
        "get",
        "/batch/{sessionId}/unconfirmed",
        "listBatchUnconfirmed",
        "Batch",
        "List unconfirmed displays",
        "Each with the reason why its glass has not proved the price yet. Delivery goes on.",
        {200: "UnconfirmedPage"},
        ("session_unknown", "query_invalid"),
        ("sessionId", "afterDisplay", "limit"),
    ),
    Operation(
        "get",
        "/store",
        "readStore",
        "Connection",
        "Test the connection",
        "Which store the token names, and what it may do.",
        {200: "StoreAnswer"},
    ),
    Operation(
        "get",
        "/healthz",
        "checkHealth",
        "Connection",
        "Is the process alive?",
        "Needs no token.",
        {200: "Health"},
        needs_token=False,
    ),
    Operation(
        "get",
        "/readyz",
        "checkReadiness",
        "Connection",
        "Can the gateway do its work?",
        "Needs no token.",
        {200: "Health"},
        ("not_ready",),
        needs_token=False,
    ),
)

PARAMETERS: dict[str, Schema] = {
    "atomic": {
        "name": "atomic",
        "in": "query",
        "description": "All or nothing: if one row is rejected, none is saved (422).",
        "schema": {"type": "boolean", "default": False},
    },
    "idempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Makes a repeat harmless: the first answer comes again, for 24 hours. A new key for each new "
        "request, please.",
        "schema": {"type": "string", "pattern": "^[!-~]+$", "minLength": 1, "maxLength": IDEMPOTENCY_KEY_LENGTH_MAX},
        "example": "till3-2025-07-03-0017",
    },
    "sessionId": {"name": "sessionId", "in": "path", "required": True, "schema": SESSION_ID},
    "sessionIdQuery": {
        "name": "sessionId",
        "in": "query",
        "description": "Counts where the body names no session.",
        "schema": SESSION_ID,
    },
    "sessionIdHeader": {
        "name": "X-Session-Id",
        "in": "header",
        "description": "Counts where neither body nor query names a session.",
        "schema": SESSION_ID,
    },
    "barcode": {
        "name": "barcode",
        "in": "query",
        "required": True,
        "description": "The product's own barcode, exactly.",
        "schema": {"type": "string", "minLength": 1, "pattern": "^[ \\t\\r\\n]*[!-~]([ -~]{0,62}[!-~])?[ \\t\\r\\n]*$"},
        "example": "4006381333931",
    },
    "afterNumber": {
        "name": "after",
        "in": "query",
        "description": "What `next` of the page before said.",
        "schema": {"type": "string", "pattern": "^[0-9]{1,18}$"},
    },
    "afterDisplay": {
        "name": "after",
        "in": "query",
        "description": "What `next` of the page before said.",
        "schema": {"type": "string"},
    },
    "limit": {
        "name": "limit",
        "in": "query",
        "description": "Items on the page.",
        "schema": {"type": "integer", "minimum": 1, "maximum": PAGE_ITEMS_MAX, "default": PAGE_ITEMS_DEFAULT},
    },
}

_FROM_BODY = "$response.body#/sessionId"
LINKS: dict[str, Schema] = {
    "push": {
        "operationId": "pushProducts",
        "description": "Send products into the session.",
        "requestBody": {
            "sessionId": _FROM_BODY,
            "products": [{"barcode": "4006381333931", "name": "Mineralwasser", "price": "3.99"}],
        },
    },
    "complete": {
        "operationId": "completeBatch",
        "description": "Have the session processed.",
        "requestBody": {"sessionId": _FROM_BODY, "force": False},
    },
    **{
        name: {"operationId": operation_id, "description": words, "parameters": {"path.sessionId": _FROM_BODY}}
        for name, operation_id, words in (
            ("status", "readBatchStatus", "Ask how far it is."),
            ("errors", "listBatchErrors", "List rejected rows."),
            ("missing", "listBatchMissing", "List missing products."),
            ("unconfirmed", "listBatchUnconfirmed", "List unconfirmed displays."),
        )
    },
}
