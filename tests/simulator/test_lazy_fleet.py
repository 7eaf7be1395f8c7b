"""An idle contact is no event, and nobody can tell: a fleet that rests leaves the trace of one that rests never."""

from collections.abc import Callable, Coroutine, Mapping
from types import MappingProxyType
from typing import Any

import pytest

from firmware_protocol.link.messages import Airtime, Digest, PleaseCommission, Status, Unassociate
from simulator.chance import Random, generator
from simulator.faults import FaultRates
from simulator.fleet import FleetPlan
from simulator.fleet_state import describe
from simulator.mischief import Mischief, MischiefRates
from simulator.mix import Mix
from simulator.panel import Glass, RefreshRates
from simulator.radio.floor_file import read_floor

InShop = Callable[[FleetPlan, Callable[[Any], Coroutine[None, None, Any]]], Any]
SEEDS = range(1, 9)
HOURS = 2


# More windows, repeats and redraws than any shop has: what a firmware owes is an event in both.
FIRMWARE = {
    "small-windows": 0.15,
    "repeats": 0.15,
    "late": 0.15,
    "lost-proof": 0.15,
    "redraws": 0.15,
    "bad-clock": 0.15,
}


def plan_of(seed: int, *, eager: bool, firmware: Mapping[str, float] = MappingProxyType({})) -> FleetPlan:
    return FleetPlan(
        seed=seed,
        tags=16,
        strangers=1,
        bridges=1 + seed % 3,
        mix=Mix.parse("2.13-bw:3,2.9-bwr,2.13-bw+2.9-bw"),
        speed=1 if seed % 4 else 5,
        link_rates=FaultRates(0.03, 0.03, 0.03, 0.03),
        refresh_rates=RefreshRates(0.03, 0.03, 0.03, 0.03),
        radio_loss=0.05,
        floor=read_floor("supermarket") if seed % 2 else None,
        eager=eager,
        firmware=firmware,
    )


class Trace:
    """All that anybody outside the fleet could have seen of it."""

    def __init__(self, shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.lines: list[tuple[Any, ...]] = []
        self._shop = shop
        received, send = shop.gateway.received, shop.gateway.send
        shop.gateway.received = lambda bridge, payload: (self.note("up", bridge, payload), received(bridge, payload))
        shop.gateway.send = lambda bridge, payload: (self.note("down", bridge, payload), send(bridge, payload))
        begin, finish = Glass.begin, Glass._finish

        def traced_begin(glass: Glass, *what: Any) -> Any:
            refresh = begin(glass, *what)
            self.note("draws", glass.panel.name, refresh)
            return refresh

        def traced_finish(glass: Glass, share: float) -> Any:
            refresh = finish(glass, share)
            self.note("drawn", glass.panel.name, share, glass.planes)
            return refresh

        monkeypatch.setattr(Glass, "begin", traced_begin)
        monkeypatch.setattr(Glass, "_finish", traced_finish)

    def note(self, *what: Any) -> None:
        self.lines.append((self._shop.clock.monotonic_s(), *what))

    def note_books(self) -> None:
        fleet = self._shop.fleet
        self.note(describe(fleet))
        for tag in fleet.tags.values():
            tag.rouse()  # so that what the bridge knows of it is up to date
            self.note(tag.tag_id, tag.contacts, tag.battery.used_uc, tag.machine.to_json())
        for bridge in fleet.bridges.values():
            self.note(bridge.name, bridge.airtime_us)
            for at in bridge.air.tags.values():
                known = (at.tag_id, at.heard_at, at.lost, at.contacts, at.missed, at.signal_sum, at.told_dbm)
                self.note(*known, at.address, at.please_commission, sorted(at.waiting))


async def something_happens(shop: Any, chance: Random, revisions: dict[Any, int]) -> None:
    tag, bridge = chance.choice(shop.tags), chance.choice(list(shop.fleet.bridges))
    match chance.randrange(12):
        case 0:
            tag.reboot()
        case 1:
            tag.die()
        case 2:
            shop.fleet.revive_tags()
        case 3:
            shop.fleet.restart_bridge(bridge)
        case 4:
            shop.carrier.unplug(bridge)
            await shop.clock.sleep(chance.random() * 200)
            shop.carrier.replug(bridge)
        case 5:
            for tag in chance.sample(shop.tags, 4):
                shop.gateway.say(shop.gateway.bridge_of.get(tag.tag_id, bridge), Unassociate(tag.tag_id))
        case 6:
            for tag in chance.sample(shop.tags, 4):
                shop.gateway.say(shop.gateway.bridge_of.get(tag.tag_id, bridge), PleaseCommission(tag.tag_id))
        case 7 if chance.random() < 0.3:
            tag.factory_reset()
        case 8:
            shop.fleet.bridges[bridge].power_off()
            await shop.clock.sleep(chance.random() * 200)
            shop.fleet.bridges[bridge].power_on()
        case 9:
            tag.hears = list(reversed(tag.hears))
        case _:
            for tag in chance.sample(shop.tags, 4):
                if tag.tag_id in shop.gateway.keys and tag.tag_id in shop.gateway.bridge_of:
                    index = chance.randrange(len(tag.panels))
                    revisions[tag.tag_id, index] = revision = revisions.get((tag.tag_id, index), 0) + 1
                    planes = tuple(chance.randbytes(60) * (size // 60 + 1) for size in tag.panels[index].plane_sizes)
                    cut = tuple(map(lambda plane, size: plane[:size], planes, tag.panels[index].plane_sizes))
                    shop.gateway.show(tag.tag_id, tag.panels[index], revision, cut, index)
    await shop.clock.sleep(chance.random() ** 3 * 300)


def lived(
    in_shop: InShop,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
    *,
    eager: bool,
    firmware: Mapping[str, float] = MappingProxyType({}),
) -> tuple[list[Any], int]:
    """The trace, and how many calls were made for it."""

    async def story(shop: Any) -> tuple[list[Any], int]:
        with monkeypatch.context() as patch:
            trace = Trace(shop, patch)
            chance = generator(seed, "story")
            rates = MischiefRates(tag_reboot=5, bridge_restart=20, bridge_unplug=20)
            Mischief(shop.fleet, rates, shop.carrier.unplug, shop.carrier.replug)
            revisions: dict[Any, int] = {}
            while shop.clock.monotonic_s() < HOURS * 3600:
                await something_happens(shop, chance, revisions)
            await shop.clock.sleep(1000)
            trace.note_books()
            return trace.lines, shop.fleet.scheduler.calls

    lines, calls = in_shop(plan_of(seed, eager=eager, firmware=firmware), story)
    return lines, calls


@pytest.mark.parametrize("seed", SEEDS)
def test_a_fleet_that_rests_leaves_the_trace_of_one_that_runs_each_contact(
    in_shop: InShop, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    eager, eager_calls = lived(in_shop, monkeypatch, seed, eager=True)
    lazy, lazy_calls = lived(in_shop, monkeypatch, seed, eager=False)
    for mine, other in zip(lazy, eager, strict=False):
        assert mine == other
    assert len(lazy) == len(eager) > 500
    assert sum(line[1] == "drawn" for line in lazy) > 10
    assert lazy_calls < eager_calls * 0.9


@pytest.mark.parametrize("seed", range(1, 5))
def test_and_so_does_one_of_many_firmwares(in_shop: InShop, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    eager, _ = lived(in_shop, monkeypatch, seed, eager=True, firmware=FIRMWARE)
    lazy, _ = lived(in_shop, monkeypatch, seed, eager=False, firmware=FIRMWARE)
    for mine, other in zip(lazy, eager, strict=False):
        assert mine == other
    assert len(lazy) == len(eager) > 500


def test_the_calls_of_an_idle_day_do_not_grow_with_the_tags_and_the_books_say_that_all_were_there(
    in_shop: InShop,
) -> None:
    def idle_day(tags: int) -> int:
        async def story(shop: Any) -> int:
            await shop.clock.sleep(600)
            before, began_s = shop.fleet.scheduler.calls, shop.clock.monotonic_s()
            contacts = sum(tag.contacts for tag in shop.tags)
            heard = len(shop.gateway.heard)
            await shop.clock.sleep(86_400)
            said = [message for _, message in shop.gateway.heard[heard:]]
            assert {type(message) for message in said} <= {Airtime, Digest, Status}
            rows = [row for message in said if isinstance(message, Digest) for row in message.tags]
            assert all(row.missed == 0 and row.contacts in (4, 5, 6) for row in rows)
            assert sum(row.contacts for row in rows) == pytest.approx(tags * 1440, rel=0.01)
            assert sum(tag.contacts for tag in shop.tags) - contacts == pytest.approx(tags * 1440, abs=tags * 2)
            used_uc = 86_400 * 2.9 + 1440 * 109
            for tag in shop.tags:
                before_uc = tag.battery.used_uc
                tag.bring_up_to_date()
                assert tag.battery.used_uc - before_uc == pytest.approx(used_uc, rel=0.02)
            assert shop.clock.monotonic_s() == began_s + 86_400
            calls: int = shop.fleet.scheduler.calls - before
            return calls

        calls: int = in_shop(FleetPlan(tags=tags, bridges=2), story)
        return calls

    assert idle_day(200) <= idle_day(20) * 1.1
