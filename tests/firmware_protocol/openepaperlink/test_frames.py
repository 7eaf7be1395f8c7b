"""The serial frames of OpenEPaperLink's modules, against octets from its code and from the field."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol import FieldError, TagId
from firmware_protocol.openepaperlink.frames import (
    BLOCK_FLUSH,
    BLOCK_OCTETS,
    BLOCK_WIRE_OCTETS,
    NO_DATA_VER,
    BlockWanted,
    ChannelPower,
    CheckIn,
    PendingData,
    ReturnedData,
    SlotExpired,
    TransferComplete,
    blocks_in,
    pack,
    pack_block,
    unpack,
    unpack_block,
)

TAG = TagId.parse("00000219B7EA3B1B")
DATA_VER = bytes.fromhex("A0957E7610AC8FCB")  # of "OEPL example payload\n", a hundred times
PAYLOAD = b"OEPL example payload\n" * 100

# Value, octets: openepaperlink-facts.md, 2.
VECTORS = (
    (
        PendingData(DATA_VER, 2100, 0x20, 0, 0, 20, TAG),
        "C1 A0 95 7E 76 10 AC 8F CB 34 08 00 00 20 00 00 00 14 00 1B 3B EA B7 19 02 00 00",
    ),
    (
        PendingData(NO_DATA_VER, 0, 0, 0, 10, 20, TAG),
        "30 00 00 00 00 00 00 00 00 00 00 00 00 00 00 0A 00 14 00 1B 3B EA B7 19 02 00 00",
    ),
    (
        PendingData(bytes.fromhex("813C130AE4530A03"), 0x00020AA3, 0xAF, 4, 0, 20, TAG),
        "A6 81 3C 13 0A E4 53 0A 03 A3 0A 02 00 AF 04 00 00 14 00 1B 3B EA B7 19 02 00 00",
    ),
    (
        PendingData(NO_DATA_VER, 0, 0, 0, 0, 0, TAG),
        "12 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 1B 3B EA B7 19 02 00 00",
    ),
    (ChannelPower(11, 10, 0), "15 0B 0A 00"),
    (ChannelPower(25, 10, 0), "23 19 0A 00"),
    (BlockWanted(DATA_VER, 0, TAG), "51 A0 95 7E 76 10 AC 8F CB 00 1B 3B EA B7 19 02 00 00"),
    (
        BlockWanted(bytes.fromhex("50D267906AA79020"), 0, TAG),
        "EC 50 D2 67 90 6A A7 90 20 00 1B 3B EA B7 19 02 00 00",
    ),
    (
        CheckIn(TAG, 0x1A, 200, -61, 21, 2987, 0x33, 0xFC, 0x61, 41, 11, 0, bytes(8)),
        "46 1B 3B EA B7 19 02 00 00 1A C8 C3 15 AB 0B 33 FC 61 29 00 0B 00 00 00 00 00 00 00 00 00",
    ),
    (
        CheckIn(TAG, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, bytes(8)),
        "12 1B 3B EA B7 19 02 00 00" + " 00" * 21,
    ),
    (TransferComplete(TAG), "12 1B 3B EA B7 19 02 00 00"),
    (SlotExpired(TAG), "12 1B 3B EA B7 19 02 00 00"),
    (
        ReturnedData(TAG, 13, 0x3A, 0, bytes.fromhex("ABBA000019020000"), 0x55, b"\xab\xba"),
        "93 1B 3B EA B7 19 02 00 00 0D 3A 00 AB BA 00 00 19 02 00 00 55 AB BA",
    ),
)


@pytest.mark.parametrize(("value", "octets"), VECTORS)
def test_each_vector_of_the_facts_is_packed_and_read(value: object, octets: str) -> None:
    assert pack(value).hex(" ").upper() == octets
    assert unpack(type(value), bytes.fromhex(octets)) == value


@pytest.mark.parametrize(("value", "octets"), VECTORS)
def test_every_flipped_bit_is_refused(value: object, octets: str) -> None:
    whole = bytes.fromhex(octets)
    for bit in range(len(whole) * 8):
        spoiled = bytearray(whole)
        spoiled[bit // 8] ^= 1 << bit % 8
        with pytest.raises(FieldError):
            unpack(type(value), bytes(spoiled))


def test_what_a_check_in_says_of_the_glass() -> None:
    long = unpack(CheckIn, bytes.fromhex(VECTORS[8][1]))
    short = unpack(CheckIn, bytes.fromhex(VECTORS[9][1]))
    assert (long.is_short, long.glass_is_lost) == (False, True)  # it has booted: reason FC
    assert (short.is_short, short.glass_is_lost) == (True, False)


def test_the_block_of_the_facts() -> None:
    octets = pack_block(PAYLOAD)
    assert len(octets) == 4132
    assert octets[:8].hex(" ").upper() == "9E A2 EA 71 E5 EF FA E6"
    assert octets[4 + len(PAYLOAD) : BLOCK_WIRE_OCTETS] == b"\x55" * (BLOCK_OCTETS - len(PAYLOAD))
    assert octets[BLOCK_WIRE_OCTETS:] == BLOCK_FLUSH == b"\xf5" * 32
    assert unpack_block(octets[:BLOCK_WIRE_OCTETS]) == PAYLOAD


@pytest.mark.parametrize("size", [1, 95, 96, 4095, 4096])
def test_blocks_of_each_size_are_checked(size: int) -> None:
    data = bytes(place * 7 & 0xFF for place in range(size))
    octets = pack_block(data)
    assert unpack_block(octets[:BLOCK_WIRE_OCTETS]) == data
    spoiled = bytearray(octets[:BLOCK_WIRE_OCTETS])
    spoiled[4] ^= 1
    with pytest.raises(FieldError, match="checksum"):
        unpack_block(bytes(spoiled))


def test_a_block_of_no_size_or_too_much_is_our_mistake() -> None:
    for data in (b"", bytes(BLOCK_OCTETS + 1)):
        with pytest.raises(ValueError, match="1 to 4096 octets"):
            pack_block(data)


def test_how_many_blocks_a_payload_has() -> None:
    assert [blocks_in(size) for size in (1, 4096, 4097, 15000)] == [1, 1, 2, 4]


@given(st.binary(min_size=BLOCK_WIRE_OCTETS, max_size=BLOCK_WIRE_OCTETS))
def test_a_block_of_noise_is_refused_or_checked(octets: bytes) -> None:
    try:
        data = unpack_block(octets)
    except FieldError:
        return
    assert pack_block(data)[: 4 + len(data)] == octets[: 4 + len(data)]
