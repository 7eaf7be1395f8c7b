"""What waits for one bridge, and how much of it may leave."""

import zlib

import pytest

from firmware_protocol import FieldError, TagId
from firmware_protocol.link import pack_payloads, unpack_down_payload, unpack_up_payload
from firmware_protocol.link.messages import (
    NO_RUN,
    PROTOCOL_VERSION,
    Airtime,
    CreditQuery,
    DownMessage,
    Features,
    Hello,
    LinkPing,
    Parts,
    Profile,
    Status,
    Terms,
    ToTag,
    ToTagKind,
    Welcome,
)
from gateway.delivery.bridge_session import BridgeSession
from gateway.delivery.limits import CREDIT_QUERY_AFTER_S, GREET_EVERY_S

TAG = TagId.parse("A4C1380000000001")


def hello(boot: bytes = b"boot-one", credit: int = 10) -> Hello:
    return Hello(boot, PROTOCOL_VERSION, NO_RUN, 0, credit, Profile.POLL, 60_000, 1, "north")


def ready(credit: int = 10) -> BridgeSession:
    session = BridgeSession("shop/north", "shop")
    session.opened()
    assert session.hello(hello(credit=credit))
    return session


def manifest(display: int, octets: bytes = b"\x01") -> ToTag:
    return ToTag(TAG, ToTagKind.MANIFEST, display, 60, octets)


def said(session: BridgeSession, now_s: float = 0.0) -> list[DownMessage]:
    return [message for payload in session.payloads(now_s) for message in unpack_down_payload(payload).messages]


def test_nothing_is_said_to_a_bridge_before_its_hello() -> None:
    session = BridgeSession("shop/north", "shop")
    session.opened()
    session.say(manifest(0))
    assert session.payloads(0.0) == []


def test_a_bridge_that_says_no_hello_is_greeted_again_and_again() -> None:
    session = BridgeSession("shop/north", "shop")
    session.opened()
    welcome = Welcome(bytes(8), b"run-0001", 0)
    assert len(session.greeting(0.0, welcome)) == 1
    assert session.greeting(GREET_EVERY_S / 2, welcome) == []
    assert session.wake_at() == GREET_EVERY_S
    assert len(session.greeting(GREET_EVERY_S, welcome)) == 1
    session.hello(hello())
    assert session.greeting(100.0, welcome) == []


def test_no_more_messages_leave_than_the_bridge_gave_credit_for() -> None:
    session = ready(credit=3)
    for display in range(6):
        session.say(manifest(display))
    assert len(said(session)) == 4  # numbers 0 to 3
    assert said(session) == []
    session.status(Status(5, 3, 0, 0))
    assert len(said(session)) == 2


def test_a_newer_manifest_takes_the_place_of_the_one_that_waits() -> None:
    session = ready()
    session.say(manifest(0, b"old"))
    session.say(manifest(1, b"other"))
    session.say(manifest(0, b"new"))
    assert [message.octets for message in said(session) if isinstance(message, ToTag)] == [b"new", b"other"]


def test_a_bridge_that_lost_its_status_is_asked_for_its_credit() -> None:
    session = ready(credit=0)
    session.say(manifest(0))
    session.say(manifest(1))
    assert len(said(session, 0.0)) == 1
    assert session.wake_at() == CREDIT_QUERY_AFTER_S
    assert said(session, CREDIT_QUERY_AFTER_S) == [CreditQuery(0)]


def test_messages_without_which_the_link_would_stand_still_need_no_credit() -> None:
    session = ready(credit=0)
    session.say(manifest(0))
    said(session)
    session.say_at_once(LinkPing())
    assert said(session) == [LinkPing()]


def test_an_encoding_is_given_once_and_again_when_the_bridge_lost_its_memory() -> None:
    session = ready(credit=100)
    stream = bytes(9_000)
    assert session.give(b"encoding", stream)
    assert not session.give(b"encoding", stream)
    parts = [message for message in said(session) if isinstance(message, Parts)]
    assert b"".join(part.octets for part in parts) == stream
    assert [part.offset for part in parts] == [0, 4096, 8192]
    session.hello(hello(boot=b"boot-two", credit=100))
    assert session.give(b"encoding", stream)


def test_a_repeated_hello_of_the_same_boot_keeps_what_waits() -> None:
    session = ready(credit=0)
    session.say(manifest(0))
    session.say(manifest(1))
    said(session)
    assert not session.hello(hello(credit=0))
    assert session.waiting == 1


def test_a_bridge_that_closes_while_it_stands_still_is_due_for_nothing() -> None:
    session = ready(credit=0)
    session.say(manifest(0))
    session.say(manifest(1))
    assert len(said(session, now_s=5.0)) == 1
    assert session.wake_at() == 5.0 + CREDIT_QUERY_AFTER_S
    session.closed()
    assert session.wake_at() is None


def hello_of(version: int, features: int = 0) -> Hello:
    return Hello(b"boot-one", version, NO_RUN, features, 10, Profile.POLL, 60_000, 1, "north")


def test_a_newer_bridge_is_served_in_our_version_with_the_features_that_we_know() -> None:
    session = BridgeSession("shop/north", "shop")
    newer = hello_of(PROTOCOL_VERSION + 1, 0xFFFF_FFFF)
    assert session.accepts(newer)
    session.hello(newer)
    assert (session.protocol_version, session.features) == (PROTOCOL_VERSION, Features.TERMS)
    assert session.terms() == [Terms(PROTOCOL_VERSION, Features.TERMS)]
    assert session.standing().state == "ready"


def test_a_bridge_that_knows_no_terms_is_told_none() -> None:
    session = BridgeSession("shop/north", "shop")
    session.hello(hello_of(PROTOCOL_VERSION, 0xFFFF_FFFE))
    assert session.features == Features.NONE
    assert session.terms() == []


def test_a_bridge_without_a_common_version_is_refused_in_words_once_and_greeted_further() -> None:
    session = BridgeSession("shop/north", "shop")
    session.opened()
    oldest = hello_of(0)
    assert not session.accepts(oldest)
    assert session.refuse(session.too_old(oldest))
    assert not session.refuse(session.too_old(oldest))
    session.say(manifest(0))
    assert session.payloads(0.0) == []
    assert len(session.greeting(0.0, Welcome(bytes(8), b"run-0001", 0))) == 1
    standing = session.standing()
    assert (standing.state, standing.protocol_version) == ("refused", None)
    assert standing.trouble is not None
    assert "version 0 of the link protocol, this gateway 1 to 1" in standing.trouble
    session.hello(hello_of(PROTOCOL_VERSION))
    assert (session.standing().state, session.standing().trouble) == ("ready", None)


@pytest.mark.parametrize("place", [0, 6 + 4 + 3 + 8 + 1 + 8 + 4 + 4])  # the payload's version, the hello's profile
def test_a_hello_that_cannot_be_read_is_said_once_and_not_of_a_bridge_that_was_understood(place: int) -> None:
    (payload,) = pack_payloads([hello()], 0)
    changed = bytearray(payload)
    changed[place] = 9
    changed[2:6] = zlib.crc32(changed[6:]).to_bytes(4, "little")
    with pytest.raises(FieldError) as caught:
        unpack_up_payload(bytes(changed))
    session = BridgeSession("shop/north", "shop")
    session.opened()
    assert session.not_understood(caught.value)
    assert not session.not_understood(caught.value)
    assert session.refusal is not None
    assert "is 9 at byte" in session.refusal
    session.hello(hello())
    assert not session.not_understood(caught.value)
    assert session.standing().state == "ready"


def test_airtime_is_told_since_the_bridge_started_and_as_a_share_of_the_last_window() -> None:
    session = ready()
    session.told_airtime(Airtime(3_000_000, 60_000))
    assert (session.standing().airtime_s, session.standing().airtime_share) == (3.0, 0.05)
    session.told_airtime(Airtime(9_000_000, 60_000))
    assert (session.standing().airtime_s, session.standing().airtime_share) == (9.0, 0.1)
    session.hello(hello(boot=b"boot-two"))
    assert (session.standing().airtime_s, session.standing().airtime_share) == (0.0, 0.0)
