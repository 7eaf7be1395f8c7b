"""When a trouble strikes: at its own instant, or at the next one at which some display is where it hurts most.

In: what is watched of tags, bridges and gateway, each as it happens. Out: the display that is there now. Rule: what a
trouble waits for, and how long, is drawn by its own generator, so that other troubles move no draw of it; if the moment
does not come, it strikes all the same, at nothing in particular.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from firmware_protocol import TagId, split_display_id
from firmware_protocol.tag.display import parts_wanted
from simulator.chance import Random
from simulator.tag import VirtualTag
from simulator.world.lab.scenario import Scenario
from simulator.world.lab.states import DeliveryState, delivery_states

if TYPE_CHECKING:
    from simulator.world.lab.lab import Lab

CHANGED_WITHIN_S = 90.0  # of a change: long enough for an offer, its parts, its refresh and its proof
SOON_S = 2.0  # within the shortest refresh, and before the tag of a fence has come by
WAITS_AT_MOST_S = 7200.0  # the rare ones come once an hour in the worst week
SHARE_OF_THE_RUN = 1 / 7  # no trouble waits longer than that, however short the run
ROUNDS_LOOKS, ROUNDS_LOOK_S = 20, 3.0  # after a batch is completed: until its labels are on their way


class Moment(StrEnum):
    """What can be waited for."""

    CHANGE = "displays were told to change"
    TRANSFER = "a contact ended before its picture was whole"
    REFRESH = "a glass is being drawn"
    FENCE = "a fence has reached a bridge: the glass shows the right thing, and nobody is sure"
    BATCH = "a batch is completed"
    DOUBT = "a proof was lost"


# How troubles are shared out; what is left strikes at once. The rare moments come often in vain.
AIMS: tuple[tuple[Moment, float], ...] = (
    (Moment.CHANGE, 0.18),
    (Moment.TRANSFER, 0.19),
    (Moment.REFRESH, 0.12),
    (Moment.FENCE, 0.23),
    (Moment.BATCH, 0.14),
)


class Aims:
    """`come` tells of a moment, `moment` and `next` wait for one."""

    def __init__(self, lab: "Lab") -> None:
        self._lab = lab
        self._events = {moment: asyncio.Event() for moment in Moment}
        self._displays: dict[Moment, Sequence[str]] = {}
        self._awaited: Counter[Moment] = Counter()

    def come(self, moment: Moment, displays: Sequence[str]) -> None:
        """It is so at this instant, of these displays."""
        self._displays[moment] = list(displays)
        self._events[moment].set()
        self._events[moment] = asyncio.Event()

    async def next(self, moment: Moment, within_s: float) -> Sequence[str]:
        """The displays of the next one; none if it does not come in this time."""
        self._awaited[moment] += 1
        try:
            came = await self._lab.soon(self._event(moment), within_s)
        finally:
            self._awaited[moment] -= 1
        return self._displays[moment] if came else ()

    async def refresh_of(self, tag: VirtualTag) -> None:
        """Returns when this tag begins to draw."""
        while True:
            await self._event(Moment.REFRESH)
            if any(split_display_id(display)[0] == tag.tag_id for display in self._displays[Moment.REFRESH]):
                return

    async def moment(self, chance: Random) -> str | None:
        """Waits, mostly, and gives the display that is worth a strike now; None = none in particular."""
        aim, patience, delay, which = (chance.random() for _ in range(4))
        moment = _aimed_at(aim)
        if moment is None:
            return None
        displays = await self.next(moment, self._patience_s(patience))
        if not displays:
            return None
        display = displays[int(which * len(displays))]
        if moment is Moment.CHANGE:
            await self._lab.clock.sleep(delay * CHANGED_WITHIN_S)
        elif moment is Moment.BATCH:
            return await self._waited_for(which) or display
        elif moment is not Moment.TRANSFER:  # a part that was lost is asked for again within half a second
            await self._lab.clock.sleep(delay * SOON_S)
        return display

    def contact_ended(self, tag: VirtualTag) -> None:
        """A contact in which something was said."""
        waiting = [
            f"{tag.tag_id}.{index}"
            for index in range(len(tag.panels))
            if parts_wanted(tag.machine.state_of(index)) is not None
        ]
        if waiting:
            self.come(Moment.TRANSFER, waiting)

    def manifest_came(self, tag_id: TagId) -> None:
        """At a bridge. Looked at only if somebody waits for a fence."""
        if not self._awaited[Moment.FENCE]:
            return
        states = delivery_states(self._lab.file, self._lab.world.fleet, [str(tag_id)])
        if fenced := [display for display, found in states.items() if DeliveryState.FENCED in found]:
            self.come(Moment.FENCE, fenced)

    async def _event(self, moment: Moment) -> None:
        await self._events[moment].wait()

    def _patience_s(self, patience: float) -> float:
        """No longer than there is time: who waits in vain strikes before the shop is healed."""
        scenario = self._lab.scenario
        left_s = (scenario.open_s - self._lab.now_s) * (0.3 + 0.6 * patience)
        return max(0.0, min(patience_max_s(scenario), left_s))

    async def _waited_for(self, which: float) -> str | None:
        """A display that a batch waits for, as soon as there is one."""
        for _ in range(ROUNDS_LOOKS):
            await self._lab.clock.sleep(ROUNDS_LOOK_S)
            states = delivery_states(self._lab.file, self._lab.world.fleet)
            waiting = [display for display, found in states.items() if DeliveryState.VERIFYING in found]
            if waiting:
                return waiting[int(which * len(waiting))]
        return None


def patience_max_s(scenario: Scenario) -> float:
    """How long after its instant a trouble strikes at most, but for its own delay."""
    return min(WAITS_AT_MOST_S, scenario.open_s * SHARE_OF_THE_RUN)


def _aimed_at(share: float) -> Moment | None:
    for moment, size in AIMS:
        share -= size
        if share < 0:
            return moment
    return None
