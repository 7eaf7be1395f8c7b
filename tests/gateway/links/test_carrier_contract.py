"""One contract for every real carrier: nats-server from its wheel, Debian's mosquitto, a pty."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from bridge_ends import BRIDGE, BridgeEnd, carrier_and_bridge

from gateway.links import BridgeClosed, BridgeOpened, Carrier, CarrierEvent, PayloadArrived

BROKERS = [
    "nats-server",
    "nats-server over TLS",
    pytest.param("mosquitto", marks=pytest.mark.mosquitto),
    pytest.param("mosquitto over TLS", marks=pytest.mark.mosquitto),  # each with its own login and rights
]
KINDS = [*BROKERS, "pty"]
Story = Callable[[Carrier, BridgeEnd, AsyncIterator[CarrierEvent]], Awaitable[None]]


def tell(kind: str, folder: Path, story: Story) -> None:
    async def run() -> None:
        async with asyncio.timeout(30), carrier_and_bridge(kind, folder) as (carrier, bridge):
            await carrier.start()
            try:
                await story(carrier, bridge, carrier.events())
            finally:
                await carrier.stop()

    asyncio.run(run())


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_bridge_says_arrives_whole_and_in_order(kind: str, tmp_path: Path) -> None:
    payloads = [bytes([number]) * (number * 4_000 + 1) for number in range(8)]

    async def story(_: Carrier, bridge: BridgeEnd, events: AsyncIterator[CarrierEvent]) -> None:
        await bridge.connect()
        assert await anext(events) == BridgeOpened(BRIDGE)
        for payload in payloads:
            await bridge.say(payload)
        for payload in payloads:
            assert await anext(events) == PayloadArrived(BRIDGE, payload)
        await bridge.break_off()

    tell(kind, tmp_path, story)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_sent_to_an_open_bridge_reaches_it(kind: str, tmp_path: Path) -> None:
    async def story(carrier: Carrier, bridge: BridgeEnd, events: AsyncIterator[CarrierEvent]) -> None:
        await bridge.connect()
        assert await anext(events) == BridgeOpened(BRIDGE)
        await carrier.send(BRIDGE, b"\x00" * 32_768)
        await carrier.send(BRIDGE, b"small")
        assert [await bridge.hear(), await bridge.hear()] == [b"\x00" * 32_768, b"small"]
        await bridge.break_off()

    tell(kind, tmp_path, story)


@pytest.mark.parametrize("kind", KINDS)
def test_a_bridge_that_breaks_off_is_closed_and_opened_when_it_is_back(kind: str, tmp_path: Path) -> None:
    async def story(carrier: Carrier, bridge: BridgeEnd, events: AsyncIterator[CarrierEvent]) -> None:
        await bridge.connect()
        assert await anext(events) == BridgeOpened(BRIDGE)
        await bridge.break_off()
        assert await anext(events) == BridgeClosed(BRIDGE)
        await bridge.connect()
        assert await anext(events) == BridgeOpened(BRIDGE)
        await bridge.say(b"here again")
        assert await anext(events) == PayloadArrived(BRIDGE, b"here again")
        await carrier.send(BRIDGE, b"welcome back")
        assert await bridge.hear() == b"welcome back"
        await bridge.break_off()

    tell(kind, tmp_path, story)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_sent_to_nobody_is_lost_and_costs_nothing(kind: str, tmp_path: Path) -> None:
    async def story(carrier: Carrier, bridge: BridgeEnd, events: AsyncIterator[CarrierEvent]) -> None:
        await carrier.send("shop/nobody", b"lost")
        await bridge.connect()
        assert await anext(events) == BridgeOpened(BRIDGE)
        await carrier.send(BRIDGE, b"found")
        assert await bridge.hear() == b"found"
        await bridge.break_off()

    tell(kind, tmp_path, story)


@pytest.mark.parametrize("kind", KINDS)
def test_a_carrier_that_stops_ends_its_events(kind: str, tmp_path: Path) -> None:
    async def run() -> list[CarrierEvent]:
        async with asyncio.timeout(30), carrier_and_bridge(kind, tmp_path) as (carrier, _):
            await carrier.start()
            await carrier.stop()
            return [event async for event in carrier.events()]

    assert asyncio.run(run()) == []


@pytest.mark.parametrize("kind", BROKERS)
def test_a_connection_under_a_bridges_name_takes_over_from_the_one_before(kind: str, tmp_path: Path) -> None:
    """As after a crash of the bridge that the broker has not noticed: the last will of the old one comes late."""

    async def story(carrier: Carrier, bridge: BridgeEnd, events: AsyncIterator[CarrierEvent]) -> None:
        await bridge.connect()
        assert await anext(events) == BridgeOpened(BRIDGE)
        await bridge.connect()
        assert await anext(events) == BridgeClosed(BRIDGE)
        assert await anext(events) == BridgeOpened(BRIDGE)
        await bridge.say(b"it is me")
        assert await anext(events) == PayloadArrived(BRIDGE, b"it is me")
        await carrier.send(BRIDGE, b"to the new one")
        assert await bridge.hear() == b"to the new one"
        await bridge.break_off()
        assert await anext(events) == BridgeClosed(BRIDGE)

    tell(kind, tmp_path, story)
