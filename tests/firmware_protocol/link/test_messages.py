import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol import FieldError, TagId
from firmware_protocol.link import messages as m
from firmware_protocol.link.limits import PART_RANGES_MAX, SEALED_OCTETS_MAX
from firmware_protocol.link.messages import DOWN, UP, DownMessage, UpMessage, pack_message, unpack_messages
from firmware_protocol.poll import ITEMS_DOWN, ITEMS_UP

U8, U16, U32 = st.integers(0, 2**8 - 1), st.integers(0, 2**16 - 1), st.integers(0, 2**32 - 1)
SIGNALS, SIZES = st.integers(-128, 127), st.integers(0, 262_656)
TAGS = st.binary(min_size=8, max_size=8).map(TagId)
IDS = st.binary(min_size=8, max_size=8)
SEALED = st.binary(min_size=1, max_size=SEALED_OCTETS_MAX)
NAMES = st.text(max_size=8)
UP_MESSAGES: st.SearchStrategy[UpMessage] = st.one_of(
    st.builds(m.Hello, IDS, U8, IDS, U32, U32, st.sampled_from(m.Profile), U32, U16, NAMES),
    st.builds(m.TagSeen, TAGS, st.sampled_from(m.SeenReason), SIGNALS, U32),
    st.builds(m.Digest, st.lists(st.builds(m.DigestRow, TAGS, U16, U16, SIGNALS), max_size=5).map(tuple)),
    st.builds(m.FromTag, TAGS, st.sampled_from(m.FromTagKind), SIGNALS, SEALED),
    st.builds(m.PartsWanted, IDS, st.lists(st.builds(m.PartRange, SIZES, SIZES), max_size=5).map(tuple)),
    st.builds(m.Status, U32, U32, U16, U16),
    st.builds(m.Airtime, st.integers(0, 2**64 - 1), U32),
)
DOWN_MESSAGES: st.SearchStrategy[DownMessage] = st.one_of(
    st.builds(m.Welcome, IDS, IDS, U32),
    st.builds(m.ToTag, TAGS, st.sampled_from(m.ToTagKind), st.integers(0, 31), U16, SEALED),
    st.builds(m.Parts, IDS, SIZES, SIZES, st.binary(min_size=1, max_size=300)),
    st.builds(m.Associate, TAGS, st.integers(0, 127), st.integers(0, 254)),
    st.builds(m.Unassociate, TAGS),
    st.builds(m.PleaseCommission, TAGS),
    st.builds(m.CreditQuery, U32),
    st.just(m.LinkPing()),
    st.builds(m.Terms, U8, U32),
)


@given(st.lists(UP_MESSAGES, max_size=4))
def test_what_a_bridge_says_comes_back_as_it_went(messages: list[UpMessage]) -> None:
    assert unpack_messages(b"".join(map(pack_message, messages)), UP) == tuple(messages)


@given(st.lists(DOWN_MESSAGES, max_size=4))
def test_what_a_gateway_says_comes_back_as_it_went(messages: list[DownMessage]) -> None:
    assert unpack_messages(b"".join(map(pack_message, messages)), DOWN) == tuple(messages)


@given(
    st.binary(max_size=80)
    | st.builds(lambda code, body: bytes((code, len(body), 0)) + body, U8, st.binary(max_size=60))
)
def test_any_octets_are_messages_or_a_field_error(octets: bytes) -> None:
    for table in (UP, DOWN):
        try:
            messages = unpack_messages(octets, table)
        except FieldError:
            continue
        assert b"".join(map(pack_message, messages)) == octets


def test_types_up_are_below_the_types_down_so_that_a_dump_reads_itself() -> None:
    assert all(code < 0x80 and row.code == code for code, row in UP.items())
    assert all(code >= 0x80 and row.code == code for code, row in DOWN.items())


def test_a_message_of_the_other_direction_is_refused() -> None:
    with pytest.raises(FieldError, match=r"message\.type"):
        unpack_messages(pack_message(m.LinkPing()), UP)


@pytest.mark.parametrize(("code", "table"), [(0x7F, UP), (0xFF, DOWN)])
def test_a_message_that_only_a_newer_peer_knows_keeps_its_place_among_the_others(code: int, table: object) -> None:
    known: UpMessage | DownMessage = m.Airtime(1, 2) if table is UP else m.CreditQuery(3)
    newer = m.UnknownMessage(code, b"what is this?")
    octets = b"".join(map(pack_message, (known, newer, known)))
    assert unpack_messages(octets, UP if table is UP else DOWN) == (known, newer, known)
    with pytest.raises(FieldError, match=r"message\.length"):
        unpack_messages(pack_message(newer)[:-1], UP if table is UP else DOWN)


def test_a_bad_message_is_named_with_its_field_and_place() -> None:
    octets = pack_message(m.LinkPing()) + b"\x82" + bytes((13, 0)) + b"TAG_ID_8\x09\x00\x00\x00x"
    with pytest.raises(FieldError) as caught:
        unpack_messages(octets, DOWN)
    assert (caught.value.field, caught.value.value, caught.value.offset) == ("ToTag.kind", 9, 3 + 3 + 8)


def test_items_of_tags_are_numbered_alike_on_radio_and_link() -> None:
    assert [ITEMS_UP[kind].name for kind in m.FromTagKind] == ["Join", "SealedReport", "Response", "CannotOpen"]
    assert [ITEMS_DOWN[kind].name for kind in m.ToTagKind] == ["JoinAnswer", "SealedManifest", "SealedCommand"]


def test_more_ranges_than_a_tag_can_ask_for_are_refused() -> None:
    one = b"\x00" * 8
    body = bytes(8) + one * (PART_RANGES_MAX + 1)
    with pytest.raises(FieldError, match=r"PartsWanted\.ranges"):
        unpack_messages(b"\x05" + len(body).to_bytes(2, "little") + body, UP)


def test_a_name_longer_than_its_cap_is_our_own_mistake() -> None:
    with pytest.raises(ValueError, match="32 octets"):
        pack_message(m.Hello(bytes(8), 1, bytes(8), 0, 1, m.Profile.POLL, 60000, 1, "x" * 33))
