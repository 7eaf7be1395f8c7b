"""How many bridges a shop needs, how often its tags should make contact, and what that means in minutes and years.

In: a floor, tags, changes a day, goals. Out: a `Plan`, simulated: every tag of every bridge, contact by contact, on the
shop's air; beside each figure the closed formula, which knows no loss, no queue and no repetition.
Rule: the fewest bridges that every tag reaches with a margin, then the rarest contact that still meets the goals,
because each contact costs charge; more bridges only when no contact interval meets them.
Assumed, and said in the plan: bridges within earshot of each other are on channels of their own; changes fall evenly
into the opening hours; a cell ends when its usable charge does.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from msgspec import Struct

from firmware_protocol import PANELS
from simulator import battery
from simulator.radio.draws import draws
from simulator.radio.floor import Floor
from simulator.radio.polled_bridge import IDLE_US, Lived, Picture
from simulator.radio.shop_channel import Air, losses_db
from simulator.radio.sizing_shop import DAY_S, Shop, best_margins, life_years, percentile, picture_of
from simulator.radio.sizing_train import InTrain, in_train

CONTACTS_S = (300.0, 180.0, 120.0, 60.0, 40.0, 20.0, 10.0)  # the rarest first
BRIDGES_MAX = 64
TAGS_MAX = 100_000
# A tag needs so much above sensitivity: the edge is 3 dB wide, a packet fades by 2 dB, a disturbance takes 8.
MARGIN_DB = 6.0
UNCOVERED_MAX = 0.002  # of the tags may have less; they are moved by hand, or get a bridge of their own
SAMPLED_TAGS = 4_000  # for the search; the plan itself looks at all


class NoPlan(ValueError):
    """These goals cannot be met. `str()` says which, and how near the best came."""


class Goals(Struct, frozen=True):
    """`update_s`: every label of the shop changed at once. `change_s`: 95 of 100 single changes, on the glass and
    proved. `years`: of the cells, the weakest tenth of the tags too.
    """

    update_s: float = 3600.0
    change_s: float = 180.0
    years: float = 5.0


class Coverage(Struct, frozen=True):
    """Margin above sensitivity of the weaker way, to the best bridge."""

    median_db: float
    weakest_db: float  # that 99 of 100 tags have
    uncovered: int  # tags with less than the margin wanted


class Figure(Struct, frozen=True):
    """What the simulation says, and what the formula says without loss and queue."""

    simulated: float
    formula: float


class Plan(Struct, frozen=True):
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
    in_train: InTrain


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
                return _plan(shop, contact_s, picture, changes_a_day, panel, goals, hour, update_s)
            best = (
                f"with {count} bridges and contact each {contact_s:g} s a full update took {update_s[-1] / 60:.0f} min"
            )
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


def fewest_bridges(floor: Floor, tags: int, air: Air, seed: int) -> int:
    """So many that nearly every tag has the margin. Raises `NoPlan`."""
    sample = min(tags, SAMPLED_TAGS)
    names = [f"tag-{number}" for number in range(sample)]
    spots = floor.spots(sample, draws(seed, floor.name, "places"))

    def covers(count: int) -> bool:
        loss_db = losses_db(floor.with_bridges(count), spots, names, seed)
        return bool((best_margins(loss_db, air) < MARGIN_DB).mean() <= UNCOVERED_MAX)

    enough = 1
    while not covers(enough):
        if enough == BRIDGES_MAX:
            raise NoPlan(f"even {BRIDGES_MAX} bridges leave more than {UNCOVERED_MAX:.1%} of the tags out of reach")
        enough = min(2 * enough, BRIDGES_MAX)
    too_few = enough // 2
    while enough - too_few > 1:
        middle = (enough + too_few) // 2
        too_few, enough = (too_few, middle) if covers(middle) else (middle, enough)
    return enough


def _plan(
    shop: Shop,
    contact_s: float,
    picture: Picture,
    changes_a_day: int,
    panel: str,
    goals: Goals,
    hour: Lived,
    update_s: Sequence[float],
) -> Plan:
    margins = np.sort(best_margins(shop.channel.losses_db, shop.air))
    fullest = len(shop.at_bridge[shop.by_size[0]])
    # Over years every tag gets its share of changes; what differs for good is how often it must repeat itself.
    changed_uc_s = hour.pictures_uc / len(hour.proved_s) * changes_a_day / len(shop.names) / DAY_S
    years = [life_years(panel, contacts_uc_s + changed_uc_s) for contacts_uc_s in sorted(hour.contacts_uc)]
    formula_uc_s = battery.POLL_UC / contact_s + changes_a_day / len(shop.names) * _change_uc(picture) / DAY_S
    formula_years = life_years(panel, formula_uc_s)
    delays_s = hour.delays_s
    per_picture_s = (picture.parts * 5060 + 4 * IDLE_US) / 1e6
    return Plan(
        floor=shop.floor.name,
        tags=len(shop.names),
        changes_a_day=changes_a_day,
        panel=panel,
        seed=shop.seed,
        bridges=len(shop.floor.bridges),
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
        in_train=in_train(shop, picture, changes_a_day, panel),
    )


def _change_uc(picture: Picture) -> float:
    """What one picture costs a tag on a lossless air: its parts, its proof, two contacts, its refresh."""
    radio_uc = picture.parts * battery.PART_UC + battery.SEALED_UC + battery.NVM_RECORD_UC + battery.POLL_UC
    return radio_uc + picture.refresh_mj / battery.OPEN_V * 1000.0
