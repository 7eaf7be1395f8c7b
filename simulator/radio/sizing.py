"""How many bridges a shop needs, how often its tags should make contact, and what that means in minutes and years.

In: a floor, tags, changes a day, goals. Out: a `Plan`, simulated: every tag of every bridge, contact by contact, on the
shop's air; beside each figure the closed formula, which knows no loss, no queue and no repetition.
Rule: the fewest bridges that every tag reaches with a margin, then the rarest contact that still meets the goals,
because each contact costs charge; more bridges only when no contact interval meets them.
Assumed, and said in the plan: bridges within earshot of each other are on channels of their own; changes fall evenly
into the opening hours; a cell ends when its usable charge does.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from firmware_protocol import PANELS, Panel
from simulator import battery
from simulator.battery import CELLS_BY_INCHES, Battery
from simulator.radio.draws import draws
from simulator.radio.floor import Decibels, Floor
from simulator.radio.path_loss import IEEE_802_15_4, Way
from simulator.radio.polled_bridge import IDLE_US, Lived, Picture, PolledBridge
from simulator.radio.shop_channel import Air, ShopChannel, losses_db

CONTACTS_S = (300.0, 180.0, 120.0, 60.0, 40.0, 20.0, 10.0)  # the rarest first
BRIDGES_MAX = 64
TAGS_MAX = 100_000
# A tag needs so much above sensitivity: the edge is 3 dB wide, a packet fades by 2 dB, a disturbance takes 8.
MARGIN_DB = 6.0
UNCOVERED_MAX = 0.002  # of the tags may have less; they are moved by hand, or get a bridge of their own
SAMPLED_TAGS = 1_000  # for the search; the plan itself looks at all
OPEN_S = 14 * 3600.0
DAY_S, YEAR_S = 86_400.0, 365 * 86_400.0
UPDATE_S_MAX = 8 * 3600.0
HOUR_S = 3600.0
HOUR_BRIDGES = 3  # an ordinary hour is lived by so many bridges, the fullest ones
HOUR_CHANGES = 300  # at least, of all of them: a twentieth of it is the tail that a goal is about
# Of a compressed label with a picture, by size of glass (radio and panel facts 10, label.compressed).
LABEL_OCTETS = {"2.13": 1030, "2.9": 1150, "4.2": 2700, "7.5": 7300}


class NoPlan(ValueError):
    """These goals cannot be met. `str()` says which, and how near the best came."""


@dataclass(frozen=True, slots=True)
class Goals:
    """`update_s`: every label of the shop changed at once. `change_s`: 95 of 100 single changes, on the glass and
    proved. `years`: of the cells, the weakest tenth of the tags too.
    """

    update_s: float = 3600.0
    change_s: float = 180.0
    years: float = 5.0


@dataclass(frozen=True, slots=True)
class Coverage:
    """Margin above sensitivity of the weaker way, to the best bridge."""

    median_db: float
    weakest_db: float  # that 99 of 100 tags have
    uncovered: int  # tags with less than the margin wanted


@dataclass(frozen=True, slots=True)
class Figure:
    """What the simulation says, and what the formula says without loss and queue."""

    simulated: float
    formula: float


@dataclass(frozen=True, slots=True)
class Plan:
    floor: str
    tags: int
    changes_a_day: int
    panel: str
    seed: int
    bridges: int
    fullest_bridge: int
    contact_s: float
    goals: Goals
    coverage: Coverage
    update_s: Figure  # until the last label
    update_99_s: float
    change_mean_s: Figure
    change_95_s: Figure
    years: Figure
    years_weakest: float
    air_share: float  # of the fullest bridges' air in an ordinary hour
    meets_years: bool


def plan(
    floor: Floor,
    tags: int,
    changes_a_day: int,
    *,
    panel: str = "2.9-bwr",
    goals: Goals | None = None,
    air: Air | None = None,
    bridges: int | None = None,
    as_drawn: bool = False,
    seed: int = 1,
) -> Plan:
    """`bridges`: exactly so many, instead of the fewest. `as_drawn`: those of the floor, where they are.
    Raises `NoPlan`.
    """
    if not 1 <= tags <= TAGS_MAX:
        raise NoPlan(f"{tags} tags: a plan is made for 1 to {TAGS_MAX}")
    goals, air = goals or Goals(), air or Air()
    picture = picture_of(PANELS[panel])
    best = ""
    for drawn in _candidates(floor, tags, air, seed, bridges, as_drawn):
        count = len(drawn.bridges)
        shop = Shop(drawn, tags, air, seed)
        for contact_s in CONTACTS_S:
            if 0.95 * contact_s + picture.refresh_s > goals.change_s:
                continue
            hour = shop.hour(contact_s, picture, changes_a_day)
            change_s = percentile(hour.delays_s, 0.95)
            if change_s > goals.change_s:
                best = f"with {count} bridges and contact each {contact_s:g} s, 95 of 100 changes took {change_s:.0f} s"
                continue
            update_s = shop.update_s(contact_s, picture)
            if update_s[-1] <= goals.update_s:
                return shop.plan(contact_s, picture, changes_a_day, panel, goals, hour, update_s)
            best = (
                f"with {count} bridges and contact each {contact_s:g} s a full update took {update_s[-1] / 60:.0f} min"
            )
            break  # more frequent contacts do not make the air wider
    raise NoPlan(best or f"no contact interval is short enough for changes within {goals.change_s:g} s")


def _candidates(floor: Floor, tags: int, air: Air, seed: int, bridges: int | None, as_drawn: bool) -> Iterator[Floor]:
    """The fewest bridges first."""
    if as_drawn:
        if not floor.bridges:
            raise NoPlan("the floor has no bridges drawn")
        yield floor
    elif bridges is not None:
        yield floor.with_bridges(bridges)
    else:
        for count in range(fewest_bridges(floor, tags, air, seed), BRIDGES_MAX + 1):
            yield floor.with_bridges(count)


def picture_of(panel: Panel) -> Picture:
    return Picture(LABEL_OCTETS[panel.name.split("-")[0]], panel.refresh_s, panel.refresh_mj)


def fewest_bridges(floor: Floor, tags: int, air: Air, seed: int) -> int:
    """So many that nearly every tag has the margin. Raises `NoPlan`."""
    sample = min(tags, SAMPLED_TAGS)
    names = [f"tag-{number}" for number in range(sample)]
    spots = floor.spots(sample, draws(seed, floor.name, "places"))
    for count in range(1, BRIDGES_MAX + 1):
        loss_db = losses_db(floor.with_bridges(count), spots, names, seed)
        if (best_margins(loss_db, air) < MARGIN_DB).mean() <= UNCOVERED_MAX:
            return count
    raise NoPlan(f"even {BRIDGES_MAX} bridges leave more than {UNCOVERED_MAX:.1%} of the tags out of reach")


def best_margins(loss_db: dict[str, Decibels], air: Air) -> Decibels:
    """Of each tag, to its best bridge, on the weaker way."""
    least = np.minimum.reduce(list(loss_db.values()))
    weaker = min(air.budget.received_dbm(0.0, way) for way in Way)
    margins: Decibels = weaker - least - IEEE_802_15_4.sensitivity_dbm
    return margins


def percentile(ordered: Sequence[float], share: float) -> float:
    """Of values in their order; infinite when there are none."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("inf")


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

    def plan(
        self,
        contact_s: float,
        picture: Picture,
        changes_a_day: int,
        panel: str,
        goals: Goals,
        hour: Lived,
        update_s: Sequence[float],
    ) -> Plan:
        margins = np.sort(best_margins(self.channel.losses_db, self.air))
        fullest = len(self.at_bridge[self.by_size[0]])
        # Over years every tag gets its share of changes; what differs for good is how often it must repeat itself.
        changed_uc_s = hour.pictures_uc / len(hour.proved_s) * changes_a_day / len(self.names) / DAY_S
        years = [life_years(panel, contacts_uc_s + changed_uc_s) for contacts_uc_s in sorted(hour.contacts_uc)]
        formula_uc_s = battery.POLL_UC / contact_s + changes_a_day / len(self.names) * _change_uc(picture) / DAY_S
        formula_years = life_years(panel, formula_uc_s)
        delays_s = hour.delays_s
        per_picture_s = (picture.parts * 5060 + 4 * IDLE_US) / 1e6
        return Plan(
            floor=self.floor.name,
            tags=len(self.names),
            changes_a_day=changes_a_day,
            panel=panel,
            seed=self.seed,
            bridges=len(self.floor.bridges),
            fullest_bridge=fullest,
            contact_s=contact_s,
            goals=goals,
            coverage=Coverage(
                float(np.median(margins)),
                float(margins[len(margins) // 100]),
                int((margins < MARGIN_DB).sum()),
            ),
            update_s=Figure(update_s[-1], max(contact_s, fullest * per_picture_s) + picture.refresh_s),
            update_99_s=percentile(update_s, 0.99),
            change_mean_s=Figure(sum(delays_s) / len(delays_s), contact_s / 2 + picture.refresh_s),
            change_95_s=Figure(percentile(delays_s, 0.95), 0.95 * contact_s + picture.refresh_s),
            years=Figure(years[len(years) // 2], formula_years),
            years_weakest=years[len(years) * 9 // 10],
            air_share=hour.air_us / 1e6 / hour.until_s,
            meets_years=years[len(years) * 9 // 10] >= goals.years,
        )


def _change_uc(picture: Picture) -> float:
    """What one picture costs a tag on a lossless air: its parts, its proof, two contacts, its refresh."""
    radio_uc = picture.parts * battery.PART_UC + battery.SEALED_UC + battery.NVM_RECORD_UC + battery.POLL_UC
    return radio_uc + picture.refresh_mj / 3.0 * 1000.0


def life_years(panel: str, used_uc_s: float) -> float:
    """Until the panel's cells are used up, asleep and at so many microcoulombs a second besides."""
    cell = Battery(*CELLS_BY_INCHES[panel.split("-")[0]])
    return cell.capacity_uc / (battery.SLEEP_UA + used_uc_s) / YEAR_S
