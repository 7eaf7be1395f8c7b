"""Pictures over connections: what a train of commands cannot carry goes to each tag by itself, a few at a time.

In: tags, octets, how many connections at once. Out: seconds. Rule: a connection costs finding the tag, setting up, the
packets one a connection event, and closing; only the packets depend on the size.
Figures: radio and panel facts 3: one packet of 244 octets each 13.75 ms, and 2 s fixed, which are assumed there.
"""

import heapq
from collections.abc import Callable

from msgspec import Struct

from simulator.radio.draws import Draw, spread
from simulator.radio.pawr import NORDIC, Train

PACKET_OCTETS = 244
EVENT_US = 13_750
PACKET_US = 2_470  # on the air, with the pauses and the empty answer
FIXED_S = 2.0


class Push(Struct, frozen=True):
    """`elapsed_s` until the last tag has its picture; `air_us` of data packets."""

    elapsed_s: float
    packets: int
    air_us: int


def push(
    tags: int,
    octets: int,
    draw: Draw,
    *,
    connections: int = 4,
    train: Train = NORDIC,
    packet_lost: Callable[[int, int], bool] = lambda tag, packet: False,
) -> Push:
    """A picture of so many octets to each tag. `packet_lost`: of a tag, the n-th packet sent to it."""
    wanted = -(-octets // PACKET_OCTETS)
    free = [0.0] * connections
    packets = 0
    interval_s = train.interval_us / 1e6
    for tag in range(tags):
        # It is woken in its next event; encryption, discovery, object transfer and closing take the rest of the 2 s.
        woken_s = draw(2 * tag) * interval_s
        rest_s = spread(draw, 2 * tag + 1, 0.5, 1.5) * (FIXED_S - interval_s / 2)
        sent = arrived = 0
        while arrived < wanted:
            arrived += not packet_lost(tag, sent)
            sent += 1
        packets += sent
        heapq.heappush(free, heapq.heappop(free) + woken_s + rest_s + sent * EVENT_US / 1e6)
    return Push(max(free), packets, packets * PACKET_US)
