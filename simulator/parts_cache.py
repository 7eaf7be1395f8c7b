"""What a bridge holds of encodings, so that one picture for ten labels comes over the link once.

In: pieces of a stream at any offset. Out: parts at the tag's offsets. Rule: bounded, the least recently used goes
first; nothing is known of a piece but its place, so it may be bad, and `forget` is how one gets rid of it.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence

from firmware_protocol.link.messages import PartRange
from firmware_protocol.poll import PART_OCTETS


class _Stream:
    """`spans` are the octets held, as (start, end), ascending, never touching."""

    def __init__(self, size: int) -> None:
        self.octets = bytearray(size)
        self.spans: list[tuple[int, int]] = []

    def add(self, offset: int, piece: bytes) -> None:
        end = offset + len(piece)
        self.octets[offset:end] = piece
        joined = [(offset, end)]
        for start, stop in self.spans:
            if stop < joined[0][0] or start > joined[0][1]:
                joined.append((start, stop))
            else:
                joined[0] = (min(start, joined[0][0]), max(stop, joined[0][1]))
        self.spans = sorted(joined)

    def part(self, offset: int) -> bytes | None:
        end = min(offset + PART_OCTETS, len(self.octets))
        for start, stop in self.spans:
            if start <= offset < end <= stop:
                return bytes(self.octets[offset:end])
        return None


class PartsCache:
    def __init__(self, octets_max: int) -> None:
        self._octets_max = octets_max
        self._streams: OrderedDict[bytes, _Stream] = OrderedDict()
        self._octets = 0

    def __len__(self) -> int:
        """Encodings held."""
        return len(self._streams)

    def add(self, encoding_id: bytes, stream_size: int, offset: int, piece: bytes) -> None:
        """Keep a piece; one that goes beyond its own stream is not kept."""
        if offset + len(piece) > stream_size or stream_size > self._octets_max:
            return
        stream = self._streams.get(encoding_id)
        if stream is None or len(stream.octets) != stream_size:
            self.forget(encoding_id)
            stream = self._streams[encoding_id] = _Stream(stream_size)
            self._octets += stream_size
        self._streams.move_to_end(encoding_id)
        stream.add(offset, piece)
        while self._octets > self._octets_max:
            _, oldest = self._streams.popitem(last=False)
            self._octets -= len(oldest.octets)

    def spoil(self, draw: Callable[[], float]) -> int:
        """Flip one bit of each encoding that is held, as a bad memory does; gives of how many."""
        for stream in self._streams.values():
            if stream.octets:
                stream.octets[int(draw() * len(stream.octets))] ^= 1 << int(draw() * 8)
        return len(self._streams)

    def part(self, encoding_id: bytes, offset: int) -> bytes | None:
        """The part at this offset, shorter only at the stream's end; None = not here."""
        return self.parts(encoding_id, (offset,))[0]

    def parts(self, encoding_id: bytes, offsets: Sequence[int]) -> list[bytes | None]:
        """`part` of each of these offsets."""
        stream = self._streams.get(encoding_id)
        if stream is None:
            return [None] * len(offsets)
        self._streams.move_to_end(encoding_id)
        return [stream.part(offset) for offset in offsets]

    def forget(self, encoding_id: bytes) -> None:
        if (stream := self._streams.pop(encoding_id, None)) is not None:
            self._octets -= len(stream.octets)


def ranges_of(offsets: list[int]) -> tuple[PartRange, ...]:
    """Ascending offsets of parts as ranges of octets, neighbours joined."""
    ranges: list[PartRange] = []
    for offset in offsets:
        if ranges and ranges[-1].offset + ranges[-1].length == offset:
            ranges[-1] = PartRange(ranges[-1].offset, ranges[-1].length + PART_OCTETS)
        else:
            ranges.append(PartRange(offset, PART_OCTETS))
    return tuple(ranges)
