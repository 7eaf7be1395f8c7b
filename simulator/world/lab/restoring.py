"""A shop whose machine is lost lives again from a backup, in the middle of everything.

In: a moment for the backup, another for the loss. Out: `esl backup` and `esl restore` themselves, and the laboratory's
books as they were when the backup was made. Rule: what was accepted since is lost by nature and nobody may expect it;
what others do about it is what docs/operating.md tells them: the POS sends its whole list, an authority its chunks.
"""

import asyncio
from typing import TYPE_CHECKING

from msgspec import Struct

from gateway.catalog import RowMode
from simulator.world.lab import invariants
from simulator.world.lab.batches import RememberedBatches
from simulator.world.lab.states import given_out
from simulator.world.lab.till import Sent
from simulator.world.world import Row, WorldBackup

if TYPE_CHECKING:
    from simulator.world.lab.lab import Lab

TURNS_OF_A_CUT = 2  # a power cut that was on its way lays its octets before the folder is another


class LabBackup(Struct, frozen=True):
    """With what POS and people knew then: `unsure`, displays that somebody was binding just then."""

    world: WorldBackup
    at_s: float
    sent: tuple[Sent, ...]
    batches: RememberedBatches


class Restoring:
    """One backup and its restore at a time: `alone` is held over both."""

    def __init__(self, lab: "Lab") -> None:
        self._lab = lab
        self.alone = asyncio.Lock()
        self._restored_at = lab.clock.now()

    async def backup(self) -> LabBackup:
        """Between two requests of the POS, so that it is known which of them it holds; the gateway may be dead."""
        lab = self._lab
        async with lab.till.counter:
            world = await lab.world.backup()
            return LabBackup(world, lab.now_s, tuple(lab.till.sent), lab.batches.remember())

    async def restore(self, backup: LabBackup, away_s: float) -> None:
        """The machine is lost now; after so long there is another, with the backup on it."""
        lab = self._lab
        lab.world.cut()
        async with lab.starting:  # nobody may start the old one meanwhile
            lab.world.cut()
            await lab.world.crash()
            await lab.clock.sleep(away_s)
            await lab.turns(TURNS_OF_A_CUT)
            before = given_out(lab.file)
            self._set_clock()
            self._put_back(backup)
            after = given_out(lab.file)
        for words in invariants.a_restored_gateway_knows_that_it_has_forgotten(before, after):
            lab.broken("a restored gateway knows that it has forgotten", words)
        await lab.start_gateway()

    def _set_clock(self) -> None:
        """Whoever restores looks at the clock first: lives from one backup are set apart by nothing else."""
        clock = self._lab.clock
        clock.jump(max(0.0, (self._restored_at - clock.now()).total_seconds()))
        self._restored_at = clock.now()

    def _put_back(self, backup: LabBackup) -> None:
        """At one instant: a trouble may be broken off at any await."""
        lab = self._lab
        known = {code: lab.world.judge.price_of(code) for code in lab.world.judge.products()}
        lab.world.put_back(backup.world)
        lab.disk.is_another()
        lab.till.sent = list(backup.sent)
        lab.forget_what_was_on_its_way()
        unsure = lab.batches.forget_after(backup.batches)
        for batch in lab.batches.all:
            if batch.is_taken and not batch.is_watched:
                lab.errand(f"watch {batch.session}", lab.batch_watch.watch(batch))
        lab.errand("the bindings of the backup", self._look_at_bindings(unsure))
        lab.errand("the store's settings", lab.staff.settings_are_set_again())
        lab.errand("the POS's whole list", self._send_whole_list(known))
        lab.errand("the authority's chunks", self._send_chunks_again())

    async def _send_whole_list(self, known: dict[str, str | None]) -> None:
        """As the POS has it; what it has removed is removed once more."""
        lab = self._lab
        rows: list[Row] = [
            {"barcode": code, "name": f"Artikl {code}", "price": price} for code, price in known.items() if price
        ]
        lab.tell(f"the POS sends its whole list again: {len(rows)} products")
        await lab.till.rows(RowMode.ADD, rows)
        there = lab.world.judge.products()
        removed = [code for code, price in known.items() if price is None and there.get(code) is not None]
        if removed:
            await lab.till.delete(removed)

    async def _send_chunks_again(self) -> None:
        for chunk in self._lab.head_office.sent():
            if refused := await self._lab.head_office.deliver(chunk):
                self._lab.broken("a good chunk is taken", f"after a restore a chunk is answered {refused}")

    async def _look_at_bindings(self, unsure: frozenset[str]) -> None:
        """Of those that somebody was binding when the backup was made, only the restored gateway knows."""
        lab = self._lab
        if not unsure:
            return
        await lab.start_gateway()
        for one in await lab.world.displays():
            if one.display_id in unsure:
                lab.batches.is_bound(one.display_id, one.barcodes[0] if one.barcodes else None, one.template)
        lab.batches.are_sure(unsure)
