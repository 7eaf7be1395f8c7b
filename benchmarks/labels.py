"""How quickly labels are drawn, as a ratio to plain Pillow on the same label, interleaved in one run.

    python benchmarks/labels.py [--products 2000] [--panel 2.9-bwr] [--json]

Baseline: `plain` below draws the same marks upright with ImageDraw, fonts loaded once, BASIC layout, then turns and
packs. It is given the finished layout for nothing, so the ratio says less than it could.

Products are made here, seeded: names of several words from a vocabulary as large as a real list's, none seen before
(`cold`), then all seen (`warm`).
"""

import argparse
import json
import platform
import random
import statistics
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial

import PIL
from PIL import Image, ImageDraw, features

from firmware_protocol import PANELS, Panel, content_id
from gateway.labels import LabelProduct, LabelRequest, render, render_many
from gateway.labels.bars import has_check_digit
from gateway.labels.layout import lay_out
from gateway.labels.marks import Fill, Mark, Run, Strip
from gateway.labels.store import template

SLICE = 100


def made_products(count: int, seed: int = 3) -> list[LabelProduct]:
    """Names of 3 to 6 capital words; one in twelve on offer; EAN-13s with their check digit."""
    dice = random.Random(seed)
    vocabulary = ["".join(dice.choices("AEIOURSTNLKPMDČŠŽĆĐ", k=dice.randint(2, 11))) for _ in range(9000)]
    products = []
    for number in range(count):
        stem = f"385{number:09d}"
        price = Decimal(dice.randint(19, 4999)) / 100
        offer = dice.random() < 1 / 12
        products.append(
            LabelProduct(
                barcode=next(stem + check for check in "0123456789" if has_check_digit(stem + check)),
                name=" ".join(dice.choices(vocabulary, k=dice.randint(3, 6))) + f" {dice.randint(1, 99) * 10}g",
                price=price,
                on_offer=offer,
                old_price=price + 1 if offer else None,
                lowest_price_30_days=price if offer else None,
                unit_price=price * 2,
                unit="ko",
                pack_size="0.50 kg",
            )
        )
    return products


def plain(panel: Panel, marks: Sequence[Mark]) -> tuple[bytes, ...]:
    """Straightforward Pillow: strings by `text`, one rectangle a bar, colour planes apart, turn, pack."""
    count = panel.colours.plane_count
    pictures = [Image.new("1", panel.label_px, 1 if place == 0 else 0) for place in range(count)]
    draws = [ImageDraw.Draw(picture) for picture in pictures]
    for draw in draws:
        draw.fontmode = "1"
    for mark in marks:
        if isinstance(mark, Run):
            plane = min(mark.ink, count - 1) if mark.ink < 3 else 0
            draws[plane].text(
                (mark.x, mark.y), mark.text, fill=0 if plane == 0 else 1, font=mark.face.font, anchor="ls"
            )
        elif isinstance(mark, Fill):
            plane = min(mark.ink, count - 1) if mark.ink < 3 else 0
            corner = (mark.x + mark.width - 1, mark.y + mark.height - 1)
            draws[plane].rectangle((mark.x, mark.y, *corner), fill=0 if plane == 0 else 1)
        elif isinstance(mark, Strip):
            x = mark.x
            for module in "".join(mark.patterns):
                if module == "1":
                    draws[0].rectangle((x, mark.y, x + mark.module_px - 1, mark.y + mark.height - 1), fill=0)
                x += mark.module_px
    return tuple(picture.rotate(-panel.rotation, expand=True).tobytes() for picture in pictures)


def draw_plainly(panel: Panel, layouts: Sequence[list[Mark]]) -> None:
    for marks in layouts:
        content_id(panel, plain(panel, marks))


def seconds(work: Callable[[], object]) -> float:
    """Of the processor, so that what else runs on the machine weighs less."""
    start = time.process_time()
    work()
    return time.process_time() - start


def measure(panel_name: str, products: Sequence[LabelProduct]) -> dict[str, float]:
    """Medians over slices, each measured cold, warm, plain in turn; microseconds a label."""
    panel, shelf = PANELS[panel_name], template("shelf")
    requests = [LabelRequest(panel_name, "shelf", "EUR", "hr-HR", (product,), "") for product in products]
    render(requests.pop())  # fonts and templates load once a process
    spent: dict[str, list[float]] = {"plain": [], "cold": [], "warm": []}
    for start in range(0, len(requests), SLICE):
        part = requests[start : start + SLICE]
        spent["cold"].append(seconds(partial(render_many, part)) / len(part))
        spent["warm"].append(seconds(partial(render_many, part)) / len(part))
        layouts = [lay_out(shelf, panel, request) for request in part[: SLICE // 4]]
        spent["plain"].append(seconds(partial(draw_plainly, panel, layouts)) / len(layouts))
    return {name: statistics.median(slices) * 1e6 for name, slices in spent.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--products", type=int, default=2000)
    parser.add_argument("--panel", choices=sorted(PANELS), default="2.9-bwr")
    parser.add_argument("--json", action="store_true", help="one object as the last line")
    asked = parser.parse_args()
    us = measure(asked.panel, made_products(asked.products + 1))
    versions = f"Pillow {PIL.__version__}, FreeType {features.version('freetype2')}, Python {platform.python_version()}"
    print(f"{asked.products} new products on {asked.panel}, one core; {versions}")
    for name, words in (
        ("plain", "plain Pillow, layout given"),
        ("cold", "render, products never seen"),
        ("warm", "render, all seen before"),
    ):
        print(f"{words:28} {us[name]:8.0f} us a label   {us['plain'] / us[name]:5.1f} x plain Pillow")
    if asked.json:
        print(
            json.dumps(
                {
                    "panel": asked.panel,
                    "products": asked.products,
                    "plain_us": round(us["plain"], 1),
                    "new_product_us": round(us["cold"], 1),
                    "seen_product_us": round(us["warm"], 1),
                    "new_product_over_plain_pillow": round(us["plain"] / us["cold"], 2),
                    "seen_product_over_plain_pillow": round(us["plain"] / us["warm"], 2),
                    "pillow": PIL.__version__,
                    "freetype": features.version("freetype2"),
                    "python": platform.python_version(),
                }
            )
        )


if __name__ == "__main__":
    main()
