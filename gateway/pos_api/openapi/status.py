"""The schemas of what a batch says of itself: its status and its listings."""

from gateway.pos_api.limits import ERRORS_IN_STATUS_MAX
from gateway.pos_api.openapi.schemas import REASONS, SESSION_ID, Schema, answer, count, moment, or_null, ref, text

_COUNTS = {
    "productsReceived": "Rows pushed: rejected + saved, once all are saved.",
    "productsSaved": "created + updated + unchanged + superseded.",
    "created": "Rows that brought a product.",
    "updated": "Rows that changed one.",
    "unchanged": "Rows that said what was known.",
    "superseded": "Rows overtaken by newer ones before they were saved.",
    "missing": "Products of the store that a `full` session did not send.",
    "rejected": "Rows not taken.",
    "tagsTotal": "Displays bound to a product of the session.",
    "tagsSynced": "Displays handled.",
    "tagsConfirmed": "Displays whose glass has proved the price of the session, or a newer one.",
    "tagsConfirmedByReport": "Of these, confirmed by a report without a revision.",
    "tagsUnconfirmed": "tagsTotal - tagsConfirmed.",
}
_INSTANTS = {
    "startedAt": "When it was started.",
    "expiresAt": "When it expires, unless it is completed before.",
}
_LATER = {
    "completedAt": "When all had been sent.",
    "savedAt": "When all was saved.",
    "syncedAt": "When every display had been handled.",
    "finishedAt": "When it was over.",
}


def status_schemas() -> dict[str, Schema]:
    return {
        "StatusAnswer": _status(),
        "SessionRemark": answer("Why a row was rejected.", _session_remark()),
        "ErrorsPage": _page(ref("SessionRemark")),
        "MissingPage": _page(answer("A product that was not sent.", {"barcode": text("Its barcode.")})),
        "UnconfirmedPage": _page(
            answer(
                "A display that has not proved the price yet.",
                {
                    "display": text("Its id."),
                    "neededRevision": {"type": "integer", "description": "This revision, or a later one."},
                    "reason": {"enum": list(REASONS), "description": "Why not."},
                },
            )
        ),
    }


def _status() -> Schema:
    verification = answer(
        "The rounds in which displays are asked, every 30 s for up to 6 minutes.",
        {
            "round": count("The last one."),
            "rounds": {**count("All."), "examples": [12]},
            "nextCheckAt": or_null(moment("When the next one is.")),
        },
    )
    return answer(
        "How far a session is.",
        {
            "success": {"type": "boolean", "description": "Nothing was rejected, and it neither failed nor expired."},
            "sessionId": SESSION_ID,
            "mode": {"enum": ["update", "full"]},
            "status": {"enum": ["open", "processing", "completed", "failed", "expired"]},
            "phase": {
                "enum": ["saving", "syncing", "verifying", "held", None],
                "description": "The first unfinished one; null unless it is processing.",
            },
            "progress": {
                "type": "integer",
                "minimum": 0,
                "maximum": 100,
                "description": "Never falls; 30 when all is saved, 80 when every display is handled, 100 only with "
                "`completed`.",
            },
            **{name: count(words) for name, words in _COUNTS.items()},
            "verification": verification,
            "errors": {
                "type": "array",
                "maxItems": ERRORS_IN_STATUS_MAX,
                "items": ref("SessionRemark"),
                "description": "The first rejected rows; /errors lists all.",
            },
            "failure": {"type": ["string", "null"], "description": "What failed; always our own fault."},
            **{name: moment(words) for name, words in _INSTANTS.items()},
            **{name: or_null(moment(words)) for name, words in _LATER.items()},
        },
    )


def _session_remark() -> dict[str, Schema]:
    nullable: Schema = {"type": ["string", "null"]}
    return {
        "push": count("Which push, from 0."),
        "index": count("Which row of it, from 0."),
        "barcode": {**nullable, "description": "The row's barcode, as far as it could be read."},
        "field": {**nullable, "description": "The field meant."},
        "code": text("Stable, as in the answer to the push."),
        "message": text("For the person at the till."),
        "hint": {**nullable, "description": "The form that is wanted."},
    }


def _page(item: Schema) -> Schema:
    return answer(
        "A page of the listing.",
        {
            "success": {"type": "boolean"},
            "sessionId": SESSION_ID,
            "items": {"type": "array", "items": item},
            "next": {"type": ["string", "null"], "description": "`after` of the next page; null: this is the last."},
        },
    )
