"""Keeping the train and losing it: drifting clocks, widening windows, the 60-minute rules, a restarted access point.

In: parts per million, seconds of silence, tags to be found again. Out: windows, states, who fell. Rule: what a tag does
about silence depends on nothing but how long it lasts, so a state is a function of it.
Figures: radio and panel facts 1.5 and 5.3.
"""

import heapq
from collections.abc import Callable
from enum import Enum

from msgspec import Struct

from simulator.radio.draws import Draw, spread
from simulator.radio.pawr import Train

_WINDOW_FLOOR_US = 16
SYNC_TIMEOUT_S = 20.0  # Nordic's tag: 2000 units of 10 ms
UNSYNCHRONIZED_AFTER_S = 3600.0  # without a valid message
UNASSOCIATED_AFTER_S = 3600.0  # more: bond and keys are wiped
OFF_AFTER_S = 3600.0  # more: Silicon Labs tags sleep for good
PAST_FAILS = 0.01


def window_us(bridge_ppm: float, tag_ppm: float, since_anchor_us: float) -> float:
    """How long before and after the expected instant a receiver must listen."""
    return (bridge_ppm + tag_ppm) * since_anchor_us / 1e6 + _WINDOW_FLOOR_US


class Crystal(Struct, frozen=True):
    """`declared_ppm` is the class that windows are made for, `true_ppm` what the crystal does, with its sign."""

    declared_ppm: float
    true_ppm: float


class Following(Struct, frozen=True):
    """`heard` of the events it woke for; `lost_at`: the event after which it gave the train up, or None. `listened_us`
    is what the windows cost.
    """

    heard: int
    woken: int
    lost_at: int | None
    listened_us: float


def follow(
    train: Train,
    bridge: Crystal,
    tag: Crystal,
    events: int,
    lost: Callable[[int], bool],
    *,
    timeout_s: float = SYNC_TIMEOUT_S,
    skip: int = 0,
) -> Following:
    """A tag in the train for so many events. `skip`: so many it may sleep through after one it heard."""
    anchor, event, heard, woken = 0, 1 + skip, 0, 0
    listened_us = 0.0
    while event <= events:
        since_us = (event - anchor) * train.interval_us
        if since_us > timeout_s * 1e6:
            return Following(heard, woken, event, listened_us)
        woken += 1
        window = window_us(bridge.declared_ppm, tag.declared_ppm, since_us)
        listened_us += 2 * window
        drift_us = abs(tag.true_ppm - bridge.true_ppm) * since_us / 1e6
        if drift_us <= window and not lost(event):
            heard += 1
            anchor = event
            event += 1 + skip
        else:
            event += 1
    return Following(heard, woken, None, listened_us)


class Standing(Enum):
    """Of a tag towards its access point, as the service's states."""

    SYNCHRONIZED = "synchronized"
    UNSYNCHRONIZED = "unsynchronized"
    UNASSOCIATED = "unassociated"
    OFF = "off"


def standing(
    silent_s: float, *, train_runs: bool, switches_off: bool = False, timeout_s: float = SYNC_TIMEOUT_S
) -> Standing:
    """After so long without a valid message. `train_runs`: the tag still hears the train, only nothing for its group;
    `switches_off`: a Silicon Labs tag.
    """
    unsynchronized_s = UNSYNCHRONIZED_AFTER_S if train_runs else timeout_s
    if silent_s < unsynchronized_s:
        return Standing.SYNCHRONIZED
    if silent_s < unsynchronized_s + UNASSOCIATED_AFTER_S:
        return Standing.UNSYNCHRONIZED
    if switches_off and silent_s >= unsynchronized_s + UNASSOCIATED_AFTER_S + OFF_AFTER_S:
        return Standing.OFF
    return Standing.UNASSOCIATED


class Restart(Struct, frozen=True):
    """`fallen`: tags that were not reached in time and have lost bond and keys. `connections`: with those repeated."""

    elapsed_s: float
    fallen: int
    connections: int


def restart(tags: int, draw: Draw, *, per_tag_s: float = 1.0, parallel: int = 1, fails: float = PAST_FAILS) -> Restart:
    """An access point came back with a new train and hands it to each tag over a connection, `parallel` at a time."""
    free = [0.0] * parallel
    fallen = connections = 0
    for tag in range(tags):
        now_s = heapq.heappop(free)
        attempt = 0
        while True:
            index = (tag << 4) + 2 * min(attempt, 7)
            now_s += spread(draw, index, 0.5 * per_tag_s, 1.5 * per_tag_s)
            connections += 1
            attempt += 1
            if draw(index + 1) >= fails:
                break
        fallen += standing(now_s, train_runs=False) in (Standing.UNASSOCIATED, Standing.OFF)
        heapq.heappush(free, now_s)
    return Restart(max(free), fallen, connections)
