"""What the tests of labels share: products, and ways to read planes that know nothing of how they were drawn."""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw, ImageFont

from firmware_protocol import PANELS
from gateway.labels import LabelProduct, LabelRequest
from gateway.labels.fontbook import font_path

Pixels = npt.NDArray[np.bool_]

_PRODUCT: dict[str, Any] = {
    "barcode": "3850334043641",
    "name": "ČOKOLADA MLIJEČNA DORINA S LJEŠNJACIMA 300 g",
    "price": Decimal("3.99"),
    "unit_price": Decimal("13.30"),
    "unit": "ko",
    "pack_size": "0.30 kg",
    "brand": "KRAŠ",
    "origin": "Hrvatska",
}
_AMOUNTS = {"price", "old_price", "unit_price", "lowest_price_30_days", "deposit"}
_OFFER: dict[str, Any] = {
    "on_offer": True,
    "old_price": Decimal("5.49"),
    "valid_until": date(2025, 7, 20),
    "lowest_price_30_days": Decimal("4.29"),
}


@pytest.fixture(scope="session")
def product() -> Callable[..., LabelProduct]:
    """`product(offer=True, price="1.99", name=...)`: a product of the demo shop with some fields of its own."""

    def make(*, offer: bool = False, **fields: Any) -> LabelProduct:
        amounts = {
            name: Decimal(value) for name, value in fields.items() if name in _AMOUNTS and isinstance(value, str)
        }
        return LabelProduct(**{**_PRODUCT, **(_OFFER if offer else {}), **fields, **amounts})

    return make


@pytest.fixture(scope="session")
def label() -> Callable[..., LabelRequest]:
    """`label("2.9-bwr", product, ...)`: a request in the demo shop's money and language."""

    def make(
        panel: str, *products: LabelProduct, template: str = "shelf", currency: str = "EUR", locale: str = "hr-HR"
    ) -> LabelRequest:
        return LabelRequest(panel, template, currency, locale, products, "00124B0001A2B3C4")

    return make


@pytest.fixture(scope="session")
def inks() -> Callable[[str, Sequence[bytes]], list[Pixels]]:
    """Planes as upright pictures of True where there is ink: black, red, yellow."""

    def read(panel: str, planes: Sequence[bytes]) -> list[Pixels]:
        glass = PANELS[panel]
        pictures = []
        for place, plane in enumerate(planes):
            bits = np.unpackbits(np.frombuffer(plane, np.uint8)).reshape(glass.height_px, glass.row_octets * 8)
            ink = bits[:, : glass.width_px] == (0 if place == 0 else 1)
            pictures.append(np.rot90(ink, k=glass.rotation // 90))  # turned clockwise to get native: turn it back
        return pictures

    return read


@pytest.fixture(scope="session")
def grey(
    inks: Callable[[str, Sequence[bytes]], list[Pixels]],
) -> Callable[[str, Sequence[bytes]], npt.NDArray[np.uint8]]:
    """The black plane as a scanner sees it, with white around."""

    def read(panel: str, planes: Sequence[bytes]) -> npt.NDArray[np.uint8]:
        return np.pad(np.where(inks(panel, planes)[0], 0, 255).astype(np.uint8), 4, constant_values=255)

    return read


class DigitReader:
    """Reads prices off a picture by the boxes of their glyphs: pieces of ink compared with digits drawn by Pillow."""

    FONT = "roboto-condensed-bold"
    LEAST_PX = 22

    def __init__(self) -> None:
        self._known: dict[tuple[int, int, bytes], str] = {}
        for size in range(31, 320):
            font = ImageFont.truetype(str(font_path(self.FONT)), size, layout_engine=ImageFont.Layout.BASIC)
            for letter in "0123456789.,":
                piece = _raster(font, letter)
                self._known.setdefault((*piece.shape, np.packbits(piece).tobytes()), letter)

    def prices(self, picture: Pixels) -> list[str]:
        """Each price on the picture with its decimal and group signs, from top to bottom."""
        pieces = [
            (box, self._known.get((*shape.shape, np.packbits(shape).tobytes()))) for box, shape in _pieces(picture)
        ]
        digits = [
            (box, letter) for box, letter in pieces if letter and letter.isdigit() and box[3] - box[1] >= self.LEAST_PX
        ]
        rows: list[list[tuple[tuple[int, int, int, int], str]]] = []
        for box, letter in sorted(digits, key=lambda piece: piece[0][1]):
            if rows and box[1] < rows[-1][0][0][3]:
                rows[-1].append((box, letter))
            else:
                rows.append([(box, letter)])
        return [self._with_signs(row, pieces) for row in rows]

    @staticmethod
    def _with_signs(row: list[tuple[tuple[int, int, int, int], str]], pieces: list[Any]) -> str:
        foot = max(box[3] for box, _ in row)
        first, last = min(box[0] for box, _ in row), max(box[2] for box, _ in row)
        high = max(box[3] - box[1] for box, _ in row)
        signs = [
            (box, letter)
            for box, letter in pieces
            if letter in (".", ",") and first < box[0] < last and foot - high * 0.35 < box[1] < foot
        ]
        return "".join(letter for _, letter in sorted(row + signs, key=lambda piece: piece[0][0]))


@pytest.fixture(scope="session")
def digit_reader() -> DigitReader:
    return DigitReader()


def _raster(font: ImageFont.FreeTypeFont, letter: str) -> Pixels:
    canvas = Image.new("1", (font.size * 3, font.size * 3))  # type: ignore[arg-type]
    draw = ImageDraw.Draw(canvas)
    draw.fontmode = "1"
    draw.text((font.size, font.size * 2), letter, fill=1, font=font, anchor="ls")
    box = canvas.getbbox()
    assert box is not None
    return np.array(canvas.crop(box), dtype=np.bool_)


def _pieces(picture: Pixels) -> list[tuple[tuple[int, int, int, int], Pixels]]:
    """Connected pieces of ink (corners connect): box left, top, right, bottom, and the piece alone in its box."""
    parent: list[int] = []

    def root(run: int) -> int:
        while parent[run] != run:
            parent[run] = parent[parent[run]]
            run = parent[run]
        return run

    runs: list[tuple[int, int, int]] = []
    above: list[int] = []
    for y, row in enumerate(picture):
        edges = np.flatnonzero(np.diff(np.concatenate(([0], row.astype(np.int8), [0]))))
        here = []
        for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            run = len(runs)
            runs.append((y, start, end))
            parent.append(run)
            here.append(run)
            for other in above:
                if runs[other][1] <= end and start <= runs[other][2]:
                    parent[root(other)] = root(run)
        above = here
    groups: dict[int, list[tuple[int, int, int]]] = {}
    for run, place in enumerate(runs):
        groups.setdefault(root(run), []).append(place)
    found = []
    for group in groups.values():
        left, right = min(start for _, start, _ in group), max(end for _, _, end in group)
        top, bottom = group[0][0], max(y for y, _, _ in group) + 1
        shape = np.zeros((bottom - top, right - left), dtype=np.bool_)
        for y, start, end in group:
            shape[y - top, start - left : end - left] = True
        found.append(((left, top, right, bottom), shape))
    return found
