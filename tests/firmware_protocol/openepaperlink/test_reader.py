"""Finding a module's frames in whatever comes down its line."""

from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol import TagId
from firmware_protocol.openepaperlink.frames import (
    BlockWanted,
    CheckIn,
    ReturnedData,
    SlotExpired,
    TransferComplete,
    pack,
)
from firmware_protocol.openepaperlink.reader import FromModule, InfoItem, ModuleReader, Word

TAG = TagId.parse("00000219B7EA3B1B")
C6_INFO = b"ACK>TYP>C6VER>001FMAC>1B3BEAB719020000ZCH>19SCH>255ZPW>0APEN>00NOP>00"
C6_ITEMS = [
    Word.ACK,
    InfoItem("TYP", "C6"),
    InfoItem("VER", "001F"),
    InfoItem("MAC", "1B3BEAB719020000"),
    InfoItem("ZCH", "19"),
    InfoItem("SCH", "255"),
    InfoItem("ZPW", "0A"),
    InfoItem("PEN", "00"),
    InfoItem("NOP", "00"),
]
CHECK_IN = CheckIn(TAG, 0x1A, 200, -61, 21, 2987, 0x33, 0xFC, 0x61, 41, 11, 0, bytes(8))
TEXT = b"Sending parts: XXXXXXXXXX XX........ ..........\n\r"


def _octets(said: FromModule) -> bytes:
    match said:
        case Word():
            return said.value.encode()
        case InfoItem():
            return f"{said.name}>{said.digits}".encode()
        case CheckIn():
            return b"ADR>" + pack(said)
        case BlockWanted():
            return b"RQB>" + pack(said)
        case TransferComplete():
            return b"XFC>" + pack(said)
        case SlotExpired():
            return b"XTO>" + pack(said)
        case ReturnedData():
            return b"TRD>" + pack(said)


_TAGS = st.binary(min_size=8, max_size=8).map(TagId)
_EIGHT = st.binary(min_size=8, max_size=8)
_U8 = st.integers(0, 255)
_RETURNED = st.builds(
    lambda tag, data, ver: ReturnedData(tag, 11 + len(data), 0, 0, ver, 0x55, data),
    _TAGS,
    st.binary(max_size=90),
    _EIGHT,
)
_SAID = st.one_of(
    st.sampled_from(Word),
    st.builds(TransferComplete, _TAGS),
    st.builds(SlotExpired, _TAGS),
    st.builds(BlockWanted, _EIGHT, _U8, _TAGS),
    _RETURNED,
)
# Text between frames: no ">", so that it imitates no verb.
_NOISE = st.binary(max_size=20).map(lambda octets: octets.replace(b">", b"."))


def test_info_in_one_unbroken_string() -> None:
    assert ModuleReader().feed(C6_INFO) == C6_ITEMS


def test_info_line_by_line_and_without_the_sub_ghz_item() -> None:
    lines = C6_INFO.replace(b"SCH>255", b"")
    for name in (b"TYP", b"VER", b"MAC", b"ZCH", b"ZPW", b"PEN", b"NOP"):
        lines = lines.replace(name, b"\n" + name)
    found = ModuleReader().feed(lines + b"\n")
    assert found == [item for item in C6_ITEMS if item != InfoItem("SCH", "255")]


@given(st.lists(st.tuples(_NOISE, _SAID), max_size=8), st.data())
def test_frames_are_found_among_noise_however_they_arrive(
    said: list[tuple[bytes, FromModule]], data: st.DataObject
) -> None:
    stream = b"".join(noise + _octets(one) for noise, one in said)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    reader = ModuleReader()
    found: list[FromModule] = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += reader.feed(stream[start:end])
    assert found == [one for _, one in said]
    assert reader.counts.bad == 0


def test_text_between_frames_loses_none() -> None:
    reader = ModuleReader()
    stream = (
        TEXT + _octets(CHECK_IN) + b"BUSY!\n\r" + b"ESP-ROM:esp32c6-20220919\r\nboot:0xc\r\n" + _octets(Word.ACK) + TEXT
    )
    assert reader.feed(stream) == [CHECK_IN, Word.ACK]
    reader.idle()
    assert reader.counts.skipped_octets == len(stream) - len(_octets(CHECK_IN)) - 4


def test_noise_that_imitates_a_verb_costs_itself_alone() -> None:
    reader = ModuleReader()
    assert reader.feed(b"ADR>" + _octets(CHECK_IN) + _octets(TransferComplete(TAG))) == [
        CHECK_IN,
        TransferComplete(TAG),
    ]
    assert reader.counts.bad == 1


def test_a_bad_checksum_is_counted_and_dropped() -> None:
    for said in (CHECK_IN, BlockWanted(bytes(8), 1, TAG), TransferComplete(TAG), SlotExpired(TAG)):
        reader = ModuleReader()
        octets = bytearray(_octets(said))
        octets[-1] ^= 0x10
        assert reader.feed(bytes(octets)) == []
        assert reader.counts.bad == 1


def test_a_struct_that_a_restart_cut_short_is_left_when_nothing_comes() -> None:
    reader = ModuleReader()
    assert reader.feed(_octets(CHECK_IN)[:20]) == []
    assert reader.waits
    assert reader.feed(b"RES>RDY>") == []  # it may still be a part of the struct
    assert reader.idle() == [Word.RESTARTED, Word.READY]
    assert reader.counts.cut == 1
    assert not reader.waits
    assert reader.feed(_octets(CHECK_IN)) == [CHECK_IN]


def test_info_of_no_digits_is_no_info() -> None:
    reader = ModuleReader()
    assert reader.feed(b"VER>00xFNOP>00") == [InfoItem("NOP", "00")]
    assert reader.counts.bad == 1


@given(st.lists(st.binary(max_size=60), max_size=6))
def test_nothing_that_comes_breaks_it(pieces: list[bytes]) -> None:
    reader = ModuleReader()
    for piece in pieces:
        reader.feed(piece)
        assert len(reader._waiting) <= 4 + 9 + 1 + 255
    reader.idle()
    assert not reader.waits
    assert reader.feed(b"ACK>") == [Word.ACK]
