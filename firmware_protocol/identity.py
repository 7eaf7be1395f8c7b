"""Who is who: the permanent id of a tag, the code printed on its box, and the name of one display of it.

Rule: ids are types. A `TagId` is 8 octets as printed (most significant first); its text is 16 hex capitals.
"""

from __future__ import annotations

import base64

from firmware_protocol.errors import FieldError

TAG_ID_OCTETS = 8
FACTORY_CODE_OCTETS = 16
FACTORY_CODE_LETTERS = 26
# A display's report is the vendor sensor 0xE0 + display (wire.md, sizes), and a sensor index ends at 0xFF.
DISPLAYS_MAX = 32


class TagId(bytes):
    """The EUI-64 of a tag, 8 octets. Raises `FieldError` for any other length."""

    __slots__ = ()

    def __new__(cls, octets: bytes) -> TagId:
        if len(octets) != TAG_ID_OCTETS:
            raise FieldError("tag_id", bytes(octets), "8 octets", offset=0)
        return super().__new__(cls, octets)

    @classmethod
    def parse(cls, text: str) -> TagId:
        """From 16 hex digits, in either case. Raises `FieldError`."""
        if len(text) != TAG_ID_OCTETS * 2 or not all(sign in "0123456789ABCDEFabcdef" for sign in text):
            raise FieldError("tag_id", text, "16 hex digits", offset=0)
        return cls(bytes.fromhex(text))

    def __str__(self) -> str:
        return self.hex().upper()

    def __repr__(self) -> str:
        return f"TagId({self})"


class FactoryCode(bytes):
    """The secret printed inside a tag's box: 16 octets, 26 base32 letters. `repr` keeps it out of logs."""

    __slots__ = ()

    def __new__(cls, octets: bytes) -> FactoryCode:
        if len(octets) != FACTORY_CODE_OCTETS:
            raise FieldError("factory_code", f"{len(octets)} octets", "16 octets", offset=0)
        return super().__new__(cls, octets)

    @classmethod
    def parse(cls, text: str) -> FactoryCode:
        """From 26 letters A-Z, 2-7; in any case, spaces and hyphens forgiven. Raises `FieldError` without the code."""
        letters = text.replace(" ", "").replace("-", "").upper()
        try:
            octets = base64.b32decode(letters + "=" * (-len(letters) % 8))
        except ValueError:
            octets = b""
        if len(letters) != FACTORY_CODE_LETTERS or len(octets) != FACTORY_CODE_OCTETS:
            raise FieldError("factory_code", f"{len(letters)} signs", "26 letters out of A-Z and 2-7", offset=0)
        code = cls(octets)
        if str(code) != letters:  # the last letter carries 3 bits; its other 2 are zero in the one right spelling
            raise FieldError("factory_code", "26 letters", "its last letter cannot end a code", offset=0)
        return code

    def __str__(self) -> str:
        return base64.b32encode(self).decode("ascii").rstrip("=")

    def __repr__(self) -> str:
        return "FactoryCode(...)"


def display_id(tag_id: TagId, index: int) -> str:
    """The name of one display: `"A4C1380000000001.0"`. Raises `ValueError` for an index no report can name."""
    if not 0 <= index < DISPLAYS_MAX:
        raise ValueError(f"display index {index}: 0 to {DISPLAYS_MAX - 1}")
    return f"{tag_id}.{index}"


def split_display_id(text: str) -> tuple[TagId, int]:
    """Tag and index of a display's name. Raises `FieldError`."""
    tag_text, dot, index_text = text.partition(".")
    if not dot or not index_text.isascii() or not index_text.isdigit() or index_text != str(int(index_text[:4])):
        raise FieldError("display_id", text, "16 hex digits, a dot and a number", offset=0)
    index = int(index_text)
    if index >= DISPLAYS_MAX:
        raise FieldError("display_id", text, f"a tag has at most {DISPLAYS_MAX} displays", offset=len(tag_text) + 1)
    return TagId.parse(tag_text), index
