"""Reads what stands around the products of a chunk.

In: the payload. Out: `Envelope`, or `ChunkRefused`: a chunk that is not understood whole is not taken in part.
Source: docs/chunks.md, chunk.schema.json.
"""

import re
from collections.abc import Mapping
from typing import NoReturn

from msgspec import Struct

from gateway.catalog import MalformedBody, RepeatedKeys, decode_json
from gateway.intake.answer import ChunkRefused
from gateway.intake.limits import CHUNK_OCTETS_MAX, CHUNKS_MAX, ID_LENGTH_MAX
from gateway.sync import PRODUCTS_IN_A_CHUNK_MAX

MEMBERS = ("chunk_id", "store", "session_id", "index", "of", "products")
_ID = re.compile(rf"[!-~]{{1,{ID_LENGTH_MAX}}}")


class Envelope(Struct, frozen=True):
    """`products` as the decoder made them, to be judged one by one."""

    chunk_id: str
    store_id: str
    session_id: str | None
    index: int
    of: int
    products: list[object]


def read_envelope(payload: bytes) -> Envelope:
    """Raises ChunkRefused."""
    if len(payload) > CHUNK_OCTETS_MAX:
        raise ChunkRefused(None, "too_large", f"A chunk has at most {CHUNK_OCTETS_MAX} octets: send fewer products.")
    try:
        value = decode_json(payload)
    except MalformedBody as error:
        raise ChunkRefused(None, "malformed_body", f"Not JSON in UTF-8: {error}.") from error
    if not isinstance(value, dict):
        raise ChunkRefused(None, "not_an_object", "A chunk is a JSON object.")
    return _Members(value).envelope()


class _Members:
    def __init__(self, members: Mapping[str, object]) -> None:
        self._members = members
        chunk_id = members.get("chunk_id")
        self._chunk_id = chunk_id if isinstance(chunk_id, str) and _ID.fullmatch(chunk_id) else None

    def envelope(self) -> Envelope:
        if isinstance(self._members, RepeatedKeys):
            self._refuse(self._members.repeated[0][:ID_LENGTH_MAX], "duplicate_key", "It stands in the chunk twice.")
        for name in self._members:
            if name not in MEMBERS:
                self._refuse(name[:ID_LENGTH_MAX], "unknown_field", f"A chunk has {', '.join(MEMBERS)}, nothing else.")
        of = self._number("of", 1, CHUNKS_MAX)
        session_id = None if self._members.get("session_id", "") is None else self._id("session_id")
        return Envelope(
            chunk_id=self._id("chunk_id"),
            store_id=self._id("store"),
            session_id=session_id,
            index=self._number("index", 0, of - 1),
            of=of,
            products=self._products(),
        )

    def _id(self, name: str) -> str:
        value = self._members.get(name)
        if isinstance(value, str) and _ID.fullmatch(value):
            return value
        return self._refuse(name, "text_wanted", f"{name} is 1 to {ID_LENGTH_MAX} printable ASCII letters, no blanks.")

    def _number(self, name: str, least: int, most: int) -> int:
        value = self._members.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        return self._refuse(name, "number_format", f"{name} is a whole number from {least} to {most}.")

    def _products(self) -> list[object]:
        value = self._members.get("products")
        if isinstance(value, list) and len(value) <= PRODUCTS_IN_A_CHUNK_MAX:
            return value
        return self._refuse("products", "list_wanted", f"products is a list of at most {PRODUCTS_IN_A_CHUNK_MAX}.")

    def _refuse(self, field: str, code: str, reason: str) -> NoReturn:
        raise ChunkRefused(self._chunk_id, code, reason, field)
