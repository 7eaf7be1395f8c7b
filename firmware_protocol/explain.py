"""Octets explained field by field, for whoever builds a tag or a bridge and looks at a frame.

In: octets, and their kind or none. Out: `Reading`s: lines of offset, octets, name, value, meaning, the inner ones
deeper. Rule: the package's own reader judges first, so nothing is explained that would not be taken; a kind that is not
named is guessed by trying all of them, and check sums end the guessing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum, IntFlag

from cobs import cobs
from msgspec import Struct
from msgspec.structs import fields

from firmware_protocol.catalogue import CATALOGUE, Group, Piece, Structure, own, structure_of
from firmware_protocol.counters import RANDOMIZER_OCTETS, read_randomizer
from firmware_protocol.errors import FieldError, PeerError
from firmware_protocol.explain_words import FLAGS, MEANINGS
from firmware_protocol.identity import TAG_ID_OCTETS, TagId
from firmware_protocol.keys import MIC_OCTETS, PACKET_MIC_OCTETS
from firmware_protocol.layout import FieldKind, Fixed, Tail
from firmware_protocol.link.frames import DataFlags, FrameType
from firmware_protocol.link.limits import PAYLOAD_HEAD_OCTETS, SERIAL_CRC_OCTETS, SERIAL_HEAD_OCTETS
from firmware_protocol.openepaperlink.explain import module_lines
from firmware_protocol.poll import PART_OCTETS
from firmware_protocol.readers import READERS
from firmware_protocol.report import (
    BATTERY_STEP_MV,
    CAUSE_SHIFT,
    REPORT_OPCODE,
    REPORT_SENSOR_BASE,
    REPORT_TLV_OCTETS,
    Cause,
    ReportFlags,
)
from firmware_protocol.tlv import ErrorCode

CHECKED = ("payload", "serial")  # kinds with a check sum over everything: one that fits is no coincidence
# Kinds of which only the length can be judged: told when nothing else fits; not guessed where many lengths would do.
BY_LENGTH = ("join-request", "join-answer", "sealed-manifest", "sealed-report")
NOT_GUESSED = ("sealed-tlvs", "packet")
_UNKNOWN = "unknown"


class Line(Struct, frozen=True):
    """One field. `offset` counts in the input, but behind COBS in serial frames. `depth` 0 is outermost."""

    offset: int
    octets: bytes
    depth: int
    name: str
    value: str
    meaning: str


class Reading(Struct, frozen=True):
    """The octets read as one kind."""

    kind: str
    lines: tuple[Line, ...]


def explain(kind: str, octets: bytes) -> Reading:
    """The octets as this kind, one of `READERS`. Raises `PeerError`: what is wrong, and where."""
    READERS[kind](octets)
    return Reading(kind, tuple(_lines_of(kind, octets)))


def readings(octets: bytes) -> list[Reading]:
    """All kinds that take these octets; one alone where a check sum fits. Raises `FieldError`, of the kind that went
    furthest, when none does.
    """
    found: list[Reading] = []
    refused: list[tuple[int, bool, str, FieldError]] = []
    guessed = [kind for kind in READERS if kind not in NOT_GUESSED]
    for kind in sorted(guessed, key=lambda kind: (kind not in CHECKED, kind in BY_LENGTH)):
        if found and (found[-1].kind in CHECKED or (kind in BY_LENGTH and found[-1].kind not in BY_LENGTH)):
            break
        try:
            found.append(explain(kind, octets))
        except FieldError as error:
            refused.append((error.offset, "." in error.field, kind, error))
    if found:
        # any octets make a list of TLVs that nobody knows, so such a one is told only where nothing else is
        known = [one for one in found if not any(line.name.startswith(_UNKNOWN) for line in one.lines)]
        return known or found
    _, _, kind, wrong = max(refused, key=lambda one: one[:2])
    raise FieldError(f"as {kind}, which fits furthest: {wrong.field}", wrong.value, wrong.rule, offset=wrong.offset)


def _lines_of(kind: str, octets: bytes) -> Iterator[Line]:
    match kind:
        case "commands":
            yield from _tlvs(Group.COMMAND, octets, 0, 0)
        case "responses":
            yield from _tlvs(Group.RESPONSE, octets, 0, 0)
        case "poll-up" | "poll-down":
            yield from _frame(octets)
        case "link":
            yield from _messages(octets, 0, 0)
        case "payload":
            yield from _payload(octets, 0, 0)
        case "serial":
            yield from _serial(octets)
        case "openepaperlink":
            for offset, raw, depth, name, value, meaning in module_lines(octets):
                yield Line(offset, raw, depth, name, value, meaning)
        case "manifest":
            yield from _structure(own("Manifest"), octets, 0, 0)
        case "report":
            yield from _structure(own("Report"), octets, 0, 0)
        case "join-request":
            yield from _structure(own("JoinRequest"), octets, 0, 0)
        case "join-answer":
            yield from _structure(own("JoinAnswer"), octets, 0, 0)
        case "packet":
            yield from _sealed("advertising structures", octets, 0, 0, PACKET_MIC_OCTETS)
        case _:
            yield from _sealed(kind.removeprefix("sealed-"), octets, 0, 0)


def _structure(structure: Structure, octets: bytes, offset: int, depth: int) -> Iterator[Line]:
    """Its fields, and what is known to stand inside the last of them."""
    inside = list(_inside(structure, octets, offset, depth))
    for piece in structure.pieces:
        if inside and piece.name == "octets":
            break  # they stand below, one by one
        end = len(octets) if piece.octets is None else piece.offset + piece.octets
        raw = octets[piece.offset : end]
        place = offset + piece.offset
        if isinstance(piece.wire, Tail) and piece.wire.kind is FieldKind.ITEMS:
            group = Group.ITEM_UP if structure.name == "Contact" else Group.ITEM_DOWN
            yield from _items(group, raw, place, depth)
            continue
        yield _field(structure, piece, raw, place, depth)
        if isinstance(piece.wire, Tail) and piece.wire.row is not None:
            yield from _rows(piece.wire, raw, place, depth + 1)
    yield from inside


def _field(structure: Structure, piece: Piece, raw: bytes, offset: int, depth: int) -> Line:
    key = f"{structure.name}.{piece.name}"
    words = MEANINGS.get(key) or MEANINGS.get(piece.name) or f"{piece.wire.words}"
    return Line(offset, raw, depth, piece.name, _value(key, piece, raw), words)


def _value(key: str, piece: Piece, raw: bytes) -> str:
    wire = piece.wire
    if wire.kind in (FieldKind.TAG_ID, FieldKind.REVERSED_TAG_ID):
        return str(TagId(raw if wire.kind is FieldKind.TAG_ID else raw[::-1]))
    if wire.kind is FieldKind.TEXT:
        return repr(raw.decode("utf-8"))
    if wire.kind is FieldKind.ROWS:
        return "rows" if raw else "no rows"
    if wire.kind is FieldKind.SIGNED:
        return str(int.from_bytes(raw, "little", signed=True))
    if piece.name == "randomizer":
        return _randomizer(raw)
    if (parts := _parts(wire, raw)) is not None:
        return parts
    if wire.kind is FieldKind.OCTETS:
        return raw.hex().upper() if len(raw) <= 16 else _count(raw)
    return _number(key, int.from_bytes(raw, "little"), wire)


def _parts(wire: Fixed | Tail, raw: bytes) -> str | None:
    """Of a field that is taken apart: its parts by name."""
    if not isinstance(wire, Fixed) or wire.value_of is None or wire.raw_of is None:
        return None
    value = wire.value_of(raw if wire.code.endswith("s") else int.from_bytes(raw, "little"))
    if not isinstance(value, Struct):
        return None
    return ", ".join(f"{_words(one.name)} {_part(getattr(value, one.name))}" for one in fields(value))


def _part(value: object) -> str:
    return _words(value.name) if isinstance(value, Enum) else str(value)


def _number(key: str, number: int, wire: Fixed | Tail) -> str:
    if isinstance(wire, Fixed) and wire.members is not None:
        return f"{number} {_words(wire.members(number).name)}"
    if key == "Report.flags" and (cause := number >> CAUSE_SHIFT):
        why = Cause(cause).words if cause in set(Cause) else "a cause this version does not know"
        return f"{number:#04x} {_flags(ReportFlags, number & (1 << CAUSE_SHIFT) - 1)}; {why}"
    if key in FLAGS:
        return f"{number:#04x} {_flags(FLAGS[key], number)}"
    match key:
        case "Error.code":
            known = number in set(ErrorCode)
            return f"{number} {_words(ErrorCode(number).name)}" if known else f"{number:#04x} of a vendor, or reserved"
        case "Report.battery_20_mv":
            return f"{number}, {number * BATTERY_STEP_MV} mV"
        case "Report.refresh_half_s":
            return f"{number}, {number / 2} s"
        case "Report.sensor_index":
            return f"{number:#04x} the report of display {number - REPORT_SENSOR_BASE}"
        case "PayloadHead.crc" | "Report.opcode" | "Contact.type" | "Answer.type" | "Part.type":
            return f"{number:#04x}"
    return str(number)


def _flags(kind: type[IntFlag], number: int) -> str:
    names = [_words(member.name or "") for member in kind if member and number & member]
    unknown = number & ~sum(member for member in kind)
    return ", ".join([*names, *([f"{unknown:#x} unknown"] if unknown else [])]) or "none"


def _rows(wire: Tail, octets: bytes, offset: int, depth: int) -> Iterator[Line]:
    structure = next(one for one in CATALOGUE[Group.ROW] if wire.row is not None and one.name == wire.row.__name__)
    for start in range(0, len(octets), structure.octets):
        row = octets[start : start + structure.octets]
        yield Line(offset + start, b"", depth, structure.name, "", structure.says)
        yield from _structure(structure, row, offset + start, depth + 1)


def _items(group: Group, octets: bytes, offset: int, depth: int) -> Iterator[Line]:
    start = 0
    while start < len(octets):
        kind, length = octets[start], octets[start + 1]
        structure = structure_of(group, kind)
        if structure is None:
            return
        body = start + 2
        name = f"{structure.name} ({group.value})"
        yield Line(
            offset + start,
            octets[start:body],
            depth,
            name,
            f"kind {kind}, {_count(octets[body : body + length])}",
            structure.says,
        )
        yield from _structure(structure, octets[body : body + length], offset + body, depth + 1)
        start = body + length


def _tlvs(group: Group, octets: bytes, offset: int, depth: int) -> Iterator[Line]:
    start = 0
    while start < len(octets):
        opcode = octets[start]
        end = start + 2 + (opcode >> 4)
        structure = structure_of(group, opcode)
        parameters = octets[start + 1 : end]
        value = f"{opcode:#04x}, {_count(parameters)}"
        head, place = octets[start : start + 1], offset + start
        if structure is None:
            yield Line(place, head, depth, f"{_UNKNOWN} {group.value}", value, "keeps its place; answered by Error 2")
            yield Line(place + 1, parameters, depth + 1, "parameters", parameters.hex().upper(), "")
        else:
            yield Line(place, head, depth, f"{structure.name} ({group.value})", value, structure.says)
            yield from _structure(structure, parameters, place + 1, depth + 1)
        start = end


def _frame(octets: bytes) -> Iterator[Line]:
    structure = structure_of(Group.FRAME, octets[TAG_ID_OCTETS])
    if structure is not None:
        yield Line(0, b"", 0, f"{structure.name} (frame)", _count(octets), structure.says)
        yield from _structure(structure, octets, 0, 1)


def _messages(octets: bytes, offset: int, depth: int) -> Iterator[Line]:
    start = 0
    while start < len(octets):
        code, length = octets[start], int.from_bytes(octets[start + 1 : start + 3], "little")
        group = Group.LINK_DOWN if code >= 0x80 else Group.LINK_UP
        structure = structure_of(group, code)
        if structure is None:
            return
        body = start + 3
        value = f"type {code:#04x}, {_count(octets[body : body + length])}"
        name = f"{structure.name} ({group.value})"
        yield Line(offset + start, octets[start:body], depth, name, value, structure.says)
        yield from _structure(structure, octets[body : body + length], offset + body, depth + 1)
        start = body + length


def _payload(octets: bytes, offset: int, depth: int) -> Iterator[Line]:
    yield from _structure(own("PayloadHead"), octets[:PAYLOAD_HEAD_OCTETS], offset, depth)
    yield from _messages(octets[PAYLOAD_HEAD_OCTETS:], offset + PAYLOAD_HEAD_OCTETS, depth)


def _serial(octets: bytes) -> Iterator[Line]:
    for coded in filter(None, octets.split(b"\0")):
        plain: bytes = cobs.decode(coded)
        data = plain[SERIAL_HEAD_OCTETS:-SERIAL_CRC_OCTETS]
        value = f"{_count(coded)} in COBS, {len(plain)} behind it"
        yield Line(0, b"", 0, "serial frame", value, "offsets count behind COBS")
        yield from _structure(own("SerialHead"), plain[:SERIAL_HEAD_OCTETS], 0, 1)
        yield from _serial_data(plain[0], plain[SERIAL_HEAD_OCTETS - 1], data)
        crc, place = plain[-SERIAL_CRC_OCTETS:], len(plain) - SERIAL_CRC_OCTETS
        yield Line(
            place, crc, 1, "crc", f"{int.from_bytes(crc, 'little'):#010x}", "CRC-32 of all before it; it is right"
        )


def _serial_data(kind: int, flags: int, data: bytes) -> Iterator[Line]:
    if not data:
        return
    if kind == FrameType.ACK:
        come = [str(bit + 1) for bit in range(32) if int.from_bytes(data, "little") >> bit & 1]
        value = ", ".join(f"sequence + {bit}" for bit in come) or "none"
        yield Line(SERIAL_HEAD_OCTETS, data, 1, "come", value, "frames beyond the next expected that have come already")
        return
    names = _flags(DataFlags, flags)
    yield Line(SERIAL_HEAD_OCTETS, data, 1, "data", _count(data), f"a piece of a payload: {names}")
    if flags == DataFlags.FIRST | DataFlags.LAST:
        yield from _if_it_fits("payload", data, SERIAL_HEAD_OCTETS, 2)


def _sealed(what: str, octets: bytes, offset: int, depth: int, mic: int = MIC_OCTETS) -> Iterator[Line]:
    head, end = octets[:RANDOMIZER_OCTETS], len(octets) - mic
    yield Line(offset, head, depth, "randomizer", _randomizer(head), MEANINGS["randomizer"])
    inside = octets[RANDOMIZER_OCTETS:end]
    words = f"ciphertext of the {what}: nobody reads it without the key"
    yield Line(offset + RANDOMIZER_OCTETS, inside, depth, "ciphertext", _count(inside), words)
    yield Line(offset + end, octets[end:], depth, "mic", octets[end:].hex().upper(), "what proves key and octets")


def _inside(structure: Structure, octets: bytes, offset: int, depth: int) -> Iterator[Line]:
    """What a structure's octets carry, where that can be read without a key."""
    match structure.name:
        case "Join":
            yield from _structure(own("JoinRequest"), octets, offset, depth)
        case "JoinAnswer" if structure.group is Group.ITEM_DOWN:
            yield from _structure(own("JoinAnswer"), octets, offset, depth)
        case "SealedReport":
            yield from _sealed("report", octets, offset, depth)
        case "SealedManifest":
            yield from _sealed("manifest", octets, offset, depth)
        case "Response" | "SealedCommand":
            yield from _sealed("TLVs", octets, offset, depth)
        case "PartRequest":
            yield _parts_asked(octets, offset, depth)
        case "SensorValue" if len(octets) == REPORT_TLV_OCTETS - 1 and octets[0] >= REPORT_SENSOR_BASE:
            for line in _if_it_fits("report", bytes((REPORT_OPCODE,)) + octets, offset - 1, depth):
                if line.offset > offset:
                    yield line
        case "FromTag":
            kind = {1: "join-request", 2: "sealed-report", 3: "sealed-tlvs"}.get(octets[TAG_ID_OCTETS], "")
            yield from _if_it_fits(kind, octets[structure.octets :], offset + structure.octets, depth)
        case "ToTag":
            kind = {1: "join-answer", 2: "sealed-manifest", 3: "sealed-tlvs"}.get(octets[TAG_ID_OCTETS], "")
            yield from _if_it_fits(kind, octets[structure.octets :], offset + structure.octets, depth)


def _if_it_fits(kind: str, octets: bytes, offset: int, depth: int) -> Iterator[Line]:
    """A peer may put anything there: then it stays octets."""
    try:
        lines = explain(kind, octets).lines if kind else ()
    except PeerError:
        return
    for line in lines:
        yield Line(offset + line.offset, line.octets, depth + line.depth, line.name, line.value, line.meaning)


def _parts_asked(octets: bytes, offset: int, depth: int) -> Line:
    first, bits = int.from_bytes(octets[8:11], "little"), int.from_bytes(octets[11:], "little")
    asked = [first + PART_OCTETS * place for place in range(bits.bit_length()) if bits >> place & 1]
    shown = ", ".join(map(str, asked[:8])) + (f" and {len(asked) - 8} more" if len(asked) > 8 else "")
    return Line(offset + 11, octets[11:], depth, "offsets", shown or "none", f"the {len(asked)} parts that it asks for")


def _randomizer(raw: bytes) -> str:
    counter, up = read_randomizer(raw)
    return f"counter {counter}, {'up' if up else 'down'}"


def _count(octets: bytes) -> str:
    return "1 octet" if len(octets) == 1 else f"{len(octets)} octets"


def _words(name: str) -> str:
    return name.lower().replace("_", " ")


KINDS: Mapping[str, str] = {
    "commands": "TLVs, gateway to tag, as they stand inside a seal",
    "responses": "TLVs, tag to gateway, as they stand inside a seal",
    "poll-up": "a frame of the poll profile, tag to bridge",
    "poll-down": "a frame of the poll profile, bridge to tag",
    "link": "link messages without a payload's head",
    "payload": "a payload of the link, as MQTT carries it",
    "serial": "frames of the serial carrier, in COBS, with their zeros",
    "openepaperlink": "what an OpenEPaperLink module says on its line",
    "manifest": "a manifest, opened",
    "report": "a report's TLV, opened",
    "join-request": "message 1 of a commissioning",
    "join-answer": "message 2 of a commissioning",
    "sealed-manifest": "a manifest under its seal",
    "sealed-report": "a report under its seal",
    "sealed-tlvs": "commands, or their answer, under their seal",
    "packet": "what an Encrypted Data structure of the ESL service holds",
}
