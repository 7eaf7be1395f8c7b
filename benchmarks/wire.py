"""What the wire carries: messages coded and sealed, frames over a pty, tags an hour over each link, beside its limit.

    python -m benchmarks.wire [--seconds 6] [--tags 1200] [--list FILE] [--json]

Codecs and seals: one core, one message at a time. Serial links: the gateway's own carrier at one end of a pty, the
virtual bridge's at the other, whose line takes ten bits an octet and whose USB its latency; each tag gets a manifest
and the parts of a label, and answers by reports, both ways at once. The limit is the line alone: baud / 10 octets a
second of messages, nothing deducted for frames, acknowledgements, payload heads. `pty`: the same at the fastest speed
that a pty can be set to, for what both ends can do. Radio: the whole gateway and a fleet on virtual time, all prices
changed at once for more tags than one bridge can serve in a contact interval; the limit is a bridge that is on the air
without a pause. `price_change_bytes_of_deflated`: `benchmarks.content` over the price list, 2.9 inch with red.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import structlog

from benchmarks.content import measure as measure_content
from benchmarks.content import rows_of, share_of_deflated
from firmware_protocol import PANELS, Action, Codec, Manifest, Report, ReportState, TagId
from firmware_protocol.keys import SessionKeys
from firmware_protocol.link import DownMessage, UpMessage, pack_payloads, unpack_down_payload, unpack_up_payload
from firmware_protocol.link.frames import DataFlags, Frame, FrameReader, FrameType
from firmware_protocol.link.limits import BASE_BAUD, OFFERED_BAUDS, SERIAL_DATA_OCTETS_MAX
from firmware_protocol.link.messages import FromTag, FromTagKind, Parts, ToTag, ToTagKind, pack_message
from firmware_protocol.sealing import open_manifest, open_report, seal_manifest, seal_report
from gateway.links import BridgeOpened, PayloadArrived, SerialCarrier
from gateway.ports import SystemClock as GatewayClock
from gateway.ports import SystemSecrets
from simulator.carriers import FaultyUplink, LinkPaths
from simulator.chance import generator
from simulator.clock import SystemClock, VirtualClock
from simulator.fleet import FleetPlan
from simulator.mix import Mix
from simulator.schedule import Scheduler
from simulator.serial_carrier import SerialBridgeCarrier
from simulator.virtual_time import run
from simulator.world import World

BRIDGE = "shop/bridge"
LABEL_PANEL = PANELS["2.9-bwr"]
LABEL_OCTETS = 1_120  # of the coded picture of a label, as `simulator/limits.py` has it measured
TAGS_A_PAYLOAD = 4
PAYLOADS_WAITING = 4  # so much is always there to be sent, as in the sale of a shop
SETTLE_S = 0.5  # for ends to meet and find their speed
CODED_MESSAGES = 20_000
BAUDS = (BASE_BAUD, *reversed(OFFERED_BAUDS))
PTY_BAUD = 4_000_000
RADIO_CONTACT_S = 20.0
ROWS_A_REQUEST = 500
START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
KEYS = SessionKeys(bytes(16), bytes(8), bytes(range(16)), bytes(range(8)))
MANIFEST = Manifest(0, Action.SHOW, Codec.DEFLATE, 7, bytes(16), bytes(8), bytes(8), LABEL_OCTETS, 0, bytes(16))


def down_for(number: int, chance: Random) -> list[DownMessage]:
    """What goes down to one tag whose price changes."""
    tag_id, encoding_id = TagId(number.to_bytes(8, "big")), number.to_bytes(8, "big")
    manifest = ToTag(tag_id, ToTagKind.MANIFEST, 0, 2400, chance.randbytes(77))
    return [Parts(encoding_id, LABEL_OCTETS, 0, chance.randbytes(LABEL_OCTETS)), manifest]


def up_for(number: int, chance: Random) -> list[UpMessage]:
    """What comes up from it: that it waits for parts, and that it shows the picture."""
    tag_id = TagId(number.to_bytes(8, "big"))
    return [FromTag(tag_id, FromTagKind.REPORT, -60, chance.randbytes(30)) for _ in range(2)]


def per_second(count: int, work: Callable[[], object]) -> int:
    """`work` does `count` things."""
    began = time.perf_counter()
    work()
    return round(count / (time.perf_counter() - began))


def codecs() -> dict[str, int]:
    chance = Random(1)
    count = CODED_MESSAGES
    messages = [message for number in range(count // 2) for message in down_for(number, chance)]
    payloads = pack_payloads(messages, 0)
    reports = [message for number in range(count // 2) for message in up_for(number, chance)]
    up = pack_payloads(reports, 0)
    report = Report(0, 0, 7, bytes(4), 1, ReportState.SHOWN, 4, 20, 3000)
    sealed, said = seal_manifest(KEYS, 5, MANIFEST), seal_report(KEYS, 5, report)
    frame = Frame(FrameType.DATA, 1, 2, 3, int(DataFlags.MIDDLE), chance.randbytes(SERIAL_DATA_OCTETS_MAX))
    line = frame.pack() * count
    few = range(count // 4)
    return {
        "down_messages_encoded_per_second": per_second(count, lambda: pack_payloads(messages, 0)),
        "down_messages_decoded_per_second": per_second(count, lambda: [*map(unpack_down_payload, payloads)]),
        "up_messages_decoded_per_second": per_second(count, lambda: [*map(unpack_up_payload, up)]),
        "manifests_sealed_per_second": per_second(len(few), lambda: [seal_manifest(KEYS, 5, MANIFEST) for _ in few]),
        "manifests_opened_per_second": per_second(len(few), lambda: [open_manifest(KEYS, sealed) for _ in few]),
        "reports_sealed_per_second": per_second(len(few), lambda: [seal_report(KEYS, 5, report) for _ in few]),
        "reports_opened_per_second": per_second(len(few), lambda: [open_report(KEYS, said) for _ in few]),
        "frames_encoded_per_second": per_second(count, lambda: [frame.pack() for _ in range(count)]),
        "frames_decoded_per_second": per_second(count, lambda: FrameReader().feed(line)),
    }


@dataclass(slots=True)
class FarEnd:
    """Stands where the bridge would: answers for each tag, and counts what has come down and when."""

    name: str = "bridge"
    powered: bool = True
    arrived: list[float] = field(default_factory=list)
    octets: list[int] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)
    _uplink: FaultyUplink | None = None
    _answers: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        chance = Random(3)
        self._answers = pack_payloads([one for number in range(TAGS_A_PAYLOAD) for one in up_for(number, chance)], 1)

    def link_opened(self, uplink: FaultyUplink) -> None:
        self._uplink = uplink

    def link_received(self, octets: bytes) -> None:
        self.arrived.append(asyncio.get_running_loop().time())
        self.octets.append(len(octets))
        for answer in self._answers:
            if self._uplink is not None:
                self._uplink.send(answer, hello=False)
        self.came.set()

    def link_closed(self) -> None:
        self._uplink = None


async def over_line(baud: int, seconds: float, folder: Path) -> dict[str, float]:
    """Tags an hour of one serial link at its speed, as long as there is something to send."""
    scheduler, far = Scheduler(SystemClock()), FarEnd()
    path = folder / f"line-{baud}"
    is_offered = baud in OFFERED_BAUDS
    bridge = SerialBridgeCarrier(
        far,
        LinkPaths.of("bridge", 1),
        scheduler,
        generator(1, "line"),
        path,
        baud=BASE_BAUD if is_offered else baud,
        takes=(baud,) if is_offered else (),
    )
    bridge.open()
    carrier = SerialCarrier(clock=GatewayClock(), random=Random(1), secrets=SystemSecrets())
    await carrier.open_port(BRIDGE, f"{path}@{baud}" if baud == PTY_BAUD else str(path))
    await carrier.start()
    events = carrier.events()
    if await anext(events) != BridgeOpened(BRIDGE):
        raise RuntimeError("the line was not opened")
    answered = 0

    async def listen() -> None:
        nonlocal answered
        async for event in events:
            answered += isinstance(event, PayloadArrived) and len(unpack_up_payload(event.payload).messages)

    listener = asyncio.create_task(listen())
    chance = Random(2)
    messages = [one for number in range(TAGS_A_PAYLOAD) for one in down_for(number, chance)]
    message_octets = sum(len(pack_message(one)) for one in messages)
    (payload,) = pack_payloads(messages, 0)
    await asyncio.sleep(SETTLE_S)
    began, cpu = asyncio.get_running_loop().time(), time.process_time()
    sent = 0
    while asyncio.get_running_loop().time() < began + seconds:
        while sent < len(far.arrived) + PAYLOADS_WAITING:
            await carrier.send(BRIDGE, payload)
            sent += 1
        far.came.clear()
        await far.came.wait()
    cpu = time.process_time() - cpu
    reached = carrier.baud(BRIDGE)
    frames, repeated = carrier.frames_sent, carrier.frames_repeated
    await carrier.stop()
    await listener
    bridge.close()
    scheduler.stop()
    if reached != baud:
        raise RuntimeError(f"the line is at {reached} baud, not at {baud}")
    took_s = far.arrived[-1] - far.arrived[0]
    tags = (len(far.arrived) - 1) * TAGS_A_PAYLOAD
    limit = baud / 10 / (message_octets / TAGS_A_PAYLOAD) * 3600
    return {
        "tags_per_hour": round(tags / took_s * 3600),
        "limit_tags_per_hour": round(limit),
        "of_limit": round(tags / took_s * 3600 / limit, 4),
        "frames_per_second": round(frames / (far.arrived[-1] - began)),
        "frames_repeated": repeated,
        "reports_heard": answered,
        "cpu_share": round(cpu / seconds, 3),
    }


async def over_radio(clock: VirtualClock, folder: Path, tags: int) -> dict[str, float]:
    """Tags an hour of one bridge by the poll profile, when all prices change at once."""
    plan = FleetPlan(seed=1, tags=tags, bridges=1, mix=Mix.parse("2.13-bw"), contact_s=RADIO_CONTACT_S)
    async with World.open(clock, folder, plan) as world:

        async def price_all(price: str) -> None:
            rows = [{"barcode": f"SKU-{one}", "name": f"Proizvod {one}", "price": price} for one in range(tags)]
            for start in range(0, tags, ROWS_A_REQUEST):
                (await world.add(*rows[start : start + ROWS_A_REQUEST])).raise_for_status()

        await price_all("1.39")
        await world.bind_all()
        await world.run_until_quiet(7200)
        await clock.sleep(10 * RADIO_CONTACT_S)
        (bridge,) = world.fleet.bridges.values()
        before_us = bridge.airtime_us
        await clock.sleep(10 * RADIO_CONTACT_S)
        idle_us = (bridge.airtime_us - before_us) / (10 * RADIO_CONTACT_S)  # a second, of tags that only say they live
        before_us, began = bridge.airtime_us, clock.monotonic_s()
        await price_all("1.49")
        await world.run_until_quiet(7200)
        took_s = clock.monotonic_s() - began
        airtime_us = bridge.airtime_us - before_us - idle_us * took_s
        limit = 3600e6 / (airtime_us / tags)
        return {
            "tags_per_hour": round(tags / took_s * 3600),
            "limit_tags_per_hour": round(limit),
            "of_limit": round(tags / took_s * 3600 / limit, 4),
            "airtime_ms_a_tag": round(airtime_us / tags / 1000, 2),
            "airtime_share": round((bridge.airtime_us - before_us) / 1e6 / took_s, 4),
        }


def measure(seconds: float, tags: int, price_list: Path | None) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        lines = {str(baud): asyncio.run(over_line(baud, seconds, Path(folder))) for baud in BAUDS}
        pty = asyncio.run(over_line(PTY_BAUD, seconds, Path(folder)))
        radio = {"poll": run(lambda clock: over_radio(clock, Path(folder) / "shop", tags), start_utc=START)}
    changes, _, _ = measure_content(LABEL_PANEL, rows_of(price_list, 300))
    return {
        **codecs(),
        "links": lines,
        "pty": {str(PTY_BAUD): pty},
        "radio": radio,
        "worst_link_of_limit": min(line["of_limit"] for line in lines.values()),
        "worst_radio_of_limit": min(one["of_limit"] for one in radio.values()),
        "price_change_bytes_of_deflated": round(share_of_deflated(changes), 4),
        "cpus": os.cpu_count(),
        "load": os.getloadavg()[0],
        "python": sys.version.split()[0],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=6.0, help="for each speed of a line")
    parser.add_argument("--tags", type=int, default=1200, help="of the bridge whose radio is measured")
    parser.add_argument(
        "--list", type=Path, metavar="FILE", help="a price list, CSV or JSON; without one made products"
    )
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    told = measure(chosen.seconds, chosen.tags, chosen.list)
    if chosen.json:
        print(json.dumps(told))
        return
    for name, figure in told.items():
        if not isinstance(figure, dict):
            print(f"{name:36} {figure}")
            continue
        for kind, one in figure.items():
            print(f"{name} {kind:>8}  " + "  ".join(f"{word} {number:,}" for word, number in one.items()))


if __name__ == "__main__":
    main()
