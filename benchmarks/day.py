"""A whole shop's day against the real gateway, on virtual time: 10,000 tags, 24 hours, 20,000 changed prices.

    python -m benchmarks.day [--tags 10000] [--hours 24] [--changes 20000] [--json]

Before the day: tags commissioned, every label bound and proved. The day: three fifths of the changes in one batch at
six in the morning, the rest spread from eight to twenty in updates of 50 rows; of changes of one price within one batch
only the last is seen, so proofs are fewer. After it: every label proved, no proof that the glass did not show. Baseline
of the same run: the day's contacts as bare heap events with nothing in them.
"""

import argparse
import os
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from benchmarks.fleet import bare_events, tell
from simulator.clock import VirtualClock
from simulator.fleet import FleetPlan
from simulator.virtual_time import run
from simulator.world import World
from simulator.world.lab.certificate import run_quietly
from simulator.world.memory_folder import memory_folder

TAGS_PER_BRIDGE = 500
ROWS_AT_ONCE = 1_000
ROWS_AN_UPDATE = 50
MORNING_SHARE = 0.6
MORNING_HOUR, OPENS_HOUR, CLOSES_HOUR = 6.0, 8.0, 20.0
SETTLED_WITHIN_S = 12 * 3600.0
START = datetime(2026, 3, 2, tzinfo=UTC)


@dataclass(slots=True)
class Spent:
    """Processor and wall seconds of one stage."""

    cpu_s: float
    wall_s: float


class Stopwatch:
    def __init__(self) -> None:
        self.stages: dict[str, Spent] = {}
        self._cpu_s, self._wall_s = time.process_time(), time.perf_counter()

    def over(self, stage: str) -> None:
        cpu_s, wall_s = time.process_time(), time.perf_counter()
        self.stages[stage] = Spent(cpu_s - self._cpu_s, wall_s - self._wall_s)
        self._cpu_s, self._wall_s = cpu_s, wall_s
        Console(stderr=True).print(f"{stage}: {self.stages[stage].wall_s:.1f} s")


def row(number: int, turn: int) -> dict[str, object]:
    """A product whose price differs from turn to turn."""
    return {"barcode": f"SKU-{number}", "name": f"Proizvod {number}", "price": f"{1 + number % 90}.{10 + turn % 90}"}


def changes(products: int, count: int) -> Iterator[dict[str, object]]:
    """Every product in its turn, as often as it takes."""
    return (row(number % products, 1 + number // products) for number in range(count))


def slices(rows: list[dict[str, object]], size: int) -> Iterator[list[dict[str, object]]]:
    return (rows[start : start + size] for start in range(0, len(rows), size))


async def a_day(clock: VirtualClock, folder: Path, tags: int, hours: float, count: int) -> dict[str, object]:
    watch = Stopwatch()
    plan = FleetPlan(tags=tags, bridges=max(1, tags // TAGS_PER_BRIDGE))
    async with World.open(clock, folder, plan) as world:
        for rows in slices([row(number, 0) for number in range(tags)], ROWS_AT_ONCE):
            await world.add(*rows)
        await world.bind_all()
        await world.run_until_quiet(SETTLED_WITHIN_S)
        watch.over("made")
        proofs, calls = len(world.proofs), world.scheduler.calls
        contacts = sum(tag.contacts for tag in world.fleet.tags.values())
        begins_s = clock.monotonic_s()
        all_rows = list(changes(tags, count))
        morning = round(count * MORNING_SHARE)
        await clock.sleep(MORNING_HOUR / 24 * hours * 3600)
        session = await world.batch(all_rows[:morning])
        updates = list(slices(all_rows[morning:], ROWS_AN_UPDATE))
        for number, rows in enumerate(updates):
            at_hour = OPENS_HOUR + (CLOSES_HOUR - OPENS_HOUR) * number / len(updates)
            await clock.sleep(max(0.0, begins_s + at_hour / 24 * hours * 3600 - clock.monotonic_s()))
            await world.update(*rows)
        await clock.sleep(max(0.0, begins_s + hours * 3600 - clock.monotonic_s()))
        watch.over("day")
        status = await world.status(session)
        unproved = await world.unproved()
        false = len(await world.false_proofs())
        contacts = sum(tag.contacts for tag in world.fleet.tags.values()) - contacts
        day = watch.stages["day"]
        proved = len(world.proofs) - proofs
        event_s = bare_events()
        return {
            "tags": tags,
            "hours": hours,
            "changes": count,
            "proofs": proved,
            "morning": f"{status['status']}, {status['tagsConfirmed']} of {status['tagsTotal']} confirmed",
            "unproved_at_the_end": len(unproved),
            "false_proofs": false,
            "seconds": round(day.wall_s, 1),
            "cpu_seconds": round(day.cpu_s, 1),
            "making_seconds": round(watch.stages["made"].wall_s, 1),
            "contacts": contacts,
            "events": world.scheduler.calls - calls,
            "microseconds_per_event": round(day.cpu_s / max(world.scheduler.calls - calls, 1) * 1e6, 1),
            "milliseconds_per_proof": round(day.cpu_s / max(proved, 1) * 1e3, 2),
            "ratio_to_bare_heap_events": round(day.cpu_s / (event_s * contacts), 2),
            "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
            "cpus": os.cpu_count(),
            "load": os.getloadavg()[0],
            "python": sys.version.split()[0],
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tags", type=int, default=10_000)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--changes", type=int, default=20_000)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    run_quietly()
    with memory_folder("esl-day-") as name:

        async def day(clock: VirtualClock) -> dict[str, object]:
            return await a_day(clock, Path(name) / "data", chosen.tags, chosen.hours, chosen.changes)

        tell(run(day, start_utc=START), as_json=chosen.json)


if __name__ == "__main__":
    main()
