"""Troubles of bridges: memory that is lost, spoiled or out of date, boxes that hang, clocks that are wrong."""

from typing import TYPE_CHECKING

from simulator.chance import Random
from simulator.faults import FaultRates
from simulator.world.lab.aims import Moment
from simulator.world.lab.troubles.trouble import Trouble
from simulator.world.lab.weather import Front

if TYPE_CHECKING:
    from simulator.world.lab.lab import Lab

DOUBTS_SHARE = 0.5
WAITS_FOR_A_DOUBT_S = 7200.0
CLOCK_OFF_S = (-3600.0, 3600.0)


async def restart(lab: "Lab", chance: Random) -> None:
    bridge = await lab.bridge_to_strike(chance)
    lab.hit("bridge.restart", bridge=bridge)
    lab.tell(f"{bridge} restarts and forgets everything")
    lab.world.fleet.restart_bridge(bridge)


async def storm(lab: "Lab", chance: Random) -> None:
    """As after a power dip, or a wave of updates: the whole shop's bridges within a minute."""
    await lab.moment(chance)
    within_s = chance.uniform(1.0, 60.0)
    lab.hit("bridge.storm")
    lab.tell(f"all bridges restart within {within_s:.0f} s")
    begun_s = lab.now_s
    for at_s, bridge in sorted((chance.random() * within_s, bridge) for bridge in lab.world.fleet.bridges):
        await lab.clock.sleep(max(0.0, begun_s + at_s - lab.now_s))
        lab.world.fleet.restart_bridge(bridge)


async def power_off(lab: "Lab", chance: Random) -> None:
    bridge = await lab.bridge_to_strike(chance)
    lasts_s = chance.uniform(30.0, 3600.0)
    lab.hit("bridge.power_off", bridge=bridge)
    lab.tell(f"{bridge} is without power for {lasts_s:.0f} s")
    box = lab.world.fleet.bridges[bridge]
    with lab.unplugged(bridge):
        box.power_off()
        try:
            await lab.clock.sleep(lasts_s)
        finally:
            box.power_on()


async def stale(lab: "Lab", chance: Random) -> None:
    """What the gateway said long ago comes to the bridge again, as from a cache that outlived its time."""
    bridge = await lab.bridge_to_strike(chance)
    said = lab.said_to(bridge)
    if not said:
        return
    lab.hit("bridge.stale_cache", bridge=bridge)
    again = [said[int(chance.random() * len(said))] for _ in range(5)]
    lab.tell(f"{bridge} takes {len(again)} old payloads out of a cache for new")
    for payload in again:
        lab.world.fleet.bridges[bridge].link_received(payload)


async def stale_words(lab: "Lab", chance: Random) -> None:
    """Tags' last words come to the gateway once more, often just after one of them has taken its words back."""
    bridge, delay_s, others = (
        lab.pick_bridge(chance),
        chance.uniform(0.0, 30.0),
        [lab.pick_tag(chance) for _ in range(3)],
    )
    if chance.random() < DOUBTS_SHARE:
        meant = next(iter(await lab.aims.next(Moment.DOUBT, WAITS_FOR_A_DOUBT_S)), None)
        await lab.clock.sleep(delay_s)
    else:
        meant = await lab.moment(chance)
    if (tag := lab.tag_of(meant)) is not None:
        bridge = tag.bridge_name or bridge
    lab.hit("bridge.stale_words", bridge=bridge)
    tags = [one for one in (tag, *others) if one is not None]
    words = [word for tag in tags for word in lab.sealed.last_of(tag.tag_id)]
    lab.tell(f"{bridge} says again {len(words)} things that {len(tags)} tags said before")
    for word in words:
        lab.world.fleet.bridges[bridge].say(word)


async def spoiled(lab: "Lab", chance: Random) -> None:
    bridge = await lab.bridge_to_strike(chance)
    lab.hit("bridge.spoiled_cache", bridge=bridge)
    flipped = lab.world.fleet.bridges[bridge].air.cache.spoil(chance.random)
    lab.tell(f"{flipped} pictures that {bridge} holds are spoiled")


async def slow(lab: "Lab", chance: Random) -> None:
    bridge = await lab.bridge_to_strike(chance)
    lasts_s, delay_s = chance.uniform(60.0, 900.0), chance.choice((1.0, 5.0, 30.0))
    lab.hit("bridge.slow", bridge=bridge)
    lab.tell(f"{bridge} is slow: {delay_s:g} s a payload, for {lasts_s:.0f} s")
    with lab.weather.over(Front(bridge, FaultRates(), delay_s)):
        await lab.clock.sleep(lasts_s)


async def wedge(lab: "Lab", chance: Random) -> None:
    """Looks alive, carries nothing, until somebody pulls its plug (radio and panel facts 8, row 12)."""
    bridge = await lab.bridge_to_strike(chance)
    lasts_s = chance.uniform(60.0, 1800.0)
    lab.hit("bridge.wedge", bridge=bridge)
    lab.tell(f"{bridge} hangs for {lasts_s:.0f} s, its link still open")
    try:
        with lab.weather.over(Front(bridge, FaultRates(loss=1.0))):
            await lab.clock.sleep(lasts_s)
    finally:
        lab.world.fleet.restart_bridge(bridge)


async def clock(lab: "Lab", chance: Random) -> None:
    bridge = await lab.bridge_to_strike(chance)
    off_s = chance.uniform(*CLOCK_OFF_S)
    lab.hit("bridge.clock", bridge=bridge)
    lab.tell(f"the clock of {bridge} jumps by {off_s:.0f} s")
    lab.world.fleet.bridges[bridge].shift_clock(off_s)


BRIDGE = (
    Trouble("bridge.restart", "a bridge reboots, its memory is empty", restart),
    Trouble("bridge.storm", "all bridges reboot within a minute", storm),
    Trouble("bridge.power_off", "a bridge is without power for up to an hour", power_off),
    Trouble("bridge.stale_cache", "a bridge takes old messages of the gateway for new", stale),
    Trouble("bridge.stale_words", "a bridge says again what tags said before", stale_words),
    Trouble("bridge.spoiled_cache", "pictures in a bridge's cache are spoiled", spoiled),
    Trouble("bridge.slow", "a bridge takes seconds for each payload", slow),
    Trouble("bridge.wedge", "a bridge hangs with its link open until its plug is pulled", wedge),
    Trouble("bridge.clock", "a bridge's clock jumps by up to an hour", clock),
)
