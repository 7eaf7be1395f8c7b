"""Writes a request's answer down beside its rows, so that a repeat by Idempotency-Key is harmless.

In: the request's key, what the transaction gave. Out: the `Answer`, ready to be sent once the commit is done.
Rule: look-up and entry stand in the very transaction of the rows, or a power cut could part them. Whatever has judged
rows is remembered, a 422 too; what was refused before (401, 413, 429, ...) is not. Source: the POS contract, Batches.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Generic, TypeVar, cast

from msgspec import Struct
from sqlalchemy import Connection

from gateway.access import Grant, remember_answer, remembered_answer
from gateway.pos_api.answers import Answer, AnsweredBefore
from gateway.pos_api.checklist import Checklist
from gateway.pos_api.problem import Problem
from gateway.pos_api.request import RepeatKey

R = TypeVar("R")


class Entry(Generic[R], Struct, frozen=True):
    """How a result is told: the answer that is sent, and the marks that sandbox traffic earns by it. `check` may
    refuse the request inside the transaction, unless it was answered before."""

    answer_of: Callable[[R], Answer]
    marks_of: Callable[[R], Sequence[str]]
    check: Callable[[Connection], None] = lambda _: None


class Book(Generic[R]):
    """The `AnswerBook` of one request; both calls may happen again if the transaction is run again."""

    def __init__(
        self,
        grant: Grant,
        route: str,
        repeat: RepeatKey | None,
        entry: Entry[R],
        checklist: Checklist,
        now: datetime,
    ) -> None:
        self._grant = grant
        self._route = route
        self._repeat = repeat
        self._entry = entry
        self._checklist = checklist
        self._now = now
        self._answer: Answer | None = None

    @property
    def answer(self) -> Answer:
        """What was written down; there is one as soon as the transaction is through."""
        if self._answer is None:
            raise LookupError("the transaction wrote no answer down")
        return self._answer

    def look_up(self, connection: Connection) -> None:
        """Raises `AnsweredBefore`, or `Problem` idempotency_key_reused."""
        if self._repeat is not None:
            self._look_up(connection, self._repeat)
        self._entry.check(connection)

    def write_down(self, connection: Connection, answer: object) -> None:
        result = cast(R, answer)
        self._answer = self._entry.answer_of(result)
        self._checklist.note(connection, self._grant, self._entry.marks_of(result), self._now)
        if self._repeat is not None:
            remember_answer(
                connection,
                self._grant.store_id,
                self._route,
                self._repeat.key,
                self._repeat.body_hash,
                self._answer.status,
                self._answer.content,
                self._now,
            )

    def _look_up(self, connection: Connection, repeat: RepeatKey) -> None:
        before = remembered_answer(connection, self._grant.store_id, self._route, repeat.key, now=self._now)
        if before is None:
            return
        if before.body_hash != repeat.body_hash:
            words = "The Idempotency-Key was sent within 24 hours with another body; take a new key for a new request."
            raise Problem("idempotency_key_reused", words)
        raise AnsweredBefore(Answer(before.status, before.answer))
