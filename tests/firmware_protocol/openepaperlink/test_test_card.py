"""The test card of every type, read back from what the tag is sent by the pixel equations of the facts.

`golden/cards.json` holds, by type, SHA-256 of the planes, the `data_ver` of the raw payload, and what a person sees,
made small. After a change that is meant to move pixels, look at the small pictures and renew them:
    ESL_RENEW_GOLDENS=1 .venv/bin/pytest tests/firmware_protocol/openepaperlink/test_test_card.py
"""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from firmware_protocol.openepaperlink import test_card
from firmware_protocol.openepaperlink.frames import DataType
from firmware_protocol.openepaperlink.picture import Payload, buffer_planes, payload_of, planes_of
from firmware_protocol.openepaperlink.tag_type import TAG_TYPES, TagType

GOLDEN = Path(__file__).parent / "golden" / "cards.json"
RENEW = os.environ.get("ESL_RENEW_GOLDENS") == "1"
ACROSS, DOWN = 32, 12  # of the small picture
LETTERS = {"W": ".", "K": "#", "R": "r", "Y": "y"}

Place = tuple[int, int]
# Where a pixel of the upright picture, W wide and H high, lies in the buffer. Turned round from the facts' equations,
# which say for `rotatebuffer` 1 buffer(x, y) = picture(W-1-y, x), and for 3 buffer(x, y) = picture(y, H-1-x).
PLACES: dict[int, Callable[[int, int, int, int], Place]] = {
    0: lambda x, y, w, h: (x, y),
    1: lambda x, y, w, h: (y, w - 1 - x),
    2: lambda x, y, w, h: (w - 1 - x, h - 1 - y),
    3: lambda x, y, w, h: (h - 1 - y, x),
}
KINDS = pytest.mark.parametrize("kind", list(TAG_TYPES.values()), ids=lambda kind: f"{kind.hw_type:02x}")
ONE_OF_EACH = pytest.mark.parametrize(
    "kind",
    {(kind.rotate_buffer, kind.colours): kind for kind in TAG_TYPES.values()}.values(),
    ids=lambda kind: f"{kind.hw_type:02x}-turned-{kind.rotate_buffer}-{kind.colours}",
)


class Seen:
    """What a person sees of a raw payload, pixel by pixel: MSB first, no padding, plane 1 then plane 2."""

    def __init__(self, kind: TagType, payload: Payload) -> None:
        assert payload.data_type in (DataType.RAW_ONE_PLANE, DataType.RAW_TWO_PLANES)
        self.kind, self.octets = kind, payload.octets
        self.width, self.height = kind.width_px, kind.height_px
        self.planes = 1 if payload.data_type == DataType.RAW_ONE_PLANE else 2

    def at(self, x: int, y: int) -> str:
        across, down = PLACES[self.kind.rotate_buffer](x, y, self.width, self.height)
        row = self.height if self.kind.rotate_buffer in (1, 3) else self.width
        index = 0
        for plane in range(self.planes):
            bit = plane * self.width * self.height + down * row + across
            index |= (self.octets[bit // 8] >> (7 - bit % 8) & 1) << plane
        return self.kind.colours[index]

    def small(self) -> list[str]:
        return [
            "".join(
                LETTERS[self.at((2 * x + 1) * self.width // (2 * ACROSS), (2 * y + 1) * self.height // (2 * DOWN))]
                for x in range(ACROSS)
            )
            for y in range(DOWN)
        ]


def sent(kind: TagType) -> Payload:
    """The raw picture, also of a type that is only ever sent zlib."""
    buffers = buffer_planes(kind, test_card.test_card(kind))
    return Payload(DataType.RAW_ONE_PLANE if len(buffers) == 1 else DataType.RAW_TWO_PLANES, b"".join(buffers))


def described(kind: TagType) -> dict[str, object]:
    payload = sent(kind)
    return {
        "name": kind.name,
        "planes": [hashlib.sha256(plane).hexdigest() for plane in test_card.test_card(kind)],
        "data_ver": payload.data_ver.hex(),
        "seen": Seen(kind, payload).small(),
    }


@pytest.fixture(scope="module")
def golden() -> dict[str, object]:
    if RENEW:
        cards = {f"{kind.hw_type:02x}": described(kind) for kind in TAG_TYPES.values()}
        GOLDEN.write_text(json.dumps(cards, indent=1) + "\n", encoding="utf-8")
    found: dict[str, object] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return found


@KINDS
def test_the_card_of_every_type_is_the_one_it_was(kind: TagType, golden: dict[str, object]) -> None:
    assert described(kind) == golden[f"{kind.hw_type:02x}"]


def test_every_golden_card_has_its_type(golden: dict[str, object]) -> None:
    assert set(golden) == {f"{number:02x}" for number in TAG_TYPES}


@KINDS
def test_a_tag_reads_its_card_raw_and_as_its_newest_software_is_sent_it(kind: TagType) -> None:
    planes = test_card.test_card(kind)
    for payload in (sent(kind), payload_of(kind, planes, 0xFFFF)):
        assert planes_of(kind, payload.data_type, payload.octets) == planes


@ONE_OF_EACH
def test_the_border_is_whole_and_the_pixels_within_it_are_not(kind: TagType) -> None:
    seen = Seen(kind, sent(kind))
    right, foot = seen.width - 1, seen.height - 1
    for edge, within in ((0, 1), (foot, foot - 1)):
        assert {seen.at(x, edge) for x in range(seen.width)} == {"K"}
        assert {seen.at(x, within) for x in range(1, right)} == {"W"}
    for edge, within in ((0, 1), (right, right - 1)):
        assert {seen.at(edge, y) for y in range(seen.height)} == {"K"}
        assert {seen.at(within, y) for y in range(1, foot)} == {"W"}


@ONE_OF_EACH
def test_the_arrow_stands_at_the_left_and_points_up(kind: TagType) -> None:
    seen = Seen(kind, sent(kind))
    rows = [sum(seen.at(x, y) == "K" for x in range(1, seen.width // 4)) for y in range(1, seen.height // 2)]
    arrow = [inked for inked in rows if inked]
    assert arrow == sorted(arrow)
    assert arrow[0] == 1 < arrow[-1]


@ONE_OF_EACH
def test_the_bands_are_black_red_and_yellow_from_above(kind: TagType) -> None:
    seen = Seen(kind, sent(kind))
    column = "".join(seen.at(seen.width // 2, y) for y in range(seen.height // 2, seen.height - 1))
    assert column.strip("W") == column.rstrip("W")
    assert "".join(dict.fromkeys(column.rstrip("W"))) == kind.colours[1:]


@pytest.mark.parametrize(
    ("number", "dots"),
    [
        (0x28, ["###.###", "..#.#.#", "###.###", "#...#.#", "###.###"]),
        (0x2C, ["###.###", "..#.#..", "###.#..", "#...#..", "###.###"]),
        (0x33, ["###.###", "..#...#", "###.###", "..#...#", "###.###"]),
        (0x4F, ["#.#.###", "#.#.#..", "###.###", "..#.#..", "..#.#.."]),
        (0x5A, ["###.###", "#...#.#", "###.###", "..#.#.#", "###.#.#"]),
        (0x6B, ["###.#..", "#...#..", "###.###", "#.#.#.#", "###.###"]),
        (0x6D, ["###...#", "#.....#", "###.###", "#.#.#.#", "###.###"]),
        (0x6E, ["###.###", "#...#..", "###.###", "#.#.#..", "###.###"]),
        (0x71, ["###..#.", "..#.##.", "..#..#.", ".#...#.", ".#..###"]),
        (0x90, ["###.###", "#.#.#.#", "###.#.#", "..#.#.#", "###.###"]),
    ],
    ids=lambda given: f"{given:02x}" if isinstance(given, int) else "",
)
def test_the_number_stands_in_the_middle_in_dots_of_one_size(number: int, dots: list[str]) -> None:
    seen = Seen(TAG_TYPES[number], sent(TAG_TYPES[number]))
    middle = range(seen.width // 3 + 1, seen.width * 2 // 3 - 4)  # the checkerboard begins a few pixels before a third
    ink = [(x, y) for x in middle for y in range(1, seen.height // 2 - 1) if seen.at(x, y) == "K"]
    left, top = min(x for x, _ in ink), min(y for _, y in ink)
    size = (max(y for _, y in ink) + 1 - top) // 5
    assert size >= 4
    for y in range(5 * size):
        for x in range(7 * size):
            assert (seen.at(left + x, top + y) == "K") == (dots[y // size][x // size] == "#")


@ONE_OF_EACH
def test_a_card_turned_otherwise_is_another_picture(kind: TagType) -> None:
    cards = {
        turn: sent(other).data_ver
        for turn in range(4)
        if (other := msgspec.structs.replace(kind, rotate_buffer=turn)).buffer_px[0] % 8 == 0
    }
    assert len(cards) >= 2
    assert len(set(cards.values())) == len(cards)


@pytest.mark.parametrize(("width", "height"), [(8, 8), (16, 8), (8, 300), (2048, 8)])
def test_a_glass_too_small_for_the_marks_still_has_its_border(width: int, height: int) -> None:
    kind = msgspec.structs.replace(TAG_TYPES[0x34], width_px=width, height_px=height)
    seen = Seen(kind, sent(kind))
    assert {seen.at(x, y) for x in (0, width - 1) for y in range(height)} == {"K"}
    assert {seen.at(x, y) for x in range(width) for y in (0, height - 1)} == {"K"}
