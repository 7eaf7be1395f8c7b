"""One module and the tags around it on one clock: who hears whom, and what is lost on the way.

In: the time, octets from the host. Out: octets for the host, and when it wants to be woken. Rule: what is due is done
in the order of its instants, the module first, then the tags as they were given; whoever is on another channel hears
nothing. Each tag draws what is lost of its own frames, so that one more tag changes no other's luck.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence

from firmware_protocol.identity import TagId
from simulator.openepaperlink.module import ToHost, VirtualModule
from simulator.openepaperlink.radio import PART_S, FromTag, ToTag
from simulator.openepaperlink.tag import OeplTag

FIRST_TAG_S, TAGS_WITHIN_S = 2.0, 2.0  # after a host has tuned the module: it may be busy with a change of speed


class _Ear:
    """A tag and its place on the air."""

    def __init__(self, air: Air, tag: OeplTag) -> None:
        self._air, self.tag = air, tag

    def ask(self, frame: FromTag, now_s: float) -> ToTag | None:
        module, tag = self._air.module, self.tag
        if tag.channel != module.channel or tag.loses_frame():
            return None
        answer = module.hear(frame, now_s)
        return None if answer is None or tag.loses_frame() else answer


class Air:
    """Call `advance` at `wake_at`, and after whatever was done to a tag or to the module."""

    def __init__(self, module: VirtualModule, tags: Sequence[OeplTag]) -> None:
        self.module = module
        self.tags: dict[TagId, OeplTag] = {tag.tag_id: tag for tag in tags}
        self.on_wake: Callable[[], None] | None = None  # called when a tag's wake has moved
        self.now_s = 0.0  # the latest instant that was lived
        self._ears = [_Ear(self, tag) for tag in tags]
        self._heap: list[tuple[float, int]] = []
        self._tags_wait = False
        if len(self.tags) != len(tags):
            raise ValueError("two tags have one id")
        for place, tag in enumerate(tags):
            tag.on_wake = lambda place=place: self._woken(place)
            self._woken(place)

    def switch_on(self, now_s: float) -> None:
        """The module now; the tags, one after the other, once a host has tuned it: who has found it on the channel of
        its boot looks for it there for most of an hour.
        """
        self.module.restart(now_s)
        self._tags_wait = True

    def host_says(self, octets: bytes, now_s: float) -> None:
        self.advance(now_s)
        self.module.receive(octets, now_s)

    def to_host(self) -> list[ToHost]:
        return self.module.to_host()

    def wake_at(self) -> float | None:
        module_s, tag_s = self.module.wake_at(), self._tag_wakes_at()
        if module_s is None or tag_s is None:
            return module_s if tag_s is None else tag_s
        return min(module_s, tag_s)

    def advance(self, now_s: float) -> None:
        """Everything that is due until now."""
        while (at_s := self.wake_at()) is not None and at_s <= now_s:
            at_s = max(at_s, self.now_s)
            self.now_s = at_s
            module_s = self.module.wake_at()
            if module_s is not None and module_s <= at_s:
                self.module.time_passed(at_s)
                if self._tags_wait and self.module.is_tuned:
                    self._tags_wait = False
                    for place, tag in enumerate(self.tags.values()):
                        tag.switch_on(at_s + FIRST_TAG_S + place * TAGS_WITHIN_S / len(self.tags))
            else:
                ear = self._ears[heapq.heappop(self._heap)[1]]
                ear.tag.time_passed(at_s, ear)
            self._carry()
        self.now_s = max(self.now_s, now_s)

    def _carry(self) -> None:
        for burst in self.module.to_air():
            tag = self.tags.get(burst.tag_id)
            if tag is None or tag.channel != self.module.channel:
                continue
            for place, part in enumerate(burst.parts):
                if not tag.loses_frame():
                    tag.hear(part, burst.starts_s + (place + 1) * PART_S)

    def _woken(self, place: int) -> None:
        at_s = self._ears[place].tag.wake_at_s
        if at_s is not None:
            heapq.heappush(self._heap, (at_s, place))
        if self.on_wake is not None:
            self.on_wake()

    def _tag_wakes_at(self) -> float | None:
        """A tag that has thought better of it is woken for nothing, which does no harm."""
        return self._heap[0][0] if self._heap else None
