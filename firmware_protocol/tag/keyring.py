"""A tag's keys and counters: how it joins, what it may open, and the number under which it says the next thing.

In: the tag's memory, the gateway's join answer, counters that come down. Out: join requests, session keys, counters up.
Rule: a nonce is good for one answer; a counter is reserved in memory before it is used, so a reboot can only skip some.
Why: docs/protocol.md, "Commissioning" and "Counters".
"""

from __future__ import annotations

from collections.abc import Callable

from firmware_protocol.commissioning import JoinAnswer, JoinRequest
from firmware_protocol.counters import TAG_RESERVE, ReplayWindow
from firmware_protocol.identity import FactoryCode, TagId
from firmware_protocol.keys import NONCE_OCTETS, SessionKeys, join_key, owner_key, session_keys
from firmware_protocol.tag.memory import RECORDS_OF_KEYS, RECORDS_OF_STATE, TagMemory


class Keyring:
    """The RAM beside the keys in memory: the next counter up, and which counters down were taken since the start."""

    def __init__(self, tag_id: TagId, code: FactoryCode, memory: TagMemory, draw: Callable[[int], bytes]) -> None:
        self.tag_id, self._code, self._memory, self._draw = tag_id, code, memory, draw
        self._next_up = memory.up_reserved
        self._window = ReplayWindow.above(memory.down_floor) if memory.down_floor >= 0 else ReplayWindow()
        self._request: JoinRequest | None = None

    @property
    def keys(self) -> SessionKeys | None:
        return self._memory.keys

    def join_request(self) -> bytes:
        """Message 1, under the join key of a tag without an owner or the owner key of one that has an owner."""
        if self._request is None:
            self._request = JoinRequest.seal(self._joining_key(), self.tag_id, self._memory.nonce)
        return self._request.pack()

    def take_answer(self, octets: bytes) -> None:
        """Message 2: new keys, and a new nonce, so that the same answer opens nothing again.

        Raises `SealBroken` for an answer to another request or under another key, and `FieldError`.
        """
        self.join_request()
        answer, request, memory = JoinAnswer.unpack(octets), self._request, self._memory
        if request is None:
            return
        share = answer.open(self._joining_key(), request)
        memory.keys = session_keys(self._code, share, self.tag_id, memory.nonce, answer.gateway_nonce)
        memory.share = share
        memory.nonce = self._draw(NONCE_OCTETS)
        memory.up_reserved = 0
        memory.down_floor = -1
        memory.written(RECORDS_OF_KEYS)
        self._request, self._next_up, self._window = None, 0, ReplayWindow()

    def next_counter(self) -> int:
        """The counter of the next message up."""
        counter = self._next_up
        if counter >= self._memory.up_reserved:
            self._memory.up_reserved = counter + TAG_RESERVE
            self._memory.written(RECORDS_OF_STATE)
        self._next_up = counter + 1
        return counter

    def is_new(self, counter: int) -> bool:
        """Whether a command with this counter is heard for the first time since the tag started."""
        window = self._window.accept(counter)
        if window is None:
            return False
        self._window = window
        return True

    def keep_floor(self, counter: int) -> None:
        """Before a command with lasting effect is obeyed: no counter up to its own is new again, not after a reboot."""
        if counter > self._memory.down_floor:
            self._memory.down_floor = counter
            self._memory.written(RECORDS_OF_STATE)

    def _joining_key(self) -> bytes:
        share = self._memory.share
        return join_key(self._code, self.tag_id) if share is None else owner_key(self._code, share, self.tag_id)
