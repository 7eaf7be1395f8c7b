"""Keys, seals and names once more, in C against the header: derived, opened and refused as the vectors have them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from c_program import answered, compiled, needs_gcc
from wire_vectors import vectors_of

from firmware_protocol.vectors import Vector

pytestmark = needs_gcc
ASSOCIATED = {"SealedManifest": "EA01", "SealedReport": "EA02", "SealedCommand": "EA03", "SealedAnswer": "EA03"}
INSIDE = {"SealedManifest": "manifest", "SealedReport": "report", "SealedCommand": "tlvs", "SealedAnswer": "tlvs"}
CODECS = {"raw": "00", "deflate": "01"}


@pytest.fixture(scope="module")
def seals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled("seals", tmp_path_factory.mktemp("c"))


def answers_of(seals: Path, lines: Sequence[tuple[str, ...]]) -> list[str]:
    return answered(seals, "".join(" ".join(one) + "\n" for one in lines)).splitlines()


def said(vector: Vector, *names: str) -> list[str]:
    return [str(vector.fields[name]) for name in names]


def sealed_line(vector: Vector, octets: str) -> tuple[str, ...]:
    """Key, IV, associated data, octets."""
    if vector.kind == "Packet":
        return ("open", *said(vector, "key", "iv"), "EA", octets)
    session = str(vector.fields["session"])
    start = 0 if vector.kind in ("SealedManifest", "SealedCommand") else 48
    return "open", session[start : start + 32], session[start + 32 : start + 48], ASSOCIATED[vector.kind], octets


def line_of(vector: Vector) -> tuple[tuple[str, ...], str]:
    """What is asked of the program, and what it must say."""
    octets = vector.octets.hex().upper()
    match vector.kind:
        case "FactoryCode":
            return ("factory-code", str(vector.fields["text"]).encode().hex().upper()), octets
        case "Share":
            return ("share", *said(vector, "site_secret", "tag_id")), octets
        case "JoinKey":
            return ("join-key", *said(vector, "factory_code", "tag_id")), octets
        case "OwnerKey":
            return ("owner-key", *said(vector, "factory_code", "share", "tag_id")), octets
        case "SessionKeys":
            names = ("factory_code", "share", "tag_id", "tag_nonce", "gateway_nonce")
            return ("session", *said(vector, *names)), octets
        case "JoinRequest":
            return ("join-request", *said(vector, "key"), octets), ""
        case "JoinAnswer":
            return ("join-answer", *said(vector, "key", "request"), octets), str(vector.fields["share"])
        case "Packet":
            return sealed_line(vector, octets), str(vector.fields["structures"])
        case "ContentId":
            return ("content-id", geometry_of(vector), planes_of(vector).hex().upper()), octets
        case "Encoding":
            return encoding_line(vector), octets + "".join(said(vector, "root", "table"))
    return sealed_line(vector, octets), str(vector.fields[INSIDE[vector.kind]])


def geometry_of(vector: Vector) -> str:
    width, height, colours = (vector.fields[name] for name in ("width_px", "height_px", "colours"))
    assert isinstance(width, int)
    assert isinstance(height, int)
    assert isinstance(colours, int)
    return (width.to_bytes(2, "little") + height.to_bytes(2, "little") + bytes((colours,))).hex().upper()


def planes_of(vector: Vector) -> bytes:
    planes = vector.fields["planes"]
    assert isinstance(planes, list)
    return b"".join(repeated(plane["period"], plane["octets"]) for plane in planes)


def repeated(period: str, count: int) -> bytes:
    octets = bytes.fromhex(period)
    return (octets * (count // len(octets) + 1))[:count]


def encoding_line(vector: Vector) -> tuple[str, ...]:
    data = vector.fields["data"]
    assert isinstance(data, dict)
    if "concatenated" in data:
        two_planes = [one for one in vectors_of("pictures") if len(str(one.fields.get("planes")).split("period")) == 3]
        octets = planes_of(two_planes[0])
    else:
        octets = repeated(data["period"], data["octets"])
    return "encoding", CODECS[str(vector.fields["codec"])], *said(vector, "base_prefix"), octets.hex().upper()


VECTORS = [
    vector
    for subject in ("keys", "packets", "pictures")
    for vector in vectors_of(subject)
    if vector.kind not in ("Manifest", "Report")  # these are `test_c_header`'s
]


def test_every_key_seal_and_name_is_what_the_vectors_say(seals: Path) -> None:
    asked = [line_of(vector) for vector in VECTORS]
    found = answers_of(seals, [line for line, _ in asked])
    assert found == [f"ok {wanted}" for _, wanted in asked]
    assert len(found) >= 25


def corrupted(octets: str) -> Iterator[str]:
    whole = bytes.fromhex(octets)
    for bit in range(len(whole) * 8):
        changed = bytearray(whole)
        changed[bit // 8] ^= 1 << bit % 8
        yield changed.hex().upper()
    for cut in range(1, len(whole)):
        yield whole[:cut].hex().upper()
    yield octets + "00"


def test_whatever_is_sealed_opens_in_no_other_octets(seals: Path) -> None:
    """Each bit changed, each cut, one octet more: nothing opens, as in Python."""
    kinds = ("Packet", "JoinRequest", "JoinAnswer", *ASSOCIATED)
    lines = [
        (*line_of(vector)[0][:-1], wrong)
        for vector in VECTORS
        if vector.kind in kinds
        for wrong in corrupted(vector.octets.hex())
    ]
    assert set(answers_of(seals, lines)) == {"refused"}
    assert len(lines) > 3_000


def test_what_was_sealed_for_one_use_opens_for_no_other(seals: Path) -> None:
    vectors = [vector for vector in VECTORS if vector.kind in ASSOCIATED]
    lines = [
        (*sealed_line(vector, vector.octets.hex().upper())[:3], other, vector.octets.hex().upper())
        for vector in vectors
        for other in ("EA", "EA01", "EA02", "EA03")
        if other != ASSOCIATED[vector.kind]
    ]
    assert set(answers_of(seals, lines)) == {"refused"}


def test_a_factory_code_ends_as_it_must(seals: Path) -> None:
    code = "AAAQEAYEAUDAOCAJBIFQYDIOB4"
    wrong = (code[:-1], code + "A", code[:-1] + "5", code.replace("Q", "1"), code.lower())
    assert set(answers_of(seals, [("factory-code", one.encode().hex().upper()) for one in wrong])) == {"refused"}
