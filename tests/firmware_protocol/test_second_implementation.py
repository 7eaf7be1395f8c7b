"""The golden vectors of keys and seals, computed a second time: HKDF from `hmac`, CCM from the bare block cipher."""

import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from firmware_protocol.vectors import Vector, read_vectors

KEYS = read_vectors("keys")


def hkdf(secret: bytes, info: bytes, length: int) -> bytes:
    """RFC 5869 with SHA-256 and an empty salt."""
    extracted = hmac.digest(b"", secret, hashlib.sha256)
    out = block = b""
    for number in range(1, 255):
        if len(out) >= length:
            break
        block = hmac.digest(extracted, block + info + bytes((number,)), hashlib.sha256)
        out += block
    return out[:length]


def ccm(key: bytes, nonce: bytes, plain: bytes, associated: bytes, mic: int) -> bytes:
    """RFC 3610 with a nonce of 13 octets: ciphertext and MIC."""
    cipher = Cipher(algorithms.AES(key), modes.ECB())

    def block(octets: bytes) -> bytes:
        return cipher.encryptor().update(octets)

    def mixed(one: bytes, two: bytes) -> bytes:
        return bytes(a ^ b for a, b in zip(one, two, strict=False))

    def padded(octets: bytes) -> bytes:
        return octets + bytes(-len(octets) % 16)

    flags = (64 if associated else 0) | (mic - 2) // 2 << 3 | 1
    blocks = bytes((flags,)) + nonce + len(plain).to_bytes(2, "big")
    if associated:
        blocks += padded(len(associated).to_bytes(2, "big") + associated)
    blocks += padded(plain)
    tag = bytes(16)
    for start in range(0, len(blocks), 16):
        tag = block(mixed(tag, blocks[start : start + 16]))
    stream = b"".join(block(b"\x01" + nonce + n.to_bytes(2, "big")) for n in range(len(plain) // 16 + 2))
    return mixed(plain, stream[16:]) + mixed(tag[:mic], stream)


def field(vector: Vector, name: str) -> bytes:
    return bytes.fromhex(str(vector.fields[name]))


def derived(vector: Vector) -> bytes | None:
    code = field(vector, "factory_code") if "factory_code" in vector.fields else b""
    match vector.kind:
        case "Share":
            return hkdf(field(vector, "site_secret"), b"esl share" + field(vector, "tag_id"), 16)
        case "JoinKey":
            return hkdf(code, b"esl join" + field(vector, "tag_id"), 16)
        case "OwnerKey":
            return hkdf(code + field(vector, "share"), b"esl owner" + field(vector, "tag_id"), 16)
        case "SessionKeys":
            info = field(vector, "tag_id") + field(vector, "tag_nonce") + field(vector, "gateway_nonce")
            return hkdf(code + field(vector, "share"), b"esl keys" + info, 48)
    return None


def sealed(vector: Vector) -> bytes | None:
    match vector.kind:
        case "JoinRequest":
            clear = field(vector, "tag_id") + field(vector, "tag_nonce")
            return clear + ccm(field(vector, "key"), b"\x01" + bytes(4) + field(vector, "tag_nonce"), b"", clear, 8)
        case "JoinAnswer":
            nonce = field(vector, "gateway_nonce")
            seal = b"\x02" + bytes(4) + nonce
            return nonce + ccm(field(vector, "key"), seal, field(vector, "share"), field(vector, "request"), 8)
    kinds = {
        "SealedManifest": ("manifest", b"\xea\x01", 0),
        "SealedReport": ("report", b"\xea\x02", 1),
        "SealedCommand": ("tlvs", b"\xea\x03", 0),
        "SealedAnswer": ("tlvs", b"\xea\x03", 1),
    }
    if vector.kind not in kinds:
        return None
    plain, associated, up = kinds[vector.kind]
    session = field(vector, "session")[24 * up :]
    counter = vector.fields["counter"]
    assert isinstance(counter, int)
    head = (counter + (up << 39)).to_bytes(5, "little")
    return head + ccm(session[:16], head + session[16:24], field(vector, plain), associated, 8)


@pytest.mark.parametrize("vector", KEYS, ids=lambda vector: vector.name)
def test_a_second_implementation_finds_the_same_octets(vector: Vector) -> None:
    if vector.kind == "FactoryCode":
        assert len(str(vector.fields["text"])) == 26
    else:
        assert (derived(vector) or sealed(vector)) == vector.octets


@pytest.mark.parametrize("vector", read_vectors("packets"), ids=lambda vector: vector.name)
def test_a_second_implementation_seals_the_packets_of_the_service(vector: Vector) -> None:
    head = vector.octets[:5]
    nonce = head + field(vector, "iv")
    assert head + ccm(field(vector, "key"), nonce, field(vector, "structures"), b"\xea", 4) == vector.octets


GROUPS = [vector for vector in read_vectors("groups") if vector.kind in {"GroupPacket", "TagAnswers"}]


@pytest.mark.parametrize("vector", GROUPS, ids=lambda vector: vector.name)
def test_a_second_implementation_opens_the_packets_of_a_group(vector: Vector) -> None:
    head, sealed = vector.octets[2:7], vector.octets[7:]
    key, nonce = field(vector, "key"), head + field(vector, "iv")
    structure = ccm(key, nonce, sealed[:-4], b"", 4)[:-4]  # deciphering is enciphering again
    assert ccm(key, nonce, structure, b"\xea", 4) == sealed
    assert vector.octets[:2] == bytes((len(vector.octets) - 1, 0x31))
    assert structure[:2] == bytes((len(structure) - 1, 0x34))
