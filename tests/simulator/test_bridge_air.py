"""What a bridge keeps for its tags, and what it does about parts that seem to be bad."""

from firmware_protocol import TagId
from firmware_protocol.link.messages import Parts, PartsWanted
from firmware_protocol.poll import Contact, ContactFlags, Part, PartRequest
from simulator.bridge_air import Air
from simulator.contact_grid import ContactGrid

TAG = TagId(b"\x02\xe5\x1a" + bytes(5))
ENCODING = b"encoding"


def test_a_tag_that_asks_a_third_time_gets_what_the_gateway_sends_anew() -> None:
    air = Air(1, ContactGrid())
    request = Contact(TAG, ContactFlags.NONE, (PartRequest(ENCODING, 0, b"\x01"),))
    air.take_parts(Parts(ENCODING, 40, 0, b"bad" * 13 + b"!"))
    now_s = 0.0

    def asks() -> tuple[list[bytes], bool]:
        """The octets it gets, and whether the bridge asks the gateway."""
        nonlocal now_s
        now_s += 10
        down, up = air.exchange(air.tag(TAG), [request], -50, now_s, first=True)
        return [frame.octets for frame in down if isinstance(frame, Part)], any(
            isinstance(message, PartsWanted) for message in up
        )

    assert [asks(), asks()] == [([b"bad" * 13 + b"!"], False)] * 2
    assert asks() == ([], True)
    air.take_parts(Parts(ENCODING, 40, 0, b"good" * 10))
    assert [asks(), asks()] == [([b"good" * 10], False)] * 2
