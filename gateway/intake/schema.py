"""The JSON schema of a chunk, made from the field table; chunk.schema.json beside this file is its text.

Out: `chunk_schema`. Rule: it says the one form in which a value is to be sent; what hangs on the store (its currency
and how many decimals that has, versions given before) only the gateway can judge.
To write the file anew after a change of the field table: `python -m gateway.intake.schema`.
"""

import json
from pathlib import Path

from gateway.catalog import FIELDS, FieldSpec, Kind
from gateway.intake.envelope import MEMBERS
from gateway.intake.limits import CHUNKS_MAX, ID_LENGTH_MAX
from gateway.sync import PRODUCTS_IN_A_CHUNK_MAX

FILE = Path(__file__).with_name("chunk.schema.json")
Schema = dict[str, object]

_ID: Schema = {"type": "string", "pattern": f"^[!-~]{{1,{ID_LENGTH_MAX}}}$"}
_NUMBER_MAX = 2**53 - 1
_BARCODE: Schema = {"type": "string", "pattern": "^[!-~]([ -~]{0,62}[!-~])?$"}
_DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = "T[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,12})?)?(Z|[+-][0-9]{2}:[0-9]{2})"
_FORMS: dict[Kind, Schema] = {
    Kind.BARCODE: _BARCODE,
    Kind.TEXT: {"type": "string", "minLength": 1},
    Kind.PRICE: {"type": "string", "pattern": "^[0-9]{1,7}([.][0-9]+)?$"},
    Kind.CURRENCY: {"type": "string", "pattern": "^[A-Z]{3}$"},
    Kind.NUMBER: {"type": "string", "pattern": "^-?[0-9]{1,9}([.][0-9]{1,6})?$"},
    Kind.FLAG: {"type": "boolean"},
    Kind.DAY: {"type": "string", "pattern": f"^{_DATE}$"},
    Kind.MOMENT: {"type": "string", "pattern": f"^{_DATE}({_TIME})?$"},
    Kind.BARCODES: {"type": "array", "items": _BARCODE, "maxItems": 100, "uniqueItems": True},
    Kind.ATTRIBUTES: {"type": "object", "maxProperties": 100},
}
_ALWAYS = ("barcode", "name", "price")


def chunk_schema() -> Schema:
    """JSON Schema 2020-12."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Display-sync chunk",
        "description": "Up to 1,000 products of one store as state: published on esl/<store>/sync. See docs/chunks.md.",
        "type": "object",
        "required": list(MEMBERS),
        "additionalProperties": False,
        "properties": {
            "chunk_id": {**_ID, "description": "The sender's name for the chunk, repeated in the answer."},
            "store": {**_ID, "description": "The store, as in the topic."},
            "session_id": {"anyOf": [_ID, {"type": "null"}], "description": "The batch, or null for a single update."},
            "index": {"type": "integer", "minimum": 0, "description": "The place of the chunk among `of`, from 0."},
            "of": {"type": "integer", "minimum": 1, "maximum": CHUNKS_MAX, "description": "Of how many chunks."},
            "products": {"type": "array", "maxItems": PRODUCTS_IN_A_CHUNK_MAX, "items": {"$ref": "#/$defs/product"}},
        },
        "$defs": {"product": _product(), "price_change": _price_change()},
    }


def _product() -> Schema:
    own: Schema = {
        "product_version": {
            "type": "integer",
            "minimum": 1,
            "maximum": _NUMBER_MAX,
            "description": "Grows with each change of the product; only a higher one replaces what the store has.",
        },
        "removed": {"type": "boolean", "description": "true: the product is gone; its other fields say nothing."},
        "price_changes": {
            "type": "array",
            "maxItems": 1_000,
            "items": {"$ref": "#/$defs/price_change"},
            "description": "Every change of a price field within the last 60 days.",
        },
    }
    return {
        "type": "object",
        "description": "A whole product: a field that is absent or null is not set.",
        "required": ["barcode", *own],
        "additionalProperties": False,
        "properties": {**{spec.name: _field(spec) for spec in FIELDS}, **own},
        "if": {"properties": {"removed": {"const": False}}},
        "then": {"required": list(_ALWAYS), "properties": {name: {"not": {"type": "null"}} for name in _ALWAYS}},
    }


def _field(spec: FieldSpec) -> Schema:
    form = dict(_FORMS[spec.kind])
    if spec.max_length is not None:
        form["maxLength"] = spec.max_length
    if spec.kind is Kind.BARCODE:
        return {"description": spec.description, **form}
    return {"description": spec.description, "anyOf": [form, {"type": "null"}]}


def _price_change() -> Schema:
    names = [spec.name for spec in FIELDS if spec.in_ledger]
    value = {"type": ["string", "boolean", "null"]}
    return {
        "type": "object",
        "required": ["field", "old", "new", "at"],
        "additionalProperties": False,
        "properties": {
            "field": {"enum": names},
            "old": {**value, "description": "The value before, in the field's own form; null = not set."},
            "new": {**value, "description": "The value after."},
            "at": {"type": "string", "pattern": f"^{_DATE}{_TIME}$", "description": "When it was saved."},
            "accepted_seq": {
                "type": "integer",
                "minimum": 0,
                "maximum": _NUMBER_MAX,
                "description": "The sender's own number of the change; tells two changes of one instant apart.",
            },
        },
    }


def schema_text() -> str:
    return json.dumps(chunk_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(schema_text(), encoding="utf-8")
