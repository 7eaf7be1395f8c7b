"""Troubles of tags and their glass: what shoppers, cold, age and bad solder do to them."""

from typing import TYPE_CHECKING

from msgspec.structs import replace

from simulator.chance import Random
from simulator.world.lab.troubles.trouble import Trouble

if TYPE_CHECKING:
    from simulator.world.lab.lab import Lab

WAITS_FOR_A_REFRESH_S = 180.0
WHILE_DRAWN_SHARE = 0.5
WEAK_USED_SHARE = 1.0  # of the cell: its inner resistance is at its highest


async def reboot(lab: "Lab", chance: Random) -> None:
    tag = await lab.aim("tag.reboot", chance)
    if tag is not None:
        lab.tell(f"{tag.tag_id} reboots: its RAM is lost, a refresh under way stops half-way")
        lab.world.fleet.reboot_tag(tag.tag_id)


async def dead(lab: "Lab", chance: Random) -> None:
    silent_s = chance.uniform(300.0, 7200.0)
    tag = await lab.aim("tag.dead", chance)
    if tag is None or not tag.alive:
        return
    lab.tell(f"{tag.tag_id} is silent for {silent_s:.0f} s")
    tag.die()
    try:
        await lab.clock.sleep(silent_s)
    finally:
        tag.revive()


async def factory_reset(lab: "Lab", chance: Random) -> None:
    tag = await lab.aim("tag.factory_reset", chance)
    if tag is not None:
        lab.tell(f"somebody resets {tag.tag_id} with a pin")
        lab.glass_is_untold(tag)
        tag.factory_reset()


async def torn_flash(lab: "Lab", chance: Random) -> None:
    """Often while its glass is drawn, from that very picture."""
    share, waits_s, which, while_drawn = chance.random(), chance.uniform(0.0, 8.0), chance.random(), chance.random()
    any_tag, display = lab.pick_tag(chance), await lab.moment(chance)
    tag = lab.tag_of(display) or any_tag
    if tag is None or not tag.alive:
        return
    if while_drawn < WHILE_DRAWN_SHARE:
        if not await lab.soon(lab.aims.refresh_of(tag), WAITS_FOR_A_REFRESH_S):
            return
        await lab.clock.sleep(waits_s)
    if lab.tear_flash(tag, which, share):
        lab.tell(f"a write to the flash of {tag.tag_id} is torn: a picture lacks its end, and the tag reboots")
        lab.hit("tag.torn_flash", tag=tag)
        lab.world.fleet.reboot_tag(tag.tag_id)


async def button_page(lab: "Lab", chance: Random) -> None:
    tag = await lab.aim("tag.button_page", chance)
    if tag is not None:
        lab.tell(f"somebody presses the button of {tag.tag_id}: a page of its own takes the glass")
        lab.glass_is_untold(tag)
        tag.show_own_page()


async def frozen(lab: "Lab", chance: Random) -> None:
    celsius, lasts_s = chance.choice((-15, 0, 4)), chance.uniform(600.0, 7200.0)
    tag = await lab.aim("tag.cold", chance)
    if tag is None:
        return
    lab.tell(f"{tag.tag_id} lies in a freezer at {celsius} degrees for {lasts_s:.0f} s")
    was, tag.temperature_c = tag.temperature_c, celsius
    try:
        await lab.clock.sleep(lasts_s)
    finally:
        tag.temperature_c = was


async def weak_cell(lab: "Lab", chance: Random) -> None:
    """A boot loop: after each reboot the tag draws what it was ordered, which is too much for its cell once more."""
    lasts_s = chance.uniform(300.0, 7200.0)
    tag = await lab.aim("tag.weak_cell", chance)
    if tag is None or tag.battery.browns_out(tag.temperature_c):
        return
    lab.tell(
        f"the cell of {tag.tag_id} is nearly empty: each refresh is a boot loop, until it is changed in {lasts_s:.0f} s"
    )
    taken_uc = tag.battery.capacity_uc * WEAK_USED_SHARE - tag.battery.used_uc
    tag.battery.spend(taken_uc)
    try:
        await lab.clock.sleep(lasts_s)
    finally:
        tag.battery.spend(-taken_uc)


async def swapped(lab: "Lab", chance: Random) -> None:
    """Each is heard by other bridges now, and shows the price of the wrong product: that, no electronics perceive."""
    lasts_s, other = chance.uniform(600.0, 7200.0), lab.pick_tag(chance)
    if other is None:
        return
    tag = await lab.aim("tag.swapped", chance)
    if tag is None or tag is other or lab.out_of_place & {tag.tag_id, other.tag_id}:
        return
    lab.tell(f"somebody puts {tag.tag_id} where {other.tag_id} hung, and that one in its place, for {lasts_s:.0f} s")
    lab.trade_places(tag, other)
    try:
        await lab.clock.sleep(lasts_s)
    finally:
        lab.trade_places(tag, other)


async def stolen(lab: "Lab", chance: Random) -> None:
    """Unlike one that is silent it lives on: what it was told before, it still knows when it is back."""
    lasts_s = chance.uniform(300.0, 7200.0)
    tag = await lab.aim("tag.stolen", chance)
    if tag is None or tag.tag_id in lab.out_of_place:
        return
    lab.tell(f"somebody walks out with {tag.tag_id}, and brings it back after {lasts_s:.0f} s")
    lab.out_of_place.add(tag.tag_id)
    heard, tag.hears = tag.hears, []
    try:
        await lab.clock.sleep(lasts_s)
    finally:
        tag.hears = heard
        lab.out_of_place.discard(tag.tag_id)


async def doubled(lab: "Lab", chance: Random) -> None:
    """What waits for the one at a bridge, the other may hear in its place; none of it opens there."""
    lasts_s = chance.uniform(120.0, 3600.0)
    tag = await lab.aim("tag.doubled", chance)
    if tag is None:
        return
    lab.tell(f"another tag that calls itself {tag.tag_id} is switched on beside it, for {lasts_s:.0f} s")
    double = lab.world.fleet.double_of(tag.tag_id)
    double.switch_on(0.0)
    try:
        await lab.clock.sleep(lasts_s)
    finally:
        double.die()
        double.hears = []


async def _refreshes_go_wrong(lab: "Lab", chance: Random, fate: str, words: str) -> None:
    """Half of all refreshes of the shop, for a while."""
    lasts_s = chance.uniform(120.0, 900.0)
    await lab.moment(chance)
    lab.hit(f"tag.{fate}")
    lab.tell(f"half of all refreshes {words}, for {lasts_s:.0f} s")
    around = lab.world.fleet.around
    around.refresh_rates = replace(around.refresh_rates, **{fate: 0.5})
    try:
        for _ in range(3):
            await lab.clock.sleep(lasts_s / 3)
            lab.hit(f"tag.{fate}")
    finally:
        around.refresh_rates = replace(around.refresh_rates, **{fate: 0.0})


async def busy_missing(lab: "Lab", chance: Random) -> None:
    await _refreshes_go_wrong(lab, chance, "busy_missing", "draw nothing and never raise BUSY")


async def busy_short(lab: "Lab", chance: Random) -> None:
    await _refreshes_go_wrong(lab, chance, "busy_short", "are cut off early")


async def busy_long(lab: "Lab", chance: Random) -> None:
    await _refreshes_go_wrong(lab, chance, "busy_long", "never let go of BUSY")


async def brown_out(lab: "Lab", chance: Random) -> None:
    await _refreshes_go_wrong(lab, chance, "brown_out", "pull the cell below its limit")


TAG = (
    Trouble("tag.reboot", "a tag loses its RAM, half-way through whatever it did", reboot),
    Trouble("tag.dead", "a tag is silent for up to two hours", dead),
    Trouble("tag.factory_reset", "a tag loses its memory, its glass stays as it is", factory_reset),
    Trouble("tag.torn_flash", "a write to flash is torn: a picture lacks its end, and the tag reboots", torn_flash),
    Trouble("tag.button_page", "a page of the tag's own takes the glass", button_page),
    Trouble("tag.cold", "a tag in a freezer: refreshes take up to three times as long", frozen),
    Trouble("tag.weak_cell", "a tag's cell is nearly empty: it reboots at each refresh, in a loop", weak_cell),
    Trouble("tag.swapped", "two tags hang in each other's place, and other bridges hear them", swapped),
    Trouble("tag.stolen", "a tag is carried out of every bridge's reach, its RAM alive, and brought back", stolen),
    Trouble("tag.doubled", "another tag has the same TagId, and a factory code that nobody knows", doubled),
    Trouble("tag.busy_missing", "refreshes draw nothing and never raise BUSY", busy_missing),
    Trouble("tag.busy_short", "refreshes are cut off early", busy_short),
    Trouble("tag.busy_long", "refreshes never let go of BUSY", busy_long),
    Trouble("tag.brown_out", "refreshes pull the cell below its limit: half-drawn, and a reboot", brown_out),
)
