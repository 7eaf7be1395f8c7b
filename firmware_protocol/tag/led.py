"""One LED of a tag: what it plays, what waits for its time, and whether it is lit.

In: orders, the site's time. Out: the colour at an instant. Rule: no clock of its own; `now_ms` is Absolute Time, u32,
wrapping. An order that came before the tag knew the time begins when it is told.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware_protocol.service.absolute_time import AHEAD_MS_MAX, MODULUS_MS, ahead_ms, has_come
from firmware_protocol.service.led import LedColour, LedOrder, RepeatUnit


@dataclass(slots=True)
class Led:
    """`order` None: dark, nothing to play. `started_ms` None: it begins with the next time told."""

    seconds_count_runs: bool = False
    order: LedOrder | None = None
    started_ms: int | None = None
    pending: tuple[int, LedOrder] | None = None

    @property
    def pending_ms(self) -> int | None:
        return None if self.pending is None else self.pending[0]

    @property
    def is_active(self) -> bool:
        """It is lit for good, or plays."""
        return self.order is not None

    def play(self, order: LedOrder, now_ms: int | None) -> None:
        """A *playable* order begins; what waits for its time still waits."""
        dark_for_good = order.repeat.value == 0 and order.repeat.unit is RepeatUnit.RUNS
        self.order, self.started_ms = (None, None) if dark_for_good else (order, now_ms)

    def time_is(self, now_ms: int) -> None:
        """What waited and has come begins, at its own time; what has been played ends."""
        if self.pending is not None and has_come(self.pending[0], now_ms):
            (t_ms, order), self.pending = self.pending, None
            self.play(order, t_ms)
        if self.order is not None and self.started_ms is None:
            self.started_ms = now_ms
        lasts_ms = self._lasts_ms()
        if lasts_ms is not None and self._elapsed_ms(now_ms) >= lasts_ms:
            self.order = self.started_ms = None

    def lit_at(self, now_ms: int) -> LedColour | None:
        """The colour now, of what plays; None = dark."""
        if self.order is None:
            return None
        return self.order.lit_at(self._elapsed_ms(now_ms), seconds_count_runs=self.seconds_count_runs)

    def wake_at(self) -> list[int]:
        """The times at which something changes that `time_is` must see to."""
        times = [] if self.pending is None else [self.pending[0]]
        lasts_ms = self._lasts_ms()
        if lasts_ms is not None and self.started_ms is not None:
            times.append((self.started_ms + lasts_ms) % MODULUS_MS)
        return times

    def _lasts_ms(self) -> int | None:
        return None if self.order is None else self.order.lasts_ms(seconds_count_runs=self.seconds_count_runs)

    def _elapsed_ms(self, now_ms: int) -> int:
        """A clock that was set back has it begin again."""
        elapsed_ms = 0 if self.started_ms is None else ahead_ms(now_ms, self.started_ms)
        return 0 if elapsed_ms > AHEAD_MS_MAX else elapsed_ms
