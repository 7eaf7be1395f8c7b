"""The bridge's cache of encodings."""

from firmware_protocol.link.messages import PartRange
from firmware_protocol.poll import PART_OCTETS
from simulator.chance import generator
from simulator.parts_cache import PartsCache, ranges_of

A, B, C = b"a" * 8, b"b" * 8, b"c" * 8
STREAM = bytes(index % 251 for index in range(1000))


def test_pieces_at_any_offset_in_any_order_become_parts() -> None:
    chance = generator(1, "pieces")
    starts = list(range(0, 1000, 37))
    chance.shuffle(starts)
    cache = PartsCache(10_000)
    for start in starts:
        cache.add(A, 1000, start, STREAM[start : start + 37])
    for offset in range(0, 1000, PART_OCTETS):
        assert cache.part(A, offset) == STREAM[offset : offset + PART_OCTETS]
    assert cache.part(A, 1089) is None


def test_a_part_with_a_hole_is_not_there() -> None:
    cache = PartsCache(10_000)
    cache.add(A, 1000, 0, STREAM[:50])
    cache.add(A, 1000, 51, STREAM[51:200])
    assert cache.part(A, 0) is None
    assert cache.part(A, 99) == STREAM[99:198]
    cache.add(A, 1000, 50, STREAM[50:51])
    assert cache.part(A, 0) == STREAM[:99]


def test_the_least_recently_used_encoding_goes_first() -> None:
    cache = PartsCache(2500)
    cache.add(A, 1000, 0, STREAM)
    cache.add(B, 1000, 0, STREAM)
    assert cache.part(A, 0) is not None
    cache.add(C, 1000, 0, STREAM)
    assert cache.part(B, 0) is None
    assert cache.part(A, 0) is not None
    assert len(cache) == 2


def test_what_goes_beyond_its_own_stream_is_not_kept() -> None:
    cache = PartsCache(2500)
    cache.add(A, 100, 50, bytes(51))
    cache.add(B, 5000, 0, bytes(10))
    assert len(cache) == 0


def test_neighbouring_parts_are_asked_for_as_one_range() -> None:
    assert ranges_of([0, 99, 297, 396, 990]) == (PartRange(0, 198), PartRange(297, 198), PartRange(990, 99))
