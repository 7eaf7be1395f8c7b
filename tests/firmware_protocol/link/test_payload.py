import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol import FieldError, TagId
from firmware_protocol.link import pack_payloads, unpack_down_payload, unpack_payload, unpack_up_payload
from firmware_protocol.link.limits import PAYLOAD_MESSAGES_MAX, PAYLOAD_OCTETS_MAX
from firmware_protocol.link.messages import (
    Airtime,
    CreditQuery,
    Hello,
    LinkPing,
    Parts,
    Profile,
    Status,
    ToTag,
    ToTagKind,
)


def manifest_for(number: int) -> ToTag:
    return ToTag(TagId(number.to_bytes(8, "big")), ToTagKind.MANIFEST, 0, 300, bytes(77))


def payload_of(messages: bytes, first_number: int = 0) -> bytes:
    """A payload with a right CRC, whatever is in it."""
    checked = first_number.to_bytes(4, "little") + messages
    return struct.pack("<BBI", 1, 0, zlib.crc32(checked)) + checked


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


def test_a_payload_holds_no_more_messages_than_can_be_read_at_once() -> None:
    ping = b"\x88\x00\x00"
    assert len(unpack_payload(payload_of(ping * PAYLOAD_MESSAGES_MAX)).messages) == PAYLOAD_MESSAGES_MAX
    with pytest.raises(FieldError, match="at most 3000 at once") as caught:
        unpack_payload(payload_of(ping * (PAYLOAD_MESSAGES_MAX + 1)))
    assert caught.value.offset == 10 + 3 * PAYLOAD_MESSAGES_MAX
    payloads = pack_payloads([LinkPing()] * (PAYLOAD_MESSAGES_MAX + 1), 0)
    assert [len(unpack_payload(octets).messages) for octets in payloads] == [PAYLOAD_MESSAGES_MAX, 1]


@given(st.lists(st.integers(1, 4608), min_size=1, max_size=30), st.integers(0, 2**31))
def test_every_payload_is_within_its_cap_whatever_the_sizes(sizes: list[int], first: int) -> None:
    messages = [Parts(bytes(8), 262_656, 0, bytes(size)) for size in sizes]
    payloads = pack_payloads(messages, first)
    assert all(len(octets) <= PAYLOAD_OCTETS_MAX for octets in payloads)
    assert [message for octets in payloads for message in unpack_payload(octets).messages] == messages


@given(st.binary(max_size=120) | st.binary(max_size=80).map(payload_of))
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
        (payload_of(b""), "payload"),
        (b"\x02" + payload_of(b"\x88\x00\x00")[1:], "payload.version"),
        (b"\x01\x01" + payload_of(b"\x88\x00\x00")[2:], "payload.flags"),
        (b"\x01\x00\x00\x00\x00\x00" + payload_of(b"\x88\x00\x00")[6:], "payload.crc"),
        (payload_of(b"\x88\x00\x00\x88\x00\x00", 0xFFFFFFFF), "payload.first_number"),
        (payload_of(b"\x88\x00\x00\x70\x00\x00"), "message.type"),
        (payload_of(b"\x88\x00"), "message.head"),
        (payload_of(b"\x87\x04\x00\x01"), "CreditQuery.length"),
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


def test_a_payload_changed_in_any_one_or_two_octets_is_never_believed() -> None:
    hello = Hello(bytes(8), 1, bytes(8), 0, 256, Profile.POLL, 60_000, 1, "north-1")
    (payload,) = pack_payloads([hello, Status(256, 3, 0, 0)], 0)
    for place in range(len(payload) - 1):
        for change in (b"\x01\x00", b"\x80\x00", b"\xff\x00", b"\xff\xff", b"\x10\x08"):
            changed = bytearray(payload)
            changed[place] ^= change[0]
            changed[place + 1] ^= change[1]
            with pytest.raises(FieldError):
                unpack_up_payload(bytes(changed))
