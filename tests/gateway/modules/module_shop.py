"""A gateway, a radio module and its tags in one process on virtual time, with hands for the operator and the POS."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from firmware_protocol import content_id
from gateway.app.compose import Gateway, compose
from gateway.app.services import Ports
from gateway.labels import has_a_design
from gateway.links import ModuleLink, OpenedPort
from gateway.links.port import PortAway
from gateway.ports import InlineExecutor
from gateway.settings import Settings
from simulator.chance import generator
from simulator.clock import VirtualClock
from simulator.openepaperlink.live import LiveModule
from simulator.openepaperlink.shop import WITHIN_REACH, make_shop
from simulator.openepaperlink.tag import OeplTag
from simulator.schedule import Scheduler
from simulator.world.world import SeededSecrets

STORE, PATH = "corner", "/dev/serial/by-id/module"
SETTINGS = {"store": STORE, "currency": "EUR", "timeZone": "Europe/Zagreb", "locale": "hr-HR", "law": "hr"}


@dataclass
class ModuleShop:
    """`open` it first."""

    gateway: Gateway
    clock: VirtualClock
    live: LiveModule
    tags: list[OeplTag]
    client: httpx.AsyncClient
    line: "_Line"
    token: str = ""

    @property
    def link(self) -> ModuleLink:
        """The gateway's own, behind its back."""
        return self.gateway.services.modules._links[f"{STORE}/module-1"]

    async def operate(self, method: str, path: str, body: object = None) -> dict[str, object]:
        headers = {"authorization": f"Bearer {self.gateway.keys.admin_token}"}
        answer = await self.client.request(method, f"/admin{path}", json=body, headers=headers)
        assert answer.is_success, answer.text
        found: dict[str, object] = answer.json()
        return found

    async def send(self, path: str, body: object) -> dict[str, object]:
        answer = await self.client.post(path, json=body, headers={"authorization": f"Bearer {self.token}"})
        assert answer.is_success, answer.text
        found: dict[str, object] = answer.json()
        return found

    async def status(self, session: object) -> dict[str, object]:
        answer = await self.client.get(f"/batch/{session}/status", headers={"authorization": f"Bearer {self.token}"})
        found: dict[str, object] = answer.json()
        return found

    async def displays(self) -> dict[str, dict[str, object]]:
        found = (await self.operate("GET", f"/displays?store={STORE}&limit=1000"))["displays"]
        assert isinstance(found, list)
        return {one["displayId"]: one for one in found}

    async def until(self, is_so: Callable[[], object], within_s: float = 3600.0) -> None:
        """Looks each five seconds. `is_so` may be a coroutine function."""
        end_s = self.clock.monotonic_s() + within_s
        while True:
            found = is_so()
            if hasattr(found, "__await__"):
                found = await found
            if found:
                return
            waiting = [one for one in (await self.displays()).values() if not one["confirmed"]]
            assert self.clock.monotonic_s() < end_s, waiting[:5]
            await self.clock.sleep(5.0)

    async def are_all_confirmed(self) -> bool:
        return all(one["confirmed"] for one in (await self.displays()).values())

    async def open(self) -> None:
        """A store, a link, the tags found and approved, a product on each."""
        await self.operate("POST", "/stores", SETTINGS)
        self.token = str((await self.operate("POST", f"/stores/{STORE}/tokens", {"kind": "sandbox"}))["token"])
        body = {"name": "module-1", "carrier": "openepaperlink", "path": PATH, "channel": 11}
        await self.operate("POST", f"/stores/{STORE}/bridges", body)
        await self.send("/add", [row(number, "1.29") for number in range(len(self.tags))])

        async def are_found() -> bool:
            found = (await self.operate("GET", f"/tags?store={STORE}"))["tags"]
            assert isinstance(found, list)
            return len(found) == len(self.tags)

        await self.until(are_found)
        await self.operate("POST", "/tags/approve", {"tagIds": [str(tag.tag_id) for tag in self.tags]})
        await self.operate("POST", f"/stores/{STORE}/bindings/auto", {})

    async def glasses_differ(self) -> list[str]:
        """Displays whose glass is not what is desired."""
        found = await self.displays()
        return [name for tag in self.tags if _shown(tag) != found[name := f"{tag.tag_id}.0"]["desiredContentId"]]


def _shown(tag: OeplTag) -> str | None:
    return None if tag.glass is None else content_id(tag.type.panel, tag.glass).hex()


def row(number: int, price: str) -> dict[str, object]:
    return {
        "barcode": f"SKU-{number}",
        "name": f"Kruh bijeli {number}",
        "price": price,
        "unitPrice": price,
        "unit": "kg",
    }


class _Line:
    """The port of the module: what is written leaves at once unless the host is slow, and it may be pulled.

    `host_late_s`: so long the host sits on what it has to say. `loses`: what of the module's words gets lost.
    """

    def __init__(self) -> None:
        self.baud = 0
        self.host_late_s = 0.0
        self.loses: Callable[[bytes], bool] = lambda _: False
        self.live: LiveModule | None = None
        self.is_out = False
        self._hears: Callable[[bytes], None] | None = None
        self._away: Callable[[PortAway], None] | None = None

    def open(
        self, path: str, baud: int, on_octets: Callable[[bytes], None], on_away: Callable[[PortAway], None]
    ) -> OpenedPort:
        if self.is_out:
            raise PortAway(f"{path} cannot be opened: it is not there")
        self.baud, self._hears, self._away = baud, on_octets, on_away
        return self

    def to_host(self, octets: bytes) -> None:
        if self._hears is not None and not self.loses(octets):
            self._hears(octets)

    def pull(self) -> None:
        self.is_out, away = True, self._away
        self.close()
        if away is not None:
            away(PortAway("the cable is out"))

    def set_baud(self, baud: int) -> None:
        self.baud = baud

    def write(self, octets: bytes) -> None:
        if not octets or self.live is None:
            return
        if self.host_late_s:
            asyncio.get_running_loop().call_later(self.host_late_s, self.live.host_says, octets)
        else:
            self.live.host_says(octets)

    def close(self) -> None:
        self._hears = self._away = None


@asynccontextmanager
async def module_shop(
    clock: VirtualClock, folder: Path, count: int, seed: int, *, loss: float = 0.0
) -> AsyncIterator[ModuleShop]:
    line, scheduler = _Line(), Scheduler(clock)
    drawable = [kind for kind in WITHIN_REACH if has_a_design(kind.panel)]
    module, tags = make_shop(count, seed, loss=loss, tag_types=drawable[::7])
    line.live = LiveModule(scheduler, module, tags, to_host=line.to_host, host_baud=lambda: line.baud, seed=seed)
    ports = Ports(clock, generator(seed, "gateway"), SeededSecrets(seed, "secrets"), InlineExecutor(), line.open)
    gateway = compose(Settings(data=folder), ports, [], database_threads=False)
    await gateway.start()
    line.live.switch_on()
    transport = httpx.ASGITransport(app=gateway.asgi)
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            yield ModuleShop(gateway, clock, line.live, list(tags), client, line)
    finally:
        scheduler.stop()
        await gateway.stop()
