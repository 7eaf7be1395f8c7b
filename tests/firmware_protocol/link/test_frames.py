import zlib

from cobs import cobs
from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol.link.frames import Frame, FrameReader, FrameType
from firmware_protocol.link.limits import SERIAL_CODED_OCTETS_MAX, SERIAL_DATA_OCTETS_MAX

U32, U16 = st.integers(0, 2**32 - 1), st.integers(0, 2**16 - 1)
FRAMES = st.one_of(
    st.builds(Frame, st.just(FrameType.DATA), U32, U32, U16, st.integers(0, 3), st.binary(min_size=1, max_size=240)),
    st.builds(Frame, st.just(FrameType.ACK), U32, U32, U16, st.just(0), st.binary(min_size=4, max_size=4)),
    st.builds(Frame, st.sampled_from([FrameType.OPEN, FrameType.OPENED]), U32, U32, U16, st.just(1), st.just(b"")),
)


@given(st.lists(FRAMES, max_size=5), st.integers(1, 50))
def test_frames_come_back_in_whatever_pieces_the_line_hands_them(frames: list[Frame], piece: int) -> None:
    line = b"".join(frame.pack() for frame in frames)
    reader = FrameReader()
    read = [frame for start in range(0, len(line), piece) for frame in reader.feed(line[start : start + piece])]
    assert read == frames
    assert reader.bad == 0


@given(FRAMES)
def test_no_frame_is_longer_than_its_cap(frame: Frame) -> None:
    octets = frame.pack()
    assert len(octets) <= SERIAL_CODED_OCTETS_MAX + 1
    assert octets.index(0) == len(octets) - 1


@given(FRAMES, FRAMES, st.data())
def test_a_changed_octet_costs_its_frame_and_at_most_the_next(one: Frame, two: Frame, data: st.DataObject) -> None:
    line = bytearray(one.pack() * 2 + two.pack())
    place = data.draw(st.integers(0, len(one.pack()) - 1))
    line[place] ^= data.draw(st.integers(1, 255))
    read = FrameReader().feed(bytes(line))
    assert read[-1] == two
    assert all(frame in (one, two) for frame in read)


@given(st.binary(max_size=600))
def test_noise_is_counted_and_over_at_the_next_zero(noise: bytes) -> None:
    reader = FrameReader()
    frame = Frame(FrameType.DATA, 1, 2, 3, 3, b"payload")
    assert reader.feed(noise + b"\x00" + frame.pack())[-1] == frame


def test_endless_noise_without_a_zero_fills_no_memory() -> None:
    reader = FrameReader()
    for _ in range(1000):
        assert reader.feed(b"\x55" * 1000) == []
    assert len(reader._piece) <= SERIAL_CODED_OCTETS_MAX
    reader.feed(b"\x00")
    assert reader.bad == 1


def test_a_sound_frame_of_an_unknown_kind_or_shape_is_no_frame() -> None:
    reader = FrameReader()
    head = bytes(8) + b"\x00\x00"
    for octets in (
        b"\x09" + head + b"\x00",  # no such type
        b"\x01" + head + b"\x00",  # data without data
        b"\x01" + head + b"\x04x",  # no such flag
        b"\x02" + head + b"\x00abc",  # a bitmap of three octets
        b"\x03" + head + b"\x02",  # another version
        b"\x01" + head + b"\x00" + bytes(SERIAL_DATA_OCTETS_MAX + 1),
    ):
        reader.feed(cobs.encode(octets + zlib.crc32(octets).to_bytes(4, "little")) + b"\x00")
    assert reader.bad == 6
