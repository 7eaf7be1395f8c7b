"""The C99 header: the wire for firmware, written from the same tables as everything else.

In: the catalogue, enumerations, limits. Out: the text of `esl_protocol.h`. Rule: octets only: every struct is made of
`uint8_t` and arrays of it, so it has no padding, may lie at any address, and means the same on a big-endian machine;
numbers are read by `esl_get_u32` and its like. No allocation, no function that is not `static inline`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import IntEnum, IntFlag
from textwrap import wrap

from firmware_protocol import commissioning, content, counters, encoding, identity, keys, poll, report, sealing, tlv
from firmware_protocol.catalogue import CATALOGUE, Group, Piece, Structure
from firmware_protocol.layout import FieldKind, Fixed, Tail
from firmware_protocol.link import frames, limits, messages
from firmware_protocol.manifest import MANIFEST_OCTETS, Action
from firmware_protocol.panels import Colours
from firmware_protocol.readers import PACKET_OCTETS_MAX
from firmware_protocol.tag.transfer import BAD_BLOCKS_MAX

NAME = "esl_protocol.h"
_GUARD = "ESL_PROTOCOL_H"
_WIDTH = 100

_CONSTANTS: tuple[tuple[str, int, str], ...] = (
    ("PROTOCOL_VERSION", messages.PROTOCOL_VERSION, "of payloads and of Hello"),
    ("TAG_ID_OCTETS", identity.TAG_ID_OCTETS, "as printed, most significant octet first"),
    ("DISPLAYS_MAX", identity.DISPLAYS_MAX, "of one tag"),
    ("FACTORY_CODE_OCTETS", identity.FACTORY_CODE_OCTETS, ""),
    ("KEY_OCTETS", keys.KEY_OCTETS, ""),
    ("IV_OCTETS", keys.IV_OCTETS, ""),
    ("NONCE_OCTETS", keys.NONCE_OCTETS, "of a commissioning"),
    ("SHARE_OCTETS", keys.SHARE_OCTETS, ""),
    ("SESSION_OCTETS", keys.SESSION_OCTETS, "key down, IV down, key up, IV up"),
    ("MIC_OCTETS", keys.MIC_OCTETS, ""),
    ("PACKET_MIC_OCTETS", keys.PACKET_MIC_OCTETS, "inside a packet of the ESL service"),
    ("PACKET_OCTETS_MAX", PACKET_OCTETS_MAX, "sealed, in a packet of the ESL service"),
    ("RANDOMIZER_OCTETS", counters.RANDOMIZER_OCTETS, ""),
    ("COUNTER_BITS", counters.COUNTER_BITS, "the next bit of the randomizer is the direction, 1 = up"),
    ("REPLAY_WINDOW", counters.REPLAY_WINDOW, "counters, kept in RAM"),
    ("TAG_RESERVE", counters.TAG_RESERVE, "counters written down at a time"),
    ("SEAL_OCTETS", sealing.SEAL_OCTETS, "that sealing adds: randomizer and MIC"),
    ("JOIN_REQUEST_MESSAGE_OCTETS", commissioning.JOIN_REQUEST_OCTETS, ""),
    ("JOIN_ANSWER_MESSAGE_OCTETS", commissioning.JOIN_ANSWER_OCTETS, ""),
    ("MANIFEST_PLAIN_OCTETS", MANIFEST_OCTETS, ""),
    ("SEALED_MANIFEST_OCTETS", sealing.SEALED_MANIFEST_OCTETS, ""),
    ("REPORT_VALUE_OCTETS", report.REPORT_OCTETS, "behind the sensor index"),
    ("SEALED_REPORT_OCTETS", sealing.SEALED_REPORT_OCTETS, ""),
    ("REPORT_OPCODE", report.REPORT_OPCODE, "Sensor Value of 15 octets"),
    ("REPORT_SENSOR_BASE", report.REPORT_SENSOR_BASE, "sensor index of display 0"),
    ("BATTERY_STEP_MV", report.BATTERY_STEP_MV, ""),
    ("CONTENT_ID_OCTETS", content.CONTENT_ID_OCTETS, ""),
    ("CONTENT_PREFIX_OCTETS", content.CONTENT_PREFIX_OCTETS, "in a report"),
    ("BASE_PREFIX_OCTETS", content.BASE_PREFIX_OCTETS, "zeros = no base"),
    ("ENCODING_ID_OCTETS", encoding.ENCODING_ID_OCTETS, ""),
    ("ROOT_OCTETS", encoding.ROOT_OCTETS, ""),
    ("BLOCK_OCTETS", encoding.BLOCK_OCTETS, ""),
    ("BLOCK_HASH_OCTETS", encoding.BLOCK_HASH_OCTETS, ""),
    ("ENCODED_OCTETS_MAX", encoding.ENCODED_OCTETS_MAX, ""),
    ("STREAM_OCTETS_MAX", limits.STREAM_OCTETS_MAX, "block table and encoded octets"),
    ("INFLATE_WINDOW_OCTETS", encoding.INFLATE_WINDOW_OCTETS, "a deflate stream refers back no further"),
    ("BAD_BLOCKS_MAX", BAD_BLOCKS_MAX, "in one contact; then the tag stops until the next"),
    ("TLV_OCTETS_MAX", tlv.TLV_OCTETS_MAX, ""),
    ("TLVS_OCTETS_MAX", tlv.TLVS_OCTETS_MAX, "in one list of commands or responses"),
    ("BROADCAST_ESL_ID", tlv.BROADCAST_ESL_ID, ""),
    ("FRAME_OCTETS_MAX", poll.FRAME_OCTETS_MAX, "of the poll profile, from the TagId on"),
    ("PART_OCTETS", poll.PART_OCTETS, "offsets of parts are multiples of it"),
    ("BITMAP_OCTETS_MAX", poll.BITMAP_OCTETS_MAX, "of a part request"),
    ("PAYLOAD_OCTETS_MAX", limits.PAYLOAD_OCTETS_MAX, ""),
    ("PAYLOAD_MESSAGES_MAX", limits.PAYLOAD_MESSAGES_MAX, "in one payload"),
    ("SEALED_OCTETS_MAX", limits.SEALED_OCTETS_MAX, "in FromTag and ToTag"),
    ("PARTS_OCTETS_MAX", limits.PARTS_OCTETS_MAX, "in Parts"),
    ("DOWNWARDS", messages.DOWNWARDS, "the bit of a link message's type that is set in those down"),
    ("SERIAL_VERSION", frames.SERIAL_VERSION, "the flags of open and opened"),
    ("CAUSE_SHIFT", report.CAUSE_SHIFT, "of the cause in a report's flags"),
    ("SPEEDS_OFFERED_MAX", limits.SPEEDS_OFFERED_MAX, "in a speed frame, 4 octets each"),
    ("SERIAL_CRC_OCTETS", limits.SERIAL_CRC_OCTETS, ""),
    ("SERIAL_DATA_OCTETS_MAX", limits.SERIAL_DATA_OCTETS_MAX, "in one frame"),
    ("SERIAL_FRAME_OCTETS_MAX", limits.SERIAL_FRAME_OCTETS_MAX, "head, data and CRC-32, before COBS"),
    ("SERIAL_CODED_OCTETS_MAX", limits.SERIAL_CODED_OCTETS_MAX, "in COBS, without the zero"),
    ("WINDOW_FRAMES_MAX", limits.WINDOW_FRAMES_MAX, "that a receiver has room for"),
)
_ENUMERATIONS: tuple[type[IntEnum], ...] = (
    Action,
    encoding.Codec,
    report.ReportState,
    report.Cause,
    Colours,
    tlv.ErrorCode,
    poll.Sealing,
    messages.Profile,
    messages.SeenReason,
    messages.FromTagKind,
    messages.ToTagKind,
    frames.FrameType,
)
_FLAGS: tuple[type[IntFlag], ...] = (
    report.ReportFlags,
    tlv.BasicStateFlags,
    poll.ContactFlags,
    poll.AnswerFlags,
    messages.Features,
    frames.DataFlags,
)
_LISTS = (
    (Group.ROW, "ESL_ROWS"),
    (Group.COMMAND, "ESL_COMMANDS"),
    (Group.RESPONSE, "ESL_RESPONSES"),
    (Group.FRAME, "ESL_FRAMES"),
    (Group.ITEM_UP, "ESL_ITEMS_UP"),
    (Group.ITEM_DOWN, "ESL_ITEMS_DOWN"),
    (Group.LINK_UP, "ESL_LINK_MESSAGES_UP"),
    (Group.LINK_DOWN, "ESL_LINK_MESSAGES_DOWN"),
)
_PREFIXES = {
    Group.COMMAND: "command_",
    Group.RESPONSE: "response_",
    Group.FRAME: "frame_",
    Group.ITEM_UP: "item_up_",
    Group.ITEM_DOWN: "item_down_",
    Group.LINK_UP: "link_",
    Group.LINK_DOWN: "link_",
    Group.ROW: "",
    Group.OWN: "",
}
_KINDS = {
    FieldKind.UNSIGNED: "ESL_KIND_UNSIGNED",
    FieldKind.SIGNED: "ESL_KIND_SIGNED",
    FieldKind.OCTETS: "ESL_KIND_OCTETS",
    FieldKind.TAG_ID: "ESL_KIND_TAG_ID",
    FieldKind.REVERSED_TAG_ID: "ESL_KIND_TAG_ID_REVERSED",
    FieldKind.TEXT: "ESL_KIND_TEXT",
    FieldKind.ROWS: "ESL_KIND_ROWS",
    FieldKind.ITEMS: "ESL_KIND_ITEMS",
}

_HEAD = f"""/*
 * {NAME}: the wire of esl-gateway, for firmware. C99, no allocation, nothing to link.
 *
 * Generated by `esl protocol header` from the tables of firmware_protocol: do not edit. The words to it are in
 * docs/protocol.md, octets to test against in firmware_protocol/vectors.
 *
 * Structs are made of octets alone: no padding, any alignment, any byte order of the machine, so that
 * `(const struct esl_manifest *)octets` is right everywhere once the length was checked. Numbers of more than one
 * octet are little-endian: read them by esl_get_u16 and its like, write them by esl_put_u16. A struct holds the
 * fields of fixed length; what has no fixed length stands behind it. A TagId is 8 octets, most significant first.
 *
 * For each structure, say esl_link_to_tag, there are
 *   struct esl_link_to_tag           its fixed fields (none where there are no such fields);
 *   ESL_LINK_TO_TAG_CODE, _MASK      its opcode, type or kind, and the bits of that which count;
 *   ESL_LINK_TO_TAG_OCTETS           length of the fixed fields;
 *   ESL_LINK_TO_TAG_FIELDS(X)        X(field, kind, offset, octets, at_least, at_most, multiple_of, members) for
 *                                    each: what a reader must refuse (members: an enumeration, or ESL_ANY);
 *   ESL_LINK_TO_TAG_TAIL(X)          X(field, kind, at_least, at_most, row) for what stands behind, lengths in
 *                                    octets; nothing where nothing may stand there;
 * and for each group a list, ESL_COMMANDS(X): X(ESL_COMMAND_PING, "Ping") for each of its structures; for each
 * enumeration, ESL_ACTION_MEMBERS(X): X(ESL_ACTION_SHOW, "show") for each member. How a reader is made of these:
 * tests/firmware_protocol/c/decoder.c.
 */
#ifndef {_GUARD}
#define {_GUARD}

#include <stddef.h>
#include <stdint.h>

#define ESL_ASSERT(name, holds) typedef char esl_assert_##name[(holds) ? 1 : -1]
"""

_ACCESSORS = """/* Numbers, least significant octet first, at any address. */

static inline uint64_t esl_get(const uint8_t *octets, size_t count)
{
    uint64_t number = 0;
    while (count > 0) {
        count--;
        number = number << 8 | octets[count];
    }
    return number;
}

static inline void esl_put(uint8_t *octets, size_t count, uint64_t number)
{
    size_t place;
    for (place = 0; place < count; place++) {
        octets[place] = (uint8_t)(number >> (8 * place) & 0xFFu);
    }
}

static inline uint16_t esl_get_u16(const uint8_t octets[2]) { return (uint16_t)esl_get(octets, 2); }
static inline uint32_t esl_get_u24(const uint8_t octets[3]) { return (uint32_t)esl_get(octets, 3); }
static inline uint32_t esl_get_u32(const uint8_t octets[4]) { return (uint32_t)esl_get(octets, 4); }
static inline uint64_t esl_get_u64(const uint8_t octets[8]) { return esl_get(octets, 8); }
static inline int8_t esl_get_i8(uint8_t octet) { return (int8_t)(octet < 0x80 ? octet : (int)octet - 0x100); }
static inline void esl_put_u16(uint8_t octets[2], uint16_t number) { esl_put(octets, 2, number); }
static inline void esl_put_u24(uint8_t octets[3], uint32_t number) { esl_put(octets, 3, number); }
static inline void esl_put_u32(uint8_t octets[4], uint32_t number) { esl_put(octets, 4, number); }
static inline void esl_put_u64(uint8_t octets[8], uint64_t number) { esl_put(octets, 8, number); }

/* The counter in a randomizer, and its direction (1 = up). */
static inline uint64_t esl_counter(const uint8_t randomizer[5]) { return esl_get(randomizer, 5) & 0x7FFFFFFFFFull; }
static inline int esl_is_up(const uint8_t randomizer[5]) { return randomizer[4] >> 7; }

/* How many octets follow the opcode of a TLV. */
static inline size_t esl_tlv_parameters(uint8_t opcode) { return (size_t)(opcode >> 4) + 1u; }
"""


def c_header() -> str:
    """The whole file."""
    sections = [_HEAD, "/* Sizes and limits. */\n", *map(_constant, *zip(*_CONSTANTS, strict=True)), ""]
    sections += ["/* What stands in a field. */\n", "enum esl_kind {"]
    sections += [f"    {name}," for name in _KINDS.values()]
    sections += ["};\n", "#define ESL_ANY_MEMBERS(X)\n"]
    used = _used_enumerations()
    for kind in (*_ENUMERATIONS, *(kind for kind in used if kind not in _ENUMERATIONS)):
        sections += _enumeration(kind)
    for flags in _FLAGS:
        sections += _flags(flags)
    sections.append(_ACCESSORS)
    for group in (Group.OWN, *(group for group, _ in _LISTS)):
        sections.append(f"/* {_title(group)} */\n")
        for structure in CATALOGUE[group]:
            sections += _structure(structure)
    for group, name in _LISTS:
        rows = [f'X(ESL_{_c_name(one).upper()}, "{one.name}")' for one in CATALOGUE[group]]
        sections += [_macro(f"{name}(X)", rows), ""]
    members = [f"X(ESL_{_snake(kind.__name__).upper()})" for kind in used]
    sections += ["/* The enumerations that fields are members of. */", _macro("ESL_ENUMERATIONS(X)", members), ""]
    return "\n".join([*sections, f"#endif /* {_GUARD} */", ""])


def _constant(name: str, number: int, words: str) -> str:
    line = f"#define ESL_{name} {number}u"
    return f"{line} /* {words} */" if words else line


def _enumeration(kind: type[IntEnum]) -> Iterator[str]:
    name = _snake(kind.__name__)
    yield f"enum esl_{name} {{"
    for member in kind:
        yield f"    ESL_{name.upper()}_{member.name} = {member.value},"
    yield "};"
    members = [f'X(ESL_{name.upper()}_{member.name}, "{member.name.lower()}")' for member in kind]
    yield _macro(f"ESL_{name.upper()}_MEMBERS(X)", members)
    yield ""


def _flags(kind: type[IntFlag]) -> Iterator[str]:
    name = _snake(kind.__name__).upper()
    named = [member for member in kind if member]
    for member in named:
        yield f"#define ESL_{name}_{member.name} 0x{member.value:02X}u"
    if named:
        yield ""


def _structure(structure: Structure) -> Iterator[str]:
    name = _c_name(structure)
    upper = f"ESL_{name.upper()}"
    yield from _comment(f"{structure.name}: {structure.says}")
    if structure.code is not None:
        yield f"#define {upper}_CODE 0x{structure.code:02X}u"
        yield f"#define {upper}_MASK 0x{structure.mask:02X}u"
    yield f"#define {upper}_OCTETS {structure.octets}u"
    fixed = [(piece, piece.wire) for piece in structure.pieces if isinstance(piece.wire, Fixed)]
    yield _macro(f"{upper}_FIELDS(X)", [_field(piece, wire) for piece, wire in fixed])
    yield _macro(f"{upper}_TAIL(X)", [_tail(structure.pieces[-1].name, structure.tail)] if structure.tail else [])
    if fixed:
        yield f"struct esl_{name} {{"
        for piece, wire in fixed:
            count = "" if wire.octets == 1 else f"[{wire.octets}]"
            yield f"    uint8_t {piece.name}{count}; /* {_one_line(wire.words)} */"
        yield "};"
        yield f"ESL_ASSERT({name}, sizeof(struct esl_{name}) == {upper}_OCTETS);"
        for piece, _ in fixed:
            yield f"ESL_ASSERT({name}_at_{piece.name}, offsetof(struct esl_{name}, {piece.name}) == {piece.offset});"
    yield ""


def _used_enumerations() -> list[type[IntEnum]]:
    """Those of which some field is a member, in the order of the catalogue."""
    wires = [piece.wire for structures in CATALOGUE.values() for one in structures for piece in one.pieces]
    found = [wire.members for wire in wires if isinstance(wire, Fixed) and wire.members is not None]
    return list(dict.fromkeys(found))


def _field(piece: Piece, wire: Fixed) -> str:
    largest = (1 << 8 * wire.octets) - 1 if wire.octets <= 8 else 0
    is_number = wire.kind is FieldKind.UNSIGNED
    at_most = (largest if wire.at_most is None else wire.at_most) if is_number else 0
    members = "ESL_ANY" if wire.members is None else f"ESL_{_snake(wire.members.__name__).upper()}"
    limits_of = f"{wire.at_least}, {_number(at_most)}, {wire.multiple_of}"
    return f"X({piece.name}, {_KINDS[wire.kind]}, {piece.offset}, {wire.octets}, {limits_of}, {members})"


def _tail(name: str, wire: Tail) -> str:
    row = "ESL_NO_ROW" if wire.row is None else f"ESL_{_snake(wire.row.__name__).upper()}"
    at_most = wire.at_most if wire.at_most is not None else poll.FRAME_OCTETS_MAX
    return f"X({name}, {_KINDS[wire.kind]}, {wire.at_least}, {at_most}, {row})"


def _number(number: int) -> str:
    return f"0x{number:X}ull" if number > 0xFFFFFFFF else f"0x{number:X}u" if number > 0x7FFF else str(number)


def _macro(head: str, rows: Iterable[str]) -> str:
    return " \\\n    ".join([f"#define {head}", *rows])


def _comment(text: str) -> Iterator[str]:
    lines = wrap(_one_line(text), _WIDTH - 3)
    yield from (f"{'/*' if place == 0 else ' *'} {line}" for place, line in enumerate(lines[:-1]))
    yield f"{'/*' if len(lines) == 1 else ' *'} {lines[-1]} */"


def _one_line(text: str) -> str:
    """Nothing that would end a comment of C."""
    return " ".join(text.split()).replace("*/", "* /").replace("/*", "/ *")


def _title(group: Group) -> str:
    return {
        Group.ROW: "Rows of tables.",
        Group.OWN: "Structures without a code.",
        Group.COMMAND: "Commands of the ESL service: opcode, then these.",
        Group.RESPONSE: "Responses of the ESL service: opcode, then these.",
        Group.FRAME: "Frames of the poll profile, from the TagId on. Items: to the end, each behind its head.",
        Group.ITEM_UP: "Items up: struct esl_item_head, then these.",
        Group.ITEM_DOWN: "Items down: struct esl_item_head, then these.",
        Group.LINK_UP: "Link messages, bridge to gateway: struct esl_message_head, then these.",
        Group.LINK_DOWN: "Link messages, gateway to bridge: struct esl_message_head, then these.",
    }[group]


def _c_name(structure: Structure) -> str:
    return _PREFIXES[structure.group] + _snake(structure.name)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
