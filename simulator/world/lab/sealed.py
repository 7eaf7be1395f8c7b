"""Everything that was said under seal, as somebody hears it who listens at the bridges and has every tag's keys.

In: the messages that bridges take and say. Out: numbers that were used twice under one key; the last words of a tag.
Rule: who used the number, and why, makes no difference: two messages under one number and one key give both away.
"""

from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress

from firmware_protocol import SealBroken, TagId
from firmware_protocol.counters import RANDOMIZER_OCTETS, read_randomizer
from firmware_protocol.keys import SessionKeys
from firmware_protocol.link import DownMessage, UpMessage
from firmware_protocol.link.messages import FromTag, FromTagKind, ToTag, ToTagKind
from firmware_protocol.sealing import open_answer, open_command, open_manifest, open_report
from simulator.tag import VirtualTag

WORDS_KEPT = 8  # of a tag: what a bridge may say again
Opens = Callable[[SessionKeys, bytes], object]
_DOWN: Mapping[ToTagKind, Opens] = {ToTagKind.MANIFEST: open_manifest, ToTagKind.COMMAND: open_command}
_UP: Mapping[FromTagKind, Opens] = {FromTagKind.REPORT: open_report, FromTagKind.RESPONSE: open_answer}


class SealedWords:
    def __init__(self, tags: Mapping[TagId, VirtualTag]) -> None:
        self._tags = tags
        self._keys: dict[TagId, list[SessionKeys]] = {}
        self._said: dict[tuple[TagId, bytes], list[tuple[Opens, bytes]]] = {}
        self._last: dict[TagId, deque[FromTag]] = {}

    def hear(self, message: DownMessage | UpMessage) -> str | None:
        """What is wrong with it, in words."""
        if isinstance(message, ToTag):
            opens = _DOWN.get(message.kind)
        elif isinstance(message, FromTag):
            opens = _UP.get(message.kind)
        else:
            return None
        if opens is None:
            return None
        tag_id, octets = message.tag_id, message.octets
        if isinstance(message, FromTag):
            self._last.setdefault(tag_id, deque(maxlen=WORDS_KEPT)).append(message)
        self._note_keys(tag_id)
        place = (tag_id, octets[:RANDOMIZER_OCTETS])
        earlier = self._said.setdefault(place, [])
        if any(octets == other for _, other in earlier):
            return None  # the same message once more
        earlier.append((opens, octets))
        for keys in self._keys.get(tag_id, []) if len(earlier) > 1 else []:
            if sum(_is_under(keys, how, words) for how, words in earlier) > 1:
                counter, is_up = read_randomizer(place[1])
                return f"number {counter} was used twice under one key, {'by' if is_up else 'for'} {tag_id}"
        return None

    def last_of(self, tag_id: TagId) -> list[FromTag]:
        """What it said last under seal, the oldest first."""
        return list(self._last.get(tag_id, ()))

    def _note_keys(self, tag_id: TagId) -> None:
        tag = self._tags.get(tag_id)
        keys = None if tag is None else tag.machine.memory.keys
        known = self._keys.setdefault(tag_id, [])
        if keys is not None and (not known or known[-1] is not keys):
            known.append(keys)


def _is_under(keys: SessionKeys, opens: Opens, octets: bytes) -> bool:
    with suppress(SealBroken):
        opens(keys, octets)
        return True
    return False
