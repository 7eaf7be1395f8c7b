"""The examples of the document, each a request or an answer that a test sends or sees."""

from gateway.pos_api.openapi.schemas import Schema

_SESSION = "s7Qd0v1eYb2kXcR9mTz4LhWa"
_WATER = {"barcode": "4006381333931", "name": "Mineralwasser 6 x 1,5 l", "price": "3.99"}
_BREAD = {"barcode": "4012345678901", "name": "Vollkornbrot", "price": 2.49, "unit": "kg", "unitPrice": "4.98"}
_COUNTS = {"received": 2, "accepted": 2, "rejected": 0, "created": 1, "updated": 1, "unchanged": 0, "superseded": 0}

REQUEST_EXAMPLES: dict[str, Schema] = {
    "oneProduct": {"summary": "One product", "value": _WATER},
    "severalProducts": {"summary": "Several products", "value": {"products": [_WATER, _BREAD]}},
    "newPrice": {"summary": "A new price", "value": [{"barcode": "4006381333931", "price": "4.29"}]},
    "saleStarts": {
        "summary": "A sale",
        "value": {
            "barcode": "4006381333931",
            "salePrice": "2.99",
            "saleStart": "2025-07-03",
            "saleEnd": "2025-07-09",
        },
    },
    "saleEnds": {"summary": "The sale ends now", "value": {"barcode": "4006381333931", "salePrice": None}},
    "barcodes": {"summary": "Two products", "value": {"barcodes": ["4006381333931", "4012345678901"]}},
    "update": {"summary": "Some products", "value": {"mode": "update"}},
    "full": {"summary": "The whole assortment", "value": {"mode": "full", "removeMissing": True}},
    "push": {"summary": "Two products", "value": {"sessionId": _SESSION, "products": [_WATER, _BREAD]}},
    "complete": {"summary": "All was sent", "value": {"sessionId": _SESSION}},
}

ANSWER_EXAMPLES: dict[str, Schema] = {
    "RowsAnswer": {"success": True, **_COUNTS, "errors": [], "warnings": [], "displays": 3},
    "PushAnswer": {
        "success": True,
        "sessionId": _SESSION,
        **_COUNTS,
        "created": 0,
        "updated": 0,
        "errors": [],
        "warnings": [],
        "displays": 0,
    },
    "DeleteAnswer": {
        "success": True,
        "received": 2,
        "accepted": 2,
        "rejected": 0,
        "removed": 2,
        "errors": [],
        "warnings": [],
        "displays": 1,
    },
    "SessionAnswer": {
        "success": True,
        "sessionId": _SESSION,
        "expiresAt": "2025-07-03T06:30:00.000Z",
        "expiresInSeconds": 1800,
        "maxProductsPerPush": 1000,
    },
    "CompletedAnswer": {"success": True, "sessionId": _SESSION, "status": "processing"},
}
