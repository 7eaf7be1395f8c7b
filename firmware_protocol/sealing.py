"""Sealing: manifests and commands down, reports and answers up, and the packets of the Bluetooth ESL service.

In: keys, a fresh counter, what is to be said. Out: randomizer 5, ciphertext, MIC. Rule: AES-128-CCM, nonce = randomizer
then IV, and associated data that says what is inside, so that nothing opens as something else. Opening returns the
counter too: whether it is new is decided by the caller's `ReplayWindow` or revision (docs/protocol.md, "Counters").
"""

from cryptography.exceptions import InvalidTag

from firmware_protocol.counters import RANDOMIZER_OCTETS, randomizer, read_randomizer
from firmware_protocol.errors import FieldError, Replayed, SealBroken
from firmware_protocol.keys import (
    MIC_OCTETS,
    PACKET_MIC_OCTETS,
    SealKey,
    SessionKeys,
    derive_share,
    join_key,
    owner_key,
    session_keys,
)
from firmware_protocol.manifest import MANIFEST_OCTETS, Manifest
from firmware_protocol.report import REPORT_TLV_OCTETS, Report

__all__ = [
    "SEALED_MANIFEST_OCTETS",
    "SEALED_REPORT_OCTETS",
    "SEAL_OCTETS",
    "Replayed",
    "SealBroken",
    "SealKey",
    "SessionKeys",
    "derive_share",
    "join_key",
    "open_answer",
    "open_command",
    "open_manifest",
    "open_packet",
    "open_report",
    "owner_key",
    "seal_answer",
    "seal_command",
    "seal_manifest",
    "seal_packet",
    "seal_report",
    "session_keys",
]

SEAL_OCTETS = RANDOMIZER_OCTETS + MIC_OCTETS
SEALED_MANIFEST_OCTETS = MANIFEST_OCTETS + SEAL_OCTETS
SEALED_REPORT_OCTETS = REPORT_TLV_OCTETS + SEAL_OCTETS

_PACKET = b"\xea"
_MANIFEST = b"\xea\x01"
_REPORT = b"\xea\x02"
_COMMAND = b"\xea\x03"


def seal_manifest(keys: SessionKeys, counter: int, manifest: Manifest) -> bytes:
    """77 octets, for the tag."""
    return _seal(keys.down, randomizer(counter, up=False), manifest.pack(), _MANIFEST)


def open_manifest(keys: SessionKeys, sealed: bytes) -> tuple[int, Manifest]:
    """Counter and manifest. Raises `SealBroken`, `FieldError`."""
    counter, octets = _open(keys.down, sealed, _MANIFEST)
    return counter, Manifest.unpack(octets)


def seal_report(keys: SessionKeys, counter: int, report: Report) -> bytes:
    """30 octets, for the gateway, on poll."""
    return _seal(keys.up, randomizer(counter, up=True), report.pack_tlv(), _REPORT)


def open_report(keys: SessionKeys, sealed: bytes) -> tuple[int, Report]:
    """Counter and report. Raises `SealBroken`, `FieldError`."""
    counter, octets = _open(keys.up, sealed, _REPORT)
    return counter, Report.unpack_tlv(octets)


def seal_command(keys: SessionKeys, counter: int, tlvs: bytes) -> bytes:
    """One or more commands for one tag, on poll: 13 octets more than the TLVs."""
    return _seal(keys.down, randomizer(counter, up=False), tlvs, _COMMAND)


def open_command(keys: SessionKeys, sealed: bytes) -> tuple[int, bytes]:
    """Counter and TLVs. Raises `SealBroken`, `FieldError`."""
    return _open(keys.down, sealed, _COMMAND)


def seal_answer(keys: SessionKeys, counter: int, tlvs: bytes) -> bytes:
    """A tag's answer to commands on poll, in their order; the same associated data as the commands, the key *up*."""
    return _seal(keys.up, randomizer(counter, up=True), tlvs, _COMMAND)


def open_answer(keys: SessionKeys, sealed: bytes) -> tuple[int, bytes]:
    """Counter and TLVs. Raises `SealBroken`, `FieldError`."""
    return _open(keys.up, sealed, _COMMAND)


def seal_packet(key: SealKey, random_octets: bytes, structures: bytes) -> bytes:
    """What stands in an Encrypted Data structure: randomizer 5, sealed advertising structures, MIC 4."""
    read_randomizer(random_octets)
    return random_octets + key.packet_ccm.encrypt(random_octets + key.iv, structures, _PACKET)


def open_packet(key: SealKey, sealed: bytes) -> tuple[int, bytes]:
    """Counter and the advertising structures inside. Raises `SealBroken`, `FieldError`."""
    if len(sealed) < RANDOMIZER_OCTETS + PACKET_MIC_OCTETS:
        raise FieldError("sealed", f"{len(sealed)} octets", "at least 9 octets", offset=0)
    head = sealed[:RANDOMIZER_OCTETS]
    counter, _ = read_randomizer(head)
    try:
        return counter, key.packet_ccm.decrypt(head + key.iv, sealed[RANDOMIZER_OCTETS:], _PACKET)
    except InvalidTag:
        raise SealBroken("the packet does not open under this key") from None


def _seal(key: SealKey, head: bytes, octets: bytes, kind: bytes) -> bytes:
    return head + key.ccm.encrypt(head + key.iv, octets, kind)


def _open(key: SealKey, sealed: bytes, kind: bytes) -> tuple[int, bytes]:
    if len(sealed) < SEAL_OCTETS:
        raise FieldError("sealed", f"{len(sealed)} octets", f"at least {SEAL_OCTETS} octets", offset=0)
    head = sealed[:RANDOMIZER_OCTETS]
    counter, _ = read_randomizer(head)
    try:
        return counter, key.ccm.decrypt(head + key.iv, sealed[RANDOMIZER_OCTETS:], kind)
    except InvalidTag:
        raise SealBroken("the octets do not open under this key") from None
