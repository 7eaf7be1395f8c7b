import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol import FieldError, TagId
from firmware_protocol.link import pack_payloads, unpack_down_payload, unpack_payload, unpack_up_payload
from firmware_protocol.link.limits import PAYLOAD_OCTETS_MAX
from firmware_protocol.link.messages import Airtime, CreditQuery, LinkPing, Parts, ToTag, ToTagKind


def manifest_for(number: int) -> ToTag:
    return ToTag(TagId(number.to_bytes(8, "big")), ToTagKind.MANIFEST, 0, 300, bytes(77))


def test_many_messages_fill_few_payloads_and_keep_order_and_number() -> None:
    messages = [manifest_for(number) for number in range(1000)]
    payloads = pack_payloads(messages, 5)
    assert len(payloads) == 3
    assert max(map(len, payloads)) <= PAYLOAD_OCTETS_MAX
    read = [unpack_down_payload(octets) for octets in payloads]
    assert [message for each in read for message in each.messages] == messages
    number = 5
    for each in read:
        assert each.first_number == number
        number += len(each.messages)


def test_no_message_needs_no_payload() -> None:
    assert pack_payloads([], 0) == []


@given(st.lists(st.integers(1, 4608), min_size=1, max_size=30), st.integers(0, 2**31))
def test_every_payload_is_within_its_cap_whatever_the_sizes(sizes: list[int], first: int) -> None:
    messages = [Parts(bytes(8), 262_656, 0, bytes(size)) for size in sizes]
    payloads = pack_payloads(messages, first)
    assert all(len(octets) <= PAYLOAD_OCTETS_MAX for octets in payloads)
    assert [message for octets in payloads for message in unpack_payload(octets).messages] == messages


@given(st.binary(max_size=120) | st.binary(max_size=80).map(lambda tail: b"\x01\x00\x00\x00\x00\x00" + tail))
def test_any_octets_are_a_payload_or_a_field_error(octets: bytes) -> None:
    for unpack in (unpack_payload, unpack_up_payload, unpack_down_payload):
        try:
            payload = unpack(octets)
        except FieldError:
            continue
        assert pack_payloads(payload.messages, payload.first_number) == [octets]


@pytest.mark.parametrize(
    ("octets", "field"),
    [
        (b"", "payload"),
        (b"\x01\x00\x00\x00\x00\x00", "payload"),
        (b"\x02\x00\x00\x00\x00\x00\x88\x00\x00", "payload.version"),
        (b"\x01\x01\x00\x00\x00\x00\x88\x00\x00", "payload.flags"),
        (b"\x01\x00\xff\xff\xff\xff\x88\x00\x00\x88\x00\x00", "payload.first_number"),
        (b"\x01\x00\x00\x00\x00\x00\x88\x00\x00\x70\x00\x00", "message.type"),
        (b"\x01\x00\x00\x00\x00\x00\x88\x00", "message.head"),
        (b"\x01\x00\x00\x00\x00\x00\x87\x04\x00\x01", "CreditQuery.length"),
    ],
)
def test_a_bad_payload_is_refused_whole_and_the_reason_is_named(octets: bytes, field: str) -> None:
    with pytest.raises(FieldError) as caught:
        unpack_down_payload(octets)
    assert caught.value.field == field


def test_a_gateway_takes_nothing_that_only_a_gateway_says() -> None:
    (down,) = pack_payloads([LinkPing(), CreditQuery(3)], 0)
    (up,) = pack_payloads([Airtime(1, 2)], 0)
    with pytest.raises(FieldError):
        unpack_up_payload(down)
    with pytest.raises(FieldError):
        unpack_down_payload(up)
    assert unpack_payload(up).messages == (Airtime(1, 2),)
    assert unpack_payload(down).messages == (LinkPing(), CreditQuery(3))
