"""Golden vectors: octets that every implementation must write and read alike, as JSON, for firmware in any language.

One file a subject: a list of objects with `name`, `origin` (where the octets come from), `kind`, `bytes` (hex) and
`fields`. Octets in fields are hex, enumerations are their names, a kind's meaning is in docs/protocol.md.
"""

import json
from collections.abc import Mapping
from importlib import resources

from msgspec import Struct

SUBJECTS = (
    "service",
    "commands",
    "packets",
    "groups",
    "led",
    "absolute_time",
    "exchanges",
    "pictures",
    "differences",
    "keys",
    "poll",
    "link",
    "payload",
    "serial",
)


class Vector(Struct, frozen=True):
    name: str
    origin: str
    kind: str
    octets: bytes
    fields: Mapping[str, object]


def read_vectors(subject: str) -> list[Vector]:
    """All vectors of one of `SUBJECTS`."""
    return vectors_in(resources.files(__name__).joinpath(f"{subject}.json").read_text(encoding="utf-8"))


def vectors_in(text: str) -> list[Vector]:
    """All vectors of a file's text."""
    rows = json.loads(text)
    return [Vector(row["name"], row["origin"], row["kind"], bytes.fromhex(row["bytes"]), row["fields"]) for row in rows]
