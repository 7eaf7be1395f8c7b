"""Every decoder of firmware_protocol, with the frames that fuzzing starts from and how many inputs it gets.

Rule: `read` raises the protocol's own errors, or says whether it took anything; whatever else happens is a bug. Keys
are fixed, so that what is sealed can be changed inside its seal.
"""

from __future__ import annotations

import zlib
from functools import cache, partial
from random import Random

from benchmarks import fuzz_inputs as inputs
from benchmarks.fuzz_decoder import Decoder
from benchmarks.fuzz_module import TAG, module_decoders
from firmware_protocol import sealing
from firmware_protocol.catalogue import Group, own
from firmware_protocol.commissioning import JoinAnswer, JoinRequest
from firmware_protocol.content import content_id
from firmware_protocol.counters import RANDOMIZER_OCTETS, randomizer
from firmware_protocol.difference import difference
from firmware_protocol.encoding import Base, Codec, decode, encode
from firmware_protocol.errors import FieldError
from firmware_protocol.explain import readings
from firmware_protocol.identity import FactoryCode, TagId, split_display_id
from firmware_protocol.keys import SealKey, SessionKeys
from firmware_protocol.link.frames import Frame, FrameReader, FrameType
from firmware_protocol.link.serial import SerialLink
from firmware_protocol.manifest import Manifest
from firmware_protocol.openepaperlink.tag_type import TagTypeInvalid, read_tag_type
from firmware_protocol.panels import PANELS
from firmware_protocol.poll import PART_OCTETS, Part, pack_frame, unpack_down
from firmware_protocol.readers import READERS
from firmware_protocol.service.packet import ESL_PAYLOAD, GroupPacket, unpack_answers
from firmware_protocol.tag.machine import TagMachine
from firmware_protocol.tag.slots import write_slot
from firmware_protocol.tag.transfer import Transfer
from firmware_protocol.tlv import unpack_commands, unpack_responses
from firmware_protocol.vectors import read_vectors

KEYS = SessionKeys.unpack(bytes(range(48)))
GROUP_KEY = SealKey(bytes(range(16)), bytes(8))
JOIN_KEY = bytes(range(16))
CODE = FactoryCode(bytes(16))
PANEL = PANELS["2.13-bw"]
PLANES = (bytes(range(250)) * 16,)
PICTURE = encode(PLANES, Codec.DEFLATE)
BASE = Base(content_id(PANEL, PLANES), PLANES[0], PANEL.row_octets)
BANDS = difference(BASE.octets, PLANES[0][:900] + bytes(40) + PLANES[0][940:], PANEL.row_octets)
MANIFEST = Manifest.showing(0, 7, content_id(PANEL, PLANES), PICTURE)
_REQUEST = JoinRequest.seal(JOIN_KEY, TAG, bytes(8))
LONG_PICTURE = encode((Random(3).randbytes(15_000),), Codec.RAW)
LONG_MANIFEST = Manifest.showing(0, 7, bytes(16), LONG_PICTURE)
_TAG_TYPE = 'hw_type = 1\nname = "a"\nwidth_px = 296\nheight_px = 128\nrotate_buffer = 1\ncolours = "WKR"\n'


def decoders() -> list[Decoder]:
    return [*_wire(), *_seals(), *_pictures(), *module_decoders(), *_whole(), *_texts()]


def _structure(payload: bytes) -> bytes:
    """As an advertising structure of the service."""
    return bytes((1 + len(payload) & 0xFF, ESL_PAYLOAD)) + payload


def _in_a_group(tlvs: bytes) -> bytes:
    return _structure(b"\x05" + tlvs)


def _seeds(*subjects: str, kinds: tuple[str, ...] = ()) -> tuple[bytes, ...]:
    vectors = [vector for subject in subjects for vector in read_vectors(subject)]
    return tuple(vector.octets for vector in vectors if not kinds or vector.kind in kinds)


def _wire() -> list[Decoder]:
    service, link = _seeds("service", "commands"), _seeds("link")
    up, down = _seeds("poll", kinds=("Contact",)), _seeds("poll", kinds=("Answer", "Part"))
    plain = tuple(inputs.out_of_cobs(octets) for octets in _seeds("serial"))
    return [
        Decoder("commands", unpack_commands, service, 8, partial(inputs.tlvs, group=Group.COMMAND), octets_max=60),
        Decoder("responses", unpack_responses, service, 8, partial(inputs.tlvs, group=Group.RESPONSE), octets_max=60),
        Decoder(
            "group packet", GroupPacket.unpack, tuple(map(_in_a_group, service)), 4, mend=_in_a_group, octets_max=60
        ),
        Decoder(
            "answers in a slot", unpack_answers, tuple(map(_structure, service)), 4, mend=_structure, octets_max=60
        ),
        Decoder("poll up", READERS["poll-up"], up, 10, partial(inputs.frame, up=True)),
        Decoder("poll down", READERS["poll-down"], down, 10, partial(inputs.frame, up=False)),
        Decoder("link messages", READERS["link"], link, 10, inputs.messages),
        Decoder("payload", READERS["payload"], _seeds("payload"), 8, inputs.payload, inputs.with_crc),
        Decoder("serial reader", _serial_reader, plain, 8, _serial_frame, inputs.in_cobs, 700),
        Decoder("serial link", _serial_link, plain, 2, _serial_frame, inputs.in_cobs, 700),
        Decoder(
            "manifest", Manifest.unpack, (MANIFEST.pack(),), 4, partial(inputs.structured, structure=own("Manifest"))
        ),
        Decoder(
            "report",
            READERS["report"],
            _seeds("pictures", kinds=("Report",)),
            4,
            partial(inputs.structured, structure=own("Report")),
        ),
    ]


def _serial_reader(octets: bytes) -> bool:
    return bool(FrameReader().feed(octets))


def _serial_link(octets: bytes) -> bool:
    """An end whose peer is known, and after it one whose peer comes with these octets."""
    link = SerialLink(0xAABBCCDD)
    link.receive(Frame(FrameType.OPEN, 0x11223344, 0xAABBCCDD, flags=1).pack(), 0.0)
    link.send(bytes(300))
    link.to_send(0.0)
    events = link.receive(octets, 0.1)
    link.to_send(0.2)
    events += SerialLink(0xAABBCCDD).receive(octets, 0.0)
    return bool(events)


def _serial_frame(dice: Random) -> bytes:
    head = b"".join(
        (
            bytes((dice.choice((1, 1, 1, 2, 3, 4)),)),
            dice.choice((0x11223344, dice.getrandbits(32))).to_bytes(4, "little"),
            dice.choice((0xAABBCCDD, 0, dice.getrandbits(32))).to_bytes(4, "little"),
            dice.choice((dice.randrange(34), dice.getrandbits(16))).to_bytes(2, "little"),
            bytes((dice.randrange(4),)),
        )
    )
    return inputs.in_cobs(head + dice.randbytes(dice.choice((0, 1, 4, 16, 240, 241))))


def _seals() -> list[Decoder]:
    tlv_seeds = _seeds("service", "commands")
    join = _seeds("keys", kinds=("JoinRequest",))
    answers = _seeds("keys", kinds=("JoinAnswer",))
    down, up = partial(_sealed, KEYS.down, up=False), partial(_sealed, KEYS.up, up=True)
    return [
        Decoder(
            "sealed manifest", partial(sealing.open_manifest, KEYS), (MANIFEST.pack(),), 3, mend=partial(down, kind=1)
        ),
        Decoder(
            "sealed report",
            partial(sealing.open_report, KEYS),
            _seeds("pictures", kinds=("Report",)),
            3,
            mend=partial(up, kind=2),
        ),
        Decoder("sealed commands", _opened_commands, tlv_seeds, 3, mend=partial(down, kind=3)),
        Decoder("sealed answers", _opened_answers, tlv_seeds, 3, mend=partial(up, kind=3)),
        Decoder("packet", partial(sealing.open_packet, GROUP_KEY), tlv_seeds, 2, mend=_packet),
        Decoder("join request", _join_request, join, 2, mend=_join_mended, octets_max=40),
        Decoder("join answer", _join_answer, answers, 2, mend=_answer_mended, octets_max=40),
    ]


def _join_mended(octets: bytes) -> bytes:
    if len(octets) < 16:
        return octets
    return JoinRequest.seal(JOIN_KEY, TagId(octets[:8]), octets[8:16]).pack() + octets[24:]


def _answer_mended(octets: bytes) -> bytes:
    if len(octets) < 8:
        return octets
    return JoinAnswer.seal(JOIN_KEY, _REQUEST, octets[:8], octets[8:24]).pack()


def _sealed(key: SealKey, octets: bytes, *, kind: int, up: bool) -> bytes:
    head = randomizer(len(octets), up=up)
    return head + key.ccm.encrypt(head + key.iv, octets, bytes((0xEA, kind)))


def _packet(octets: bytes) -> bytes:
    return sealing.seal_packet(GROUP_KEY, bytes(RANDOMIZER_OCTETS), octets)


def _opened_commands(octets: bytes) -> object:
    return unpack_commands(sealing.open_command(KEYS, octets)[1])


def _opened_answers(octets: bytes) -> object:
    return unpack_responses(sealing.open_answer(KEYS, octets)[1])


def _join_request(octets: bytes) -> bool:
    request = JoinRequest.unpack(octets)
    request.check(JOIN_KEY)
    return True


def _join_answer(octets: bytes) -> object:
    return JoinAnswer.unpack(octets).open(JOIN_KEY, _REQUEST)


def _pictures() -> list[Decoder]:
    return [
        Decoder("inflate", _inflate, (PICTURE.data,), 2, _deflated, octets_max=5000),
        Decoder("image slot", _slot, (PICTURE.data,), 1, _deflated, octets_max=5000),
        Decoder("difference", _difference, (BANDS,), 2, mend=_inflated_and_back, octets_max=1000),
        Decoder("stream of parts", _stream, (LONG_PICTURE.stream, LONG_PICTURE.stream[:5000]), 0.2, octets_max=5000),
    ]


def _deflated(dice: Random) -> bytes:
    made = dice.choice(_streams())
    return inputs.changed(dice, made, _streams()) if dice.randrange(4) else made


@cache
def _streams() -> tuple[bytes, ...]:
    """Too much, too little and just enough for the glass, and far too much in few octets."""
    dice, whole = Random(1), sum(PANEL.plane_sizes)
    plains = [dice.randbytes(whole + more) for more in (0, -1, 1)]
    plains += [bytes(whole + more) for more in (0, -1, 1, 2_000_000)]
    return tuple(inputs.deflated(dice, plain, bits) for plain in plains for bits in (-9, -15))


def _inflate(octets: bytes) -> object:
    return decode(Codec.DEFLATE, octets, PANEL.plane_sizes)


def _difference(octets: bytes) -> object:
    return write_slot(bytes(16), PANEL, Codec.DIFFERENCE, octets, BASE).read_back(PANEL)


def _inflated_and_back(octets: bytes) -> bytes:
    """What was changed is taken for bands, so that it gets past deflate."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -9, 5)
    return packer.compress(octets) + packer.flush()


def _slot(octets: bytes) -> object:
    return write_slot(bytes(16), PANEL, Codec.DEFLATE, octets).read_back(PANEL)


def _stream(octets: bytes) -> bool:
    """The octets as parts, from the first on, and then the true ones: what comes of it is the picture, or nothing."""
    transfer = Transfer(LONG_MANIFEST)
    whole = None
    for parts in (octets, LONG_PICTURE.stream):
        transfer.contact_begins()
        for offset in range(0, len(parts), PART_OCTETS):
            whole = transfer.take(offset, parts[offset : offset + PART_OCTETS]) or whole
        transfer.request()
    if whole is not None and whole != LONG_PICTURE.data:
        raise AssertionError("another picture than its manifest vouches for")
    return whole is not None


def _whole() -> list[Decoder]:
    anything = _seeds("service", "poll", "link", "payload", "serial")
    return [
        Decoder("whole tag", _whole_tag, _tag_frames(), 0.5, _tag_talk, octets_max=400),
        # no peer's input: it tells a person each field of a whole payload, and costs as much as it tells
        Decoder("explain", readings, anything, 0.7, _anything, cpu_ms_max=100.0, memory_octets_max=8_000_000),
    ]


def _anything(dice: Random) -> bytes:
    return dice.choice(
        (partial(inputs.frame, up=True), partial(inputs.frame, up=False), inputs.payload, inputs.messages)
    )(dice)


def _tag_frames() -> tuple[bytes, ...]:
    """Frames down, each behind its length."""
    parts = [
        Part(TAG, PICTURE.encoding_id, offset, PICTURE.stream[offset : offset + PART_OCTETS])
        for offset in range(0, len(PICTURE.stream), PART_OCTETS)
    ]
    seeds = [_behind_length(pack_frame(part)) for part in parts[:5]]
    seeds += [_behind_length(_answer(2, sealing.seal_manifest(KEYS, 1, MANIFEST)))]
    seeds += [_behind_length(octets) for octets in _seeds("poll")]
    return (b"".join(seeds[5:6] + seeds[:5]), *seeds)


def _behind_length(octets: bytes) -> bytes:
    return bytes((len(octets),)) + octets


def _answer(kind: int, body: bytes) -> bytes:
    return TAG + b"\x12\0\0\0" + bytes((kind, len(body))) + body


def _tag_talk(dice: Random) -> bytes:
    """Manifests and commands in whole seals, what is in them changed, and parts."""
    said = []
    for _ in range(dice.randint(1, 4)):
        if dice.randrange(2):
            plain = inputs.structured(dice, own("Manifest"))
            plain = dice.choice((b"\0", b"\0", plain[:1])) + plain[1:]
            said.append(_answer(2, _sealed(KEYS.down, plain, kind=1, up=False)))
        else:
            plain = inputs.tlvs(dice, Group.COMMAND)[:48]
            said.append(_answer(3, _sealed(KEYS.down, plain, kind=3, up=False)))
    return b"".join(_behind_length(octets[:255]) for octets in said)


def _whole_tag(octets: bytes) -> bool:
    """A commissioned tag that hears these frames in one contact."""
    tag = TagMachine(TAG, CODE, (PANEL,), bytes)
    tag.memory.keys = KEYS
    heard = start = 0
    while start < len(octets):
        end = start + 1 + octets[start]
        try:
            frame = unpack_down(octets[start + 1 : end])
        except FieldError:
            start = end
            continue
        for item in [frame] if isinstance(frame, Part) else frame.items:
            tag.receive(item)
            heard += 1
        tag.contact(again=True)
        start = end
    return bool(heard)


def _texts() -> list[Decoder]:
    ids = (b"A4C1380000000001", b"A4C1380000000001.31", b"AAAQEAYEAUDAOCAJBIFQYDIOB4")
    return [
        Decoder("ids as text", _ids, ids, 3, octets_max=40),
        Decoder("tag type", _type, (_TAG_TYPE.encode(),), 0.3, octets_max=400, errors=(TagTypeInvalid,)),
    ]


def _ids(octets: bytes) -> bool:
    text = octets.decode("utf-8", errors="replace")
    taken = 0
    for read in (TagId.parse, FactoryCode.parse, split_display_id):
        try:
            read(text)
            taken += 1
        except FieldError:
            continue
    return bool(taken)


def _type(octets: bytes) -> object:
    return read_tag_type(octets.decode("utf-8", errors="replace"), "a file")
