"""What a tag answers, vector by vector, under each stack's profile."""

import pytest
from esl_bench import EslBench

from firmware_protocol.service.quirks import PROFILES
from firmware_protocol.tlv import COMMANDS, EslState, UnknownTlv, unpack_commands
from firmware_protocol.vectors import Vector, read_vectors

EXCHANGES = read_vectors("exchanges")


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("vector", EXCHANGES, ids=lambda vector: vector.name)
def test_a_tag_answers_as_the_vector_says(vector: Vector, profile: str) -> None:
    bench = EslBench(PROFILES[profile])
    bench.reach(EslState[str(vector.fields["state"]).upper()])
    bench.said_before(bytes.fromhex(str(vector.fields["before"])))
    answers = vector.fields["answers"]
    assert isinstance(answers, dict)
    answered = bench.tlvs(vector.octets)
    assert (None if answered is None else answered.hex().upper()) == answers[profile]
    assert set(answers) == set(PROFILES)


def test_every_command_of_the_table_has_an_exchange() -> None:
    asked = set()
    for vector in EXCHANGES:
        try:
            asked.update(type(command) for command in unpack_commands(vector.octets))
        except ValueError:
            continue
    assert {row.message for row in COMMANDS.values()} <= asked
    assert UnknownTlv in asked


@pytest.mark.parametrize("vector", EXCHANGES, ids=lambda vector: vector.name)
def test_no_exchange_puts_anything_on_a_glass_that_shows_its_order(vector: Vector) -> None:
    bench = EslBench()
    bench.reach(EslState[str(vector.fields["state"]).upper()])
    bench.said_before(bytes.fromhex(str(vector.fields["before"])))
    bench.tlvs(vector.octets)
    bench.now_ms += 3_600_000
    bench.esl.time_passed(bench.now_ms)
    shown = bench.bench.glass[0]
    bench.bench.draw()
    assert bench.bench.glass == [shown]
