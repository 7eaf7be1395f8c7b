"""LEDs of the service: one octet of colour, a pattern of 40 bits with two periods, and how often it is played.

In and out: the octets of LED Control. Rule: the pattern is played from its highest set bit down to bit 0; zeros above
that bit are skipped. Every value can be read; what cannot be played is refused by the tag (`LedOrder.is_playable`).
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from msgspec import Struct

from firmware_protocol.layout import Fixed

PATTERN_OCTETS = 5
PERIOD_UNIT_MS = 2  # a period is counted in these, 1 to 255 of them: 2 to 510 ms
REPEAT_VALUE_MAX = 0x7FFF


class LedColour(Struct, frozen=True):
    """Each 0 to 3. Brightness 0, 1, 2, 3 = 25, 50, 75, 100 %. An LED of one colour looks at the brightness only."""

    red: int
    green: int
    blue: int
    brightness: int

    @classmethod
    def read(cls, octet: int) -> LedColour:
        return cls(octet & 3, octet >> 2 & 3, octet >> 4 & 3, octet >> 6 & 3)

    @property
    def octet(self) -> int:
        """Raises `ValueError` for a part that is not 0 to 3."""
        parts = (self.red, self.green, self.blue, self.brightness)
        if not all(0 <= part <= 3 for part in parts):
            raise ValueError(f"an LED colour's parts are 0 to 3, not {parts}")
        return self.red | self.green << 2 | self.blue << 4 | self.brightness << 6


class RepeatUnit(IntEnum):
    RUNS = 0
    SECONDS = 1


class Repeat(Struct, frozen=True):
    """For so many runs of the pattern, or so many seconds, 1 to 32,767. Value 0 is for good: of `RUNS` dark, of
    `SECONDS` lit, and the pattern is not looked at.
    """

    unit: RepeatUnit
    value: int

    @classmethod
    def read(cls, number: int) -> Repeat:
        return cls(RepeatUnit(number & 1), number >> 1)

    @property
    def number(self) -> int:
        """As it travels. Raises `ValueError` for a value outside 15 bits."""
        if not 0 <= self.value <= REPEAT_VALUE_MAX:
            raise ValueError(f"a repeat of 0 to {REPEAT_VALUE_MAX}, not {self.value}")
        return self.value << 1 | self.unit


class FlashPattern(Struct, frozen=True):
    """40 bits; the octet that travels first holds bits 0 to 7."""

    bits: int

    @classmethod
    def read(cls, octets: bytes) -> FlashPattern:
        """From 5 octets. Raises `ValueError`."""
        if len(octets) != PATTERN_OCTETS:
            raise ValueError(f"{PATTERN_OCTETS} octets, not {len(octets)}")
        return cls(int.from_bytes(octets, "little"))

    @property
    def octets(self) -> bytes:
        """Raises `ValueError` for more than 40 bits."""
        if not 0 <= self.bits < 1 << 8 * PATTERN_OCTETS:
            raise ValueError(f"a pattern of 40 bits, not {self.bits:#x}")
        return self.bits.to_bytes(PATTERN_OCTETS, "little")

    @property
    def played(self) -> tuple[bool, ...]:
        """The bits in the order in which they light the LED, the first one always set; none for an empty pattern."""
        return tuple(bool(self.bits >> place & 1) for place in reversed(range(self.bits.bit_length())))


class LedOrder(Struct, frozen=True):
    """What LED Control says of one LED. The periods are in units of 2 ms."""

    colour: LedColour
    pattern: FlashPattern
    off_period: int
    on_period: int
    repeat: Repeat

    @property
    def is_playable(self) -> bool:
        """For good needs nothing; else a pattern with a set bit, and no period of 0."""
        return self.repeat.value == 0 or bool(self.pattern.bits and self.off_period and self.on_period)

    @property
    def run_ms(self) -> int:
        """How long the pattern takes once."""
        lit = self.pattern.bits.bit_count()
        dark = self.pattern.bits.bit_length() - lit
        return (lit * self.on_period + dark * self.off_period) * PERIOD_UNIT_MS

    def lasts_ms(self, *, seconds_count_runs: bool = False) -> int | None:
        """Until it is dark again; None = it stays as it is. At most 668,446,800, far below half of an Absolute Time.

        `seconds_count_runs`: a quirk, see `quirks.Quirks.led_seconds_count_runs`.
        """
        value = self.repeat.value
        if value == 0:
            return None
        if self.repeat.unit is RepeatUnit.RUNS:
            return value * self.run_ms
        return min(value * 1000, value * self.run_ms) if seconds_count_runs else value * 1000

    def lit_at(self, elapsed_ms: int, *, seconds_count_runs: bool = False) -> LedColour | None:
        """The colour so long after the start; None = dark. Of a *playable* order."""
        if self.repeat.value == 0:
            return self.colour if self.repeat.unit is RepeatUnit.SECONDS else None
        lasts_ms = self.lasts_ms(seconds_count_runs=seconds_count_runs)
        if lasts_ms is None or not 0 <= elapsed_ms < lasts_ms:
            return None
        left_ms = elapsed_ms % self.run_ms
        for lit in self.pattern.played:
            left_ms -= (self.on_period if lit else self.off_period) * PERIOD_UNIT_MS
            if left_ms < 0:
                return self.colour if lit else None
        return None


# Fields, as in `firmware_protocol.layout`.


def led_colour() -> Any:
    words = "u8: bits 0 to 1 red, 2 to 3 green, 4 to 5 blue, 6 to 7 brightness"
    return Fixed("B", words, LedColour.read, lambda colour: colour.octet)


def flash_pattern() -> Any:
    return Fixed(f"{PATTERN_OCTETS}s", f"{PATTERN_OCTETS} octets", FlashPattern.read, lambda pattern: pattern.octets)


def repeat() -> Any:
    return Fixed("H", "u16: bit 0 unit, bits 1 to 15 value", Repeat.read, lambda repeated: repeated.number)
