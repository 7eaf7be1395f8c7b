import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

import aiomqtt
from bridge_ends import BRIDGE, FixedRandom, MqttBridge, embedded_broker, free_port, login_of

from gateway.links import BridgeClosed, BridgeOpened, BrokerAddress, CarrierEvent, MqttCarrier, PayloadArrived
from gateway.ports import SystemClock


def carrier_at(address: Callable[[], BrokerAddress]) -> MqttCarrier:
    return MqttCarrier(address, clock=SystemClock(), random=FixedRandom())


def heard(carrier: MqttCarrier, *messages: tuple[str, bytes]) -> list[CarrierEvent]:
    """What the carrier makes of these messages, in the order in which a broker delivers them."""
    for topic, payload in messages:
        carrier._arrived(topic, payload)
    carrier._events.end()

    async def read() -> list[CarrierEvent]:
        return [event async for event in carrier.events()]

    return asyncio.run(read())


PRESENCE, UP = "esl/shop/bridge/door/presence", "esl/shop/bridge/door/up"


def offline_carrier() -> MqttCarrier:
    return carrier_at(lambda: BrokerAddress("127.0.0.1", 1))


def test_a_topic_that_matches_no_bridge_is_counted_and_not_read() -> None:
    carrier = offline_carrier()
    foreign = ["esl/shop/bridge/DOOR/up", "esl/shop/bridge/door/down", "esl/a/b/bridge/door/up", "esl/shop/sync"]
    assert heard(carrier, *[(topic, b"x") for topic in foreign]) == []
    assert carrier.foreign_topics == 4


def test_a_payload_above_32_kilobytes_is_counted_and_not_read() -> None:
    carrier = offline_carrier()
    assert heard(carrier, (UP, b"x" * 32_769)) == []
    assert carrier.oversized == 1


def test_a_last_will_that_comes_late_does_not_close_the_connection_that_came_after_it() -> None:
    events = heard(offline_carrier(), (PRESENCE, b"online a"), (PRESENCE, b"online b"), (PRESENCE, b"offline a"))
    assert events == [BridgeOpened(BRIDGE), BridgeClosed(BRIDGE), BridgeOpened(BRIDGE)]


def test_traffic_opens_a_bridge_and_its_presence_does_not_open_it_again() -> None:
    events = heard(offline_carrier(), (UP, b"hello"), (PRESENCE, b"online a"), (PRESENCE, b"offline a"))
    assert events == [BridgeOpened(BRIDGE), PayloadArrived(BRIDGE, b"hello"), BridgeClosed(BRIDGE)]


def test_a_presence_without_a_word_is_understood() -> None:
    assert heard(offline_carrier(), (PRESENCE, b"online"), (PRESENCE, b"")) == [
        BridgeOpened(BRIDGE),
        BridgeClosed(BRIDGE),
    ]


def test_a_broker_that_dies_closes_every_bridge_and_both_come_back_without_anybodys_help(tmp_path: Path) -> None:
    async def story() -> None:
        async with asyncio.timeout(30), embedded_broker(tmp_path) as broker:
            carrier = carrier_at(lambda: broker.address)
            await carrier.start()
            events = carrier.events()
            bridge = MqttBridge(login_of(broker))
            await bridge.connect()
            assert await anext(events) == BridgeOpened(BRIDGE)
            assert broker.process_id is not None
            os.kill(broker.process_id, signal.SIGKILL)
            assert await anext(events) == BridgeClosed(BRIDGE)
            await carrier.send(BRIDGE, b"lost")
            assert carrier.lost == 1
            while True:
                try:
                    await bridge.connect()
                    break
                except aiomqtt.MqttError:
                    await asyncio.sleep(0.05)
            assert await anext(events) == BridgeOpened(BRIDGE)
            await carrier.stop()
            await bridge.break_off()

    asyncio.run(story())


def test_a_carrier_waits_for_a_broker_that_is_not_there_yet(tmp_path: Path) -> None:
    async def story() -> None:
        addresses = [BrokerAddress("127.0.0.1", free_port())]
        async with asyncio.timeout(30):
            carrier = carrier_at(lambda: addresses[-1])
            await carrier.start()
            await asyncio.sleep(0.1)
            assert not carrier.connected
            async with embedded_broker(tmp_path) as broker:
                addresses.append(broker.address)  # another port: it is asked anew before each try
                bridge = MqttBridge(login_of(broker))
                await bridge.connect()
                assert await anext(carrier.events()) == BridgeOpened(BRIDGE)
                await bridge.break_off()
                await carrier.stop()

    asyncio.run(story())
