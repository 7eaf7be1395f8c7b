"""The vectors as octets of the kinds that `firmware_protocol.readers` reads, with what stands plain in a seal."""

from firmware_protocol.tlv import COMMANDS
from firmware_protocol.vectors import SUBJECTS, Vector, read_vectors

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

_COMMANDS = {row.name for row in COMMANDS.values()}


def inputs_of(subject: str, vector: Vector) -> list[tuple[str, bytes]]:
    """Kinds and octets: a vector's own, and plain ones that it names."""
    if subject == "link":
        found = [("link", vector.octets)]
    elif subject == "service":
        found = [("commands" if vector.kind in _COMMANDS else "responses", vector.octets)]
    elif vector.kind in _KINDS:
        found = [(_KINDS[vector.kind], vector.octets)]
    else:
        found = []
    plain = [name for name in ("manifest", "report") if name in vector.fields]
    return found + [(name, bytes.fromhex(str(vector.fields[name]))) for name in plain]


VECTORS = [each for subject in SUBJECTS for vector in read_vectors(subject) for each in inputs_of(subject, vector)]
