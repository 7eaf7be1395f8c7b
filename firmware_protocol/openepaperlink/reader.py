"""Finds what a radio module says in all that comes down its line: text, noise, boot logs and cut frames among it.

In: octets as they arrive, and the news that none has come for a while. Out: `FromModule`s. Rule: what imitates a verb
costs at most itself: a struct with a bad checksum, or one that never ends, is looked through again behind its verb.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from msgspec import Struct

from firmware_protocol.errors import FieldError
from firmware_protocol.openepaperlink.frames import (
    RETURN_DATA_OCTETS_MAX,
    BlockWanted,
    CheckIn,
    ReturnedData,
    SlotExpired,
    TransferComplete,
    octets_of,
    unpack,
)

IDLE_S = 0.05  # a struct that is not whole by then was cut short
_LENGTH_AT = octets_of(TransferComplete)  # of a returned datum's length: behind checksum and TagId
_LENGTH_MIN = octets_of(ReturnedData) - _LENGTH_AT - 1


class Word(Enum):
    """A verb that stands alone."""

    ACK = "ACK>"
    NOK = "NOK>"
    NOQ = "NOQ>"
    RESTARTED = "RES>"
    READY = "RDY>"


class InfoItem(Struct, frozen=True):
    """One item of the answer to `NFO?`: TYP, VER, MAC, ZCH, SCH, ZPW, PEN or NOP with its digits."""

    name: str
    digits: str


FromModule: TypeAlias = Word | InfoItem | CheckIn | BlockWanted | TransferComplete | SlotExpired | ReturnedData

_WORDS = {word.value.encode(): word for word in Word}
_STRUCTS: dict[bytes, type[CheckIn | BlockWanted | TransferComplete | SlotExpired]] = {
    b"ADR>": CheckIn,
    b"RQB>": BlockWanted,
    b"XFC>": TransferComplete,
    b"XTO>": SlotExpired,
}
_INFO = {b"TYP>": 2, b"VER>": 4, b"MAC>": 16, b"ZCH>": 2, b"SCH>": 3, b"ZPW>": 2, b"PEN>": 2, b"NOP>": 2}
_RETURNED = b"TRD>"
_VERB = re.compile(b"|".join(re.escape(verb) for verb in (*_WORDS, *_STRUCTS, *_INFO, _RETURNED)))
_VERB_OCTETS = 4
_HEX = re.compile(b"[0-9A-Fa-f]+")


@dataclass(slots=True)
class ReaderCounts:
    """What was no frame, for the log and the metrics."""

    skipped_octets: int = 0  # text and noise
    bad: int = 0  # a verb, and behind it nothing that it can be
    cut: int = 0  # a struct that did not end


class ModuleReader:
    """Feed it what comes; call `idle` when nothing has come for `IDLE_S` while `waits`."""

    def __init__(self) -> None:
        self.counts = ReaderCounts()
        self._waiting = bytearray()

    @property
    def waits(self) -> bool:
        """A frame has begun and not ended."""
        return bool(self._waiting)

    def feed(self, octets: bytes) -> list[FromModule]:
        self._waiting += octets
        return self._read(is_over=False)

    def idle(self) -> list[FromModule]:
        """What was begun does not go on; something whole may stand within it."""
        return self._read(is_over=True)

    def clear(self) -> None:
        """The line was opened anew, or its speed has changed."""
        self.counts.skipped_octets += len(self._waiting)
        self._waiting.clear()

    def _read(self, *, is_over: bool) -> list[FromModule]:
        found: list[FromModule] = []
        waiting = bytes(self._waiting)
        at = 0
        while (match := _VERB.search(waiting, at)) is not None:
            verb, behind = match.group(), match.end()
            end = _end_of(verb, waiting, behind)
            if end is None or end > len(waiting):
                if not is_over:
                    self._skip(match.start() - at)
                    self._waiting = bytearray(waiting[match.start() :])
                    return found
                self.counts.cut += 1
                self._skip(behind - at)
                at = behind
                continue
            self._skip(match.start() - at)
            try:
                found.append(_value(verb, waiting[behind:end]))
                at = end
            except FieldError:
                self.counts.bad += 1
                self._skip(_VERB_OCTETS)
                at = behind
        kept = 0 if is_over else min(len(waiting) - at, _VERB_OCTETS - 1)
        self._skip(len(waiting) - at - kept)
        self._waiting = bytearray(waiting[len(waiting) - kept :])
        return found

    def _skip(self, octets: int) -> None:
        self.counts.skipped_octets += octets


def _end_of(verb: bytes, octets: bytes, behind: int) -> int | None:
    """Where what this verb begins ends; None: too little is here to know."""
    if verb in _WORDS:
        return behind
    if verb in _INFO:
        return behind + _INFO[verb]
    if verb in _STRUCTS:
        return behind + octets_of(_STRUCTS[verb])
    if len(octets) <= behind + _LENGTH_AT:
        return None
    return behind + _LENGTH_AT + 1 + octets[behind + _LENGTH_AT]


def _value(verb: bytes, octets: bytes) -> FromModule:
    """Raises `FieldError`."""
    if verb in _WORDS:
        return _WORDS[verb]
    if verb in _INFO:
        if not _HEX.fullmatch(octets):
            raise FieldError(verb[:3].decode(), octets, "hex digits", offset=_VERB_OCTETS)
        return InfoItem(verb[:3].decode(), octets.decode())
    if verb in _STRUCTS:
        return unpack(_STRUCTS[verb], octets)
    length = octets[_LENGTH_AT]
    if not _LENGTH_MIN <= length <= _LENGTH_MIN + RETURN_DATA_OCTETS_MAX:
        raise FieldError("ReturnedData.length", length, f"{_LENGTH_MIN} and the data", offset=_LENGTH_AT)
    return unpack(ReturnedData, octets)
