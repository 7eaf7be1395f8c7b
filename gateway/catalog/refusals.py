"""How a value is refused or remarked upon, in words that may stand in any answer.

Out: `Note` (a warning), `Refused` (a row error), and `shown`, which repeats what was sent.
Rule: what a message repeats is short, one line, and encodable, whatever was sent.
"""

import json
import re
from decimal import Decimal
from typing import NamedTuple

from gateway.catalog.decode import NumberText
from gateway.catalog.limits import NUMBER_CHARACTERS_MAX, SHOWN_LENGTH_MAX

_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class Note(NamedTuple):
    """What is to be said about a value: a stable code, a sentence for the shop, the form that is wanted."""

    code: str
    message: str
    hint: str | None = None


class Refused(ValueError):
    """The value makes its row an error. Answer the note; the other rows are not touched."""

    def __init__(self, code: str, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.note = Note(code, message, hint)


def shown(raw: object) -> str:
    """A value as a message repeats it."""
    if raw is None or isinstance(raw, bool):
        return json.dumps(raw)
    if isinstance(raw, str):
        return f"“{shown_name(raw.strip())}”"
    if isinstance(raw, int | Decimal | NumberText):
        return shown_name(number_text(raw))
    return "a list" if isinstance(raw, list) else "an object"


def shown_name(name: str) -> str:
    """A name, or any text without quotes, as a message repeats it."""
    cut = name if len(name) <= SHOWN_LENGTH_MAX else name[: SHOWN_LENGTH_MAX - 1] + "…"
    return cut if cut.isprintable() else _FORBIDDEN.sub("\ufffd", cut)


def number_text(raw: int | Decimal | NumberText) -> str:
    """The characters of a number, as near to those sent as the decoder kept them."""
    if isinstance(raw, NumberText):
        return raw.text
    if isinstance(raw, int) and abs(raw) >= 10**NUMBER_CHARACTERS_MAX:
        return hex(raw)  # only a caller inside the house can hand in one; `str` would refuse it
    return str(raw)


def refuse_forbidden(name: str, text: str) -> None:
    """Raises `Refused` for NUL, other control characters and lone surrogates."""
    if text.isprintable():
        return
    found = _FORBIDDEN.search(text)
    if found is None:
        return
    place = f"the character U+{ord(found.group()):04X} at place {found.start() + 1}"
    message = f"{shown_name(name)}: {place} cannot stand in a text."
    raise Refused("forbidden_character", message, "No line breaks, tabs, NUL or halves of characters.")
