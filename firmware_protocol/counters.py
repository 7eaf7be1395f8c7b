"""Counters: what makes every sealed message one of a kind, and refuses the second copy.

In: a number. Out: the 5-octet randomizer of Encrypted Advertising Data: a 39-bit counter, little-endian, and in bit 7
of the last octet the direction (0 down, 1 up). Rule: a counter is never used twice under one key. A receiver takes the
direction bit as it comes, because vendors set it differently; it is part of the nonce all the same.
"""

from __future__ import annotations

from msgspec import Struct

from firmware_protocol.errors import FieldError

RANDOMIZER_OCTETS = 5
COUNTER_BITS = 39
COUNTER_MAX = (1 << COUNTER_BITS) - 1
REPLAY_WINDOW = 64

# Each side writes its reserve down before it uses a number out of it, so a crash can only skip numbers.
GATEWAY_RESERVE = 256
TAG_RESERVE = 1024

EPOCH_2026_S = 1_767_225_600
_COUNTERS_A_SECOND = 128  # 2^39 / 128 lasts 136 years, and no gateway sends one tag 128 messages each second


def randomizer(counter: int, *, up: bool) -> bytes:
    """The 5 octets. Raises `ValueError` for a counter outside 39 bits: the keys must be renewed before."""
    if not 0 <= counter <= COUNTER_MAX:
        raise ValueError(f"counter {counter} does not fit {COUNTER_BITS} bits")
    return (counter | up << COUNTER_BITS).to_bytes(RANDOMIZER_OCTETS, "little")


def read_randomizer(octets: bytes) -> tuple[int, bool]:
    """Counter and direction (True = up). Raises `FieldError`."""
    if len(octets) != RANDOMIZER_OCTETS:
        raise FieldError("randomizer", f"{len(octets)} octets", "5 octets", offset=0)
    number = int.from_bytes(octets, "little")
    return number & COUNTER_MAX, bool(number >> COUNTER_BITS)


def gateway_start(reserved: int, unix_s: int) -> int:
    """The first counter a gateway uses after a start; `reserved` is the last one it ever reserved for this key.

    The clock keeps a copied database from repeating numbers, unless the clock repeats too.
    """
    return max(reserved + 1, (unix_s - EPOCH_2026_S) * _COUNTERS_A_SECOND)


class ReplayWindow(Struct, frozen=True):
    """Which counters were taken: all up to `highest - 64`, and those marked in `seen` (bit n = `highest - n`)."""

    highest: int = -1
    seen: int = 0

    @classmethod
    def above(cls, floor: int) -> ReplayWindow:
        """A window that takes nothing up to and including `floor`."""
        return cls(floor, (1 << REPLAY_WINDOW) - 1)

    def accept(self, counter: int) -> ReplayWindow | None:
        """The window after this counter, or None: used before, or too old to tell."""
        ahead = counter - self.highest
        if ahead > 0:
            kept = self.seen << ahead if ahead < REPLAY_WINDOW else 0
            return ReplayWindow(counter, (kept | 1) & ((1 << REPLAY_WINDOW) - 1))
        mark = 1 << -ahead
        if ahead <= -REPLAY_WINDOW or self.seen & mark or counter < 0:
            return None
        return ReplayWindow(self.highest, self.seen | mark)
