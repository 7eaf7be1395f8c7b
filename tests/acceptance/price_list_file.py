"""The real price list that the acceptance tests send, as `esl import` reads it. It is not part of the repository."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from gateway.cli.price_list import read_price_list

FILE = Path(__file__).parents[3] / "shared" / "data" / "price-list-hypermarket-2025-07-03.csv"
ROWS, REJECTED = 10_950, 158
needs_it = pytest.mark.skipif(not FILE.exists(), reason=f"{FILE} is not here: the price list is not published with us")


def copied(folder: Path) -> Path:
    """A copy that the importer may write its rejected rows beside."""
    return Path(shutil.copy(FILE, folder / FILE.name))


def rows_sent() -> list[dict[str, object]]:
    """Every row as the importer sends it."""
    return list(read_price_list(FILE, None).rows)


def spread(rows: Sequence[dict[str, object]], count: int) -> list[dict[str, object]]:
    """So many good rows of different products, from all over the list, and offers among them."""
    good: dict[object, dict[str, object]] = {row["barcode"]: row for row in rows if row.get("barcode")}
    once = list(good.values())
    return [once[number * len(once) // count] for number in range(count)]
