"""What a day of an idle fleet costs, and how cost and memory grow with the tags.

    python -m benchmarks.fleet [--tags 10000] [--hours 24] [--most 100000] [--json]

Fleet alone: tags that have keys and bridges that are welcomed and told of their tags, as the morning after the first
day; what the bridges say leaves them as payloads that nobody reads. Baseline of the same run: the same number of
contacts as bare heap events, pushed and popped with nothing in them (a million are measured). Each size runs in a
process of its own, because memory is counted by its peak.
"""

import argparse
import gc
import heapq
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from math import log2
from pathlib import Path

from firmware_protocol.keys import SessionKeys
from firmware_protocol.link import DownMessage, pack_payloads, unpack_up_payload
from firmware_protocol.link.messages import Associate, TagSeen, Welcome
from simulator.bridge import VirtualBridge
from simulator.chance import unit
from simulator.clock import VirtualClock
from simulator.fleet import Fleet, FleetPlan
from simulator.schedule import Scheduler
from simulator.virtual_time import run

TAGS_PER_BRIDGE = 500
SETTLED_AFTER_S = 300.0  # every tag has reported and is known where it is
BASELINE_EVENTS = 1_000_000
WAITING_EVENTS = 10_000  # in the heap of the baseline at a time
START = datetime(2026, 3, 2, tzinfo=UTC)


@dataclass(slots=True)
class Landing:
    """The gateway's end of one bridge, of as few words as let its tags rest."""

    bridge: VirtualBridge
    payloads: int = 0
    reads: bool = True
    said: int = 0

    def send(self, payload: bytes, *, hello: bool) -> None:
        self.payloads += 1
        if self.reads and not hello:
            seen = (message for message in unpack_up_payload(payload).messages if isinstance(message, TagSeen))
            self.say(*(Associate(message.tag_id, 1, 1) for message in seen))

    def say(self, *messages: DownMessage) -> None:
        for payload in pack_payloads(messages, self.said):
            self.bridge.link_received(payload)
        self.said += len(messages)


def seconds_of(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


async def idle(clock: VirtualClock, tags: int, hours: float, commissioned: bool) -> dict[str, float]:
    gc.collect()
    empty_mb = resident_mb()
    fleet_made = time.process_time()
    fleet = Fleet(FleetPlan(tags=tags, bridges=max(1, tags // TAGS_PER_BRIDGE)), Scheduler(clock))
    landings = [Landing(bridge) for bridge in fleet.bridges.values()]
    if commissioned:
        for number, tag in enumerate(fleet.tags.values()):
            tag.machine.memory.keys = SessionKeys(number.to_bytes(16), bytes(8), number.to_bytes(16), bytes(8))
    fleet.switch_on()
    for landing in landings if commissioned else []:
        landing.bridge.link_opened(landing)
        landing.say(Welcome(landing.bridge.boot_id, b"run-0001", 0))
    made_s = time.process_time() - fleet_made
    await clock.sleep(SETTLED_AFTER_S)
    for landing in landings:
        landing.reads = False
    contacts, calls = sum(tag.contacts for tag in fleet.tags.values()), fleet.scheduler.calls
    began = time.process_time()
    await clock.sleep(hours * 3600)
    cpu_s = time.process_time() - began
    return {
        "tags": tags,
        "made_s": made_s,
        "cpu_s": cpu_s,
        "contacts": sum(tag.contacts for tag in fleet.tags.values()) - contacts,
        "events": fleet.scheduler.calls - calls,
        "payloads": sum(landing.payloads for landing in landings),
        "memory_mb": resident_mb() - empty_mb,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def bare_events() -> float:
    """Seconds of one heap event in which nothing happens."""
    heap = [(unit(1, number) * 60, number, None) for number in range(WAITING_EVENTS)]
    heapq.heapify(heap)

    def work() -> None:
        for _ in range(BASELINE_EVENTS):
            at_s, number, call = heapq.heappop(heap)
            heapq.heappush(heap, (at_s + 60.0, number, call))

    return seconds_of(work) / BASELINE_EVENTS


def in_own_process(tags: int, hours: float, *, commissioned: bool = True) -> dict[str, float]:
    order = json.dumps({"tags": tags, "hours": hours, "commissioned": commissioned})
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.fleet", "--one", order], capture_output=True, text=True, check=True
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def measure(tags: int, hours: float, most: int) -> dict[str, object]:
    event_s = bare_events()
    day = in_own_process(tags, hours)
    sizes = [size for size in (1_000, 10_000, 100_000) if size <= most]
    grown = [in_own_process(size, 1.0) for size in sizes]
    new = in_own_process(most, 1.0, commissioned=False)
    n_log_n = [one["tags"] * log2(one["tags"]) for one in grown]
    return {
        "tags": tags,
        "hours": hours,
        "contacts": round(day["contacts"]),
        "cpu_seconds": round(day["cpu_s"], 2),
        "ratio_to_bare_heap_events": round(day["cpu_s"] / (event_s * day["contacts"]), 3),
        "microseconds_per_contact": round(day["cpu_s"] / day["contacts"] * 1e6, 3),
        "microseconds_per_bare_event": round(event_s * 1e6, 3),
        "events": round(day["events"]),
        "payloads": round(day["payloads"]),
        "hour_cpu_seconds": {str(size): round(one["cpu_s"], 3) for size, one in zip(sizes, grown, strict=True)},
        "growth_over_n_log_n": round(grown[-1]["cpu_s"] / grown[0]["cpu_s"] / (n_log_n[-1] / n_log_n[0]), 3),
        "making_seconds": {str(size): round(one["made_s"], 2) for size, one in zip(sizes, grown, strict=True)},
        "peak_memory_mb": {str(size): round(one["peak_mb"]) for size, one in zip(sizes, grown, strict=True)},
        "octets_per_tag": round(grown[-1]["memory_mb"] * 2**20 / grown[-1]["tags"]),
        "peak_memory_mb_factory_new": {str(most): round(new["peak_mb"])},
        "cpus": os.cpu_count(),
        "load": os.getloadavg()[0],
        "python": sys.version.split()[0],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tags", type=int, default=10_000)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--most", type=int, default=100_000, help="the largest fleet of the growth")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        order = json.loads(chosen.one)
        figures = run(lambda clock: idle(clock, **order), start_utc=START)
        json.dump(figures, sys.stdout)
        return
    tell(measure(chosen.tags, chosen.hours, chosen.most), as_json=chosen.json)


def tell(told: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(told))
    else:
        for name, figure in told.items():
            print(f"{name:28} {figure}")


if __name__ == "__main__":
    main()
