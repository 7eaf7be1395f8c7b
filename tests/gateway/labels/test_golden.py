"""Golden pictures: every panel, plain and on offer, and the cases that once looked wrong.

Compared as decoded pixels. After a change that is meant to move pixels, look at the pictures that the failures write
(want, got, difference), raise `DRAWING` in gateway/labels/store.py, and renew them:
    ESL_RENEW_GOLDENS=1 .venv/bin/pytest tests/gateway/labels/test_golden.py
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops

from firmware_protocol import PANELS
from gateway.labels import LabelProduct, LabelRequest, render
from gateway.labels.preview import preview_image

GOLDEN = Path(__file__).parent / "golden"
RENEW = os.environ.get("ESL_RENEW_GOLDENS") == "1"

LONG = "DEMI GLACE UMAK ZA PEČENJE S VRGANJIMA I VRHNJEM ŽUPANIJSKI ČUVENI PROIZVOD 12x500ml"
DEAR = {"price": "1234.99", "unit_price": "12345.67"}

Make = Callable[..., LabelProduct]
Ask = Callable[..., LabelRequest]

CORNERS: dict[str, dict[str, Any]] = {
    "long-and-dear": {"name": LONG, **DEAR},
    "long-offer-deposit": {"name": LONG, "offer": True, "deposit": "0.07", "price": "129.99"},
    "short": {"name": "Kruh", "barcode": "40123455", "unit_price": None, "price": "0.49"},
    "own-code": {"name": "Sir na vagi", "barcode": "A-4711"},
    "very-dear": {"price": "1234567.99", "offer": True},
}
SEVERAL: list[dict[str, Any]] = [{}, {"name": LONG, "offer": True}, {"name": "Kruh", "price": "1234.99"}, {}, {}, {}]
SHOPS = [
    ("en-GB", "GBP", "19.50"),
    ("de-AT", "EUR", "19.50"),
    ("de-CH", "CHF", "19.50"),
    ("hu-HU", "HUF", "1990"),
    ("ja-JP", "JPY", "1990"),
    ("ar-KW", "KWD", "1.255"),
    ("el-GR", "EUR", "19.50"),
    ("uk-UA", "UAH", "19.50"),
]


@dataclass(frozen=True)
class Case:
    """What is drawn: `products` by their fields."""

    panel: str
    products: Sequence[Mapping[str, Any]] = ({},)
    template: str = "shelf"
    locale: str = "hr-HR"
    currency: str = "EUR"


def cases() -> Iterator[tuple[str, Case]]:
    for panel in PANELS:
        yield f"plain-{panel}", Case(panel)
        yield f"offer-{panel}", Case(panel, [{"offer": True}])
    for panel in ("2.13-bwr", "2.9-bwry", "4.2-bw", "7.5-bwr"):
        for name, fields in CORNERS.items():
            yield f"{name}-{panel}", Case(panel, [fields])
    for panel in ("4.2-bw", "7.5-bwry"):
        for count in (2, 3, 6):
            yield f"several-{count}-{panel}", Case(panel, SEVERAL[:count])
    for panel in ("2.13-bw", "2.9-bw", "4.2-bw", "7.5-bw"):
        for template in ("minimal", "till", "unbound"):
            yield f"{template}-{panel}", Case(panel, template=template)
    for locale, currency, price in SHOPS:
        fields = {"price": price, "deposit": "0.25", "offer": True}
        yield f"money-{locale}-{currency}", Case("2.9-bwr", [fields], locale=locale, currency=currency)


CASES = dict(cases())


@pytest.mark.parametrize("case", CASES)
def test_a_label_looks_as_it_was_approved(case: str, product: Make, label: Ask, tmp_path: Path) -> None:
    asked = CASES[case]
    products = [product(**fields) for fields in asked.products]
    request = label(asked.panel, *products, template=asked.template, locale=asked.locale, currency=asked.currency)
    got = preview_image(request.panel, render(request).planes)
    path = GOLDEN / f"{case}.png"
    if RENEW:
        got.quantize(8).save(path, optimize=True)
    with Image.open(path) as stored:
        want = stored.convert("RGB")
    if got.size != want.size or ImageChops.difference(got, want).getbbox() is not None:
        pytest.fail(f"{case} is drawn differently; look at {_comparison(want, got, tmp_path / f'{case}.png')}")


def test_no_golden_is_left_of_a_case_that_is_gone() -> None:
    assert {path.stem for path in GOLDEN.glob("*.png")} == set(CASES)


def _comparison(want: Image.Image, got: Image.Image, path: Path) -> Path:
    """Want, got, and what differs in red, one above the other at twice the size."""
    width, height = max(want.width, got.width), max(want.height, got.height)
    sheet = Image.new("RGB", (width, height * 3 + 8), "blue")
    sheet.paste(want, (0, 0))
    sheet.paste(got, (0, height + 4))
    if want.size == got.size:
        differs = ImageChops.difference(want, got).convert("L").point(lambda level: 255 if level else 0)
        sheet.paste(Image.composite(Image.new("RGB", got.size, "red"), got, differs), (0, height * 2 + 8))
    sheet.resize((sheet.width * 2, sheet.height * 2), Image.Resampling.NEAREST).save(path)
    return path
