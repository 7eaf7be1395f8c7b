"""The decoders of OpenEPaperLink's serial line and pictures, for fuzzing."""

from functools import cache, partial
from random import Random

from benchmarks import fuzz_inputs as inputs
from benchmarks.fuzz_decoder import Decoder
from firmware_protocol.errors import FieldError
from firmware_protocol.identity import TagId
from firmware_protocol.openepaperlink import frames as module
from firmware_protocol.openepaperlink.host import ModuleHost
from firmware_protocol.openepaperlink.picture import payload_of, planes_of
from firmware_protocol.openepaperlink.reader import ModuleReader
from firmware_protocol.openepaperlink.tag_type import TAG_TYPES

TAG = TagId(bytes.fromhex("A4C1380000000001"))
_GLASSES = sorted(TAG_TYPES.values(), key=lambda kind: sum(kind.panel.plane_sizes))
_TAG_TYPES = (_GLASSES[0], _GLASSES[-1])


def module_decoders() -> list[Decoder]:
    structs: list[tuple[bytes, object]] = [
        (b"ADR>", module.CheckIn(TAG, 1, 200, -60, 20, 3000, 1, 0, 0, 0x26, 11, 0, bytes(8))),
        (b"RQB>", module.BlockWanted(bytes(8), 1, TAG)),
        (b"XFC>", module.TransferComplete(TAG)),
        (b"XTO>", module.SlotExpired(TAG)),
        (b"TRD>", module.ReturnedData(TAG, 21, 0, 0, bytes(8), 1, b"abc")),
    ]
    seeds = (
        *(verb + module.pack(value) for verb, value in structs),
        b"ACK>",
        b"TYP>01VER>0026MAC>0011223344556677ZCH>0B",
    )
    kinds = [type(value) for _, value in structs]
    return [
        Decoder("module reader", _module_reader, seeds, 5, mend=inputs.with_sum, octets_max=400),
        Decoder("module host", _module_host, seeds, 2, mend=inputs.with_sum, octets_max=400),
        Decoder("module structs", partial(_module_structs, kinds), tuple(seed[4:] for seed in seeds[:5]), 3),
        Decoder(
            "module block",
            module.unpack_block,
            (module.pack_block(bytes(9))[:4100],),
            0.3,
            inputs.block,
            octets_max=4100,
        ),
        Decoder("module picture", _module_picture, _module_payloads(), 0.3, octets_max=3000),
    ]


def _module_reader(octets: bytes) -> bool:
    reader = ModuleReader()
    return bool([*reader.feed(octets), *reader.idle()])


def _module_host(octets: bytes) -> bool:
    """While it shakes hands, and when it is up."""
    host = ModuleHost(channel=11)
    host.opened(0.0)
    events = 0
    for place, said in enumerate(
        (octets, b"ACK>", b"ACK>TYP>01VER>0026MAC>0011223344556677ZCH>0BPEN>00NOP>00", b"ACK>", octets)
    ):
        now_s = place * 0.2
        host.to_send(now_s)
        events += len(host.receive(said, now_s))
        events += len(host.pass_time(now_s + 0.1))
        host.to_send(now_s + 0.1)
    return events > 1


def _module_structs(kinds: list[type], octets: bytes) -> bool:
    """Whether it is any of them."""
    taken = 0
    for kind in kinds:
        try:
            module.unpack(kind, octets)
            taken += 1
        except FieldError:
            continue
    return bool(taken)


@cache
def _module_payloads() -> tuple[bytes, ...]:
    """Which of two tag types, the smallest and the largest; data type; picture: whole, cut, and far too large."""
    found = []
    for place, kind in enumerate(_TAG_TYPES):
        planes = (b"\xff" * kind.panel.plane_octets, *map(bytes, kind.panel.plane_sizes[1:]))
        for refused in (frozenset[int](), frozenset((module.DataType.ZLIB,))):
            payload = payload_of(kind, planes, 0xFFFF, refused=refused)
            found.append(bytes((place, payload.data_type)) + payload.octets[: 100_000 if refused else None])
        width, height = kind.buffer_px
        head = b"\x06" + width.to_bytes(2, "little") + height.to_bytes(2, "little") + b"\x01"
        for size in (kind.panel.plane_octets, kind.panel.plane_octets + 1, 3_000_000):
            told = (6 + kind.panel.plane_octets).to_bytes(4, "little")
            for bits in (9, 12, 15):
                stream = inputs.deflated(Random(1), head + bytes(size), bits)
                found.append(bytes((place, module.DataType.ZLIB)) + told + stream)
    return tuple(found)


def _module_picture(octets: bytes) -> object:
    if len(octets) < 2:
        raise FieldError("picture", f"{len(octets)} octets", "a tag type, a data type and a picture", offset=0)
    return planes_of(_TAG_TYPES[octets[0] % len(_TAG_TYPES)], octets[1], octets[2:])
