"""What hangs over the links at the moment: several troubles may, and what holds is the worst of each kind.

In: rates and delays that come and go. Out: the same, laid on the paths of each bridge. Rule: what is added is taken
back by whoever added it, or by `clear` when the shop is healed.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct

from simulator.faults import FaultRates
from simulator.fleet import Fleet


class Front(Struct, frozen=True):
    """One trouble over one bridge's link, both directions."""

    bridge: str
    rates: FaultRates
    delay_s: float = 0.0


class Weather:
    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._fronts: list[Front] = []

    @contextmanager
    def over(self, front: Front) -> Iterator[None]:
        self._fronts.append(front)
        self._lay(front.bridge)
        try:
            yield
        finally:
            self._fronts = [one for one in self._fronts if one is not front]
            self._lay(front.bridge)

    def clear(self) -> None:
        self._fronts.clear()
        for bridge in self._fleet.paths:
            self._lay(bridge)

    def _lay(self, bridge: str) -> None:
        here = [one for one in self._fronts if one.bridge == bridge]
        paths = self._fleet.paths[bridge]
        paths.set_rates(
            FaultRates(
                loss=max((one.rates.loss for one in here), default=0.0),
                duplication=max((one.rates.duplication for one in here), default=0.0),
                reordering=max((one.rates.reordering for one in here), default=0.0),
                corruption=max((one.rates.corruption for one in here), default=0.0),
            )
        )
        paths.up.delay_s = paths.down.delay_s = sum(one.delay_s for one in here)
