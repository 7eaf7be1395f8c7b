"""A virtual tag: the protocol's own tag machine with a glass, a cell, a crystal and a place in the shop.

In: the scheduler's calls. Out: contacts with the bridges it hears, a glass that changes. Rule: what to accept, draw and
say is decided by `TagMachine` alone; this is its body: how long things take, what they cost, and how they fail.
A tag with nothing to say, for whom nothing waits, *rests*: its contacts are figures (`resting`), not events, until the
bridge rouses it or it has news. `Surroundings.eager` makes each of them an event, for the test that both are the same.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import TypeVar

from firmware_protocol import FactoryCode, Panel, ReportState, TagId
from firmware_protocol.poll import (
    CONTACT_ROOM,
    MAC_OCTETS,
    Answer,
    AnswerFlags,
    Contact,
    ContactFlags,
    DownFrame,
    Part,
    PartRequest,
    UpItem,
    airtime_us,
    frame_octets,
    pages_of,
)
from firmware_protocol.tag import Outcome, PleaseCommission, TagMachine
from firmware_protocol.tag.display import Holding, holding, parts_wanted, report_state
from simulator import battery as charges
from simulator import limits
from simulator.battery import CELLS_BY_INCHES, Battery
from simulator.bridge import VirtualBridge
from simulator.bridge_air import Air, TagAtBridge
from simulator.chance import Draws, mixed, unit
from simulator.firmware import PLAIN, Firmware, Habits
from simulator.panel import Fate, Glass, Refresh, RefreshRates
from simulator.radio.channel import Channel, FlatChannel
from simulator.radio.path_loss import Way
from simulator.schedule import Scheduler

AnyFrame = TypeVar("AnyFrame", Contact, DownFrame)


@dataclass(slots=True)
class Surroundings:
    """What a fleet's tags have in common."""

    scheduler: Scheduler
    speed: int = 1
    contact_s: float = limits.CONTACT_S
    refresh_rates: RefreshRates = field(default_factory=RefreshRates)
    channel: Channel = field(default_factory=FlatChannel)  # asked about each frame, but those of idle contacts
    eager: bool = False  # every contact is an event
    changed: dict[TagId, None] = field(default_factory=dict)  # whose flash or glass has changed since somebody looked
    on_refresh: Callable[["VirtualTag", int, Sequence[bytes]], None] | None = None  # called as a refresh begins
    on_contact: Callable[["VirtualTag"], None] | None = None  # called as one ends in which something was said
    on_own_redraw: Callable[["VirtualTag"], None] | None = None  # called as a tag draws of its own accord


# What a tag draws for, each under a key of its own.
_CONTACTS, _RETRIES, _LOSSES, _REFRESHES, _OCTETS, _REVIVALS, _HABITS = range(7)


class VirtualTag:
    """`hears`: the bridges in its reach with their signal, the strongest first. Start with `switch_on`."""

    __slots__ = (
        "_at_bridge",
        "_charged",
        "_draw_key",
        "_drawing",
        "_drawn",
        "_drift",
        "_extra_at",
        "_glasses",
        "_grid_at",
        "_habits",
        "_hears",
        "_machine",
        "_number",
        "_quiet",
        "_records",
        "_redraws_at",
        "_rests",
        "_retries",
        "_slept_since",
        "alive",
        "around",
        "battery",
        "brown_outs",
        "code",
        "firmware",
        "panels",
        "tag_id",
        "temperature_c",
    )

    def __init__(
        self,
        tag_id: TagId,
        code: FactoryCode,
        panels: Sequence[Panel],
        around: Surroundings,
        draw_key: int,
        hears: Sequence[tuple[VirtualBridge, int]],
        *,
        temperature_c: int = 20,
        drift_ppm: float = 0.0,
        firmware: Firmware = PLAIN,
    ) -> None:
        """`draw_key`: of everything it draws, see `chance.key_of`."""
        self.firmware = firmware
        self._habits = None if firmware == PLAIN else Habits(firmware)
        self._redraws_at = inf
        self.tag_id, self.code, self.panels = tag_id, code, tuple(panels)
        self.around = around
        self.temperature_c = temperature_c
        self.battery = Battery(*CELLS_BY_INCHES[panels[0].name.split("-")[0]])
        self.alive = False
        self.brown_outs = 0  # reboots within a refresh, because the cell gave way
        self._number = around.scheduler.grid.add()
        self._draw_key = draw_key
        self._drawn = [0] * 7  # how often for each
        self._drift = 1 + (drift_ppm + firmware.drift_ppm) / 1e6
        self._machine: TagMachine | None = None
        self._records = 0
        self._at_bridge = 0
        self._retries = 0
        self._quiet = False  # nothing to say, nothing to ask: an idle contact will do
        self._grid_at: float | None = None  # the contact on the grid that is planned
        self._extra_at = inf  # and the one beside it
        self._rests: tuple[Air, TagAtBridge] | None = None
        self._charged = 0  # contacts that the battery has paid
        self._slept_since = around.scheduler.now()
        self._drawing: tuple[int, Refresh, float] | None = None  # display, refresh, since when
        self._glasses: list[Glass] | None = None
        self._hears: list[tuple[VirtualBridge, int]] = []
        self.hears = list(hears)

    @property
    def hears(self) -> list[tuple[VirtualBridge, int]]:
        return self._hears

    @hears.setter
    def hears(self, hears: list[tuple[VirtualBridge, int]]) -> None:
        """The tag, or a bridge, is moved. A double is not roused for whom it doubles: it was there second."""
        for bridge, _ in self._hears:
            if bridge.hearers.get(self.tag_id) is self:
                del bridge.hearers[self.tag_id]
        self._hears = hears
        for bridge, _ in hears:
            bridge.hearers.setdefault(self.tag_id, self)
        self.rouse()

    @property
    def glasses(self) -> list[Glass]:
        if self._glasses is None:
            self._glasses = [Glass(panel) for panel in self.panels]
        return self._glasses

    @property
    def machine(self) -> TagMachine:
        if self._machine is None:
            self.remember(TagMachine(self.tag_id, self.code, self.panels, self.draw))
        assert self._machine is not None
        return self._machine

    @property
    def contacts(self) -> int:
        """How many of its contacts a bridge has heard."""
        self._settle()
        return self.around.scheduler.grid.kept[self._number]

    def _draws_again(self, purpose: int) -> tuple[int, int]:
        """The key and the index of the next draw for this."""
        index = self._drawn[purpose]
        self._drawn[purpose] = index + 1
        return mixed(self._draw_key, purpose), index

    def draw(self, count: int) -> bytes:
        """Octets for nonces, drawn by the tag's own key."""
        return Draws(*self._draws_again(_OCTETS)).randbytes(count)

    def remember(self, machine: TagMachine) -> None:
        """This is the tag's flash: a new one, or that of an earlier run."""
        self._machine = machine
        machine.measured(self.temperature_c, self.battery.millivolts())
        self._records = machine.memory.records

    # Power

    def switch_on(self, first_contact_s: float) -> None:
        """The cell is in. Its first contact comes after so long on the fleet's clock."""
        now_s = self._now()
        self.alive = True
        self._quiet = False
        self._slept_since = now_s
        if self._machine is not None:
            self._look_at_glass(0.0)
        self._start_clock(now_s + first_contact_s)
        self._extra_at = inf
        self.rouse()
        self._plan_redraw()

    def _start_clock(self, first_contact_at: float) -> None:
        """Its contacts are counted anew, from this instant on."""
        around = self.around
        period_s = around.contact_s * self._drift / around.speed
        contacts_key = mixed(*self._draws_again(_CONTACTS))
        around.scheduler.grid.start(self._number, contacts_key, first_contact_at, period_s)
        self._grid_at = None

    def die(self) -> None:
        """The cell is out: a refresh under way stops half-way, and nothing is heard of it until `revive`."""
        if self.alive:
            self.bring_up_to_date()
        self._stop_resting()
        self.alive = False
        self._cut_refresh()
        if self._machine is not None:
            self._machine.power_cut()
        if self._habits is not None:
            self._habits.forget()

    def revive(self) -> None:
        if not self.alive:
            self.switch_on(unit(*self._draws_again(_REVIVALS)) * limits.BUSY_RETRY_S[1] / self.around.speed)

    def reboot(self) -> None:
        """A watchdog, a shock: RAM is lost, a refresh under way stops half-way."""
        if self.alive:
            self.die()
            self.revive()

    def factory_reset(self) -> None:
        """By a person with a pin: no owner, no memory; the glass is left as it is."""
        self._cut_refresh()
        self.machine.factory_reset()
        if self._habits is not None:
            self._habits.forget()
        self._quiet = False
        self._contact_at(self._now())
        self.rouse()

    def show_own_page(self) -> None:
        """A person pressed the button: a page of the tag's own, all black, takes each glass that is not being drawn."""
        for index, glass in enumerate(self.glasses):
            if self._drawing is None or self._drawing[0] != index:
                glass.planes = tuple(bytes(size) for size in glass.panel.plane_sizes)
                self.machine.glass_taken(index)
        self._look_at_glass(0.0)
        self.rouse()

    def _plan_redraw(self) -> None:
        if self.firmware.redraws_every_s:
            self._redraws_at = self._now() + self.firmware.redraws_every_s / self.around.speed
            self.around.scheduler.at(self._redraws_at, self._redraw)

    def _redraw(self) -> None:
        """Of its own accord, without new data: what it had drawn is drawn once more, and it does not trust it."""
        if not self.alive or self._now() < self._redraws_at:
            return
        if self.around.on_own_redraw is not None:
            self.around.on_own_redraw(self)
        for index, glass in enumerate(self.glasses):
            if self._drawing is None or self._drawing[0] != index:
                self.battery.refresh(glass.panel.refresh_mj)
                self.machine.glass_taken(index)
        self._look_at_glass(0.0)
        self.rouse()
        self._plan_redraw()

    def _restart_clock(self) -> None:
        """A firmware whose contacts hang on a timer that a refresh takes."""
        self.bring_up_to_date()
        self._stop_resting()
        period_s = self.around.contact_s / self.around.speed
        self._start_clock(self._now() + unit(*self._draws_again(_HABITS)) * period_s)
        self.rouse()

    def hold(self, index: int) -> Holding:
        """What the tag itself holds of a display."""
        return holding(self.machine.state_of(index))

    def shows_its_order(self, index: int) -> bool:
        """Its glass is known to show what was ordered last."""
        state = self.machine.state_of(index)
        return state.memory.accepted_revision > 0 and report_state(state) is ReportState.SHOWN

    @property
    def refreshes(self) -> int:
        """Of all its glasses, whole or not."""
        return sum(glass.refreshes for glass in self._glasses or ())

    @property
    def bridge_name(self) -> str | None:
        """The bridge it spoke with last."""
        return self.hears[self._at_bridge][0].name if self._at_bridge < len(self.hears) else None

    @property
    def drawing(self) -> int | None:
        """The display whose glass is being refreshed now."""
        return None if self._drawing is None else self._drawing[0]

    def subject_of(self, index: int) -> object:
        """The name of the picture that is due on this display, or being drawn."""
        return self.machine.state_of(index).work.subject

    # Contacts

    def rouse(self) -> None:
        """Something changed at a bridge or in the tag: what is its next contact on the grid now?"""
        if self.alive and self._grid_at is None:
            self._stop_resting()
            grid, number = self.around.scheduler.grid, self._number
            # Contacts up to now that nobody heard are not in any books.
            grid.counted[number] = max(grid.counted[number], grid.count_until(number, self._now()))
            self._plan()

    def bring_up_to_date(self) -> None:
        """What the cell gave until now, for contacts and for sleep in the tag's own time."""
        self._settle()
        now_s, contacts = self._now(), self.around.scheduler.grid.kept[self._number]
        self.battery.spend(charges.POLL_UC * (contacts - self._charged))
        self.battery.sleep((now_s - self._slept_since) * self.around.speed)
        self._charged, self._slept_since = contacts, now_s

    def _now(self) -> float:
        return self.around.scheduler.now()

    def _contact_at(self, at_s: float) -> None:
        """A contact beside the grid, unless one is to come before it."""
        if at_s < self._extra_at:
            self._extra_at = at_s
            self.around.scheduler.at(at_s, self._extra_contact)

    def _plan(self) -> None:
        """With the books up to date: the next contact on the grid is an event, or the tag rests until it is roused."""
        scheduler = self.around.scheduler
        next_s = scheduler.grid.instant(self._number, scheduler.grid.counted[self._number])
        place = self._place()
        if not self.around.eager:
            if place is None:
                return
            if place == self._at_bridge and self._quiet:
                bridge, signal_dbm = self._hears[place]
                if not bridge.wants(self.tag_id, signal_dbm) and bridge.lets_rest(self.tag_id, next_s):
                    known = bridge.air.tags[self.tag_id]
                    self._rests = (bridge.air, known)
                    bridge.air.rest(self._number, known, signal_dbm)
                    return
        self._grid_at = next_s
        scheduler.at(next_s, self._grid_contact)

    def _stop_resting(self) -> None:
        if self._rests is not None:
            air, known = self._rests
            self._rests = None
            air.end_rest(self._number, known, self._now())

    def _settle(self) -> None:
        """Bring the books of its contacts up to now, wherever they are."""
        if self._rests is not None:
            air, known = self._rests
            air.settle_one(self._number, known, self._now())

    def _grid_contact(self) -> None:
        scheduler = self.around.scheduler
        if self._grid_at is None or scheduler.now_s < self._grid_at or not self.alive:
            return
        self._grid_at = None
        scheduler.grid.counted[self._number] += 1
        self._contact(scheduler.now_s)
        self.rouse()

    def _extra_contact(self) -> None:
        now_s = self.around.scheduler.now_s
        if now_s < self._extra_at or not self.alive:
            return
        self._extra_at = inf
        self._stop_resting()
        self._contact(now_s)
        self.rouse()

    def _contact(self, now_s: float) -> None:
        place = self._place()
        if place is None:
            return
        self._at_bridge = place
        bridge, signal_dbm = self._hears[place]
        if self._quiet and not bridge.wants(self.tag_id, signal_dbm):
            # Nothing else may change here: a tag that rests has as many of these, and none of them is run.
            bridge.heard(self.tag_id, signal_dbm, now_s)
            bridge.air.idle_contact()
            self.around.scheduler.grid.kept[self._number] += 1
            return
        self._extra_at = inf
        if bridge.is_busy(now_s):
            self._retry(bridge.air.busy_until, now_s)
        elif self._meet(bridge, signal_dbm, now_s):
            self._retries = 0
        else:
            self._retry(now_s, now_s)

    def _place(self) -> int | None:
        """Of the bridge it spoke with last, else of the strongest that answers."""
        hears = self._hears
        if self._at_bridge < len(hears) and hears[self._at_bridge][0].listening:
            return self._at_bridge
        for place, (bridge, _) in enumerate(hears):
            if bridge.listening:
                return place
        return None

    def _retry(self, from_s: float, now_s: float) -> None:
        """The radio was busy, or a frame was lost: once more soon, and after some tries at the usual time."""
        if self._retries >= limits.BUSY_RETRIES:
            self._retries = 0
            return
        self._retries += 1
        low, high = limits.BUSY_RETRY_S
        soon_s = (low + (high - low) * unit(*self._draws_again(_RETRIES))) / self.around.speed
        self._contact_at(max(from_s, now_s) + soon_s)

    def _meet(self, bridge: VirtualBridge, signal_dbm: int, now_s: float) -> bool:
        """One contact, of as many exchanges as there is something to say. False: a frame was lost."""
        self.around.scheduler.grid.kept[self._number] += 1
        known = bridge.heard(self.tag_id, signal_dbm, now_s)
        self._account()
        items = self.machine.contact()
        if self._habits is not None:
            items = self._habits.opens(items, Draws(*self._draws_again(_HABITS)))
        was_heard = True
        for exchange in range(limits.EXCHANGES_MAX):
            begins_s = max(bridge.air.busy_until, now_s)
            said = self._frames(items)
            if len(self._passed(bridge, Way.UP, said, begins_s)) < len(said):
                was_heard = False
                break
            told = bridge.exchange(known, said, signal_dbm, now_s, first=exchange == 0)
            heard = self._passed(bridge, Way.DOWN, told, begins_s)
            self.battery.spend(charges.PART_UC * (len(told) - len(heard)))  # it listened for what was lost
            if len(heard) < len(told) and _answers(heard) < _answers(told):
                was_heard = False  # were it to speak again, the bridge would take its answer for heard
                break
            items, again_ms, was_told = self._hear(heard)
            if self._habits is not None:
                items = self._habits.answers(items)
            if again_ms:
                self._contact_at(now_s + again_ms / 1000 / self.around.speed)
            if not items and not was_told:  # told something it has no words for, it still says that it heard
                break
        self.machine.unheard(items)  # what the last exchange left, if the contact ended too early
        if self._habits is not None and self._habits.is_late:
            late_s = self.firmware.late_s * unit(*self._draws_again(_HABITS)) / self.around.speed
            self._contact_at(max(now_s, bridge.air.busy_until) + late_s)
        self._look_at_glass(bridge.air.busy_until - now_s)
        if self.around.on_contact is not None:
            self.around.on_contact(self)
        return was_heard

    def _passed(self, bridge: VirtualBridge, way: Way, frames: Sequence[AnyFrame], at_s: float) -> list[AnyFrame]:
        """Those that are not lost, the first of them said at this instant."""
        channel, speed = self.around.channel, self.around.speed
        if channel.is_clear:
            return list(frames)
        passed: list[AnyFrame] = []
        tag, own_s = str(self.tag_id), at_s * speed
        for frame in frames:
            number = self._drawn[_LOSSES]
            self._drawn[_LOSSES] += 1
            octets = MAC_OCTETS + frame_octets(frame)
            if not channel.loses(tag, bridge.name, way, own_s, octets, number):
                passed.append(frame)
            own_s += (limits.PART_PACE_US if isinstance(frame, Part) else airtime_us(octets - MAC_OCTETS)) / 1e6
        return passed

    def _frames(self, items: Sequence[UpItem]) -> list[Contact]:
        """As few frames as hold the items, at least one."""
        pages = pages_of(items, CONTACT_ROOM)
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
        was_told = False
        parts: list[Part] = []  # an exchange's come behind its answers
        for frame in frames:
            if isinstance(frame, Part):
                parts.append(frame)
                continue
            again_ms = frame.again_ms
            was_told = was_told or bool(frame.items)
            if frame.flags & AnswerFlags.PLEASE_COMMISSION and isinstance(frame, Answer):
                said += machine.receive(PleaseCommission.BIT)
            for item in frame.items:
                said += machine.receive(item)
        if parts:
            for _ in parts:
                self.battery.used_uc += charges.PART_UC
            said += machine.receive_parts(parts)
        # Requests are made anew, once, from what is missing now.
        said = [item for item in said if not isinstance(item, PartRequest)]
        if was_told or parts:
            said += machine.contact(again=True)
        return said, again_ms, was_told

    # The glass

    def _look_at_glass(self, after_s: float) -> None:
        """Something happened: is there a picture to draw, is there anything left to say?"""
        self._charge_records()
        states = map(self.machine.state_of, range(len(self.panels)))
        self._quiet = not self.machine.has_news and not any(parts_wanted(state) is not None for state in states)
        if self._habits is not None and self._habits.owes:
            self._quiet = False
        if self._drawing is None and self.alive and self.machine.has_due:
            self.around.scheduler.at(self._now() + max(after_s, 0.0), self._draw)

    def _draw(self) -> None:
        if not self.alive or self._drawing is not None or (order := self.machine.refresh_due()) is None:
            return
        self.machine.refresh_begins(order.display)
        self._charge_records()
        draws = Draws(*self._draws_again(_REFRESHES))
        fate = self.around.refresh_rates.draw(draws)
        if self.battery.browns_out(self.temperature_c):
            fate = Fate.BROWN_OUT
        if self.around.on_refresh is not None:
            self.around.on_refresh(self, order.display, order.planes)
        refresh = self.glasses[order.display].begin(order.planes, self.temperature_c, draws, fate)
        self._drawing = drawing = (order.display, refresh, self._now())

        def ends() -> None:
            if self._drawing is drawing:
                self._refresh_ends(order.display)

        self.around.scheduler.at(self._now() + refresh.busy_s / self.around.speed, ends)

    def _refresh_ends(self, index: int) -> None:
        refresh = self.glasses[index].end()
        self._drawing = None
        self._account()
        self.battery.refresh(refresh.energy_mj)
        if refresh.fate is Fate.BROWN_OUT:
            self.brown_outs += 1
            self.reboot()
            return
        outcome = Outcome.BUSY_MISSING if refresh.fate is Fate.BUSY_MISSING else Outcome.DRAWN
        millivolts = self.battery.millivolts()
        self.machine.refresh_ended(index, outcome, refresh.busy_s, self.temperature_c, millivolts)
        if self._habits is not None:
            self._habits.was_drawn()
        if self.firmware.clock_restarts:
            self._restart_clock()
        self._look_at_glass(0.0)
        self._contact_at(self._now())  # at this very instant, and what comes next is planned behind it

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
        """Before the tag speaks of its cell."""
        self.bring_up_to_date()
        self.machine.measured(self.temperature_c, self.battery.millivolts())

    def _charge_records(self) -> None:
        records = self.machine.memory.records
        if records != self._records:
            self.around.changed[self.tag_id] = None
            self.battery.used_uc += charges.NVM_RECORD_UC * (records - self._records)
            self._records = records


def _answers(frames: Sequence[DownFrame]) -> int:
    return sum(isinstance(frame, Answer) for frame in frames)
