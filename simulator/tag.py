"""A virtual tag: the protocol's own tag machine with a glass, a cell, a crystal and a place in the shop.

In: the scheduler's calls. Out: contacts with the bridges it hears, a glass that changes. Rule: what to accept, draw and
say is decided by `TagMachine` alone; this is its body: how long things take, what they cost, and how they fail.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from firmware_protocol import FactoryCode, Panel, TagId
from firmware_protocol.poll import (
    CONTACT_ROOM,
    Answer,
    AnswerFlags,
    Contact,
    ContactFlags,
    DownFrame,
    Part,
    PartRequest,
    UpItem,
    item_octets,
)
from firmware_protocol.tag import Outcome, PleaseCommission, TagMachine
from firmware_protocol.tag.display import Holding, holding, parts_wanted
from simulator import battery as charges
from simulator import limits
from simulator.battery import CELLS_BY_INCHES, Battery
from simulator.bridge import VirtualBridge
from simulator.bridge_air import IDLE_AIRTIME_US
from simulator.chance import Random
from simulator.panel import Fate, Glass, Refresh, RefreshRates
from simulator.schedule import Scheduler


@dataclass(slots=True)
class Surroundings:
    """What a fleet's tags have in common."""

    scheduler: Scheduler
    speed: int = 1
    contact_s: float = limits.CONTACT_S
    refresh_rates: RefreshRates = field(default_factory=RefreshRates)
    radio_loss: float = 0.0  # of what a tag says, and of what it hears, each time
    changed: dict[TagId, None] = field(default_factory=dict)  # whose flash or glass has changed since somebody looked


class VirtualTag:
    """`hears`: the bridges in its reach with their signal, the strongest first. Start with `switch_on`."""

    def __init__(
        self,
        tag_id: TagId,
        code: FactoryCode,
        panels: Sequence[Panel],
        around: Surroundings,
        chance: Random,
        hears: Sequence[tuple[VirtualBridge, int]],
        *,
        temperature_c: int = 20,
        drift_ppm: float = 0.0,
    ) -> None:
        self.tag_id, self.code, self.panels = tag_id, code, tuple(panels)
        self.around, self.hears = around, list(hears)
        self.temperature_c = temperature_c
        self.glasses = [Glass(panel) for panel in panels]
        self.battery = Battery(*CELLS_BY_INCHES[panels[0].name.split("-")[0]])
        self.alive = False
        self.contacts = 0
        self._chance = chance
        self._drift = 1 + drift_ppm / 1e6
        self.remember(TagMachine(tag_id, code, panels, self.draw))
        self._at_bridge = 0
        self._retries = 0
        self._quiet = False  # nothing to say, nothing to ask: an idle contact will do
        self._next_contact_at = 0.0
        self._slept_since = around.scheduler.clock.monotonic_s()
        self._drawing: tuple[int, Refresh, float] | None = None  # display, refresh, since when

    def draw(self, count: int) -> bytes:
        """Octets for nonces, out of the tag's own generator."""
        return self._chance.randbytes(count)

    def remember(self, machine: TagMachine) -> None:
        """This is the tag's flash: a new one, or that of an earlier run."""
        self.machine = machine
        machine.measured(self.temperature_c, self.battery.millivolts())
        self._records = machine.memory.records

    # Power

    def switch_on(self, first_contact_s: float) -> None:
        """The cell is in. Its first contact comes after so long on the fleet's clock."""
        self.alive = True
        self._quiet = False
        self._slept_since = self._now()
        self._look_at_glass(0.0)
        self._contact_after(first_contact_s)

    def die(self) -> None:
        """The cell is out: a refresh under way stops half-way, and nothing is heard of it until `revive`."""
        self.alive = False
        self._cut_refresh()
        self.machine.power_cut()

    def revive(self) -> None:
        if not self.alive:
            self.switch_on(self._chance.random() * limits.BUSY_RETRY_S[1] / self.around.speed)

    def reboot(self) -> None:
        """A watchdog, a shock: RAM is lost, a refresh under way stops half-way."""
        if self.alive:
            self.die()
            self.revive()

    def factory_reset(self) -> None:
        """By a person with a pin: no owner, no memory; the glass is left as it is."""
        self._cut_refresh()
        self.machine.factory_reset()
        self._quiet = False
        self._contact_after(0.0)

    def hold(self, index: int) -> Holding:
        """What the tag itself holds of a display."""
        return holding(self.machine.state_of(index))

    # Contacts

    def _now(self) -> float:
        return self.around.scheduler.clock.monotonic_s()

    def _contact_after(self, seconds: float) -> None:
        """The next contact is then; an earlier plan is void, because `_contact` looks at the instant."""
        self._next_contact_at = self._now() + seconds
        self.around.scheduler.at(self._next_contact_at, self._contact)

    def _contact(self) -> None:
        scheduler = self.around.scheduler
        now_s = scheduler.now_s
        if now_s < self._next_contact_at or not self.alive:
            return
        around = self.around
        jitter = 1 + limits.CONTACT_JITTER * (self._chance.random() - 0.5)
        self._next_contact_at = now_s + around.contact_s * jitter * self._drift / around.speed
        found = self._find_bridge()
        if found is not None:
            bridge, signal_dbm = found
            if bridge.is_busy(now_s):
                self._retry(bridge.air.busy_until - now_s)
            elif self._meet(bridge, signal_dbm, now_s):
                self._retries = 0
            else:
                self._retry(0.0)
        scheduler.at(self._next_contact_at, self._contact)

    def _find_bridge(self) -> tuple[VirtualBridge, int] | None:
        """The one it spoke with last, else the strongest that answers."""
        hears = self.hears
        if self._at_bridge < len(hears) and hears[self._at_bridge][0].listening:
            return hears[self._at_bridge]
        for place, (bridge, _) in enumerate(hears):
            if bridge.listening:
                self._at_bridge = place
                return hears[place]
        return None

    def _retry(self, wait_s: float) -> None:
        """The radio was busy, or a frame was lost: once more soon, and after some tries at the usual time."""
        if self._retries >= limits.BUSY_RETRIES:
            self._retries = 0
            return
        self._retries += 1
        low, high = limits.BUSY_RETRY_S
        soon_s = wait_s + (low + (high - low) * self._chance.random()) / self.around.speed
        self._next_contact_at = min(self._next_contact_at, self.around.scheduler.now_s + soon_s)

    def _meet(self, bridge: VirtualBridge, signal_dbm: int, now_s: float) -> bool:
        """One contact, of as many exchanges as there is something to say. False: a frame was lost."""
        self.contacts += 1
        self.battery.used_uc += charges.POLL_UC
        known = bridge.heard(self.tag_id, signal_dbm, now_s)
        if self._quiet and not known.has_something:
            bridge.air.occupy(IDLE_AIRTIME_US, now_s)
            return True
        self._account()
        items = self.machine.contact()
        was_heard = True
        for exchange in range(limits.EXCHANGES_MAX):
            if self._lost():
                was_heard = False
                break
            frames = bridge.exchange(known, self._frames(items), signal_dbm, now_s, first=exchange == 0)
            if self._lost():
                was_heard = False
                break
            items, again_ms, was_told = self._hear(frames)
            if again_ms:
                again_at = now_s + again_ms / 1000 / self.around.speed
                self._next_contact_at = min(self._next_contact_at, again_at)
            if not items and not was_told:  # told something it has no words for, it still says that it heard
                break
        self.machine.unheard(items)  # what the last exchange left, if the contact ended too early
        self._look_at_glass(bridge.air.busy_until - now_s)
        return was_heard

    def _lost(self) -> bool:
        return self.around.radio_loss > 0 and self._chance.random() < self.around.radio_loss

    def _frames(self, items: Sequence[UpItem]) -> list[Contact]:
        """As few frames as hold the items, at least one."""
        pages: list[list[UpItem]] = [[]]
        room = CONTACT_ROOM
        for item in items:
            if item_octets(item) > room:
                pages.append([])
                room = CONTACT_ROOM
            room -= item_octets(item)
            pages[-1].append(item)
        self.battery.used_uc += charges.SEALED_UC * len(items)
        last = len(pages) - 1
        return [
            Contact(self.tag_id, ContactFlags.NONE if number == last else ContactFlags.MORE, tuple(page))
            for number, page in enumerate(pages)
        ]

    def _hear(self, frames: Sequence[DownFrame]) -> tuple[list[UpItem], int, bool]:
        """What the tag says next in this contact, when it shall come again (0 = at its usual time), and whether it was
        told anything but parts.
        """
        machine = self.machine
        said: list[UpItem] = []
        again_ms = 0
        was_told = has_parts = False
        for frame in frames:
            if isinstance(frame, Part):
                has_parts = True
                self.battery.used_uc += charges.PART_UC
                said += machine.receive(frame)
                continue
            again_ms = frame.again_ms
            was_told = was_told or bool(frame.items)
            if frame.flags & AnswerFlags.PLEASE_COMMISSION and isinstance(frame, Answer):
                said += machine.receive(PleaseCommission.BIT)
            for item in frame.items:
                said += machine.receive(item)
        # Requests are made anew, once, from what is missing now.
        said = [item for item in said if not isinstance(item, PartRequest)]
        if was_told or has_parts:
            said += machine.contact(again=True)
        return said, again_ms, was_told

    # The glass

    def _look_at_glass(self, after_s: float) -> None:
        """Something happened: is there a picture to draw, is there anything left to say?"""
        self._charge_records()
        states = map(self.machine.state_of, range(len(self.panels)))
        self._quiet = not self.machine.has_news and not any(parts_wanted(state) is not None for state in states)
        if self._drawing is None and self.alive:
            self.around.scheduler.after(max(after_s, 0.0), self._draw)

    def _draw(self) -> None:
        if not self.alive or self._drawing is not None or (order := self.machine.refresh_due()) is None:
            return
        self.machine.refresh_begins(order.display)
        self._charge_records()
        fate = self.around.refresh_rates.draw(self._chance)
        if self.battery.browns_out(self.temperature_c):
            fate = Fate.BROWN_OUT
        refresh = self.glasses[order.display].begin(order.planes, self.temperature_c, self._chance, fate)
        self._drawing = drawing = (order.display, refresh, self._now())

        def ends() -> None:
            if self._drawing is drawing:
                self._refresh_ends(order.display)

        self.around.scheduler.after(refresh.busy_s / self.around.speed, ends)

    def _refresh_ends(self, index: int) -> None:
        refresh = self.glasses[index].end()
        self._drawing = None
        self._account()
        self.battery.refresh(refresh.energy_mj)
        if refresh.fate is Fate.BROWN_OUT:
            self.reboot()
            return
        outcome = Outcome.BUSY_MISSING if refresh.fate is Fate.BUSY_MISSING else Outcome.DRAWN
        millivolts = self.battery.millivolts()
        self.machine.refresh_ended(index, outcome, refresh.busy_s, self.temperature_c, millivolts)
        self._look_at_glass(0.0)
        self._contact_after(0.0)

    def _cut_refresh(self) -> None:
        if self._drawing is None:
            return
        index, refresh, since_s = self._drawing
        self._drawing = None
        self.around.changed[self.tag_id] = None
        passed_s = (self._now() - since_s) * self.around.speed
        self.glasses[index].cut(passed_s / refresh.busy_s * refresh.drawn_share if refresh.busy_s else 0.0)

    # The books

    def _account(self) -> None:
        """Sleep is charged when something happens, in the tag's own time."""
        now_s = self._now()
        self.battery.sleep((now_s - self._slept_since) * self.around.speed)
        self._slept_since = now_s
        self.machine.measured(self.temperature_c, self.battery.millivolts())

    def _charge_records(self) -> None:
        records = self.machine.memory.records
        if records != self._records:
            self.around.changed[self.tag_id] = None
            self.battery.used_uc += charges.NVM_RECORD_UC * (records - self._records)
            self._records = records
