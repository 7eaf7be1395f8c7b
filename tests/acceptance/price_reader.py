"""Reads the price off a picture of a glass, as somebody who knows nothing of our fonts: tesseract reads the digits.

In: an upright picture. Out: the digits, euros then cents. Rule: we only cut the digits out and set them on one line,
because tesseract knows no raised cents; what each one is, tesseract alone decides.
"""

import io
import shutil
import subprocess

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

Ink = npt.NDArray[np.bool_]
Box = tuple[int, int, int, int]  # left, top, right, bottom; the last two are outside

ABOVE_BARCODE = 0.79  # of the height: the bars begin below it on every template
# Tesseract was taught digits of text: larger or narrower ones it takes for others (a condensed 5 for a 9).
DIGIT_PX, GAP_PX, MARGIN_PX = 36, 8, 20
WIDER = 1.3

needs_tesseract = pytest.mark.skipif(
    shutil.which("tesseract") is None, reason="tesseract is not installed (apt install tesseract-ocr)"
)


def price_digits(picture: Image.Image) -> str:
    """`399` for 3,99 €."""
    return _read_line(_on_one_line(picture))


def _on_one_line(picture: Image.Image) -> Image.Image:
    ink = np.asarray(picture.convert("RGB")).min(axis=2) < 128
    ink = ink[: int(ink.shape[0] * ABOVE_BARCODE)]
    boxes = [box for box in _pieces(ink) if box[2] - box[0] < ink.shape[1] * 0.4]
    tallest = max(boxes, key=lambda box: box[3] - box[1])
    height = tallest[3] - tallest[1]
    digits = sorted(
        box for box in boxes if abs(box[1] - tallest[1]) <= height * 0.15 and box[3] - box[1] >= height * 0.4
    )
    grey = Image.fromarray(np.where(ink, 0, 255).astype(np.uint8))
    cut = [grey.crop(box) for box in digits]
    scaled = [
        one.resize((max(1, round(one.width * WIDER * DIGIT_PX / one.height)), DIGIT_PX), Image.Resampling.BICUBIC)
        for one in cut
    ]
    width = sum(one.width + GAP_PX for one in scaled)
    line = Image.new("L", (width + 2 * MARGIN_PX, DIGIT_PX + 2 * MARGIN_PX), 255)
    left = MARGIN_PX
    for one in scaled:
        line.paste(one, (left, MARGIN_PX))
        left += one.width + GAP_PX
    return line


def _pieces(ink: Ink) -> list[Box]:
    """Boxes of connected ink, corners counted as connected."""
    left = set(zip(*(axis.tolist() for axis in np.nonzero(ink)), strict=True))
    boxes: list[Box] = []
    while left:
        edge = [left.pop()]
        rows, columns = [edge[0][0]], [edge[0][1]]
        while edge:
            row, column = edge.pop()
            for near in [(row + down, column + right) for down in (-1, 0, 1) for right in (-1, 0, 1)]:
                if near in left:
                    left.discard(near)
                    edge.append(near)
                    rows.append(near[0])
                    columns.append(near[1])
        boxes.append((min(columns), min(rows), max(columns) + 1, max(rows) + 1))
    return boxes


def _read_line(line: Image.Image) -> str:
    file = io.BytesIO()
    line.save(file, "PNG", dpi=(300, 300))
    command = ["tesseract", "-", "-", "--psm", "7", "-c", "tessedit_char_whitelist=0123456789"]
    ended = subprocess.run(
        command, input=file.getvalue(), capture_output=True, check=True, env={"OMP_THREAD_LIMIT": "1"}
    )
    return ended.stdout.decode().strip().replace(" ", "")
