"""The batches of a run, and what they must come to: how many rows were sent, how many displays show their products.

In: what the POS sent, which display people bound to what, and how it is drawn. Out: for each batch the rows, and the
least and the most displays that it may wait for; for each display what people want of it. Rule: nothing is read from
the batch itself. A display that was bound anew while a batch was being processed may count or not; every other one
counts exactly if it shows one of the products.
"""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from msgspec import Struct

from simulator.world.judge import TEMPLATE


class Bound(NamedTuple):
    """What people want a display to show: a product or none, drawn by which template."""

    barcode: str | None
    template: str = TEMPLATE


@dataclass(slots=True)
class Batch:
    """`displays_bound`: the least and the most that it may wait for."""

    session: str
    barcodes: frozenset[str]
    rows: int
    displays_bound: tuple[int, int] = (0, 0)
    is_taken: bool = False
    is_settled: bool = False
    is_watched: bool = False
    is_lost: bool = False  # a restore has lost that it was completed
    bound_anew: set[str] = field(default_factory=set)


class RememberedBatches(Struct, frozen=True):
    """What was known when a backup was made. `unsure`: displays that somebody was binding just then."""

    taken: tuple[tuple[Batch, bool, tuple[int, int], frozenset[str]], ...]  # whether settled, for how many, bound anew
    bound: dict[str, Bound]
    unsure: frozenset[str]
    contested: frozenset[str]


class Batches:
    def __init__(self) -> None:
        self.all: list[Batch] = []
        self._bound: dict[str, Bound] = {}
        self._begun = asyncio.Event()
        self._under_way: dict[str, int] = {}  # displays that somebody is binding just now
        self._contested: set[str] = set()  # that two people bound at once: only the gateway knows who came last
        self._joined: set[str] = set()  # where another came while somebody was binding

    def are_bound(self, bindings: Iterable[tuple[str, str]]) -> None:
        """As the shop opens: display and barcode."""
        self._bound.update((display, Bound(barcode)) for display, barcode in bindings)

    @contextmanager
    def binding(self, display: str) -> Iterator[None]:
        """Somebody binds or unbinds it; when exactly, only the gateway knows."""
        others = self._under_way.get(display, 0)
        self._under_way[display] = others + 1
        if others:
            self._joined.add(display)
            self._contested.add(display)
        else:
            self._joined.discard(display)
        for batch in self.all:
            if not batch.is_settled:
                batch.bound_anew.add(display)
        try:
            yield
        finally:
            self._under_way[display] -= 1

    def barcode_of(self, display: str) -> str | None:
        bound = self._bound.get(display)
        return None if bound is None else bound.barcode

    def as_bound(self) -> dict[str, Bound]:
        """What people want of each display of which that is known."""
        return {display: bound for display, bound in self._bound.items() if display not in self._contested}

    def displays_of(self, barcodes: Iterable[str]) -> list[str]:
        """Those that show one of these."""
        wanted = frozenset(barcodes)
        return [display for display, bound in self._bound.items() if bound.barcode in wanted]

    def is_bound(self, display: str, barcode: str | None, template: str | None = None) -> None:
        """Without a template it keeps the one it had, known or not."""
        if template is not None and display not in self._joined:
            self._contested.discard(display)
        self._bound[display] = Bound(barcode, template or self._bound.get(display, Bound(None)).template)

    def is_unknown(self, display: str) -> None:
        """What was answered does not tell what is bound: an earlier try may have been taken, its answer lost."""
        self._contested.add(display)

    def begins(self, session: str, barcodes: Iterable[str], rows: int) -> Batch:
        """It is about to be completed."""
        batch = Batch(session, frozenset(barcodes), rows)
        batch.bound_anew.update(display for display, people in self._under_way.items() if people)
        self.all.append(batch)
        self._begun.set()
        self._begun = asyncio.Event()
        return batch

    async def next_begins(self) -> None:
        """Returns when another is about to be completed."""
        await self._begun.wait()

    def drop(self, batch: Batch) -> None:
        """It was not taken after all."""
        batch.is_lost = True
        self.all = [one for one in self.all if one is not batch]

    def remember(self) -> RememberedBatches:
        taken = tuple(
            (one, one.is_settled, one.displays_bound, frozenset(one.bound_anew)) for one in self.all if one.is_taken
        )
        unsure = frozenset(display for display, people in self._under_way.items() if people)
        return RememberedBatches(taken, dict(self._bound), unsure, frozenset(self._contested))

    def forget_after(self, then: RememberedBatches) -> frozenset[str]:
        """The gateway lives again from a backup of then. Gives the displays of which nobody knows; see `are_sure`."""
        kept = {id(one): (settled, bound, anew) for one, settled, bound, anew in then.taken}
        for batch in list(self.all):
            if id(batch) in kept:
                batch.is_settled, batch.displays_bound, anew = kept[id(batch)]
                batch.bound_anew = set(anew)
            elif batch.is_taken:
                self.drop(batch)
        self._bound, self._contested = dict(then.bound), set(then.contested)
        self._contested.update(display for display, people in self._under_way.items() if people > 1)
        for display in then.unsure:
            self._under_way[display] = self._under_way.get(display, 0) + 1
        for batch in self.all:
            if not batch.is_settled:
                batch.bound_anew.update(display for display, people in self._under_way.items() if people)
        return then.unsure

    def are_sure(self, displays: Iterable[str]) -> None:
        for display in displays:
            self._under_way[display] -= 1

    def settles(self, batch: Batch) -> None:
        """It is known by now what it waits for."""
        if batch.is_settled:
            return
        batch.is_settled = True
        shows = {display for display, bound in self._bound.items() if bound.barcode in batch.barcodes}
        free = batch.bound_anew | self._contested
        least = len(shows - free)
        batch.displays_bound = (least, least + len(free))
