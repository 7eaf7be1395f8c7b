import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol import FieldError, TagId, poll
from firmware_protocol.poll import (
    ANSWER_ROOM,
    CONTACT_ROOM,
    FRAME_OCTETS_MAX,
    MAC_OCTETS,
    PART_OCTETS,
    PSDU_OCTETS_MAX,
    Answer,
    Contact,
    Part,
    PartRequest,
)

TAG = TagId.parse("A4C1380000000001")
TAGS = st.binary(min_size=8, max_size=8).map(TagId)


def exactly(count: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=count, max_size=count)


OFFSETS = st.integers(0, 2600).map(lambda number: number * PART_OCTETS)
UP_ITEMS = (
    st.builds(poll.Join, exactly(24))
    | st.builds(poll.SealedReport, exactly(30))
    | st.builds(poll.Response, st.binary(min_size=15, max_size=61))
    | st.builds(poll.CannotOpen, st.sampled_from(poll.Sealing), exactly(5))
    | st.builds(PartRequest, exactly(8), OFFSETS, st.binary(min_size=1, max_size=64))
)
DOWN_ITEMS = (
    st.builds(poll.JoinAnswer, exactly(32))
    | st.builds(poll.SealedManifest, exactly(77))
    | st.builds(poll.SealedCommand, st.binary(min_size=15, max_size=61))
    | st.just(poll.PlainPing())
)


@given(TAGS, st.integers(0, 255), st.lists(UP_ITEMS, max_size=4))
def test_a_contact_comes_back_as_it_went_if_it_fits_a_frame(
    tag_id: TagId, flags: int, items: list[poll.UpItem]
) -> None:
    contact = Contact(tag_id, flags, tuple(items))
    if sum(map(poll.item_octets, items)) <= CONTACT_ROOM:
        assert poll.unpack_up(poll.pack_frame(contact)) == contact
    else:
        with pytest.raises(ValueError, match="the radio takes"):
            poll.pack_frame(contact)


@given(TAGS, st.integers(0, 255), st.integers(0, 65535), st.lists(DOWN_ITEMS, max_size=3))
def test_an_answer_comes_back_as_it_went_if_it_fits_a_frame(
    tag_id: TagId, flags: int, again_ms: int, items: list[poll.DownItem]
) -> None:
    answer = Answer(tag_id, flags, again_ms, tuple(items))
    if sum(map(poll.item_octets, items)) <= ANSWER_ROOM:
        assert poll.unpack_down(poll.pack_frame(answer)) == answer
    else:
        with pytest.raises(ValueError, match="the radio takes"):
            poll.pack_frame(answer)


@given(TAGS, exactly(8), OFFSETS, st.binary(min_size=1, max_size=PART_OCTETS))
def test_a_part_comes_back_as_it_went(tag_id: TagId, encoding_id: bytes, offset: int, octets: bytes) -> None:
    part = Part(tag_id, encoding_id, offset, octets)
    assert poll.unpack_down(poll.pack_frame(part)) == part


@given(st.binary(max_size=130) | st.binary(max_size=40).map(lambda tail: bytes(TAG) + b"\x11" + tail))
def test_any_octets_are_a_frame_or_a_field_error(octets: bytes) -> None:
    for unpack in (poll.unpack_up, poll.unpack_down):
        try:
            frame = unpack(octets)
        except FieldError:
            continue
        assert poll.pack_frame(frame) == octets


@given(exactly(8), st.sets(OFFSETS, min_size=1, max_size=40))
def test_a_part_request_names_the_missing_parts_within_its_reach(encoding_id: bytes, offsets: set[int]) -> None:
    request = PartRequest.of(encoding_id, offsets)
    reach = min(offsets) + 512 * PART_OCTETS
    assert request.offsets() == tuple(sorted(offset for offset in offsets if offset < reach))
    assert poll.unpack_up(poll.pack_frame(Contact(TAG, 0, (request,)))).items == (request,)


def test_a_part_request_without_a_missing_part_is_our_own_mistake() -> None:
    with pytest.raises(ValueError, match="no part"):
        PartRequest.of(bytes(8), [])


def test_a_whole_part_takes_the_air_it_takes_in_existing_networks() -> None:
    octets = poll.pack_frame(Part(TAG, bytes(8), 0, bytes(PART_OCTETS)))
    assert len(octets) + MAC_OCTETS == 126 < PSDU_OCTETS_MAX
    assert poll.airtime_us(len(octets)) == 4224


def test_a_sealed_manifest_fits_one_answer() -> None:
    octets = poll.pack_frame(Answer(TAG, 0, 0, (poll.SealedManifest(bytes(77)),)))
    assert len(octets) <= FRAME_OCTETS_MAX


def test_an_offset_between_two_parts_is_refused_on_both_sides() -> None:
    with pytest.raises(ValueError, match="multiple of 99"):
        poll.pack_frame(Part(TAG, bytes(8), 100, b"x"))
    good = bytearray(poll.pack_frame(Part(TAG, bytes(8), 99, b"x")))
    good[17] += 1
    with pytest.raises(FieldError) as caught:
        poll.unpack_down(bytes(good))
    assert (caught.value.field, caught.value.offset) == ("Part.offset", 17)


def test_a_tag_does_not_hear_tags_nor_a_bridge_bridges() -> None:
    up, down = poll.pack_frame(Contact(TAG, 0, ())), poll.pack_frame(Answer(TAG, 0, 0, ()))
    for unpack, frame in ((poll.unpack_down, up), (poll.unpack_up, down)):
        with pytest.raises(FieldError, match=r"frame\.type"):
            unpack(frame)


@pytest.mark.parametrize("items", [b"\x09\x00", b"\x00", b"\x01", b"\x04\x05\x01", b"\x04\x06\x03ABCDE"])
def test_items_that_are_unknown_cut_or_wrong_are_refused(items: bytes) -> None:
    with pytest.raises(FieldError):
        poll.unpack_up(bytes(TAG) + b"\x11\x00" + items)
