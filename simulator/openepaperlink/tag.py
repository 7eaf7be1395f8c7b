"""A tag of OpenEPaperLink: it polls, and decides everything: when, which blocks, whether to draw.

In: the time, what it hears of its module. Out: its frames on the air, its glass. Rule: it believes what it was told at
its check-in until the next one, proves a payload by its MD5, says *done* before it draws, and never says what its glass
shows. What it holds survives a restart, what it shows does not: it begins with a splash.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from functools import partial
from hashlib import md5

from firmware_protocol.errors import FieldError
from firmware_protocol.identity import TagId
from firmware_protocol.openepaperlink.frames import (
    BLOCK_OCTETS,
    SECONDS_FLAG,
    CheckIn,
    DataType,
    WakeReason,
    pack,
)
from firmware_protocol.openepaperlink.picture import planes_of
from firmware_protocol.openepaperlink.tag_type import TagType
from simulator.chance import key_of, unit
from simulator.openepaperlink.families import Family, own_interval_s
from simulator.openepaperlink.fetch import Fetch
from simulator.openepaperlink.radio import (
    PARTS_MAX,
    Available,
    BlockPart,
    BlockRequest,
    Cancelled,
    Ping,
    PleaseWait,
    Pong,
    Radio,
    TransferDone,
)
from simulator.panel import temperature_factor

CHECK_IN_TRIES = 14
PING_TRIES = 20
SCAN_ROUNDS = 2
DONE_TRIES = 16
BLOCK_STORED_S = 0.02  # between the end of one block and the request for the next
ALONE_S = (3600.0,) * 24 + (7200.0,) * 12 + (86400.0,)  # between scans that found none; the last for ever
BATTERY_EVERY = 288  # check-ins that say everything
PICTURES_MAX = 8  # held at once: the oldest makes room
LQI = 200
REPORT_AT = 10  # of a check-in: what its own checksum is the sum of
MISSED_MAX = 16  # check-ins that are remembered
EARLY_S = 0.005  # it listens so long before what it waits for
_WAVEFORM, _PRELOAD, _KIND_SHIFT = 0b011, 0b100, 3  # of an offer's argument
_PICTURES = (DataType.RAW_ONE_PLANE, DataType.RAW_TWO_PLANES, DataType.ZLIB)


class Order(IntEnum):
    """Commands: the argument of an offer of that type."""

    REBOOT = 0x00
    SCAN = 0x01
    DEEP_SLEEP = 0x03
    FLASH = 0x04
    ERASE = 0x05


@dataclass(slots=True)
class Held:
    """A payload in the tag's flash."""

    data_type: int
    octets: bytes


@dataclass(slots=True)
class TagCounts:
    check_ins: int = 0  # answered ones
    parts: int = 0  # heard while it listened, repeated ones among them
    blocks: int = 0  # that came whole
    attempts: int = 0  # at blocks
    cancelled: int = 0
    refreshes: int = 0
    flashes: int = 0


class OeplTag:
    """Off until `switch_on`. Call `time_passed` at `wake_at_s`, `hear` for each part of a block that reaches it.

    `glass`: the planes that it shows, of which `shown_data_ver` says what they are; None: its splash, or nothing.
    `loss`: of its frames and of those for it. `clock_rate`: its seconds are so much longer than ours.
    `first_check_in_s`: after a scan that found a module.
    """

    def __init__(
        self,
        tag_id: TagId,
        tag_type: TagType,
        family: Family,
        *,
        seed: int = 0,
        loss: float = 0.0,
        software_version: int = 0x2A,
        dbm: int = -60,
        battery_mv: int = 2950,
        temperature_c: int = 21,
        clock_rate: float = 1.0,
        first_check_in_s: float = 1.0,
    ) -> None:
        self.tag_id, self.type, self.family = tag_id, tag_type, family
        self.loss, self.dbm, self.battery_mv, self.temperature_c = loss, dbm, battery_mv, temperature_c
        self.software_version, self.clock_rate = software_version, clock_rate
        self.first_check_in_s = first_check_in_s
        self.counts = TagCounts()
        self.channel = 0
        self.glass: tuple[bytes, ...] = splash(tag_type)
        self.shown_data_ver: bytes | None = None
        self.held: dict[bytes, Held] = {}
        self.wake_at_s: float | None = None
        self.on_wake: Callable[[], None] | None = None  # called when `wake_at_s` has moved
        self._key = key_of(seed, f"openepaperlink/{tag_id}")
        self._drawn = 0
        self._step: Callable[[float, Radio], None] | None = None
        self._forget()

    def _forget(self) -> None:
        """What does not outlive a restart."""
        self.channel = 0
        self.shown_data_ver = None
        self._reason = int(WakeReason.FIRST_BOOT)
        self._says_all_again = False
        self._slept_s = 0.0
        self._long_ones = 0
        self._battery_said = self.battery_mv
        self._failed: list[bool] = []
        self._tries = 0
        self._told = Available()
        self._places: Iterator[int] = iter(())  # channels that are still to be looked at
        self._found: int | None = None
        self._scans_in_vain = 0
        self._listens: tuple[float, float] | None = None
        self._fetch: Fetch | None = None
        self._sleeps_deep = False
        self._wakes_again = False  # soon, as somebody has pressed its button
        self.is_associated = False  # it has a module, as far as it knows

    # What people do to it

    def switch_on(self, now_s: float) -> None:
        """A battery is put in, or it restarts."""
        self._forget()
        self.glass = splash(self.type)
        self._scan_at(now_s)

    reboot = switch_on

    def press_button(self, now_s: float) -> None:
        """It checks in now, and wakes from the deepest sleep; while it is at work it notices nothing."""
        if self._sleeps_deep:
            self.switch_on(now_s)
        elif self._step == self._check_in:
            self._reason = int(WakeReason.BUTTON_1)
            self._then(now_s, self._check_in)

    def take_battery(self) -> None:
        """Off, and the glass keeps what is on it."""
        self._sleeps_deep = False
        self._then(None, None)

    # Time

    def time_passed(self, now_s: float, radio: Radio) -> None:
        if self.wake_at_s is not None and now_s >= self.wake_at_s and self._step is not None:
            self._step(now_s, radio)

    def loses_frame(self) -> bool:
        """Draws whether the next frame from or to it is lost."""
        self._drawn += 1
        return unit(self._key, self._drawn) < self.loss

    def _then(self, at_s: float | None, step: Callable[[float, Radio], None] | None) -> None:
        self.wake_at_s, self._step = at_s, step
        if self.on_wake is not None:
            self.on_wake()

    # It looks for a module

    def _scan_at(self, now_s: float) -> None:
        self._places = iter(self.family.channels * SCAN_ROUNDS)
        self._found, self.is_associated = None, False
        self._then(now_s, self._scan)

    def _scan(self, now_s: float, _: Radio) -> None:
        """One channel after the other; a module that it has found does not keep it from looking at the rest."""
        channel = next(self._places, None)
        if channel is None:
            self._scanned(now_s)
            return
        self.channel, self._tries = channel, 0
        self._then(now_s, self._ping)

    def _ping(self, now_s: float, radio: Radio) -> None:
        self._tries += 1
        if isinstance(radio.ask(Ping(self.tag_id), now_s), Pong):
            self._found = self.channel
            self._tries = PING_TRIES
        self._then(now_s + self.family.ping_s, self._ping if self._tries < PING_TRIES else self._scan)

    def _scanned(self, now_s: float) -> None:
        if self._found is None:
            wait_s = ALONE_S[min(self._scans_in_vain, len(ALONE_S) - 1)]
            self._scans_in_vain += 1
            self.channel = 0
            self._then(now_s + wait_s * self.clock_rate, self._scan_again)
            return
        self.channel, self._scans_in_vain, self.is_associated = self._found, 0, True
        if self._reason == WakeReason.TIMED:
            self._reason = int(WakeReason.NETWORK_SCAN)
        self._failed.clear()
        self._then(now_s + self.first_check_in_s, self._check_in)

    def _scan_again(self, now_s: float, radio: Radio) -> None:
        self._scan_at(now_s)

    # It checks in

    def _check_in(self, now_s: float, radio: Radio) -> None:
        self._tries = 0
        self._says_all = (
            self._reason != WakeReason.TIMED or self._says_all_again or self._slept_s >= self.family.long_every_s
        )
        if self._says_all:
            if self._long_ones % BATTERY_EVERY == 0:
                self._battery_said = self.battery_mv
            self._long_ones += 1
        self._ask(now_s, radio)

    def _ask(self, now_s: float, radio: Radio) -> None:
        self._tries += 1
        answer = radio.ask(self._report() if self._says_all else _short(self.tag_id), now_s)
        if isinstance(answer, Available):
            self._answered(answer, now_s, radio)
        elif self._tries < CHECK_IN_TRIES:
            self._then(now_s + self.family.check_in_s, self._ask)
        else:
            self._failed.append(True)
            self._sleep(now_s, None)

    def _report(self) -> CheckIn:
        """With the checksum of its own that it has on the air."""
        return self._says(sum(pack(self._says(0))[REPORT_AT:]) & 0xFF)

    def _says(self, own_checksum: int) -> CheckIn:
        return CheckIn(
            tag_id=self.tag_id,
            own_checksum=own_checksum,
            last_packet_lqi=LQI,
            last_packet_dbm=self.dbm,
            temperature_c=self.temperature_c,
            battery_mv=self._battery_said,
            hw_type=self.type.hw_type,
            wake_reason=self._reason,
            capabilities=0,
            software_version=self.software_version,
            channel=self.channel,
            custom_mode=0,
            reserved=bytes(8),
        )

    def _answered(self, offer: Available, now_s: float, radio: Radio) -> None:
        self.counts.check_ins += 1
        self._failed.append(False)
        if self._says_all:
            self._slept_s = 0.0
            self._says_all_again = self._reason != WakeReason.TIMED
            self._wakes_again = self._reason == WakeReason.BUTTON_1
            self._reason = int(WakeReason.TIMED)
        self._told = offer
        if offer.data_type == DataType.NO_UPDATE:
            self._sleep(now_s, offer.next_check_in)
        elif offer.data_type == DataType.COMMAND:
            self._say_done(now_s, lambda at_s, _: self._obey(at_s))
        elif offer.data_type in _PICTURES and self._reads(offer.data_type):
            self._offered(offer, now_s)
        else:
            self._sleep(now_s, None)  # nothing that it knows: it says nothing, and is told again

    def _reads(self, data_type: int) -> bool:
        zlib_from = self.type.zlib_from
        return data_type != DataType.ZLIB or (zlib_from is not None and self.software_version >= zlib_from)

    def _sleep(self, now_s: float, ordered: int | None) -> None:
        """`ordered`: what the module said of the next check-in, where it counts."""
        del self._failed[:-MISSED_MAX]
        if self._wakes_again and self.family.awake_again_s is not None:
            wait_s, self._wakes_again = self.family.awake_again_s, False
        elif ordered:
            wait_s = float(ordered & ~SECONDS_FLAG) if ordered & SECONDS_FLAG else ordered * 60.0
        else:
            own_s = own_interval_s(self.family, self._failed)
            if own_s is None:
                self._scan_at(now_s)
                return
            wait_s = own_s
        self._slept_s += wait_s
        self._then(now_s + wait_s * self.clock_rate, self._check_in)

    def _transfer_went_well(self, now_s: float) -> None:
        self._sleep(now_s, self._told.next_check_in if self.family.obeys_after_transfer else None)

    # It is offered a picture

    def _offered(self, offer: Available, now_s: float) -> None:
        if self._is_only_confirmed(offer):
            self._say_done(now_s, lambda at_s, _: self._transfer_went_well(at_s))
        elif offer.data_ver in self.held and not self._is_other_size(offer):
            self._say_done(now_s, self._show_held)
        else:
            fetch = self._fetch
            if fetch is None or not self._resumes(fetch, offer):
                self._fetch = fetch = Fetch(offer)
            fetch.offer = offer
            self._begin_block(fetch, now_s)

    def _resumes(self, fetch: Fetch, offer: Available) -> bool:
        family, before = self.family, fetch.offer
        if not family.resumes or before.data_ver != offer.data_ver:
            return False
        return before.argument == offer.argument or not family.resumes_by_argument

    def _is_only_confirmed(self, offer: Available) -> bool:
        if self.type.octets_max is not None and offer.data_size > self.type.octets_max:
            return True
        if self.family.wants_full_waveform and offer.argument & _WAVEFORM:
            return True
        return offer.data_ver == self.shown_data_ver and not self._is_other_size(offer)

    def _is_other_size(self, offer: Available) -> bool:
        held = self.held.get(offer.data_ver)
        return self.family.checks_size and held is not None and len(held.octets) != offer.data_size

    def _begin_block(self, fetch: Fetch, now_s: float) -> None:
        fetch.parts.clear()
        fetch.attempts, fetch.is_partial = self.family.block_attempts, False
        self._tries = 0
        self._then(now_s, partial(self._request, fetch))

    def _request(self, fetch: Fetch, now_s: float, radio: Radio) -> None:
        self._tries += 1
        offer = fetch.offer
        request = BlockRequest(
            self.tag_id, offer.data_ver, fetch.block_id, offer.data_type, fetch.wanted, fetch.is_partial
        )
        match radio.ask(request, now_s):
            case PleaseWait(milliseconds=wait_ms):
                starts_s = now_s + wait_ms / 1000
                self._listens = (starts_s - EARLY_S, starts_s + self.family.listen_s)
                self.counts.attempts += 1
                self._then(self._listens[1], partial(self._burst_is_over, fetch))
            case Cancelled():
                self.counts.cancelled += 1
                self._sleep(now_s, None)
            case _ if self._tries < self.family.block_tries:
                self._then(now_s + self.family.block_s, partial(self._request, fetch))
            case _:
                self._sleep(now_s, None)

    def hear(self, part: BlockPart, at_s: float) -> None:
        fetch, listens = self._fetch, self._listens
        if fetch is None or listens is None or not listens[0] <= at_s <= listens[1]:
            return
        if part.block_id == fetch.block_id & 0xFF and part.part < PARTS_MAX:
            fetch.parts[part.part] = part.data
            self.counts.parts += 1

    def _burst_is_over(self, fetch: Fetch, now_s: float, _: Radio) -> None:
        self._listens = None
        if fetch.wanted:
            fetch.is_partial = True
        elif (block := fetch.block()) is not None:
            self.counts.blocks += 1
            fetch.octets += block
            self._go_on(fetch, now_s)
            return
        else:
            fetch.parts.clear()
            fetch.is_partial = False
        fetch.attempts -= 1
        self._tries = 0
        if fetch.attempts:
            self._then(now_s, partial(self._request, fetch))
        else:
            self._sleep(now_s, None)

    def _go_on(self, fetch: Fetch, now_s: float) -> None:
        if fetch.block_octets > 0:
            self._begin_block(fetch, now_s + BLOCK_STORED_S)
            return
        octets, offer, self._fetch = bytes(fetch.octets), fetch.offer, None
        is_right = md5(octets, usedforsecurity=False).digest()[: len(offer.data_ver)] == offer.data_ver
        if self.family.fails_at_whole_blocks and len(octets) % BLOCK_OCTETS == 0:
            is_right = False
        if is_right:
            self._keep(offer.data_ver, Held(offer.data_type, octets))
            self._say_done(now_s, self._show_held)
        elif self.family.wrong_is_done:
            self._say_done(now_s, lambda at_s, _: self._transfer_went_well(at_s))
        else:
            self._sleep(now_s, None)  # from its first block again

    def _keep(self, data_ver: bytes, held: Held) -> None:
        self.held.pop(data_ver, None)
        if len(self.held) >= PICTURES_MAX:
            del self.held[next(one for one in self.held if one != self.shown_data_ver)]
        self.held[data_ver] = held

    # It is done, and draws

    def _say_done(self, now_s: float, then: Callable[[float, Radio], None]) -> None:
        """Until the module has heard it, or so many times; then it goes on all the same."""
        self._tries = 0

        def say(at_s: float, radio: Radio) -> None:
            self._tries += 1
            heard = radio.ask(TransferDone(self.tag_id), at_s) is not None
            if heard or self._tries >= DONE_TRIES:
                then(at_s, radio)
            else:
                self._then(at_s + self.family.done_s, say)

        self._then(now_s, say)

    def _show_held(self, now_s: float, radio: Radio) -> None:
        offer = self._told
        if offer.argument & _PRELOAD or offer.argument >> _KIND_SHIFT:
            self._transfer_went_well(now_s)  # it is for another occasion
            return
        refresh_s = self.type.panel.refresh_s * temperature_factor(self.temperature_c)
        self._then(now_s + refresh_s, self._is_drawn)

    def _is_drawn(self, now_s: float, radio: Radio) -> None:
        held = self.held[self._told.data_ver]
        with suppress(FieldError):  # no picture for this glass, which keeps what it shows
            self.glass = planes_of(self.type, held.data_type, held.octets)
            self.shown_data_ver = self._told.data_ver
            self.counts.refreshes += 1
        self._transfer_went_well(now_s)

    def _obey(self, now_s: float) -> None:
        match self._told.argument:
            case Order.REBOOT:
                self.reboot(now_s)
            case Order.SCAN:
                self._scan_at(now_s)
            case Order.DEEP_SLEEP:
                self._sleeps_deep = True
                self._then(None, None)
            case argument:
                if argument == Order.FLASH:
                    self.counts.flashes += 1
                elif argument == Order.ERASE:
                    self.held.clear()
                self._transfer_went_well(now_s)


def splash(tag_type: TagType) -> tuple[bytes, ...]:
    """What a tag draws when it starts: nothing that a host has ever sent."""
    black, *inks = tag_type.panel.plane_sizes
    return (b"\x0f" * black, *(bytes(octets) for octets in inks))


def _short(tag_id: TagId) -> CheckIn:
    return CheckIn(tag_id, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, bytes(8))
