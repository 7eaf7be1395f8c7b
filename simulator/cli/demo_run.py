"""The demo from its first phase to its end: what is started, in which order, and how it all comes down again.

In: a plan. Out: an outcome, an exit status. Rule: whatever happens, nothing that was started is left behind; the order
of starting is that of the phases, and everything ends in the opposite one.
"""

import asyncio
import hashlib
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

from msgspec import Struct

from simulator.assortment import Row, assortment
from simulator.chance import Random, generator, new_incarnation
from simulator.cli.admin_api import GatewayRefuses
from simulator.cli.demo_breaks import Breaks, Prices
from simulator.cli.demo_control import Control
from simulator.cli.demo_folder import DemoFolder, Made, user_folder
from simulator.cli.demo_gateway import GatewayProcess
from simulator.cli.demo_limits import (
    CONTACT_S,
    GENERATED_PRODUCTS,
    JOINED_WITHIN_S,
    LOOK_EVERY_S,
    ROWS_A_REQUEST,
    TAGS_A_BRIDGE,
)
from simulator.cli.demo_outcome import Outcome, compare_glass, first_seconds
from simulator.cli.demo_screen import Screen, last_screen
from simulator.cli.demo_shop import STORE, Shop, ShownDisplay
from simulator.cli.demo_story import Story
from simulator.cli.running import Carrier, RunningFleet, Setting
from simulator.clock import SystemClock
from simulator.fleet import FleetPlan


class DemoPlan(Struct, frozen=True):
    """What `esl demo` was asked for."""

    tags: int
    products: Path | None
    data: Path | None
    seed: int
    speed: int
    leave: bool
    story: bool
    carrier: Carrier
    http: str | None
    broker: str | None
    quiet: bool


async def run(plan: DemoPlan, report: Callable[[dict[str, object]], None], kind: "type[Demo] | None" = None) -> int:
    """The exit status. `kind`: a demo of another kind.

    Raises `GatewayRefuses`, `OSError`, `ValueError` with the operator's words.
    """
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, told.set)
    async with AsyncExitStack() as stack:
        demo = (kind or Demo)(plan, report, stack, told)
        living = asyncio.create_task(demo.live(), name="demo")
        stopped = asyncio.create_task(told.wait(), name="told-to-stop")
        await asyncio.wait((living, stopped), return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if living.done():
            return living.result()
        living.cancel()
        await asyncio.gather(living, return_exceptions=True)
        demo.screen.say("stopping")
        return 1 if plan.leave else 0  # with --exit whoever waits for the proof has not got it


class Demo:
    """Its phases, one after the other; `live` is the order."""

    def __init__(
        self, plan: DemoPlan, report: Callable[[dict[str, object]], None], stack: AsyncExitStack, told: asyncio.Event
    ) -> None:
        self.plan, self._report, self._stack, self._told = plan, report, stack, told
        self.screen = Screen(quiet=plan.quiet)
        self._clock = SystemClock()
        self._before_s = first_seconds()
        self._began_s = self._clock.monotonic_s()
        self._first_green_s: float | None = None

    async def live(self) -> int:
        with self.screen.drawing():
            goods = asyncio.create_task(self._goods(), name="goods")
            self._stack.callback(goods.cancel)
            await self._furnish()
            await self._switch_on()
            joining = asyncio.create_task(self._join(), name="joining")
            self._stack.callback(joining.cancel)
            rows = await goods
            await self._bind(rows)
            await joining
            await self._send(rows)
        self._open_the_shop(rows)
        outcome = Outcome(products=len(rows))
        if self.plan.story:
            await self._tell_story(outcome)
        await self._judge(outcome)
        self._say_outcome(outcome)
        if self.plan.leave:
            return 0 if outcome.is_whole else 1
        await self._stay()
        return 0

    # the phases

    async def _furnish(self) -> None:
        """Gateway, store and token."""
        plan, stack = self.plan, self._stack
        data = plan.data
        if data is None and plan.leave:
            data = Path(tempfile.mkdtemp(prefix="esl-demo-"))
            stack.callback(shutil.rmtree, data, ignore_errors=True)
        self.folder = await DemoFolder.open((data or user_folder()).absolute(), self._made())
        stack.callback(self.folder.close)
        self.control = await stack.enter_async_context(Control(self._origins).serving())
        self.folder.gateway_log.unlink(missing_ok=True)
        self.gateway = GatewayProcess(
            self.folder.data, self.folder.gateway_log, http=plan.http, broker=plan.broker, control=self.control.url
        )
        stack.push_async_callback(self.gateway.stop)
        with self.screen.phase("gateway"):
            await self.gateway.start()
        self.shop = Shop(lambda: self.gateway.place)
        stack.push_async_callback(self.shop.close)
        with self.screen.phase("store"):
            await self.shop.furnish(self.folder.token())
            self.folder.keep_token(self.shop.token)
        watching = asyncio.create_task(self._watch_for_green(), name="first-green")
        stack.callback(watching.cancel)

    def _made(self) -> Made:
        plan = self.plan
        products = f"{GENERATED_PRODUCTS} invented"
        if plan.products is not None:
            products = hashlib.sha256(plan.products.read_bytes()).hexdigest()
        return Made(plan.tags, products, plan.seed, plan.carrier)

    async def _switch_on(self) -> None:
        """The fleet is in the box list, and on."""
        plan = self.plan
        setting = Setting(
            plan=FleetPlan(
                seed=plan.seed,
                tags=plan.tags,
                bridges=-(-plan.tags // TAGS_A_BRIDGE),
                speed=plan.speed,
                contact_s=CONTACT_S,
                incarnation=new_incarnation(),
            ),
            store=STORE,
            place=self.gateway.place,
            carrier=plan.carrier,
            serial_folder=self.folder.data / "serial",
            state=None if plan.leave and plan.data is None else self.folder.fleet_state,
        )
        self.screen.show("fleet", 0, plan.tags)
        self.fleet = RunningFleet(setting)
        self._stack.push_async_callback(self.fleet.stop)
        await self.fleet.start()

    async def _join(self) -> None:
        """Every tag is commissioned; meanwhile the first products are sent."""
        tags = self.plan.tags
        gives_up_s = self._clock.monotonic_s() + JOINED_WITHIN_S
        while (joined := int(str(self.fleet.status()["commissioned"]))) < tags:
            self.screen.show("fleet", joined, tags)
            self._check()
            if self._clock.monotonic_s() > gives_up_s:
                break  # who did not come is counted as missing at the end
            await self._clock.sleep(LOOK_EVERY_S)
        self.screen.show("fleet", joined, tags)
        self.screen.end("fleet")

    async def _goods(self) -> list[Row]:
        """The rows to send; made while the gateway starts."""
        self.screen.show("assortment", 0, None if self.plan.products else GENERATED_PRODUCTS)
        if self.plan.products is not None:
            rows = await rows_of(self.plan.products)
        else:
            today = self._clock.now().date()
            rows = await asyncio.to_thread(assortment, self.plan.seed, today=today, count=GENERATED_PRODUCTS)
        self.screen.show("assortment", len(rows), len(rows))
        self.screen.end("assortment")
        return rows

    async def _bind(self, rows: list[Row]) -> None:
        """Displays are bound to the first products before the batch, so that the batch counts every display."""
        found = await self.shop.displays()
        displays, free = len(found), sum(not one.barcodes for one in found)
        self.screen.show("bound", displays - free, displays)
        free -= await self.shop.bind_all()
        at = 0
        while free > 0 and at < len(rows):
            some = rows[at : at + min(free, ROWS_A_REQUEST)]
            at += len(some)
            await self.shop.save("/add", some)
            free -= await self.shop.bind_all()
            self.screen.show("bound", displays - free, displays)
        self.screen.end("bound")

    async def _send(self, rows: list[Row]) -> None:
        """The batch flow, followed until each display is confirmed."""
        show = self.screen.show
        show("sent", 0, len(rows))
        session = await self.shop.start_batch(full=self.folder.is_taken_up)
        async for pushed in self.shop.push(session, rows):
            show("sent", pushed, len(rows))
        self.screen.end("sent")
        async for status in self.shop.complete(session):
            self._check()
            count = {name: found for name, found in status.items() if isinstance(found, int)}
            phase = status["phase"]
            show("saved", count["productsSaved"], count["productsReceived"] - count["rejected"])
            if phase == "saving":
                continue
            self.screen.end("saved")
            show("synced", count["tagsSynced"], count["tagsTotal"])
            if phase == "syncing":
                continue
            self.screen.end("synced")
            show("confirmed", count["tagsConfirmed"], count["tagsTotal"])
        self.screen.end("confirmed")

    def _open_the_shop(self, rows: list[Row]) -> None:
        """From now on it may be broken."""
        self.prices = Prices(rows)
        chance = generator(self.plan.seed, "breaks")
        self.breaks = self._breaks(chance)
        self._stack.push_async_callback(self.breaks.close)
        self.control.breaks = self.breaks

    def _breaks(self, chance: Random) -> Breaks:
        return Breaks(self.shop, self.fleet, self.gateway, self.prices, chance)

    async def _tell_story(self, outcome: Outcome) -> None:
        began_s = self._clock.monotonic_s()
        outcome.story = await Story(self.shop, self.breaks, self.screen.say).tell()
        self.screen.seconds["story"] = round(self._clock.monotonic_s() - began_s, 2)

    async def _judge(self, outcome: Outcome) -> None:
        """Only where somebody waits for the verdict: drawing everything a second time takes seconds."""
        displays = await self.shop.displays()
        if self.plan.leave or self.plan.story:
            with self.screen.drawing():
                self.screen.show("judged", 0, None)
                displays, outcome.different = await compare_glass(
                    self.shop, self.fleet.fleet, lambda done, total: self.screen.show("judged", done, total)
                )
                self.screen.end("judged")
        outcome.displays = displays
        outcome.first_green_s = self._first_green_s
        outcome.phases = self.screen.seconds
        outcome.seconds = round(self._passed_s(), 2)
        self._report(outcome.to_json())

    # the end

    def _say_outcome(self, outcome: Outcome) -> None:
        say = self.screen.say
        if self.plan.leave:
            for line in (*outcome.words(), outcome.timing()):
                say(line)
            return
        url = self.gateway.place.url
        label = self._label_to_try(outcome.displays)
        for line in last_screen(
            wall=f"{url}/console",
            glass=f"{url}/glass/{label.display_id}" if label else "",
            curl=self._curl(label) if label else "",
            folder=str(self.folder.data),
            timing=outcome.timing(),
            outcome=" ".join(outcome.words()),
            is_open=is_loopback(url),
        ):
            say(line)

    def _label_to_try(self, displays: list[ShownDisplay]) -> ShownDisplay | None:
        """A black-white label, because it turns quickest, with a plain price; a larger one before a small one."""
        plain = [
            one
            for one in displays
            if one.panel.endswith("-bw") and one.confirmed and len(one.barcodes) == 1 and one.barcodes[0] in self.prices
        ]
        return max(plain, key=lambda one: (one.panel.startswith("2.9"), one.display_id), default=None)

    def _curl(self, label: ShownDisplay) -> str:
        row = self.prices.raised(label.barcodes[0])
        return (
            f"curl {self.gateway.place.url}/productUpdate -H 'Authorization: Bearer {self.shop.token}' "
            f'-d \'[{{"barcode":"{row["barcode"]}","price":"{row["price"]}"}}]\''
        )

    async def _stay(self) -> None:
        """Until somebody stops it. Raises what broke by itself."""
        while not self._told.is_set():
            self._check_gateway()
            await self._clock.sleep(LOOK_EVERY_S)

    def _check_gateway(self) -> None:
        self._check()
        if self.gateway.has_ended and not self.breaks.is_broken("kill-gateway"):
            raise GatewayRefuses(f"the gateway has ended by itself: see {self.folder.gateway_log}")

    def _check(self) -> None:
        error = self.fleet.failed()
        if error is None and self.control.breaks is not None:
            error = self.control.breaks.failed()
        if error is not None:
            raise error

    async def _watch_for_green(self) -> None:
        while not await self.shop.has_green_label():
            await self._clock.sleep(LOOK_EVERY_S)
        self._first_green_s = round(self._passed_s(), 2)

    def _passed_s(self) -> float:
        """Since the process was started."""
        return self._before_s + self._clock.monotonic_s() - self._began_s

    def _origins(self) -> tuple[str, ...]:
        url = self.gateway.place.url
        return (url, url.replace("127.0.0.1", "localhost"))


def is_loopback(url: str) -> bool:
    return url.startswith(("http://127.", "http://localhost", "http://[::1]"))


async def rows_of(file: Path) -> list[Row]:
    """The rows that `esl import` would send of this price list. Raises `GatewayRefuses` with its words."""
    import json

    importer = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "gateway.cli", "import", str(file), "--store", STORE, "--rows"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"NO_COLOR": "1"},
    )
    out, words = await importer.communicate()
    if importer.returncode:
        raise GatewayRefuses(words.decode(errors="replace").strip().removeprefix("esl: "))
    rows: list[Row] = json.loads(out)
    return rows
