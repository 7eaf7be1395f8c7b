from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol import Codec, FieldError, Manifest, PeerError, Report, ReportState, SealBroken, encode, sealing
from firmware_protocol.counters import COUNTER_MAX
from firmware_protocol.keys import SealKey, SessionKeys

KEYS = SessionKeys.unpack(bytes(range(48)))
# both directions under one key: what keeps them apart then is the associated data alone
ONE_KEY = SessionKeys.unpack(bytes(range(24)) * 2)
MANIFEST = Manifest.showing(0, 7, b"c" * 16, encode((b"\xff",), Codec.RAW))
REPORT = Report(0, 0, 7, b"cccc", 1, ReportState.SHOWN, 4, 20, 3000)

Open = Callable[[SessionKeys, bytes], object]
KINDS: dict[str, tuple[Callable[[SessionKeys, int], bytes], Open]] = {
    "manifest": (lambda keys, counter: sealing.seal_manifest(keys, counter, MANIFEST), sealing.open_manifest),
    "report": (lambda keys, counter: sealing.seal_report(keys, counter, REPORT), sealing.open_report),
    "command": (lambda keys, counter: sealing.seal_command(keys, counter, b"\x00\x00"), sealing.open_command),
    "answer": (lambda keys, counter: sealing.seal_answer(keys, counter, b"\x00\x05"), sealing.open_answer),
}
EVERY_KIND = pytest.mark.parametrize("kind", KINDS)


@given(st.integers(0, COUNTER_MAX))
def test_what_was_sealed_opens_with_its_counter(counter: int) -> None:
    assert sealing.open_manifest(KEYS, sealing.seal_manifest(KEYS, counter, MANIFEST)) == (counter, MANIFEST)
    assert sealing.open_report(KEYS, sealing.seal_report(KEYS, counter, REPORT)) == (counter, REPORT)
    assert sealing.open_command(KEYS, sealing.seal_command(KEYS, counter, b"\x00\x00")) == (counter, b"\x00\x00")
    assert sealing.open_answer(KEYS, sealing.seal_answer(KEYS, counter, b"\x00\x05")) == (counter, b"\x00\x05")


@EVERY_KIND
def test_one_changed_bit_anywhere_breaks_the_seal(kind: str) -> None:
    seal, open_ = KINDS[kind]
    good = seal(KEYS, 12345)
    for place in range(len(good)):
        for bit in range(8):
            changed = bytearray(good)
            changed[place] ^= 1 << bit
            with pytest.raises(SealBroken):
                open_(KEYS, bytes(changed))


@EVERY_KIND
def test_nothing_opens_under_the_key_before_or_after(kind: str) -> None:
    seal, open_ = KINDS[kind]
    with pytest.raises(SealBroken):
        open_(SessionKeys.unpack(bytes(range(1, 49))), seal(KEYS, 1))


@pytest.mark.parametrize(("made", "opened"), [(a, b) for a in KINDS for b in KINDS if {a, b} != {"command", "answer"}])
def test_nothing_opens_as_something_else(made: str, opened: str) -> None:
    if made == opened:
        return
    with pytest.raises(PeerError):
        KINDS[opened][1](ONE_KEY, KINDS[made][0](ONE_KEY, 1))


def test_a_command_is_no_answer_because_the_directions_have_their_own_keys() -> None:
    with pytest.raises(SealBroken):
        sealing.open_answer(KEYS, sealing.seal_command(KEYS, 1, b"\x00\x00"))
    with pytest.raises(SealBroken):
        sealing.open_command(KEYS, sealing.seal_answer(KEYS, 1, b"\x00\x05"))


@EVERY_KIND
@given(octets=st.binary(max_size=100))
def test_any_octets_are_refused_as_a_peers_fault(kind: str, octets: bytes) -> None:
    with pytest.raises((SealBroken, FieldError)):
        KINDS[kind][1](KEYS, octets)


def test_a_packet_of_the_service_opens_whichever_direction_bit_its_vendor_set() -> None:
    key = SealKey(bytes(16), bytes(8))
    for last in (0x00, 0x80):
        head = b"\x01\x02\x03\x04" + bytes((last,))
        sealed = sealing.seal_packet(key, head, b"\x04\x34\x05\x00\x02")
        assert sealing.open_packet(key, sealed) == (0x04030201, b"\x04\x34\x05\x00\x02")
        assert len(sealed) == 5 + 5 + 4


@given(st.binary(max_size=60))
def test_any_octets_are_no_packet(octets: bytes) -> None:
    with pytest.raises((SealBroken, FieldError)):
        sealing.open_packet(SealKey(bytes(16), bytes(8)), octets)
