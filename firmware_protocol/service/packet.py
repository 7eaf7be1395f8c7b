"""Packets of the service on the air: a group's commands, a tag's answers, one sealed structure each.

In: commands or responses, a key, a fresh counter. Out: a whole Encrypted Data structure: length, 0x31, randomizer 5,
sealed structure (length, 0x34, payload), MIC 4. Rule: a payload is at most 48 octets, and one structure fills the other
exactly. The direction bit of a randomizer is taken as it comes. Source: Core Supplement Part A 1.23; ESL service.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from firmware_protocol.counters import randomizer
from firmware_protocol.errors import FieldError
from firmware_protocol.keys import SealKey
from firmware_protocol.sealing import open_packet, seal_packet
from firmware_protocol.tlv import (
    BROADCAST_ESL_ID,
    TLVS_OCTETS_MAX,
    Command,
    Response,
    UnknownTlv,
    pack_tlvs,
    unpack_commands,
    unpack_responses,
)

ENCRYPTED_DATA = 0x31
ESL_PAYLOAD = 0x34
PAYLOAD_OCTETS_MAX = TLVS_OCTETS_MAX
COMMANDS_OCTETS_MAX = PAYLOAD_OCTETS_MAX - 1  # the group stands before them
GROUP_ID_MAX = 127
ESL_ADDRESS_OCTETS = 2


class EslAddress(Struct, frozen=True):
    """Where a tag listens, group 0 to 127 (its subevent), and who it is there, 0 to 254."""

    group_id: int
    esl_id: int

    def pack(self) -> bytes:
        """Raises `ValueError` for an address that no tag may have."""
        if not (0 <= self.group_id <= GROUP_ID_MAX and 0 <= self.esl_id < BROADCAST_ESL_ID):
            raise ValueError(f"no tag may have the address {self.group_id}/{self.esl_id}")
        return bytes((self.esl_id, self.group_id))

    @classmethod
    def unpack(cls, octets: bytes) -> EslAddress:
        """As it is written to the characteristic; bit 15 is reserved and not looked at. Raises `FieldError`."""
        if len(octets) != ESL_ADDRESS_OCTETS:
            raise FieldError("esl_address", f"{len(octets)} octets", "2 octets", offset=0)
        if octets[0] == BROADCAST_ESL_ID:
            raise FieldError("esl_address.esl_id", octets[0], "0 to 254: 255 is for all tags of a group", offset=0)
        return cls(octets[1] & GROUP_ID_MAX, octets[0])


class GroupPacket(Struct, frozen=True):
    """What an access point says in one subevent."""

    group_id: int
    commands: tuple[Command | UnknownTlv, ...]

    def pack(self) -> bytes:
        """The advertising structure. Raises `ValueError` for what does not fit: our own mistake."""
        if not 0 <= self.group_id <= GROUP_ID_MAX:
            raise ValueError(f"group {self.group_id} is not 0 to {GROUP_ID_MAX}")
        return _structure(bytes((self.group_id,)) + pack_tlvs(self.commands))

    @classmethod
    def unpack(cls, structure: bytes) -> GroupPacket:
        """Bit 7 of the group is reserved and not looked at. Raises `FieldError`."""
        payload = _payload(structure)
        return cls(payload[0] & GROUP_ID_MAX, tuple(unpack_commands(payload[1:])))


def pack_answers(responses: Sequence[Response | UnknownTlv]) -> bytes:
    """A tag's answers as an advertising structure. Raises `ValueError` for what does not fit."""
    return _structure(pack_tlvs(responses))


def unpack_answers(structure: bytes) -> list[Response | UnknownTlv]:
    """Raises `FieldError`."""
    return unpack_responses(_payload(structure))


def seal_group_packet(key: SealKey, counter: int, packet: GroupPacket) -> bytes:
    """The whole Encrypted Data structure, under the group's key."""
    return _sealed(seal_packet(key, randomizer(counter, up=False), packet.pack()))


def open_group_packet(key: SealKey, advertised: bytes) -> tuple[int, GroupPacket]:
    """Counter and packet. Raises `SealBroken`, `FieldError`."""
    counter, structure = open_packet(key, _unsealed(advertised))
    return counter, GroupPacket.unpack(structure)


def seal_answers(key: SealKey, counter: int, responses: Sequence[Response | UnknownTlv]) -> bytes:
    """The whole Encrypted Data structure, under the tag's response key."""
    return _sealed(seal_packet(key, randomizer(counter, up=True), pack_answers(responses)))


def open_answers(key: SealKey, advertised: bytes) -> tuple[int, list[Response | UnknownTlv]]:
    """Counter and responses. Raises `SealBroken`, `FieldError`."""
    counter, structure = open_packet(key, _unsealed(advertised))
    return counter, unpack_answers(structure)


def _structure(payload: bytes) -> bytes:
    if not 2 <= len(payload) <= PAYLOAD_OCTETS_MAX:
        raise ValueError(f"a payload of {len(payload)} octets instead of 2 to {PAYLOAD_OCTETS_MAX}")
    return bytes((1 + len(payload), ESL_PAYLOAD)) + payload


def _payload(structure: bytes) -> bytes:
    _check_structure("payload", structure, ESL_PAYLOAD)
    payload = structure[2:]
    if not 2 <= len(payload) <= PAYLOAD_OCTETS_MAX:
        raise FieldError("payload", f"{len(payload)} octets", f"2 to {PAYLOAD_OCTETS_MAX} octets", offset=2)
    return payload


def _sealed(octets: bytes) -> bytes:
    return bytes((1 + len(octets), ENCRYPTED_DATA)) + octets


def _unsealed(advertised: bytes) -> bytes:
    _check_structure("encrypted_data", advertised, ENCRYPTED_DATA)
    return advertised[2:]


def _check_structure(name: str, octets: bytes, kind: int) -> None:
    if len(octets) < 2 or octets[0] != len(octets) - 1:
        rule = f"the number of octets behind it, {len(octets) - 1}, at least 1"
        raise FieldError(f"{name}.length", octets[0] if octets else None, rule, offset=0)
    if octets[1] != kind:
        raise FieldError(f"{name}.type", octets[1], f"0x{kind:02X}", offset=1)
