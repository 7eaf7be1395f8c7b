"""A radio module and its tags that live on the scheduler's clock, at the far end of a line without a speed of its own.

In: octets from a host and the speed at which it says them. Out: octets for it; garbage where the speeds differ.
Rule: `speed` divides every time. A machine that is late makes the module late, never the host: a host that shares it
keeps all the time which the module leaves for an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from simulator.chance import Draws, key_of
from simulator.openepaperlink.air import Air
from simulator.openepaperlink.module import VirtualModule
from simulator.openepaperlink.tag import OeplTag
from simulator.schedule import Scheduler
from simulator.serial_line import heard_at_another_speed

LATE_S = 0.02  # of the module's time: more than that is the machine's
BEAT_S = 0.02  # so often it is looked at whether the machine is late, where every moment counts


class LiveModule:
    """Off until `switch_on`. `to_host` takes what the module says; `host_baud` tells at which speed the host listens
    and speaks now.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        module: VirtualModule,
        tags: Sequence[OeplTag],
        *,
        to_host: Callable[[bytes], None],
        host_baud: Callable[[], int],
        speed: float = 1.0,
        seed: int = 0,
    ) -> None:
        self.module, self.air = module, Air(module, tags)
        self._scheduler, self._speed = scheduler, speed
        self._to_host, self._host_baud = to_host, host_baud
        self._starts_s = scheduler.now()
        self._wake_s: float | None = None  # on the scheduler's clock
        self._lives = False
        self._key, self._garbled = key_of(seed, "openepaperlink/line"), 0
        self.air.on_wake = self._wake

    @property
    def now_s(self) -> float:
        """On the module's own clock, which is that of whatever is done to its tags."""
        return (self._scheduler.now() - self._starts_s) * self._speed

    def switch_on(self) -> None:
        """The module; its tags, once a host has tuned it."""
        self.air.switch_on(self.now_s)
        self._wake()

    def restart_module(self) -> None:
        """Its supply fails for a moment. The tags notice when they next want something of it."""
        self._live()
        self.module.restart(self.now_s)
        self._wake()

    def host_says(self, octets: bytes) -> None:
        self._live()
        self.module.receive(self._heard(octets, self._host_baud(), self.module.baud), self.now_s)
        self._wake()

    def _live(self, at_least_s: float = 0.0) -> None:
        """Everything that is due."""
        now_s, due_s = max(self.now_s, at_least_s), self._due_s()
        if due_s is not None and now_s > due_s + LATE_S:
            self._starts_s += (now_s - due_s - LATE_S) / self._speed
            now_s = due_s + LATE_S
        self._lives = True
        try:
            self.air.advance(now_s)
        finally:
            self._lives = False
        for said in self.air.to_host():
            self._to_host(self._heard(said.octets, said.baud, self._host_baud()))

    def _due_s(self) -> float | None:
        """When something is due, or lateness is to be looked for: while the host must be quick, in small steps."""
        due_s = self.air.wake_at()
        if due_s is not None and self.module.waits_for_host:
            return min(due_s, self.air.now_s + BEAT_S)
        return due_s

    def _heard(self, octets: bytes, said_at: int, heard_at: int) -> bytes:
        """What of it is understood at another speed: as many octets as fit, and none of them right."""
        if said_at == heard_at:
            return octets
        self._garbled += 1
        return heard_at_another_speed(octets, said_at, heard_at, Draws(self._key, self._garbled))

    def _wake(self) -> None:
        """See to it that it is woken when something is due."""
        due_s = None if self._lives else self._due_s()
        if due_s is None:
            return
        at_s = self._starts_s + due_s / self._speed
        if self._wake_s is None or at_s < self._wake_s:
            self._wake_s = at_s
            self._scheduler.at(at_s, lambda: self._woken(at_s, due_s))

    def _woken(self, at_s: float, due_s: float) -> None:
        if self._wake_s == at_s:
            self._wake_s = None
            self._live(due_s)  # which the clock, rounded, may not have reached
            self._wake()
