"""The air of one shop on 802.15.4: a floor, tags on its shelves, bridges at its ceiling, a neighbourhood.

In: a floor, a seed, the tags' names. Out: a `Channel`. Rule: a place, a shadow, a burst, an outage belong to a tag (and
a bridge) by name; another seed is another shop, another number of tags hangs them elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from msgspec import Struct, field

from simulator.radio.bursts import (
    DISTURBED_DB,
    PRESETS,
    Bursts,
    Episodes,
    WiFi,
    disturbances,
    fixed_channel_loss,
    outages,
)
from simulator.radio.channel import Heard
from simulator.radio.draws import Draw, draws
from simulator.radio.floor import Decibels, Floor, Spot
from simulator.radio.path_loss import IEEE_802_15_4, Budget, Modulation, Way, packet_error_rate
from simulator.radio.poll import airtime_us

REACH_MAX = 3  # bridges a tag remembers
IN_REACH_DB = -1.0  # of margin: below, not even short frames pass often enough to be worth a try


class Air(Struct, frozen=True):
    """What a shop's air is like beside its shelves. `channel`: of 802.15.4."""

    preset: str = "store"
    outages_per_hour: float = 2.0
    disturbances_per_hour: float = 0.5
    channel: int = 25
    neighbours: tuple[WiFi, ...] = ()
    budget: Budget = field(default_factory=Budget)

    def __post_init__(self) -> None:
        if self.preset not in PRESETS:
            raise ValueError(f"no preset is called {self.preset!r}; there are {', '.join(PRESETS)}")


def losses_db(floor: Floor, spots: Sequence[Spot], tags: Sequence[str], seed: int) -> dict[str, Decibels]:
    """Of each bridge, what lies between it and every tag for good: distance, shadow, obstacles."""
    at = np.array([(spot.at.x, spot.at.y, spot.at.z) for spot in spots]).reshape(-1, 3)
    own = [draws(seed, tag, "shadow") for tag in tags]
    found: dict[str, Decibels] = {}
    for name, bridge in floor.bridges.items():
        away_m = np.sqrt(((at - np.array((bridge.x, bridge.y, bridge.z))) ** 2).sum(axis=1))
        path_db = [floor.propagation.path_loss_db(metres) for metres in away_m.tolist()]
        shadow_db = [
            floor.propagation.shadow_db(draw, draws(seed, f"{tag}/{name}", "shadow"))
            for tag, draw in zip(tags, own, strict=True)
        ]
        found[name] = np.array(path_db) + np.array(shadow_db) + floor.between_db(spots, bridge)
    return found


@dataclass(slots=True)
class _Link:
    """Between one tag and one bridge."""

    loss_db: float
    bursts: Bursts
    fading: Draw
    chance: Draw


class ShopChannel:
    """`spots`: where each tag hangs, in the order of `tags`."""

    def __init__(
        self,
        floor: Floor,
        tags: Sequence[str],
        seed: int,
        air: Air | None = None,
        modulation: Modulation = IEEE_802_15_4,
    ) -> None:
        self.floor, self.tags, self.seed = floor, list(tags), seed
        self.air = air or Air()
        self.modulation = modulation
        self.spots = floor.spots(len(tags), draws(seed, floor.name, "places"))
        self._place = {tag: number for number, tag in enumerate(tags)}
        self.losses_db = losses_db(floor, self.spots, tags, seed)
        self._links: dict[tuple[str, str], _Link] = {}
        self._outages: dict[str, Episodes] = {}
        self._disturbances = {
            name: disturbances(draws(seed, name, "disturbance"), self.air.disturbances_per_hour)
            for name in floor.bridges
        }
        self._met: dict[int, float] = {}  # of a frame of so many octets, by the neighbours

    @property
    def is_clear(self) -> bool:
        return False

    def signal_dbm(self, tag: str, bridge: str, way: Way = Way.UP) -> float:
        """On average, without fading."""
        return self.air.budget.received_dbm(float(self.losses_db[bridge][self._place[tag]]), way)

    def margin_db(self, tag: str, bridge: str, way: Way = Way.UP) -> float:
        return self.signal_dbm(tag, bridge, way) - self.modulation.sensitivity_dbm

    def trade_places(self, one: str, other: str) -> None:
        """From now on each hangs where the other did."""
        self._place[one], self._place[other] = self._place[other], self._place[one]
        for pair in [pair for pair in self._links if pair[0] in (one, other)]:
            del self._links[pair]

    def heard_by(self, tag: str) -> list[Heard]:
        """At most three bridges, the strongest first; none for a tag that no bridge hears."""
        by_strength = sorted(self.floor.bridges, key=lambda name: -self.signal_dbm(tag, name))
        near = [name for name in by_strength if self.margin_db(tag, name) >= IN_REACH_DB]
        return [Heard(name, round(self.signal_dbm(tag, name))) for name in near[:REACH_MAX]]

    def loses(self, tag: str, bridge: str, way: Way, at_s: float, psdu_octets: int, number: int) -> bool:
        if self._outage(tag).is_on(at_s):
            return True
        link = self._link(tag, bridge)
        margin_db = self.air.budget.received_dbm(link.loss_db, way) - self.modulation.sensitivity_dbm
        margin_db += self.floor.propagation.fading_db(link.fading, number)
        if self._disturbances[bridge].is_on(at_s):
            margin_db -= DISTURBED_DB
        kept = 1 - packet_error_rate(self.modulation, margin_db, psdu_octets)
        kept *= (1 - link.bursts.loss(at_s)) * (1 - self._meets(psdu_octets))
        return link.chance(number) >= kept

    def _meets(self, psdu_octets: int) -> float:
        met = self._met.get(psdu_octets)
        if met is None:
            met = fixed_channel_loss(self.air.neighbours, self.air.channel, airtime_us(psdu_octets))
            self._met[psdu_octets] = met
        return met

    def _outage(self, tag: str) -> Episodes:
        found = self._outages.get(tag)
        if found is None:
            found = outages(draws(self.seed, tag, "outage"), self.air.outages_per_hour)
            self._outages[tag] = found
        return found

    def _link(self, tag: str, bridge: str) -> _Link:
        found = self._links.get((tag, bridge))
        if found is None:
            pair = f"{tag}/{bridge}"
            found = _Link(
                float(self.losses_db[bridge][self._place[tag]]),
                Bursts(PRESETS[self.air.preset], draws(self.seed, pair, "bursts")),
                draws(self.seed, pair, "fading"),
                draws(self.seed, pair, "loss"),
            )
            self._links[(tag, bridge)] = found
        return found
