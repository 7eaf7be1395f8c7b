"""What a demo has to show for itself: counts, seconds, and a comparison of every glass with the independent render.

In: displays as the gateway tells of them, glasses as the fleet holds them, rows as they were sent. Out: one object.
Rule: a display counts as whole only if the gateway calls it proved and its glass is right to the pixel.
"""

import asyncio
import multiprocessing
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from firmware_protocol import split_display_id
from simulator.assortment import Row
from simulator.cli.demo_limits import JUDGED_WITHIN_S, LOOK_EVERY_S
from simulator.cli.demo_shop import Shop, ShownDisplay
from simulator.cli.demo_story import Chapter
from simulator.clock import SystemClock
from simulator.fleet import Fleet

if TYPE_CHECKING:
    from simulator.world.demo_judge import GlassToJudge

GLASSES_A_WORKER = 50  # a worker's own start, a second, is worth it from here on
GLASSES_A_SHARE = 10  # so that the bar moves
REASONS_SHOWN = 5


@dataclass(slots=True)
class Outcome:
    """`different` None: the glasses were not compared."""

    products: int
    displays: list[ShownDisplay] = field(default_factory=list)
    different: list[str] | None = None
    story: list[Chapter] = field(default_factory=list)
    phases: Mapping[str, float] = field(default_factory=dict)
    first_green_s: float | None = None
    seconds: float = 0.0

    @property
    def bound(self) -> list[ShownDisplay]:
        return [one for one in self.displays if one.barcodes]

    @property
    def missing(self) -> dict[str, str]:
        """Why each bound display that is not proved is not."""
        return {one.display_id: one.reason or "not_yet" for one in self.bound if not one.confirmed}

    @property
    def is_whole(self) -> bool:
        healed = all(one.healed for one in self.story)
        return bool(self.bound) and not self.missing and self.different == [] and healed

    def to_json(self) -> Row:
        judged = sum(one.revision is not None for one in self.displays) if self.different is not None else 0
        different = self.different or []
        return {
            "products": self.products,
            "tags_total": len(self.bound),
            "tags_confirmed": len(self.bound) - len(self.missing),
            "glass_equal": judged - len(different),
            "glass_different": len(different),
            "seconds": self.seconds,
            "first_green_seconds": self.first_green_s,
            "phases": dict(self.phases),
            "missing": self.missing,
            "different": different,
            "story": [
                {"break": one.name, "waited": one.waited, "seconds": round(one.seconds, 2), "healed": one.healed}
                for one in self.story
            ],
        }

    def words(self) -> list[str]:
        total, missing = len(self.bound), self.missing
        lines = [f"{total - len(missing)} of {total} labels prove their price ({self.products} products sent)."]
        if missing:
            reasons = Counter(missing.values()).most_common(REASONS_SHOWN)
            lines.append("Missing: " + ", ".join(f"{count} {reason}" for reason, count in reasons) + ".")
        if self.different is not None:
            lines.append(
                f"Not like the independent render: {', '.join(self.different[:REASONS_SHOWN])}."
                if self.different
                else "Every glass equals the independent render, pixel by pixel."
            )
        return lines

    def timing(self) -> str:
        green = f"{self.first_green_s:.1f} s" if self.first_green_s is not None else "none came"
        return f"From start to the first green label: {green}; until here: {self.seconds:.1f} s."


async def compare_glass(
    shop: Shop, fleet: Fleet, show: Callable[[int, int], None]
) -> tuple[list[ShownDisplay], list[str]]:
    """The displays, and those whose glass differs: looked at again for a while, since prices may have just moved on.

    `show` hears how many glasses of how many have been drawn a second time.
    """
    from simulator.world import demo_judge

    clock = SystemClock()
    gives_up_s = clock.monotonic_s() + JUDGED_WITHIN_S
    settings = await shop.settings()
    sent = [(one.path, one.rows) for one in shop.sent]
    displays = await shop.displays()
    doubtful = _glasses(fleet, displays)
    total, done = len(doubtful), 0
    workers = max(1, min(os.cpu_count() or 1, -(-total // GLASSES_A_WORKER)))
    spawn = multiprocessing.get_context("spawn")
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(workers, spawn, demo_judge.begin, (settings, sent)) as pool:
        while doubtful:
            now = clock.now()
            shares = [doubtful[start : start + GLASSES_A_SHARE] for start in range(0, len(doubtful), GLASSES_A_SHARE)]
            judging = [loop.run_in_executor(pool, demo_judge.different, share, now) for share in shares]
            for one in judging:  # who is stopped meanwhile does not wait for their answers
                one.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
            different: list[str] = []
            for share, verdict in zip(shares, judging, strict=True):
                found = await verdict
                different += found
                done += len(share) - len(found)
                show(done, total)
            if not different or clock.monotonic_s() > gives_up_s:
                return displays, sorted(different)
            await clock.sleep(LOOK_EVERY_S)
            displays = await shop.displays()
            doubtful = _glasses(fleet, [one for one in displays if one.display_id in different])
    return displays, []


def _glasses(fleet: Fleet, displays: Sequence[ShownDisplay]) -> "list[GlassToJudge]":
    """Those that should show something."""
    from simulator.world.demo_judge import GlassToJudge

    found = []
    for one in displays:
        tag_id, index = split_display_id(one.display_id)
        if one.revision is not None:
            planes = fleet.tags[tag_id].glasses[index].planes
            found.append(GlassToJudge(one.display_id, one.panel, one.template, one.barcodes, planes))
    return found


def first_seconds() -> float:
    """How long this process has lived already; 0 where the kernel does not tell."""
    try:
        ticks = int(Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()[19])
        up_s = float(Path("/proc/uptime").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 0.0
    return max(0.0, up_s - ticks / os.sysconf("SC_CLK_TCK"))
