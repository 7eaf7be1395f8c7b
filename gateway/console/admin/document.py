"""Turns our typed facts into JSON under the API's own names: camelCase, ISO instants in UTC, hexadecimal octets.

Rule: a field that ends in `_at` is an instant, whether it is kept as a datetime or as milliseconds.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum

from msgspec import Struct

from gateway.ports import from_ms

Document = dict[str, object]


def document(fact: object) -> Document:
    """The fields of a struct. TypeError for anything else: a dataclass of ours holds a secret."""
    if not isinstance(fact, Struct):
        raise TypeError(f"{fact!r} is no fact of ours")
    return {camel(name): value(getattr(fact, name), name) for name in fact.__struct_fields__}


def value(found: object, name: str = "") -> object:
    match found:
        case None | bool() | str() if not isinstance(found, Enum):
            return found
        case Enum():
            return value(found.value)
        case int():
            return instant(from_ms(found)) if name.endswith("_at") else found
        case float():
            return found
        case Decimal():
            return format(found, "f")
        case datetime():
            return instant(found)
        case bytes():
            return found.hex()
        case Mapping():
            return {str(key): value(one) for key, one in found.items()}
        case Sequence():
            return [value(one) for one in found]
        case _:
            return document(found)


def instant(at: datetime) -> str:
    """`2026-03-01T14:05:00.123Z`"""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def camel(name: str) -> str:
    """`products_saved` as `productsSaved`; `store_id` is `store`, as everywhere in the API."""
    if name == "store_id":
        return "store"
    head, *tail = name.split("_")
    return head + "".join(word.capitalize() for word in tail)
