"""What a bridge says travels together, but what the gateway may stand still for does not wait."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from firmware_protocol.link import DownMessage, UpMessage, pack_payloads, unpack_up_payload
from firmware_protocol.link.messages import Airtime, CreditQuery, Hello, Status, Welcome
from simulator import limits
from simulator.bridge import VirtualBridge
from simulator.chance import generator
from simulator.clock import VirtualClock
from simulator.schedule import CALLS_PER_TURN_MAX, Scheduler
from simulator.virtual_time import VirtualLoop, run

HOLD_MS = round(limits.UPLINK_HOLD_S * 1000)
ONE, TWO, THREE, FOUR = (Airtime(number, 1) for number in range(1, 5))


class Link:
    """The gateway's end of one bridge. `went`: each payload, by the millisecond at which it left."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.went: list[tuple[int, list[UpMessage]]] = []
        self.scheduler = Scheduler(clock)
        self.bridge = VirtualBridge("north", self.scheduler, generator(1, "bridge"), contact_s=60.0)
        self.bridge.power_on()
        self.open()

    def open(self) -> None:
        self.bridge.link_opened(self)
        self.tell(Welcome(self.bridge.boot_id, b"run-0001", 0))
        self.went.clear()

    def tell(self, message: DownMessage) -> None:
        for payload in pack_payloads([message], 0):
            self.bridge.link_received(payload)

    def send(self, payload: bytes, *, hello: bool) -> None:
        self.went.append((round(self.clock.monotonic_s() * 1000), [*unpack_up_payload(payload).messages]))


def went(story: Callable[[Link], Coroutine[None, None, None]]) -> list[tuple[int, list[UpMessage]]]:
    async def main(clock: VirtualClock) -> list[tuple[int, list[UpMessage]]]:
        link = Link(clock)
        await story(link)
        await clock.sleep(1)
        return link.went

    return run(main, start_utc=datetime(2026, 3, 2, tzinfo=UTC))


async def says(link: Link, *messages: UpMessage) -> None:
    """Five milliseconds apart."""
    for message in messages:
        link.bridge.say(message)
        await link.clock.sleep(0.005)


def test_after_a_silence_a_word_leaves_at_once_and_what_follows_it_leaves_together() -> None:
    async def story(link: Link) -> None:
        await says(link, ONE, TWO, THREE)
        await link.clock.sleep(0.1)
        await says(link, FOUR)

    assert went(story) == [(0, [ONE]), (HOLD_MS, [TWO, THREE]), (115, [FOUR])]


def test_credit_that_was_asked_for_waits_for_nothing_and_takes_along_what_waits() -> None:
    async def story(link: Link) -> None:
        await says(link, ONE, TWO)
        link.tell(CreditQuery(0))

    (_, first), (at_ms, second) = went(story)
    assert (first, at_ms) == ([ONE], 10)
    assert second[0] == TWO
    assert isinstance(second[1], Status)


@pytest.mark.parametrize("befalls", [VirtualBridge.link_closed, VirtualBridge.restart])
def test_what_is_held_when_the_link_closes_or_the_power_goes_is_lost(befalls: Callable[[VirtualBridge], None]) -> None:
    async def story(link: Link) -> None:
        await says(link, ONE, TWO)
        befalls(link.bridge)
        link.open()
        await says(link, THREE)

    assert went(story)[-1][1] == [THREE]
    assert all(TWO not in messages for _, messages in went(story))


def test_a_hello_is_not_held() -> None:
    async def story(link: Link) -> None:
        await says(link, ONE, TWO)
        link.tell(Welcome(bytes(8), b"run-0002", 0))

    _, (_, (hello,)), *_ = went(story)
    assert isinstance(hello, Hello)


def test_a_payload_that_left_early_begins_a_hold_of_its_own() -> None:
    async def story(link: Link) -> None:
        await says(link, ONE, TWO)
        link.tell(CreditQuery(0))  # at 10 ms
        await link.clock.sleep(0.002)
        await says(link, THREE, FOUR)

    assert went(story)[-1] == (10 + HOLD_MS, [THREE, FOUR])


def test_a_fleet_that_lags_behind_holds_its_words_no_longer() -> None:
    """Each call takes a millisecond of the machine's time, and three thousand of them are due at once."""

    async def story(link: Link) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)

        def work() -> None:
            loop.work_for(0.001)
            link.bridge.say(ONE)

        for _ in range(3000):
            link.scheduler.after(0.1, work)
        await link.clock.sleep(4)

    turn_ms = CALLS_PER_TURN_MAX  # within a turn nothing leaves
    left = [at_ms for at_ms, _ in went(story)]
    assert sum(len(messages) for _, messages in went(story)) == 3000
    assert max(later - sooner for sooner, later in pairwise([100, *left])) <= 2 * turn_ms + HOLD_MS
