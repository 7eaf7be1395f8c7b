"""The promises, each a function that yields what broke it. `DURING` is asked all the time, `AFTER` of the healed shop.

In: the laboratory. Out: words. Rule: a promise is judged by what the glass, the file and the answers say, never by what
the gateway believes of itself. They range over what a tag's electronics can perceive: docs/architecture.md, "Where
proof ends".
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from firmware_protocol import content_id
from gateway.catalog import products_by_barcode
from gateway.catalog.tables import price_ledger, product
from simulator.tag import VirtualTag

if TYPE_CHECKING:
    from simulator.world.lab.lab import Lab

RECORDS_A_DAY_MAX = 100.0  # of flash, on average (the wire's rules, Counters)
RECORDS_OF_A_NEW_TAG = 200  # commissioning and the first picture come before any average means something


def no_display_goes_back_to_an_older_revision(lab: "Lab", tag: VirtualTag, index: int) -> Iterator[str]:
    """Asked as a refresh begins: what is drawn is never older than anything that was drawn before."""
    order = tag.machine.state_of(index).memory.highest
    name = f"{tag.tag_id}.{index}"
    if order is None:
        return
    if order.revision < (newest := lab.drawn.get(name, 0)):
        yield f"{name} draws revision {order.revision} after {newest}"
    lab.drawn[name] = max(order.revision, lab.drawn.get(name, 0))


def no_glass_is_drawn_that_shows_it_already(
    lab: "Lab", tag: VirtualTag, index: int, planes: Sequence[bytes]
) -> Iterator[str]:
    """Asked as a refresh begins; a glass that nobody can be sure of any more may be drawn anew."""
    name = f"{tag.tag_id}.{index}"
    if lab.sure.get(name) and tuple(planes) == tag.glasses[index].planes:
        yield f"{name} is refreshed with the picture it was proved to show"


async def accepted_is_durable(lab: "Lab") -> AsyncIterator[str]:
    """Every product is as the newest accepted rows say, field by field."""
    judged = lab.world.judge.products()
    gateway = lab.world.running()
    kept = await gateway.database.read(
        lambda connection: products_by_barcode(connection, lab.world.store, list(judged))
    )
    for barcode, expected in sorted(judged.items()):
        found = kept.get(barcode)
        if expected is None:
            if found is not None and not found.removed:
                yield f"{barcode} was removed and is there"
        elif found is None or found.removed:
            yield f"{barcode} was accepted and is not there"
        elif dict(found.fields.stored) != {**expected}:
            different = {
                name: (expected.get(name), found.fields.stored.get(name))
                for name in sorted({*expected, *found.fields.stored})
                if expected.get(name) != found.fields.stored.get(name)
            }
            yield f"{barcode}: sent and kept differ in {different}"


async def every_glass_shows_what_the_newest_rows_say(lab: "Lab") -> AsyncIterator[str]:
    for display_id in await lab.world.differences():
        yield f"{display_id} shows something else"


async def confirmed_means_the_glass_shows_it(lab: "Lab") -> AsyncIterator[str]:
    for proof in await lab.world.false_proofs():
        yield f"{proof.display_id} was counted as proved with revision {proof.revision}, and its glass showed another"


async def the_ledger_adds_up(lab: "Lab") -> AsyncIterator[str]:
    """Each price's lines, in the order of their numbers, lead from one to the next and end at what is kept."""
    for words in await lab.world.running().database.read(_broken_ledger):
        yield words


async def every_batch_comes_to_its_end(lab: "Lab") -> AsyncIterator[str]:
    for session in lab.batches:
        status = await lab.till.status(session)
        if status is None or status["status"] != "completed":
            yield f"batch {session} is {None if status is None else status['status']}"


async def no_bridge_is_on_the_air_for_longer_than_time_itself(lab: "Lab") -> AsyncIterator[str]:
    for name, share in lab.airtime_shares().items():
        if share > 1.0:
            yield f"{name} was on the air for {share:.0%} of the time"


async def no_flash_is_worn_out(lab: "Lab") -> AsyncIterator[str]:
    days = max(1.0, lab.scenario.days)
    for tag_id, tag in lab.world.fleet.tags.items():
        if tag.machine.memory.records > RECORDS_OF_A_NEW_TAG + RECORDS_A_DAY_MAX * days:
            yield f"{tag_id} has written {tag.machine.memory.records} records in {days:.0f} days"


async def nothing_breaks_that_nobody_broke(lab: "Lab") -> AsyncIterator[str]:
    """No answer of 500 by a living gateway, no loop that ended by itself, no error that nobody caught."""
    for words in (*lab.till.broken, *lab.uncaught):
        yield words
    if (why := lab.world.running().not_ready_because()) is not None:
        yield why


AFTER = (
    nothing_breaks_that_nobody_broke,
    accepted_is_durable,
    every_glass_shows_what_the_newest_rows_say,
    confirmed_means_the_glass_shows_it,
    the_ledger_adds_up,
    every_batch_comes_to_its_end,
    no_bridge_is_on_the_air_for_longer_than_time_itself,
    no_flash_is_worn_out,
)


def shown_by(tag: VirtualTag, index: int) -> bytes:
    """The content id of what is on the glass."""
    return content_id(tag.panels[index], tag.glasses[index].planes)


def _broken_ledger(connection: Connection) -> list[str]:
    line = price_ledger.c
    ends: dict[tuple[int, str], str | None] = {}
    broken = []
    for row in connection.execute(
        select(line.product_id, line.field, line.old, line.new).order_by(line.product_id, line.field, line.line_id)
    ):
        key = (row.product_id, row.field)
        if ends.get(key) != row.old:
            was = ends.get(key)
            broken.append(f"product {row.product_id}: {row.field} was {was}, and its next line says {row.old}")
        ends[key] = row.new
    return broken + [
        f"product {row.product_id} has no line in the ledger"
        for row in connection.execute(select(product.c.product_id).order_by(product.c.product_id))
        if (row.product_id, "price") not in ends
    ]
