"""A shop under test from the inside: everything that happens on its virtual time.

In: requests of a POS, bindings, faults. Out: answers, and what is not proved and why. Rule: the world is the
laboratory's, the gateway that of `esl serve`; here is only what an operator and mishaps do between two requests.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, MutableMapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct

from firmware_protocol import Panel, TagId, content_id, split_display_id
from simulator.clock import VirtualClock
from simulator.fleet import FleetPlan
from simulator.radio.channel import FlatChannel
from simulator.tag import VirtualTag
from simulator.world.testing.faults import Faults, FaultUnknown
from simulator.world.testing.limits import (
    BIND_AGAIN_S,
    GATEWAY_AWAY_S,
    JOINED_WITHIN_S,
    LOOK_EVERY_S,
    REFUSED_S,
    REQUEST_S,
)
from simulator.world.world import GatewayAway, World

STORE = "shop"
Scope = MutableMapping[str, Any]


class Refused(ConnectionError):
    """No gateway is there to take the request."""


class CutOff(ConnectionError):
    """The gateway died before its answer had left. Whether it saved the request nobody can know."""


class LabelUnknown(AssertionError):
    """The test names a label that does not hang in this shop."""


class NotBound(AssertionError):
    """A binding that cannot be. The gateway's words are attached."""


class Answer(Struct, frozen=True):
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class Sight(Struct, frozen=True):
    """One glass at one moment, and what is known of how its picture came to be there."""

    panel: Panel
    planes: tuple[bytes, ...]
    is_being_drawn: bool
    is_whole: bool  # its pixels are a picture that was given to it, from the first to the last line
    was_refreshed: bool
    is_dead: bool
    barcodes: tuple[str, ...]  # bound to it, or asked to be
    is_proved: bool


class Life:
    """`labels`: the display id of each label, by its name on the shelf."""

    def __init__(self, world: World, clock: VirtualClock) -> None:
        self.world, self.clock = world, clock
        displays = [f"{box.tag_id}.{index}" for box in world.fleet.box_list() for index in range(len(box.panels))]
        self.labels = {f"A-{number}": display for number, display in enumerate(displays, 1)}
        self.names = {display: label for label, display in self.labels.items()}
        self.faults = Faults()
        self.settings: Mapping[str, Any] = {}
        self.key = world.admin.headers["authorization"]
        self._drawn: dict[str, set[bytes]] = {}
        self._waits_for_product: dict[str, tuple[str, ...]] = {}
        self._bind_again_s = BIND_AGAIN_S[0]
        self._binding: asyncio.Task[None] | None = None
        self._mending: list[asyncio.Task[None]] = []
        self._is_there = asyncio.Event()
        self._is_there.set()
        self._changes = 0
        self._changes_at_faults = 0
        world.fleet.around.on_refresh = self._note_picture

    @classmethod
    @asynccontextmanager
    async def open(
        cls, clock: VirtualClock, folder: Path, plan: FleetPlan, store: Mapping[str, str]
    ) -> AsyncIterator["Life"]:
        """A shop in which every label has joined and none is bound; nothing is broken yet."""
        async with World.open(clock, folder, plan, store=STORE) as world:
            life = cls(world, clock)
            life.settings = (await world.admin.patch(f"/admin/stores/{STORE}", json=dict(store))).json()
            if "store" not in life.settings:
                raise ValueError(f"the store refuses {dict(store)}: {life.settings}")
            await life._all_joined()
            try:
                yield life
            finally:
                for task in [*life._mending, *([life._binding] if life._binding else [])]:
                    task.cancel()

    async def _all_joined(self) -> None:
        until_s = self.clock.monotonic_s() + JOINED_WITHIN_S
        while not all(self._tag(box.tag_id).machine.commissioned for box in self.world.fleet.box_list()):
            if self.clock.monotonic_s() > until_s:
                raise RuntimeError(f"not every label has joined within {JOINED_WITHIN_S:g} s: add bridges")
            await self.clock.sleep(LOOK_EVERY_S)

    # the POS's door

    async def ask(self, scope: Scope, body: bytes) -> Answer:
        """One request. Raises `Refused`, `CutOff`."""
        await self.clock.sleep(REQUEST_S)
        if not self._is_there.is_set():
            await self.clock.sleep(REFUSED_S)
            raise Refused("the gateway is down")
        path = str(scope["path"])
        if path.startswith("/console"):  # its event streams never end, and time stands still between requests
            return Answer(404, [(b"content-type", b"text/plain")], b"There is no console in a test; see `esl sandbox`.")
        kills = self._mishaps(path) if scope["method"] == "POST" and not path.startswith("/admin") else False
        answer = await self._answered(scope, body, kills)
        if scope["method"] == "POST" and self._waits_for_product:
            self._bind_again_s = BIND_AGAIN_S[0]
            await self._try_to_bind()
        return answer

    def _mishaps(self, path: str) -> bool:
        """What begins with a change that the POS sends: whether the gateway dies of it."""
        self._changes += 1
        number = self._changes - self._changes_at_faults
        if number == 1 and self.faults.unplug_bridge:
            self._later(self._unplug(next(iter(self.world.fleet.bridges)), self.faults.unplug_bridge))
        return number == self.faults.kill_gateway

    async def _answered(self, scope: Scope, body: bytes, kills: bool) -> Answer:
        started: list[MutableMapping[str, Any]] = []
        parts: list[bytes] = []
        ended = asyncio.Event()
        bodies = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def receive() -> MutableMapping[str, Any]:
            for message in bodies:
                return message
            await ended.wait()
            return {"type": "http.disconnect"}

        async def send(message: MutableMapping[str, Any]) -> None:
            if kills:  # what it answers is saved, and nobody will be told
                self.world.cut()
                raise GatewayAway("the gateway was killed before its answer had left")
            if message["type"] == "http.response.start":
                started.append(message)
            elif message["type"] == "http.response.body":
                parts.append(message.get("body", b""))
                if not message.get("more_body", False):
                    ended.set()

        try:
            await self.world.asgi(scope, receive, send)
        except Exception:
            if not kills:
                raise
            # What is raised in a process that was killed is nobody's answer.
        if kills:
            await self.kill_gateway()
        if not ended.is_set():
            raise CutOff("the gateway died before its answer had left")
        return Answer(started[0]["status"], [(bytes(k), bytes(v)) for k, v in started[0]["headers"]], b"".join(parts))

    # what befalls it

    def break_(self, faults: Faults) -> None:
        """From now on these, and no others. Raises `LabelUnknown`, `FaultUnknown`."""
        fleet = self.world.fleet
        dead = self._dead(faults)
        self.faults = faults
        self._changes_at_faults = self._changes
        fleet.set_link_rates(faults.link_rates())
        fleet.around.refresh_rates = faults.refresh_rates()
        fleet.around.channel = FlatChannel(faults.radio_loss, fleet.plan.seed)
        for tag_id, tag in fleet.tags.items():
            if tag_id in dead and tag.alive:
                tag.die()
            elif tag_id not in dead and not tag.alive:
                tag.revive()

    def _dead(self, faults: Faults) -> set[TagId]:
        if not isinstance(faults.dead_tags, int):
            return {split_display_id(self.display_of(label))[0] for label in faults.dead_tags}
        boxes = self.world.fleet.box_list()
        if not 0 <= faults.dead_tags <= len(boxes):
            raise FaultUnknown(f"dead_tags is {faults.dead_tags}: the shop has {len(boxes)} tags")
        return {box.tag_id for box in boxes[: faults.dead_tags]}

    async def kill_gateway(self, away_s: float = GATEWAY_AWAY_S) -> None:
        """SIGKILL now; a new process on the same files after so long."""
        if not self._is_there.is_set():
            return
        self._is_there.clear()
        await self.world.crash()

        async def start() -> None:
            await self.clock.sleep(away_s)
            await self.world.start()
            self._is_there.set()

        self._later(start())

    async def _unplug(self, bridge: str, seconds: float) -> None:
        carrier, box = self.world.carrier, self.world.fleet.bridges[bridge]
        carrier.unplug(f"{STORE}/{bridge}")
        box.power_off()
        await self.clock.sleep(seconds)
        box.power_on()
        carrier.replug(f"{STORE}/{bridge}")

    def _later(self, work: Any) -> None:
        self._mending = [task for task in self._mending if not task.done()]
        self._mending.append(asyncio.ensure_future(work))

    # labels and products

    def display_of(self, label: str) -> str:
        if label in self.labels:
            return self.labels[label]
        if label in self.names:  # a display id, as the API has it
            return label
        raise LabelUnknown(
            f"no label is called {label!r}: this shop has A-1 to A-{len(self.labels)}. More hang there with "
            f"@pytest.mark.esl_fleet(tags=...)"
        )

    async def bind(self, label: str, barcodes: Sequence[str]) -> None:
        """At once if the products are there, else as soon as the POS has sent them."""
        display = self.display_of(label)
        if not barcodes:
            raise NotBound(f"{label} is to be bound to a product: name its barcode")
        self._waits_for_product[display] = tuple(barcodes)
        self._bind_again_s = BIND_AGAIN_S[0]
        await self._try_to_bind()
        if self._waits_for_product and (self._binding is None or self._binding.done()):
            self._binding = asyncio.ensure_future(self._bind_when_known())

    async def unbind(self, label: str) -> None:
        display = self.display_of(label)
        self._waits_for_product.pop(display, None)
        await self._is_there.wait()
        await self.world.unbind(display)

    async def bind_all(self) -> dict[str, tuple[str, ...]]:
        """Every free label the next product that none shows; gives what is bound now."""
        await self._is_there.wait()
        await self.world.bind_all()
        return {self.names[one.display_id]: one.barcodes for one in await self._in_shelf_order() if one.barcodes}

    async def _try_to_bind(self) -> None:
        for display, barcodes in list(self._waits_for_product.items()):
            if not self._is_there.is_set():
                return
            path = f"/admin/displays/{display}/binding"
            answer = await self.world.admin.put(path, json={"barcodes": list(barcodes)})
            if answer.status_code == 200:
                del self._waits_for_product[display]
            elif answer.json().get("code") != "product_unknown":
                del self._waits_for_product[display]
                raise NotBound(f"{self.names[display]} cannot be bound to {', '.join(barcodes)}: {answer.text}")

    async def _bind_when_known(self) -> None:
        while self._waits_for_product:
            await self.clock.sleep(self._bind_again_s)
            self._bind_again_s = min(2 * self._bind_again_s, BIND_AGAIN_S[1])
            await self._try_to_bind()

    # what is so

    async def unproved(self) -> dict[str, str]:
        """By label, in shelf order: why it does not show what it should, proved."""
        await self._is_there.wait()
        found = {
            self.names[display]: f"waits for {', '.join(barcodes)}, which the POS has not sent, or which was rejected"
            for display, barcodes in self._waits_for_product.items()
        }
        waiting = await self.world.unproved()
        reasons = await self.world.running().services.delivery.reasons(waiting)
        for display in waiting:
            dead = "; its tag is dead" if not self._tag_of(display).alive else ""
            found[self.names[display]] = f"{reasons[display]}{dead}"
        for one in await self._in_shelf_order():
            if one.confirmed and self._on_glass(one.display_id) != one.desired_content_id:
                found.setdefault(self.names[one.display_id], "counted as proved, and its glass shows something else")
        return {label: found[label] for label in self.labels if label in found}

    async def open_batches(self) -> list[str]:
        """Sessions whose products are not all saved and drawn."""
        listed = (await self.world.admin.get("/admin/batches", params={"store": STORE})).raise_for_status().json()
        return [
            str(one["sessionId"])
            for one in listed["batches"]
            if one["status"] == "processing" and one["phase"] != "verifying"
        ]

    async def bound(self) -> list[str]:
        """Labels that are bound, or are to be."""
        bound = [self.names[one.display_id] for one in await self._in_shelf_order() if one.barcodes]
        return [*bound, *(self.names[display] for display in self._waits_for_product)]

    async def sight(self, label: str) -> Sight:
        await self._is_there.wait()
        display = self.display_of(label)
        tag_id, index = split_display_id(display)
        tag = self._tag(tag_id)
        glass = tag.glasses[index]
        (standing,) = [one for one in await self.world.displays() if one.display_id == display]
        on_glass = self._on_glass(display)
        return Sight(
            glass.panel,
            glass.planes,
            is_being_drawn=glass.refresh is not None,
            is_whole=on_glass in self._drawn.get(display, set()),
            was_refreshed=glass.refreshes > 0,
            is_dead=not tag.alive,
            barcodes=standing.barcodes or self._waits_for_product.get(display, ()),
            is_proved=standing.confirmed and on_glass == standing.desired_content_id,
        )

    async def _in_shelf_order(self) -> list[Any]:
        standing = {one.display_id: one for one in await self.world.displays()}
        return [standing[display] for display in self.labels.values()]

    def _on_glass(self, display: str) -> bytes:
        tag_id, index = split_display_id(display)
        glass = self._tag(tag_id).glasses[index]
        return content_id(glass.panel, glass.planes)

    def _note_picture(self, tag: VirtualTag, index: int, planes: Sequence[bytes]) -> None:
        """A glass is given a picture: what it may show when it is whole."""
        self._drawn.setdefault(f"{tag.tag_id}.{index}", set()).add(content_id(tag.panels[index], planes))

    def _tag(self, tag_id: TagId) -> VirtualTag:
        return self.world.fleet.tags[tag_id]

    def _tag_of(self, display: str) -> VirtualTag:
        return self._tag(split_display_id(display)[0])
