"""The vectors, of today and of each release, as octets of the kinds that `readers` reads, with what a seal holds."""

import json
from pathlib import Path

from firmware_protocol.link.messages import DOWN, UP
from firmware_protocol.tlv import COMMANDS, RESPONSES
from firmware_protocol.vectors import SUBJECTS, Vector, read_vectors, vectors_in

RELEASED = Path(__file__).parent / "released_vectors"

_KINDS = {
    "Contact": "poll-up",
    "Answer": "poll-down",
    "Part": "poll-down",
    "Payload": "payload",
    "Frame": "serial",
    "Manifest": "manifest",
    "Report": "report",
    "JoinRequest": "join-request",
    "JoinAnswer": "join-answer",
    "SealedManifest": "sealed-manifest",
    "SealedReport": "sealed-report",
    "SealedCommand": "sealed-tlvs",
    "SealedAnswer": "sealed-tlvs",
    "Packet": "packet",
}

_TABLES = (("commands", COMMANDS), ("responses", RESPONSES), ("link", UP), ("link", DOWN))
_KINDS |= {row.name: kind for kind, table in _TABLES for row in table.values()}


def inputs_of(vector: Vector) -> list[tuple[str, bytes]]:
    """Kinds and octets: a vector's own, and plain ones that it names; none of one that is no frame."""
    found = [(_KINDS[vector.kind], vector.octets)] if vector.kind in _KINDS else []
    plain = [name for name in ("manifest", "report") if name in vector.fields]
    return found + [(name, bytes.fromhex(str(vector.fields[name]))) for name in plain]


def released_vectors() -> dict[str, dict[str, list[Vector]]]:
    """Of each version that was released, by subject: as they were then."""
    return {
        version: {
            Path(file).stem: vectors_in((RELEASED / version / file).read_text(encoding="utf-8")) for file in files
        }
        for version, files in json.loads((RELEASED / "sha256.json").read_text(encoding="utf-8")).items()
    }


def vectors_of(subject: str) -> list[Vector]:
    """Today's, and those of releases that are no longer among them."""
    found = read_vectors(subject)
    for subjects in released_vectors().values():
        found += [vector for vector in subjects.get(subject, []) if vector not in found]
    return found


VECTORS = [each for subject in SUBJECTS for vector in vectors_of(subject) for each in inputs_of(vector)]
