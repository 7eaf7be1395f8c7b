"""Pictures as OpenEPaperLink's tags take them, against the pixel formulas of the facts."""

import hashlib
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from firmware_protocol import FieldError, Panel
from firmware_protocol.openepaperlink.frames import DataType
from firmware_protocol.openepaperlink.picture import (
    Payload,
    PictureUnfit,
    buffer_planes,
    our_planes,
    payload_of,
    planes_of,
)
from firmware_protocol.openepaperlink.tag_type import TAG_TYPES, TagType, TagTypeInvalid, read_tag_type

NEWEST = 0xFFFF


def card(kind: TagType) -> "np.ndarray[tuple[int, int], np.dtype[np.uint8]]":
    """An upright picture of colour indices that looks different from every side: [y, x]."""
    inks = len(kind.colours)
    picture = np.zeros((kind.height_px, kind.width_px), dtype=np.uint8)
    for ink in range(1, inks):
        picture[ink * 3 : ink * 3 + 2, : 10 * ink] = ink
        picture[kind.height_px // 2 :, kind.width_px - 7 * ink - 1] = ink
    picture[0, :] = 1
    picture[20:40:2, 20:40:3] = 1
    return picture


# buffer(x, y) by `rotate_buffer`, of the picture W wide and H high (facts, "rotatebuffer").
FORMULAS: dict[int, Callable[[int, int, int, int], tuple[int, int]]] = {
    0: lambda x, y, w, h: (x, y),
    1: lambda x, y, w, h: (w - 1 - y, x),
    2: lambda x, y, w, h: (w - 1 - x, h - 1 - y),
    3: lambda x, y, w, h: (y, h - 1 - x),
}


def turned(kind: TagType) -> "np.ndarray[tuple[int, int], np.dtype[np.uint8]]":
    """The card in the buffer, pixel by pixel."""
    picture = card(kind)
    width, height = kind.buffer_px
    formula = FORMULAS[kind.rotate_buffer]
    buffer = np.zeros((height, width), dtype=np.uint8)
    for y in range(height):
        for x in range(width):
            at_x, at_y = formula(x, y, kind.width_px, kind.height_px)
            buffer[y, x] = picture[at_y, at_x]
    return buffer


def planes_for(kind: TagType) -> tuple[bytes, ...]:
    """The card as planes of our panel: turned clockwise by the panel's rotation, as labels are."""
    buffer = np.rot90(card(kind), k=-(kind.panel.rotation // 90))
    inks = [np.packbits(buffer == 0 if ink == 0 else buffer == ink, axis=1).tobytes() for ink in range(4)]
    red_or_yellow = np.packbits(~np.isin(buffer, [1]), axis=1).tobytes()  # white in the black plane: all but black
    if kind.colours == "WK":
        return (red_or_yellow,)
    return (red_or_yellow, inks[2]) if len(kind.colours) == 3 else (red_or_yellow, inks[2], inks[3])


A_KIND_OF_EACH = [
    next(kind for kind in TAG_TYPES.values() if (kind.rotate_buffer, kind.colours) == pair)
    for pair in sorted({(kind.rotate_buffer, kind.colours) for kind in TAG_TYPES.values()})
]


@pytest.mark.parametrize("kind", A_KIND_OF_EACH, ids=lambda kind: kind.name)
def test_planes_are_those_of_the_facts_pixel_by_pixel(kind: TagType) -> None:
    buffer = turned(kind)
    expected = [np.packbits(np.isin(buffer, [1, 3]), axis=1).tobytes()]
    if len(kind.colours) > 2:
        expected.append(np.packbits(np.isin(buffer, [2, 3]), axis=1).tobytes())
    assert buffer_planes(kind, planes_for(kind)) == tuple(expected)


@pytest.mark.parametrize("kind", list(TAG_TYPES.values()), ids=lambda kind: f"{kind.hw_type:02x}")
def test_every_type_reads_what_it_is_sent(kind: TagType) -> None:
    planes = planes_for(kind)
    raw = payload_of(replace(kind, pads_blocks=False), planes, 0)
    assert raw.data_type == (DataType.RAW_ONE_PLANE if len(kind.colours) == 2 else DataType.RAW_TWO_PLANES)
    assert planes_of(kind, raw.data_type, raw.octets) == planes
    newest = payload_of(kind, planes, NEWEST)
    assert (newest.data_type == DataType.ZLIB) == (kind.zlib_from is not None)
    assert planes_of(kind, newest.data_type, newest.octets) == planes
    assert newest.data_ver == hashlib.md5(newest.octets).digest()[:8]


def test_there_are_types_of_every_turn_and_every_set_of_inks() -> None:
    assert len(TAG_TYPES) >= 25
    assert {kind.rotate_buffer for kind in TAG_TYPES.values()} == {0, 1, 2, 3}
    assert {kind.colours for kind in TAG_TYPES.values()} == {"WK", "WKR", "WKY", "WKRY"}
    assert len({kind.panel.name for kind in TAG_TYPES.values()}) == len(TAG_TYPES)


def white(panel: Panel) -> tuple[bytes, ...]:
    return (b"\xff" * panel.plane_octets, *(bytes(size) for size in panel.plane_sizes[1:]))


def test_zlib_is_chosen_by_the_software_version_and_never_after_a_refusal() -> None:
    kind = TAG_TYPES[0x33]
    assert kind.zlib_from == 0x27
    planes = planes_for(kind)
    assert payload_of(kind, planes, 0x26).data_type == DataType.RAW_TWO_PLANES
    assert payload_of(kind, planes, 0x27).data_type == DataType.ZLIB
    refused = payload_of(kind, planes, 0x27, refused=frozenset({DataType.ZLIB}))
    assert refused.data_type == DataType.RAW_TWO_PLANES


def test_a_picture_without_colour_has_one_plane() -> None:
    kind = TAG_TYPES[0x33]
    payload = payload_of(kind, white(kind.panel), 0)
    assert (payload.data_type, payload.octets) == (DataType.RAW_ONE_PLANE, bytes(kind.panel.plane_octets))
    assert planes_of(kind, payload.data_type, payload.octets) == white(kind.panel)


def test_the_zlib_stream_has_a_window_of_4_kib_and_the_header_of_the_buffer() -> None:
    kind = TAG_TYPES[0x33]
    octets = payload_of(kind, planes_for(kind), NEWEST).octets
    assert octets[4] == 0x48
    plain = zlib.decompress(octets[4:])
    assert struct.unpack_from("<I", octets) == (len(plain),)
    assert struct.unpack_from("<BHHB", plain) == (6, 168, 384, 2)


def test_a_stream_of_whole_blocks_gets_an_octet_more(monkeypatch: pytest.MonkeyPatch) -> None:
    kind = TAG_TYPES[0x33]
    planes = planes_for(kind)
    plain = payload_of(kind, planes, NEWEST)
    monkeypatch.setattr("firmware_protocol.openepaperlink.picture.BLOCK_OCTETS", len(plain.octets))
    padded = payload_of(kind, planes, NEWEST)
    assert padded.octets == plain.octets + b"\0"
    assert planes_of(kind, padded.data_type, padded.octets) == planes


def test_a_raw_picture_of_whole_blocks_is_for_no_tag_that_would_not_show_it() -> None:
    kind = TAG_TYPES[0x38]  # 73,728 octets a plane: 18 blocks
    with pytest.raises(PictureUnfit, match="never shows it"):
        payload_of(kind, white(kind.panel), 0)
    assert payload_of(kind, white(kind.panel), NEWEST).data_type == DataType.ZLIB


def test_a_picture_that_the_tag_has_no_room_for_is_refused() -> None:
    glass = 'hw_type = 1\nname = "small"\nwidth_px = 296\nheight_px = 128\nrotate_buffer = 1\ncolours = "WKR"\n'
    text = f"{glass}octets_max = 4735"
    kind = read_tag_type(text, "small.toml")
    with pytest.raises(PictureUnfit, match="4736 octets, and small has room for 4735"):
        payload_of(kind, white(kind.panel), 0)


def _zipped(plain: bytes, *, size: int | None = None, window: int = 12) -> Payload:
    packer = zlib.compressobj(9, zlib.DEFLATED, window)
    octets = struct.pack("<I", len(plain) if size is None else size) + packer.compress(plain) + packer.flush()
    return Payload(DataType.ZLIB, octets)


def test_what_is_no_picture_of_the_type_is_refused_with_its_field() -> None:
    kind = TAG_TYPES[0x33]
    size = kind.panel.plane_octets
    good = struct.pack("<BHHB", 6, 168, 384, 1) + bytes(size)
    for data_type, octets, field in (
        (DataType.RAW_ONE_PLANE, bytes(size - 1), "picture"),
        (DataType.RAW_TWO_PLANES, bytes(size), "picture"),
        (0x31, bytes(size), "data_type"),
        (DataType.ZLIB, b"\x10", "picture"),
        (DataType.ZLIB, _zipped(good, window=15).octets, "picture.window"),
        (DataType.ZLIB, _zipped(good, size=len(good) + 1).octets, "picture.size"),
        (DataType.ZLIB, _zipped(good[:-1], size=len(good)).octets, "picture.zlib"),
        (DataType.ZLIB, _zipped(good).octets[:-3], "picture.zlib"),
        (DataType.ZLIB, _zipped(good + bytes(1 << 20), size=len(good)).octets, "picture.zlib"),
        (DataType.ZLIB, _zipped(good).octets + bytes(700), "picture.zlib"),
        (DataType.RAW_TWO_PLANES, b"\xff" * (2 * size), "picture.inks"),
        (DataType.ZLIB, _zipped(b"\x06\xa8\x00\x81\x01\x01" + bytes(size)).octets, "picture.header"),
    ):
        with pytest.raises(FieldError) as caught:
            planes_of(kind, data_type, octets)
        assert caught.value.field == field


@given(st.data())
def test_planes_go_there_and_back(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(A_KIND_OF_EACH))
    size = kind.panel.plane_octets
    picture = np.frombuffer(data.draw(st.binary(min_size=64, max_size=64)), dtype=np.uint8)
    indices = np.resize(picture % len(kind.colours), size * 8)
    pack = lambda mask: np.packbits(mask).tobytes()  # noqa: E731
    planes = (pack(indices != 1), *(pack(indices == ink) for ink in range(2, len(kind.colours))))
    buffers = buffer_planes(kind, planes)
    assert our_planes(kind, buffers) == planes


@given(st.sampled_from([DataType.RAW_ONE_PLANE, DataType.RAW_TWO_PLANES, DataType.ZLIB]), st.binary(max_size=200))
def test_nothing_that_is_sent_breaks_the_reader(data_type: int, octets: bytes) -> None:
    with pytest.raises(FieldError):
        planes_of(TAG_TYPES[0x33], data_type, octets)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("hw_type = 51", "hw_type = 256"), "hw_type is 256, and 0 to 255 is wanted"),
        (("width_px = 384", "width_px = 0"), "width_px is 0, and 1 to 2048 is wanted"),
        (("rotate_buffer = 3", "rotate_buffer = 4"), "rotate_buffer is 4, and 0 to 3 is wanted"),
        (('colours = "WKR"', 'colours = "WKRO"'), "colours is 'WKRO', and one of WK, WKR, WKY, WKRY is wanted"),
        (("height_px = 168", "height_px = 167"), "the buffer is 167 px wide, and whole octets are wanted"),
        (("height_px = 168", ""), "height_px"),
        (("height_px = 168", "height_px = 168\ncolour = 1"), "colour"),
        (("hw_type", "="), "line 1"),
    ],
)
def test_a_file_that_is_no_tag_type_says_what_is_wrong(change: tuple[str, str], words: str) -> None:
    text = 'hw_type = 51\nname = "x"\nwidth_px = 384\nheight_px = 168\nrotate_buffer = 3\ncolours = "WKR"\n'
    assert read_tag_type(text, "good.toml").hw_type == 51
    with pytest.raises(TagTypeInvalid) as caught:
        read_tag_type(text.replace(*change), "mine.toml")
    assert str(caught.value).startswith("mine.toml: ")
    assert words in str(caught.value)
