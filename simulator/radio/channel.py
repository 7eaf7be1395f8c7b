"""What a fleet asks of the air: which bridges a tag hears, how strongly, and whether a frame is lost.

In: names, an instant in the tags' own time, a frame's length, its number. Out: decibels, yes or no.
Rule: an answer depends on what is asked and on the seed alone, so it may be asked in any order or not at all.
`FlatChannel`: one probability for every frame. The air of a real shop: `shop_channel`.
"""

from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from simulator.radio.draws import Draw, draws
from simulator.radio.path_loss import Way


class Heard(NamedTuple):
    """A bridge in reach of a tag, and how strongly it hears the tag."""

    bridge: str
    signal_dbm: int


class Channel(Protocol):
    """The air between a fleet's tags and bridges, by their names. `is_clear`: it loses nothing, so nobody need ask."""

    @property
    def is_clear(self) -> bool: ...

    def loses(self, tag: str, bridge: str, way: Way, at_s: float, psdu_octets: int, number: int) -> bool:
        """Is this frame lost? `number`: of all frames of this tag, in either way, one of its own."""

    def heard_by(self, tag: str) -> list[Heard] | None:
        """The bridges in reach, the strongest first; None: this channel knows no places."""


@dataclass(slots=True)
class FlatChannel:
    """Every frame is lost with the same probability, however short it is and wherever its tag."""

    loss: float = 0.0
    seed: int = 1
    _draws: dict[str, Draw] = field(default_factory=dict, repr=False)

    @property
    def is_clear(self) -> bool:
        return self.loss <= 0

    def loses(self, tag: str, bridge: str, way: Way, at_s: float, psdu_octets: int, number: int) -> bool:
        draw = self._draws.get(tag)
        if draw is None:
            draw = self._draws[tag] = draws(self.seed, tag, "radio loss")
        return draw(number) < self.loss

    def heard_by(self, tag: str) -> list[Heard] | None:
        return None
