"""Troubles of the links between gateway and bridges: each hangs over one bridge for a while."""

from typing import TYPE_CHECKING

from simulator.chance import Random
from simulator.faults import FaultRates
from simulator.world.lab.troubles.trouble import Trouble
from simulator.world.lab.weather import Front

if TYPE_CHECKING:
    from simulator.world.lab.lab import Lab

LASTS_S = (60.0, 900.0)


async def _hangs(lab: "Lab", chance: Random, kind: str, rates: FaultRates, delay_s: float, words: str) -> None:
    bridge = await lab.bridge_to_strike(chance)
    lasts_s = chance.uniform(*LASTS_S)
    lab.hit(kind, bridge=bridge)
    lab.tell(f"{words} on the link of {bridge}, for {lasts_s:.0f} s")
    with lab.weather.over(Front(bridge, rates, delay_s)):
        for _ in range(3):
            await lab.clock.sleep(lasts_s / 3)
            lab.hit(kind, bridge=bridge)


async def loss(lab: "Lab", chance: Random) -> None:
    rate = chance.choice((0.05, 0.2, 0.5))
    await _hangs(lab, chance, "network.loss", FaultRates(loss=rate), 0.0, f"{rate:.0%} of payloads are lost")


async def duplicate(lab: "Lab", chance: Random) -> None:
    rate = chance.choice((0.1, 0.5))
    await _hangs(lab, chance, "network.duplicate", FaultRates(duplication=rate), 0.0, f"{rate:.0%} come twice")


async def reorder(lab: "Lab", chance: Random) -> None:
    rate = chance.choice((0.1, 0.5))
    await _hangs(lab, chance, "network.reorder", FaultRates(reordering=rate), 0.0, f"{rate:.0%} are overtaken")


async def corruption(lab: "Lab", chance: Random) -> None:
    rate = chance.choice((0.05, 0.3))
    await _hangs(lab, chance, "network.corruption", FaultRates(corruption=rate), 0.0, f"{rate:.0%} arrive damaged")


async def delay(lab: "Lab", chance: Random) -> None:
    seconds = chance.choice((0.5, 3.0, 20.0))
    await _hangs(lab, chance, "network.delay", FaultRates(), seconds, f"everything takes {seconds:g} s longer")


async def burst(lab: "Lab", chance: Random) -> None:
    bridge = await lab.bridge_to_strike(chance)
    lasts_s = chance.uniform(2.0, 30.0)
    lab.hit("network.burst", bridge=bridge)
    lab.tell(f"for {lasts_s:.0f} s nothing comes through on the link of {bridge}")
    with lab.weather.over(Front(bridge, FaultRates(loss=1.0))):
        await lab.clock.sleep(lasts_s)


async def partition(lab: "Lab", chance: Random) -> None:
    bridge = await lab.bridge_to_strike(chance)
    lasts_s = chance.uniform(5.0, 1800.0)
    lab.hit("network.partition", bridge=bridge)
    lab.tell(f"the cable of {bridge} is out for {lasts_s:.0f} s, its power stays on")
    with lab.unplugged(bridge):
        await lab.clock.sleep(lasts_s)


NETWORK = (
    Trouble("network.loss", "a share of the payloads is lost", loss),
    Trouble("network.burst", "nothing comes through for some seconds", burst),
    Trouble("network.delay", "everything takes longer", delay),
    Trouble("network.reorder", "payloads overtake each other", reorder),
    Trouble("network.duplicate", "payloads come twice, at once or late", duplicate),
    Trouble("network.corruption", "payloads arrive with flipped bits or cut short", corruption),
    Trouble("network.partition", "a bridge is cut off from the gateway, and lives on", partition),
)
