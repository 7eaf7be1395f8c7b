"""Troubles of the broker between gateway and bridges: what waited in it is gone, and everybody comes again."""

from contextlib import ExitStack
from typing import TYPE_CHECKING

from simulator.chance import Random
from simulator.faults import FaultRates
from simulator.world.lab.troubles.trouble import Trouble
from simulator.world.lab.weather import Front

if TYPE_CHECKING:
    from simulator.world.lab.lab import Lab


async def restart(lab: "Lab", chance: Random) -> None:
    await lab.moment(chance)
    lasts_s = chance.uniform(0.5, 60.0)
    lab.hit("broker.restart")
    lab.tell(f"the broker is away for {lasts_s:.1f} s; no bridge is heard")
    with ExitStack() as cables:
        for bridge in lab.world.fleet.bridges:
            cables.enter_context(lab.unplugged(bridge))
        await lab.clock.sleep(lasts_s)


async def lost_session(lab: "Lab", chance: Random) -> None:
    bridge = await lab.bridge_to_strike(chance)
    lab.hit("broker.lost_session", bridge=bridge)
    lab.tell(f"the broker has forgotten the session of {bridge}, which connects anew at once")
    with lab.unplugged(bridge):
        await lab.clock.sleep(0.05)


async def slow(lab: "Lab", chance: Random) -> None:
    await lab.moment(chance)
    lasts_s, delay_s = chance.uniform(60.0, 600.0), chance.choice((0.3, 2.0, 10.0))
    lab.hit("broker.slow")
    lab.tell(f"the broker is slow: {delay_s:g} s a payload, for {lasts_s:.0f} s")
    with ExitStack() as fronts:
        for bridge in lab.world.fleet.bridges:
            fronts.enter_context(lab.weather.over(Front(bridge, FaultRates(), delay_s)))
        await lab.clock.sleep(lasts_s)


BROKER = (
    Trouble("broker.restart", "the broker restarts; what waited in it is gone", restart),
    Trouble("broker.lost_session", "the broker forgets one bridge's session", lost_session),
    Trouble("broker.slow", "the broker takes seconds for each payload", slow),
)
