"""A radio module on a real pty, and a host of fifty lines that opens it as any serial port."""

import asyncio
import os
import termios
import tty
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from firmware_protocol import TagId
from firmware_protocol.openepaperlink.frames import (
    BLOCK_OCTETS,
    BlockWanted,
    CheckIn,
    PendingData,
    TransferComplete,
    pack,
    pack_block,
)
from firmware_protocol.openepaperlink.picture import payload_of
from firmware_protocol.openepaperlink.reader import FromModule, InfoItem, ModuleReader, Word
from firmware_protocol.openepaperlink.tag_type import TAG_TYPES
from simulator.clock import SystemClock
from simulator.openepaperlink.families import ZBS
from simulator.openepaperlink.module import FAST_BAUD, VirtualModule
from simulator.openepaperlink.pty_module import ModuleOnPty
from simulator.openepaperlink.tag import OeplTag
from simulator.panel import white
from simulator.schedule import Scheduler

PATIENCE_S = 20.0
SPEED = 50.0
TAG_ID = TagId.parse("0000021900000001")
SCP_11 = b"SCP>" + bytes.fromhex("15 0B 0A 00")


class SmallHost:
    """Asks, and gives blocks of one payload."""

    def __init__(self, path: Path, scheduler: Scheduler, speed: int) -> None:
        self._port = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(self._port)
        self.set_speed(speed)
        self.payload = b""
        self.octets = bytearray()
        self.heard: list[FromModule] = []
        self._reader = ModuleReader()
        self._moved = asyncio.Event()
        asyncio.get_running_loop().add_reader(self._port, self._readable)
        scheduler.at_end_of_turn(self._moved.set)  # what it waits for may be the module's, too

    def set_speed(self, speed: int) -> None:
        attributes = termios.tcgetattr(self._port)
        attributes[4] = attributes[5] = speed
        termios.tcsetattr(self._port, termios.TCSANOW, attributes)

    def close(self) -> None:
        if self._port >= 0:
            asyncio.get_running_loop().remove_reader(self._port)
            os.close(self._port)
            self._port = -1

    def say(self, octets: bytes) -> None:
        while octets:
            octets = octets[os.write(self._port, octets) :]

    async def until(self, happened: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not happened():
                self._moved.clear()
                await self._moved.wait()

    async def ask(self, octets: bytes) -> Word:
        before = len(self.words)
        self.say(octets)
        await self.until(lambda: len(self.words) > before)
        return self.words[before]

    @property
    def words(self) -> list[Word]:
        return [value for value in self.heard if isinstance(value, Word)]

    def count(self, kind: type[FromModule]) -> int:
        return sum(isinstance(value, kind) for value in self.heard)

    def _readable(self) -> None:
        octets = os.read(self._port, 65_536)
        self.octets += octets
        for value in self._reader.feed(octets):
            self.heard.append(value)
            if isinstance(value, BlockWanted):
                start = value.block_id * BLOCK_OCTETS
                self.say(b">D>" + pack_block(self.payload[start : start + BLOCK_OCTETS]))
        self._moved.set()


HostOpener = Callable[..., SmallHost]


@asynccontextmanager
async def module_on_pty(folder: Path, *tags: OeplTag) -> AsyncIterator[tuple[ModuleOnPty, HostOpener]]:
    """The module, and what opens its port."""
    scheduler = Scheduler(SystemClock())
    carrier = ModuleOnPty(scheduler, VirtualModule(), tags, folder / "serial" / "module", speed=SPEED)
    carrier.open()
    hosts: list[SmallHost] = []

    def open_host(speed: int = termios.B115200) -> SmallHost:
        hosts.append(SmallHost(carrier.link_path, scheduler, speed))
        return hosts[-1]

    try:
        yield carrier, open_host
    finally:
        for host in hosts:
            host.close()
        carrier.close()
        scheduler.stop()


def in_a_loop(story: Callable[[], Coroutine[None, None, None]]) -> None:
    asyncio.run(story())


def test_a_host_on_the_port_brings_a_picture_onto_a_glass(tmp_path: Path) -> None:
    async def story() -> None:
        tag = OeplTag(TAG_ID, TAG_TYPES[0x01], ZBS, loss=0.05, seed=3)
        payload = payload_of(tag.type, white(tag.type.panel), tag.software_version)
        async with module_on_pty(tmp_path, tag) as (_, open_host):
            host = open_host()
            host.payload = payload.octets
            await host.until(lambda: Word.READY in host.words)
            assert await host.ask(b"RDY?") is Word.ACK
            assert await host.ask(b"NFO?") is Word.ACK
            await host.until(lambda: InfoItem("NOP", "00") in host.heard)
            assert InfoItem("ZCH", "19") in host.heard
            assert await host.ask(SCP_11) is Word.ACK
            pending = PendingData(payload.data_ver, len(payload.octets), payload.data_type, 0, 0, 60, TAG_ID)
            assert await host.ask(b"SDA>" + pack(pending)) is Word.ACK
            await host.until(lambda: host.count(TransferComplete) > 0)
            assert tag.shown_data_ver is None
            check_ins = host.count(CheckIn)
            await host.until(lambda: host.count(CheckIn) > check_ins)  # it is back, and has drawn
            assert (tag.glass, tag.shown_data_ver) == (white(tag.type.panel), payload.data_ver)
            assert host.count(BlockWanted) >= 2

    in_a_loop(story)


def test_the_speed_that_the_host_has_set_decides_what_is_understood(tmp_path: Path) -> None:
    async def story() -> None:
        async with module_on_pty(tmp_path) as (carrier, open_host):
            host = open_host(termios.B2000000)
            await host.until(lambda: len(host.octets) >= 32)  # its eight octets of boot, as they look at this speed
            assert host.words == []
            host.set_speed(termios.B115200)
            assert await host.ask(b"RDY?") is Word.ACK
            assert await host.ask(b"HSPD") is Word.ACK
            await host.until(lambda: carrier.live.module.baud == FAST_BAUD)
            host.set_speed(termios.B2000000)
            assert await host.ask(b"RDY?") is Word.ACK
            carrier.restart_module()
            host.octets.clear()
            await host.until(lambda: len(host.octets) >= 32)
            assert Word.RESTARTED not in host.words
            host.set_speed(termios.B115200)
            assert await host.ask(b"RDY?") is Word.ACK

    in_a_loop(story)


def test_a_speed_that_no_module_knows_is_understood_by_neither_side(tmp_path: Path) -> None:
    async def story() -> None:
        async with module_on_pty(tmp_path) as (_, open_host):
            host = open_host(termios.B9600)
            await host.until(lambda: bool(host.octets))
            assert host.words == []
            host.set_speed(termios.B115200)
            assert await host.ask(b"RDY?") is Word.ACK

    in_a_loop(story)


def test_a_cable_that_is_pulled_and_put_back_finds_the_module_as_it_was(tmp_path: Path) -> None:
    async def story() -> None:
        async with module_on_pty(tmp_path) as (carrier, open_host):
            host = open_host()
            await host.until(lambda: Word.READY in host.words)
            assert await host.ask(SCP_11) is Word.ACK
            host.close()
            carrier.close()
            carrier.close()  # harmless
            assert not carrier.link_path.is_symlink()
            carrier.open()
            carrier.open()
            host = open_host()
            assert await host.ask(b"NFO?") is Word.ACK
            await host.until(lambda: InfoItem("NOP", "00") in host.heard)
            assert InfoItem("ZCH", "0B") in host.heard
            assert Word.RESTARTED not in host.words

    in_a_loop(story)


def test_a_restart_is_said_twice_and_forgets_the_channel(tmp_path: Path) -> None:
    async def story() -> None:
        async with module_on_pty(tmp_path) as (carrier, open_host):
            host = open_host()
            await host.until(lambda: Word.READY in host.words)
            assert await host.ask(SCP_11) is Word.ACK
            host.heard.clear()
            carrier.restart_module()
            await host.until(lambda: Word.READY in host.words)
            assert host.words == [Word.RESTARTED, Word.READY]
            assert await host.ask(b"NFO?") is Word.ACK
            await host.until(lambda: InfoItem("NOP", "00") in host.heard)
            assert InfoItem("ZCH", "19") in host.heard

    in_a_loop(story)


def test_what_nobody_reads_is_lost_and_stops_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with module_on_pty(tmp_path) as (carrier, open_host):
            host = open_host()
            await host.until(lambda: Word.READY in host.words)
            asyncio.get_running_loop().remove_reader(host._port)
            for _ in range(10_000):
                carrier._put(b"Sending parts: XXXXXXXXXX\n\r")
                if carrier.octets_lost:
                    break
            assert carrier.octets_lost > 0
            asyncio.get_running_loop().add_reader(host._port, host._readable)
            read = len(host.octets)
            await host.until(lambda: len(host.octets) > read)
            assert await host.ask(b"RDY?") is Word.ACK

    in_a_loop(story)


def test_a_link_that_is_there_already_is_replaced(tmp_path: Path) -> None:
    async def story() -> None:
        link = tmp_path / "serial" / "module"
        link.parent.mkdir()
        link.symlink_to("/dev/null")
        async with module_on_pty(tmp_path) as (_, open_host):
            host = open_host()
            await host.until(lambda: Word.READY in host.words)
            assert await host.ask(b"RDY?") is Word.ACK
        with pytest.raises(FileNotFoundError):
            link.lstat()

    in_a_loop(story)
