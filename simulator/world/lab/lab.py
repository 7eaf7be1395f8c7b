"""Plays a script in a whole shop, heals the shop, and waits for it to agree.

In: scenario, seed, what is kept of the script. Out: a `Verdict`. Rule: troubles only use what stands under "For
troubles"; each draws from its own generator, and takes back what it did, so that the healed shop owes nobody anything.
"""

import asyncio
import shutil
import time  # noqa: TID251  # processor time, told beside the verdict and never part of a trace
from collections import Counter, deque
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from firmware_protocol import TagId, split_display_id
from firmware_protocol.link import DownMessage, UpMessage
from firmware_protocol.link.messages import ToTag, ToTagKind
from gateway.app.shop_files import DATABASE
from gateway.database import Crashed, DatabaseFailure
from gateway.delivery.limits import BACKOFF_CONTACTS_MAX, RETRY_JITTER
from gateway.shelf import DesiredMoved, Fact, ShownMoved
from simulator.chance import Random
from simulator.clock import VirtualClock
from simulator.fleet import FleetPlan
from simulator.mix import Mix
from simulator.panel import RefreshRates
from simulator.radio.shop_channel import ShopChannel
from simulator.tag import VirtualTag
from simulator.virtual_time import TimeStandsStill, VirtualLoop, run
from simulator.world.lab import invariants
from simulator.world.lab.aims import Aims, Moment
from simulator.world.lab.batch_watch import BatchWatch
from simulator.world.lab.batches import Batches
from simulator.world.lab.disk import Disk, PowerCut
from simulator.world.lab.head_office import HeadOffice
from simulator.world.lab.restoring import Restoring
from simulator.world.lab.scenario import Scenario, ScenarioWrong
from simulator.world.lab.script import Incident, script_of
from simulator.world.lab.sealed import SealedWords
from simulator.world.lab.staff import Staff
from simulator.world.lab.states import contents_of, delivery_states
from simulator.world.lab.till import Refused, Till
from simulator.world.lab.trace import Trace
from simulator.world.lab.troubles import TROUBLES
from simulator.world.lab.troubles.pos import PUSHED_AT_ONCE
from simulator.world.lab.verdict import Delivery, Verdict, Violation
from simulator.world.lab.weather import Weather
from simulator.world.memory_folder import memory_folder
from simulator.world.world import NeverQuiet, Row, World

STORE = "corner-shop"
SAID_KEPT = 50  # payloads a bridge, for those that take old ones for new
START_AGAIN_S = 5.0
NIGHT_S = 24 * 3600.0
OPENING_WITHIN_S = 7200.0
YEAR_S = 365.25 * 86_400.0
DEAF_SHARE_MAX = 0.001  # of the labels of a large shop; more would be a shop with too few bridges
ROUNDS_S = 420.0  # six minutes of verification, and the last round's answer


class Kept(Struct, frozen=True):
    """What is left of a run after shrinking: the first `tags` tags, these incidents by name, the open hours up to
    `until_s`; None = all.
    """

    tags: int | None = None
    incidents: frozenset[str] | None = None
    until_s: float | None = None

    def script(self, scenario: Scenario, seed: int) -> list[Incident]:
        return [
            one
            for one in script_of(scenario, seed)
            if (self.incidents is None or one.name in self.incidents) and one.at_s <= self.open_s(scenario)
        ]

    def open_s(self, scenario: Scenario) -> float:
        return scenario.open_s if self.until_s is None else min(self.until_s, scenario.open_s)


EVERYTHING = Kept()


def run_seed(
    scenario: Scenario, seed: int, kept: Kept = EVERYTHING, *, trace: Trace | None = None, until_broken: bool = False
) -> Verdict:
    """One whole run, in a folder of its own that is gone afterwards. `until_broken`: the first broken promise ends it.

    Raises ScenarioWrong: a shop that cannot be.
    """
    began_s = time.process_time()
    with memory_folder("esl-lab-") as name:
        lab_trace = trace if trace is not None else Trace()
        labs: list[Lab] = []

        async def main(clock: VirtualClock) -> Verdict:
            labs.append(Lab(clock, Path(name), scenario, seed, kept, lab_trace, until_broken))
            return await labs[0].play()

        try:
            verdict = run(main, start_utc=scenario.start)
        except TimeStandsStill as error:
            labs[0].broken("time goes on", str(error))
            verdict = labs[0].verdict()
    return replace(verdict, cpu_s=time.process_time() - began_s)


class Lab:
    """One run. Troubles are handed this."""

    def __init__(
        self,
        clock: VirtualClock,
        folder: Path,
        scenario: Scenario,
        seed: int,
        kept: Kept,
        trace: Trace,
        until_broken: bool = False,
    ) -> None:
        self.clock, self.scenario, self.seed, self.kept, self.trace = clock, scenario, seed, kept, trace
        self.drawn: dict[str, int] = {}  # display -> the highest revision its glass was ever drawn with
        self.sure: dict[str, bool] = {}  # display -> it was proved, and nothing has touched its glass since
        self.taken: set[str] = set()  # displays whose glass a hand has taken, of which the gateway has not heard yet
        self.contents: set[bytes] = set()  # of which it is known that the gateway made them
        self.batches = Batches()
        self.uncaught: list[str] = []
        self.out_of_place: set[TagId] = set()
        self._folder = folder
        self._until_broken = until_broken
        self._enough = asyncio.Event()
        self._loop: VirtualLoop = asyncio.get_running_loop()  # type: ignore[assignment]  # virtual_time.run made it
        self._violations: list[Violation] = []
        self._story: list[tuple[float, str]] = []
        self._hits: Counter[tuple[str, str]] = Counter()
        self._happened: Counter[str] = Counter()
        self._said: dict[str, deque[bytes]] = {}
        self._moved_at: dict[str, tuple[float, int]] = {}  # when, and how many were on their way then
        self._places: dict[str, tuple[float, float]] = {}  # tag -> metres on the floor
        self._deliveries: list[Delivery] = []
        self.aims = Aims(self)
        self._refreshes = self._crashes = 0
        self._opened_s = 0.0
        self.starting = asyncio.Lock()
        self.restoring = Restoring(self)
        self.staff, self.batch_watch = Staff(self), BatchWatch(self)
        self._errands: list[asyncio.Task[None]] = []
        self._troubles: list[asyncio.Task[None]] = []

    async def play(self) -> Verdict:
        """The whole week: opening, troubles, healing, agreement, verdict."""
        self._loop.set_exception_handler(self._note_uncaught)
        tags = min(self.scenario.tags, self.kept.tags or self.scenario.tags)
        plan = FleetPlan(
            seed=self.seed,
            tags=tags,
            bridges=self.scenario.bridges,
            mix=Mix.parse(self.scenario.mix),
            contact_s=self.scenario.contact_s,
            refresh_rates=RefreshRates(busy_long=0.0),
            floor=self.scenario.air(),
            as_drawn=True,
            firmware=self.scenario.firmware,
        )
        data, spare = self._folder / "data", self._folder / "spare"
        data.mkdir()
        spare.mkdir()
        self.disk = Disk(data, spare, DATABASE, self._loop)
        self.disk.open()
        quiet_s = 0.0
        try:
            async with World.open(self.clock, data, plan, store=STORE) as self.world:
                fleet = self.world.fleet
                self.till, self.weather = Till(self.world), Weather(fleet)
                self.head_office, self.sealed = HeadOffice(self.world, self.clock), SealedWords(fleet.tags)
                for bridge in fleet.bridges.values():
                    bridge.overheard = self._note_message
                self.world.carrier.tap = self._note_payload
                fleet.around.on_refresh = self._note_refresh
                fleet.around.on_contact = self.aims.contact_ended
                fleet.around.on_own_redraw = self.glass_is_untold
                self._ensure_all_in_reach()
                self._places = dict(self._places_of_tags())
                self._watch_gateway()
                quiet_s = await self._run_its_course()
                shares = self.airtime_shares()
                await self.world.stop()
            if not self._enough.is_set():
                self._look_for_leaks()
        finally:
            self.disk.close()
            shutil.rmtree(spare, ignore_errors=True)
        return self.verdict(quiet_s, shares)

    def verdict(self, quiet_s: float = 0.0, shares: Mapping[str, float] = MappingProxyType({})) -> Verdict:
        """What it has come to until now."""
        return Verdict(
            scenario=self.scenario.name,
            version=self.scenario.version,
            seed=self.seed,
            violations=tuple(self._violations),
            trace_hash=self.trace.hexdigest(),
            hits=dict(self._hits),
            happened=dict(self._happened),
            story=tuple(self._story),
            deliveries=tuple(self._deliveries),
            airtime_share=dict(shares),
            refreshes=self._refreshes,
            battery_years=self._battery_years(),
            quiet_after_s=quiet_s,
            crashes=self._crashes,
            payloads_lost=sum(counts.get("loss", 0) for counts in self.world.fleet.link_counts().values()),
        )

    # The week

    async def _run_its_course(self) -> float:
        """Gives how long the healed shop needed. An error of the gateway's that got here is a broken promise, too."""
        try:
            await self._open_shop()
            await self._play_script()
            if self._enough.is_set():
                await self._break_off(*self._troubles, *self._errands)
                return 0.0
            await self._heal()
            return await self._agree()
        except Exception as error:
            self.broken("nothing breaks that nobody broke", f"{type(error).__name__}: {error}")
            await self._break_off(*self._troubles, *self._errands)
            return 0.0

    async def _break_off(self, *tasks: "asyncio.Task[None]") -> None:
        for task in tasks:
            task.cancel()
        await self._end_of(tasks)

    async def _open_shop(self) -> None:
        rows: list[Row] = [
            {"barcode": code, "name": f"Artikl {code}", "price": f"{place % 9 + 1}.29"}
            for place, code in enumerate(self.barcodes())
        ]
        for start in range(0, len(rows), PUSHED_AT_ONCE):
            await self.world.add(*rows[start : start + PUSHED_AT_ONCE])
        await self.world.bind_all()
        self.batches.are_bound((one.display_id, one.barcodes[0]) for one in await self.world.displays() if one.barcodes)
        await self.head_office.furnish()
        try:
            await self.world.run_until_quiet(OPENING_WITHIN_S)
        except NeverQuiet as error:
            self.broken("a shop without trouble comes to rest", str(error))
        self._opened_s = self.clock.monotonic_s()
        self._deliveries.clear()

    async def _play_script(self) -> None:
        day_s = self.scenario.hours * 3600.0
        open_s = self.kept.open_s(self.scenario)
        nights = [(day * day_s, None) for day in range(1, self.scenario.days) if day * day_s <= open_s]
        incidents = [(one.at_s, one) for one in self.kept.script(self.scenario, self.seed)]
        for at_s, incident in sorted([*incidents, *nights], key=lambda pair: pair[0]):
            await self._wait_until(at_s)
            if self._enough.is_set():
                return
            if incident is None:
                self.clock.jump(NIGHT_S - day_s)
                self.tell("a night passes")
            else:
                self._begin(incident)
        await self._wait_until(open_s)

    async def _wait_until(self, at_s: float) -> None:
        """Or, in a run that ends with the first broken promise, until that."""
        wait_s = max(0.0, at_s - self.now_s)
        if self._until_broken:
            await self.soon(self._enough_seen(), wait_s)
        else:
            await self.clock.sleep(wait_s)

    async def _enough_seen(self) -> None:
        await self._enough.wait()

    def _begin(self, incident: Incident) -> None:
        trouble = TROUBLES[incident.kind]

        async def happens() -> None:
            self._happened[incident.kind] += 1
            try:
                await trouble.happens(self, incident.chance(self.seed))
            except Refused as error:
                self.broken("a good request is taken", f"{incident.name}: {error}")

        task = asyncio.ensure_future(happens())
        task.set_name(incident.name)
        (self._errands if trouble.is_errand else self._troubles).append(task)

    async def _heal(self) -> None:
        """Every trouble is taken back; the errands of POS and people come to their end."""
        await self._break_off(*self._troubles)
        self.weather.clear()
        self.disk.full, self.disk.slow_s = False, 0.0
        self.world.fleet.around.refresh_rates = RefreshRates(busy_long=0.0)
        self.world.fleet.revive_tags()
        if self.world.is_cut:
            await self.world.crash()
        await self.start_gateway()
        await self._end_of(self._errands)
        self.tell("everything is healed")

    async def _end_of(self, tasks: Sequence["asyncio.Task[None]"]) -> None:
        for task, ended in zip(tasks, await asyncio.gather(*tasks, return_exceptions=True), strict=True):
            if isinstance(ended, Exception):
                self.uncaught.append(f"{task.get_name()}: {type(ended).__name__}: {ended}")

    async def _agree(self) -> float:
        """Seconds until every display was proved; the promises are asked then."""
        quiet_s = 0.0
        try:
            await self.clock.sleep(3 * self.scenario.contact_s)  # what a glass owes is told at its tag's next contact
            quiet_s = await self.world.run_until_quiet(self.agrees_within_s)
            if self.batches.all:
                await self.clock.sleep(ROUNDS_S)
                await self.world.run_until_quiet(self.agrees_within_s)  # a sale may have begun meanwhile
        except NeverQuiet as error:
            self.broken("when the faults stop, every reachable display converges", str(error))
        for promise in invariants.AFTER:
            if not self._enough.is_set():
                async for words in promise(self):
                    self.broken(promise.__name__.replace("_", " "), words)
        return quiet_s

    @property
    def agrees_within_s(self) -> float:
        """The longest pause a display may be in, once more for the association to move, and a commissioning before."""
        pause_s = BACKOFF_CONTACTS_MAX * self.scenario.contact_s * (1 + RETRY_JITTER)
        return 3 * pause_s + 10 * self.scenario.contact_s

    def _ensure_all_in_reach(self) -> None:
        """But for those few that are not hung at all, because no bridge is heard in just that place."""
        deaf = sum(not tag.hears for tag in self.world.fleet.tags.values())
        if deaf > DEAF_SHARE_MAX * len(self.world.fleet.tags):
            raise ScenarioWrong(
                f"{self.scenario.name}: on {self.scenario.floor} {deaf} of {len(self.world.fleet.tags)} tags hear none "
                f"of its {self.scenario.bridges} bridges: give it more"
            )

    def _places_of_tags(self) -> Iterator[tuple[str, tuple[float, float]]]:
        channel = self.world.fleet.around.channel
        if isinstance(channel, ShopChannel):
            for tag, spot in zip(channel.tags, channel.spots, strict=True):
                yield tag, (spot.at.x, spot.at.y)

    def _battery_years(self) -> tuple[float, ...]:
        lived_s = self.clock.monotonic_s()
        for tag in self.world.fleet.tags.values():
            tag.bring_up_to_date()
        cells = [tag.battery for tag in self.world.fleet.tags.values()]
        return tuple(cell.capacity_uc / cell.used_uc * lived_s / YEAR_S for cell in cells if cell.used_uc)

    def _look_for_leaks(self) -> None:
        own = {id(asyncio.current_task())}
        for task in self._loop.tasks_by_birth():
            if id(task) not in own:
                self.broken("no task outlives its gateway", f"{task.get_name()} is left")

    # For troubles: what they may ask and do

    @property
    def file(self) -> Path:
        """The gateway's database."""
        return self.world.folder / DATABASE

    @property
    def now_s(self) -> float:
        """Since the first opening."""
        return self.clock.monotonic_s() - self._opened_s

    def tell(self, words: str) -> None:
        self.trace.note(self.now_s, "story", words.encode())
        self._story.append((self.now_s, words))

    def broken(self, promise: str, words: str) -> None:
        self.tell(f"BROKEN: {promise}: {words}")
        self._violations.append(Violation(self.now_s, promise, words))
        if self._until_broken:
            self._enough.set()

    def hit(self, kind: str, *, bridge: str | None = None, tag: VirtualTag | None = None) -> None:
        """The trouble acts now: count the delivery states it meets, of this bridge's tags, this tag's, or all."""
        only: list[str] | None = None
        if tag is not None:
            only = [str(tag.tag_id)]
        elif bridge is not None:
            only = [str(one.tag_id) for one in self.world.fleet.tags.values() if one.bridge_name == bridge]
        states = delivery_states(self.file, self.world.fleet, only)
        for state in dict.fromkeys(state for of_display in states.values() for state in of_display):
            self._hits[(kind, state.value)] += 1

    def barcodes(self) -> list[str]:
        return [f"SKU-{number}" for number in range(self.scenario.products)]

    def pick_barcode(self, chance: Random) -> str:
        return f"SKU-{int(chance.random() * self.scenario.products)}"

    def pick_bridge(self, chance: Random) -> str:
        names = list(self.world.fleet.bridges)
        return names[int(chance.random() * len(names))]

    def pick_tag(self, chance: Random) -> VirtualTag | None:
        """By its place in the whole shop, so that a smaller one keeps the others' choices; None = it is not here."""
        place = int(chance.random() * self.scenario.tags)
        tags = list(self.world.fleet.tags.values())
        return tags[place] if place < len(tags) else None

    def pick_display(self, chance: Random) -> str | None:
        tag = self.pick_tag(chance)
        return None if tag is None else f"{tag.tag_id}.0"

    async def moment(self, chance: Random) -> str | None:
        """Mostly waits until some display is worth a strike, and gives it; else at once. See `aims`."""
        return await self.aims.moment(chance)

    async def bridge_to_strike(self, chance: Random) -> str:
        """Mostly the one that a display depends on which is worth a strike now."""
        any_bridge = self.pick_bridge(chance)
        tag = self.tag_of(await self.moment(chance))
        return any_bridge if tag is None else tag.bridge_name or any_bridge

    async def aim(self, kind: str, chance: Random) -> VirtualTag | None:
        """A tag to strike, counted as hit if it lives: mostly one whose label is on its way."""
        any_tag = self.pick_tag(chance)
        tag = self.tag_of(await self.moment(chance)) or any_tag
        if tag is not None and tag.alive:
            self.hit(kind, tag=tag)
        return tag

    def errand(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Work of the shop that a trouble gives rise to: it is waited for at the end."""
        task = asyncio.ensure_future(work)
        task.set_name(name)
        self._errands.append(task)

    def glass_is_untold(self, tag: VirtualTag) -> None:
        """Its glass is about to be taken, or its memory lost: nobody is sure of it until it is proved again."""
        for index in range(len(tag.glasses)):
            self.sure[f"{tag.tag_id}.{index}"] = False
            self.taken.add(f"{tag.tag_id}.{index}")

    def tag_of(self, display_id: str | None) -> VirtualTag | None:
        return None if display_id is None else self.world.fleet.tags.get(split_display_id(display_id)[0])

    def trade_places(self, one: VirtualTag, other: VirtualTag) -> None:
        """On the floor, and with it what each hears. A second time puts them back."""
        self.out_of_place ^= {one.tag_id, other.tag_id}
        channel = self.world.fleet.around.channel
        if isinstance(channel, ShopChannel):
            channel.trade_places(str(one.tag_id), str(other.tag_id))
        one.hears, other.hears = other.hears, one.hears

    def tear_flash(self, tag: VirtualTag, which: float, share: float) -> bool:
        """From this share of it on, a picture in its flash reads as erased: the one being drawn, else any. False: it
        holds none.
        """
        drawing = tag.drawing
        places = [
            (flash, place)
            for index, flash in enumerate(tag.machine.memory.displays)
            for place, slot in enumerate(flash.slots)
            if slot is not None and (drawing is None or (drawing == index and slot.content == tag.subject_of(index)))
        ]
        if not places:
            return False
        flash, place = places[int(which * len(places))]
        whole = flash.slots[place]
        if whole is not None:
            kept = int(len(whole.octets) * share)
            flash.slots[place] = replace(whole, octets=whole.octets[:kept] + b"\xff" * (len(whole.octets) - kept))
        return True

    def said_to(self, bridge: str) -> list[bytes]:
        """The newest payloads that the gateway sent to this bridge."""
        return list(self._said.get(f"down/{self.world.store}/{bridge}", ()))

    @contextmanager
    def unplugged(self, bridge: str) -> Iterator[None]:
        name = f"{self.world.store}/{bridge}"
        self.world.carrier.unplug(name)
        try:
            yield
        finally:
            self.world.carrier.replug(name)

    async def soon(self, what: Coroutine[Any, Any, None], within_s: float) -> bool:
        """Whether it came about in this time."""
        waited = asyncio.ensure_future(what)
        given_up = asyncio.ensure_future(self.clock.sleep(within_s))
        try:
            await asyncio.wait({waited, given_up}, return_when=asyncio.FIRST_COMPLETED)
            return waited.done()
        finally:
            waited.cancel()
            given_up.cancel()
            await asyncio.gather(waited, given_up, return_exceptions=True)

    async def turns(self, count: int) -> None:
        """Each turn of the loop is an await of somebody."""
        for _ in range(count):
            await asyncio.sleep(0)  # noqa: TID251  # a turn, no time

    async def power_is_cut(self, cut: PowerCut) -> None:
        """Returns when the cut has come about; what ran has no effect any more."""
        gone = asyncio.Event()

        def dies() -> None:
            self.world.cut()
            gone.set()

        self.disk.cut_power(cut, dies)
        try:
            await gone.wait()
        finally:
            self.disk.disarm()

    async def answer_kills(self) -> None:
        """Returns when an answer to something that was asked for has left, and has killed the gateway."""
        gone = asyncio.Event()

        def dies(method: str, _: str) -> None:
            if method != "GET":
                self.world.cut()
                gone.set()

        self.world.on_answer = dies
        try:
            await gone.wait()
        finally:  # whoever waited waits no more: the next answer would kill a gateway that nobody starts again
            self.world.on_answer = None

    async def dies(self, kind: str, down_s: float) -> None:
        """The gateway is dead from this instant, and started again after so long."""
        self.hit(kind)
        if self.world.gateway is None:
            return
        self._crashes += 1
        self.world.cut()
        await self.world.crash()
        try:
            await self.clock.sleep(down_s)
        finally:
            self._troubles.append(asyncio.ensure_future(self.start_gateway()))

    def forget_what_was_on_its_way(self) -> None:
        """A restore has ended the life in which it was."""
        self._moved_at.clear()

    async def start_gateway(self) -> None:
        """Until one runs: a full disk may keep it from starting, as it would keep a supervisor busy."""
        async with self.starting:
            while self.world.gateway is None:
                try:
                    await self.world.start()
                    self._watch_gateway()
                except (Crashed, DatabaseFailure):
                    await self.world.crash()
                    await self.clock.sleep(START_AGAIN_S)

    def airtime_shares(self) -> dict[str, float]:
        """Of each bridge since its last start: how much of the time it was on the air."""
        return {name: bridge.airtime_share() for name, bridge in self.world.fleet.bridges.items()}

    # What is watched

    def _watch_gateway(self) -> None:
        events = self.world.running().services.events
        events.watch(DesiredMoved, self._note_moved)
        events.watch(ShownMoved, self._note_shown)

    def _note_moved(self, event: DesiredMoved) -> None:
        self.contents |= contents_of(self.file, event.display_ids)  # a gateway may forget them, by a restore
        waiting = len(self._moved_at.keys() | set(event.display_ids))
        for display_id in event.display_ids:
            self._moved_at[display_id] = (self.clock.monotonic_s(), waiting)
        self.aims.come(Moment.CHANGE, event.display_ids)

    def _note_shown(self, event: ShownMoved) -> None:
        self.trace.note(self.now_s, f"shown {event.display_id} {event.revision} {event.fact.value}")
        if event.fact is Fact.UNKNOWN:
            self.taken.discard(event.display_id)
            self.aims.come(Moment.DOUBT, [event.display_id])
        if event.fact in (Fact.PROVED, Fact.SETTLED):
            for words in invariants.confirmed_means_the_glass_shows_it(self, event.display_id, event.revision):
                self.broken("confirmed means the glass shows it", words)
            for words in invariants.a_refresh_outside_the_band_proves_nothing(self, event.display_id):
                self.broken("a refresh outside the band proves nothing", words)
            self.sure[event.display_id] = event.display_id not in self.taken
            self.taken.discard(event.display_id)
            if (moved := self._moved_at.pop(event.display_id, None)) is not None:
                moved_s, waiting = moved
                place = self._places.get(event.display_id.partition(".")[0])
                self._deliveries.append(Delivery(self.clock.monotonic_s() - moved_s, waiting, place))

    def _note_refresh(self, tag: VirtualTag, index: int, planes: Sequence[bytes]) -> None:
        name = f"{tag.tag_id}.{index}"
        self._refreshes += 1
        self.trace.note(self.now_s, f"refresh {name}")
        for words in invariants.no_display_goes_back_to_an_older_revision(self, tag, index):
            self.broken("no display goes back to an older revision", words)
        for promise in invariants.OF_A_REFRESH:
            for words in promise(self, tag, index, planes):
                self.broken(promise.__name__.replace("_", " "), words)
        self.sure[name] = False
        self.taken.discard(name)
        self.aims.come(Moment.REFRESH, [name])

    def _note_message(self, message: DownMessage | UpMessage) -> None:
        for words in invariants.no_number_is_used_twice_under_one_key(self, message):
            self.broken("no number is used twice under one key", words)
        if isinstance(message, ToTag) and message.kind is ToTagKind.MANIFEST:
            self.aims.manifest_came(message.tag_id)

    def _note_payload(self, way: str, payload: bytes) -> None:
        self.trace.note(self.clock.monotonic_s(), way, payload)
        if way.startswith("down/"):
            self._said.setdefault(way, deque(maxlen=SAID_KEPT)).append(payload)

    def _note_uncaught(self, _: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
        error = context.get("exception")
        if not isinstance(error, Crashed):
            self.uncaught.append(f"{context.get('message')}: {error!r}")
