"""The radio module's ear for its host: verbs of four letters, structs behind them, blocks.

In: octets in the order in which the module looks at them, the time. Out: `Verb`s, whole; of a block its octets as they
come, because the module sends a block whether it is whole or not. Rule: outside a struct a window of four octets is
shifted along; inside one every octet counts, also one that looks like a verb. Who pauses in mid-command starts anew.
"""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from firmware_protocol.openepaperlink.frames import BLOCK_WIRE_OCTETS, PendingData, octets_of

PAUSE_S = 1.0  # longer than this between two octets: the command is over
_MASKING = bytes(octet ^ 0xAA for octet in range(256))
_BLOCK = b">D>"  # three letters: whatever stands before them
_ALONE = (b"RDY?", b"NFO?", b"HSPD", b"RSET")


class Verb(Struct, frozen=True):
    """With the struct behind it; of `>D>` nothing, since it counts before its data come."""

    letters: bytes
    octets: bytes = b""


class BlockOctets(Struct, frozen=True):
    """Of a block, its mask taken off: they belong at `offset` of the buffer."""

    offset: int
    octets: bytes


Said: TypeAlias = Verb | BlockOctets


class VerbReader:
    """`channel_octets`: of the struct behind `SCP>`, 3 or 4 by the build."""

    def __init__(self, channel_octets: int) -> None:
        pending = octets_of(PendingData)
        self._structs = {b"SCP>": channel_octets, b"SDA>": pending, b"CXD>": pending}
        self.clear()

    def clear(self) -> None:
        self._window = b""
        self._struct: tuple[bytes, int] | None = None  # its verb, and its octets in all
        self._collected = b""
        self._block_at: int | None = None  # of the next octet
        self._at_s: float | None = None

    def feed(self, octets: bytes, now_s: float) -> list[Said]:
        if octets and self._at_s is not None and now_s - self._at_s > PAUSE_S:
            self.clear()
        said: list[Said] = []
        at = 0
        while at < len(octets):
            at += self._step(octets, at, said)
            self._at_s = now_s
        return said

    def _step(self, octets: bytes, at: int, said: list[Said]) -> int:
        """How many octets were taken."""
        if self._block_at is not None:
            taken = octets[at : at + BLOCK_WIRE_OCTETS - self._block_at]
            said.append(BlockOctets(self._block_at, taken.translate(_MASKING)))
            self._block_at += len(taken)
            if self._block_at == BLOCK_WIRE_OCTETS:
                self._block_at = None
            return len(taken)
        if self._struct is not None:
            letters, length = self._struct
            taken = octets[at : at + length - len(self._collected)]
            self._collected += taken
            if len(self._collected) == length:
                said.append(Verb(letters, self._collected))
                self._struct, self._collected = None, b""
            return len(taken)
        self._window = (self._window + octets[at : at + 1])[-4:]
        self._look(said)
        return 1

    def _look(self, said: list[Said]) -> None:
        window = self._window
        if window.endswith(_BLOCK):
            said.append(Verb(_BLOCK))
            self._block_at = 0
        elif window in self._structs:
            self._struct = (window, self._structs[window])
        elif window in _ALONE:
            said.append(Verb(window))
        else:
            return
        self._window = b""
