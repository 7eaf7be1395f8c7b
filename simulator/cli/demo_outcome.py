"""What a demo has to show for itself: counts, seconds, and a comparison of every glass with the independent render.

In: displays as the gateway tells of them, glasses as the fleet holds them, rows as they were sent. Out: one object.
Rule: a display counts as whole only if the gateway calls it proved and its glass is right to the pixel.
"""

import asyncio
import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from firmware_protocol import split_display_id
from simulator.assortment import Row
from simulator.cli.demo_limits import JUDGED_WITHIN_S, LOOK_EVERY_S
from simulator.cli.demo_shop import Shop, ShownDisplay
from simulator.cli.demo_story import Chapter
from simulator.clock import SystemClock
from simulator.fleet import Fleet

GLASSES_A_WORKER = 400  # the worker's own start, a second, is worth it from here on
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


async def compare_glass(shop: Shop, fleet: Fleet) -> tuple[list[ShownDisplay], list[str]]:
    """The displays, and those whose glass differs. Asked again for a while: time and prices may have just moved on."""
    clock = SystemClock()
    gives_up_s = clock.monotonic_s() + JUDGED_WITHIN_S
    settings = await shop.settings()
    while True:
        displays = await shop.displays()
        different = await _different(shop, settings, fleet, displays)
        if not different or clock.monotonic_s() > gives_up_s:
            return displays, different
        await clock.sleep(LOOK_EVERY_S)


async def _different(shop: Shop, settings: Row, fleet: Fleet, displays: Sequence[ShownDisplay]) -> list[str]:
    from simulator.world.demo_judge import GlassToJudge, different

    glasses = []
    for one in displays:
        tag_id, index = split_display_id(one.display_id)
        if one.revision is not None:
            planes = fleet.tags[tag_id].glasses[index].planes
            glasses.append(GlassToJudge(one.display_id, one.panel, one.template, one.barcodes, planes))
    if not glasses:
        return []
    sent = [(one.path, one.rows) for one in shop.sent]
    now = SystemClock().now()
    workers = min(os.cpu_count() or 1, -(-len(glasses) // GLASSES_A_WORKER))
    loop = asyncio.get_running_loop()
    spawn = multiprocessing.get_context("spawn")
    # Ctrl-C is the demo's own to answer.
    with ProcessPoolExecutor(workers, spawn, signal.signal, (signal.SIGINT, signal.SIG_IGN)) as pool:
        shares = [glasses[start::workers] for start in range(workers)]
        found = await asyncio.gather(
            *(loop.run_in_executor(pool, different, settings, sent, share, now) for share in shares)
        )
    return sorted(display_id for share in found for display_id in share)


def first_seconds() -> float:
    """How long this process has lived already; 0 where the kernel does not tell."""
    try:
        ticks = int(Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()[19])
        up_s = float(Path("/proc/uptime").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 0.0
    return max(0.0, up_s - ticks / os.sysconf("SC_CLK_TCK"))
