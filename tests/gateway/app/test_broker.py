import asyncio
import os
import signal
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiomqtt
import pytest

from gateway.app.broker import EmbeddedBroker
from gateway.app.broker_config import BrokerLogin, Listener, bridge_login
from gateway.app.errors import AddressNotOurs, CannotStart, PortInUse
from gateway.ports import SystemClock

DOOR, BACK = "shop/door", "shop/back"


def new_broker(folder: Path, port: int = 0, **options: Path) -> EmbeddedBroker:
    return EmbeddedBroker(
        folder / "broker", Listener("127.0.0.1", port), own_password="own", clock=SystemClock(), **options
    )


def tell(folder: Path, story: Callable[[EmbeddedBroker], Awaitable[None]], *logins: BrokerLogin) -> None:
    async def run() -> None:
        broker = new_broker(folder)
        async with asyncio.timeout(30):
            await broker.start(logins)
            try:
                await story(broker)
            finally:
                await broker.stop()

    asyncio.run(run())


def client(broker: EmbeddedBroker, bridge_id: str, password: str = "secret") -> aiomqtt.Client:
    return aiomqtt.Client("127.0.0.1", broker.address.port, username=bridge_id, password=password, timeout=2)


def own_client(broker: EmbeddedBroker) -> aiomqtt.Client:
    return client(broker, "gateway", "own")


def test_only_who_has_a_credential_is_let_in(tmp_path: Path) -> None:
    async def story(broker: EmbeddedBroker) -> None:
        for name, password in ((DOOR, "wrong"), (BACK, "secret"), ("gateway", "guess")):
            with pytest.raises(aiomqtt.MqttError):
                async with client(broker, name, password):
                    pass
        async with client(broker, DOOR):
            pass

    tell(tmp_path, story, bridge_login(DOOR, "secret"))


def test_a_bridge_speaks_and_hears_only_under_its_own_name(tmp_path: Path) -> None:
    async def story(broker: EmbeddedBroker) -> None:
        async with own_client(broker) as own, client(broker, DOOR) as door:
            await own.subscribe("esl/#")
            for foreign in ("esl/shop/bridge/back/down", "esl/shop/bridge/door/up", "esl/#", "#"):
                assert (await door.subscribe(foreign))[0].value >= 0x80
            assert (await door.subscribe("esl/shop/bridge/door/down", qos=1))[0].value < 0x80
            for topic in ("back/up", "back/presence", "back/down", "door/down", "door/up"):
                await door.publish(f"esl/shop/bridge/{topic}", topic.encode(), qos=1)
            assert (await anext(aiter(own.messages))).payload == b"door/up"

    tell(tmp_path, story, bridge_login(DOOR, "secret"), bridge_login(BACK, "secret"))


def test_a_bridge_is_admitted_and_sent_away_without_a_restart(tmp_path: Path) -> None:
    async def story(broker: EmbeddedBroker) -> None:
        process_id = broker.process_id
        async with client(broker, DOOR) as door:
            await broker.admit([bridge_login(DOOR, "secret"), bridge_login(BACK, "secret")])
            async with client(broker, BACK):
                await door.publish("esl/shop/bridge/door/up", b"still here", qos=1)
        await broker.admit([bridge_login(BACK, "secret")])
        with pytest.raises(aiomqtt.MqttError):
            async with client(broker, DOOR):
                pass
        assert broker.process_id == process_id

    tell(tmp_path, story, bridge_login(DOOR, "secret"))


def test_a_payload_of_eight_megabytes_passes(tmp_path: Path) -> None:
    async def story(broker: EmbeddedBroker) -> None:
        async with own_client(broker) as own:
            await own.subscribe("esl/shop/sync")
            await own.publish("esl/shop/sync", bytes((8 << 20) - 100))
            assert len(bytes((await anext(aiter(own.messages))).payload)) == (8 << 20) - 100

    tell(tmp_path, story)


def test_a_broker_that_dies_is_started_again_on_the_same_port(tmp_path: Path) -> None:
    async def story(broker: EmbeddedBroker) -> None:
        port, process_id = broker.address.port, broker.process_id
        assert process_id is not None
        os.kill(process_id, signal.SIGKILL)
        while True:
            try:
                async with client(broker, DOOR):
                    break
            except aiomqtt.MqttError:
                await asyncio.sleep(0.02)
        assert broker.address.port == port
        assert broker.process_id != process_id

    tell(tmp_path, story, bridge_login(DOOR, "secret"))


def test_what_was_retained_does_not_outlive_the_broker(tmp_path: Path) -> None:
    async def keep(broker: EmbeddedBroker) -> None:
        async with own_client(broker) as own:
            await own.publish("esl/shop/bridge/door/presence", b"online", qos=1, retain=True)

    async def look(broker: EmbeddedBroker) -> None:
        async with own_client(broker) as own:
            await own.subscribe("esl/+/bridge/+/presence", qos=1)
            await own.subscribe("esl/shop/marker")
            await own.publish("esl/shop/marker", b"first")
            assert (await anext(aiter(own.messages))).payload == b"first"

    tell(tmp_path, keep)
    tell(tmp_path, look)


def test_the_file_with_the_passwords_is_for_its_owner_only(tmp_path: Path) -> None:
    async def story(_: EmbeddedBroker) -> None:
        assert (tmp_path / "broker" / "nats-server.conf").stat().st_mode & 0o077 == 0

    tell(tmp_path, story, bridge_login(DOOR, "secret"))


def test_a_port_in_use_is_said_with_what_to_do(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortInUse, match=rf"port {port} on 127\.0\.0\.1 is in use: .*--mqtt"):
            asyncio.run(new_broker(tmp_path, port).start([]))


def test_any_port_takes_the_last_one_if_it_is_free_and_another_if_not(tmp_path: Path) -> None:
    async def port_after(last: int) -> int:
        broker = new_broker(tmp_path)
        await broker.start([], last_port=last)
        port = broker.address.port
        await broker.stop()
        return port

    first = asyncio.run(port_after(0))
    assert asyncio.run(port_after(first)) == first
    with socket.create_server(("127.0.0.1", first)):
        assert asyncio.run(port_after(first)) != first


def test_an_address_of_another_machine_is_said(tmp_path: Path) -> None:
    listener = Listener("192.0.2.1", 0)
    broker = EmbeddedBroker(tmp_path / "broker", listener, own_password="own", clock=SystemClock())
    with pytest.raises(AddressNotOurs, match="not an address of this machine"):
        asyncio.run(broker.start([]))


def test_a_binary_that_is_none_is_said(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="is not a program"):
        asyncio.run(new_broker(tmp_path, binary=tmp_path / "nothing").start([]))
    with pytest.raises(CannotStart, match="the broker does not start"):
        asyncio.run(new_broker(tmp_path, binary=Path("/bin/false")).start([]))


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "broker").write_text("a file stands where the folder should be")
    with pytest.raises(CannotStart, match="cannot be written"):
        asyncio.run(new_broker(tmp_path).start([]))
