"""What shall go wrong in a shop under test: the words of `@pytest.mark.esl_faults` and of `Shop.faults`.

In: names and numbers. Out: `Faults`. Rule: names are those that `esl simulate`, `esl sandbox` and the fleet have for
the same things; a name that there is not is refused with the nearest one that there is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from typing import Any

from simulator.faults import FaultRates
from simulator.panel import RefreshRates
from simulator.world.testing.limits import UNPLUGGED_S


class FaultUnknown(ValueError):
    """No fault is called so, or it takes no such value. `str()` names those there are."""


@dataclass(frozen=True, slots=True)
class Faults:
    """All off. `dead_tags`: how many, the first ones of the shop, or whose labels. `kill_gateway`: with which change
    that the POS sends (True: the first). `unplug_bridge`: for how many seconds from its first change on.
    """

    loss: float = 0.0
    duplication: float = 0.0
    reordering: float = 0.0
    corruption: float = 0.0
    radio_loss: float = 0.0
    busy_missing: float = 0.0
    busy_short: float = 0.0
    busy_long: float = 0.0
    brown_out: float = 0.0
    dead_tags: int | Sequence[str] = 0
    kill_gateway: int = 0
    unplug_bridge: float = 0.0

    def __post_init__(self) -> None:
        self.link_rates()
        for name in ("radio_loss", "busy_missing", "busy_short", "busy_long", "brown_out"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise FaultUnknown(f"{name} is {getattr(self, name)}: a probability is 0 to 1")

    def but(self, words: Mapping[str, Any]) -> "Faults":
        """The same with these changed. Raises `FaultUnknown`."""
        known = [one.name for one in fields(self)]
        for word in words:
            if word not in known:
                near = get_close_matches(word, known, n=1)
                meant = f"; did you mean {near[0]}?" if near else ""
                raise FaultUnknown(f"no fault is called {word!r}{meant} There are {', '.join(known)}")
        values = dict(words)
        if values.get("unplug_bridge") is True:
            values["unplug_bridge"] = UNPLUGGED_S
        if "kill_gateway" in values:
            values["kill_gateway"] = int(values["kill_gateway"])
        try:
            return replace(self, **values)
        except FaultUnknown:
            raise
        except ValueError as error:  # the fleet's own words
            raise FaultUnknown(str(error)) from None

    def link_rates(self) -> FaultRates:
        return FaultRates(self.loss, self.duplication, self.reordering, self.corruption)

    def refresh_rates(self) -> RefreshRates:
        return RefreshRates(self.busy_missing, self.busy_short, self.busy_long, self.brown_out)

    def __str__(self) -> str:
        default = Faults()
        on = [one.name for one in fields(self) if getattr(self, one.name) != getattr(default, one.name)]
        return ", ".join(f"{name}={getattr(self, name)}" for name in on) or "none"
