"""What the routes need from the rest of the gateway, handed in by whoever composes it.

Rule: the POS API knows no table of the shelf; what a display shows is asked through `DisplaysOfProduct`, and what
will change through `DisplaysBoundTo`, both inside the transaction that the answer speaks of.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct, field
from sqlalchemy import Connection

from gateway.batch import Sessions
from gateway.database import Database
from gateway.ports import Clock, EventStream, Secrets
from gateway.pos_api.limits import BURST_REQUESTS, REQUESTS_PER_S
from gateway.pos_api.path import PREFIXES, UNTOUCHED


class DisplayFact(Struct, frozen=True):
    """One display bound to a product. `reason`: one of the contract's closed set while it is not confirmed."""

    display_id: str
    desired_revision: int | None
    confirmed: bool
    proved_at: datetime | None
    reason: str | None


class DisplaysBoundTo(Protocol):
    def __call__(self, connection: Connection, product_ids: Sequence[int], /) -> int:
        """How many displays are bound to any of the products."""


class DisplaysOfProduct(Protocol):
    def __call__(self, connection: Connection, product_id: int, /) -> Sequence[DisplayFact]:
        """The displays bound to the product, in the order of their ids."""


class PosSettings(Struct, frozen=True):
    """What an operator may set. `cors_origins`: browser tills that may call; none, unless one is named."""

    requests_per_s: float = REQUESTS_PER_S
    burst_requests: int = BURST_REQUESTS
    prefixes: tuple[str, ...] = PREFIXES
    untouched: tuple[str, ...] = UNTOUCHED
    cors_origins: tuple[str, ...] = ()


def always_ready() -> str | None:
    return None


class PosServices(Struct, frozen=True):
    """`not_ready_because`: a sentence for /readyz as long as the gateway cannot do its work, else None."""

    database: Database
    clock: Clock
    secrets: Secrets
    events: EventStream
    sessions: Sessions
    displays_bound_to: DisplaysBoundTo
    displays_of_product: DisplaysOfProduct
    not_ready_because: Callable[[], str | None] = always_ready
    settings: PosSettings = field(default_factory=PosSettings)
