"""A whole tag without its radio and its glass: keys, displays, transfers, and what it says at each contact.

In: items of the poll profile as they arrive, the steps of a refresh, power cuts. Out: items to send, refreshes to do.
Rule: what it accepts, refuses and draws is decided here and in `display`, by the tag alone; memory is written before
anything is said about it. No clock: the site's time is told by `time_is`. Why: docs/protocol.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from enum import Enum
from typing import assert_never

from msgspec import Struct

from firmware_protocol.counters import RANDOMIZER_OCTETS
from firmware_protocol.errors import FieldError, PeerError, SealBroken
from firmware_protocol.identity import FactoryCode, TagId
from firmware_protocol.keys import NONCE_OCTETS, SessionKeys
from firmware_protocol.manifest import Action, Manifest
from firmware_protocol.panels import Panel
from firmware_protocol.poll import (
    CannotOpen,
    DownItem,
    Join,
    JoinAnswer,
    Part,
    PlainPing,
    Response,
    SealedCommand,
    SealedManifest,
    SealedReport,
    Sealing,
    UpItem,
)
from firmware_protocol.report import REFRESH_HALF_S_MAX, Cause, Report, ReportFlags, ReportState
from firmware_protocol.sealing import open_command, open_manifest, seal_answer, seal_report
from firmware_protocol.service.absolute_time import ahead_ms
from firmware_protocol.service.packet import seal_answers
from firmware_protocol.tag import display as rule
from firmware_protocol.tag.commanded import Commanded
from firmware_protocol.tag.commands import LASTING, OnPoll, answer_to
from firmware_protocol.tag.display import DisplayState, Order, Outcome, SendReport, Stage
from firmware_protocol.tag.dropped import Dropped
from firmware_protocol.tag.keyring import Keyring
from firmware_protocol.tag.memory import RECORDS_OF_MANIFEST, RECORDS_OF_STATE, DisplayFlash, TagJson, TagMemory
from firmware_protocol.tag.slots import write_slot
from firmware_protocol.tag.transfer import Transfer
from firmware_protocol.tlv import BasicState, BasicStateFlags, pack_tlv, pack_tlvs, unpack_commands
from firmware_protocol.tlv import Response as TlvResponse

BATTERY_LOW_MV = 2450  # below it a cell of this kind gives way in a refresh, not in the radio


class PleaseCommission(Enum):
    """The answer's unsealed bit, as an item: ask for new keys, once a contact."""

    BIT = 1


class RefreshOrder(Struct, frozen=True):
    """Put these planes on the glass. `content_id` was computed over just them, as they were read back."""

    display: int
    planes: tuple[bytes, ...]
    content_id: bytes


class TagMachine:
    """`draw` gives so many octets that nobody can guess. Without `memory` the tag is factory new.

    The caller: `contact`, then `receive` whatever comes, `contact(again=True)` while there is more; `refresh_due`,
    `refresh_begins`, `refresh_ended`; `power_cut`. `dropped` counts, by reason, what changed nothing.
    """

    def __init__(
        self,
        tag_id: TagId,
        code: FactoryCode,
        panels: Sequence[Panel],
        draw: Callable[[int], bytes],
        memory: TagMemory | None = None,
        *,
        leds: int = 1,
    ) -> None:
        self.tag_id = tag_id
        self._leds = leds
        self.dropped: Counter[Dropped] = Counter()
        self._code, self._draw, self._panels = code, draw, tuple(panels)
        self._battery_mv, self._temperature_c = 3000, 20
        self.memory = self._new_memory() if memory is None else memory
        self._start()

    @classmethod
    def from_json(cls, tag_id: TagId, code: FactoryCode, kept: TagJson, draw: Callable[[int], bytes]) -> TagMachine:
        """A tag that starts with the memory of another run."""
        memory = TagMemory.from_json(kept)
        return cls(tag_id, code, [flash.panel for flash in memory.displays], draw, memory)

    def to_json(self) -> TagJson:
        return self.memory.to_json()

    # power

    def power_cut(self) -> None:
        """RAM is gone and the tag starts again; a refresh under way has ended, nobody knows how."""
        self._start()

    def glass_taken(self, index: int) -> None:
        """A page of the tag's own (a splash, a button page) is on this glass: it is unknown until the next offer."""
        self._apply(index, rule.glass_changed(self._states[index]))

    def factory_reset(self) -> None:
        """By a person: the tag has no owner and knows nothing. Its glass is left as it is."""
        records = self.memory.records + RECORDS_OF_MANIFEST
        self.memory = self._new_memory()
        self.memory.records = records
        self._start()

    def _new_memory(self) -> TagMemory:
        return TagMemory(self._draw(NONCE_OCTETS), [DisplayFlash(panel) for panel in self._panels])

    def _start(self) -> None:
        count = len(self.memory.displays)
        self._keyring = Keyring(self.tag_id, self._code, self.memory, self._draw)
        self._states = [DisplayState(flash.rule) for flash in self.memory.displays]
        self._transfers: list[Transfer | None] = [None] * count
        self._reading: list[bytes | None] = [None] * count
        self._refresh_half_s = [0] * count
        self._rebooted = [True] * count
        self._unsaid: set[int] = set()
        self._due: set[int] = set()
        self._site_ms: int | None = None
        self.commanded = Commanded(self._leds, service_needed=self._battery_mv < BATTERY_LOW_MV)
        self._asked_to_join = False
        self._lost_power = {index for index, flash in enumerate(self.memory.displays) if flash.is_drawn}
        for index, flash in enumerate(self.memory.displays):
            self._apply(index, rule.power_up(flash.rule))

    # what the tag says

    @property
    def commissioned(self) -> bool:
        return self.memory.keys is not None

    @property
    def has_news(self) -> bool:
        """The next contact has something to say: a report waits, parts are missing, or the tag has no keys."""
        return bool(self._unsaid or self._unknown()) or self.memory.keys is None or any(self._transfers)

    def contact(self, *, again: bool = False) -> list[UpItem]:
        """What the tag says now. `again`: the same contact goes on, so nothing is forgiven to a bad bridge yet."""
        if not again:
            self._asked_to_join = False
            self._unsaid.update(self._unknown())
            for transfer in self._transfers:
                if transfer is not None:
                    transfer.contact_begins()
        if self.memory.keys is None:
            return self._join()
        return [*self._reports(), *self._requests()]

    def _unknown(self) -> list[int]:
        """Displays that wait for an offer with a glass that nobody knows. They say so at each contact: the gateway may
        hold them proved, and then nothing but this report, which can be lost on its way, tells it better.
        """
        return [
            index
            for index, state in enumerate(self._states)
            if state.memory.now is not None
            and state.work.stage is Stage.REST
            and rule.report_state(state) is ReportState.GLASS_UNKNOWN
        ]

    def unheard(self, items: Sequence[UpItem]) -> None:
        """Nobody answered these: say the reports again at the next contact."""
        if any(isinstance(item, SealedReport) for item in items):
            self._unsaid.update(range(len(self._states)))

    def _join(self) -> list[UpItem]:
        if self._asked_to_join:
            return []
        self._asked_to_join = True
        return [Join(self._keyring.join_request())]

    def _reports(self) -> list[UpItem]:
        keys = self.memory.keys
        if not self._unsaid or keys is None:
            return []
        said = [
            SealedReport(seal_report(keys, self._keyring.next_counter(), self.report(i))) for i in sorted(self._unsaid)
        ]
        self._unsaid.clear()
        return [*said]

    def _requests(self) -> list[UpItem]:
        requests: list[UpItem] = []
        for transfer in self._transfers:
            if transfer is not None and (request := transfer.request()) is not None:
                requests.append(request)
        return requests

    def report(self, index: int) -> Report:
        """What the tag holds of this display, to be sealed as it leaves. Raises `IndexError` for no such display."""
        held = rule.holding(self._states[index])
        cause = Cause.BROWN_OUT if index in self._lost_power and held.state is not ReportState.SHOWN else held.cause
        flags = ReportFlags.TAKES_DIFFERENCES
        if self._battery_mv < BATTERY_LOW_MV:
            flags |= ReportFlags.BATTERY_LOW
        if self._rebooted[index]:
            flags |= ReportFlags.REBOOTED
            self._rebooted[index] = False
        if self._site_ms is None:
            flags |= ReportFlags.NO_CLOCK
        return Report(
            display=index,
            flags=flags.because(cause),
            revision=held.revision,
            content_prefix=held.content[:4] if isinstance(held.content, bytes) else bytes(4),
            refresh_counter=held.refresh_counter,
            state=held.state,
            refresh_half_s=self._refresh_half_s[index],
            temperature_c=self._temperature_c,
            battery_mv=self._battery_mv,
        )

    # what the tag hears

    def receive(self, item: DownItem | Part | PleaseCommission) -> list[UpItem]:
        """One item, or one part, and what the tag says to it at once. What does not open or fit is dropped."""
        try:
            match item:
                case Part():
                    return self.receive_parts([item])
                case SealedManifest():
                    return self._manifest(item.octets)
                case SealedCommand():
                    return self._commands(item.octets)
                case JoinAnswer():
                    return self._new_keys(item.octets)
                case PlainPing():
                    return self._pinged()
                case PleaseCommission():
                    return self._join()
                case _:
                    assert_never(item)
        except PeerError as error:
            self.dropped[Dropped.SEAL_BROKEN if isinstance(error, SealBroken) else Dropped.NOT_UNDERSTOOD] += 1
            return []

    def _manifest(self, octets: bytes) -> list[UpItem]:
        keys = self._keys_to_open_with()
        if keys is None:
            return []
        try:
            counter, manifest = open_manifest(keys, octets)
        except SealBroken:
            return self._cannot_open(Sealing.MANIFEST, octets)
        if manifest.display >= len(self._states):
            raise FieldError("manifest.display", manifest.display, "a display this tag has", offset=0)
        is_new = self._keyring.is_new(counter)  # its revision guards it: it is answered again, the answer may be lost
        if not self._take_manifest(manifest) or not is_new:
            self.dropped[Dropped.OLDER if is_new else Dropped.REPLAYED] += 1
        return [*self._reports(), *self._requests()]

    def _take_manifest(self, manifest: Manifest) -> bool:
        """Whether it is the one this display goes by, from now on or already."""
        index = manifest.display
        order = Order(manifest.revision, manifest.content_id, None if manifest.action is Action.KEEP else manifest.t_ms)
        result = rule.manifest_received(self._states[index], order, due=rule.has_come(order.t_ms, self._site_ms))
        highest = result[0].memory.highest
        flash = self.memory.displays[index]
        taken = highest is not None and (highest.revision, highest.content) == (order.revision, order.content)
        if taken and flash.offer != manifest and not self._would_end_another(flash, manifest):
            flash.offer = manifest
            self.memory.written(RECORDS_OF_MANIFEST)
        self._apply(index, result)
        return taken

    def _would_end_another(self, flash: DisplayFlash, manifest: Manifest) -> bool:
        """A difference that comes again, to a picture that is not held: the transfer that runs is of more use."""
        is_repeated = flash.offer is not None and flash.offer.revision == manifest.revision
        return is_repeated and manifest.builds_on_another and flash.base_of(manifest) is None

    def receive_parts(self, parts: Sequence[Part]) -> list[UpItem]:
        """As `receive` for each of them in turn: a bridge sends many at once."""
        said = self._reports()
        if self.memory.keys is None:
            return said
        for part in parts:
            is_wanted = False
            for index, transfer in enumerate(self._transfers):
                if transfer is None or transfer.encoding_id != part.encoding_id:
                    continue
                is_wanted, bad_blocks = True, transfer.bad_blocks
                data = transfer.take(part.offset, part.octets)
                self.dropped[Dropped.BAD_BLOCK] += transfer.bad_blocks - bad_blocks
                if data is not None:
                    self._whole(index, data)
                    said += self._reports()
            if not is_wanted:
                self.dropped[Dropped.UNWANTED_PART] += 1
        return said

    def _whole(self, index: int, data: bytes) -> None:
        """The encoding is complete and vouched for: unpack it into the free slot."""
        flash, state = self.memory.displays[index], self._states[index]
        offer = flash.offer
        if offer is None:
            return
        base = flash.base_of(offer)
        if offer.builds_on_another and base is None:
            self._apply(index, rule.encoding_refused(state, Cause.NO_BASE))
            return
        try:
            slot = write_slot(offer.content_id, flash.panel, offer.codec, data, base)
        except FieldError:
            self._apply(index, rule.encoding_refused(state, Cause.NO_PICTURE))
            return
        if slot.read_back(flash.panel)[1] != offer.content_id:
            self._apply(index, rule.encoding_refused(state, Cause.OTHER_PICTURE))
            return
        flash.fill(slot)
        self._apply(index, rule.parts_complete(state, offer.content_id))

    def _commands(self, octets: bytes) -> list[UpItem]:
        keys = self._keys_to_open_with()
        if keys is None:
            return []
        try:
            counter, tlvs = open_command(keys, octets)
        except SealBroken:
            return self._cannot_open(Sealing.COMMAND, octets)
        if not self._keyring.is_new(counter):
            self.dropped[Dropped.REPLAYED] += 1
            return []
        commands = unpack_commands(tlvs)
        if any(isinstance(command, LASTING) for command in commands):
            self._keyring.keep_floor(counter)
        answer = pack_tlvs(answer_to(self, commands, OnPoll()))
        return [Response(seal_answer(keys, self._keyring.next_counter(), answer))]

    def _pinged(self) -> list[UpItem]:
        keys = self.memory.keys
        if keys is None:
            return []
        return [Response(seal_answer(keys, self._keyring.next_counter(), pack_tlv(self.basic_state())))]

    def _keys_to_open_with(self) -> SessionKeys | None:
        if self.memory.keys is None:
            self.dropped[Dropped.WITHOUT_KEYS] += 1
        return self.memory.keys

    def _cannot_open(self, what: Sealing, octets: bytes) -> list[UpItem]:
        self.dropped[Dropped.SEAL_BROKEN] += 1
        return [CannotOpen(what, octets[:RANDOMIZER_OCTETS])]

    def _new_keys(self, octets: bytes) -> list[UpItem]:
        self._keyring.take_answer(octets)
        for index, flash in enumerate(self.memory.displays):
            flash.offer = None
            self._apply(index, rule.new_keys(self._states[index]))
        return self._reports()

    # what commands ask

    def basic_state(self, *, synchronized: bool = True) -> BasicState:
        """On poll a commissioned tag counts as synchronized."""
        flags = self.commanded.flags()
        if synchronized and self.commissioned:
            flags |= BasicStateFlags.SYNCHRONIZED
        if any(state.memory.pending is not None for state in self._states):
            flags |= BasicStateFlags.PENDING_DISPLAY_UPDATE
        return BasicState(flags)

    def display_count(self) -> int:
        return len(self._states)

    def image_asked(self, index: int, image: int) -> None:
        """Draw the picture in this slot, if that is what the tag's own manifest orders."""
        slot = self.memory.displays[index].slots[image]
        if slot is not None:
            self._apply(index, rule.image_asked(self._states[index], slot.content))

    def seal_for_slot(self, answers: Sequence[TlvResponse]) -> bytes:
        """The packet of the service with these answers, under the key *up*. Raises `ValueError` without keys."""
        if self.memory.keys is None:
            raise ValueError("a tag without keys answers nothing")
        return seal_answers(self.memory.keys.up, self._keyring.next_counter(), answers)

    # time and the glass

    def time_is(self, site_ms: int) -> None:
        """The site's time, u32, wrapping: pictures whose T has come are due, timed commands are done."""
        self._site_ms = site_ms
        for display, image in self.commanded.time_is(site_ms):
            self.image_asked(display, image)
        for index, state in enumerate(self._states):
            pending = state.memory.pending
            if pending is not None and rule.has_come(pending.t_ms, site_ms):
                self._apply(index, rule.t_came(state))

    @property
    def site_ms(self) -> int | None:
        """As it was told last; None = not since the tag started."""
        return self._site_ms

    def wake_at(self) -> int | None:
        """The site's time at which `time_is` has something to do; None = not before it is told more."""
        now_ms = self._site_ms
        if now_ms is None:
            return None
        times = [state.memory.pending.t_ms for state in self._states if state.memory.pending is not None]
        known = [t_ms for t_ms in (*times, self.commanded.wake_at(now_ms)) if t_ms is not None]
        return min(known, key=lambda t_ms: ahead_ms(t_ms, now_ms), default=None)

    def measured(self, temperature_c: int, battery_mv: int) -> None:
        """A low cell needs service: a Service Reset takes that back until it is measured again."""
        self._temperature_c, self._battery_mv = temperature_c, battery_mv
        self.commanded.service_needed = battery_mv < BATTERY_LOW_MV

    @property
    def has_due(self) -> bool:
        """A whole picture waits to be drawn."""
        return bool(self._due)

    def refresh_due(self) -> RefreshOrder | None:
        """The next picture to draw, read back from its slot; one display of a tag is drawn at a time."""
        while self._due and not any(state.work.stage is Stage.DRAWING for state in self._states):
            index = min(self._due)
            flash, subject = self.memory.displays[index], self._states[index].work.subject
            slot = flash.slot_of(subject)
            if slot is not None:
                planes, content = slot.read_back(flash.panel)
                if content == subject:
                    self._reading[index] = content
                    return RefreshOrder(index, planes, content)
            self._apply(index, rule.slot_broken(self._states[index]))
        return None

    def refresh_begins(self, index: int) -> None:
        """At once after `refresh_due`: *glass unknown* is written, only now may the panel be touched. Raises `NotNow`
        if nothing is due there.
        """
        result = rule.refresh_begins(self._states[index])
        self.memory.displays[index].is_drawn = True
        self._apply(index, result)

    def refresh_ended(
        self, index: int, outcome: Outcome, refresh_s: float, temperature_c: int, battery_mv: int
    ) -> None:
        """`DRAWN` counts only within the panel's band. Raises `NotNow` if no refresh was under way (a power cut)."""
        shortest_s, longest_s = self.memory.displays[index].panel.refresh_band_s
        if outcome is Outcome.DRAWN and refresh_s < shortest_s:
            outcome = Outcome.TOO_SHORT
        elif outcome is Outcome.DRAWN and refresh_s > longest_s:
            outcome = Outcome.TOO_LONG
        self.measured(temperature_c, battery_mv)
        result = rule.refresh_ended(self._states[index], outcome, self._reading[index])
        self._reading[index], self.memory.displays[index].is_drawn = None, False
        self._lost_power.discard(index)
        self._refresh_half_s[index] = min(round(refresh_s * 2), REFRESH_HALF_S_MAX)
        self._apply(index, result)

    def state_of(self, index: int) -> DisplayState:
        """The rule's own view of one display: for a fleet's dump and for tests."""
        return self._states[index]

    # what the rule decided

    def _apply(self, index: int, result: rule.Result) -> None:
        """Write memory first, then see to what it leads to."""
        state, actions = result
        flash = self.memory.displays[index]
        if state.memory is not flash.rule and state.memory != flash.rule:
            flash.rule = state.memory
            self.memory.written(RECORDS_OF_STATE)
            flash.keep_only_held()
        self._states[index] = state
        if any(isinstance(action, SendReport) for action in actions):
            self._unsaid.add(index)
        if state.work.stage is Stage.DUE:
            self._due.add(index)
        else:
            self._due.discard(index)
        self._fetch(index, state, flash)

    def _fetch(self, index: int, state: DisplayState, flash: DisplayFlash) -> None:
        """The transfer that serves the highest order, if its picture is missing."""
        if rule.parts_wanted(state) is None or flash.offer is None:
            self._transfers[index] = None
            return
        if flash.offer.builds_on_another and flash.base_of(flash.offer) is None:
            self._apply(index, rule.encoding_refused(state, Cause.NO_BASE))
            return
        running = self._transfers[index]
        if running is None or running.encoding_id != flash.offer.encoding_id:
            self._transfers[index] = Transfer(flash.offer)
