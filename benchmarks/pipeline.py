"""Rows per second from the first octet of the first push to the last proof, as a ratio to a floor of the same run.

    python -m benchmarks.pipeline [--rows 10950] [--displays 2000] [--runs 3] [--json]

Real: an `esl serve` with its own broker, and an `esl simulate` whose radio and panels take no time, each in processes
of its own. Floor: the same rows, labels and octets with nothing around them (`benchmarks/floor.py`), its stages one
after the other. Real and floor take turns; what is told is the run with the median ratio. On a machine that does
something else besides, believe the ratio and the processor seconds.
"""

import argparse
import asyncio
import json
import os
import platform
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.floor import FloorRun, run_floor
from benchmarks.price_rows import PriceLists, price_lists
from benchmarks.real_pipeline import RealRun, run_real


@dataclass(frozen=True, slots=True)
class Pair:
    real: RealRun
    floor: FloorRun

    @property
    def ratio(self) -> float:
        return self.real.seconds / self.floor.seconds


async def measure(lists: PriceLists, displays: int) -> Pair:
    with tempfile.TemporaryDirectory(prefix="esl-bench-") as name:
        real = await run_real(lists, displays, Path(name))
        floor = await run_floor(lists, real.requests, Path(name))
    if real.confirmed != displays:
        raise RuntimeError(f"{real.confirmed} of {displays} displays were confirmed")
    return Pair(real, floor)


def report(pair: Pair, ratios: list[float], rows: int, displays: int) -> dict[str, object]:
    real, floor = pair.real, pair.floor
    return {
        "rows": rows,
        "displays": displays,
        "ratio_to_floor": round(pair.ratio, 2),
        "rows_per_second": round(rows / real.seconds),
        "seconds": round(real.seconds, 3),
        "stage_over_after_seconds": _rounded(real.stages),
        "floor_seconds": round(floor.seconds, 3),
        "floor_stage_seconds": _rounded(floor.stages),
        "cpu_seconds": _rounded(real.cpu_s),
        "peak_memory_mb": {name: round(size) for name, size in real.peak_mb.items()},
        "offers": real.offers,
        "picture_octets": floor.octets,
        "ratios": [round(one, 2) for one in ratios],
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
    }


def say(found: dict[str, object], pair: Pair) -> None:
    real, floor = pair.real, pair.floor
    print(f"{found['rows']} rows, {found['displays']} displays: {found['rows_per_second']} rows a second,")
    print(f"{real.seconds:.2f} s, {pair.ratio:.2f} x the floor of {floor.seconds:.2f} s (all runs: {found['ratios']})")
    print("real, seconds since the first push at which each stage was over; they overlap:")
    print("   " + "   ".join(f"{name} {at:.2f}" for name, at in real.stages.items()))
    print("floor, seconds of each stage:")
    print("   " + "   ".join(f"{name} {spent:.2f}" for name, spent in floor.stages.items()))
    print("processor seconds: " + "   ".join(f"{name} {spent:.2f}" for name, spent in real.cpu_s.items()))
    print("peak memory, MB:   " + "   ".join(f"{name} {size:.0f}" for name, size in real.peak_mb.items()))


def _rounded(seconds: dict[str, float]) -> dict[str, float]:
    return {name: round(spent, 3) for name, spent in seconds.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_950)
    parser.add_argument("--displays", type=int, default=2_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="one object as the last line")
    asked = parser.parse_args()
    lists = price_lists(asked.rows, asked.displays)
    pairs = [asyncio.run(measure(lists, asked.displays)) for _ in range(max(1, asked.runs))]
    pair = sorted(pairs, key=lambda one: one.ratio)[len(pairs) // 2]
    found = report(pair, [one.ratio for one in pairs], asked.rows, asked.displays)
    say(found, pair)
    if asked.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
