"""Verification: every 30 s for up to six minutes, the displays that a batch still waits for are asked about.

In: sessions in verification and what the tags have proved, both from the tables; `ShownMoved` as a nudge. Out:
questions to delivery, confirmations, completed batches, `BatchMoved`.
Rule: confirmations count as they arrive, also after the batch was completed. A lost event costs a round, no count.
Source: the POS contract, Batches.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import structlog

from gateway.batch.confirming import (
    Verifying,
    confirm_displays,
    end_round,
    end_verification,
    is_awaited,
    unconfirmed_displays,
    verifying_sessions,
)
from gateway.batch.events import BatchMoved
from gateway.batch.limits import RETRY_AFTER_TROUBLE_S, VERIFICATION_ROUND_S, VERIFICATION_ROUNDS
from gateway.database import Crashed, Database, DatabaseFailure
from gateway.ports import Clock, EventStream, event_or_pause, to_ms
from gateway.shelf import Fact, ShownMoved

log = structlog.get_logger("batch")
_PROOFS = (Fact.PROVED, Fact.SETTLED)


class VerifyFace(Protocol):
    async def verify(self, display_ids: Sequence[str]) -> None:
        """Ask each display's tag at its next expected contact; two batches asking cause one question."""

    async def reasons(self, display_ids: Sequence[str]) -> dict[str, str]:
        """Why each display is not confirmed, in the contract's closed set."""


class Rounds:
    """One per gateway; `run` until cancelled."""

    def __init__(self, database: Database, clock: Clock, events: EventStream, verify: VerifyFace) -> None:
        self._database = database
        self._clock = clock
        self._events = events
        self._verify = verify
        self._nudged = asyncio.Event()
        self._proved: dict[str, None] = {}  # display ids in the order of their proofs
        self._proof_came = asyncio.Event()
        events.watch(BatchMoved, lambda _: self._nudged.set())
        events.watch(ShownMoved, self._note_proof)

    async def run(self) -> None:
        listener = asyncio.create_task(self._confirm_as_proofs_arrive())
        try:
            while True:
                self._nudged.clear()
                await event_or_pause(self._nudged, self._clock, await self._check_those_due())
        finally:
            listener.cancel()
            await asyncio.gather(listener, return_exceptions=True)

    def _note_proof(self, event: ShownMoved) -> None:
        if event.fact in _PROOFS:
            self._proved[event.display_id] = None
            self._proof_came.set()

    async def _confirm_as_proofs_arrive(self) -> None:
        """At first all that was proved while nobody listened, then what comes; many proofs, one write."""
        try:
            await self._confirm_at_last(None)
            while True:
                await self._proof_came.wait()
                self._proof_came.clear()
                display_ids, self._proved = list(self._proved), {}
                await self._confirm_at_last(display_ids)
        except Crashed:
            return  # this instance is dead

    async def _confirm_at_last(self, display_ids: Sequence[str] | None) -> None:
        while True:
            try:
                await self._confirm(display_ids)
                return
            except DatabaseFailure as error:
                log.warning("confirmations_postponed", reason=str(error), next_try_s=RETRY_AFTER_TROUBLE_S)
                await self._clock.sleep(RETRY_AFTER_TROUBLE_S)

    async def _confirm(self, display_ids: Sequence[str] | None) -> None:
        """`None`: every display that any batch waits for."""
        if not await self._database.read(lambda connection: is_awaited(connection, display_ids)):
            return
        now = self._clock.now()
        changed = await self._database.write(lambda connection: confirm_displays(connection, now, display_ids))
        for store_id, session_id in changed:
            self._events.publish(BatchMoved(store_id, session_id))

    async def _check_those_due(self) -> float:
        """Hold the rounds that are due; gives the seconds until the next."""
        wait_s = float(VERIFICATION_ROUND_S)
        try:
            for session in await self._database.read(verifying_sessions):
                due_s = _due_s(session, self._clock.now())
                if due_s <= 0:
                    await self._hold_round(session)
                else:
                    wait_s = min(wait_s, due_s)
        except DatabaseFailure as error:
            log.warning("rounds_postponed", reason=str(error), next_try_s=RETRY_AFTER_TROUBLE_S)
            return RETRY_AFTER_TROUBLE_S
        return wait_s

    async def _hold_round(self, session: Verifying) -> None:
        session_id = session.session_id
        missing = await self._database.read(lambda connection: unconfirmed_displays(connection, session_id))
        await self._confirm(missing)
        missing = await self._database.read(lambda connection: unconfirmed_displays(connection, session_id))
        if not missing:
            return  # completed by its last confirmation
        is_last = session.round + 1 >= VERIFICATION_ROUNDS
        if not is_last:
            await self._verify.verify(missing)
        reasons = await self._verify.reasons(missing)
        now = self._clock.now()
        end = end_verification if is_last else end_round
        await self._database.write(lambda connection: end(connection, session_id, reasons, now))
        log.info("round_held", session=session_id, round=session.round + 1, missing=len(missing))
        self._events.publish(BatchMoved(session.store_id, session_id))


def _due_s(session: Verifying, now: datetime) -> float:
    """Seconds until its next round. UTC may jump: a round is never further away than one round."""
    due_s = (session.next_check_at - to_ms(now)) / 1000
    return due_s if due_s <= VERIFICATION_ROUND_S else 0.0
