"""Puts the document together: operations, schemas, examples, and every problem under its status.

In: the prefixes under which this gateway answers. Out: an OpenAPI 3.1 document, as plain data.
Rule: nothing is written twice; a route, a code or a field that is not in the tables is not in the document, and tests
hold the tables against the routes. Source: the POS contract, rules 3, 6, 10.
"""

from collections.abc import Sequence

from gateway.pos_api.openapi.examples import ANSWER_EXAMPLES, REQUEST_EXAMPLES
from gateway.pos_api.openapi.paths import LINKS, OPERATIONS, PARAMETERS, Operation
from gateway.pos_api.openapi.schemas import Schema, answer_schemas, ref, request_schemas, row_problem_schemas
from gateway.pos_api.openapi.status import status_schemas
from gateway.pos_api.path import PREFIXES
from gateway.pos_api.problem import MEDIA_TYPE, PROBLEMS, Problem

API_VERSION = "0.1.0"

_WITH_TOKEN = ("authorization_missing", "scheme_not_bearer", "token_malformed", "token_unknown")
_COUNTED = ("rate_limited",)
_WRITES = ("storage_full",)
_FAILING = ("internal_error",)
_ALWAYS = ("bad_request",)
_HEADERS: dict[str, Schema] = {
    "RequestId": {"description": "Names this request in the gateway's log.", "schema": {"type": "string"}},
    "Environment": {
        "description": "What the token acts on.",
        "schema": {"type": "string", "enum": ["sandbox", "production"]},
    },
    "RetryAfter": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}},
    "WwwAuthenticate": {"description": "Bearer.", "schema": {"type": "string"}},
    "Replayed": {
        "description": "`true` where the answer was remembered with its Idempotency-Key.",
        "schema": {"type": "string"},
    },
}
_TITLES = {200: "Nothing was rejected.", 207: "Some rows were taken, some rejected.", 302: "See there."}


def document(prefixes: Sequence[str] = PREFIXES) -> Schema:
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "esl-gateway POS API",
            "version": API_VERSION,
            "summary": "From the till to the shelf label.",
            "description": "Compatible with the published overview of the Retagly API; not affiliated with Retagly. "
            "Each token names one store. Later versions add fields and codes; they never change or remove one.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": prefix or "/"} for prefix in prefixes],
        "security": [{"token": []}],
        "tags": [
            {"name": "Products", "description": "Single updates, and reading back."},
            {"name": "Batch", "description": "start, push as often as needed, complete, then poll the status."},
            {"name": "Connection", "description": "Whether the gateway is there."},
        ],
        "paths": _paths(),
        "components": {
            "schemas": {**request_schemas(), **answer_schemas(), **status_schemas(), **row_problem_schemas()},
            "parameters": PARAMETERS,
            "headers": _HEADERS,
            "links": LINKS,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "From `esl token create`."}
            },
        },
    }


def _paths() -> Schema:
    paths: dict[str, Schema] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation)
    return dict(paths)


def _operation(operation: Operation) -> Schema:
    written: Schema = {
        "operationId": operation.operation_id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.description,
        "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in operation.parameters],
        "responses": _responses(operation),
    }
    if not operation.needs_token:
        written["security"] = []
    if operation.body is not None:
        examples = {name: REQUEST_EXAMPLES[name] for name in operation.examples}
        content = {operation.media_type: {"schema": operation.body, "examples": examples}}
        written["requestBody"] = {"required": operation.body_required, "content": content}
    return written


def _responses(operation: Operation) -> Schema:
    responses: Schema = {}
    links = {name: {"$ref": f"#/components/links/{name}"} for name in operation.links}
    for status, schema in operation.answers.items():
        example = ANSWER_EXAMPLES.get(schema)
        content: Schema = {"schema": ref(schema)}
        if example is not None and status == 200:
            content["example"] = example
        responses[str(status)] = {
            "description": _TITLES[status],
            "headers": _headers(operation, *operation.headers, *_replayed(operation)),
            "content": {"application/json": content},
            **({"links": links} if links else {}),
        }
    for status, codes in _problems_by_status(operation).items():
        responses[str(status)] = _problem_response(operation, status, codes)
    return responses


def _problems_by_status(operation: Operation) -> dict[int, list[str]]:
    codes = [*operation.problems, *_ALWAYS]
    if operation.needs_token:
        codes += (*_WITH_TOKEN, *_FAILING)
        codes += _COUNTED if operation.is_counted else ()
        codes += _WRITES if operation.method == "post" else ()
    by_status: dict[int, list[str]] = {}
    for code in sorted(codes, key=lambda code: PROBLEMS[code].status):
        by_status.setdefault(PROBLEMS[code].status, []).append(code)
    return by_status


def _problem_response(operation: Operation, status: int, codes: list[str]) -> Schema:
    schema = operation.rows_problem if status == 422 and operation.rows_problem else "Problem"
    more = {401: ("WwwAuthenticate",), 429: ("RetryAfter",), 503: ("RetryAfter",)}.get(status, ())
    return {
        "description": "\n".join(f"- `{code}`: {PROBLEMS[code].meaning}" for code in codes),
        "headers": _headers(operation, *more),
        "content": {
            MEDIA_TYPE: {"schema": ref(schema), "examples": {code: _problem_example(code, schema) for code in codes}}
        },
    }


def _problem_example(code: str, schema: str) -> Schema:
    kind = PROBLEMS[code]
    counts = {
        "RowsProblem": ("created", "updated", "unchanged", "superseded"),
        "PushProblem": ("created", "updated", "unchanged", "superseded"),
        "DeleteProblem": ("removed",),
    }.get(schema)
    members: Schema = {}
    if counts is not None and code in ("rows_rejected", "atomic_rejected"):
        fault = {
            "index": 0,
            "barcode": "4006381333931",
            "field": "price",
            "code": "price_format",
            "message": "price: “1,29” is not a price.",
            "hint": "A number or a text with a decimal point and at most 2 decimals, as 1.29.",
        }
        received = 2 if code == "atomic_rejected" else 1
        members = {"errors": [fault], "received": received, "accepted": 0, "rejected": 1}
        members |= dict.fromkeys(counts, 0) | {"warnings": [], "displays": 0}
    example = Problem(code, kind.meaning, members=members).document("5f0c1e2d3a4b5c6d")
    return {"summary": kind.title, "value": example}


def _replayed(operation: Operation) -> tuple[str, ...]:
    return ("Replayed",) if "idempotencyKey" in operation.parameters else ()


def _headers(operation: Operation, *more: str) -> Schema:
    names = {
        "RequestId": "X-Request-Id",
        "Environment": "X-ESL-Environment",
        "RetryAfter": "Retry-After",
        "WwwAuthenticate": "WWW-Authenticate",
        "Replayed": "Idempotency-Replayed",
    }
    wanted = ["RequestId", *(["Environment"] if operation.needs_token else []), *more]
    return {names[name]: {"$ref": f"#/components/headers/{name}"} for name in wanted}
