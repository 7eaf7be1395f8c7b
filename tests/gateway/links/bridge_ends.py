"""The other end of each real carrier, for the contract test: a bridge that connects, speaks, hears and breaks off."""

import asyncio
import contextlib
import os
import shutil
import socket
import tty
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import aiomqtt
import pytest
from self_signed import self_signed

from firmware_protocol.link.serial import LinkPayload, SerialLink
from gateway.app.broker import EmbeddedBroker
from gateway.app.broker_config import Listener, bridge_login
from gateway.links import BrokerAddress, Carrier, MqttCarrier, SerialCarrier
from gateway.ports import SystemClock, SystemSecrets

BRIDGE = "shop/door"


class BridgeEnd(Protocol):
    async def connect(self) -> None: ...
    async def say(self, payload: bytes) -> None: ...
    async def hear(self) -> bytes: ...
    async def break_off(self) -> None: ...


class MqttBridge:
    def __init__(self, address: BrokerAddress, bridge_id: str = BRIDGE) -> None:
        store, name = bridge_id.split("/")
        self._address, self._topic = address, f"esl/{store}/bridge/{name}"
        self._words = 0

    async def connect(self) -> None:
        self._words += 1
        self._client = aiomqtt.Client(
            self._address.host,
            self._address.port,
            username=self._address.username,
            password=self._address.password,
            identifier=self._topic.replace("/", "-"),
            tls_context=self._address.tls_context(),
            will=aiomqtt.Will(f"{self._topic}/presence", f"offline {self._words}", qos=1, retain=True),
        )
        await self._client.__aenter__()
        await self._client.subscribe(f"{self._topic}/down")
        await self._client.publish(f"{self._topic}/presence", f"online {self._words}", qos=1, retain=True)

    async def say(self, payload: bytes) -> None:
        await self._client.publish(f"{self._topic}/up", payload)

    async def hear(self) -> bytes:
        message = await anext(aiter(self._client.messages))
        assert isinstance(message.payload, bytes)
        return message.payload

    async def break_off(self) -> None:
        self._client._client.socket().shutdown(socket.SHUT_RDWR)  # no DISCONNECT: the broker speaks the last will
        with contextlib.suppress(aiomqtt.MqttError):
            await self._client.__aexit__(None, None, None)


class PtyBridge:
    """Holds the slave end of a pty open and names it by a stable link; `break_off` is the plug being pulled."""

    def __init__(self, link_path: Path) -> None:
        self._link_path = link_path
        self._session = 0x1000

    async def connect(self) -> None:
        self._session += 1
        self._master, slave = os.openpty()
        tty.setraw(slave)
        self._slave = slave
        os.set_blocking(self._master, False)
        self._link_path.unlink(missing_ok=True)
        self._link_path.symlink_to(os.ttyname(slave))
        self._link = SerialLink(self._session)
        self._heard: asyncio.Queue[bytes] = asyncio.Queue()
        self._clock = asyncio.get_running_loop().time
        asyncio.get_running_loop().add_reader(self._master, self._readable)
        self._task = asyncio.create_task(self._speak())

    async def say(self, payload: bytes) -> None:
        self._link.send(payload)

    async def hear(self) -> bytes:
        return await self._heard.get()

    async def break_off(self) -> None:
        asyncio.get_running_loop().remove_reader(self._master)
        self._task.cancel()
        self._link_path.unlink()
        os.close(self._master)
        os.close(self._slave)

    def _readable(self) -> None:
        for event in self._link.receive(os.read(self._master, 65_536), self._clock()):
            if isinstance(event, LinkPayload):
                self._heard.put_nowait(event.octets)

    async def _speak(self) -> None:
        while True:
            os.write(self._master, self._link.to_send(self._clock()))
            await asyncio.sleep(0.005)


class FixedRandom:
    """Even spread of waits: the tests want the same waits each time, but client names that differ."""

    def __init__(self) -> None:
        self._next = os.getpid() % 10_000

    def random(self) -> float:
        return 0.5

    def randrange(self, stop: int, /) -> int:
        self._next += 1
        return self._next % stop


@asynccontextmanager
async def embedded_broker(folder: Path, *bridges: str, tls: bool = False) -> AsyncIterator[EmbeddedBroker]:
    files = self_signed(folder.parent, "shop.example") if tls else ()
    broker = EmbeddedBroker(folder, Listener("127.0.0.1", 0, *files), own_password="own", clock=SystemClock())
    await broker.start([bridge_login(one, "secret") for one in (bridges or (BRIDGE,))])
    try:
        yield broker
    finally:
        await broker.stop()


def login_of(broker: EmbeddedBroker, bridge_id: str = BRIDGE) -> BrokerAddress:
    return replace(broker.address, username=bridge_id, password="secret")


@asynccontextmanager
async def mosquitto(folder: Path, *settings: str) -> AsyncIterator[BrokerAddress]:
    binary = program("mosquitto")
    port = free_port()
    config = folder / "mosquitto.conf"
    config.write_text("\n".join((f"listener {port} 127.0.0.1", "persistence false", *settings, "")))
    process = await asyncio.create_subprocess_exec(binary, "-c", str(config), stderr=asyncio.subprocess.DEVNULL)
    try:
        await until_listening(port)
        yield BrokerAddress("127.0.0.1", port)
    finally:
        process.kill()
        await process.wait()


def program(name: str) -> str:
    """Of Debian's mosquitto; skips the test where it is not."""
    found = shutil.which(name, path="/usr/sbin:/usr/local/sbin:" + os.environ.get("PATH", ""))
    if found is None:
        pytest.skip(f"{name} is not installed (apt install mosquitto)")
    return found


@asynccontextmanager
async def guarded_mosquitto(folder: Path) -> AsyncIterator[BrokerAddress]:
    """With TLS, a login each, and the rights of docs/operating.md. What it gives is the gateway's way in."""
    certificate, key = self_signed(folder, "broker.example")
    for user in ("gateway", BRIDGE):
        made = ("-c",) if user == "gateway" else ()
        words = (*made, "-b", str(folder / "passwords"), user, "secret")
        process = await asyncio.create_subprocess_exec(program("mosquitto_passwd"), *words)
        assert await process.wait() == 0
    page = (Path(__file__).parents[3] / "docs" / "operating.md").read_text(encoding="utf-8")
    rights = page.split("```text\nuser gateway\n")[1].split("```")[0]
    (folder / "rights").write_text("user gateway\n" + rights.replace("STORE", "shop").replace("NAME", "door"))
    settings = ("allow_anonymous false", "per_listener_settings false", f"certfile {certificate}", f"keyfile {key}")
    files = (f"password_file {folder / 'passwords'}", f"acl_file {folder / 'rights'}")
    async with mosquitto(folder, "user root", *settings, *files) as address:
        yield replace(address, tls=True, username="gateway", password="secret", certificate=certificate)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def until_listening(port: int) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return


@asynccontextmanager
async def carrier_and_bridge(kind: str, folder: Path) -> AsyncIterator[tuple[Carrier, BridgeEnd]]:
    clock, random = SystemClock(), FixedRandom()
    match kind:
        case "nats-server" | "nats-server over TLS":
            async with embedded_broker(folder / "broker", tls=kind.endswith("TLS")) as broker:
                yield MqttCarrier(lambda: broker.address, clock=clock, random=random), MqttBridge(login_of(broker))
        case "mosquitto":
            async with mosquitto(folder, "allow_anonymous true") as address:
                yield MqttCarrier(lambda: address, clock=clock, random=random), MqttBridge(address)
        case "mosquitto over TLS":
            async with guarded_mosquitto(folder) as address:
                bridge = MqttBridge(replace(address, username=BRIDGE))
                yield MqttCarrier(lambda: address, clock=clock, random=random), bridge
        case "pty":
            carrier = SerialCarrier(clock=clock, random=random, secrets=SystemSecrets())
            await carrier.open_port(BRIDGE, str(folder / "door"))
            yield carrier, PtyBridge(folder / "door")
        case _:
            raise ValueError(kind)
