"""A chunk is state: shuffled, repeated, late, the same chunks leave the same catalogue and the same ledger."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from head_office import NOW, SOURCE, FedShop
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from gateway.access import add_store, update_store
from gateway.catalog import tables

BARCODES = ("p-1", "p-2", "p-3")
PRICES = st.sampled_from(["1.29", "1.39", "0.99", "2"])
FIELDS = ("price", "salePrice", "saleStart", "onSale")


@dataclass
class Authority:
    """Keeps a truthful history: each change has its instant and its number, and each state the last 60 days of them."""

    version: int = 0
    products: dict[str, dict[str, Any]] = field(default_factory=dict)
    changes: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def save(self, barcode: str, days_ago: float, values: dict[str, Any]) -> dict[str, Any]:
        """Gives the whole product after saving; `values` empty: it is removed."""
        self.version += 1
        at = NOW - timedelta(days=days_ago)
        before = self.products.get(barcode, {})
        after = {"name": "Roba", **before, **values} if values else {}
        after = {name: value for name, value in after.items() if value is not None}
        past = self.changes.setdefault(barcode, [])
        for name in FIELDS:
            old, new = before.get(name), after.get(name)
            if old != new:
                text = at.isoformat().replace("+00:00", "Z")
                past.append({"field": name, "old": old, "new": new, "at": text, "accepted_seq": self.version})
        self.products[barcode] = after
        since = (at - timedelta(days=60)).isoformat()
        return {
            "barcode": barcode,
            **after,
            "product_version": self.version,
            "removed": not values,
            "price_changes": [one for one in past if one["at"] >= since],
        }


@st.composite
def histories(draw: st.DrawFn) -> list[dict[str, Any]]:
    """The states of three products over 200 days, oldest first."""
    authority = Authority()
    days = sorted(draw(st.lists(st.integers(0, 200), min_size=1, max_size=14)), reverse=True)
    states = []
    for day in days:
        barcode = draw(st.sampled_from(BARCODES))
        if authority.products.get(barcode) and draw(st.integers(0, 5)) == 0:
            values: dict[str, Any] = {}
        else:
            values = {"price": draw(PRICES)}
            values |= draw(
                st.fixed_dictionaries(
                    {},
                    optional={
                        "salePrice": st.one_of(st.none(), PRICES),
                        "saleStart": st.sampled_from([None, "2026-01-05", "2026-02-05"]),
                        "onSale": st.sampled_from([None, True, False]),
                    },
                )
            )
        states.append(authority.save(barcode, day, values))
    return states


class Shops:
    """A new store for each history, in one database: opening one takes longer than feeding a store."""

    def __init__(self, folder: Path) -> None:
        self.shop = FedShop(folder)
        self.count = 0
        asyncio.run(self.shop.open())

    def after(self, states: list[dict[str, Any]], cuts: set[int]) -> list[Any]:
        """All that catalogue and ledger say, once the states came in this order, cut into chunks."""
        return asyncio.run(self._after(states, cuts))

    async def _after(self, states: list[dict[str, Any]], cuts: set[int]) -> list[Any]:
        self.count += 1
        store, database = f"store-{self.count}", self.shop.database
        await database.write(lambda c: add_store(c, store, now=NOW))
        await database.write(lambda c: update_store(c, store, now=NOW, source=SOURCE))
        part: list[dict[str, Any]] = []
        for place, state in enumerate(states):
            part.append(state)
            if place in cuts or place == len(states) - 1:
                assert (await self.shop.send(*part, store=store))["refused"] == []
                part = []
        return await database.read(lambda connection: everything(connection, store))


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shops]:
    shops = Shops(tmp_path_factory.mktemp("shops"))
    yield shops
    asyncio.run(shops.shop.database.close())


def everything(connection: Any, store: str) -> list[Any]:
    product, line = tables.product.c, tables.price_ledger.c
    products = select(product.barcode, product.version, product.removed_at, product.fields, product.field_seqs)
    columns = (line.accepted_seq, line.changes, line.source, line.session_id, line.at)
    lines = select(product.barcode, *columns).where(line.product_id == product.product_id, line.store_id == store)
    return [
        *connection.execute(products.where(product.store_id == store).order_by(product.barcode)),
        *connection.execute(lines.order_by(product.barcode, line.line_id)),
    ]


@given(history=histories(), data=st.data())
@settings(max_examples=40, deadline=None)
def test_any_order_and_any_number_of_repeats_leave_the_same_products_and_ledger(
    shops: Shops, history: list[dict[str, Any]], data: st.DataObject
) -> None:
    mixed = data.draw(st.permutations(history + data.draw(st.lists(st.sampled_from(history), max_size=6))))
    cuts = data.draw(st.sets(st.integers(0, len(mixed))))
    assert shops.after(mixed, cuts) == shops.after(history, set(range(len(history))))


@pytest.mark.parametrize("cuts", [{0, 1}, {0, 1, 2}], ids=["together", "one by one"])
def test_a_gap_is_closed_by_a_late_fact_though_another_one_came_between(shops: Shops, cuts: set[int]) -> None:
    authority = Authority()
    begins, falls, later, ends = (
        authority.save("p-1", days, values)
        for days, values in ((98, {"price": "1.29"}), (62, {"price": "0.99"}), (1, {"price": "0.99"}), (1, {}))
    )
    assert later["price_changes"] == []  # so that its price is a gap, until the fall is told
    left = shops.after([begins, later, falls, ends], cuts)
    assert left == shops.after([begins, falls, later, ends], {0, 1, 2})
    assert "gap" not in [line.source for line in left[1:]]


@given(history=histories())
@settings(max_examples=20, deadline=None)
def test_the_newest_states_alone_leave_the_same_products_as_all_of_them(
    shops: Shops, history: list[dict[str, Any]]
) -> None:
    newest = list({state["barcode"]: state for state in history}.values())

    def products(states: list[dict[str, Any]]) -> list[Any]:
        return [(row.barcode, row.version, row.fields) for row in shops.after(states, set()) if hasattr(row, "version")]

    assert products(newest) == products(history)
