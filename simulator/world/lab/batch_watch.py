"""Follows a batch as a POS does, by its status, and holds the gateway to what the contract says of it.

In: a batch that was taken. Out: broken promises: counts that exceed, progress that falls, an end that does not come.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from simulator.world.lab.batches import Batch
from simulator.world.lab.till import STATUS_EVERY_S

if TYPE_CHECKING:
    from simulator.world.lab.lab import Lab

LOOKS_AT_VERIFICATION_MAX = 40  # each minute, answered: six minutes of rounds, and every disk that was full or slow


class BatchWatch:
    def __init__(self, lab: "Lab") -> None:
        self._lab = lab

    async def watch(self, batch: Batch) -> None:
        """Polls it to its end: what is confirmed is never more than there is, and progress never falls."""
        batch.is_watched = True
        try:
            await self._watch_to_its_end(batch)
        finally:
            batch.is_watched = False

    async def _watch_to_its_end(self, batch: Batch) -> None:
        session, progress, looks, life = batch.session, -1, 0, self._lab.world.restores
        while not batch.is_lost:
            if life != self._lab.world.restores:
                progress, looks, life = -1, 0, self._lab.world.restores
            status = await self._lab.till.status(session)
            if status is not None:
                looks += status["phase"] == "verifying"
                if looks == LOOKS_AT_VERIFICATION_MAX:
                    self._lab.broken(
                        "a batch ends when all is proved or its time is over", f"batch {session} goes on and on"
                    )
                confirmed, of, now = (int(str(status[key])) for key in ("tagsConfirmed", "tagsTotal", "progress"))
                if confirmed > of:
                    self._lab.broken("no more is confirmed than there is", f"batch {session}: {confirmed} of {of}")
                if now < progress:
                    self._lab.broken("progress never falls", f"batch {session}: {now} after {progress}")
                progress = now
                if status["syncedAt"] is not None:
                    self._lab.batches.settles(batch)
                if status["status"] != "processing":
                    rounds = status["verification"]
                    if confirmed < of and isinstance(rounds, Mapping) and rounds["round"] < rounds["rounds"]:
                        self._lab.broken(
                            "a batch ends when all is proved or its time is over", f"batch {session}: {rounds}"
                        )
                    return
            await self._lab.clock.sleep(2 * STATUS_EVERY_S)
