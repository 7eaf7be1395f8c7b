"""What is printed on a tag as a QR code, and below it in letters: its id, its factory code, its panels.

In: one line, scanned or typed. Out: what a box list says of the tag. Rule: a QR code in its alphanumeric mode holds the
line, so it has capitals only; who types it may write small letters, and spaces for colons.
Why: docs/protocol.md, "Printed codes".
"""

from __future__ import annotations

from dataclasses import dataclass, field

from firmware_protocol.errors import FieldError
from firmware_protocol.identity import DISPLAYS_MAX, FactoryCode, TagId
from firmware_protocol.panels import PANELS

PREFIX = "ESL"


@dataclass(frozen=True, slots=True)
class PrintedCode:
    """`panels`: a catalogue name for each display, in the order of their index; empty where it is not printed."""

    tag_id: TagId
    factory_code: FactoryCode = field(repr=False)
    panels: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The line: `ESL:A4C1380000000001:ABCDEFGHIJKLMNOPQRSTUVWXYA:2.9-BWR`. It holds the secret."""
        panels = [] if not self.panels else ["+".join(self.panels).upper()]
        return ":".join([PREFIX, str(self.tag_id), str(self.factory_code), *panels])

    @classmethod
    def parse(cls, text: str) -> PrintedCode:
        """Raises `FieldError`, which never repeats the factory code."""
        words = [word.strip() for word in text.split(":")] if ":" in text else text.split()
        if words and words[0].upper() == PREFIX:
            words = words[1:]
        if len(words) < 2:
            raise FieldError("code", f"{len(words)} words", f"{PREFIX}:tag id:factory code:panels", offset=0)
        panels = words.pop() if "." in words[-1] else ""
        tag_id = TagId.parse(words[0])
        code = FactoryCode.parse("".join(words[1:]))
        return cls(tag_id, code, _panels(panels))


def _panels(text: str) -> tuple[str, ...]:
    names = tuple(text.lower().split("+")) if text else ()
    for name in names:
        if name not in PANELS:
            raise FieldError("panels", name, f"a panel of the catalogue: {', '.join(PANELS)}", offset=0)
    if len(names) > DISPLAYS_MAX:
        raise FieldError("panels", f"{len(names)} panels", f"a tag has at most {DISPLAYS_MAX} displays", offset=0)
    return names
