"""A demo without goods: the labels are free, and whatever a POS sends is bound to the next of them.

In: a plan, requests of a POS. Out: an address, a token, faults to press. Rule: the POS is the only one that sends
prices here; what breaks says so, and heals by itself.
"""

from collections.abc import Iterator
from pathlib import Path

from simulator.chance import Random
from simulator.cli.demo_breaks import Breaks, Prices
from simulator.cli.demo_folder import Made, user_folder
from simulator.cli.demo_limits import BINDS_EVERY_S, GATEWAY_FROZEN_S
from simulator.cli.demo_run import Demo
from simulator.cli.demo_shop import STORE


def sandbox_folder() -> Path:
    """Beside the demo's, which holds another shop."""
    return user_folder().with_name("sandbox")


class Faults(Breaks):
    """The four of the wall, and the one that shows how patient a POS is."""

    def __init__(self, demo: Demo, chance: Random) -> None:
        super().__init__(demo.shop, demo.fleet, demo.gateway, Prices(()), chance)
        self.ways["freeze-gateway"] = self._freeze_gateway

    async def _freeze_gateway(self) -> str:
        self._gateway.freeze()

        async def thaw() -> None:
            self._gateway.thaw()

        self._heal_later("freeze-gateway", GATEWAY_FROZEN_S, thaw)
        return f"The gateway answers nothing for {GATEWAY_FROZEN_S:g} s; connections to it stay open."


class Sandbox(Demo):
    """Its phases: gateway, store, fleet; then it waits for a POS."""

    def _made(self) -> Made:
        return Made(self.plan.tags, "a POS's own", self.plan.seed, self.plan.carrier)

    def _breaks(self, chance: Random) -> Breaks:
        return Faults(self, chance)

    async def live(self) -> int:
        with self.screen.drawing():
            await self._furnish()
            await self._switch_on()
            await self._join()
        self._open_the_shop([])
        self._report(self._ready())
        for line in self._screen():
            self.screen.say(line)
        await self._stay()
        return 0

    async def _stay(self) -> None:
        """Until somebody stops it. Raises what broke by itself."""
        while not self._told.is_set():
            self._check_gateway()
            if not (self.breaks.is_broken("kill-gateway") or self.breaks.is_broken("freeze-gateway")):
                await self.shop.bind_all()
            await self._clock.sleep(BINDS_EVERY_S)

    def _ready(self) -> dict[str, object]:
        url = self.gateway.place.url
        return {
            "url": url,
            "token": self.shop.token,
            "store": STORE,
            "displays": self.plan.tags,
            "wall": f"{url}/console",
            "docs": f"{url}/docs",
            "faults": {name: f"{self.control.url}/{name}" for name in self.breaks.ways},
            "data": str(self.folder.data),
        }

    def _screen(self) -> Iterator[str]:
        url = self.gateway.place.url
        yield f"Your sandbox is ready: {self.plan.tags:,} labels wait for the products of your POS."
        yield ""
        yield f"  address          {url}"
        yield f"  token            {self.shop.token}"
        yield f"  the API          {url}/docs"
        yield f"  the shelf wall   {url}/console"
        yield ""
        yield "Send a product; it takes the next free label, and its glass proves the price:"
        yield ""
        row = '[{"barcode":"3850000000017","name":"Mlijeko 1 l","price":"1.29"}]'
        yield f"curl {url}/add -H 'Authorization: Bearer {self.shop.token}' -d '{row}'"
        yield ""
        yield f"Break something, and see how your POS takes it ({', '.join(self.breaks.ways)}):"
        yield ""
        yield f"curl -X POST {self.control.url}/kill-gateway"
        yield ""
        yield f"How far you have come: esl sandbox report {STORE} --data {self.folder.data}"
        yield "Ctrl-C stops everything; the next `esl sandbox` takes the shop up again."
