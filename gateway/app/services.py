"""Builds the gateway's services, each from the ones below it, in the order of the flow.

In: settings, ports, one carrier, the open database, this run's id. Out: `Services`.
Rule: this is the one place where folders meet; nothing here decides anything.
"""

from collections.abc import Awaitable, Callable, Sequence

from msgspec import Struct
from sqlalchemy import Connection

from gateway.app.data_folder import Keys
from gateway.batch import BatchProcessor, Rounds, Sessions
from gateway.catalog import products_by_id
from gateway.database import Database
from gateway.delivery import BothDeliveries, Delivery, ModuleDelivery
from gateway.intake import Intake
from gateway.links import Carrier, OpenPort, Port
from gateway.ports import Clock, EventStream, Executor, Random, Secrets, from_ms
from gateway.pos_api import DisplayFact
from gateway.shelf import Reason, displays_bound_to, standings
from gateway.sync import Sync


class Ports(Struct, frozen=True):
    """What the outside hands in. `executor` runs drawing: worker processes in the shop, inline in the world.
    `open_module_port`: opens the port of a radio module.
    """

    clock: Clock
    random: Random
    secrets: Secrets
    executor: Executor
    open_module_port: OpenPort = Port


class Services(Struct, frozen=True):
    """Everything that lives as long as one run. `loops`: what must be kept running, by name, in order of birth."""

    events: EventStream
    sync: Sync
    delivery: Delivery
    modules: ModuleDelivery
    both: BothDeliveries
    sessions: Sessions
    processor: BatchProcessor
    rounds: Rounds
    intake: Intake

    @property
    def loops(self) -> Sequence[tuple[str, Callable[[], Awaitable[None]]]]:
        return (
            ("delivery", self.delivery.run),
            ("modules", self.modules.run),
            ("sync", self.sync.run),
            ("batch", self.processor.run),
            ("rounds", self.rounds.run),
            ("intake", self.intake.run),
        )


def build_services(ports: Ports, database: Database, carrier: Carrier, keys: Keys, run_id: bytes) -> Services:
    clock, events = ports.clock, EventStream()
    sync = Sync(database, clock, ports.executor, events)
    delivery = Delivery(
        database=database,
        clock=clock,
        random=ports.random,
        secrets=ports.secrets,
        events=events,
        carrier=carrier,
        site_secret=keys.site_secret,
        run_id=run_id,
    )
    modules = ModuleDelivery(database, clock, ports.random, events, ports.open_module_port)
    both = BothDeliveries(delivery, modules)
    return Services(
        events=events,
        sync=sync,
        delivery=delivery,
        modules=modules,
        both=both,
        sessions=Sessions(database, clock, ports.secrets, events, both),
        processor=BatchProcessor(database, clock, events, sync),
        rounds=Rounds(database, clock, events, both),
        intake=Intake(database, clock, events, sync),
    )


def count_displays_bound_to(connection: Connection, product_ids: Sequence[int]) -> int:
    """What the POS API calls `displays`."""
    return len(displays_bound_to(connection, product_ids))


def display_facts(connection: Connection, product_id: int) -> list[DisplayFact]:
    """The displays of a product as the POS API shows them."""
    product = products_by_id(connection, [product_id]).get(product_id)
    display_ids = displays_bound_to(connection, [product_id])
    if product is None or not display_ids:
        return []
    return [
        DisplayFact(
            display_id=one.display_id,
            desired_revision=one.desired_revision,
            confirmed=one.confirmed,
            proved_at=from_ms(one.proved_at) if one.proved_at is not None else None,
            reason=None if one.confirmed else one.fallback_reason or Reason.NOT_YET.value,
        )
        for one in standings(connection, product.store_id, display_ids=display_ids)
    ]


def warm_worker() -> None:
    """What a worker process loads before its first label."""
    from gateway.labels import LabelRequest, render_many
    from gateway.sync import draw

    unbound = LabelRequest(
        panel="2.13-bw", template="unbound", currency="EUR", locale="en-GB", products=(), tag_code="0000000000000000"
    )
    render_many([unbound])
    draw.draw_and_pack([])
