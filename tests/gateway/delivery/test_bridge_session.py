"""What waits for one bridge, and how much of it may leave."""

from firmware_protocol import TagId
from firmware_protocol.link import unpack_down_payload
from firmware_protocol.link.messages import (
    NO_RUN,
    PROTOCOL_VERSION,
    CreditQuery,
    DownMessage,
    Hello,
    LinkPing,
    Parts,
    Profile,
    Status,
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
