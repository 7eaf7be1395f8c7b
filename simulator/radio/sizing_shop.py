"""A shop on its floor and its air, bridge by bridge: what a planner asks of it.

In: a floor with bridges, tags, an air. Out: what a full update and an ordinary hour were like, margins, a cell's years.
Rule: each tag is at the strongest bridge that hears it; every contact and every frame is lived, none is a formula.
"""

from collections.abc import Sequence

import numpy as np

from firmware_protocol import Panel
from simulator import battery
from simulator.battery import CELLS_BY_INCHES, Battery
from simulator.radio.draws import draws
from simulator.radio.floor import Decibels, Floor
from simulator.radio.path_loss import IEEE_802_15_4, Way
from simulator.radio.polled_bridge import IDLE_US, Lived, Picture, PolledBridge
from simulator.radio.shop_channel import Air, ShopChannel

OPEN_S = 14 * 3600.0
DAY_S, YEAR_S = 86_400.0, 365 * 86_400.0
UPDATE_S_MAX = 8 * 3600.0
HOUR_S = 3600.0
HOUR_BRIDGES = 3  # an ordinary hour is lived by so many bridges, the fullest ones
HOUR_CHANGES = 300  # at least, of all of them: a twentieth of it is the tail that a goal is about
# Of a compressed label with a picture, by size of glass (radio and panel facts 10, label.compressed).
LABEL_OCTETS = {"2.13": 1030, "2.9": 1150, "4.2": 2700, "7.5": 7300}


class Shop:
    """A floor with its bridges, and each tag at the strongest of them."""

    def __init__(self, floor: Floor, tags: int, air: Air, seed: int) -> None:
        self.floor, self.air, self.seed = floor, air, seed
        self.names = [f"tag-{number}" for number in range(tags)]
        self.channel = ShopChannel(floor, self.names, seed, air)
        self.at_bridge: dict[str, list[str]] = {name: [] for name in floor.bridges}
        for tag in self.names:
            heard = self.channel.heard_by(tag)
            if heard:
                self.at_bridge[heard[0].bridge].append(tag)
        self.by_size = sorted(floor.bridges, key=lambda name: -len(self.at_bridge[name]))

    def bridge(self, name: str, contact_s: float, picture: Picture, purpose: str) -> PolledBridge:
        tags, channel = self.at_bridge[name], self.channel

        def loses(tag: int, way: Way, at_s: float, psdu_octets: int, number: int) -> bool:
            return channel.loses(tags[tag], name, way, at_s, psdu_octets, number)

        return PolledBridge(len(tags), contact_s, picture, loses, draws(self.seed, name, purpose))

    def update_s(self, contact_s: float, picture: Picture) -> list[float]:
        """Every label of the fullest bridge changes at once: when each is proved, the last one last."""
        name = self.by_size[0]
        lived = self.bridge(name, contact_s, picture, "update").run(
            [(0.0, tag) for tag in range(len(self.at_bridge[name]))], UPDATE_S_MAX, until_proved=True
        )
        return lived.delays_s if not lived.waiting else [UPDATE_S_MAX]

    def hour(self, contact_s: float, picture: Picture, changes_a_day: int) -> Lived:
        """An opening hour at the fullest bridges, and a while more for the last changes. Where an hour has few changes,
        more are ordered, for the delays' sake; the air is then told as of an ordinary hour.
        """
        together = Lived(0.0)
        names = [name for name in self.by_size[:HOUR_BRIDGES] if self.at_bridge[name]]
        for name in names:
            own = self.at_bridge[name]
            ordinary = changes_a_day * len(own) / len(self.names) * HOUR_S / OPEN_S
            count = max(round(ordinary), HOUR_CHANGES // len(names))
            draw = draws(self.seed, name, "changes")
            orders = [
                ((number + draw(2 * number)) * HOUR_S / count, int(draw(2 * number + 1) * len(own)))
                for number in range(count)
            ]
            until_s = HOUR_S + 4 * contact_s + 2 * picture.refresh_s
            lived = self.bridge(name, contact_s, picture, "hour").run(orders, until_s)
            idle_us = min(lived.air_us, lived.contacts * IDLE_US)
            together.air_us += idle_us + round((lived.air_us - idle_us) * ordinary / count)
            together.until_s += lived.until_s
            together.contacts += lived.contacts
            together.repeated += lived.repeated
            together.proved_s += lived.proved_s
            together.waiting += lived.waiting
            together.contacts_uc += [used / lived.until_s for used in lived.contacts_uc]
            together.pictures_uc += lived.pictures_uc
        return together


def picture_of(panel: Panel) -> Picture:
    return Picture(LABEL_OCTETS[panel.name.split("-")[0]], panel.refresh_s, panel.refresh_mj)


def best_margins(loss_db: dict[str, Decibels], air: Air) -> Decibels:
    """Of each tag, to its best bridge, on the weaker way."""
    least = np.minimum.reduce(list(loss_db.values()))
    weaker = min(air.budget.received_dbm(0.0, way) for way in Way)
    margins: Decibels = weaker - least - IEEE_802_15_4.sensitivity_dbm
    return margins


def percentile(ordered: Sequence[float], share: float) -> float:
    """Of values in their order; infinite when there are none."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("inf")


def life_years(panel: str, used_uc_s: float) -> float:
    """Until the panel's cells are used up, asleep and at so many microcoulombs a second besides."""
    cell = Battery(*CELLS_BY_INCHES[panel.split("-")[0]])
    return cell.capacity_uc / (battery.SLEEP_UA + used_uc_s) / YEAR_S
