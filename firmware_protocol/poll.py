"""The frames of the poll radio profile: a tag makes contact, the bridge answers, parts follow.

In and out: the octets of one 802.15.4 frame behind frame control, sequence number and PAN, from the 64-bit address of
the tag (as printed; the radio sends it least significant first) to before the check sum: TagId 8, type 1, then the
fields. Up: `Contact`. Down: `Answer`, `Part`. A contact or an answer carries items: kind u8, length u8, body.
Rule: everything that moves a glass or proves it is sealed inside an item; all else is advice. A new version of the
profile is a new high nibble of the type. Field by field: docs/protocol.md, "Poll profile".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import IntEnum, IntFlag
from typing import Any, Generic, TypeVar, dataclass_transform

from msgspec import Struct

from firmware_protocol.commissioning import JOIN_ANSWER_OCTETS, JOIN_REQUEST_OCTETS
from firmware_protocol.counters import RANDOMIZER_OCTETS
from firmware_protocol.encoding import ENCODING_ID_OCTETS
from firmware_protocol.errors import FieldError
from firmware_protocol.identity import TAG_ID_OCTETS, TagId
from firmware_protocol.layout import Layout, exactly, one_of, rest, tag, tail, u8, u16, u24, wired
from firmware_protocol.sealing import SEAL_OCTETS, SEALED_MANIFEST_OCTETS, SEALED_REPORT_OCTETS
from firmware_protocol.tlv import TLVS_OCTETS_MAX

OCTET_US = 32  # 250 kbit/s
PHY_OCTETS = 6  # preamble, start of frame, length
MAC_OCTETS = 7  # frame control 2, sequence number 1, PAN 2, check sum 2; the address is the TagId
PSDU_OCTETS_MAX = 127
FRAME_OCTETS_MAX = PSDU_OCTETS_MAX - MAC_OCTETS
PART_OCTETS = 99  # what is left of a frame of 126 octets, the same air as the parts of existing poll networks
BITMAP_OCTETS_MAX = 64  # 512 parts, 50 kB: a whole 7.5 inch label, compressed, in one request

Message = TypeVar("Message")


class ContactFlags(IntFlag):
    """Bits a receiver does not know mean nothing to it."""

    NONE = 0
    MORE = 1  # another frame of this contact follows at once; answer the last one


class AnswerFlags(IntFlag):
    """Unsealed, so advice only: a tag sends at most one join request a contact because of it."""

    NONE = 0
    PLEASE_COMMISSION = 1
    MORE = 2  # another frame for this tag follows at once: keep listening


class Sealing(IntEnum):
    """What a tag could not open."""

    MANIFEST = 1
    COMMAND = 2


class PollRow(Generic[Message], Struct, frozen=True):
    """One declared frame or item: `code` is the type of a frame, the kind of an item."""

    code: int
    message: type[Message]
    layout: Layout[Message]

    @property
    def name(self) -> str:
        return self.message.__name__


_ITEMS_UP: dict[int, PollRow[Any]] = {}
_ITEMS_DOWN: dict[int, PollRow[Any]] = {}
_FRAMES: dict[int, PollRow[Any]] = {}
_ROW_OF: dict[type, PollRow[Any]] = {}


@dataclass_transform(frozen_default=True, field_specifiers=(exactly, one_of, rest, tag, tail, u8, u16, u24))
def _row(table: dict[int, PollRow[Any]], code: int) -> Callable[[type[Message]], type[Message]]:
    def declare(plain: type[Message]) -> type[Message]:
        message = wired(plain)
        if code in table:
            raise TypeError(f"{code:#04x} is declared twice")
        table[code] = _ROW_OF[message] = PollRow(code, message, Layout(message))
        return message

    return declare


@_row(_ITEMS_UP, 1)
class Join:
    """The tag asks to join: message 1 of a commissioning, `commissioning.JoinRequest`."""

    octets: bytes = exactly(JOIN_REQUEST_OCTETS)


@_row(_ITEMS_UP, 2)
class SealedReport:
    """The report of one display, sealed with the key *up*: `sealing.seal_report`."""

    octets: bytes = exactly(SEALED_REPORT_OCTETS)


@_row(_ITEMS_UP, 3)
class Response:
    """The responses to one command item, in its commands' order, sealed with the key *up*: `sealing.seal_answer`."""

    octets: bytes = rest(at_least=SEAL_OCTETS + 2, at_most=SEAL_OCTETS + TLVS_OCTETS_MAX)


@_row(_ITEMS_UP, 4)
class CannotOpen:
    """Sent instead of silence. `randomizer` is that of what did not open: was it made before the keys changed?"""

    what: Sealing = one_of(Sealing)
    randomizer: bytes = exactly(RANDOMIZER_OCTETS)


@_row(_ITEMS_UP, 5)
class PartRequest:
    """Parts the tag still needs: bit n of `bitmap` (octet n // 8, least significant first) = the part at
    `first_offset` + 99 n.
    """

    encoding_id: bytes = exactly(ENCODING_ID_OCTETS)
    first_offset: int = u24(multiple_of=PART_OCTETS)
    bitmap: bytes = rest(at_least=1, at_most=BITMAP_OCTETS_MAX)

    @classmethod
    def of(cls, encoding_id: bytes, offsets: Iterable[int]) -> PartRequest:
        """Of as many of these offsets as one request reaches, from the lowest on. Raises `ValueError` without any."""
        wanted = sorted(offsets)
        if not wanted:
            raise ValueError("no part is missing")
        bits, reach = 0, BITMAP_OCTETS_MAX * 8
        for offset in wanted:
            place = (offset - wanted[0]) // PART_OCTETS
            if place >= reach:
                break
            bits |= 1 << place
        return cls(encoding_id, wanted[0], bits.to_bytes((bits.bit_length() + 7) // 8, "little"))

    def offsets(self) -> tuple[int, ...]:
        """The offsets asked for, ascending."""
        bits = int.from_bytes(self.bitmap, "little")
        return tuple(self.first_offset + PART_OCTETS * place for place in range(bits.bit_length()) if bits >> place & 1)


@_row(_ITEMS_DOWN, 1)
class JoinAnswer:
    """The gateway's answer to a join: message 2 of a commissioning, `commissioning.JoinAnswer`."""

    octets: bytes = exactly(JOIN_ANSWER_OCTETS)


@_row(_ITEMS_DOWN, 2)
class SealedManifest:
    """The manifest of one display, sealed with the key *down*: `sealing.seal_manifest`."""

    octets: bytes = exactly(SEALED_MANIFEST_OCTETS)


@_row(_ITEMS_DOWN, 3)
class SealedCommand:
    """Commands for this tag, sealed with the key *down*: `sealing.seal_command`."""

    octets: bytes = rest(at_least=SEAL_OCTETS + 2, at_most=SEAL_OCTETS + TLVS_OCTETS_MAX)


@_row(_ITEMS_DOWN, 4)
class PlainPing:
    """A Ping that nobody sealed, the only such command: a tag with keys answers a `Response` with Basic State."""


Item = TypeVar("Item", "UpItem", "DownItem")
UpItem = Join | SealedReport | Response | CannotOpen | PartRequest
DownItem = JoinAnswer | SealedManifest | SealedCommand | PlainPing


def _pack_items(items: tuple[UpItem | DownItem, ...]) -> bytes:
    packed = bytearray()
    for item in items:
        row = _ROW_OF[type(item)]
        body = row.layout.pack(item)
        packed += bytes((row.code, len(body))) + body
    return bytes(packed)


def item_octets(item: UpItem | DownItem) -> int:
    """What an item takes of a frame's room."""
    return 2 + _ROW_OF[type(item)].layout.octets(item)


def _items_octets(items: tuple[UpItem | DownItem, ...]) -> int:
    return sum(map(item_octets, items))


def _items_of(table: Mapping[int, PollRow[Any]]) -> Callable[[bytes], object]:
    def read(octets: bytes) -> tuple[object, ...]:
        items = []
        start = 0
        while start < len(octets):
            kind = octets[start]
            row = table.get(kind)
            if row is None:
                raise FieldError("item.kind", kind, "a kind this version knows", offset=start)
            body = start + 2
            if body > len(octets) or body + octets[start + 1] > len(octets):
                raise FieldError("item.length", octets[start + 1 : body].hex(), "the item ends the frame", offset=start)
            end = body + octets[start + 1]
            items.append(row.layout.unpack(octets[body:end], body))
            start = end
        return tuple(items)

    return read


@_row(_FRAMES, 0x11)
class Contact:
    """Tag to bridge: I am here, this is what I have to say, this is what I need."""

    tag_id: TagId = tag()
    flags: int = u8()
    items: tuple[UpItem, ...] = tail("items up, to the end", _items_of(_ITEMS_UP), _pack_items, _items_octets)


@_row(_FRAMES, 0x12)
class Answer:
    """Bridge to tag, after a contact. `again_ms`: make contact again after so long, because what you asked for is on
    its way (0 = at your usual time).
    """

    tag_id: TagId = tag()
    flags: int = u8()
    again_ms: int = u16()
    items: tuple[DownItem, ...] = tail("items down, to the end", _items_of(_ITEMS_DOWN), _pack_items, _items_octets)


@_row(_FRAMES, 0x13)
class Part:
    """Bridge to tag: 99 octets of the stream of an encoding, fewer only at its end."""

    tag_id: TagId = tag()
    encoding_id: bytes = exactly(ENCODING_ID_OCTETS)
    offset: int = u24(multiple_of=PART_OCTETS)
    octets: bytes = rest(at_least=1, at_most=PART_OCTETS)


UpFrame = Contact
DownFrame = Answer | Part

ITEMS_UP: Mapping[int, PollRow[Any]] = _ITEMS_UP
ITEMS_DOWN: Mapping[int, PollRow[Any]] = _ITEMS_DOWN
FRAMES: Mapping[int, PollRow[Any]] = _FRAMES


def pack_frame(frame: UpFrame | DownFrame) -> bytes:
    """Raises `ValueError` for more than one frame holds: spread the items over frames with `MORE`."""
    row = _ROW_OF[type(frame)]
    packed = row.layout.pack(frame)
    octets = packed[:TAG_ID_OCTETS] + bytes((row.code,)) + packed[TAG_ID_OCTETS:]
    if len(octets) > FRAME_OCTETS_MAX:
        raise ValueError(f"a frame of {len(octets)} octets; the radio takes {FRAME_OCTETS_MAX}")
    return octets


def unpack_up(octets: bytes) -> UpFrame:
    """What a bridge hears of a tag. Raises `FieldError`."""
    frame: UpFrame = _unpack(octets, (Contact,))
    return frame


def unpack_down(octets: bytes) -> DownFrame:
    """What a tag hears of a bridge. Raises `FieldError`."""
    frame: DownFrame = _unpack(octets, (Answer, Part))
    return frame


def frame_octets(frame: UpFrame | DownFrame) -> int:
    """How many `pack_frame` gives, for who has no use for the octets themselves."""
    return 1 + _ROW_OF[type(frame)].layout.octets(frame)


def pages_of(items: Iterable[Item], room: int) -> list[list[Item]]:
    """The items in their order, on as few frames as hold them, each of so many octets of room; at least one."""
    pages: list[list[Item]] = [[]]
    left = room
    for item in items:
        taken = item_octets(item)
        if taken > left:
            pages.append([])
            left = room
        left -= taken
        pages[-1].append(item)
    return pages


def airtime_us(frame_octets: int) -> int:
    """Time on the air of a packed frame of so many octets, with all that stands around it."""
    return (PHY_OCTETS + MAC_OCTETS + frame_octets) * OCTET_US


CONTACT_ROOM = FRAME_OCTETS_MAX - TAG_ID_OCTETS - 2  # octets of items in one contact
ANSWER_ROOM = FRAME_OCTETS_MAX - TAG_ID_OCTETS - 4  # octets of items in one answer


def _unpack(octets: bytes, kinds: tuple[type, ...]) -> Any:
    if not TAG_ID_OCTETS < len(octets) <= FRAME_OCTETS_MAX:
        raise FieldError("frame", f"{len(octets)} octets", f"9 to {FRAME_OCTETS_MAX} octets", offset=0)
    row = _FRAMES.get(octets[TAG_ID_OCTETS])
    if row is None or row.message not in kinds:
        raise FieldError("frame.type", octets[TAG_ID_OCTETS], "a frame of this direction and version", offset=8)
    # behind the TagId, which any octets are, every field stands one octet further than in the layout: the type
    return row.layout.unpack(octets[:TAG_ID_OCTETS] + octets[TAG_ID_OCTETS + 1 :], 1)
