"""What befalls devices over time, by seed: tags that reboot, bridges that restart or are unplugged for a while.

In: rates per device and day, in the fleet's own time. Out: calls on the fleet, counted there. Rule: each kind has its
generator and its clock of its own. Rates seen in the field: radio and panel facts 8 and 10.
"""

from collections.abc import Callable

from msgspec import Struct

from simulator.chance import generator
from simulator.faults import Kind
from simulator.fleet import Fleet

DAY_S = 86_400.0
UNPLUGGED_S = (5.0, 60.0)


class MischiefRates(Struct, frozen=True):
    """Per device and day of the fleet's own time, which runs `speed` times faster than the gateway's."""

    tag_reboot: float = 0.0
    bridge_restart: float = 0.0
    bridge_unplug: float = 0.0


class Mischief:
    """`unplug` and `replug` are the carrier's: they take a bridge's name."""

    def __init__(
        self, fleet: Fleet, rates: MischiefRates, unplug: Callable[[str], None], replug: Callable[[str], None]
    ) -> None:
        self._fleet, self._unplug, self._replug = fleet, unplug, replug
        self._tags = list(fleet.tags)
        self._bridges = list(fleet.bridges)
        self._every(Kind.TAG_REBOOT, rates.tag_reboot * len(self._tags), self._reboot_one)
        self._every(Kind.BRIDGE_RESTART, rates.bridge_restart * len(self._bridges), self._restart_one)
        self._every(Kind.BRIDGE_UNPLUG, rates.bridge_unplug * len(self._bridges), self._unplug_one)

    def _every(self, kind: Kind, a_day: float, happens: Callable[[float], None]) -> None:
        """A Poisson process: the next one does not remember the last. `happens` gets a number from 0 to 1."""
        if a_day <= 0 or not (self._tags if kind is Kind.TAG_REBOOT else self._bridges):
            return
        chance = generator(self._fleet.plan.seed, f"mischief/{kind}")
        mean_s = DAY_S / a_day / self._fleet.plan.speed

        def now() -> None:
            happens(chance.random())
            self._fleet.scheduler.after(chance.expovariate(1 / mean_s), now)

        self._fleet.scheduler.after(chance.expovariate(1 / mean_s), now)

    def _reboot_one(self, which: float) -> None:
        self._fleet.reboot_tag(self._tags[int(which * len(self._tags))])

    def _restart_one(self, which: float) -> None:
        self._fleet.restart_bridge(self._bridges[int(which * len(self._bridges))])

    def _unplug_one(self, which: float) -> None:
        name = self._bridges[int(which * len(self._bridges))]
        low_s, high_s = UNPLUGGED_S
        self._fleet.counts[Kind.BRIDGE_UNPLUG] += 1
        self._unplug(name)
        self._fleet.scheduler.after(low_s + (high_s - low_s) * (which * 997 % 1), lambda: self._replug(name))
