"""Blind spots: what happens to a glass without any electronics that could perceive it, but by how long a refresh took.

Why they are apart: no promise can range over them (docs/architecture.md, "Where proof ends"). They change what a
shopper sees (`Glass.seen`), never where the tag put ink; the scenario `blind-spots` holds them.
"""

from typing import TYPE_CHECKING

from firmware_protocol import PANELS
from simulator.chance import Random
from simulator.tag import VirtualTag
from simulator.world.lab.troubles.trouble import Trouble

if TYPE_CHECKING:
    from simulator.world.lab.lab import Lab

ROWS_SHARE_MAX = 0.2  # of the glass's height


async def _strike_rows(lab: "Lab", kind: str, chance: Random) -> tuple[VirtualTag, tuple[int, int]] | None:
    """A tag, and rows of its glass: the first, and the one behind the last."""
    tag = await lab.aim(kind, chance)
    if tag is None:
        return None
    height_px = tag.panels[0].height_px
    first = int(chance.random() * height_px)
    return tag, (first, min(height_px, first + 1 + int(chance.random() * ROWS_SHARE_MAX * height_px)))


async def dead_rows(lab: "Lab", chance: Random) -> None:
    if (struck := await _strike_rows(lab, "glass.dead_rows", chance)) is not None:
        tag, (first, end) = struck
        tag.glasses[0].dead_rows = (first, end)
        lab.tell(f"rows {first} to {end} of the glass of {tag.tag_id} take no ink any more")


async def blotch(lab: "Lab", chance: Random) -> None:
    if (struck := await _strike_rows(lab, "glass.blotch", chance)) is not None:
        tag, (first, end) = struck
        tag.glasses[0].blotch = (first, end)
        lab.tell(f"something presses on {tag.tag_id}: rows {first} to {end} are white until its next refresh")


async def wrong_panel(lab: "Lab", chance: Random) -> None:
    """Of the same size and with other colours; somebody notices it in the end."""
    which, lasts_s = chance.random(), chance.uniform(600.0, 7200.0)
    tag = await lab.aim("glass.wrong_panel", chance)
    if tag is None or tag.glasses[0].built_as is not None:
        return
    glass = tag.glasses[0]
    inches = glass.panel.name.partition("-")[0]
    others = [one for one in PANELS.values() if one.name.startswith(f"{inches}-") and one is not glass.panel]
    glass.built_as = others[int(which * len(others))]
    lab.tell(
        f"{tag.tag_id} is repaired with a {glass.built_as.name}, and goes on saying that it is a {glass.panel.name}"
    )
    try:
        await lab.clock.sleep(lasts_s)
    finally:
        glass.built_as = None


GLASS = (
    Trouble("glass.dead_rows", "rows of a glass take no ink any more", dead_rows),
    Trouble("glass.blotch", "a picture is damaged after it was drawn and checked", blotch),
    Trouble("glass.wrong_panel", "another glass hangs behind the panel that a tag declares", wrong_panel),
)
