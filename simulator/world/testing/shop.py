"""A shop for a test of a POS: the real gateway, its labels and its time, behind calls that need no event loop.

In: a plan, a test's calls. Out: addresses and clients for a POS, glasses to look at. Rule: time moves only within a
call (a request takes a hundredth of a second, `sleep` as long as it says), so that the same test sees the same shop.
"""

import threading
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx
import structlog
from msgspec import Struct, field

from simulator.fleet import FleetPlan
from simulator.world.testing.door import HttpDoor, ShopTransport
from simulator.world.testing.faults import Faults
from simulator.world.testing.glass import Shelf
from simulator.world.testing.life import STORE, Life
from simulator.world.testing.limits import LOOK_EVERY_S, PROVED_WITHIN_S, TICK_REAL_S
from simulator.world.testing.stage import Stage

T = TypeVar("T")
STARTS = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
TOLD_MOST = 10
BASE_URL = "http://gateway"


class NotProved(AssertionError):
    """Some label does not show what it should, proved. The message lists them, each with its reason."""


class ShopPlan(Struct, frozen=True):
    """What stands there when a test begins. `store`: what the admin API may change of a store."""

    fleet: FleetPlan
    faults: Faults = field(default_factory=Faults)
    store: Mapping[str, str] = field(default_factory=dict)
    starts: datetime = STARTS

    def __str__(self) -> str:
        names = "+".join(panel.name for panel in self.fleet.mix.kinds[0])
        return f"seed={self.fleet.seed}, {self.fleet.tags} tags ({names} first); faults: {self.faults}"


class Gateway:
    """The one gateway of the shop. `url` is a real address, made when it is first asked for."""

    def __init__(self, stage: Stage[Life], closing: ExitStack) -> None:
        self._stage, self._closing = stage, closing
        self._door: HttpDoor | None = None

    @property
    def url(self) -> str:
        if self._door is None:
            self._door = HttpDoor(self._stage)
            self._closing.callback(self._door.close)
        return self._door.url

    @property
    def token(self) -> str:
        """Of the POS."""
        return str(self._stage.cast.world.pos.headers["authorization"].removeprefix("Bearer "))

    @property
    def admin_token(self) -> str:
        return str(self._stage.cast.key.removeprefix("Bearer "))

    @property
    def transport(self) -> ShopTransport:
        """For a client of yours, sync or async: no socket, and time is the shop's."""
        return ShopTransport(self._stage)

    def client(self) -> httpx.Client:
        """A client that has address and token."""
        return httpx.Client(transport=self.transport, base_url=BASE_URL, headers=self._headers())

    def async_client(self) -> httpx.AsyncClient:
        """The same, for `async` code: in a loop of your own, or in the shop's, by `Shop.run`."""
        return httpx.AsyncClient(transport=self.transport, base_url=BASE_URL, headers=self._headers())

    def kill(self) -> None:
        """SIGKILL now. It is back after two seconds of the shop's time."""
        self._stage.do(lambda: self._stage.cast.kill_gateway())

    def _headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}


class ShopClock:
    """The shop's time. It moves only here, and by what requests take."""

    def __init__(self, stage: Stage[Life]) -> None:
        self._stage = stage

    def now(self) -> datetime:
        return self._stage.cast.clock.now()

    def sleep(self, seconds: float = 0.0, *, minutes: float = 0.0, hours: float = 0.0, days: float = 0.0) -> None:
        """So much time passes in the shop, in as little of yours as what happens in it takes."""
        length_s = seconds + 60 * (minutes + 60 * (hours + 24 * days))
        self._stage.do(lambda: self._stage.cast.clock.sleep(length_s))

    @contextmanager
    def running(self, speed: float = 60.0) -> Iterator[None]:
        """Within it, time passes by itself, so many times faster than yours: for a POS in a process of its own that
        polls and sleeps. What happens then hangs on the machine as well, and is no longer the same each time.
        """
        told_to_stop = threading.Event()

        def tick() -> None:
            while not told_to_stop.wait(TICK_REAL_S):
                self.sleep(TICK_REAL_S * speed)

        ticking = threading.Thread(target=tick, name="esl-shop-clock", daemon=True)
        ticking.start()
        try:
            yield
        finally:
            told_to_stop.set()
            ticking.join()


class Shop:
    """Everything at once. `gateway`, `fleet` and `clock` are the parts."""

    store = STORE

    def __init__(self, stage: Stage[Life], closing: ExitStack, plan: ShopPlan) -> None:
        self._stage = stage
        self.plan = plan
        self.gateway = Gateway(stage, closing)
        self.fleet = Shelf(stage)
        self.clock = ShopClock(stage)
        self.sleep = self.clock.sleep
        self.client = self.gateway.client
        self.async_client = self.gateway.async_client

    @property
    def url(self) -> str:
        return self.gateway.url

    @property
    def token(self) -> str:
        return self.gateway.token

    def bind(self, label: str, *barcodes: str) -> None:
        """A label is to show these products: at once, or as soon as the POS has sent them."""
        self._stage.do(lambda: self._stage.cast.bind(label, barcodes))

    def unbind(self, label: str) -> None:
        self._stage.do(lambda: self._stage.cast.unbind(label))

    def bind_all(self) -> dict[str, tuple[str, ...]]:
        """Every free label the next product that none shows, as `esl bind --auto`. Gives who is bound to what."""
        return self._stage.do(self._stage.cast.bind_all)

    def faults(self, **words: Any) -> None:
        """From now on these as well; `heal()` ends all. The names are those of `@pytest.mark.esl_faults`."""

        async def break_() -> None:
            self._stage.cast.break_(self._stage.cast.faults.but(words))

        self._stage.do(break_)

    def heal(self) -> None:
        """Nothing goes wrong any more, and dead tags live."""

        async def heal() -> None:
            self._stage.cast.break_(Faults())

        self._stage.do(heal)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """`async` code of yours, in the shop's own loop: its `asyncio.sleep` takes the shop's time, not yours."""

        async def works() -> T:
            return await work

        return self._stage.do(works)

    def unproved(self) -> dict[str, str]:
        """The labels that do not show what they should, proved, each with its reason. Empty when all is well."""
        return self._stage.do(self._stage.cast.unproved)

    def until_proved(self, *labels: str, minutes: float = PROVED_WITHIN_S / 60) -> float:
        """Wait until all bound labels, or these, show what they should, proved; gives how many seconds of the shop's
        time that took. Raises `NotProved`.
        """
        return self._stage.do(lambda: self._until_proved(labels, minutes * 60))

    settle = until_proved

    async def _until_proved(self, labels: tuple[str, ...], within_s: float) -> float:
        life = self._stage.cast
        wanted = {life.names[life.display_of(label)] for label in labels}
        began_s = life.clock.monotonic_s()
        while True:
            waiting = {label: why for label, why in (await life.unproved()).items() if not wanted or label in wanted}
            batches = await life.open_batches()
            bound = await life.bound()
            if unbound := sorted(wanted - set(bound)):
                raise NotProved(f"{unbound[0]} is bound to nothing: esl_shop.bind({unbound[0]!r}, barcode) comes first")
            if not bound:
                raise NotProved("no label is bound: esl_shop.bind(label, barcode), or bind_all(), comes first")
            passed_s = life.clock.monotonic_s() - began_s
            if not waiting and not batches:
                return passed_s
            if passed_s >= within_s:
                raise NotProved(_words(waiting, batches, passed_s, len(bound)))
            await life.clock.sleep(min(LOOK_EVERY_S, within_s - passed_s))


def _words(waiting: Mapping[str, str], batches: list[str], passed_s: float, bound: int) -> str:
    told = [f"  {label}: {why}" for label, why in list(waiting.items())[:TOLD_MOST]]
    if len(waiting) > TOLD_MOST:
        told.append(f"  and {len(waiting) - TOLD_MOST} more: esl_shop.unproved() lists all")
    told += [f"  batch {session} is still being worked on" for session in batches]
    first = f"{len(waiting)} of {bound} bound labels are not proved after {passed_s / 60:g} minutes of the shop's time:"
    last = "Where that is meant (a dead tag), ask unproved(); else give it more time with until_proved(minutes=...)."
    return "\n".join([first, *told, last])


@contextmanager
def open_shop(folder: Path, plan: ShopPlan) -> Iterator[Shop]:
    """A shop in which every label has joined, none is bound, and the plan's faults have begun."""
    with ExitStack() as closing:
        closing.enter_context(_fewer_words())
        stage: Stage[Life] = Stage(
            lambda clock: Life.open(clock, folder, plan.fleet, plan.store), start_utc=plan.starts
        )
        closing.enter_context(stage)
        shop = Shop(stage, closing, plan)

        async def begin() -> None:
            stage.cast.break_(plan.faults)

        stage.do(begin)
        yield shop


@contextmanager
def _fewer_words() -> Iterator[None]:
    """The gateway's log, warnings and worse, unless the tests have set up structlog for themselves."""
    if structlog.is_configured():
        yield
        return
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    try:
        yield
    finally:
        structlog.reset_defaults()
