"""Commissioning: the two messages by which a tag and a gateway come to common keys.

1. The tag: TagId, its nonce, a MIC under the join key (the owner key, if it has an owner).
2. The gateway: its nonce, and the tag's share, sealed under the same key; associated data is message 1.
Then both derive the session keys. Rule: a tag's nonce is good for one answer; the gateway commits the new keys before
its nonce leaves. Why: docs/protocol.md, "Commissioning".
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from msgspec import Struct

from firmware_protocol.errors import FieldError, SealBroken
from firmware_protocol.identity import TAG_ID_OCTETS, TagId
from firmware_protocol.keys import MIC_OCTETS, NONCE_OCTETS, SHARE_OCTETS

JOIN_REQUEST_OCTETS = TAG_ID_OCTETS + NONCE_OCTETS + MIC_OCTETS
JOIN_ANSWER_OCTETS = NONCE_OCTETS + SHARE_OCTETS + MIC_OCTETS

_REQUEST_NONCE = b"\x01\x00\x00\x00\x00"
_ANSWER_NONCE = b"\x02\x00\x00\x00\x00"


class JoinRequest(Struct, frozen=True):
    """Message 1, 24 octets. Whose key to check it with is told by its `tag_id`."""

    tag_id: TagId
    tag_nonce: bytes
    mic: bytes

    @classmethod
    def seal(cls, key: bytes, tag_id: TagId, tag_nonce: bytes) -> JoinRequest:
        """`key` is the join key, or the owner key of a tag that has an owner."""
        mic = _ccm(key).encrypt(_REQUEST_NONCE + tag_nonce, b"", tag_id + tag_nonce)
        return cls(tag_id, tag_nonce, mic)

    def check(self, key: bytes) -> None:
        """Raises `SealBroken` unless the tag knew this key."""
        try:
            _ccm(key).decrypt(_REQUEST_NONCE + self.tag_nonce, self.mic, self.tag_id + self.tag_nonce)
        except InvalidTag:
            raise SealBroken(f"the join request of {self.tag_id} was not made with this key") from None

    def pack(self) -> bytes:
        return self.tag_id + self.tag_nonce + self.mic

    @classmethod
    def unpack(cls, octets: bytes) -> JoinRequest:
        """Raises `FieldError`. The MIC is not looked at: that needs the key."""
        if len(octets) != JOIN_REQUEST_OCTETS:
            raise FieldError("join_request", f"{len(octets)} octets", f"{JOIN_REQUEST_OCTETS} octets", offset=0)
        return cls(TagId(octets[:8]), octets[8:16], octets[16:])


class JoinAnswer(Struct, frozen=True):
    """Message 2, 32 octets: good for the one request it answers."""

    gateway_nonce: bytes
    sealed_share: bytes

    @classmethod
    def seal(cls, key: bytes, request: JoinRequest, gateway_nonce: bytes, share: bytes) -> JoinAnswer:
        sealed = _ccm(key).encrypt(_ANSWER_NONCE + gateway_nonce, share, request.pack())
        return cls(gateway_nonce, sealed)

    def open(self, key: bytes, request: JoinRequest) -> bytes:
        """The tag's share, 16 octets. Raises `SealBroken`: another key, or an answer to another request."""
        try:
            return _ccm(key).decrypt(_ANSWER_NONCE + self.gateway_nonce, self.sealed_share, request.pack())
        except InvalidTag:
            raise SealBroken("the join answer does not open: another key, or another request") from None

    def pack(self) -> bytes:
        return self.gateway_nonce + self.sealed_share

    @classmethod
    def unpack(cls, octets: bytes) -> JoinAnswer:
        """Raises `FieldError`."""
        if len(octets) != JOIN_ANSWER_OCTETS:
            raise FieldError("join_answer", f"{len(octets)} octets", f"{JOIN_ANSWER_OCTETS} octets", offset=0)
        return cls(octets[:NONCE_OCTETS], octets[NONCE_OCTETS:])


def _ccm(key: bytes) -> AESCCM:
    return AESCCM(key, tag_length=MIC_OCTETS)
