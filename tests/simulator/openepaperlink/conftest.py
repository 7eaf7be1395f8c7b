"""A host of a hundred lines for the tests of modules and their tags: it knows the frames, and nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import md5

import pytest

from firmware_protocol import TagId
from firmware_protocol.openepaperlink.frames import (
    BLOCK_OCTETS,
    BlockWanted,
    ChannelPower,
    CheckIn,
    DataType,
    PendingData,
    TransferComplete,
    pack,
    pack_block,
)
from firmware_protocol.openepaperlink.reader import FromModule, ModuleReader, Word
from simulator.openepaperlink.air import Air
from simulator.openepaperlink.builds import C6, ModuleBuild
from simulator.openepaperlink.module import BOOT_S, VirtualModule
from simulator.openepaperlink.radio import FromTag, ToTag
from simulator.openepaperlink.tag import OeplTag

ANSWER_WITHIN_S = 2.0


def data_ver_of(payload: bytes) -> bytes:
    return md5(payload, usedforsecurity=False).digest()[:8]


@dataclass
class Bench:
    """A module that has booted and its tags, in time that passes only here.

    `payloads`: of which it gives blocks, `answer_s` after it was asked. `heard`: what the module said, and when.
    """

    module: VirtualModule
    air: Air
    now_s: float = 0.0
    answer_s: float = 0.001
    payloads: dict[bytes, bytes] = field(default_factory=dict)
    said: bytearray = field(default_factory=bytearray)
    bauds: list[int] = field(default_factory=list)
    heard: list[tuple[float, FromModule]] = field(default_factory=list)
    _reader: ModuleReader = field(default_factory=ModuleReader)
    _answers: list[tuple[float, bytes]] = field(default_factory=list)

    def run(self, seconds: float) -> None:
        """Everything that is due, each at its instant, and the answers to blocks wanted."""
        self.run_until(self.now_s + seconds)

    def run_until(self, end_s: float) -> None:
        while True:
            wake_s = self.air.wake_at()
            due = [at for at in (wake_s, *(at for at, _ in self._answers)) if at is not None and at <= end_s]
            if not due:
                break
            self._live(max(min(due), self.now_s))
        self._live(end_s)

    def _live(self, now_s: float) -> None:
        self.now_s = now_s
        self.air.advance(now_s)
        while self._answers and self._answers[0][0] <= now_s:
            self.air.host_says(self._answers.pop(0)[1], now_s)
        self._take()

    def _take(self) -> None:
        for said in self.air.to_host():
            self.said += said.octets
            self.bauds.append(said.baud)
            for value in self._reader.feed(said.octets):
                self.heard.append((self.now_s, value))
                if isinstance(value, BlockWanted) and value.data_ver in self.payloads:
                    payload = self.payloads[value.data_ver]
                    block = payload[value.block_id * BLOCK_OCTETS : (value.block_id + 1) * BLOCK_OCTETS]
                    self._answers.append((self.now_s + self.answer_s, b">D>" + pack_block(block)))

    def say(self, octets: bytes) -> None:
        self.air.host_says(octets, self.now_s)

    def ask(self, octets: bytes) -> Word:
        """Say it, and wait for the next word."""
        before = len(self.words)
        self.say(octets)
        until_s = self.now_s + ANSWER_WITHIN_S
        while len(self.words) == before:
            wake_s = self.air.wake_at()
            assert wake_s is not None, "the module is off"
            assert wake_s <= until_s, f"no answer to {octets[:4]!r}"
            self._live(wake_s)
        return self.words[before]

    def radio(self, frame: FromTag) -> ToTag | None:
        """A frame that reaches the module now; what it is answered."""
        self.air.advance(self.now_s)
        answer = self.module.hear(frame, self.now_s)
        self._take()
        return answer

    def tune(self, channel: int = 25) -> None:
        sub_ghz = self.module.build.sub_ghz
        octets = pack(ChannelPower(channel, 10, 0))
        assert self.ask(b"SCP>" + (octets if sub_ghz else octets[:3])) is Word.ACK

    def offer(
        self,
        tag_id: TagId,
        payload: bytes = b"",
        data_type: int = DataType.RAW_ONE_PLANE,
        *,
        argument: int = 0,
        next_check_in: int = 0,
        minutes: int = 60,
    ) -> Word:
        data_ver = data_ver_of(payload) if payload else bytes(8)
        if payload:
            self.payloads[data_ver] = payload
        pending = PendingData(data_ver, len(payload), data_type, argument, next_check_in, minutes, tag_id)
        return self.ask(b"SDA>" + pack(pending))

    def command(self, tag_id: TagId, order: int) -> Word:
        pending = PendingData(bytes(8), 0, DataType.COMMAND, order, 0, 60, tag_id)
        return self.ask(b"SDA>" + pack(pending))

    def hears(self, kind: type[FromModule], tag_id: TagId | None = None) -> list[float]:
        """When the module said such a thing, of this tag or of any."""
        return [
            at
            for at, value in self.heard
            if isinstance(value, kind) and (tag_id is None or getattr(value, "tag_id", None) == tag_id)
        ]

    @property
    def words(self) -> list[Word]:
        return [value for _, value in self.heard if isinstance(value, Word)]

    @property
    def check_ins(self) -> list[CheckIn]:
        return [value for _, value in self.heard if isinstance(value, CheckIn)]

    @property
    def blocks_wanted(self) -> list[BlockWanted]:
        return [value for _, value in self.heard if isinstance(value, BlockWanted)]

    @property
    def completed(self) -> list[TagId]:
        return [value.tag_id for _, value in self.heard if isinstance(value, TransferComplete)]

    def run_until_completed(self, count: int, within_s: float) -> None:
        """Until so many transfers are told to be complete, in all."""
        end_s = self.now_s + within_s
        while len(self.completed) < count:
            wakes = [self.air.wake_at(), *(at for at, _ in self._answers)]
            at_s = min(at for at in wakes if at is not None)
            assert at_s <= end_s, f"{len(self.completed)} transfers complete instead of {count}"
            self._live(max(at_s, self.now_s))


class BenchMaker:
    def __call__(self, *tags: OeplTag, build: ModuleBuild = C6, boot: bool = True) -> Bench:
        module = VirtualModule(build)
        bench = Bench(module, Air(module, tags))
        module.restart(0.0)
        if boot:
            bench.run(BOOT_S)
            bench.heard.clear()
            bench.said.clear()
        return bench

    def with_tags(self, tags: Sequence[OeplTag], *, build: ModuleBuild = C6) -> Bench:
        """Tuned, and each tag switched on: the first checks in soon, each other a fifth of a second later."""
        bench = self(*tags, build=build)
        bench.tune()
        for place, tag in enumerate(tags):
            tag.switch_on(bench.now_s + 0.2 * place)
        return bench


@pytest.fixture
def bench() -> BenchMaker:
    return BenchMaker()
