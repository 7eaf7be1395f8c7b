"""Keys: all are derived, by HKDF-SHA-256 with an empty salt.

In: the factory code of a tag, the site secret, the two nonces of a commissioning. Out: keys in AES order.
Rule: info = ASCII label, TagId (8 octets as printed), nonces (the tag's first). The tag never learns the site secret.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from firmware_protocol.identity import FactoryCode, TagId

KEY_OCTETS = 16
IV_OCTETS = 8
NONCE_OCTETS = 8
SHARE_OCTETS = 16
SITE_SECRET_OCTETS = 32
SESSION_OCTETS = 2 * (KEY_OCTETS + IV_OCTETS)
MIC_OCTETS = 8
PACKET_MIC_OCTETS = 4


def derive_share(site_secret: bytes, tag_id: TagId) -> bytes:
    """What the tag gets of the site secret: 16 octets."""
    _expect("site secret", site_secret, SITE_SECRET_OCTETS)
    return _hkdf(site_secret, b"esl share" + tag_id, SHARE_OCTETS)


def join_key(code: FactoryCode, tag_id: TagId) -> bytes:
    """Seals the commissioning of a tag that has no owner."""
    return _hkdf(code, b"esl join" + tag_id, KEY_OCTETS)


def owner_key(code: FactoryCode, share: bytes, tag_id: TagId) -> bytes:
    """Seals the commissioning of a tag that has one."""
    _expect("share", share, SHARE_OCTETS)
    return _hkdf(code + share, b"esl owner" + tag_id, KEY_OCTETS)


def session_keys(code: FactoryCode, share: bytes, tag_id: TagId, tag_nonce: bytes, gateway_nonce: bytes) -> SessionKeys:
    """What both sides hold after a commissioning."""
    _expect("share", share, SHARE_OCTETS)
    _expect("tag nonce", tag_nonce, NONCE_OCTETS)
    _expect("gateway nonce", gateway_nonce, NONCE_OCTETS)
    return SessionKeys.unpack(_hkdf(code + share, b"esl keys" + tag_id + tag_nonce + gateway_nonce, SESSION_OCTETS))


@dataclass(frozen=True, slots=True)
class SealKey:
    """One direction's key and IV, with its ciphers made once: making one costs as much as using it.

    `ccm` has the MIC of 8 octets, `packet_ccm` the MIC of 4 of the service's packets.
    """

    key: bytes = field(repr=False)
    iv: bytes = field(repr=False)
    ccm: AESCCM = field(init=False, repr=False, compare=False)
    packet_ccm: AESCCM = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _expect("key", self.key, KEY_OCTETS)
        _expect("IV", self.iv, IV_OCTETS)
        object.__setattr__(self, "ccm", AESCCM(self.key, tag_length=MIC_OCTETS))
        object.__setattr__(self, "packet_ccm", AESCCM(self.key, tag_length=PACKET_MIC_OCTETS))

    @classmethod
    def from_characteristic(cls, octets: bytes) -> SealKey:
        """From the 24 octets of the service's key material, where the key stands least significant octet first."""
        _expect("key material", octets, KEY_OCTETS + IV_OCTETS)
        return cls(octets[:KEY_OCTETS][::-1], octets[KEY_OCTETS:])

    def to_characteristic(self) -> bytes:
        """The 24 octets as the service's characteristics are written."""
        return self.key[::-1] + self.iv


@dataclass(frozen=True, slots=True)
class SessionKeys:
    """Both directions of one tag: *down* seals what the gateway says, *up* what the tag says."""

    down_key: bytes = field(repr=False)
    down_iv: bytes = field(repr=False)
    up_key: bytes = field(repr=False)
    up_iv: bytes = field(repr=False)
    down: SealKey = field(init=False, repr=False, compare=False)
    up: SealKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "down", SealKey(self.down_key, self.down_iv))
        object.__setattr__(self, "up", SealKey(self.up_key, self.up_iv))

    def pack(self) -> bytes:
        """48 octets: key down 16, IV down 8, key up 16, IV up 8, keys in AES order."""
        return self.down_key + self.down_iv + self.up_key + self.up_iv

    @classmethod
    def unpack(cls, octets: bytes) -> SessionKeys:
        """From 48 octets. Raises `ValueError`."""
        _expect("session keys", octets, SESSION_OCTETS)
        return cls(octets[:16], octets[16:24], octets[24:40], octets[40:])


def _hkdf(secret: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=None, info=info).derive(secret)


def _expect(name: str, octets: bytes, length: int) -> None:
    if len(octets) != length:
        raise ValueError(f"{name} of {len(octets)} octets instead of {length}")
