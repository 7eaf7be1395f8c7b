"""What every route shares: the services, the rate limit, the sandbox checklist, and the way in.

Rule: a route that needs a token passes `Desk.admit` before its body is read. Source: the POS contract, Tokens, rule 8.
"""

import math
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import TypeVar

from gateway.access import Grant, note_sandbox
from gateway.catalog import ProductsChanged
from gateway.database import DatabaseFull
from gateway.pos_api.book import Book, Entry
from gateway.pos_api.checklist import Checklist
from gateway.pos_api.exchange import exchange_of
from gateway.pos_api.problem import Problem
from gateway.pos_api.rate import RateLimit
from gateway.pos_api.request import PosRequest, repeat_key
from gateway.pos_api.services import PosServices

R = TypeVar("R")


class Desk:
    """One a gateway."""

    def __init__(self, services: PosServices) -> None:
        self.services = services
        self.checklist = Checklist()
        self._rate = RateLimit(services.settings.requests_per_s, services.settings.burst_requests)

    async def admit(self, request: PosRequest) -> None:
        """Raises `Problem` 401, 429."""
        await self.admit_uncounted(request)
        wait_s = self._rate.take(grant_of(request).token_id, self.services.clock.monotonic_s())
        if wait_s > 0:
            words = f"More than {self.services.settings.requests_per_s:g} requests a second; wait, or use a batch."
            raise Problem("rate_limited", words, headers={"Retry-After": str(math.ceil(wait_s))})

    async def admit_uncounted(self, request: PosRequest) -> None:
        """For polling, which never counts against the rate. Raises `Problem` 401."""
        grant = grant_of(request)
        if self.checklist.wants_authenticated(grant):
            now = self.services.clock.now()
            note = partial(note_sandbox, store_id=grant.store_id, mark="authenticated", now=now)
            with suppress(DatabaseFull):  # no reason to refuse a reader; the next request notes it
                await self.services.database.write(note)
                self.checklist.note_authenticated(grant)

    async def open_book(self, request: PosRequest, route: str, entry: Entry[R]) -> Book[R]:
        """Raises `Problem` idempotency_key_invalid."""
        grant, now = grant_of(request), self.services.clock.now()
        return Book(grant, route, await repeat_key(request), entry, self.checklist, now)

    def publish_changed(self, store_id: str, product_ids: Sequence[int]) -> None:
        """After the commit: a nudge for whoever keeps the displays up to date."""
        if product_ids:
            self.services.events.publish(ProductsChanged(store_id, tuple(product_ids)))


def grant_of(request: PosRequest) -> Grant:
    """Raises `Problem` 401."""
    exchange = exchange_of(request.scope)
    if exchange.grant is None:
        raise exchange.refusal or Problem("authorization_missing", "The request has no Authorization header.")
    return exchange.grant
