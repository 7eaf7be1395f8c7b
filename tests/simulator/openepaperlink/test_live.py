"""A module that lives on a scheduler's clock: its speed, its late machine, and hosts at another baud rate."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import TypeVar

import pytest

from firmware_protocol import TagId
from firmware_protocol.openepaperlink.frames import BlockWanted, PendingData, pack, pack_block
from firmware_protocol.openepaperlink.picture import payload_of
from firmware_protocol.openepaperlink.reader import FromModule, ModuleReader, Word
from firmware_protocol.openepaperlink.tag_type import TAG_TYPES
from simulator.clock import VirtualClock
from simulator.openepaperlink.families import ZBS
from simulator.openepaperlink.live import LiveModule
from simulator.openepaperlink.module import FAST_BAUD, SLOW_BAUD, VirtualModule
from simulator.openepaperlink.tag import OeplTag
from simulator.panel import white
from simulator.schedule import Scheduler
from simulator.virtual_time import VirtualLoop, run

T = TypeVar("T")
SCP_25 = b"SCP>" + bytes.fromhex("23 19 0A 00")
PENDING_TAG = TagId.parse("0000021900000001")


class Line:
    """A host's end: what came, when, and as what."""

    def __init__(self, clock: VirtualClock, *, speed: float = 1.0) -> None:
        self.clock, self.baud = clock, SLOW_BAUD
        self.octets = bytearray()
        self.heard: list[tuple[float, FromModule]] = []
        self.tag = OeplTag(PENDING_TAG, TAG_TYPES[0], ZBS)
        self.on_block: Callable[[BlockWanted], None] = lambda wanted: None
        self._reader = ModuleReader()
        self.scheduler = Scheduler(clock)
        self.live = LiveModule(
            self.scheduler,
            VirtualModule(),
            [self.tag],
            to_host=self._take,
            host_baud=lambda: self.baud,
            speed=speed,
        )
        self.live.switch_on()

    @property
    def words(self) -> list[Word]:
        return [value for _, value in self.heard if isinstance(value, Word)]

    def _take(self, octets: bytes) -> None:
        self.octets += octets
        for value in self._reader.feed(octets):
            self.heard.append((self.clock.monotonic_s(), value))
            if isinstance(value, BlockWanted):
                self.on_block(value)


def on_virtual_time(story: Callable[[VirtualClock], Coroutine[None, None, T]]) -> T:
    return run(story, start_utc=datetime(2026, 3, 2, 6, tzinfo=UTC))


@pytest.mark.parametrize("speed", [1.0, 8.0])
def test_speed_divides_every_time(speed: float) -> None:
    async def story(clock: VirtualClock) -> None:
        await clock.sleep(3.0)  # it is switched on late in the life of its machine
        line = Line(clock, speed=speed)
        await clock.sleep(1.0 / speed)
        assert line.words == [Word.RESTARTED, Word.READY]
        assert line.heard[0][0] == pytest.approx(3.0 + 0.5 / speed)
        line.live.host_says(SCP_25)
        await clock.sleep(130.0 / speed)
        came = [at for at, value in line.heard if not isinstance(value, Word)]
        assert len(came) == 4
        assert came[3] - came[2] == pytest.approx(40.0 / speed, abs=0.01)
        assert line.live.now_s == pytest.approx(131.0, abs=0.1)

    on_virtual_time(story)


def test_at_another_speed_both_sides_hear_garbage() -> None:
    async def story(clock: VirtualClock) -> None:
        line = Line(clock)
        line.baud = FAST_BAUD
        await clock.sleep(1.0)
        assert (len(line.octets), line.words) == (32, [])  # of eight, at a far slower speed
        line.live.host_says(b"RDY?")
        await clock.sleep(1.0)
        assert line.words == []
        line.baud = SLOW_BAUD
        line.live.host_says(b"RDY?")
        await clock.sleep(1.0)
        assert line.words == [Word.ACK]
        line.live.host_says(b"HSPD")
        await clock.sleep(0.15)
        assert line.words == [Word.ACK] * 2
        line.baud = FAST_BAUD
        await clock.sleep(0.5)
        assert line.words == [Word.ACK] * 3
        line.live.restart_module()
        line.octets.clear()
        await clock.sleep(1.0)
        assert b"R" not in line.octets[:1]
        assert line.words == [Word.ACK] * 3
        line.baud = SLOW_BAUD
        line.live.host_says(b"RDY?")
        await clock.sleep(1.0)
        assert line.words == [Word.ACK] * 4

    on_virtual_time(story)


def test_a_machine_that_is_late_takes_no_time_from_the_host() -> None:
    async def story(clock: VirtualClock) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        line = Line(clock)
        payload = payload_of(line.tag.type, white(line.tag.type.panel), 0x2A)
        late: list[float] = []

        def give(wanted: BlockWanted) -> None:
            late.append(5.0)
            loop.stall(5.0)  # whoever shares the machine takes it all
            block = payload.octets[wanted.block_id * 4096 :][:4096]
            line.scheduler.soon(lambda: line.live.host_says(b">D>" + pack_block(block)))

        line.on_block = give
        await clock.sleep(1.0)
        line.live.host_says(SCP_25)
        pending = PendingData(payload.data_ver, len(payload.octets), payload.data_type, 0, 0, 60, PENDING_TAG)
        line.live.host_says(b"SDA>" + pack(pending))
        await clock.sleep(60.0)
        assert late == [5.0]
        assert line.live.module.counts.bursts_incomplete == 0
        assert line.tag.shown_data_ver == payload.data_ver

    on_virtual_time(story)


def test_a_tag_that_somebody_wakes_is_seen_to_at_once() -> None:
    async def story(clock: VirtualClock) -> None:
        line = Line(clock)
        await clock.sleep(1.0)
        line.live.host_says(SCP_25)
        await clock.sleep(20.0)
        before = len(line.heard)
        line.tag.press_button(line.live.now_s)
        await clock.sleep(0.01)
        assert len(line.heard) == before + 1

    on_virtual_time(story)
