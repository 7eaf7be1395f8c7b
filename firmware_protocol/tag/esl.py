"""A tag in the service: associated by its access point, synchronized to it, answering in its slots or over a link.

In: what the radio tells (connected, synchronized, lost), what is written to the service's characteristics, sealed
packets, commands over the control point, the time. Out: answers, when to wake. Rule: whatever is lost or commanded here
drops the address and the group key, never the tag's own keys, counters or revisions, which its owner gave it. No clock:
`now_ms` is the tag's own, and never goes back. Why: docs/protocol.md, "A tag in the service".
"""

from __future__ import annotations

from enum import IntEnum
from typing import assert_never

from msgspec import Struct

from firmware_protocol.counters import ReplayWindow
from firmware_protocol.errors import FieldError, PeerError
from firmware_protocol.keys import IV_OCTETS, KEY_OCTETS, SealKey
from firmware_protocol.service.absolute_time import MODULUS_MS, ahead_ms
from firmware_protocol.service.answers import addressed
from firmware_protocol.service.packet import EslAddress, open_group_packet
from firmware_protocol.service.quirks import OURS, Quirks
from firmware_protocol.service.row import CONNECTED
from firmware_protocol.service.state import SILENCE_MS, EslEvent, WrongEvent, next_state
from firmware_protocol.tag.commanded import Commanded
from firmware_protocol.tag.commands import LASTING, answer_one, answer_to
from firmware_protocol.tag.machine import TagMachine
from firmware_protocol.tlv import (
    BROADCAST_ESL_ID,
    Error,
    ErrorCode,
    EslState,
    Response,
    UnassociateFromAp,
    esl_id_of,
    pack_tlv,
    unpack_commands,
)

_ABSOLUTE_TIME_OCTETS = 4
_TIMED_OUT = (EslState.SYNCHRONIZED, EslState.UNSYNCHRONIZED)


class Characteristic(IntEnum):
    """Those of the service (0x1857) that are written, by their assigned numbers."""

    ESL_ADDRESS = 0x2BF6
    AP_SYNC_KEY = 0x2BF7
    RESPONSE_KEY = 0x2BF8
    ABSOLUTE_TIME = 0x2BF9


class SlotAnswer(Struct, frozen=True):
    """`octets`: a whole Encrypted Data structure, for the response slot of this number."""

    slot: int
    octets: bytes


class EslTag:
    """`dropped` counts packets nobody could use. `off`: it switched itself off (`Quirks.off_after_ms`), until its power
    is cut or a person resets it.
    """

    def __init__(self, tag: TagMachine, quirks: Quirks = OURS) -> None:
        self.tag, self.quirks = tag, quirks
        self.state = EslState.UNASSOCIATED
        self.address: EslAddress | None = None
        self.group_key: SealKey | None = None
        self.dropped = 0
        self.off = False
        self._window, self._floor = ReplayWindow(), -1
        self._now_ms = 0
        self._since_ms = 0  # of the state's hour
        self._epoch_ms: int | None = None  # Absolute Time when the tag's own was 0
        self._time_written = self._complete = self._in_sync = False
        self._unassociate_at: int | None = None

    @property
    def synchronized(self) -> bool:
        """The bit of Basic State: it is 0 as soon as Unassociate was heard."""
        return self._in_sync and self._unassociate_at is None

    @property
    def configured(self) -> bool:
        """All that makes a tag associated has been written, and it has the keys to answer with."""
        return self.address is not None and self.group_key is not None and self._time_written and self.tag.commissioned

    # what the radio tells

    def connected(self, now_ms: int) -> None:
        """An access point opened an encrypted link. Raises `WrongEvent` where one is open, or the tag is off."""
        self.time_passed(now_ms)
        if self.off:
            raise WrongEvent(self.state, EslEvent.CONNECTED)
        self._complete = False
        self._step(EslEvent.CONNECTED)

    def link_lost(self, now_ms: int) -> None:
        """Also where the tag closed it itself, being complete: then nothing changes."""
        self.time_passed(now_ms)
        if self.state in CONNECTED:
            early = self.state is EslState.CONFIGURING and not self.configured
            self._in_sync = False
            self._step(EslEvent.LINK_LOST_EARLY if early else EslEvent.LINK_LOST)

    def in_sync(self, now_ms: int) -> None:
        """It follows its subevent, as it was told over a link; without one there is nothing to follow."""
        self.time_passed(now_ms)
        if self.state in CONNECTED:
            self._in_sync = True
            self._complete_if_all()

    def sync_lost(self, now_ms: int) -> None:
        self.time_passed(now_ms)
        self._in_sync = False
        if self.state is EslState.SYNCHRONIZED:
            self._step(EslEvent.SYNC_LOST)

    def power_cut(self, now_ms: int) -> None:
        """RAM is gone: the clock, the link, the synchronization, what waited for its time; the association is not."""
        self.tag.power_cut()
        self._epoch_ms, self._unassociate_at = None, None
        self._window = ReplayWindow.above(self._floor) if self._floor >= 0 else ReplayWindow()
        self.link_lost(now_ms)
        self.sync_lost(now_ms)
        self.off, self._since_ms = False, now_ms

    def reset_by_person(self, now_ms: int) -> None:
        """As new: the only reset that takes the tag from its owner."""
        self.time_passed(now_ms)
        self.tag.factory_reset()
        self._epoch_ms, self._in_sync, self.off = None, False, False
        self._step(EslEvent.RESET)

    # what the access point writes and says

    def write(self, characteristic: Characteristic, octets: bytes, now_ms: int) -> None:
        """Raises `FieldError`: the attribute protocol's *value not allowed*, or no link is open."""
        self.time_passed(now_ms)
        if self.state not in CONNECTED:
            raise FieldError("characteristic", characteristic.name, "written over a link", offset=0)
        match characteristic:
            case Characteristic.ESL_ADDRESS:
                self.address = EslAddress.unpack(octets)
            case Characteristic.AP_SYNC_KEY:
                key = SealKey.from_characteristic(_exactly("ap_sync_key", octets, KEY_OCTETS + IV_OCTETS))
                if key != self.group_key:
                    self.group_key, self._window, self._floor = key, ReplayWindow(), -1
            case Characteristic.RESPONSE_KEY:
                # Taken and not used: a tag of ours answers under the key *up* that its owner gave it.
                _exactly("response_key", octets, KEY_OCTETS + IV_OCTETS)
            case Characteristic.ABSOLUTE_TIME:
                told_ms = int.from_bytes(_exactly("absolute_time", octets, _ABSOLUTE_TIME_OCTETS), "little")
                self._epoch_ms, self._time_written = (told_ms - now_ms) % MODULUS_MS, True
                self.tag.time_is(told_ms)
            case _:
                assert_never(characteristic)
        self._complete_if_all()

    def control_point(self, octets: bytes, now_ms: int) -> bytes | None:
        """One command over the link, and the answer to notify; None = there is none."""
        self.time_passed(now_ms)
        if self.state not in CONNECTED:
            return None
        answer = self._control_point(octets)
        self._unassociate_if_due()
        self._complete_if_all()
        return None if answer is None else pack_tlv(answer)

    def _control_point(self, octets: bytes) -> Response | None:
        if not octets or len(octets) != 2 + (octets[0] >> 4):
            return Error(ErrorCode.INVALID_PARAMETERS)
        [command] = unpack_commands(octets)
        to = esl_id_of(command)
        if to == BROADCAST_ESL_ID:
            if self.quirks.broadcast_when_connected is not None:
                return Error(self.quirks.broadcast_when_connected)
            if isinstance(command, UnassociateFromAp) and not self.quirks.obeys_broadcast_unassociate:
                return Error(ErrorCode.RETRY)
        elif self.address is None or to != self.address.esl_id:
            return Error(ErrorCode.INVALID_PARAMETERS)
        return answer_one(self.tag, command, self)

    def packet(self, advertised: bytes, now_ms: int) -> SlotAnswer | None:
        """What came in its subevent, and what it answers; None = nothing. Not heard while a link is open."""
        self.time_passed(now_ms)
        address, key = self.address, self.group_key
        if self.state is not EslState.SYNCHRONIZED or address is None or key is None or not self.tag.commissioned:
            return None
        try:
            counter, packet = open_group_packet(key, advertised)
        except PeerError:
            self.dropped += 1
            return None
        if packet.group_id != address.group_id or not self._is_new(counter):
            self.dropped += 1
            return None
        self._since_ms = now_ms  # valid for whomever it is
        heard, slot = addressed(packet, address.esl_id)
        if any(isinstance(command, LASTING) for command in heard):
            self._floor = max(self._floor, counter)
        answers = answer_to(self.tag, heard, self, group=True)
        self._unassociate_if_due()
        return SlotAnswer(slot, self.tag.seal_for_slot(answers)) if slot is not None and answers else None

    def _is_new(self, counter: int) -> bool:
        if not self.quirks.refuses_replays:
            return True
        window = self._window.accept(counter)
        if window is None:
            return False
        self._window = window
        return True

    # what commands do to the association

    def unassociate(self) -> None:
        self._unassociate_at = self._now_ms + self.quirks.unassociate_after_ms

    def factory_reset(self) -> None:
        """From an access point: what access points gave is forgotten. Its owner, its glass and its pictures stay, for a
        bridge is not trusted with them; only a person takes a tag from its owner.
        """
        self.tag.commanded = Commanded(len(self.tag.commanded.leds))
        self._step(EslEvent.RESET)

    def update_complete(self) -> None:
        self._complete = True

    def _complete_if_all(self) -> None:
        if self.state in CONNECTED and self._complete and self._in_sync and self.configured:
            self._step(EslEvent.COMPLETE)

    def _unassociate_if_due(self) -> None:
        if self._unassociate_at is not None and self._now_ms >= self._unassociate_at:
            self._unassociate_at = None
            if self.state is not EslState.UNASSOCIATED:
                self._step(EslEvent.UNASSOCIATE)

    # time

    def wake_at(self) -> int | None:
        """When `time_passed` has something to do, in the tag's own time; None = never by itself."""
        times = [] if self._unassociate_at is None else [self._unassociate_at]
        if self.state in _TIMED_OUT:
            times.append(self._since_ms + SILENCE_MS)
        if self.state is EslState.UNASSOCIATED and self.quirks.off_after_ms is not None and not self.off:
            times.append(self._since_ms + self.quirks.off_after_ms)
        if (t_ms := self.tag.wake_at()) is not None and (told_ms := self.tag.site_ms) is not None:
            times.append(self._now_ms + ahead_ms(t_ms, told_ms))
        return min(times, default=None)

    def time_passed(self, now_ms: int) -> None:
        """Whatever was to happen until now has."""
        self._now_ms = now_ms
        self._unassociate_if_due()
        while self.state in _TIMED_OUT and now_ms >= self._since_ms + SILENCE_MS:
            at_ms = self._since_ms + SILENCE_MS
            self._in_sync = False
            self._step(EslEvent.SILENCE)
            self._since_ms = at_ms
        off_after_ms = self.quirks.off_after_ms
        if self.state is EslState.UNASSOCIATED and off_after_ms is not None and now_ms >= self._since_ms + off_after_ms:
            self.off = True
        if self._epoch_ms is not None:
            self.tag.time_is((self._epoch_ms + now_ms) % MODULUS_MS)

    def _step(self, event: EslEvent) -> None:
        self.state = next_state(self.state, event)
        self._since_ms = self._now_ms
        if self.state is EslState.UNASSOCIATED:
            self.address = self.group_key = None
            self._time_written = self._in_sync = self._complete = False
            self._unassociate_at = None


def _exactly(name: str, octets: bytes, count: int) -> bytes:
    if len(octets) != count:
        raise FieldError(name, f"{len(octets)} octets", f"{count} octets", offset=0)
    return octets
