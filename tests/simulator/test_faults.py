"""Faults: each kind by its own generator, counted, and found by the codec that reads what is left."""

import pytest

from firmware_protocol import FieldError, TagId
from firmware_protocol.link import DownMessage, UpMessage, pack_payloads, unpack_payload
from firmware_protocol.link.frames import Frame, FrameReader, FrameType
from firmware_protocol.link.messages import Airtime, Status, Unassociate
from simulator.faults import Arrival, FaultRates, FaultyLine, FaultyPath, Kind

PAYLOADS = [bytes((number % 251, number // 251)) * 20 for number in range(20_000)]
ALL_KINDS = FaultRates(loss=0.05, duplication=0.05, reordering=0.05, corruption=0.05)


def run(path: FaultyPath) -> list[list[Arrival]]:
    return [path.passes(payload) for payload in PAYLOADS]


def test_without_rates_everything_arrives_once_and_unchanged() -> None:
    path = FaultyPath("b/up", 1)
    assert run(path) == [[Arrival(0.0, payload)] for payload in PAYLOADS]
    assert dict(path.counts) == {"passed": len(PAYLOADS)}


def test_every_kind_happens_at_its_rate_and_is_counted() -> None:
    path = FaultyPath("b/up", 1, ALL_KINDS)
    arrivals = run(path)
    for kind in (Kind.LOSS, Kind.DUPLICATION, Kind.REORDERING, Kind.CORRUPTION):
        assert 800 < path.counts[kind] < 1200
    assert sum(not each for each in arrivals) == path.counts[Kind.LOSS]
    assert sum(len(each) == 2 for each in arrivals) == path.counts[Kind.DUPLICATION]
    changed = sum(bool(each) and each[0].octets != payload for each, payload in zip(arrivals, PAYLOADS, strict=True))
    assert changed == path.counts[Kind.CORRUPTION]


def test_the_same_seed_gives_the_same_faults_and_another_direction_others() -> None:
    assert run(FaultyPath("b/up", 1, ALL_KINDS)) == run(FaultyPath("b/up", 1, ALL_KINDS))
    assert run(FaultyPath("b/up", 1, ALL_KINDS)) != run(FaultyPath("b/down", 1, ALL_KINDS))


def test_a_higher_rate_of_one_kind_moves_none_of_the_others() -> None:
    def lost(rates: FaultRates) -> list[int]:
        return [number for number, each in enumerate(run(FaultyPath("b/up", 1, rates))) if not each]

    assert lost(FaultRates(loss=0.05)) == lost(FaultRates(loss=0.05, duplication=0.5, corruption=0.5))


def test_a_rate_that_is_no_probability_is_refused() -> None:
    with pytest.raises(ValueError, match="probability"):
        FaultRates(loss=1.5)


def test_on_a_line_whole_frames_are_lost_and_the_rest_is_read() -> None:
    frames = [Frame(FrameType.DATA, 7, 9, sequence, 0, bytes(30)) for sequence in range(2000)]
    line = FaultyLine(FaultyPath("b/up", 3, FaultRates(loss=0.1)))
    reader = FrameReader()
    stream = b"".join(frame.pack() for frame in frames)
    read: list[Frame] = []
    for start in range(0, len(stream), 100):  # pieces that end anywhere
        for arrival in line.passes(stream[start : start + 100]):
            read += reader.feed(arrival.octets)
    assert len(read) == 2000 - line.path.counts[Kind.LOSS]
    assert 150 < line.path.counts[Kind.LOSS] < 250
    assert reader.bad == 0


def test_a_corrupted_frame_is_found_by_its_check_sum() -> None:
    line = FaultyLine(FaultyPath("b/up", 3, FaultRates(corruption=1.0)))
    reader = FrameReader()
    for sequence in range(2000):
        frame = Frame(FrameType.DATA, 7, 9, sequence, 0, bytes(30))
        for arrival in line.passes(frame.pack()):
            assert frame not in reader.feed(arrival.octets)
    assert line.path.counts[Kind.CORRUPTION] == 2000


def test_a_corrupted_payload_is_found_by_the_codec_that_reads_it() -> None:
    path = FaultyPath("b/up", 4, FaultRates(corruption=1.0))
    messages: list[UpMessage | DownMessage] = [
        Status(4096, 17, 3, 1),
        Airtime(12345, 60000),
        Unassociate(TagId(bytes(range(8)))),
    ]
    passed = 0
    for number in range(3000):
        (payload,) = pack_payloads([messages[number % 3]], number)
        for arrival in path.passes(payload):
            try:
                passed += unpack_payload(arrival.octets) is not None
            except FieldError:
                continue
    assert passed == 0
