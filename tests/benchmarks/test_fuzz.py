"""The fuzzing at a size for every day, and proof that it sees each of the three things it looks for."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INPUTS = 20_000
PLANTED = """
import json, time
from benchmarks.fuzz import fuzz
from benchmarks.fuzz_decoder import Decoder
from firmware_protocol import FieldError

def wrong(octets):
    if octets[:1] == b"\\x07":
        raise KeyError(7)
    raise FieldError("first", octets[:1], "another", offset=0)

def large(octets):
    return len(bytes(1_100_000 if octets[:1] == b"\\x07" else 900_000))

def slow(octets):
    until = time.thread_time() + (0.013 if octets[:1] == b"\\x07" else 0)
    while time.thread_time() < until:
        pass
    return True

def of(name, read, seeds, inputs):
    return fuzz(Decoder(name, read, seeds, 1.0, lambda dice: seeds[0]), inputs, 1).violations

print(json.dumps({
    "wrong": [of("a", wrong, (seed,), 60) for seed in (b"\\x07", b"\\xf0" * 40)],
    "large": [of("b", large, (seed,), 3) for seed in (b"\\x07", b"\\xf0" * 40)],
    "slow": [of("c", slow, (seed,), 6) for seed in (b"\\x07", b"\\xf0" * 40)],
}))
"""


def run(*arguments: str) -> object:
    command = [sys.executable, *arguments]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, ended.stderr[-3000:]
    return json.loads(ended.stdout)


def test_no_decoder_costs_more_than_it_may_or_ends_in_an_error_of_another_kind() -> None:
    found = run("-m", "benchmarks.fuzz", "--inputs", str(INPUTS), "--seed", "3", "--json")
    assert isinstance(found, list)
    assert sum(one["inputs"] for one in found) > INPUTS * 0.9
    assert [one["decoder"] for one in found if one["violations"]] == []
    assert [one["decoder"] for one in found if one["inputs"] >= 300 and not 0 < one["taken"] < one["inputs"]] == [], (
        "inputs that are all taken, or none, reach little of a decoder"
    )


def test_an_input_with_another_error_too_much_memory_or_time_is_told_in_hex() -> None:
    found = run("-c", PLANTED)
    assert isinstance(found, dict)
    for (planted, harmless), words in zip(
        (found["wrong"], found["large"], found["slow"]), ("KeyError", "octets of memory", "ms for"), strict=True
    ):
        assert any(words in one and one.endswith("07") for one in planted), planted
        assert harmless == []
