"""A POS that lives with a gateway that dies under it: whatever was not answered is sent again, under one key.

In: rows, and the ways in which a POS misbehaves. Out: what the gateway answered, told to the judge in the order of
acceptance. Rule: one request at a time (but for its own doubles), so that the order of acceptance is known.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import httpx
from msgspec import Struct

from gateway.catalog import ParsedRow, RowMode
from gateway.database import Crashed
from simulator.world.lab.batches import Batch
from simulator.world.lab.raw_client import Call, hang_up_within
from simulator.world.world import Row, World

TRY_AGAIN_S = 3.0
STATUS_EVERY_S = 30.0
DRIPS = 12
# What may be answered while the gateway stops, starts or has no room on its disk; the request is then sent again.
NOT_NOW = frozenset({409, 425, 429, 500, 502, 503, 504, 507})

# Of a session that has expired, of too many rows, of rows of which none can be taken (a removed product's price).
REFUSALS = frozenset({410, 413, 422})


# Where a key makes a repeat harmless (POS contract, Batches); a removal is carried out again.
REPEATABLE = frozenset({"/add", "/productUpdate", "/batch/start", "/batch/push"})
KEYS_KNOWN = timedelta(hours=23)


class Refused(Exception):
    """A request that should be taken was not, and not for want of a gateway."""


class Sent(Struct, frozen=True):
    """A request that was answered, to be sent again late."""

    path: str
    body: bytes
    key: str
    at: datetime


class Till:
    """`broken`: answers of 500 by a gateway that nobody had killed."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.sent: list[Sent] = []
        self.broken: list[str] = []
        self.requests = 0
        self.counter = asyncio.Lock()
        self._begun = asyncio.Event()

    def remembered(self) -> list[Sent]:
        """What was answered, and must still be known by its key (POS contract: 24 hours; an hour less, for jumps)."""
        latest = self.world.clock.latest()
        return [one for one in self.sent if latest - one.at < KEYS_KNOWN]

    async def request_begins(self) -> None:
        """Waits for the next request to be on its way."""
        self._begun.clear()
        await self._begun.wait()

    async def rows(self, mode: RowMode, rows: Sequence[Row], *, twice: bool = False, slow_s: float = 0.0) -> int:
        """A single update; gives the status. `twice`: two of it at once; `slow_s`: its body takes so long."""
        path = "/add" if mode is RowMode.ADD else "/productUpdate"
        body = json.dumps(list(rows)).encode()
        async with self.counter:
            answer, counts = await self._until_answered(path, body, twice=twice, slow_s=slow_s)
            if answer.status_code in (200, 207) and counts:
                self.world.judge.accepted(rows, mode)
            return answer.status_code

    async def delete(self, barcodes: Sequence[str]) -> None:
        async with self.counter:
            _, counts = await self._until_answered("/delete", json.dumps({"barcodes": list(barcodes)}).encode())
            if counts:
                self.world.judge.removed(barcodes)

    async def start_batch(self) -> str:
        async with self.counter:
            answer, _ = await self._until_answered("/batch/start", b"{}")
        return str(answer.json()["sessionId"])

    async def push(self, session: str, rows: Sequence[Row], known: Sequence[str]) -> list[tuple[int, ParsedRow]] | None:
        """The rows with their numbers, for `complete`; None when the session has expired, or a restore has lost it."""
        body = json.dumps({"sessionId": session, "products": list(rows)}).encode()
        async with self.counter:
            answer, counts = await self._until_answered("/batch/push", body)
            if answer.status_code not in (200, 207) or not counts:
                return None
            return self.world.judge.number(rows, RowMode.UPDATE, also_known=known)

    async def complete(self, batch: Batch, numbered: Sequence[tuple[int, ParsedRow]]) -> bool:
        """False when the session has expired, or a restore has lost it or that it was completed."""
        async with self.counter:
            body = json.dumps({"sessionId": batch.session}).encode()
            answer, counts = await self._until_answered("/batch/complete", body)
            if answer.status_code != 200 or not counts:
                return False
            self.world.judge.apply(numbered)
            batch.is_taken = True
            kept = self.world.judge.kept(numbered)
            batch.rows, batch.barcodes = len(kept), frozenset(row.barcode for row in kept)
            return True

    async def again(self, sent: Sent) -> None:
        """A late retry of what was answered before: it must change nothing, so the judge is not told."""
        async with self.counter:
            await self._until_answered(sent.path, sent.body, key=sent.key)

    async def oversized(self, rows: Sequence[Row]) -> int:
        """More rows than a request may hold; gives the status, of which nothing may be kept."""
        async with self.counter:
            answer, _ = await self._until_answered("/productUpdate", json.dumps(list(rows)).encode())
            return answer.status_code

    async def aborted(self, body: bytes, share: float) -> bool:
        """Goes away in the middle of a body. True when it was answered as if it had been whole."""
        async with self.counter:
            return await hang_up_within(self.world, "/productUpdate", body, int(len(body) * share))

    async def drips(self, rows: Sequence[Row], *, pause_s: float, reads_s: float) -> None:
        """An update whose body comes in `DRIPS` drips with pauses, and whose answer is read as slowly.

        Nobody else waits for it: the counter is held only while it can be accepted.
        """
        path, body = "/productUpdate", json.dumps(list(rows)).encode()
        self.requests += 1
        key, step = f"request-{self.requests}", max(1, len(body) // DRIPS)
        call = Call(self.world, "POST", path, len(body), key=key, reads_s=reads_s)
        try:
            for start in range(0, len(body) - 1, step):
                call.sends(body[start : min(start + step, len(body) - 1)], more=True)
                await self.world.clock.sleep(pause_s)
            async with self.counter:
                life = self.world.restores
                call.sends(body[-1:], more=False)
                await call.answered.wait()
                status, counts = call.status, life == self.world.restores
                if status not in (200, 207):
                    answer, counts = await self._until_answered(path, body, key=key)
                    status = answer.status_code
                if status in (200, 207) and counts:
                    self.world.judge.accepted(rows, RowMode.UPDATE)
            await call.ended()
        finally:
            await call.drop()

    @asynccontextmanager
    async def crowd(self, clients: int, body: bytes, reads_s: float) -> AsyncIterator[list[Call]]:
        """So many connections that stay: each other one never ends its body, the others read their answer for ever."""
        calls = []
        for number in range(clients):
            if number % 2:
                calls.append(Call(self.world, "GET", "/store", 0, reads_s=reads_s))
                calls[-1].sends(b"", more=False)
            else:
                calls.append(Call(self.world, "POST", "/productUpdate", len(body)))
                calls[-1].sends(body[: 1 + number % (len(body) - 1)], more=True)
        try:
            yield calls
        finally:
            for call in calls:
                await call.drop()

    async def takes_a_new_token(self) -> None:
        """Between two requests: none is under way with the old one."""
        async with self.counter:
            while True:
                try:
                    return await self.world.renew_token()
                except httpx.HTTPStatusError as error:
                    if error.response.status_code not in NOT_NOW:
                        raise Refused(f"a new token is answered {error.response.text[:200]}") from error
                except (httpx.TransportError, Crashed):
                    pass  # nobody is there; the admin API is asked again
                await self.world.clock.sleep(TRY_AGAIN_S)

    async def status(self, session: str) -> Mapping[str, object] | None:
        """None while nobody answers, or when the session is not known any more."""
        try:
            answer = await self.world.pos.get(f"/batch/{session}/status")
        except (httpx.TransportError, Crashed):
            return None
        return answer.json() if answer.status_code == 200 else None

    async def _until_answered(
        self, path: str, body: bytes, *, twice: bool = False, slow_s: float = 0.0, key: str | None = None
    ) -> tuple[httpx.Response, bool]:
        """And whether it counts: the life that answered is not one that a restore has ended meanwhile."""
        is_new = key is None
        if key is None:
            self.requests += 1
            key = f"request-{self.requests}"
        while True:
            self._begun.set()
            starts, life = self.world.starts, self.world.restores
            tries = [asyncio.ensure_future(self._try(path, body, key, slow_s)) for _ in range(2 if twice else 1)]
            answers = [answer for one in tries if (answer := await one) is not None]
            taken = [one for one in answers if one.status_code not in NOT_NOW]
            if taken:
                refused = [one for one in taken if one.status_code >= 400 and not self._may_refuse(one)]
                if refused:
                    raise Refused(f"{path} is answered {refused[0].status_code}: {refused[0].text[:200]}")
                counts = life == self.world.restores
                if path in REPEATABLE and counts and is_new:  # a retry makes nobody remember a key for longer
                    self.sent.append(Sent(path, body, key, self.world.clock.now()))
                return taken[0], counts
            await self.world.clock.sleep(TRY_AGAIN_S)
            if self.world.gateway is not None and self.world.starts == starts:  # nobody killed it meanwhile
                self.broken += [f"{path}: {one.text[:200]}" for one in answers if one.status_code == 500]

    def _may_refuse(self, answer: httpx.Response) -> bool:
        """A session that is not known may have been lost by a restore."""
        return answer.status_code in REFUSALS or (answer.status_code == 404 and self.world.restores > 0)

    async def _try(self, path: str, body: bytes, key: str, slow_s: float) -> httpx.Response | None:
        headers = {"idempotency-key": key, "content-type": "application/json"}
        content = self._slowly(body, slow_s) if slow_s else body
        try:
            return await self.world.pos.post(path, content=content, headers=headers)
        except (httpx.TransportError, Crashed):
            return None

    async def _slowly(self, body: bytes, slow_s: float) -> AsyncIterator[bytes]:
        step = max(1, len(body) // 4)
        for start in range(0, len(body), step):
            await self.world.clock.sleep(slow_s / 4)
            yield body[start : start + step]
