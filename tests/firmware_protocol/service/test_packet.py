import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol import FieldError, SealBroken, tlv
from firmware_protocol.keys import SealKey
from firmware_protocol.service import packet
from firmware_protocol.service.packet import EslAddress, GroupPacket

KEY = SealKey(bytes(range(16)), bytes(range(8)))
OTHER = SealKey(bytes(16), bytes(8))
COUNTERS = st.integers(0, (1 << 39) - 1)


@given(st.integers(0, 127), st.integers(0, 254))
def test_an_address_comes_back(group_id: int, esl_id: int) -> None:
    address = EslAddress(group_id, esl_id)
    assert EslAddress.unpack(address.pack()) == address


def test_an_address_is_read_as_the_characteristic_writes_it() -> None:
    assert EslAddress.unpack(b"\x02\x85") == EslAddress(group_id=5, esl_id=2), "bit 15 is reserved"
    for wrong in (b"", b"\x02", b"\x02\x05\x00", b"\xff\x05"):
        with pytest.raises(FieldError, match="esl_address"):
            EslAddress.unpack(wrong)
    for address in (EslAddress(128, 0), EslAddress(0, 255), EslAddress(-1, 0)):
        with pytest.raises(ValueError, match="no tag"):
            address.pack()


@given(COUNTERS, st.integers(0, 127), st.lists(st.builds(tlv.Ping, st.integers(0, 255)), min_size=1, max_size=23))
def test_a_groups_packet_comes_back_with_its_counter(counter: int, group_id: int, pings: list[tlv.Command]) -> None:
    sent = GroupPacket(group_id, tuple(pings))
    advertised = packet.seal_group_packet(KEY, counter, sent)
    assert len(advertised) <= 61
    assert packet.open_group_packet(KEY, advertised) == (counter, sent)
    with pytest.raises(SealBroken):
        packet.open_group_packet(OTHER, advertised)


@given(
    COUNTERS, st.lists(st.builds(tlv.SensorValue, st.integers(0, 255), st.binary(max_size=14)), min_size=1, max_size=3)
)
def test_a_tags_answers_come_back_with_their_counter(counter: int, responses: list[tlv.Response]) -> None:
    advertised = packet.seal_answers(KEY, counter, responses)
    assert packet.open_answers(KEY, advertised) == (counter, responses)


def test_a_payload_ends_at_48_octets() -> None:
    pings = (tlv.Ping(0),) * 23
    assert len(GroupPacket(0, pings).pack()) == 2 + 47
    for commands in ((*pings, tlv.Ping(0)), ()):
        with pytest.raises(ValueError, match="payload"):
            GroupPacket(0, commands).pack()
    with pytest.raises(ValueError, match="group"):
        GroupPacket(128, pings).pack()
    assert len(packet.pack_answers([tlv.BasicState(0)] * 16)) == 2 + 48
    with pytest.raises(ValueError, match="payload"):
        packet.pack_answers([tlv.BasicState(0)] * 17)


STRUCTURE = GroupPacket(5, (tlv.Ping(2), tlv.RefreshDisplay(2, 0))).pack()


@pytest.mark.parametrize("length", [*range(len(STRUCTURE)), *range(len(STRUCTURE) + 1, 256)])
def test_a_structure_of_any_other_length_than_it_says_is_refused(length: int) -> None:
    octets = (STRUCTURE + bytes(256))[:length]
    with pytest.raises(FieldError):
        GroupPacket.unpack(octets)
    claimed = bytes((length,)) + STRUCTURE[1:]
    if length != STRUCTURE[0]:
        with pytest.raises(FieldError):
            GroupPacket.unpack(claimed)


def test_a_structure_of_another_kind_too_short_or_too_long_is_refused() -> None:
    assert GroupPacket.unpack(bytes.fromhex("0434850002")) == GroupPacket(5, (tlv.Ping(2),)), "bit 7 is reserved"
    for wrong in ("0433050002", "023405", "0134", "32340500" + "02" + "0002" * 22 + "000200"):
        with pytest.raises(FieldError):
            GroupPacket.unpack(bytes.fromhex(wrong))


@given(st.binary(max_size=70))
def test_any_octets_are_a_packet_or_a_field_error(octets: bytes) -> None:
    for read in (GroupPacket.unpack, packet.unpack_answers):
        try:
            read(octets)
        except FieldError:
            continue


@given(st.binary(max_size=70))
def test_any_octets_on_the_air_are_refused(octets: bytes) -> None:
    for opened in (packet.open_group_packet, packet.open_answers):
        with pytest.raises((FieldError, SealBroken)):
            opened(KEY, octets)


def test_a_packet_changed_in_any_bit_is_refused() -> None:
    advertised = packet.seal_group_packet(KEY, 7, GroupPacket(5, (tlv.Ping(2),)))
    for bit in range(len(advertised) * 8):
        changed = bytearray(advertised)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises((FieldError, SealBroken)):
            packet.open_group_packet(KEY, bytes(changed))
