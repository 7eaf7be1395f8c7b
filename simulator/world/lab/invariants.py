"""The promises, each a function that yields what broke it. `AFTER` is asked of the healed shop, the others at once.

In: the laboratory. Out: words. Rule: a promise is judged by what the glass, the file and the answers say, never by what
the gateway believes of itself. They range over what a tag's electronics can perceive: docs/architecture.md, "Where
proof ends".
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import Connection, exists, select

from firmware_protocol import content_id, split_display_id
from firmware_protocol.link import DownMessage, UpMessage
from gateway.batch.tables import batch_display
from gateway.catalog import Stored, products_by_barcode, products_by_id
from gateway.catalog.fields import LEDGER_FIELDS
from gateway.catalog.ledger import ledger_text, price_changes
from gateway.catalog.tables import price_ledger, product
from gateway.delivery.limits import ENCODINGS_KEPT_OCTETS, ENCODINGS_REMEMBERED_A_BRIDGE
from gateway.shelf import Fact
from gateway.shelf.tables import display_history
from gateway.sync.limits import PACKED_KEPT
from simulator.tag import VirtualTag
from simulator.world.lab.head_office import STORE as HEAD_OFFICE_STORE
from simulator.world.lab.held import containers
from simulator.world.lab.states import GivenOut, claim_of, content_of_proof, is_content

if TYPE_CHECKING:
    from simulator.world.lab.lab import Lab

RECORDS_A_DAY_MAX = 100.0  # of flash, on average (the wire's rules, Counters)
RECORDS_OF_A_NEW_TAG = 200  # commissioning and the first picture come before any average means something
# Kind, sentence and reader of each figure, declared at the start: a shop of ten labels has as many as a large one.
_FIGURES_DECLARED_MAX = 3 * 50
# What is kept for speed alone, by the name it has in the gateway. A picture on its way is never smaller than this.
_ENCODINGS_MAX = ENCODINGS_KEPT_OCTETS // 128
CACHES = {
    "_figures[…]": _FIGURES_DECLARED_MAX,
    "_packed": PACKED_KEPT,
    "_given": ENCODINGS_REMEMBERED_A_BRIDGE,
    **dict.fromkeys(("_by_id", "_serves"), _ENCODINGS_MAX),
}


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


def only_whole_pictures_are_drawn(lab: "Lab", tag: VirtualTag, index: int, planes: Sequence[bytes]) -> Iterator[str]:
    """Asked as a refresh begins: whatever a flash holds, what goes to the glass is a picture that the gateway made."""
    content = content_id(tag.panels[index], planes)
    if content not in lab.contents and not is_content(lab.file, content):
        yield f"{tag.tag_id}.{index} draws something that nobody ever made"
    lab.contents.add(content)


def what_is_confirmed_stays_on_its_glass(
    lab: "Lab", tag: VirtualTag, index: int, planes: Sequence[bytes]
) -> Iterator[str]:
    """Asked as a refresh begins: an order that was out when another was taken for proved."""
    name = f"{tag.tag_id}.{index}"
    claim = claim_of(lab.file, name) if lab.sure.get(name) else None
    if claim is not None and claim.confirmed and content_id(tag.panels[index], planes) != claim.desired_content:
        yield f"{name} stands confirmed with revision {claim.desired_revision}, and now draws another picture"


def confirmed_means_the_glass_shows_it(lab: "Lab", display_id: str, revision: int) -> Iterator[str]:
    """Asked as a proof is made known. A hand on the glass of which the gateway has not heard yet is forgiven."""
    tag_id, index = split_display_id(display_id)
    tag = lab.world.fleet.tags[tag_id]
    claimed, drawn = content_of_proof(lab.file, display_id, revision), tag.glasses[index].refresh
    if claimed != shown_by(tag, index) and display_id not in lab.taken:
        yield f"{display_id} was counted as proved with revision {revision}, and its glass showed another"
    elif drawn is not None and claimed != content_id(tag.panels[index], drawn.planes):
        yield f"{display_id} was counted as proved with revision {revision}, and its glass was being drawn with another"


def a_refresh_outside_the_band_proves_nothing(lab: "Lab", display_id: str) -> Iterator[str]:
    """Asked as a proof is made known: of a glass that is not what its tag declares, only the time can be known."""
    tag_id, index = split_display_id(display_id)
    glass = lab.world.fleet.tags[tag_id].glasses[index]
    low_s, high_s = glass.panel.refresh_band_s
    if glass.busy_s is not None and not low_s <= glass.busy_s <= high_s and display_id not in lab.taken:
        band = f"{low_s:.1f} to {high_s:.1f} s"
        yield f"{display_id} was counted as proved by a refresh of {glass.busy_s:.1f} s, outside {band}"


def no_number_is_used_twice_under_one_key(lab: "Lab", message: DownMessage | UpMessage) -> Iterator[str]:
    """Asked of each message at a bridge."""
    if (words := lab.sealed.hear(message)) is not None:
        yield words


def a_restored_gateway_knows_that_it_has_forgotten(before: GivenOut, after: GivenOut) -> Iterator[str]:
    """Asked as the backup is put back: what was given out is not given out again, nothing is claimed of any glass.

    Of a display that the backup does not know, nothing can be said yet.
    """
    for name, number in after.numbers.items():
        if number <= before.numbers.get(name, 0):
            yield f"{name} is {number} after a restore, and was {before.numbers[name]} before it"
    for display_id in sorted(after.believed):
        yield f"what {display_id} shows is taken for known after a restore"


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


async def every_display_is_bound_as_people_bound_it(lab: "Lab") -> AsyncIterator[str]:
    """Where they did it one after the other. A product that has gone since leaves its display as it was."""
    standings = {one.display_id: one for one in await lab.world.displays()}
    for display_id, wanted in lab.batches.as_bound().items():
        found = standings[display_id]
        barcodes = () if wanted.barcode is None else (wanted.barcode,)
        if (found.barcodes, found.template) != (barcodes, wanted.template):
            yield f"{display_id} shows {found.barcodes} by {found.template}, and was bound to {wanted}"


async def the_other_store_is_as_its_authority_says(lab: "Lab") -> AsyncIterator[str]:
    """Whole products by version: late, twice or out of order, the newest is what is kept."""
    expected = lab.head_office.products()
    kept = await lab.world.running().database.read(
        lambda connection: products_by_barcode(connection, HEAD_OFFICE_STORE, list(expected))
    )
    for barcode, (version, fields) in sorted(expected.items()):
        found = kept.get(barcode)
        stored = None if found is None else {name: str(value) for name, value in found.fields.stored.items()}
        if found is None or (found.version, stored) != (version, fields):
            yield f"{barcode} is {stored} where its authority says {fields}, version {version}"


async def the_ledger_adds_up(lab: "Lab") -> AsyncIterator[str]:
    """Each price's lines, in the order of their numbers, lead from one to the next and end at what is kept."""
    for words in await lab.world.running().database.read(_broken_ledger):
        yield words


async def every_batch_comes_to_its_end(lab: "Lab") -> AsyncIterator[str]:
    for batch in lab.batches.all:
        status = await lab.till.status(batch.session)
        if status is None or status["status"] != "completed":
            yield f"batch {batch.session} is {None if status is None else status['status']}"


async def a_batch_counts_each_row_and_each_display_once(lab: "Lab") -> AsyncIterator[str]:
    """Asked when every display is proved, so that none may be missing any more."""
    for batch in lab.batches.all:
        status = await lab.till.status(batch.session)
        if status is None:
            continue
        of, confirmed, unconfirmed = (_int(status, f"tags{name}") for name in ("Total", "Confirmed", "Unconfirmed"))
        saved = sum(_int(status, name) for name in ("created", "updated", "unchanged", "superseded"))
        if not _int(status, "productsReceived") == saved == batch.rows:
            yield f"batch {batch.session} was sent {batch.rows} rows and counts {saved}"
        least, most = batch.displays_bound
        if not least <= of <= most:
            yield f"batch {batch.session} waits for {of} displays, and {least} to {most} show its products"
        if confirmed != of or unconfirmed:
            yield f"batch {batch.session} counts {confirmed} of {of} displays, and every glass is right"
    for words in await lab.world.running().database.read(_confirmed_without_proof):
        yield words


async def no_bridge_is_on_the_air_for_longer_than_time_itself(lab: "Lab") -> AsyncIterator[str]:
    for name, share in lab.airtime_shares().items():
        if share > 1.0:
            yield f"{name} was on the air for {share:.0%} of the time"


async def no_flash_is_worn_out(lab: "Lab") -> AsyncIterator[str]:
    """A tag in a boot loop is forgiven the record that each boot costs: its cell is empty long before its flash."""
    days = max(1.0, lab.scenario.days)
    for tag_id, tag in lab.world.fleet.tags.items():
        if tag.machine.memory.records > RECORDS_OF_A_NEW_TAG + RECORDS_A_DAY_MAX * days + tag.brown_outs:
            yield f"{tag_id} has written {tag.machine.memory.records} records in {days:.0f} days"


async def nothing_breaks_that_nobody_broke(lab: "Lab") -> AsyncIterator[str]:
    """No answer of 500 by a living gateway, no loop that ended by itself, no error that nobody caught."""
    for words in (*lab.till.broken, *lab.uncaught):
        yield words
    if (why := lab.world.running().not_ready_because()) is not None:
        yield why


async def the_gateway_holds_no_more_than_its_shop(lab: "Lab") -> AsyncIterator[str]:
    """Memory is bounded by what hangs on the wall, not by what has happened; caches, by the caps they declare."""
    most = 2 * sum(len(tag.panels) for tag in lab.world.fleet.tags.values()) + 50
    bridges = len(lab.world.fleet.bridges)
    for way, size in containers(lab.world.running()).items():
        cache = CACHES.get(way.rpartition(".")[2])
        sessions = bridges if ".sessions[…]." in way else 1  # a cache in there is one of each bridge
        if size > (most if cache is None else cache * sessions):
            yield f"{way} holds {size}, and the whole shop is {most}"


OF_A_REFRESH = (
    no_glass_is_drawn_that_shows_it_already,
    only_whole_pictures_are_drawn,
    what_is_confirmed_stays_on_its_glass,
)

AFTER = (
    nothing_breaks_that_nobody_broke,
    accepted_is_durable,
    every_glass_shows_what_the_newest_rows_say,
    every_display_is_bound_as_people_bound_it,
    the_other_store_is_as_its_authority_says,
    the_ledger_adds_up,
    a_batch_counts_each_row_and_each_display_once,
    every_batch_comes_to_its_end,
    no_bridge_is_on_the_air_for_longer_than_time_itself,
    no_flash_is_worn_out,
    the_gateway_holds_no_more_than_its_shop,
)


def shown_by(tag: VirtualTag, index: int) -> bytes:
    """The content id of what is on the glass."""
    return content_id(tag.panels[index], tag.glasses[index].planes)


def _int(status: Mapping[str, object], name: str) -> int:
    return int(str(status[name]))


def _confirmed_without_proof(connection: Connection) -> list[str]:
    """Displays that a batch counts at an instant at which nothing was proved."""
    waits, fact = batch_display.c, display_history.c
    proof = exists().where(
        fact.display_id == waits.display_id,
        fact.revision >= waits.needed_revision,
        fact.at == waits.confirmed_at,
        fact.fact.in_((Fact.PROVED.value, Fact.SETTLED.value)),
    )
    rows = connection.execute(select(waits.session_id, waits.display_id).where(waits.confirmed_at.is_not(None), ~proof))
    return [f"batch {row.session_id} counts {row.display_id}, of which nothing was proved then" for row in rows]


def _broken_ledger(connection: Connection) -> list[str]:
    line = price_ledger.c
    ends: dict[tuple[int, str], str | None] = {}
    broken = []
    for product_id, changes in connection.execute(select(line.product_id, line.changes).order_by(line.line_id)):
        for name, old, new in price_changes(changes):
            key = (product_id, name)
            if ends.get(key) != old:
                broken.append(f"product {product_id}: {name} was {ends.get(key)}, and its next line says {old}")
            ends[key] = new
    return broken + [
        f"product {product_id}: the ledger ends at {name} {ends.get((product_id, name))}, and {kept} is kept"
        for product_id, fields in _kept_prices(connection)
        for name in LEDGER_FIELDS
        if (kept := ledger_text(fields.get(name))) != ends.get((product_id, name))
    ]


def _kept_prices(connection: Connection) -> list[tuple[int, Mapping[str, Stored]]]:
    ids = list(connection.scalars(select(product.c.product_id).order_by(product.c.product_id)))
    return [(product_id, one.fields.stored) for product_id, one in products_by_id(connection, ids).items()]
