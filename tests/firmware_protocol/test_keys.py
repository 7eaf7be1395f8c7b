import pytest

from firmware_protocol import FactoryCode, TagId
from firmware_protocol.keys import SealKey, SessionKeys, derive_share, join_key, owner_key, session_keys

TAG, OTHER = TagId.parse("A4C1380000000001"), TagId.parse("A4C1380000000002")
CODE = FactoryCode(bytes(range(16)))
SITE = bytes(range(32))


def test_every_tag_and_every_purpose_has_a_key_of_its_own() -> None:
    share = derive_share(SITE, TAG)
    keys = [share, join_key(CODE, TAG), owner_key(CODE, share, TAG)]
    keys += [derive_share(SITE, OTHER), join_key(CODE, OTHER), owner_key(CODE, share, OTHER)]
    assert len(set(keys)) == 6
    assert {len(key) for key in keys} == {16}


def test_each_nonce_changes_the_session() -> None:
    share = derive_share(SITE, TAG)
    one, two = b"1" * 8, b"2" * 8
    sessions = [session_keys(CODE, share, TAG, *nonces) for nonces in ((one, two), (two, one), (one, one))]
    assert len({keys.pack() for keys in sessions}) == 3


def test_session_keys_come_back_from_forty_eight_octets() -> None:
    keys = SessionKeys.unpack(bytes(range(48)))
    assert (keys.down_key, keys.down_iv) == (bytes(range(16)), bytes(range(16, 24)))
    assert (keys.up_key, keys.up_iv) == (bytes(range(24, 40)), bytes(range(40, 48)))
    assert keys.pack() == bytes(range(48))
    assert keys == SessionKeys.unpack(keys.pack())


def test_the_services_characteristics_hold_the_key_reversed_and_the_iv_as_it_is() -> None:
    key = SealKey(bytes(range(0x10, 0x20)), bytes.fromhex("A0A1A2A3A4A5A6A7"))
    written = key.to_characteristic()
    assert written == bytes(range(0x1F, 0x0F, -1)) + bytes.fromhex("A0A1A2A3A4A5A6A7")
    assert SealKey.from_characteristic(written) == key


def test_keys_are_not_shown_by_repr() -> None:
    keys = SessionKeys.unpack(b"\x5a" * 48)
    assert "ZZZ" not in repr(keys)
    assert "ZZZ" not in repr(keys.down)


def test_material_of_another_length_is_our_own_mistake() -> None:
    with pytest.raises(ValueError, match="site secret"):
        derive_share(b"short", TAG)
    with pytest.raises(ValueError, match="nonce"):
        session_keys(CODE, bytes(16), TAG, bytes(8), bytes(7))
    with pytest.raises(ValueError, match="session keys"):
        SessionKeys.unpack(bytes(47))
