"""A picture as its difference to another: the rows that changed, and in them the octets that changed.

In: the octets of two pictures of one panel, planes one after the other. Out: bands, and back. Rule: bands go downwards
and never overlap, so that a tag writes the new picture row by row while it reads the old one, with one row in RAM.
Why rectangles of new octets and no exclusive-or: smaller by a third, and the old octets need not be read to be replaced
(docs/protocol.md, "Differences").
"""

import re
from collections.abc import Iterator

from msgspec import Struct

from firmware_protocol.errors import FieldError

# A band: rows to skip u16, rows u16, segments u8; then of each segment its first octet u8 and how many u8.
_BAND_OCTETS, _SEGMENT_OCTETS = 5, 2

# An octet of a head costs what two of the picture do: in the mean over a real price list, after deflate.
_HEAD_COST, _PICTURE_COST = 2, 1
ROWS_MAX = 0xFFFF


class Band(Struct):
    """Rows from `first` to before `end` of the whole picture; `changed` has bit 8 n set where octet n is told anew."""

    first: int
    end: int
    changed: int

    @property
    def cost(self) -> int:
        segments = (self.changed & ~(self.changed << 8)).bit_count()
        heads = _BAND_OCTETS + _SEGMENT_OCTETS * segments
        return _HEAD_COST * heads + _PICTURE_COST * (self.end - self.first) * self.changed.bit_count()


def difference(base: bytes, octets: bytes, row_octets: int) -> bytes:
    """The bands that make `octets` of `base`. Raises `ValueError` if they are not of one size, in whole rows."""
    if len(base) != len(octets) or len(octets) % row_octets or len(octets) // row_octets > ROWS_MAX:
        raise ValueError(f"{len(octets)} octets over {len(base)} in rows of {row_octets}")
    told = bytearray()
    row = 0
    for band in _bands(base, octets, row_octets):
        segments = _segments(band.changed)
        told += (band.first - row).to_bytes(2, "little") + (band.end - band.first).to_bytes(2, "little")
        told.append(len(segments))
        for first, count in segments:
            told += bytes((first, count))
        for start in range(band.first * row_octets, band.end * row_octets, row_octets):
            for first, count in segments:
                told += octets[start + first : start + first + count]
        row = band.end
    return bytes(told)


def apply_difference(base: bytes, told: bytes, row_octets: int) -> bytes:
    """The picture that these bands make of `base`. Raises `FieldError`."""
    octets = bytearray(base)
    rows, row, place = len(base) // row_octets, 0, 0
    while place < len(told):
        head = told[place : place + _BAND_OCTETS]
        if len(head) < _BAND_OCTETS:
            raise FieldError("difference.band", f"{len(head)} octets", f"{_BAND_OCTETS} octets", offset=place)
        skipped, count = int.from_bytes(head[:2], "little"), int.from_bytes(head[2:4], "little")
        row += skipped
        if not 0 < count <= rows - row:
            raise FieldError("difference.rows", count, f"1 to {rows - row} after row {row}", offset=place + 2)
        segments = _read_segments(told, place + _BAND_OCTETS, head[4], row_octets)
        place += _BAND_OCTETS + _SEGMENT_OCTETS * head[4]
        needed = count * sum(octets_told for _, octets_told in segments)
        if len(told) - place < needed:
            raise FieldError("difference.octets", f"{len(told) - place} octets", f"{needed} octets", offset=place)
        for start in range(row * row_octets, (row + count) * row_octets, row_octets):
            for first, octets_told in segments:
                octets[start + first : start + first + octets_told] = told[place : place + octets_told]
                place += octets_told
        row += count
    return bytes(octets)


def _read_segments(told: bytes, place: int, count: int, row_octets: int) -> list[tuple[int, int]]:
    segments: list[tuple[int, int]] = []
    free = 0
    if not count:
        raise FieldError("difference.segments", 0, "at least one", offset=place - 1)
    for at in range(place, place + _SEGMENT_OCTETS * count, _SEGMENT_OCTETS):
        if at + _SEGMENT_OCTETS > len(told):
            raise FieldError("difference.segment", f"{len(told) - at} octets", "2 octets", offset=at)
        first, octets = told[at], told[at + 1]
        if first < free or not octets or first + octets > row_octets:
            rule = f"behind octet {free}, not empty, within {row_octets}"
            raise FieldError("difference.segment", (first, octets), rule, offset=at)
        segments.append((first, octets))
        free = first + octets
    return segments


def _bands(base: bytes, octets: bytes, row_octets: int) -> list[Band]:
    """Rows that changed, joined downwards wherever one band costs less than two."""
    bands: list[Band] = []
    for row, changed in _changed_rows(base, octets, row_octets):
        new = Band(row, row + 1, changed)
        while bands:
            last = bands[-1]
            joined = Band(last.first, new.end, _closed(last.changed | new.changed))
            if joined.cost > last.cost + new.cost:
                break
            new = joined
            bands.pop()
        bands.append(new)
    return bands


def _changed_rows(base: bytes, octets: bytes, row_octets: int) -> Iterator[tuple[int, int]]:
    """Row, and a bit for each octet that changed, 8 apart: of all octets at once, as one long number."""
    bits = int.from_bytes(base, "little") ^ int.from_bytes(octets, "little")
    for shift in (4, 2, 1):  # a neighbour's bits come in from above, and never as far as the lowest one
        bits |= bits >> shift
    changed = (bits & int.from_bytes(b"\x01" * len(octets), "little")).to_bytes(len(octets), "little")
    same = bytes(row_octets)
    for row, start in enumerate(range(0, len(octets), row_octets)):
        if (of_row := changed[start : start + row_octets]) != same:
            yield row, int.from_bytes(of_row, "little")


def _closed(changed: int) -> int:
    """Gaps of one octet are told anew, too: a segment of its own would cost more."""
    return changed | (changed << 8 & changed >> 8)


def _segments(changed: int) -> list[tuple[int, int]]:
    """First octet and octets of each run."""
    told = changed.to_bytes(changed.bit_length() // 8 + 1, "little")
    return [(run.start(), run.end() - run.start()) for run in re.finditer(b"\x01+", told)]
