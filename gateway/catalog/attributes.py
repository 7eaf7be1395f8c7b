"""Attributes: whatever else a POS sends of a product, checked only for what could not be kept or answered.

In: a name and any JSON value. Out: its stored form; numbers with a fraction become their text, as prices do.
"""

import json
from decimal import Decimal

from gateway.catalog.barcode import BLANKS
from gateway.catalog.decode import NumberText, RepeatedKeys
from gateway.catalog.limits import ATTRIBUTE_JSON_LENGTH_MAX, ATTRIBUTE_NAME_LENGTH_MAX
from gateway.catalog.product import Stored
from gateway.catalog.refusals import Refused, number_text, refuse_forbidden, shown_name

_INTEGER_MAX = 2**53  # what every JSON reader takes exactly


def read_attribute(name: str, raw: object) -> Stored:
    """The stored form, None for null or an empty text. Raises `Refused`."""
    refuse_forbidden(name, name)
    if not name.strip(BLANKS) or len(name) > ATTRIBUTE_NAME_LENGTH_MAX:
        message = f"{shown_name(name)}: a name of {len(name)} characters cannot be kept."
        raise Refused("attribute_name", message, f"1 to {ATTRIBUTE_NAME_LENGTH_MAX} characters.")
    value = _plain(name, raw)
    length = len(value) if isinstance(value, str) else len(json.dumps(value, ensure_ascii=False))
    if length > ATTRIBUTE_JSON_LENGTH_MAX:
        message = f"{shown_name(name)}: {length} characters are too many."
        raise Refused("too_long", message, f"At most {ATTRIBUTE_JSON_LENGTH_MAX} characters.")
    return None if isinstance(value, str) and not value.strip(BLANKS) else value


def _plain(name: str, raw: object) -> Stored:
    if isinstance(raw, str):
        refuse_forbidden(name, raw)
        return raw
    if raw is None or isinstance(raw, bool):
        return raw
    if isinstance(raw, int) and abs(raw) <= _INTEGER_MAX:
        return raw
    if isinstance(raw, int | Decimal | NumberText):
        return number_text(raw)
    if isinstance(raw, list):
        return [_plain(name, item) for item in raw]
    if isinstance(raw, RepeatedKeys):
        message = f"{shown_name(name)}: “{shown_name(raw.repeated[0])}” stands in it twice."
        raise Refused("duplicate_key", message, "Send each name once.")
    if isinstance(raw, dict):
        for key in raw:
            refuse_forbidden(name, key)
        return {key: _plain(name, value) for key, value in raw.items()}
    raise Refused("text_wanted", f"{shown_name(name)}: a value that JSON does not know.")
