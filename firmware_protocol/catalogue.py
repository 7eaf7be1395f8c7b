"""Every structure of the wire in one place, with the place of each field: for the C header and for explaining octets.

In: the tables of commands, responses, frames, items and link messages, and the structures that have no table. Out:
`Structure`s, each a list of `Piece`s. Rule: nothing is said twice: what a table declares is taken from it, and a test
holds what is declared here against the code that reads it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from typing import Any

from msgspec import Struct

from firmware_protocol.commissioning import JOIN_ANSWER_OCTETS
from firmware_protocol.content import BASE_PREFIX_OCTETS, CONTENT_ID_OCTETS, CONTENT_PREFIX_OCTETS
from firmware_protocol.counters import RANDOMIZER_OCTETS
from firmware_protocol.encoding import ENCODED_OCTETS_MAX, ENCODING_ID_OCTETS, ROOT_OCTETS, Codec
from firmware_protocol.identity import DISPLAYS_MAX, TAG_ID_OCTETS, TagId
from firmware_protocol.keys import MIC_OCTETS, NONCE_OCTETS
from firmware_protocol.layout import Fixed, Tail, exactly, i8, one_of, tag, u8, u16, u32, wired, wires_of
from firmware_protocol.link import messages
from firmware_protocol.link.frames import FrameType
from firmware_protocol.link.messages import PROTOCOL_VERSION
from firmware_protocol.manifest import Action
from firmware_protocol.poll import FRAMES, ITEMS_DOWN, ITEMS_UP
from firmware_protocol.report import REPORT_OPCODE, REPORT_SENSOR_BASE, ReportState
from firmware_protocol.tlv import COMMANDS, RESPONSES


class Group(Enum):
    """Where a structure stands. Its code tells it from the others of its group."""

    COMMAND = "command"
    RESPONSE = "response"
    FRAME = "frame"
    ITEM_UP = "item up"
    ITEM_DOWN = "item down"
    LINK_UP = "link message up"
    LINK_DOWN = "link message down"
    ROW = "row"  # of a table inside another structure
    OWN = "structure"


class Piece(Struct, frozen=True):
    """One field. `octets` None: everything to the end, where the wire is a `Tail`."""

    name: str
    offset: int
    octets: int | None
    wire: Fixed | Tail


class Structure(Struct, frozen=True):
    """`code`: opcode, type or kind; `mask`: the bits of it that count. `octets`: all pieces but a tail."""

    group: Group
    name: str
    code: int | None
    mask: int
    pieces: tuple[Piece, ...]
    says: str

    @property
    def octets(self) -> int:
        return sum(piece.octets or 0 for piece in self.pieces)

    @property
    def tail(self) -> Tail | None:
        last = self.pieces[-1].wire if self.pieces else None
        return last if isinstance(last, Tail) else None


@wired
class _Manifest:
    """What a display's glass shall be. `t_ms` is 0 unless the action is *show at T*, where it is not."""

    display: int = u8(at_most=DISPLAYS_MAX - 1)
    action: Action = one_of(Action)
    codec: Codec = one_of(Codec)
    reserved: int = u8(at_most=0)
    revision: int = u32()
    content_id: bytes = exactly(CONTENT_ID_OCTETS)
    encoding_id: bytes = exactly(ENCODING_ID_OCTETS)
    base_prefix: bytes = exactly(BASE_PREFIX_OCTETS)
    encoded_size: int = u32(at_least=1, at_most=ENCODED_OCTETS_MAX)
    t_ms: int = u32()
    root: bytes = exactly(ROOT_OCTETS)


@wired
class _Report:
    """What a tag says of one display: a Sensor Value that fills its TLV exactly."""

    opcode: int = u8(at_least=REPORT_OPCODE, at_most=REPORT_OPCODE)
    sensor_index: int = u8(at_least=REPORT_SENSOR_BASE, at_most=REPORT_SENSOR_BASE + DISPLAYS_MAX - 1)
    flags: int = u8()
    revision: int = u32()
    content_prefix: bytes = exactly(CONTENT_PREFIX_OCTETS)
    refresh_counter: int = u16()
    state: ReportState = one_of(ReportState)
    refresh_half_s: int = u8()
    temperature_c: int = i8()
    battery_20_mv: int = u8()


@wired
class _JoinRequest:
    """Message 1 of a commissioning: the MIC is under the join key, or the owner key of a tag that has an owner."""

    tag_id: TagId = tag()
    tag_nonce: bytes = exactly(NONCE_OCTETS)
    mic: bytes = exactly(MIC_OCTETS)


@wired
class _JoinAnswer:
    """Message 2 of a commissioning: the sealed share is 16 octets of ciphertext and the MIC."""

    gateway_nonce: bytes = exactly(NONCE_OCTETS)
    sealed_share: bytes = exactly(JOIN_ANSWER_OCTETS - NONCE_OCTETS)


@wired
class _SealedHead:
    """Before every ciphertext: 39 bits of counter, least significant octet first, and the direction as the last bit."""

    randomizer: bytes = exactly(RANDOMIZER_OCTETS)


@wired
class _ItemHead:
    """Before the body of an item in a contact or an answer."""

    kind: int = u8()
    length: int = u8()


@wired
class _MessageHead:
    """Before the body of a link message."""

    type: int = u8()
    length: int = u16()


@wired
class _PayloadHead:
    """Before the messages of a payload. `crc` is over everything behind it."""

    version: int = u8(at_least=PROTOCOL_VERSION, at_most=PROTOCOL_VERSION)
    flags: int = u8(at_most=0)
    crc: int = u32()
    first_number: int = u32()


@wired
class _SerialHead:
    """Before the data of a serial frame; the data and a CRC-32 over all before it follow, then all of it in COBS."""

    type: FrameType = one_of(FrameType)
    from_session: int = u32()
    to_session: int = u32()
    sequence: int = u16()
    flags: int = u8()


def _pieces(message: type[Any]) -> tuple[Piece, ...]:
    pieces, offset = [], 0
    for name, wire in wires_of(message).items():
        octets = wire.octets if isinstance(wire, Fixed) else None
        pieces.append(Piece(name, offset, octets, wire))
        offset += octets or 0
    return tuple(pieces)


def _framed(message: type[Any], code: int) -> tuple[Piece, ...]:
    """As the radio carries it: the type stands behind the TagId, and all else one octet further."""
    first, *others = _pieces(message)
    kind = Piece("type", TAG_ID_OCTETS, 1, u8(at_least=code, at_most=code))
    return (first, kind, *(Piece(one.name, one.offset + 1, one.octets, one.wire) for one in others))


def _says(message: type[Any]) -> str:
    """The first paragraph of its docstring, on one line, as plain words."""
    text = " ".join((message.__doc__ or "").partition("\n\n")[0].split())
    text = re.sub(r"[:,] `\w+\.\w+`", "", text)  # where the code is means nothing to firmware
    return text.replace("`", "").replace("*", "")


def _own(message: type[Any]) -> Structure:
    return Structure(Group.OWN, message.__name__.lstrip("_"), None, 0, _pieces(message), _says(message))


def _catalogue() -> Mapping[Group, tuple[Structure, ...]]:
    found: dict[Group, list[Structure]] = {group: [] for group in Group}
    for group, tlvs in ((Group.COMMAND, COMMANDS), (Group.RESPONSE, RESPONSES)):
        for row in tlvs.values():
            found[group].append(Structure(group, row.name, row.opcode, row.opcode_mask, _pieces(row.message), row.spec))
    for code, frame in FRAMES.items():
        says = _says(frame.message)
        found[Group.FRAME].append(Structure(Group.FRAME, frame.name, code, 0xFF, _framed(frame.message, code), says))
    for group, table in (
        (Group.ITEM_UP, ITEMS_UP),
        (Group.ITEM_DOWN, ITEMS_DOWN),
        (Group.LINK_UP, messages.UP),
        (Group.LINK_DOWN, messages.DOWN),
    ):
        for code, one in table.items():
            structure = Structure(group, one.name, code, 0xFF, _pieces(one.message), _says(one.message))
            found[group].append(structure)
            if structure.tail is not None and structure.tail.row is not None:
                kind = structure.tail.row
                found[Group.ROW].append(Structure(Group.ROW, kind.__name__, None, 0, _pieces(kind), _says(kind)))
    found[Group.OWN] += map(
        _own,
        (
            _Manifest,
            _Report,
            _JoinRequest,
            _JoinAnswer,
            _SealedHead,
            _ItemHead,
            _MessageHead,
            _PayloadHead,
            _SerialHead,
        ),
    )
    return {group: tuple(structures) for group, structures in found.items()}


CATALOGUE: Mapping[Group, tuple[Structure, ...]] = _catalogue()


def structure_of(group: Group, code: int) -> Structure | None:
    """That of this code, in its group."""
    return next((one for one in CATALOGUE[group] if one.code is not None and code & one.mask == one.code), None)


def own(name: str) -> Structure:
    """One of those without a table. Raises `KeyError`."""
    return next(one for one in CATALOGUE[Group.OWN] if one.name == name)
