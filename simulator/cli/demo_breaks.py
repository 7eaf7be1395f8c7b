"""Four ways to break the demo's shop, each of which heals by itself: what the wall's buttons and `--story` press.

In: the running shop. Out: words that say what was broken; labels that wait, and are proved when it is over.
Rule: new prices are sent with each break, because a shop in which nothing changes shows no harm. Counts are the
gateway's own; nothing here touches them.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal, InvalidOperation

from simulator.assortment import Row
from simulator.chance import Random
from simulator.cli.demo_gateway import GatewayProcess
from simulator.cli.demo_limits import (
    GATEWAY_AWAY_S,
    LOSS,
    LOSS_S,
    PRICES_ON_THEIR_WAY,
    TAGS_DEAD_S,
    TAGS_KILLED,
    UNPLUGGED_S,
)
from simulator.cli.demo_shop import Shop, ShownDisplay
from simulator.cli.running import RunningFleet
from simulator.clock import SystemClock
from simulator.faults import FaultRates

STEP = Decimal("0.10")


class Prices:
    """The prices that the demo may change: plain ones, without a sale that would hide them."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._now: dict[str, Decimal] = {}
        for row in rows:
            price, barcode = _amount(row.get("price")), row.get("barcode")
            if barcode and price is not None and price > 0 and not row.get("salePrice") and not row.get("onSale"):
                self._now[str(barcode)] = price

    def __contains__(self, barcode: str) -> bool:
        return barcode in self._now

    def of(self, barcode: str) -> Decimal:
        return self._now[barcode]

    def raised(self, barcode: str) -> Row:
        """A row with a price that was never there before."""
        self._now[barcode] += STEP
        return {"barcode": barcode, "price": str(self._now[barcode])}


class Breaks:
    """`ways` by the name of their button. One at a time of each kind."""

    def __init__(
        self, shop: Shop, fleet: RunningFleet, gateway: GatewayProcess, prices: Prices, chance: Random
    ) -> None:
        self._shop, self._fleet, self._gateway, self._prices, self._chance = shop, fleet, gateway, prices, chance
        self._clock = SystemClock()
        self._breaking: set[str] = set()
        self._moving: dict[str, int] = {}  # displays that were given a new price, and their revision before it
        self._healing: dict[str, asyncio.Task[None]] = {}
        self.ways: dict[str, Callable[[], Awaitable[str]]] = {
            "kill-gateway": self._kill_gateway,
            "unplug-bridge": self._unplug_bridge,
            "loss": self._lose,
            "kill-tags": self._kill_tags,
        }

    async def press(self, name: str) -> str:
        """What was broken, in words. Raises `KeyError` for no such button."""
        way = self.ways[name]
        if self.is_broken(name):
            return "That one is broken already; it heals by itself."
        self._breaking.add(name)
        try:
            return await way()
        finally:
            self._breaking.discard(name)

    def is_broken(self, name: str) -> bool:
        return name in self._breaking or (name in self._healing and not self._healing[name].done())

    def waiting(self, displays: Sequence[ShownDisplay]) -> int:
        """How many of all displays have not proved what they should show, or have not even been told of a new price."""
        return sum(one.is_waiting or (one.revision or 0) <= self._moving.get(one.display_id, -1) for one in displays)

    async def healed(self) -> None:
        """Nothing that was pressed is broken any more. Raises what went wrong while it was mended."""
        await asyncio.gather(*self._healing.values())

    async def close(self) -> None:
        for task in self._healing.values():
            task.cancel()
        await asyncio.gather(*self._healing.values(), return_exceptions=True)

    def failed(self) -> BaseException | None:
        """What went wrong while something was mended."""
        ended = (task for task in self._healing.values() if task.done() and not task.cancelled())
        return next((error for task in ended if (error := task.exception()) is not None), None)

    async def _kill_gateway(self) -> str:
        count = await self._send_prices(await self._shop.displays())
        await self._gateway.kill()
        self._heal_later("kill-gateway", GATEWAY_AWAY_S, self._gateway.start)
        on_their_way = f" with {count} new prices on their way" if count else ""
        return f"The gateway was killed (-9){on_their_way}. It starts again in {GATEWAY_AWAY_S:g} s."

    async def _unplug_bridge(self) -> str:
        name = self._chance.choice(list(self._fleet.fleet.bridges))
        self._fleet.unplug(name)

        async def plug_in() -> None:
            self._fleet.replug(name)

        self._heal_later("unplug-bridge", UNPLUGGED_S, plug_in)
        count = await self._send_prices(await self._shop.displays())
        return f"{name} is unplugged for {UNPLUGGED_S:g} s{_meanwhile(count)}."

    async def _lose(self) -> str:
        self._fleet.fleet.set_link_rates(FaultRates(loss=LOSS))

        async def be_quiet() -> None:
            self._fleet.fleet.set_link_rates(FaultRates())

        self._heal_later("loss", LOSS_S, be_quiet)
        count = await self._send_prices(await self._shop.displays())
        return f"{LOSS:.0%} of all messages are lost for {LOSS_S:g} s{_meanwhile(count)}."

    async def _kill_tags(self) -> str:
        killed = self._fleet.fleet.kill_tags(TAGS_KILLED)

        async def revive() -> None:
            self._fleet.fleet.revive_tags(killed)

        self._heal_later("kill-tags", TAGS_DEAD_S, revive)
        dead = {str(tag_id) for tag_id in killed}
        theirs = [one for one in await self._shop.displays() if one.display_id.partition(".")[0] in dead]
        count = await self._send_prices(theirs)
        new = f"; {count} of them have a new price to show" if count else ""
        return f"{len(killed)} tags are dead for {TAGS_DEAD_S:g} s{new}."

    async def _send_prices(self, displays: Sequence[ShownDisplay]) -> int:
        """New prices for some of these displays. How many."""
        free = [one for one in displays if len(one.barcodes) == 1 and one.barcodes[0] in self._prices]
        chosen = self._chance.sample(free, min(PRICES_ON_THEIR_WAY, len(free)))
        rows = {one.barcodes[0]: self._prices.raised(one.barcodes[0]) for one in chosen}
        if rows:
            await self._shop.save("/productUpdate", list(rows.values()))
            self._moving |= {one.display_id: one.revision or 0 for one in chosen}
        return len(rows)

    def _heal_later(self, name: str, seconds: float, heal: Callable[[], Awaitable[None]]) -> None:
        async def wait_and_heal() -> None:
            await self._clock.sleep(seconds)
            await heal()

        self._healing[name] = asyncio.create_task(wait_and_heal(), name=f"heal-{name}")


def _meanwhile(count: int) -> str:
    return f", and {count} prices have changed meanwhile" if count else ""


def _amount(value: object) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None
