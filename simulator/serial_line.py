"""What lies between a bridge and a port: a line that takes its time, and a USB adapter that takes some more.

In: octets of one side, the time. Out: those that have come to the other. Rule: ten bits an octet, one after the other;
an adapter hands over what it has when a packet is full, else after its latency timer. Octets said at one speed and
heard at another are garbage (`heard_at_another_speed`).
"""

from math import ceil, inf

from simulator.chance import Draws

BITS_AN_OCTET = 10  # 8N1
# A full-speed bulk packet of 64 octets, two of them status, and the timer that sends a shorter one (FTDI AN232B-04).
PACKET_OCTETS = 62
USB_LATENCY_S = 0.016
# No machine looks at a port more often: what has come meanwhile comes together.
LOOK_S = 0.002
GARBAGE_MAX = 4  # octets heard for one said, at a far slower speed
_ROUNDING = 1e-9


class PacedLine:
    """One direction. `put` what is said, `take` what has come, again at `wake_at`."""

    def __init__(self, baud: int, *, latency_s: float = 0.0) -> None:
        self.baud = baud
        self._latency_s = latency_s
        self._octets = bytearray()
        self._free_at = 0.0  # when the last octet has gone over
        self._oldest_at = 0.0  # when the first that waits had
        self._took_at = -inf

    @property
    def _octet_s(self) -> float:
        return BITS_AN_OCTET / self.baud

    def is_busy(self, now: float) -> bool:
        """Something is going over: a change of speed would spoil it."""
        return self._free_at > now + _ROUNDING

    def put(self, octets: bytes, now: float) -> None:
        if not octets:
            return
        start = max(self._free_at, now)
        if not self._octets:
            self._oldest_at = start + self._octet_s
        self._octets += octets
        self._free_at = start + len(octets) * self._octet_s

    def take(self, now: float) -> bytes:
        """What the other side has got by now and not yet taken."""
        on_the_way = max(0, ceil((self._free_at - now) / self._octet_s - 0.001))  # rounding
        come = len(self._octets) - on_the_way
        if come < PACKET_OCTETS and (come <= 0 or now + _ROUNDING < self._oldest_at + self._latency_s):
            return b""
        taken = bytes(self._octets[:come])
        del self._octets[:come]
        self._took_at = now
        if self._octets:
            self._oldest_at = self._free_at - (len(self._octets) - 1) * self._octet_s
        return taken

    def wake_at(self) -> float | None:
        """When there is something to take; None = nothing is on its way."""
        if not self._octets:
            return None
        full_at = self._free_at - (len(self._octets) - PACKET_OCTETS) * self._octet_s
        late_at = self._oldest_at + self._latency_s
        return max(late_at if len(self._octets) < PACKET_OCTETS else min(full_at, late_at), self._took_at + LOOK_S)

    def cut(self) -> None:
        """Pulled out: what is on its way is gone."""
        self._octets.clear()
        self._free_at = 0.0


def heard_at_another_speed(octets: bytes, said_at: int, heard_at: int, chance: Draws) -> bytes:
    """What is heard of it: as many octets as fit, and none of them right. 0 baud: of no known speed."""
    count = ceil(len(octets) * min(heard_at / said_at, GARBAGE_MAX)) if said_at else len(octets)
    return chance.randbytes(count)
