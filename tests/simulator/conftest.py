"""A gateway of two hundred lines for the tests of tags and bridges: it knows the codecs, and nothing else."""

import asyncio
import sys
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest

from firmware_protocol import Codec, Encoding, FactoryCode, FieldError, Manifest, Panel, Report, TagId, encode
from firmware_protocol.commissioning import JoinAnswer, JoinRequest
from firmware_protocol.content import content_id
from firmware_protocol.errors import SealBroken
from firmware_protocol.keys import SessionKeys, derive_share, join_key, owner_key, session_keys
from firmware_protocol.link import DownMessage, UpMessage, pack_payloads, unpack_up_payload
from firmware_protocol.link.messages import (
    Associate,
    FromTag,
    FromTagKind,
    Hello,
    Parts,
    PartsWanted,
    Status,
    TagSeen,
    ToTag,
    ToTagKind,
    Welcome,
)
from firmware_protocol.sealing import open_report, seal_manifest
from simulator.carriers import OWN_KINDS, BridgeClosed, BridgeOpened, DirectCarrier, GatewayEnd, PayloadArrived
from simulator.clock import VirtualClock
from simulator.fleet import Fleet, FleetPlan
from simulator.schedule import Scheduler
from simulator.tag import VirtualTag
from simulator.virtual_time import run

sys.path.insert(0, str(Path(__file__).parents[1] / "gateway" / "app"))  # for its certificates

SITE_SECRET = bytes(range(32))
RUN_ID = b"run-0001"
PIECE = 4096


@dataclass
class ScriptedGateway:
    """Welcomes bridges, commissions tags, answers for parts. `send` is the way to a bridge."""

    send: Callable[[str, bytes], None]
    codes: dict[TagId, FactoryCode] = field(default_factory=dict)
    heard: list[tuple[str, UpMessage]] = field(default_factory=list)
    reports: dict[tuple[TagId, int], list[Report]] = field(default_factory=dict)
    keys: dict[TagId, SessionKeys] = field(default_factory=dict)
    streams: dict[bytes, bytes] = field(default_factory=dict)
    bridge_of: dict[TagId, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    refuses_parts: bool = False
    moved: asyncio.Event = field(default_factory=asyncio.Event)  # something was heard
    _numbers: Counter[str] = field(default_factory=Counter)
    _counter: int = 1000
    _nonces: dict[bytes, bytes] = field(default_factory=dict)

    def received(self, bridge_id: str, payload: bytes) -> None:
        self.counts["payloads"] += 1
        try:
            messages = unpack_up_payload(payload).messages
        except FieldError:
            self.counts["bad"] += 1
            return
        for message in messages:
            self.heard.append((bridge_id, message))
            self._take(bridge_id, message)
        self.moved.set()

    def say(self, bridge_id: str, *messages: DownMessage) -> None:
        for payload in pack_payloads(messages, self._numbers[bridge_id]):
            self.send(bridge_id, payload)
        self._numbers[bridge_id] += len(messages)

    def show(self, tag_id: TagId, panel: Panel, revision: int, planes: Sequence[bytes], display: int = 0) -> Encoding:
        encoding = encode(planes, Codec.DEFLATE)
        self.streams[encoding.encoding_id] = encoding.stream
        self._counter += 1
        manifest = Manifest.showing(display, revision, content_id(panel, planes), encoding)
        sealed = seal_manifest(self.keys[tag_id], self._counter, manifest)
        self.say(self.bridge_of[tag_id], ToTag(tag_id, ToTagKind.MANIFEST, display, 3600, sealed))
        return encoding

    def newest(self, tag_id: TagId, display: int = 0) -> Report | None:
        reports = self.reports.get((tag_id, display))
        return reports[-1] if reports else None

    def of_kind(self, kind: type[UpMessage]) -> list[UpMessage]:
        return [message for _, message in self.heard if isinstance(message, kind)]

    def _take(self, bridge_id: str, message: UpMessage) -> None:
        match message:
            case Hello():
                self._numbers[bridge_id] = 0
                self.say(bridge_id, Welcome(message.boot_id, RUN_ID, 5_000_000))
            case TagSeen():
                if message.tag_id in self.codes:
                    self.bridge_of[message.tag_id] = bridge_id
                    self.say(bridge_id, Associate(message.tag_id, 1, 1))
            case FromTag(tag_id=tag_id, kind=FromTagKind.JOIN):
                self._commission(bridge_id, tag_id, message.octets)
            case FromTag(tag_id=tag_id, kind=FromTagKind.REPORT) if tag_id in self.keys:
                try:
                    _, report = open_report(self.keys[tag_id], message.octets)
                except SealBroken:
                    self.counts["sealed_otherwise"] += 1
                    return
                self.bridge_of[tag_id] = bridge_id
                self.reports.setdefault((tag_id, report.display), []).append(report)
            case PartsWanted() if not self.refuses_parts:
                self._give(bridge_id, message)
            case Status():
                self.counts["status"] += 1
            case _:
                pass

    def _commission(self, bridge_id: str, tag_id: TagId, octets: bytes) -> None:
        code = self.codes.get(tag_id)
        if code is None:
            return
        share = derive_share(SITE_SECRET, tag_id)
        request = JoinRequest.unpack(octets)
        for key in (join_key(code, tag_id), owner_key(code, share, tag_id)):
            try:
                request.check(key)
            except SealBroken:
                continue
            # A repeated request is answered with the same nonce, or tag and gateway end with different keys.
            nonce = self._nonces.setdefault(octets, len(self._nonces).to_bytes(8, "big"))
            self.keys[tag_id] = session_keys(code, share, tag_id, request.tag_nonce, nonce)
            self.bridge_of[tag_id] = bridge_id
            answer = JoinAnswer.seal(key, request, nonce, share)
            self.say(bridge_id, ToTag(tag_id, ToTagKind.JOIN_ANSWER, 0, 600, answer.pack()))
            return

    def _give(self, bridge_id: str, wanted: PartsWanted) -> None:
        stream = self.streams.get(wanted.encoding_id, b"")
        for span in wanted.ranges:
            for start in range(span.offset, min(span.offset + span.length, len(stream)), PIECE):
                octets = stream[start : min(start + PIECE, span.offset + span.length)]
                self.say(bridge_id, Parts(wanted.encoding_id, len(stream), start, octets))


async def _serve(gateway: ScriptedGateway, end: GatewayEnd[PayloadArrived | BridgeOpened | BridgeClosed]) -> None:
    async for event in end.events():
        if isinstance(event, PayloadArrived):
            gateway.received(event.bridge_id, event.payload)


@dataclass
class Shop:
    """A fleet and a scripted gateway on one clock."""

    clock: VirtualClock
    fleet: Fleet
    carrier: DirectCarrier[PayloadArrived | BridgeOpened | BridgeClosed]
    gateway: ScriptedGateway
    task: "asyncio.Task[None]"

    @property
    def tags(self) -> list[VirtualTag]:
        return list(self.fleet.tags.values())


async def open_shop(clock: VirtualClock, plan: FleetPlan) -> Shop:
    """Everything switched on; nothing has been said yet."""
    fleet = Fleet(plan, Scheduler(clock))
    carrier = DirectCarrier(fleet.scheduler, OWN_KINDS)
    end = carrier.gateway_end()
    gateway = ScriptedGateway(lambda bridge, payload: carrier.to_bridge(end, bridge, payload))
    gateway.codes = {box.tag_id: box.code for box in fleet.box_list()}
    for name, bridge in fleet.bridges.items():
        carrier.plug(name, bridge, fleet.paths[name])
    fleet.switch_on()
    task = asyncio.create_task(_serve(gateway, end))
    await end.start()
    return Shop(clock, fleet, carrier, gateway, task)


T = TypeVar("T")


@pytest.fixture
def scripted_gateway() -> type[ScriptedGateway]:
    return ScriptedGateway


@pytest.fixture
def in_shop() -> Callable[[FleetPlan, Callable[[Shop], Coroutine[None, None, T]]], T]:
    """Run a story in a shop of its own, on virtual time."""

    def story_of(plan: FleetPlan, story: Callable[[Shop], Coroutine[None, None, T]]) -> T:
        async def main(clock: VirtualClock) -> T:
            return await story(await open_shop(clock, plan))

        return run(main, start_utc=datetime(2026, 3, 2, 6, tzinfo=UTC))

    return story_of
