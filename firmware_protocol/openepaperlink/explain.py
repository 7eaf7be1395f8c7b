"""What a radio module said, field by field: verbs, and the struct behind each.

In: octets that `ModuleReader` took whole. Out: rows of offset, octets, depth, name, value, meaning.
"""

from __future__ import annotations

from collections.abc import Iterator

from firmware_protocol.identity import TagId
from firmware_protocol.layout import FieldKind, Fixed, wires_of
from firmware_protocol.openepaperlink.frames import ReturnedData, octets_of
from firmware_protocol.openepaperlink.reader import InfoItem, ModuleReader, Word

Row = tuple[int, bytes, int, str, str, str]
_VERB_OCTETS = 4


def module_lines(octets: bytes) -> Iterator[Row]:
    """Nothing stands between the verbs: that was looked at before."""
    reader = ModuleReader()
    place = 0
    for said in (*reader.feed(octets), *reader.idle()):
        verb = octets[place : place + _VERB_OCTETS]
        head = (place, verb, 0, verb.decode("ascii"))
        place += _VERB_OCTETS
        if isinstance(said, Word):
            yield (*head, "", said.name.lower())
            continue
        if isinstance(said, InfoItem):
            yield (*head, said.digits, "an item of the answer to NFO?")
            place += len(said.digits)
            continue
        kind = type(said)
        size = octets_of(kind) + (len(said.data) if isinstance(said, ReturnedData) else 0)
        yield (*head, kind.__name__, " ".join((kind.__doc__ or "").partition("\n\n")[0].split()))
        yield from _fields(kind, octets[place : place + size], place)
        place += size


def _fields(kind: type, octets: bytes, offset: int) -> Iterator[Row]:
    yield offset, octets[:1], 1, "checksum", f"{octets[0]:#04x}", "the sum of the octets behind it; it is right"
    start = 1
    for name, wire in wires_of(kind).items():
        end = start + wire.octets if isinstance(wire, Fixed) else len(octets)
        raw = octets[start:end]
        yield offset + start, raw, 1, name, _value(wire.kind, raw), wire.words
        start = end


def _value(kind: FieldKind, raw: bytes) -> str:
    match kind:
        case FieldKind.REVERSED_TAG_ID:
            return str(TagId(raw[::-1]))
        case FieldKind.UNSIGNED:
            return str(int.from_bytes(raw, "little"))
        case FieldKind.SIGNED:
            return str(int.from_bytes(raw, "little", signed=True))
        case _:
            return raw.hex().upper()
