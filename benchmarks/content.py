"""What a price change costs on the air: its difference beside the whole picture and the raw planes.

    python benchmarks/content.py [--list FILE] [--products 500] [--panel 2.9-bwr] [--json]

Products of a price list (CSV or JSON; without one, made ones) are drawn by the shelf template; then price and unit
price move by up to 15 %, seeded, and the same label is drawn again. Counted are the coded octets, and the parts of 99
octets that the air carries. Every difference is applied to the old picture and must give the new one. Nothing but
prices moves: where an offer begins or ends most of the label is another, and a difference gains little.
"""

import argparse
import json
import random
import statistics
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from msgspec import Struct

from benchmarks.labels import made_products
from firmware_protocol import PANELS, Codec, Panel, content_id, encode
from firmware_protocol.encoding import Base, encode_difference, stream_octets, unpacked
from firmware_protocol.poll import PART_OCTETS
from gateway.access import StoreSettings
from gateway.catalog import RowMode
from gateway.cli.price_list import read_price_list
from simulator.world.judge import Judge

SETTINGS = StoreSettings("bench", "EUR", "Europe/Zagreb", "hr-HR", "hr", 1, False, None, True)
AMOUNTS = ("price", "salePrice", "unitPrice")
Row = dict[str, object]


class Cost(Struct, frozen=True):
    """Octets of one price change, each way."""

    raw: int
    deflated: int
    difference: int


def rows_of(file: Path | None, count: int) -> list[Row]:
    if file is None:
        return [
            {"barcode": one.barcode, "name": one.name, "price": str(one.price), "unitPrice": str(one.unit_price)}
            for one in made_products(count)
        ]
    good = {row["barcode"]: row for row in read_price_list(file, None).rows if row.get("barcode")}
    once = list(good.values())
    return [once[number * len(once) // count] for number in range(min(count, len(once)))]


def changed(row: Mapping[str, object], dice: random.Random) -> Row:
    """The row with another price: one factor for all its amounts, at least a cent."""
    factor = Decimal(dice.randint(850, 1150)) / 1000
    amounts: Row = {}
    for name in AMOUNTS:
        try:
            amount = Decimal(str(row[name]).replace(",", "."))
        except (KeyError, ArithmeticError):
            continue
        moved = (amount * factor).quantize(Decimal("0.01"))
        amounts[name] = str(moved if moved != amount else amount + Decimal("0.01"))
    return {**row, **amounts}


def measure(panel: Panel, rows: Sequence[Row], seed: int = 5) -> tuple[list[Cost], int, float]:
    """Costs of the labels that changed, how many did not, and microseconds a difference."""
    dice, judge = random.Random(seed), Judge(SETTINGS)
    now = datetime(2025, 7, 3, 12, tzinfo=UTC)
    costs, same, spent_s = [], 0, 0.0
    for row in rows:
        code = str(row["barcode"])
        judge.accepted([row], RowMode.UPDATE)
        old = judge.expected("D", panel.name, [code], now).planes
        judge.accepted([changed(row, dice)], RowMode.UPDATE)
        new = judge.expected("D", panel.name, [code], now).planes
        if old == new:
            same += 1
            continue
        began_s = time.perf_counter()
        base, octets = Base(content_id(panel, old), b"".join(old), panel.row_octets), b"".join(new)
        told = encode_difference(base, octets)
        spent_s += time.perf_counter() - began_s
        if unpacked(Codec.DIFFERENCE, told.data, len(octets), base) != octets:
            raise SystemExit(f"{code}: the difference does not give the new picture")
        costs.append(Cost(len(octets), len(encode(new, Codec.DEFLATE).data), len(told.data)))
    return costs, same, spent_s / max(len(costs), 1) * 1e6


def share_of_deflated(costs: Sequence[Cost]) -> float:
    """The median of the ratios."""
    return statistics.median(one.difference / one.deflated for one in costs)


def parts(octets: int) -> int:
    return -(-stream_octets(octets) // PART_OCTETS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", type=Path, metavar="FILE")
    parser.add_argument("--products", type=int, default=500)
    parser.add_argument("--panel", choices=sorted(PANELS), default="2.9-bwr")
    parser.add_argument("--json", action="store_true", help="one object as the last line")
    asked = parser.parse_args()
    costs, same, difference_us = measure(PANELS[asked.panel], rows_of(asked.list, asked.products))
    share = share_of_deflated(costs)
    print(f"{len(costs)} price changes on {asked.panel}, {same} labels stayed the same; {difference_us:.0f} us each")
    for name in ("raw", "deflated", "difference"):
        octets = sorted(getattr(one, name) for one in costs)
        air = statistics.mean(parts(one) for one in octets)
        p95 = octets[len(octets) * 95 // 100]
        print(
            f"{name:11} mean {statistics.mean(octets):6.0f}  median {statistics.median(octets):6.0f}  p95 {p95:6d}",
            end="",
        )
        print(f"  parts {air:5.1f}")
    print(f"difference over deflated, median of the ratios: {share:.2f}")
    if asked.json:
        print(
            json.dumps(
                {
                    "panel": asked.panel,
                    "price_changes": len(costs),
                    "unchanged": same,
                    "price_change_bytes_of_deflated": round(share, 4),
                    "difference_us": round(difference_us, 1),
                    "parts_full": round(statistics.mean(parts(one.deflated) for one in costs), 2),
                    "parts_difference": round(statistics.mean(parts(one.difference) for one in costs), 2),
                }
            )
        )


if __name__ == "__main__":
    main()
