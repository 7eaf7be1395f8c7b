import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol import FactoryCode, FieldError, SealBroken, TagId
from firmware_protocol.commissioning import JoinAnswer, JoinRequest
from firmware_protocol.keys import derive_share, join_key, owner_key, session_keys

TAG = TagId.parse("A4C1380000000001")
CODE = FactoryCode(bytes(range(16)))
SHARE = derive_share(bytes(32), TAG)
KEY = join_key(CODE, TAG)
TAG_NONCE, GATEWAY_NONCE = b"tagnonce", b"gwnonce."


def test_both_sides_come_to_the_same_keys_by_two_messages() -> None:
    on_air = JoinRequest.seal(KEY, TAG, TAG_NONCE).pack()
    assert len(on_air) == 24

    heard = JoinRequest.unpack(on_air)
    heard.check(join_key(CODE, heard.tag_id))
    answer = JoinAnswer.seal(KEY, heard, GATEWAY_NONCE, SHARE).pack()
    gateway_side = session_keys(CODE, SHARE, heard.tag_id, heard.tag_nonce, GATEWAY_NONCE)
    assert len(answer) == 32

    taken = JoinAnswer.unpack(answer)
    share = taken.open(KEY, JoinRequest.unpack(on_air))
    assert share == SHARE
    assert session_keys(CODE, share, TAG, TAG_NONCE, taken.gateway_nonce) == gateway_side


def test_a_tag_with_an_owner_is_not_taken_by_whoever_read_its_factory_code() -> None:
    request = JoinRequest.seal(owner_key(CODE, SHARE, TAG), TAG, TAG_NONCE)
    request.check(owner_key(CODE, SHARE, TAG))
    with pytest.raises(SealBroken):
        request.check(KEY)
    thief = JoinAnswer.seal(KEY, request, GATEWAY_NONCE, SHARE)
    with pytest.raises(SealBroken):
        thief.open(owner_key(CODE, SHARE, TAG), request)


def test_an_answer_is_good_for_the_one_request_it_answers() -> None:
    first, second = (JoinRequest.seal(KEY, TAG, nonce) for nonce in (b"nonce..1", b"nonce..2"))
    answer = JoinAnswer.seal(KEY, first, GATEWAY_NONCE, SHARE)
    with pytest.raises(SealBroken):
        answer.open(KEY, second)


@pytest.mark.parametrize("place", range(24))
def test_a_changed_request_is_not_believed(place: int) -> None:
    octets = bytearray(JoinRequest.seal(KEY, TAG, TAG_NONCE).pack())
    octets[place] ^= 1
    with pytest.raises(SealBroken):
        JoinRequest.unpack(bytes(octets)).check(KEY)


@pytest.mark.parametrize("place", range(32))
def test_a_changed_answer_gives_no_share(place: int) -> None:
    request = JoinRequest.seal(KEY, TAG, TAG_NONCE)
    octets = bytearray(JoinAnswer.seal(KEY, request, GATEWAY_NONCE, SHARE).pack())
    octets[place] ^= 1
    with pytest.raises(SealBroken):
        JoinAnswer.unpack(bytes(octets)).open(KEY, request)


@given(st.binary(max_size=40))
def test_any_octets_are_messages_of_their_length_or_a_field_error(octets: bytes) -> None:
    for message, length in ((JoinRequest, 24), (JoinAnswer, 32)):
        if len(octets) == length:
            assert message.unpack(octets).pack() == octets
        else:
            with pytest.raises(FieldError):
                message.unpack(octets)
