import hashlib
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol import PANELS, Codec, FieldError, decode, encode
from firmware_protocol.encoding import (
    BLOCK_OCTETS,
    ENCODED_OCTETS_MAX,
    block_count,
    block_hash,
    encoding_of,
    stream_octets,
    table_octets,
)

NO_BASE = bytes(8)
PLANES = st.lists(st.binary(max_size=300), min_size=1, max_size=3).filter(any)
WHOLE = (Codec.RAW, Codec.DEFLATE)  # those that build on no base
CODECS = pytest.mark.parametrize("codec", WHOLE)


@CODECS
@given(planes=PLANES)
def test_planes_come_back_as_they_went(codec: Codec, planes: list[bytes]) -> None:
    encoding = encode(planes, codec)
    assert decode(codec, encoding.data, [len(plane) for plane in planes]) == tuple(planes)
    assert encoding.codec is codec
    assert encoding.base_prefix == NO_BASE


@CODECS
@given(data=st.binary(max_size=200), sizes=st.lists(st.integers(0, 200), max_size=3))
def test_any_octets_are_the_planes_or_a_field_error(codec: Codec, data: bytes, sizes: list[int]) -> None:
    try:
        planes = decode(codec, data, sizes)
    except FieldError:
        return
    assert [len(plane) for plane in planes] == sizes


@given(planes=PLANES, cut=st.integers(1, 400), behind=st.binary(min_size=1, max_size=5))
def test_a_stream_cut_short_or_with_more_behind_is_refused(planes: list[bytes], cut: int, behind: bytes) -> None:
    sizes = [len(plane) for plane in planes]
    for codec in WHOLE:
        data = encode(planes, codec).data
        for wrong in (data[: max(0, len(data) - cut)], data + behind):
            with pytest.raises(FieldError):
                decode(codec, wrong, sizes)


def test_a_small_stream_that_would_fill_the_memory_is_stopped_at_the_planes() -> None:
    bomb = zlib.compressobj(9, zlib.DEFLATED, -9, 5)
    data = bomb.compress(bytes(50_000_000)) + bomb.flush()
    with pytest.raises(FieldError, match="more than 4736"):
        decode(Codec.DEFLATE, data, [4736])


def test_a_tag_with_a_window_of_512_octets_can_inflate_row_by_row() -> None:
    panel = PANELS["2.9-bwr"]
    planes = tuple(hashlib.shake_256(bytes((n,))).digest(panel.plane_octets // 8) * 8 for n in range(2))
    unpacker, out = zlib.decompressobj(-9), b""
    rest = encode(planes, Codec.DEFLATE).data
    while not unpacker.eof:
        out += unpacker.decompress(rest, panel.row_octets)
        rest = unpacker.unconsumed_tail
    assert out == b"".join(planes)


@pytest.mark.parametrize("size", [1, BLOCK_OCTETS, BLOCK_OCTETS + 1, 3 * BLOCK_OCTETS, ENCODED_OCTETS_MAX])
def test_the_stream_is_the_block_table_and_then_the_octets(size: int) -> None:
    data = hashlib.shake_256(b"stream").digest(size)
    encoding = encoding_of(Codec.RAW, NO_BASE, data)
    blocks = [data[start : start + BLOCK_OCTETS] for start in range(0, size, BLOCK_OCTETS)]
    table = b"".join(map(block_hash, blocks)) if len(blocks) > 1 else b""
    assert encoding.stream == table + data
    assert encoding.root == hashlib.sha256(table or data).digest()[:16]
    assert encoding.encoding_id == hashlib.sha256(b"\x00" + NO_BASE + data).digest()[:8]
    assert block_count(size) == len(blocks)
    assert (table_octets(size), stream_octets(size)) == (len(table), len(table) + size)


@pytest.mark.parametrize("size", [0, ENCODED_OCTETS_MAX + 1])
def test_an_encoding_that_cannot_travel_is_our_own_mistake(size: int) -> None:
    with pytest.raises(ValueError, match="cannot travel"):
        encoding_of(Codec.RAW, NO_BASE, bytes(size))


def test_codec_and_base_are_part_of_an_encodings_name() -> None:
    names = {encoding_of(codec, base, b"same").encoding_id for codec in Codec for base in (NO_BASE, b"12345678")}
    assert len(names) == 2 * len(Codec)
