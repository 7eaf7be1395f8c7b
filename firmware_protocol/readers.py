"""Every kind of octets that this package reads, by its name: whole inputs, from outside, one reader each.

In: octets of a kind. Out: what they say, as the package's own values. Rule: a reader raises `PeerError` and nothing
else, whatever the octets; a kind's name is the same in `esl protocol decode`, in the tests and in the C decoder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from firmware_protocol.commissioning import JoinAnswer, JoinRequest
from firmware_protocol.counters import RANDOMIZER_OCTETS, read_randomizer
from firmware_protocol.errors import FieldError
from firmware_protocol.keys import PACKET_MIC_OCTETS
from firmware_protocol.link.frames import Frame, FrameReader
from firmware_protocol.link.messages import DOWN, UP, unpack_messages
from firmware_protocol.link.payload import unpack_payload
from firmware_protocol.manifest import Manifest
from firmware_protocol.openepaperlink.reader import FromModule, ModuleReader
from firmware_protocol.poll import unpack_down, unpack_up
from firmware_protocol.report import Report
from firmware_protocol.sealing import SEAL_OCTETS, SEALED_MANIFEST_OCTETS, SEALED_REPORT_OCTETS
from firmware_protocol.tlv import TLVS_OCTETS_MAX, unpack_commands, unpack_responses

PACKET_OCTETS_MAX = 251  # what one advertising data structure of the service can hold


def read_link(octets: bytes) -> tuple[object, ...]:
    """Link messages of one direction, without a payload's head. Raises `FieldError`."""
    if not octets:
        raise FieldError("message", "0 octets", "a head, type u8, length u16", offset=0)
    return unpack_messages(octets, DOWN if octets[0] >= 0x80 else UP)


def read_serial(octets: bytes) -> tuple[Frame, ...]:
    """Whole serial frames and nothing else. Raises `FieldError`; a frame's own rules have no place of their own."""
    reader = FrameReader()
    frames = reader.feed(octets)
    if not frames or reader.bad or not octets.endswith(b"\0"):
        said = f"{len(frames)} sound frames, {reader.bad} others"
        raise FieldError("serial", said, "COBS of head, data and CRC-32, then a zero, all sound", offset=0)
    return tuple(frames)


def read_module(octets: bytes) -> tuple[FromModule, ...]:
    """What an OpenEPaperLink module says, with nothing between. Raises `FieldError`."""
    reader = ModuleReader()
    said = (*reader.feed(octets), *reader.idle())
    counts = reader.counts
    if not said or counts.skipped_octets or counts.bad or counts.cut:
        found = f"{len(said)} words, {counts.skipped_octets} octets of none"
        raise FieldError("module", found, "verbs, each with its whole struct", offset=0)
    return said


def _sealed(name: str, at_least: int, at_most: int) -> Callable[[bytes], int]:
    def read(octets: bytes) -> int:
        """The counter: all that can be read without a key. Raises `FieldError`."""
        if not at_least <= len(octets) <= at_most:
            wanted = f"{at_least} octets" if at_least == at_most else f"{at_least} to {at_most} octets"
            raise FieldError(name, f"{len(octets)} octets", wanted, offset=0)
        return read_randomizer(octets[:RANDOMIZER_OCTETS])[0]

    return read


READERS: Mapping[str, Callable[[bytes], object]] = {
    "commands": unpack_commands,
    "responses": unpack_responses,
    "poll-up": unpack_up,
    "poll-down": unpack_down,
    "link": read_link,
    "payload": unpack_payload,
    "serial": read_serial,
    "openepaperlink": read_module,
    "manifest": Manifest.unpack,
    "report": Report.unpack_tlv,
    "join-request": JoinRequest.unpack,
    "join-answer": JoinAnswer.unpack,
    "sealed-manifest": _sealed("sealed_manifest", SEALED_MANIFEST_OCTETS, SEALED_MANIFEST_OCTETS),
    "sealed-report": _sealed("sealed_report", SEALED_REPORT_OCTETS, SEALED_REPORT_OCTETS),
    "sealed-tlvs": _sealed("sealed_tlvs", SEAL_OCTETS + 2, SEAL_OCTETS + TLVS_OCTETS_MAX),
    "packet": _sealed("packet", RANDOMIZER_OCTETS + PACKET_MIC_OCTETS, PACKET_OCTETS_MAX),
}
