"""The C header: it is the tables', it compiles as C99, and a C decoder made of it reads and refuses as Python does."""

import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from enum import IntEnum
from pathlib import Path

import pytest
from c_program import FOLDER, answered, compiled, needs_gcc
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import fields
from wire_vectors import VECTORS

from firmware_protocol import FieldError, PeerError, TagId
from firmware_protocol.c_header import c_header
from firmware_protocol.catalogue import own
from firmware_protocol.commissioning import JoinAnswer, JoinRequest
from firmware_protocol.layout import Fixed, is_wired, wires_of
from firmware_protocol.manifest import Manifest
from firmware_protocol.readers import READERS
from firmware_protocol.report import Report

LONG = bool(os.environ.get("ESL_TEST_LONG"))

Answer = tuple[str, object]


def test_the_header_in_the_package_is_what_the_tables_give() -> None:
    kept = (FOLDER / "esl_protocol.h").read_text(encoding="utf-8")
    assert kept == c_header(), "write it anew: esl protocol header firmware_protocol/c/esl_protocol.h"


@pytest.fixture(scope="module")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled("decoder", tmp_path_factory.mktemp("c"))


def answers_of(decoder: Path, inputs: Sequence[tuple[str, bytes]]) -> Iterator[Answer]:
    lines = "".join(f"{kind} {octets.hex().upper()}\n" for kind, octets in inputs)
    for block in answered(decoder, lines).split("\n\n")[:-1]:
        head, _, body = block.partition("\n")
        if head == "ok":
            yield "ok", dict(line.split("=", 1) for line in body.split("\n") if line)
        else:
            yield "refused", int(head.split()[1])


def expected(kind: str, octets: bytes) -> Answer:
    try:
        value = READERS[kind](octets)
    except FieldError as error:
        return "refused", error.offset
    if isinstance(value, int):
        return "ok", {"counter": str(value)}
    if isinstance(value, Report):
        return "ok", {**dict(flat(value)), **_head_of_report(octets)}
    if isinstance(value, Manifest):
        return "ok", {**dict(flat(value)), "reserved": "0"}
    if kind in ("poll-up", "poll-down"):
        return "ok", {"kind": type(value).__name__, "type": str(octets[8]), **dict(flat(value))}
    return "ok", dict(flat(value))


def _head_of_report(octets: bytes) -> dict[str, str]:
    return {"opcode": "254", "sensor_index": str(octets[1]), "battery_20_mv": str(octets[16])}


def flat(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """A message's fields as the C decoder says them: paths and words."""
    if isinstance(value, list | tuple):
        for place, one in enumerate(value):
            at = f"{path}.{place}" if path else str(place)
            if type(one).__name__ != "Frame":
                yield f"{at}.kind", type(one).__name__
            yield from flat(one, at)
    elif isinstance(value, Struct):
        for each in fields(value):
            said = _as_it_travels(type(value), each.name, getattr(value, each.name))
            yield from flat(said, f"{path}.{each.name}" if path else each.name)
    else:
        yield path, _word(value)


def _as_it_travels(message: type, name: str, value: object) -> object:
    """A field whose octets Python takes apart is one number to the header."""
    wire = wires_of(message).get(name) if is_wired(message) else None
    if not isinstance(wire, Fixed) or wire.raw_of is None or not isinstance(value, Struct):
        return value
    raw = wire.raw_of(value)
    return int.from_bytes(raw, "little") if isinstance(raw, bytes) else raw


def _word(value: object) -> str:
    match value:
        case TagId():
            return str(value)
        case bytes():
            return value.hex().upper()
        case IntEnum():
            return value.name.lower()
        case str():
            return "".join(f"\\{ord(sign):02X}" if sign < " " or sign == "\\" else sign for sign in value)
        case _:
            return str(value)


def corrupted(octets: bytes) -> Iterator[bytes]:
    """Cut anywhere, with more behind, and with each octet another."""
    short = len(octets) < 300 or LONG
    for cut in range(0, len(octets), 1 if short else 13):
        yield octets[:cut]
    for more in (b"\0", b"\xff", b"\x01\x00", bytes(60)):
        yield octets + more
    for place in range(0, len(octets), 1 if short else 29):
        for other in (0x00, 0xFF, octets[place] ^ 1, octets[place] ^ 0x80, octets[place] + 1 & 0xFF, 0x7F):
            if other != octets[place]:
                yield octets[:place] + bytes((other,)) + octets[place + 1 :]


@needs_gcc
def test_the_c_decoder_reads_every_vector(decoder: Path) -> None:
    found = list(answers_of(decoder, VECTORS))
    assert found == [expected(kind, octets) for kind, octets in VECTORS]
    assert sum(answer[0] == "ok" for answer in found) >= 70
    assert {kind for (kind, _), answer in zip(VECTORS, found, strict=True) if answer[0] == "ok"} == {
        kind for kind in READERS if kind != "openepaperlink"
    }


@needs_gcc
def test_the_c_decoder_refuses_every_corrupted_vector_just_where_python_does(decoder: Path) -> None:
    inputs = [(kind, wrong) for kind, octets in VECTORS for wrong in corrupted(octets)]
    found = list(answers_of(decoder, inputs))
    different = [
        (kind, octets.hex(), answer, wanted)
        for (kind, octets), answer in zip(inputs, found, strict=True)
        if answer != (wanted := expected(kind, octets))
    ]
    assert different == []
    assert sum(answer[0] == "refused" for answer in found) > 7_000


@needs_gcc
def test_the_c_decoder_refuses_what_is_wrong_under_a_sound_check_sum(decoder: Path) -> None:
    """Changed behind the check sum, which is then made right again: the rules of the fields themselves must see it."""
    inputs = []
    for kind, octets in VECTORS:
        if kind == "payload":
            inputs += [(kind, _with_crc(wrong)) for wrong in corrupted(octets) if len(wrong) >= 10]
        if kind == "link":
            inputs += [("payload", _with_crc(b"\x01\x00" + bytes(8) + wrong)) for wrong in corrupted(octets)]
    inputs += [("payload", _with_crc(b"\x01\x00" + bytes(8) + b"\x88\x00\x00" * count)) for count in (3_000, 3_001)]
    found = list(answers_of(decoder, inputs))
    assert found == [expected(kind, octets) for kind, octets in inputs]
    assert {answer[0] for answer in found} == {"ok", "refused"}


def _with_crc(octets: bytes) -> bytes:
    return octets[:2] + zlib.crc32(octets[6:]).to_bytes(4, "little") + octets[6:]


@given(st.binary(min_size=64, max_size=64), st.integers(0, 3), st.integers(0, 2), st.booleans())
@settings(max_examples=400)
def test_the_catalogues_manifest_is_the_one_the_code_reads(octets: bytes, action: int, codec: int, now: bool) -> None:
    octets = (
        bytes((octets[0] % 40, action, codec, octets[3] % 2)) + octets[4:42] + bytes((octets[42] % 8, 0)) + octets[44:]
    )
    octets = octets[:44] + bytes(4) + octets[48:] if now else octets
    _same_verdict("Manifest", octets, Manifest.unpack, but_for="manifest.t_ms")


@given(st.binary(min_size=17, max_size=17), st.integers(0, 9))
def test_the_catalogues_report_is_the_one_the_code_reads(octets: bytes, state: int) -> None:
    for tlv in (octets, b"\xfe\xe3" + octets[2:13] + bytes((state,)) + octets[14:]):
        _same_verdict("Report", tlv, Report.unpack_tlv)


@given(st.binary(max_size=40))
def test_the_catalogues_join_messages_are_those_the_code_reads(octets: bytes) -> None:
    _same_verdict("JoinRequest", octets, JoinRequest.unpack)
    _same_verdict("JoinAnswer", octets, JoinAnswer.unpack)


def _same_verdict(name: str, octets: bytes, read: Callable[[bytes], object], but_for: str = "") -> None:
    """The catalogue's pieces take what the code takes, and refuse at the same octet."""
    try:
        read(octets)
        found: int | None = None
    except FieldError as error:
        found = None if error.field == but_for else error.offset
    assert _verdict(name, octets) == found


def _verdict(name: str, octets: bytes) -> int | None:
    structure = own(name)
    if len(octets) != structure.octets:
        return 0
    for piece in structure.pieces:
        wire = piece.wire
        assert isinstance(wire, Fixed)
        raw = octets[piece.offset : piece.offset + wire.octets]
        value: object = int.from_bytes(raw, "little") if wire.code in "BHI" else raw
        try:
            if wire.value_of is not None:
                wire.value_of(value)
        except (ValueError, PeerError):
            return piece.offset
    return None
