"""A fleet: tags, the bridges they hear, and the faults that befall them, all made from one seed.

In: a plan. Out: `VirtualTag`s and `VirtualBridge`s that live by one scheduler; the box list a gateway needs of them.
Rule: the same plan gives the same tags, codes, places and crystals, in whatever order anything else happens.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from msgspec import Struct, field

from firmware_protocol import FactoryCode, Panel, TagId
from simulator import limits
from simulator.bridge import VirtualBridge
from simulator.carriers import LinkPaths
from simulator.chance import Chance, Draws, generator, key_of, seeded_octets, unit
from simulator.faults import FaultRates, Kind
from simulator.firmware import ensure_shares, firmware_of
from simulator.link_tap import LinkTap
from simulator.mix import DEFAULT_MIX, Mix
from simulator.panel import RefreshRates
from simulator.radio.channel import FlatChannel
from simulator.radio.floor import Floor
from simulator.radio.shop_channel import Air, ShopChannel
from simulator.schedule import Scheduler
from simulator.tag import Surroundings, VirtualTag

# Locally administered, so that no virtual tag has the address of a real one (EUI-64, U/L bit).
TAG_ID_PREFIX = b"\x02\xe5\x1a"
MODELS = {1: "virtual-label", 2: "virtual-double"}
CHILLED_SHARE = 0.05  # of the tags hang in a cold shelf
CHILLED_C, ROOM_C = 4, 20
REACH = 3  # bridges a tag hears
SIGNAL_BEST_DBM, SIGNAL_STEP_DB = -48, 9


class FleetPlan(Struct, frozen=True):
    """`incarnation` sets apart the runs of one fleet: what must be new after each start is drawn with it."""

    seed: int = 1
    tags: int = 200
    strangers: int = 0
    bridges: int = 1
    mix: Mix = field(default_factory=lambda: Mix.parse(DEFAULT_MIX))
    speed: int = 1
    contact_s: float = limits.CONTACT_S
    link_rates: FaultRates = field(default_factory=FaultRates)
    refresh_rates: RefreshRates = field(default_factory=RefreshRates)
    radio_loss: float = 0.0  # of every frame, where there is no floor
    floor: Floor | None = None  # whose air it is; `bridges` are hung evenly, or where they are drawn
    as_drawn: bool = False
    air: Air = field(default_factory=Air)
    firmware: Mapping[str, float] = field(default_factory=dict)  # the share of the tags that have each (`firmware.py`)
    incarnation: int = 0
    eager: bool = False  # for the test that it changes nothing: see `tag`

    def __post_init__(self) -> None:
        if self.tags < 0 or self.strangers < 0 or self.bridges < 1 or self.speed < 1:
            raise ValueError("a fleet has 0 or more tags, 1 or more bridges, and a speed of at least 1")
        ensure_shares(self.firmware)


class BoxRow(Struct, frozen=True):
    """One tag as its box says."""

    tag_id: TagId
    code: FactoryCode
    model: str
    panels: tuple[Panel, ...]

    def to_json(self) -> dict[str, object]:
        """As the admin API takes it."""
        names = [panel.name for panel in self.panels]
        return {"tagId": str(self.tag_id), "factoryCode": str(self.code), "model": self.model, "panels": names}


def box_list_requests(boxes: Sequence[BoxRow]) -> Iterator[dict[str, object]]:
    """The bodies that register a box list of any length with the admin API."""
    for start in range(0, len(boxes), limits.TAGS_A_REQUEST):
        yield {"tags": [box.to_json() for box in boxes[start : start + limits.TAGS_A_REQUEST]]}


class Fleet:
    """Everything that has no wire to the gateway's process; carriers are plugged into its bridges by the caller."""

    def __init__(self, plan: FleetPlan, scheduler: Scheduler) -> None:
        self.plan = plan
        self.scheduler = scheduler
        self.counts: Counter[str] = Counter()
        self._tap = LinkTap()
        self.around = Surroundings(
            scheduler,
            plan.speed,
            plan.contact_s,
            plan.refresh_rates,
            FlatChannel(plan.radio_loss, plan.seed),
            plan.eager,
        )
        floor = plan.floor if plan.floor is None or plan.as_drawn else plan.floor.with_bridges(plan.bridges)
        names = list(floor.bridges) if floor is not None else bridge_names(plan.bridges)
        self.bridges = {name: self._bridge(name) for name in names}
        self._bridge_list = list(self.bridges.values())
        self.paths = {name: LinkPaths.of(name, plan.seed, plan.link_rates) for name in self.bridges}
        self.boxes = list(box_rows(plan))
        if floor is not None:
            hung = [str(box.tag_id) for box in self.boxes]
            self.around.channel = ShopChannel(floor, hung, plan.seed, plan.air)
        self.tags: dict[TagId, VirtualTag] = {}
        for number, box in enumerate(self.boxes):
            self.tags[box.tag_id] = self._tag(number, box)

    def _bridge(self, name: str) -> VirtualBridge:
        plan = self.plan
        chance = generator(plan.seed, f"bridge/{name}/{plan.incarnation}")
        return VirtualBridge(name, self.scheduler, chance, contact_s=plan.contact_s, speed=plan.speed)

    def _tag(self, number: int, box: BoxRow) -> VirtualTag:
        place = Draws(key_of(self.plan.seed, f"place/{box.tag_id}"), 0)
        key = key_of(self.plan.seed, f"tag/{box.tag_id}/{self.plan.incarnation}")
        celsius = CHILLED_C if place.random() < CHILLED_SHARE else ROOM_C
        hears = self._in_reach(number, box.tag_id, place)
        ppm = place.gauss(limits.CRYSTAL_PPM)
        firmware = firmware_of(self.plan.seed, box.tag_id, self.plan.firmware)
        return VirtualTag(
            box.tag_id,
            box.code,
            box.panels,
            self.around,
            key,
            hears,
            temperature_c=celsius,
            drift_ppm=ppm,
            firmware=firmware,
        )

    def _in_reach(self, number: int, tag_id: TagId, place: Chance) -> list[tuple[VirtualBridge, int]]:
        """What the floor says; without one, tags are spread over the bridges in turn, and the next ones along the aisle
        are heard ever more weakly.
        """
        heard = self.around.channel.heard_by(str(tag_id))
        if heard is not None:
            return [(self.bridges[one.bridge], one.signal_dbm) for one in heard]
        bridges = self._bridge_list
        near = [bridges[(number + step) % len(bridges)] for step in range(min(REACH, len(bridges)))]
        best = SIGNAL_BEST_DBM - place.randrange(SIGNAL_STEP_DB)
        return [(bridge, best - SIGNAL_STEP_DB * step) for step, bridge in enumerate(near)]

    def box_list(self) -> list[BoxRow]:
        """Of the tags that belong to the shop; strangers are not among them."""
        return self.boxes[: self.plan.tags]

    def switch_on(self) -> None:
        """All bridges, and all tags, whose first contacts are spread over one interval."""
        for bridge in self.bridges.values():
            bridge.power_on()
        for tag in self.tags.values():
            if not tag.alive:
                spread = unit(key_of(self.plan.seed, f"first contact/{tag.tag_id}"), 0)
                tag.switch_on(spread * self.plan.contact_s / self.plan.speed)

    # What befalls them

    def set_link_rates(self, rates: FaultRates) -> None:
        for paths in self.paths.values():
            paths.set_rates(rates)

    def kill_tags(self, count: int) -> list[TagId]:
        """The first `count` living tags of the shop go silent."""
        killed = list(islice((box.tag_id for box in self.box_list() if self.tags[box.tag_id].alive), count))
        for tag_id in killed:
            self.tags[tag_id].die()
        self.counts[Kind.TAG_DEAD] += len(killed)
        return killed

    def revive_tags(self, tag_ids: Sequence[TagId] | None = None) -> None:
        """These, or all that are dead."""
        for tag_id in self.tags if tag_ids is None else tag_ids:
            self.tags[tag_id].revive()

    def reboot_tag(self, tag_id: TagId) -> None:
        self.counts[Kind.TAG_REBOOT] += 1
        self.tags[tag_id].reboot()

    def double_of(self, tag_id: TagId, *, same_code: bool = False) -> VirtualTag:
        """Another tag that came with the same TagId, on the same shelf: its factory code is its own, unless somebody
        has copied the printed one. Switch it on.

        No event of its contacts is saved, because the bridge rouses but one tag of a name.
        """
        one = self.tags[tag_id]
        code = one.code if same_code else FactoryCode(seeded_octets(self.plan.seed, f"double/{tag_id}/code", 16))
        key = key_of(self.plan.seed, f"double/{tag_id}/{self.plan.incarnation}")
        around = replace(self.around, eager=True, changed={}, on_refresh=None, on_contact=None, on_own_redraw=None)
        return VirtualTag(tag_id, code, one.panels, around, key, one.hears)

    def restart_bridge(self, name: str) -> None:
        """RAM is lost; the cable stays in."""
        self.counts[Kind.BRIDGE_RESTART] += 1
        self.bridges[name].restart()

    def link_counts(self) -> dict[str, dict[str, int]]:
        """Per direction, what passed and what went wrong, over all bridges."""
        totals: dict[str, Counter[str]] = {"up": Counter(), "down": Counter()}
        for paths in self.paths.values():
            totals["up"] += paths.up.counts
            totals["down"] += paths.down.counts
        return {direction: {str(kind): count for kind, count in sums.items()} for direction, sums in totals.items()}

    def tap_links(self) -> LinkTap:
        """What has come down to the bridges since the last call; the first call begins to listen."""
        heard, self._tap = self._tap, LinkTap()
        for bridge in self.bridges.values():
            bridge.tap = self._tap
        return heard


def bridge_names(count: int) -> list[str]:
    return [f"bridge-{number}" for number in range(1, count + 1)]


def box_rows(plan: FleetPlan) -> Iterator[BoxRow]:
    """The shop's tags, then the strangers."""
    for number, panels in enumerate(islice(plan.mix.tags(), plan.tags + plan.strangers)):
        kind = "tag" if number < plan.tags else "stranger"
        index = number if number < plan.tags else number - plan.tags
        name = f"{kind}/{index}"
        # Five octets out of the hash: two of a million tags of one seed meet once in two runs of a thousand shops.
        tag_id = TagId(TAG_ID_PREFIX + seeded_octets(plan.seed, f"{name}/id", 5))
        code = FactoryCode(seeded_octets(plan.seed, f"{name}/code", 16))
        yield BoxRow(tag_id, code, MODELS.get(len(panels), f"virtual-{len(panels)}"), panels)
