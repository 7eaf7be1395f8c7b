"""Absolute Time: the service's u32 of milliseconds, which wraps after 49.7 days, and what a timed command may name.

In: a time, now, what is pending. Out: whether it has come, and what becomes of a timed command. Rule: a time at most 48
days ahead lies in the future, the rest of the circle in the past; 0 is no time but *delete*. One command is pending per
display and per LED: the same time replaces it, another finds the queue full. It does not survive a power cut.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from firmware_protocol.service.responses import ErrorCode

if TYPE_CHECKING:
    from firmware_protocol.service.quirks import Quirks

MODULUS_MS = 1 << 32
AHEAD_MS_MAX = 48 * 24 * 3600 * 1000
DELETE = 0


class Bound(Enum):
    """Which times a stack takes for plausible."""

    UP_TO_48_DAYS = "at most 48 days ahead"
    BELOW_48_DAYS = "less than 48 days ahead"
    RAW_UP_TO_48_DAYS = "at most 48 days since its epoch, whatever the time is now"


class TimedResult(Enum):
    QUEUED = "it waits for its time"
    REPLACED = "it waits in place of what waited for the same time"
    DELETED = "what waited is deleted"


def ahead_ms(t_ms: int, now_ms: int) -> int:
    """From now to T on the circle, 0 to 2^32 - 1; more than `AHEAD_MS_MAX` is the past."""
    return (t_ms - now_ms) % MODULUS_MS


def has_come(t_ms: int, now_ms: int) -> bool:
    """Whether T is now or was before."""
    left_ms = ahead_ms(t_ms, now_ms)
    return left_ms == 0 or left_ms > AHEAD_MS_MAX


def is_plausible(t_ms: int, now_ms: int, bound: Bound = Bound.UP_TO_48_DAYS) -> bool:
    """Whether a timed command may name this time: a command that arrives after its own time may not."""
    match bound:
        case Bound.UP_TO_48_DAYS:
            return ahead_ms(t_ms, now_ms) <= AHEAD_MS_MAX
        case Bound.BELOW_48_DAYS:
            return ahead_ms(t_ms, now_ms) < AHEAD_MS_MAX
        case Bound.RAW_UP_TO_48_DAYS:
            return t_ms <= AHEAD_MS_MAX


def judge(t_ms: int, now_ms: int | None, pending_ms: int | None, quirks: Quirks) -> TimedResult | ErrorCode:
    """What becomes of a timed command. `now_ms` None: the tag has no clock, so every time is implausible."""
    if t_ms == DELETE:
        if pending_ms is None and quirks.delete_nothing_pending is not None:
            return quirks.delete_nothing_pending
        return TimedResult.DELETED
    if now_ms is None or not is_plausible(t_ms, now_ms, quirks.time_bound):
        return ErrorCode.IMPLAUSIBLE_ABSOLUTE_TIME
    if pending_ms is None:
        return TimedResult.QUEUED
    return TimedResult.REPLACED if pending_ms == t_ms else ErrorCode.QUEUE_FULL
