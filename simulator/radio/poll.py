"""Polling over 802.15.4 as existing networks do it: check-ins that collide, pictures in parts, one tag at a time.

In: how many tags, how often, draws, who loses what. Out: microseconds of air, times, shares. Rule: this is a model of a
network whose logs have been published, so that its figures can be held against those; the fleet's own tags speak the
poll profile of `firmware_protocol.poll` on the same air.
Figures: radio and panel facts 4.
"""

import heapq
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from simulator.radio.draws import Draw
from simulator.radio.path_loss import IEEE_802_15_4, survives

OCTET_US = 32
PHY_OCTETS = 6
PREAMBLE_US = 5 * OCTET_US  # preamble and start of frame: a receiver may still turn to a stronger frame within it
PSDU_OCTETS: Mapping[str, int] = {
    "short check-in": 20,
    "full check-in": 41,
    "answer": 41,
    "block request": 41,
    "block request ack": 27,
    "block part": 126,
    "transfer complete": 24,
    "transfer complete ack": 24,
    "ping": 20,
    "pong": 25,
}
PART_OCTETS = 99
BLOCK_OCTETS, BLOCK_HEAD_OCTETS, BLOCK_PARTS = 4096, 4, 42
CHECKIN_TRIES = 14
CHECKIN_WINDOW_US = 5_000

Loses = Callable[[int, int], bool]  # at so many microseconds, a frame of so many octets


def airtime_us(psdu_octets: int) -> int:
    return (PHY_OCTETS + psdu_octets) * OCTET_US


def frame_us(name: str) -> int:
    return airtime_us(PSDU_OCTETS[name])


class Pacing(Struct, frozen=True):
    """What an access point and a tag's flash add to the air. `flash_us`: to write a block; 200 ms in one old family."""

    part_us: int = 5_060
    block_wait_us: int = 140_000  # told to the tag, while the host is asked for the block
    guard_us: int = 1_200_000  # after a tag's last block request, before another tag is served
    sends_whole_blocks: bool = True  # air is taken for 42 parts whatever is missing; the tag stops listening earlier
    flash_us: int = 0


class Transfer(Struct, frozen=True):
    """One picture. `tag_us` is what the tag listens and speaks, `air_us` what the channel is taken, `elapsed_us` with
    all waits. `requests_us`: when each block request was made, since the first.
    """

    done: bool
    parts: int
    rounds: int
    tag_us: int
    air_us: int
    elapsed_us: int
    requests_us: tuple[int, ...]


def block_parts(octets: int) -> list[int]:
    """Parts of each block of a picture."""
    sizes = [min(BLOCK_OCTETS, octets - start) for start in range(0, octets, BLOCK_OCTETS)]
    return [-(-(size + BLOCK_HEAD_OCTETS) // PART_OCTETS) for size in sizes]


ROUNDS_A_BLOCK = 5


def transfer(octets: int, pacing: Pacing, loses: Loses, at_us: int = 0) -> Transfer:
    """A tag fetches a picture: block by block, each asked for again while parts are missing, five rounds at most."""
    control_us = frame_us("block request") + frame_us("block request ack")
    now_us = at_us
    tag_us = air_us = parts = rounds = 0
    requests: list[int] = []
    for wanted in block_parts(octets):
        missing = list(range(wanted))
        for _ in range(ROUNDS_A_BLOCK):
            rounds += 1
            requests.append(now_us - at_us)
            tag_us += control_us
            air_us += control_us
            begun_us = now_us
            now_us += control_us
            asked = not loses(begun_us, PSDU_OCTETS["block request"])
            if asked and not loses(now_us, PSDU_OCTETS["block request ack"]):
                now_us += pacing.block_wait_us
                sent = BLOCK_PARTS if pacing.sends_whole_blocks else len(missing)
                parts += len(missing)
                tag_us += len(missing) * pacing.part_us
                air_us += sent * pacing.part_us
                heard_at = [(part, now_us + place * pacing.part_us) for place, part in enumerate(missing)]
                missing = [part for part, when_us in heard_at if loses(when_us, PSDU_OCTETS["block part"])]
                now_us += len(heard_at) * pacing.part_us
            if not missing:
                break
        else:
            return Transfer(False, parts, rounds, tag_us, air_us, now_us - at_us, tuple(requests))
        now_us += pacing.flash_us
    complete_us = frame_us("transfer complete") + frame_us("transfer complete ack")
    now_us += complete_us
    return Transfer(True, parts, rounds, tag_us + complete_us, air_us + complete_us, now_us - at_us, tuple(requests))


def tags_per_hour(
    tags: int, checkin_s: float, octets: int, pacing: Pacing, draw: Draw, loses: Loses, hours: int = 1
) -> float:
    """Every tag always has a picture waiting; how many are served. Who comes too early is told to, and comes again at
    its next check-in (the longest that the logs allow).
    """
    end_us = hours * 3_600_000_000
    interval_us = round(checkin_s * 1e6)
    coming = [(round(draw(tag) * interval_us), tag) for tag in range(tags)]
    heapq.heapify(coming)
    served, free_us, asked = 0, 0, tags
    while coming and coming[0][0] < end_us:
        now_us, tag = heapq.heappop(coming)
        asked += 1
        heapq.heappush(coming, (now_us + round(interval_us * (0.99 + 0.02 * draw(asked))), tag))
        if now_us < free_us:
            continue
        one = transfer(octets, pacing, loses, now_us)
        served += one.done
        free_us = now_us + max(one.requests_us[-1] + pacing.guard_us, one.elapsed_us)
    return served / hours


def first_tries_heard(
    tags: int, interval_s: float, draw: Draw, *, intervals: int = 10, signals_dbm: Sequence[float] | None = None
) -> float:
    """Share of check-ins whose first try is heard, when nobody listens before speaking (pure ALOHA). An exchange is
    request and answer back to back. `signals_dbm`: one a tag, for capture; without it any overlap loses both.
    """
    length_us = frame_us("short check-in") + frame_us("answer")
    heard = 0
    for number in range(intervals):
        at = sorted((draw(number * tags + tag) * interval_s * 1e6, tag) for tag in range(tags))
        begins_us = [when_us for when_us, _ in at]
        for place, (when_us, tag) in enumerate(at):
            first = bisect_left(begins_us, when_us - length_us)
            last = bisect_left(begins_us, when_us + length_us)
            rivals = at[first:place] + at[place + 1 : last]
            heard += all(_outlives(tag, when_us, rival, signals_dbm) for rival in rivals)
    return heard / (tags * intervals)


def _outlives(tag: int, at_us: float, rival: tuple[float, int], signals_dbm: Sequence[float] | None) -> bool:
    rival_us, other = rival
    if signals_dbm is None:
        return False
    return survives(IEEE_802_15_4, signals_dbm[tag], signals_dbm[other], in_time=at_us <= rival_us + PREAMBLE_US)


class Checkin(Struct, frozen=True):
    """`tries` up to 14, `elapsed_us` until the answer or until the tag gives up, `air_us` of it on the air."""

    heard: bool
    tries: int
    elapsed_us: int
    air_us: int


def checkin(loses: Loses, at_us: int = 0) -> Checkin:
    """A tag asks until it is answered: 14 tries within 90 ms, which one burst of loss outlasts."""
    request_us, answer_us = frame_us("short check-in"), frame_us("answer")
    now_us, air_us = at_us, 0
    for number in range(1, CHECKIN_TRIES + 1):
        begun_us = now_us
        now_us += request_us
        air_us += request_us
        if not loses(begun_us, PSDU_OCTETS["short check-in"]):
            air_us += answer_us
            if not loses(now_us, PSDU_OCTETS["answer"]):
                return Checkin(True, number, now_us + answer_us - at_us, air_us)
        now_us += CHECKIN_WINDOW_US
    return Checkin(False, CHECKIN_TRIES, now_us - at_us, air_us)


def wait_for_checkin_us(interval_us: int, draw: Draw, number: int, loses: Loses) -> int:
    """From a change until its tag is reached: the rest of the interval, and one interval more for each that fails."""
    now_us = wait_us = round(draw(number) * interval_us)
    while True:
        one = checkin(loses, now_us)
        if one.heard:
            return wait_us + one.elapsed_us
        wait_us += interval_us
        now_us += interval_us


def lossless(at_us: int, octets: int) -> bool:
    """Nothing is lost: the air of an idle shop in the closed formulas."""
    return False
