"""The golden vectors: each is read whole, is refused when cut anywhere, and is read with more behind it."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

import pytest
from msgspec import Struct
from msgspec.structs import fields
from wire_vectors import vectors_of

from firmware_protocol import FieldError, Manifest, Report, TagId, sealing, tlv
from firmware_protocol.commissioning import JoinAnswer, JoinRequest
from firmware_protocol.content import content_id
from firmware_protocol.difference import difference
from firmware_protocol.encoding import Base, Codec, decode, encoding_of, unpacked
from firmware_protocol.identity import FactoryCode
from firmware_protocol.keys import SealKey, SessionKeys, derive_share, join_key, owner_key, session_keys
from firmware_protocol.link import messages, payload
from firmware_protocol.link.frames import FrameReader
from firmware_protocol.panels import PANELS
from firmware_protocol.poll import FRAMES, pack_frame, unpack_down, unpack_up
from firmware_protocol.service import packet
from firmware_protocol.vectors import SUBJECTS, Vector

ALL = {subject: vectors_of(subject) for subject in SUBJECTS}


def fields_of(message: object) -> dict[str, object]:
    """A message's fields as the vectors write them."""
    assert isinstance(message, Struct)
    return {each.name: _value(getattr(message, each.name)) for each in fields(message)}


def _value(value: object) -> object:
    if isinstance(value, TagId):
        return str(value)
    if isinstance(value, bytes):
        return value.hex().upper()
    if isinstance(value, IntEnum):
        return value.name.lower()
    if isinstance(value, Struct):
        return fields_of(value)
    if isinstance(value, tuple):
        return [{"kind": type(each).__name__, **fields_of(each)} for each in value]
    return value


def octets_in(vector: Vector, field: str) -> bytes:
    text = vector.fields[field]
    assert isinstance(text, str)
    return bytes.fromhex(text)


def number_in(vector: Vector, field: str) -> int:
    number = vector.fields[field]
    assert isinstance(number, int)
    return number


def of(*subjects: str, kinds: tuple[str, ...] = ()) -> pytest.MarkDecorator:
    chosen = [vector for subject in subjects for vector in ALL[subject] if not kinds or vector.kind in kinds]
    assert chosen
    return pytest.mark.parametrize("vector", chosen, ids=lambda vector: vector.name)


@dataclass(frozen=True)
class Code:
    """How one subject's messages are written and read."""

    pack: Callable[..., bytes]
    unpack: Callable[[bytes], object]


def _one_command(octets: bytes) -> object:
    (command,) = tlv.unpack_commands(octets)
    return command


def _one_response(octets: bytes) -> object:
    (response,) = tlv.unpack_responses(octets)
    return response


def _one_link_message(octets: bytes) -> object:
    table = messages.UP if octets and octets[0] < 0x80 else messages.DOWN
    (message,) = messages.unpack_messages(octets, table)
    return message


def code_of(vector: Vector) -> Code:
    if any(row.name == vector.kind for row in tlv.COMMANDS.values()):
        return Code(tlv.pack_tlv, _one_command)
    if any(row.name == vector.kind for row in tlv.RESPONSES.values()):
        return Code(tlv.pack_tlv, _one_response)
    if vector.kind in {row.name for row in FRAMES.values()}:
        return Code(pack_frame, unpack_up if vector.kind == "Contact" else unpack_down)
    return Code(messages.pack_message, _one_link_message)


@of("service", "commands", "poll", "link")
def test_every_message_is_read_and_written_as_its_vector_says(vector: Vector) -> None:
    code = code_of(vector)
    message = code.unpack(vector.octets)
    assert type(message).__name__ == vector.kind
    assert fields_of(message) == vector.fields
    assert code.pack(message) == vector.octets


@of("service", "commands", "poll", "link")
def test_a_message_cut_anywhere_is_refused_or_is_another_whole_one(vector: Vector) -> None:
    code = code_of(vector)
    for cut in range(len(vector.octets)):
        piece = vector.octets[:cut]
        try:
            message = code.unpack(piece)
        except (FieldError, ValueError):
            continue
        assert code.pack(message) == piece, "a frame cut between two items is a shorter frame, nothing else"
        assert vector.kind in {"Contact", "Answer", "Part"}


@of("service", "commands")
def test_a_tlv_is_read_with_another_behind_it(vector: Vector) -> None:
    if any(row.name == vector.kind for row in tlv.COMMANDS.values()):
        command, ping = tlv.unpack_commands(vector.octets + b"\x00\x07")
        assert (fields_of(command), ping) == (vector.fields, tlv.Ping(esl_id=7))
    else:
        response, error = tlv.unpack_responses(vector.octets + b"\x00\x05")
        assert (fields_of(response), error) == (vector.fields, tlv.Error(code=5))


@of("link")
def test_a_link_message_is_read_in_a_payload_with_another_behind_it(vector: Vector) -> None:
    message = _one_link_message(vector.octets)
    assert isinstance(message, messages.UpMessage | messages.DownMessage)
    other = messages.Airtime(1, 2) if vector.octets[0] < 0x80 else messages.LinkPing()
    (packed,) = payload.pack_payloads([message, other], 9)
    assert payload.unpack_payload(packed) == payload.Payload(9, (message, other))


@of("payload")
def test_every_payload_is_read_and_written_as_its_vector_says(vector: Vector) -> None:
    unpacked = payload.unpack_payload(vector.octets)
    assert fields_of(unpacked) == vector.fields
    assert payload.pack_payloads(unpacked.messages, unpacked.first_number) == [vector.octets]


@of("payload")
def test_a_payload_cut_anywhere_or_changed_in_any_bit_is_refused(vector: Vector) -> None:
    for cut in range(len(vector.octets)):
        with pytest.raises(FieldError):
            payload.unpack_payload(vector.octets[:cut])
    for bit in range(len(vector.octets) * 8):
        changed = bytearray(vector.octets)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(FieldError):
            payload.unpack_payload(bytes(changed))


@of("serial")
def test_every_serial_frame_is_read_whole_in_single_octets_and_with_more_behind(vector: Vector) -> None:
    (frame,) = FrameReader().feed(vector.octets)
    assert fields_of(frame) == vector.fields
    assert frame.pack() == vector.octets
    reader = FrameReader()
    assert [each for octet in vector.octets for each in reader.feed(bytes((octet,)))] == [frame]
    assert FrameReader().feed(vector.octets + vector.octets) == [frame, frame]
    assert FrameReader().feed(b"boot: ok\r\n\x00" + vector.octets) == [frame]


@of("packets")
def test_packets_of_the_service_are_sealed_as_the_standard_seals_them(vector: Vector) -> None:
    key = SealKey(octets_in(vector, "key"), octets_in(vector, "iv"))
    structures = octets_in(vector, "structures")
    assert sealing.open_packet(key, vector.octets) == (vector.fields["counter"], structures)
    assert sealing.seal_packet(key, vector.octets[:5], structures) == vector.octets


@of("groups", kinds=("GroupPacket", "TagAnswers"))
def test_packets_of_a_group_are_read_and_written_as_their_vectors_say(vector: Vector) -> None:
    key = SealKey(octets_in(vector, "key"), octets_in(vector, "iv"))
    counter = number_in(vector, "counter")
    if vector.kind == "GroupPacket":
        opened, sent = packet.open_group_packet(key, vector.octets)
        assert (opened, sent.group_id) == (counter, vector.fields["group_id"])
        assert _value(sent.commands) == vector.fields["commands"]
        written = sent.pack()
    else:
        opened, responses = packet.open_answers(key, vector.octets)
        assert opened == counter
        assert _value(tuple(responses)) == vector.fields["responses"]
        written = packet.pack_answers(responses)
    assert sealing.open_packet(key, vector.octets[2:]) == (counter, written)
    assert vector.octets[2:] == sealing.seal_packet(key, vector.octets[2:7], written)


@of("groups", kinds=("KeyMaterial",))
def test_key_material_is_read_and_written_as_its_characteristic_has_it(vector: Vector) -> None:
    key = SealKey(octets_in(vector, "key"), octets_in(vector, "iv"))
    assert SealKey.from_characteristic(vector.octets) == key
    assert key.to_characteristic() == vector.octets


@of("groups", kinds=("Mistake",))
def test_a_mistake_in_sealing_is_told_by_its_first_octets(vector: Vector) -> None:
    key, iv, head = (octets_in(vector, name) for name in ("key", "iv", "randomizer"))
    match vector.fields["mistake"]:
        case "key reversed":
            key = key[::-1]
        case "iv reversed":
            iv = iv[::-1]
        case "randomizer reversed":
            head = head[::-1]
        case "whole nonce reversed":
            nonce = (head + iv)[::-1]
            head, iv = nonce[:5], nonce[5:]
    sealed = SealKey(key, iv).packet_ccm.encrypt(head + iv, octets_in(vector, "structures"), b"\xea")
    assert sealed[:4] == vector.octets


def planes_of(vector: Vector) -> tuple[bytes, ...]:
    planes = vector.fields["planes"]
    assert isinstance(planes, list)
    return tuple(_repeated(bytes.fromhex(plane["period"]), plane["octets"]) for plane in planes)


def _repeated(period: bytes, count: int) -> bytes:
    return (period * (count // len(period) + 1))[:count]


@of("pictures", kinds=("ContentId",))
def test_content_ids_are_those_of_the_vectors(vector: Vector) -> None:
    panel = PANELS[str(vector.fields["panel"])]
    assert (panel.width_px, panel.height_px) == (vector.fields["width_px"], vector.fields["height_px"])
    assert panel.colours == vector.fields["colours"]
    assert content_id(panel, planes_of(vector)) == vector.octets


@of("pictures", kinds=("Encoding",))
def test_encoding_ids_tables_and_roots_are_those_of_the_vectors(vector: Vector) -> None:
    data = vector.fields["data"]
    assert isinstance(data, dict)
    if "concatenated" in data:
        pattern = next(each for each in ALL["pictures"] if len(each.fields.get("planes", ())) == 2)  # type: ignore[arg-type]
        octets = b"".join(planes_of(pattern))
    else:
        octets = _repeated(bytes.fromhex(data["period"]), data["octets"])
    codec = Codec[str(vector.fields["codec"]).upper()]
    encoding = encoding_of(codec, octets_in(vector, "base_prefix"), octets)
    assert encoding.encoding_id == vector.octets
    assert encoding.root == octets_in(vector, "root")
    assert encoding.stream == octets_in(vector, "table") + octets
    assert len(octets) == vector.fields["encoded_size"]
    if codec is Codec.DEFLATE:
        assert decode(codec, octets, [4000]) == (b"\xff" * 4000,)


@of("differences")
def test_differences_are_read_and_written_as_their_vectors_say(vector: Vector) -> None:
    held = Base(octets_in(vector, "base_content"), octets_in(vector, "base"), number_in(vector, "row_octets"))
    octets, bands, data = (octets_in(vector, name) for name in ("octets", "bands", "data"))
    assert difference(held.octets, octets, held.row_octets) == bands
    assert _plainly_applied(held.octets, bands, held.row_octets) == octets
    assert unpacked(Codec.DIFFERENCE, data, len(octets), held) == octets
    assert zlib.decompress(data, -9) == bands
    encoding = encoding_of(Codec.DIFFERENCE, held.prefix, data)  # not packed anew: deflate's octets may differ
    assert (encoding.encoding_id, encoding.root) == (vector.octets, octets_in(vector, "root"))


def _plainly_applied(base: bytes, bands: bytes, row_octets: int) -> bytes:
    """As a tag does it that reads the old picture and writes the new one row by row."""
    told = iter(bands)
    rows = [list(base[start : start + row_octets]) for start in range(0, len(base), row_octets)]
    written: list[list[int]] = []
    while (low := next(told, None)) is not None:
        skip = low + 256 * next(told)
        count = next(told) + 256 * next(told)
        segments = [(next(told), next(told)) for _ in range(next(told))]
        written += rows[len(written) : len(written) + skip]
        for _ in range(count):
            row = rows[len(written)]
            for first, octets in segments:
                row[first : first + octets] = [next(told) for _ in range(octets)]
            written.append(row)
    return b"".join(map(bytes, written + rows[len(written) :]))


@of("pictures", kinds=("Manifest",))
def test_manifests_are_read_and_written_as_their_vectors_say(vector: Vector) -> None:
    manifest = Manifest.unpack(vector.octets)
    assert fields_of(manifest) == vector.fields
    assert manifest.pack() == vector.octets
    for wrong in (vector.octets[:-1], vector.octets + b"\x00"):
        with pytest.raises(FieldError):
            Manifest.unpack(wrong)


@of("pictures", kinds=("Report",))
def test_reports_are_read_and_written_as_their_vectors_say(vector: Vector) -> None:
    report = Report.unpack_tlv(vector.octets)
    assert fields_of(report) == vector.fields
    assert report.pack_tlv() == vector.octets
    (value,) = tlv.unpack_responses(vector.octets)
    assert value == tlv.SensorValue(0xE0 + report.display, report.pack())


def _key_material(vector: Vector) -> bytes:
    if vector.kind == "FactoryCode":
        return FactoryCode.parse(str(vector.fields["text"]))
    tag_id = TagId.parse(str(vector.fields["tag_id"]))
    if vector.kind == "Share":
        return derive_share(octets_in(vector, "site_secret"), tag_id)
    code = FactoryCode(octets_in(vector, "factory_code"))
    if vector.kind == "JoinKey":
        return join_key(code, tag_id)
    if vector.kind == "OwnerKey":
        return owner_key(code, octets_in(vector, "share"), tag_id)
    nonces = octets_in(vector, "tag_nonce"), octets_in(vector, "gateway_nonce")
    return session_keys(code, octets_in(vector, "share"), tag_id, *nonces).pack()


@of("keys", kinds=("FactoryCode", "Share", "JoinKey", "OwnerKey", "SessionKeys"))
def test_keys_are_derived_as_the_vectors_say(vector: Vector) -> None:
    assert _key_material(vector) == vector.octets


@of("keys", kinds=("JoinRequest",))
def test_join_requests_are_those_of_the_vectors(vector: Vector) -> None:
    key, tag_id = octets_in(vector, "key"), TagId.parse(str(vector.fields["tag_id"]))
    request = JoinRequest.unpack(vector.octets)
    request.check(key)
    assert JoinRequest.seal(key, tag_id, octets_in(vector, "tag_nonce")).pack() == vector.octets


@of("keys", kinds=("JoinAnswer",))
def test_join_answers_are_those_of_the_vectors(vector: Vector) -> None:
    key, request = octets_in(vector, "key"), JoinRequest.unpack(octets_in(vector, "request"))
    share = octets_in(vector, "share")
    assert JoinAnswer.unpack(vector.octets).open(key, request) == share
    assert JoinAnswer.seal(key, request, octets_in(vector, "gateway_nonce"), share).pack() == vector.octets


@of("keys", kinds=("SealedManifest", "SealedReport", "SealedCommand", "SealedAnswer"))
def test_what_is_sealed_end_to_end_is_what_the_vectors_say(vector: Vector) -> None:
    keys = SessionKeys.unpack(octets_in(vector, "session"))
    counter = number_in(vector, "counter")
    if vector.kind == "SealedManifest":
        manifest = Manifest.unpack(octets_in(vector, "manifest"))
        assert sealing.seal_manifest(keys, counter, manifest) == vector.octets
        assert sealing.open_manifest(keys, vector.octets) == (counter, manifest)
        assert len(vector.octets) == 77
    elif vector.kind == "SealedReport":
        report = Report.unpack_tlv(octets_in(vector, "report"))
        assert sealing.seal_report(keys, counter, report) == vector.octets
        assert sealing.open_report(keys, vector.octets) == (counter, report)
        assert len(vector.octets) == 30
    elif vector.kind == "SealedCommand":
        assert sealing.seal_command(keys, counter, octets_in(vector, "tlvs")) == vector.octets
        assert sealing.open_command(keys, vector.octets) == (counter, octets_in(vector, "tlvs"))
    else:
        assert sealing.seal_answer(keys, counter, octets_in(vector, "tlvs")) == vector.octets
        assert sealing.open_answer(keys, vector.octets) == (counter, octets_in(vector, "tlvs"))


def test_every_declared_message_has_a_vector() -> None:
    seen = {vector.kind for subject in ALL.values() for vector in subject}
    assert {row.name for row in (*tlv.COMMANDS.values(), *tlv.RESPONSES.values())} <= seen
    assert {row.name for row in FRAMES.values()} <= seen
    assert {row.name for row in (*messages.UP.values(), *messages.DOWN.values())} <= seen
