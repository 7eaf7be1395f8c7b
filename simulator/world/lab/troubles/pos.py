"""What the POS sends, well and badly. All of it is work of the shop: what fails is sent again until it is answered."""

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from gateway.catalog import ParsedRow, RowMode
from simulator.chance import Random
from simulator.faults import FaultRates
from simulator.world.lab.aims import Moment
from simulator.world.lab.invariants import the_gateway_holds_no_more_than_its_shop
from simulator.world.lab.troubles.trouble import Trouble
from simulator.world.lab.weather import Front
from simulator.world.world import Row

if TYPE_CHECKING:
    from simulator.world.lab.lab import Lab

PUSHED_AT_ONCE = 1_000
WAITS_FOR_A_REFRESH_S = 300.0
TURNS_BEFORE = 4
OVERSIZED_ROWS = 1_001  # one above what a request may hold (POS contract, Rows)


def _price(chance: Random) -> str:
    return f"{chance.randrange(1, 40)}.{chance.choice(('09', '49', '79', '99'))}"


def _changes(lab: "Lab", chance: Random, most: int) -> list[Row]:
    barcodes = dict.fromkeys(lab.pick_barcode(chance) for _ in range(1 + int(chance.random() * most)))
    return [{"barcode": barcode, "price": _price(chance)} for barcode in barcodes]


async def _changes_at_a_moment(lab: "Lab", chance: Random, most: int) -> list[Row]:
    """The product of the display that is worth a strike among them."""
    rows = _changes(lab, chance, most)
    barcode = lab.batches.barcode_of(await lab.moment(chance) or "")
    others = [row for row in rows if row["barcode"] != barcode]
    return rows if barcode is None else [{"barcode": barcode, "price": _price(chance)}, *others]


def _named(rows: list[Row]) -> list[Row]:
    return [row | {"name": f"Artikl {row['barcode']}"} for row in rows]


async def update(lab: "Lab", chance: Random) -> None:
    rows = _changes(lab, chance, 4)
    lab.tell(f"the POS updates {_words(rows)}")
    await lab.till.rows(RowMode.UPDATE, rows)


async def there_and_back(lab: "Lab", chance: Random) -> None:
    """A, B, A within seconds, and sometimes once more: the first A's proof must not confirm the second."""
    (row,) = _named(_changes(lab, chance, 1))
    between_s, times = chance.choice((0.0, 2.0, 30.0, 90.0)), chance.choice((1, 1, 2))
    before = lab.world.judge.price_of(str(row["barcode"])) or "5.55"
    again = " twice" if times > 1 else ""
    lab.tell(f"the POS sends {_words([row])} and takes it back {between_s:.0f} s later{again}")
    for time in range(times):
        await lab.clock.sleep(between_s if time else 0.0)
        await lab.till.rows(RowMode.ADD, [row])
        await lab.clock.sleep(between_s)
        await lab.till.rows(RowMode.ADD, [row | {"price": before}])


async def to_and_fro(lab: "Lab", chance: Random) -> None:
    """A, B, A, where the first A's proof is still on a slow link when B has reached the tag and A is wanted again."""
    tag, delay_s = lab.pick_tag(chance), chance.choice((0.5, 4.0, 10.0, 25.0))
    pauses_s, price = (chance.uniform(0.0, 10.0), chance.uniform(0.0, 30.0)), _price(chance)
    barcode = None if tag is None else lab.batches.barcode_of(f"{tag.tag_id}.0")
    if tag is None or barcode is None or tag.bridge_name is None:
        return
    before = lab.world.judge.price_of(barcode) or "5.55"
    (row,) = _named([{"barcode": barcode, "price": price}])
    lab.tell(
        f"the POS sends {_words([row])}, {before} while that is drawn, and {price} again; the link takes {delay_s:g} s"
    )
    with lab.weather.over(Front(tag.bridge_name, FaultRates(), delay_s)):
        await lab.till.rows(RowMode.ADD, [row])
        await lab.soon(lab.aims.refresh_of(tag), WAITS_FOR_A_REFRESH_S)
        await lab.clock.sleep(pauses_s[0])
        await lab.till.rows(RowMode.ADD, [row | {"price": before}])
        await lab.clock.sleep(pauses_s[1])
        await lab.till.rows(RowMode.ADD, [row])
        await lab.clock.sleep(4 * delay_s)


async def sale(lab: "Lab", chance: Random) -> None:
    (row,) = _changes(lab, chance, 1)
    begins = lab.clock.now() + timedelta(minutes=chance.randrange(-30, 30))
    ends = begins + timedelta(minutes=chance.randrange(5, 60))
    offer: Row = {
        "barcode": row["barcode"],
        "salePrice": "0.99",
        "saleStart": _moment(begins),
        "saleEnd": _moment(ends),
    }
    lab.tell(f"a sale of {row['barcode']} from {begins:%H:%M} to {ends:%H:%M}")
    await lab.till.rows(RowMode.UPDATE, [offer])


async def delete(lab: "Lab", chance: Random) -> None:
    barcode, away_s = lab.pick_barcode(chance), chance.uniform(10.0, 1200.0)
    lab.tell(f"the POS removes {barcode}, and adds it again {away_s:.0f} s later")
    await lab.till.delete([barcode])
    await lab.clock.sleep(away_s)
    await lab.till.rows(RowMode.ADD, _named([{"barcode": barcode, "price": _price(chance)}]))


async def batch(lab: "Lab", chance: Random) -> None:
    await _batch(lab, chance, waits_s=chance.uniform(0.0, 20.0))


async def one_price(lab: "Lab", chance: Random) -> None:
    """In a few turns of the loop, so that whoever wants to see the request begin can look."""
    rows = _changes(lab, chance, 1)
    await lab.turns(TURNS_BEFORE)
    lab.tell(f"the POS updates {_words(rows)}")
    await lab.till.rows(RowMode.UPDATE, rows)


async def batch_of_one(lab: "Lab", chance: Random) -> None:
    """The same by a batch."""
    rows = _named(_changes(lab, chance, 1))
    await lab.turns(TURNS_BEFORE)
    await _send_batch(lab, [rows], 0.0)


async def late_batch(lab: "Lab", chance: Random) -> None:
    """Pushed early, completed late: what came between is newer and wins."""
    await _batch(lab, chance, waits_s=chance.uniform(60.0, 1500.0))


async def whole_list(lab: "Lab", chance: Random) -> None:
    """Every price anew, in pushes as large as they may be."""
    rows = _named([{"barcode": barcode, "price": _price(chance)} for barcode in lab.barcodes()])
    await _send_batch(lab, [rows[start : start + PUSHED_AT_ONCE] for start in range(0, len(rows), PUSHED_AT_ONCE)], 0.0)


async def _batch(lab: "Lab", chance: Random, waits_s: float) -> None:
    pushes = [_named(_changes(lab, chance, 6)) for _ in range(1 + int(chance.random() * 2))]
    await _send_batch(lab, pushes, waits_s)


async def _send_batch(lab: "Lab", pushes: list[list[Row]], waits_s: float) -> None:
    lab.tell(f"a batch of {sum(map(len, pushes))} rows, completed {waits_s:.0f} s after its last push")
    session = await lab.till.start_batch()
    numbered: list[tuple[int, ParsedRow]] = []
    for rows in pushes:
        taken = await lab.till.push(session, rows, [row.barcode for _, row in numbered])
        if taken is None:
            return
        numbered += taken
    await lab.clock.sleep(waits_s)
    barcodes = [row.barcode for _, row in numbered]
    batch = lab.batches.begins(session, barcodes, len(numbered))
    lab.aims.come(Moment.BATCH, lab.batches.displays_of(barcodes))
    if await lab.till.complete(batch, numbered):
        await lab.batch_watch.watch(batch)
    else:
        lab.batches.drop(batch)


async def double_send(lab: "Lab", chance: Random) -> None:
    rows = await _changes_at_a_moment(lab, chance, 3)
    lab.hit("pos.double_send")
    lab.tell(f"the POS sends {_words(rows)} twice at once")
    await lab.till.rows(RowMode.UPDATE, rows, twice=True)


async def late_retry(lab: "Lab", chance: Random) -> None:
    await lab.moment(chance)
    known = lab.till.remembered()
    if not known:
        return
    lab.hit("pos.late_retry")
    sent = known[int(chance.random() * len(known))]
    lab.tell(f"the POS repeats {sent.path} ({sent.key}), which was answered long ago")
    await lab.till.again(sent)


async def slow_body(lab: "Lab", chance: Random) -> None:
    slow_s = chance.uniform(1.0, 20.0)
    rows = await _changes_at_a_moment(lab, chance, 3)
    lab.hit("pos.slow_body")
    lab.tell(f"the POS takes {slow_s:.0f} s to send {_words(rows)}")
    await lab.till.rows(RowMode.UPDATE, rows, slow_s=slow_s)


async def slow_clients(lab: "Lab", chance: Random) -> None:
    """Tills on a line that hardly carries them: each holds its connection for minutes, and none holds up the others."""
    clients, pause_s, reads_s = 10 + int(chance.random() * 90), chance.uniform(1.0, 60.0), chance.uniform(1.0, 300.0)
    rows = await _changes_at_a_moment(lab, chance, 3)
    lab.hit("pos.slow_clients")
    lab.tell(f"{clients} clients hold their connections, and one takes {pause_s:.0f} s for each drip of {_words(rows)}")
    async with lab.till.crowd(clients, json.dumps(rows).encode(), reads_s) as calls:
        await lab.till.drips(rows, pause_s=pause_s, reads_s=reads_s)
        if lab.world.gateway is not None and not lab.world.is_cut:
            async for words in the_gateway_holds_no_more_than_its_shop(lab):
                lab.broken("the gateway holds no more than its shop", f"{words}, while {clients} clients are slow")
        if any(one.status in (200, 207) for one in calls[::2]):
            lab.broken("a request is taken whole or not at all", f"half of {_words(rows)} was answered with success")


async def aborted(lab: "Lab", chance: Random) -> None:
    rows = await _changes_at_a_moment(lab, chance, 3)
    lab.hit("pos.aborted")
    lab.tell(f"the POS hangs up within {_words(rows)}")
    if await lab.till.aborted(json.dumps(rows).encode(), chance.random()):
        lab.broken("a request is taken whole or not at all", f"half of {_words(rows)} was answered with success")


async def gigantic(lab: "Lab", chance: Random) -> None:
    barcode = lab.pick_barcode(chance)
    barcode = lab.batches.barcode_of(await lab.moment(chance) or "") or barcode
    lab.hit("pos.gigantic")
    lab.tell(f"the POS sends {OVERSIZED_ROWS} rows in one request")
    status = await lab.till.oversized([{"barcode": barcode, "price": "66.66"}] * OVERSIZED_ROWS)
    if status < 400:
        lab.broken("a request is taken whole or not at all", f"{OVERSIZED_ROWS} rows were answered {status}")


def _words(rows: list[Row]) -> str:
    return ", ".join(f"{row['barcode']} at {row['price']}" for row in rows)


def _moment(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


POS = tuple(
    Trouble(kind, words, happens, is_errand=True, is_work=True)
    for kind, words, happens in (
        ("pos.update", "a few prices change", update),
        ("pos.there_and_back", "a price changes and comes back", there_and_back),
        ("pos.to_and_fro", "a price comes back while its first proof is still on a slow link", to_and_fro),
        ("pos.sale", "a sale starts and ends by itself", sale),
        ("pos.delete", "a product is removed, and added again later", delete),
        ("pos.batch", "a batch of a few pushes", batch),
        ("pos.late_batch", "a batch that is pushed early and completed late", late_batch),
        ("pos.whole_list", "a batch of all products, every price new", whole_list),
    )
) + tuple(
    Trouble(kind, words, happens, is_errand=True)
    for kind, words, happens in (
        ("pos.double_send", "a request comes twice at once, under one key", double_send),
        ("pos.late_retry", "a request that was answered is sent again", late_retry),
        ("pos.slow_body", "a body comes drop by drop", slow_body),
        (
            "pos.slow_clients",
            "clients by the dozen drip their bodies, and take minutes to read an answer",
            slow_clients,
        ),
        ("pos.aborted", "the POS hangs up within a body", aborted),
        ("pos.gigantic", "more rows than a request may hold", gigantic),
    )
)
