"""Fuzzes every decoder of firmware_protocol: nothing a peer can send costs more than it may, or ends in another error.

    python -m benchmarks.fuzz [--inputs 1000000] [--seed 1] [--jobs 1] [--only NAME] [--json]

In: dice. Out: a row for each decoder: inputs, how many were taken, how many a second. Status 1, with the input in hex,
when one (a) raises what is not the protocol's own error, (b) allocates more than 1 MB, or (c) needs more than 10 ms of
processor time, seen again at each repetition. (`explain`, which tells people and hears no peer, may cost more.)
A third of the inputs is made from the tables, nearly right; half are valid frames changed, most of them with their
check sum or seal made right again; the rest is random.
Rule: memory is traced for one input in 200 and for each that takes more than 2 ms; such a one is measured again.
"""

import argparse
import json
import sys
import tempfile
import time
import tracemalloc
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from random import Random

from benchmarks.fuzz_decoder import Decoder
from benchmarks.fuzz_decoders import decoders
from benchmarks.fuzz_inputs import at_random, changed
from firmware_protocol.errors import PeerError

SUSPICIOUS_NS = 2_000_000
TRACED_EVERY = 200
REPEATS = 5
VIOLATIONS_SHOWN = 3
HEX_SHOWN = 2_000  # digits; a longer input is written to a file


@dataclass
class Result:
    """`worst_ns`: the longest that was not undone by repeating it. `peak_octets`: the most of the inputs traced."""

    name: str
    inputs: int = 0
    taken: int = 0
    seconds: float = 0.0
    worst_ns: int = 0
    peak_octets: int = 0
    traced: int = 0
    refused_by: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)


def fuzz(decoder: Decoder, inputs: int, seed: int) -> Result:
    dice = Random(f"{decoder.name} {seed}")
    result = Result(decoder.name, inputs)
    own_errors: tuple[type[Exception], ...] = (PeerError, *decoder.errors)
    clock = time.perf_counter_ns
    begun = time.perf_counter()
    for number in range(inputs):
        octets = next_input(decoder, dice)
        started = clock()
        try:
            result.taken += bool(decoder.read(octets))
        except own_errors as error:
            result.refused_by[type(error).__name__] += 1
        except Exception as error:
            result.violations.append(f"{type(error).__name__} ({error}) of {octets.hex()}")
        took = clock() - started
        is_suspicious = took > SUSPICIOUS_NS
        if is_suspicious:
            took = _again(decoder, octets)
        if took > decoder.cpu_ms_max * 1e6:
            result.violations.append(f"{took / 1e6:.1f} ms for {octets.hex()}")
        result.worst_ns = max(result.worst_ns, took)
        if number % TRACED_EVERY == 0 or is_suspicious:
            peak = _peak(decoder, octets)
            result.traced += 1
            result.peak_octets = max(result.peak_octets, peak)
            if peak > decoder.memory_octets_max:
                result.violations.append(f"{peak} octets of memory for {octets.hex()}")
    result.seconds = time.perf_counter() - begun
    return result


def next_input(decoder: Decoder, dice: Random) -> bytes:
    way = dice.randrange(6)
    if way < 2 and decoder.make is not None:
        return decoder.make(dice)
    if way == 5:
        return at_random(dice, decoder.octets_max)
    octets = changed(dice, dice.choice(decoder.seeds), decoder.seeds)
    if decoder.mend is None or way == 4:
        return octets
    return decoder.mend(octets)


def _again(decoder: Decoder, octets: bytes) -> int:
    """Processor time of the fastest repetition, in nanoseconds: what the machine did meanwhile does not count."""
    return min(_once(decoder, octets) for _ in range(REPEATS))


def _once(decoder: Decoder, octets: bytes) -> int:
    started = time.thread_time_ns()
    _read(decoder, octets)
    return time.thread_time_ns() - started


def _peak(decoder: Decoder, octets: bytes) -> int:
    tracemalloc.start()
    _read(decoder, octets)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def _read(decoder: Decoder, octets: bytes) -> None:
    try:
        decoder.read(octets)
    except Exception:  # counted where it was seen first
        return


def _shares(inputs: int, seed: int, only: str | None, jobs: int) -> list[tuple[str, int, int]]:
    """Name, inputs, seed of each piece of work."""
    chosen = [decoder for decoder in decoders() if only is None or decoder.name == only]
    if not chosen:
        sys.exit(f"no decoder {only}: one of {', '.join(decoder.name for decoder in decoders())}")
    total = sum(decoder.weight for decoder in chosen)
    return [
        (decoder.name, max(1, round(inputs * decoder.weight / total / jobs)), seed * 1000 + job)
        for decoder in chosen
        for job in range(jobs)
    ]


def _piece(name: str, inputs: int, seed: int) -> Result:
    return fuzz(next(decoder for decoder in decoders() if decoder.name == name), inputs, seed)


def _summed(results: list[Result]) -> list[Result]:
    found: dict[str, Result] = {}
    for one in results:
        kept = found.setdefault(one.name, Result(one.name))
        kept.inputs += one.inputs
        kept.taken += one.taken
        kept.traced += one.traced
        kept.seconds += one.seconds
        kept.worst_ns = max(kept.worst_ns, one.worst_ns)
        kept.peak_octets = max(kept.peak_octets, one.peak_octets)
        kept.refused_by += one.refused_by
        kept.violations += one.violations
    return list(found.values())


def main() -> int:
    options = _options()
    work = _shares(options.inputs, options.seed, options.only, options.jobs)
    if options.jobs == 1:
        results = [_piece(*one) for one in work]
    else:
        with ProcessPoolExecutor(options.jobs) as pool:
            results = list(pool.map(_piece, *zip(*work, strict=True)))
    results = _summed(results)
    if options.json:
        print(json.dumps([_row(one) for one in results]))
    else:
        _print(results)
    broken = [_told(one.name, words) for one in results for words in one.violations[:VIOLATIONS_SHOWN]]
    print("\n".join(broken), file=sys.stderr, end="\n" if broken else "")
    return 1 if broken else 0


def _told(name: str, violation: str) -> str:
    words, _, digits = violation.rpartition(" ")
    if len(digits) <= HEX_SHOWN:
        return f"{name}: {violation}"
    with tempfile.NamedTemporaryFile("w", prefix="fuzz-", suffix=".hex", delete=False) as file:
        file.write(digits)
    return f"{name}: {words} {len(digits) // 2} octets, in {file.name}"


def _row(one: Result) -> dict[str, object]:
    return {
        "decoder": one.name,
        "inputs": one.inputs,
        "taken": one.taken,
        "refused_by": dict(one.refused_by),
        "inputs_per_second": round(one.inputs / max(one.seconds, 1e-9)),
        "worst_ms": round(one.worst_ns / 1e6, 3),
        "peak_memory_octets": one.peak_octets,
        "traced": one.traced,
        "violations": len(one.violations),
    }


def _print(results: list[Result]) -> None:
    print(f"{'decoder':<18}{'inputs':>11}{'taken':>7}{'a second':>10}{'worst ms':>10}{'peak kB':>9}  refused by")
    for one in results:
        refused = ", ".join(f"{name} {count:,}" for name, count in one.refused_by.most_common())
        share = f"{one.taken / max(one.inputs, 1):.0%}"
        rate, worst, peak = one.inputs / max(one.seconds, 1e-9), one.worst_ns / 1e6, one.peak_octets / 1e3
        print(f"{one.name:<18}{one.inputs:>11,}{share:>7}{rate:>10,.0f}{worst:>10.2f}{peak:>9,.0f}  {refused}")
    total, violations = sum(one.inputs for one in results), sum(len(one.violations) for one in results)
    print(f"{total:,} inputs, {violations} violations")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Fuzz every decoder of firmware_protocol.")
    parser.add_argument("--inputs", type=int, default=1_000_000, help="in all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--only", metavar="NAME", help="one decoder")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
