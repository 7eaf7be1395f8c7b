"""The bridge's end of the real carriers, against the gateway's own ends: a broker from its wheel, and a pty."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest
from self_signed import self_signed

from firmware_protocol import ReportState
from firmware_protocol.link.limits import OFFERED_BAUDS
from firmware_protocol.link.messages import Hello
from gateway.app.broker import EmbeddedBroker
from gateway.app.broker_config import Listener, bridge_login
from gateway.links import BrokerAddress, Carrier, MqttCarrier, PayloadArrived, SerialCarrier
from gateway.ports import SystemClock as GatewayClock
from gateway.ports import SystemSecrets
from simulator import serial_carrier
from simulator.chance import generator
from simulator.clock import SystemClock
from simulator.faults import FaultRates
from simulator.fleet import Fleet, FleetPlan
from simulator.mix import Mix
from simulator.mqtt_carrier import BrokerEnd, MqttBridgeCarrier
from simulator.schedule import Scheduler
from simulator.serial_carrier import SerialBridgeCarrier

STORE, BRIDGE, PASSWORD = "shop", "bridge-1", "let-me-in"
PATIENCE_S = 20.0
# Half a second between contacts, and refreshes of 30 ms.
PLAN = FleetPlan(tags=6, speed=60, contact_s=30, mix=Mix.parse("2.13-bw"))


@dataclass
class Ends:
    """`unplug`, `replug`: the bridge's cable."""

    fleet: Fleet
    carrier: Carrier
    unplug: Callable[[], None]
    replug: Callable[[], None]


@asynccontextmanager
async def over_mqtt(fleet: Fleet, folder: Path, *files: Path) -> AsyncIterator[Ends]:
    """`files`: certificate and key, for TLS."""
    broker = EmbeddedBroker(folder, Listener("127.0.0.1", 0, *files), own_password="own", clock=GatewayClock())
    await broker.start([bridge_login(f"{STORE}/{BRIDGE}", PASSWORD)])
    try:
        end = BrokerEnd.of(broker.address.url, f"{STORE}/{BRIDGE}", PASSWORD, broker.address.certificate)
        chance = generator(1, "mqtt")
        bridge, paths = fleet.bridges[BRIDGE], fleet.paths[BRIDGE]
        ours = MqttBridgeCarrier(STORE, bridge, paths, fleet.scheduler, chance, lambda: end)
        carrier = MqttCarrier(lambda: broker.address, clock=GatewayClock(), random=Random(1))
        task = asyncio.create_task(ours.serve())
        yield Ends(fleet, carrier, ours.unplug, ours.replug)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    finally:
        await broker.stop()


@asynccontextmanager
async def over_serial(
    fleet: Fleet, folder: Path, *, takes: Sequence[int] = OFFERED_BAUDS, path_ends: str = ""
) -> AsyncIterator[Ends]:
    link = folder / "serial" / BRIDGE
    ours = SerialBridgeCarrier(
        fleet.bridges[BRIDGE], fleet.paths[BRIDGE], fleet.scheduler, generator(1, "serial"), link, takes=takes
    )
    ours.open()
    carrier = SerialCarrier(clock=GatewayClock(), random=Random(1), secrets=SystemSecrets())
    await carrier.open_port(f"{STORE}/{BRIDGE}", f"{link}{path_ends}")
    yield Ends(fleet, carrier, ours.close, ours.open)
    ours.close()
    assert not link.is_symlink()


CARRIERS: dict[str, Callable[..., AbstractAsyncContextManager[Ends]]] = {
    "mqtt": over_mqtt,
    "mqtt over TLS": lambda fleet, folder: over_mqtt(fleet, folder, *self_signed(folder, "shop.example")),
    "serial": over_serial,
}


@asynccontextmanager
async def shop_over(
    kind: str, plan: FleetPlan, folder: Path, scripted_gateway: Any, **line: Any
) -> AsyncIterator[tuple[Ends, Any]]:
    """A fleet on a real carrier, and a scripted gateway at the other end of it."""
    fleet = Fleet(plan, Scheduler(SystemClock()))
    async with CARRIERS[kind](fleet, folder, **line) as ends:
        sending: set[asyncio.Task[None]] = set()

        def send(bridge_id: str, payload: bytes) -> None:
            task = asyncio.create_task(ends.carrier.send(bridge_id, payload))
            sending.add(task)
            task.add_done_callback(sending.discard)

        gateway = scripted_gateway(send)
        gateway.codes = {box.tag_id: box.code for box in fleet.box_list()}

        async def serve() -> None:
            async for event in ends.carrier.events():
                if isinstance(event, PayloadArrived):
                    gateway.received(event.bridge_id, event.payload)

        server = asyncio.create_task(serve())
        await ends.carrier.start()
        fleet.switch_on()
        try:
            yield ends, gateway
        finally:
            fleet.scheduler.stop()
            await ends.carrier.stop()
            await server


async def until(gateway: Any, happened: Callable[[], bool]) -> None:
    """Looked at whenever the gateway has heard something."""
    async with asyncio.timeout(PATIENCE_S):
        while not happened():
            gateway.moved.clear()
            await gateway.moved.wait()


def show_all(gateway: Any, fleet: Fleet, revision: int, seed: int) -> Callable[[], bool]:
    """Offer each tag a picture; the answer says whether all are proved."""
    for tag in fleet.tags.values():
        panel = tag.panels[0]
        gateway.show(tag.tag_id, panel, revision, (generator(seed, "x").randbytes(panel.plane_octets),))

    def proved() -> bool:
        newest = [gateway.newest(tag_id) for tag_id in fleet.tags]
        return all(report.state is ReportState.SHOWN and report.revision == revision for report in newest)

    return proved


@pytest.mark.parametrize("kind", CARRIERS)
def test_pictures_and_proofs_cross_and_an_unplugged_bridge_comes_back(
    kind: str, tmp_path: Path, scripted_gateway: Any
) -> None:
    async def story() -> None:
        async with shop_over(kind, PLAN, tmp_path, scripted_gateway) as (ends, gateway):
            await until(gateway, lambda: all(gateway.newest(tag_id) for tag_id in ends.fleet.tags))
            await until(gateway, show_all(gateway, ends.fleet, 1, seed=1))
            hellos = len(gateway.of_kind(Hello))
            ends.unplug()
            ends.replug()
            await until(gateway, lambda: len(gateway.of_kind(Hello)) > hellos)
            await until(gateway, show_all(gateway, ends.fleet, 2, seed=2))
            assert all(tag.glasses[0].refreshes == 2 for tag in ends.fleet.tags.values())

    asyncio.run(story())


def test_a_line_that_spoils_a_fifth_of_its_frames_carries_everything(tmp_path: Path, scripted_gateway: Any) -> None:
    rates = FaultRates(loss=0.05, duplication=0.05, reordering=0.05, corruption=0.05)
    plan = FleetPlan(tags=6, speed=60, contact_s=30, mix=PLAN.mix, link_rates=rates)

    async def story() -> None:
        async with shop_over("serial", plan, tmp_path, scripted_gateway) as (ends, gateway):
            await until(gateway, lambda: all(gateway.newest(tag_id) for tag_id in ends.fleet.tags))
            await until(gateway, show_all(gateway, ends.fleet, 1, seed=1))
            assert ends.fleet.bridges[BRIDGE].bad_payloads == gateway.counts["bad"] == 0
            assert all(sum(counts.values()) > counts["passed"] for counts in ends.fleet.link_counts().values())

    asyncio.run(story())


@pytest.mark.parametrize(
    ("path_ends", "takes", "baud"),
    [("", OFFERED_BAUDS, 2_000_000), ("", (460_800,), 460_800), ("", (), 115_200), ("@115200", OFFERED_BAUDS, 115_200)],
)
def test_port_and_bridge_go_to_the_fastest_speed_that_both_may(
    path_ends: str, takes: tuple[int, ...], baud: int, tmp_path: Path, scripted_gateway: Any
) -> None:
    async def story() -> None:
        async with shop_over("serial", PLAN, tmp_path, scripted_gateway, takes=takes, path_ends=path_ends) as (
            ends,
            gateway,
        ):
            await until(gateway, lambda: all(gateway.newest(tag_id) for tag_id in ends.fleet.tags))
            await until(gateway, show_all(gateway, ends.fleet, 1, seed=1))
            assert isinstance(ends.carrier, SerialCarrier)
            assert ends.carrier.baud(f"{STORE}/{BRIDGE}") == baud
            assert ends.carrier.frames_repeated < ends.carrier.frames_sent / 10  # none, but on a machine that stalls
            ends.unplug()
            ends.replug()
            await until(gateway, lambda: len(gateway.of_kind(Hello)) == 2)
            await until(gateway, show_all(gateway, ends.fleet, 2, seed=2))
            assert ends.carrier.baud(f"{STORE}/{BRIDGE}") == baud

    asyncio.run(story())


def test_a_line_on_which_nobody_spoke_for_a_while_is_the_same_line_afterwards(
    tmp_path: Path, scripted_gateway: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Silence counts from the first frame that waits for an answer, not from the last one that was heard."""
    monkeypatch.setattr(serial_carrier, "SILENT_S", 0.5)
    plan = FleetPlan(tags=1, speed=1, contact_s=1.5, mix=PLAN.mix)

    async def story() -> None:
        async with shop_over("serial", plan, tmp_path, scripted_gateway) as (ends, gateway):
            await until(gateway, lambda: all(gateway.newest(tag_id) for tag_id in ends.fleet.tags))
            await until(gateway, show_all(gateway, ends.fleet, 1, seed=1))
            assert len(gateway.of_kind(Hello)) == 1

    asyncio.run(story())


def test_an_address_that_is_no_broker_is_refused() -> None:
    assert BrokerEnd.of("mqtts://shop%2Fa:pw@host") == BrokerEnd("host", 8883, True, "shop/a", "pw")
    assert BrokerAddress.parse("mqtt://127.0.0.1:1").port == BrokerEnd.of("mqtt://127.0.0.1:1").port
    with pytest.raises(ValueError, match="mqtt://HOST:PORT"):
        BrokerEnd.of("http://127.0.0.1:1883")
