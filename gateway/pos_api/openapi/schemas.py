"""The schemas of the document: rows from the catalogue's field table, answers as the routes write them.

Rule: every object says whether it may hold more. Answers may: later versions add fields, and never change or remove
one. Source: the POS contract, rules 2, 3, 10.
"""

from typing import assert_never

from gateway.catalog import FIELDS, FieldSpec, Kind, RowMode
from gateway.catalog import schema as row_schema
from gateway.pos_api.limits import BODY_OCTETS_MAX, PRODUCTS_PER_REQUEST_MAX, SESSION_S
from gateway.pos_api.problem import PROBLEMS
from gateway.pos_api.row_codes import ROW_ERRORS, ROW_WARNINGS

Schema = dict[str, object]

SESSION_ID: Schema = {
    "type": "string",
    "pattern": "^[A-Za-z0-9_-]{16,64}$",
    "description": "What /batch/start answered.",
    "examples": ["s7Qd0v1eYb2kXcR9mTz4LhWa"],
}
REASONS = (
    "asleep",
    "out_of_range",
    "battery",
    "bridge_down",
    "refused_image",
    "refresh_failed",
    "label_refused",
    "zero_price",
    "unbound",
    "product_removed",
    "superseded",
    "not_yet",
)
_FLAG_WORDS = "^[ \\t\\r\\n]*([tT][rR][uU][eE]|[fF][aA][lL][sS][eE]|0|1)[ \\t\\r\\n]*$"


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def text(description: str, **more: object) -> Schema:
    return {"type": "string", "description": description, **more}


def count(description: str) -> Schema:
    return {"type": "integer", "minimum": 0, "description": description}


def or_null(schema: Schema) -> Schema:
    return {**schema, "type": [schema["type"], "null"]}


def answer(description: str, properties: dict[str, Schema], *, optional: tuple[str, ...] = ()) -> Schema:
    """An object that we answer: all of its fields are there, and later versions may add others."""
    return {
        "type": "object",
        "description": description,
        "required": [name for name in properties if name not in optional],
        "properties": properties,
        "additionalProperties": True,
    }


def moment(description: str) -> Schema:
    return {"type": "string", "format": "date-time", "description": description + " UTC."}


def flag(description: str) -> Schema:
    forms: list[Schema] = [
        {"type": "boolean"},
        {"enum": [0, 1]},
        {"type": "string", "pattern": _FLAG_WORDS},
        {"type": "null"},
    ]
    return {"description": description + " Also 0, 1 and these words as texts; null is false.", "anyOf": forms}


def request_schemas() -> dict[str, Schema]:
    """What a POS sends."""
    return {
        "NewProduct": row_schema(RowMode.ADD),
        "ProductChange": row_schema(RowMode.UPDATE),
        "NewProducts": _envelope("NewProduct"),
        "ProductChanges": _envelope("ProductChange"),
        "PushedProducts": _envelope("ProductChange", with_session=True),
        "Barcodes": _object(
            "What to remove.",
            {
                "barcodes": {
                    "type": "array",
                    "maxItems": PRODUCTS_PER_REQUEST_MAX,
                    "items": _barcode(),
                    "description": "The products' own barcodes.",
                }
            },
            required=["barcodes"],
        ),
        "SessionStart": _object(
            "How the session is meant; an empty body will do.",
            {
                "mode": {
                    "description": "`update`: what is not sent stays. `full`: the session is the whole assortment; an "
                    "omitted optional field is cleared, and products that are not sent are counted in `missing`.",
                    "enum": ["update", "full", None],
                    "default": "update",
                },
                "removeMissing": flag("With `full`: remove the products that were not sent."),
            },
        ),
        "SessionEnd": _object(
            "Which session has been sent whole.",
            {
                "sessionId": or_null(SESSION_ID),
                "force": flag("Remove missing products though they are more than 20 % of the store."),
            },
        ),
    }


def answer_schemas() -> dict[str, Schema]:
    """What a POS reads."""
    return {
        "RowRemark": answer("One thing to say about a row.", _remark_fields()),
        "RowsAnswer": answer("What became of each row.", {"success": _success(), **_row_counts(), **_lists()}),
        "PushAnswer": answer(
            "What became of each row. Accepted rows are staged; the status counts them once they are saved.",
            {"success": _success(), "sessionId": SESSION_ID, **_row_counts(), **_lists()},
        ),
        "DeleteAnswer": answer(
            "What became of each barcode.",
            {
                "success": _success(),
                **_basic_counts(),
                "removed": count("Products that are no longer in the catalogue."),
                **_lists(),
            },
        ),
        "SessionAnswer": answer(
            "A session that takes rows.",
            {
                "success": _success(),
                "sessionId": SESSION_ID,
                "expiresAt": moment("When it expires, unless it is completed before."),
                "expiresInSeconds": {"type": "integer", "description": "From the start.", "examples": [SESSION_S]},
                "maxProductsPerPush": {"type": "integer", "examples": [PRODUCTS_PER_REQUEST_MAX]},
            },
        ),
        "CompletedAnswer": answer(
            "The session is being processed.",
            {"success": _success(), "sessionId": SESSION_ID, "status": _status()},
        ),
        "StoreAnswer": _store(),
        "ProductAnswer": answer(
            "A product as it is kept, and the displays it is bound to.",
            {
                "success": _success(),
                "product": ref("StoredProduct"),
                "displays": {"type": "array", "items": ref("DisplayFact")},
            },
        ),
        "StoredProduct": _stored_product(),
        "DisplayFact": answer(
            "What one display should show, and what it has proved.",
            {
                "display": text("The display's id.", examples=["00124B0001A2B3C4.0"]),
                "desiredRevision": {"type": ["integer", "null"], "description": "Counts up with each new picture."},
                "confirmed": {"type": "boolean", "description": "The glass has proved the desired revision."},
                "provedAt": or_null(moment("When it did.")),
                "reason": _reason(),
            },
        ),
        "Health": answer("The process answers.", {"success": _success(), "status": text("`ok`.")}),
        "Problem": answer("RFC 9457.", _problem_fields(ref("RowRemark"))),
    }


def row_problem_schemas() -> dict[str, Schema]:
    """422s that keep the shape of the answer; `wrong_shape` and `field_invalid` come without the counts."""
    shapes: dict[str, dict[str, Schema]] = {
        "RowsProblem": {**_row_counts(), **_lists()},
        "PushProblem": {"sessionId": SESSION_ID, **_row_counts(), **_lists()},
        "DeleteProblem": {**_basic_counts(), "removed": count("0."), **_lists()},
    }
    fields = _problem_fields(ref("RowRemark"))
    return {
        name: answer(
            "RFC 9457, with the members of the answer.", {**shape, **fields}, optional=tuple(set(shape) - set(fields))
        )
        for name, shape in shapes.items()
    }


def _remark_fields() -> dict[str, Schema]:
    known = ", ".join(f"`{code}`" for code in (*ROW_ERRORS, *ROW_WARNINGS))
    return {
        "index": {
            "type": ["integer", "null"],
            "minimum": 0,
            "description": "The row, from 0; null: none in particular.",
        },
        "barcode": {"type": ["string", "null"], "description": "The row's barcode, as far as it could be read."},
        "field": {"type": ["string", "null"], "description": "The field meant."},
        "code": text(f"Stable; one of {known}. Later versions may add codes."),
        "message": text("For the person at the till."),
        "hint": {"type": ["string", "null"], "description": "The form that is wanted."},
    }


def _basic_counts() -> dict[str, Schema]:
    return {
        "received": count("Rows sent."),
        "accepted": count("Rows taken."),
        "rejected": count("Rows not taken; each has an entry in `errors`."),
    }


def _row_counts() -> dict[str, Schema]:
    return {
        **_basic_counts(),
        "created": count("Rows that brought a product."),
        "updated": count("Rows that changed one."),
        "unchanged": count("Rows that said what was known."),
        "superseded": count("Rows overtaken by newer ones, in the same request or before."),
    }


def _lists() -> dict[str, Schema]:
    remarks: Schema = {"type": "array", "items": ref("RowRemark")}
    return {
        "errors": {**remarks, "description": "Why rows were rejected."},
        "warnings": {**remarks, "description": "What is remarkable about rows that were taken, or rejected."},
        "displays": count("Bound displays that will change."),
    }


def _problem_fields(error: Schema, codes: tuple[str, ...] = tuple(PROBLEMS)) -> dict[str, Schema]:
    return {
        "type": text("`urn:esl-gateway:problem:` and the code.", format="uri"),
        "title": text("The code in words."),
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": text("What is wrong with this request."),
        "code": text("Stable. Later versions may add codes.", examples=[codes[0]]),
        "errors": {"type": "array", "items": error},
        "success": {"const": False, "type": "boolean"},
        "message": text("`detail`, for a person."),
        "requestId": text("Also in the X-Request-Id header and in the gateway's log."),
    }


def _stored_product() -> Schema:
    """What is not set is left out; only the barcode is always there."""
    properties = {spec.name: _stored(spec) for spec in FIELDS}
    others = tuple(name for name in properties if name != "barcode")
    return answer("A product as it is kept; what is not set is left out.", properties, optional=others)


def _stored(spec: FieldSpec) -> Schema:
    match spec.kind:
        case Kind.PRICE | Kind.NUMBER:
            form: Schema = {"type": "string", "pattern": "^-?[0-9]+(\\.[0-9]+)?$"}
        case Kind.FLAG:
            form = {"type": "boolean"}
        case Kind.BARCODES:
            form = {"type": "array", "items": {"type": "string"}}
        case Kind.ATTRIBUTES:
            form = {"type": "object", "additionalProperties": True}
        case Kind.BARCODE | Kind.TEXT | Kind.CURRENCY | Kind.DAY | Kind.MOMENT:
            form = {"type": "string"}
        case _:
            assert_never(spec.kind)
    return {**form, "description": spec.description}


def _store() -> Schema:
    limits = answer(
        "What one request, and one token, may do.",
        {
            "maxProductsPerRequest": count("Products or barcodes in one request."),
            "maxBodyBytes": {**count("After decoding."), "examples": [BODY_OCTETS_MAX]},
            "requestsPerSecond": {"type": "number", "description": "Per token, in the long run."},
            "burst": count("Requests at once."),
            "openSessions": count("Sessions of the store that may be open."),
            "sessionSeconds": count("How long a session stays open."),
        },
    )
    return answer(
        "The store that the token names.",
        {
            "success": _success(),
            "store": text("Its name."),
            "kind": {"enum": ["sandbox", "production"], "description": "Of the token."},
            "environment": {"enum": ["sandbox", "production"], "description": "What the token acts on."},
            "currency": text("ISO 4217."),
            "timeZone": text("In which dates without an offset are read."),
            "locale": text("In which labels are written."),
            "law": text("What the label must say beside the price."),
            "limits": limits,
        },
    )


def _status() -> Schema:
    return {"enum": ["open", "processing", "completed", "failed", "expired"]}


def _reason() -> Schema:
    return {"enum": [*REASONS, None], "description": "Why it is not confirmed; null if it is."}


def _success() -> Schema:
    return {"type": "boolean", "description": "True only when nothing was rejected."}


def _barcode() -> Schema:
    pattern = "^[ \\t\\r\\n]*[!-~]([ -~]{0,62}[!-~])?[ \\t\\r\\n]*$"
    return {"anyOf": [{"type": "string", "pattern": pattern}, {"type": "integer", "minimum": 0}]}


def _envelope(row: str, *, with_session: bool = False) -> Schema:
    properties: dict[str, Schema] = {
        "products": {"type": "array", "maxItems": PRODUCTS_PER_REQUEST_MAX, "items": ref(row)}
    }
    if with_session:
        properties["sessionId"] = or_null(SESSION_ID)
    return _object("Several products; other fields are ignored, with a warning.", properties, required=["products"])


def _object(description: str, properties: dict[str, Schema], *, required: list[str] | None = None) -> Schema:
    """An object that a POS sends: what it holds besides is ignored."""
    return {
        "type": "object",
        "description": description,
        "required": required or [],
        "properties": properties,
        "additionalProperties": True,
    }
