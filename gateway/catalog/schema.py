"""The JSON schema of a row, made from the field table: all that a POS may send, the lenient forms among it.

Out: `schema`, for the OpenAPI document and docs/pos-api.md. Rule: what the schema refuses, the rows refuse; some rules
(a currency's digits, which barcodes are known) only the store can judge, and the descriptions say so.
"""

from gateway.catalog.fields import FIELDS, FieldSpec, Kind
from gateway.catalog.limits import (
    ATTRIBUTE_NAME_LENGTH_MAX,
    ATTRIBUTES_PER_ROW_MAX,
    EXTRA_BARCODES_MAX,
    NUMBER_BELOW,
    PRICE_BELOW,
)
from gateway.catalog.parsed import RowMode

_BLANK = "[ \\t\\r\\n]*"
_BARCODE = f"^{_BLANK}[!-~]([ -~]{{0,62}}[!-~])?{_BLANK}$"
_EMPTY = f"^{_BLANK}$"
_NO_CONTROLS = "[^\\x00-\\x1f\\x7f-\\x9f]*"
_DATE = "([+-][0-9]{6}|[0-9]{4})-?[0-9]{2}-?[0-9]{2}"
_TIME = "[Tt ][0-9]{2}(:?[0-9]{2}(:?[0-9]{2}([.,][0-9]{1,12})?)?)? ?([Zz]|[+-][0-9]{2}(:?[0-9]{2})?)?"


def schema(mode: RowMode) -> dict[str, object]:
    """A row of `/add` (ADD), or of `/productUpdate` and `/batch/push` (UPDATE); JSON Schema 2020-12."""
    needed = {RowMode.ADD: ["barcode", "name", "price"], RowMode.UPDATE: ["barcode"]}[mode]
    return {
        "type": "object",
        "description": "Names match without regard to case, `_` and `-`. Omitted = kept; null or an empty text clears.",
        "required": needed,
        "properties": {spec.name: _field(spec, may_be_empty=spec.name not in needed) for spec in FIELDS},
        "additionalProperties": True,
        "examples": [{spec.name: spec.example for spec in FIELDS if mode is RowMode.ADD or spec.name in _UPDATED}],
    }


_UPDATED = ("barcode", "price", "salePrice", "saleEnd", "stock")


def _field(spec: FieldSpec, *, may_be_empty: bool) -> dict[str, object]:
    forms = _FORMS[spec.kind](spec)
    if may_be_empty:
        forms = [*forms, {"type": "string", "pattern": _EMPTY}, {"type": "null"}]
    description = spec.description
    if spec.aliases:
        description += f" Also answers to {', '.join(spec.aliases)}."
    if spec.zero_is_unset:
        description += " 0 means not set."
    return {"description": description, "anyOf": forms, "examples": [spec.example]}


def _text(spec: FieldSpec) -> list[dict[str, object]]:
    length: dict[str, object] = {} if spec.max_length is None else {"maxLength": spec.max_length}
    pattern = f"^{_BLANK}{_NO_CONTROLS}{_BLANK}$"
    return [{"type": "string", "pattern": pattern, "minLength": 1, **length}, {"type": "number"}]


def _price(_: FieldSpec) -> list[dict[str, object]]:
    return [
        {"type": "string", "pattern": f"^{_BLANK}[0-9]+(\\.[0-9]+)?{_BLANK}$"},
        {"type": "number", "minimum": 0, "exclusiveMaximum": int(PRICE_BELOW)},
    ]


def _number(_: FieldSpec) -> list[dict[str, object]]:
    bounds = {"exclusiveMinimum": -int(NUMBER_BELOW), "exclusiveMaximum": int(NUMBER_BELOW)}
    return [{"type": "string", "pattern": f"^{_BLANK}[+-]?[0-9]+(\\.[0-9]+)?{_BLANK}$"}, {"type": "number", **bounds}]


def _flag(_: FieldSpec) -> list[dict[str, object]]:
    words = "([tT][rR][uU][eE]|[fF][aA][lL][sS][eE]|0|1)"
    return [{"type": "boolean"}, {"enum": [0, 1]}, {"type": "string", "pattern": f"^{_BLANK}{words}{_BLANK}$"}]


def _moment(_: FieldSpec) -> list[dict[str, object]]:
    return [{"type": "string", "pattern": f"^{_BLANK}{_DATE}({_TIME})?{_BLANK}$"}]


def _currency(_: FieldSpec) -> list[dict[str, object]]:
    return [{"type": "string", "pattern": f"^{_BLANK}[A-Za-z]{{3}}{_BLANK}$"}]


def _barcode(_: FieldSpec) -> list[dict[str, object]]:
    return [{"type": "string", "pattern": _BARCODE}, {"type": "integer", "minimum": 0}]


def _barcodes(spec: FieldSpec) -> list[dict[str, object]]:
    empty: list[dict[str, object]] = [{"type": "string", "pattern": _EMPTY}, {"type": "null"}]
    codes = {"type": "array", "maxItems": EXTRA_BARCODES_MAX, "items": {"anyOf": _barcode(spec) + empty}}
    return [codes, *_barcode(spec)]


def _attributes(_: FieldSpec) -> list[dict[str, object]]:
    names = {"minLength": 1, "maxLength": ATTRIBUTE_NAME_LENGTH_MAX, "pattern": f"^{_NO_CONTROLS}$"}
    return [
        {
            "type": "object",
            "maxProperties": ATTRIBUTES_PER_ROW_MAX,
            "propertyNames": names,
            "additionalProperties": True,
        }
    ]


_FORMS = {
    Kind.BARCODE: _barcode,
    Kind.TEXT: _text,
    Kind.PRICE: _price,
    Kind.CURRENCY: _currency,
    Kind.NUMBER: _number,
    Kind.FLAG: _flag,
    Kind.DAY: _moment,
    Kind.MOMENT: _moment,
    Kind.BARCODES: _barcodes,
    Kind.ATTRIBUTES: _attributes,
}
