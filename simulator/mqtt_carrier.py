"""A bridge's own connection to the broker: `esl/<store>/bridge/<bridge>/{up,down,presence}`.

In: where the broker is, asked anew before each try. Out: payloads to and from a bridge.
Rule: traffic is QoS 0, HELLO and presence QoS 1; presence is kept, `online <word>`, with `offline <word>` as last will
and another word for each connection. It reconnects for ever. What is sent while it is away is lost.
"""

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

import aiomqtt
from msgspec import Struct

from simulator import limits
from simulator.carriers import BridgePort, FaultyUplink, LinkPaths, deliver
from simulator.chance import Random
from simulator.schedule import Scheduler

KEEPALIVE_S = 20  # the broker misses a bridge after one and a half of these
CONNECT_S = 5.0
OUT_WAITING_MAX = 2000  # payloads of a bridge whose broker takes none; older ones are as good as lost
_PLAIN_PORT, _TLS_PORT = 1883, 8883


class BrokerEnd(Struct, frozen=True):
    """Where a bridge finds its broker, and how it enters. `certificate`: the one that a broker over TLS must show, or
    that has signed it; none = of a public authority.
    """

    host: str
    port: int
    tls: bool = False
    username: str | None = None
    password: str | None = None
    certificate: Path | None = None

    @classmethod
    def of(
        cls, url: str, username: str | None = None, password: str | None = None, certificate: Path | None = None
    ) -> "BrokerEnd":
        """From `mqtt://[user:password@]host[:port]`, or mqtts. Raises `ValueError`."""
        parts = urlsplit(url)
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
            raise ValueError("a broker's address is mqtt://HOST:PORT or mqtts://HOST:PORT")
        tls = parts.scheme == "mqtts"
        return cls(
            parts.hostname,
            parts.port or (_TLS_PORT if tls else _PLAIN_PORT),
            tls,
            username or (unquote(parts.username) if parts.username else None),
            password or (unquote(parts.password) if parts.password else None),
            certificate,
        )

    def tls_context(self) -> ssl.SSLContext | None:
        """Raises `OSError` for a certificate that cannot be read."""
        if not self.tls:
            return None
        context = ssl.create_default_context(cafile=self.certificate)
        if self.certificate is not None:  # a bridge is given this very file: whatever name stands in it
            context.check_hostname = False
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        return context


class MqttBridgeCarrier:
    """One bridge, one connection, one task (`serve`)."""

    def __init__(
        self,
        store: str,
        port: BridgePort,
        paths: LinkPaths,
        scheduler: Scheduler,
        chance: Random,
        broker: Callable[[], BrokerEnd],
    ) -> None:
        self._topic = f"esl/{store}/bridge/{port.name}"
        self._client_id = f"esl-{store}-{port.name}"
        self._port, self._paths, self._scheduler = port, paths, scheduler
        self._chance = chance
        self._broker = broker
        self._out: asyncio.Queue[tuple[bytes, bool]] = asyncio.Queue()
        self._plugged = asyncio.Event()
        self._plugged.set()
        self._connection: asyncio.Task[None] | None = None
        self._was_open = False
        self.connected = False
        self.trouble = ""

    async def serve(self) -> None:
        """Until cancelled."""
        wait_s = limits.RECONNECT_S
        while True:
            await self._plugged.wait()
            self._connection = asyncio.create_task(self._connected_once(), name=f"mqtt-{self._port.name}")
            try:
                await asyncio.wait([self._connection])
            finally:
                self._connection.cancel()
                await asyncio.gather(self._connection, return_exceptions=True)
            if self._connection.cancelled():
                continue
            if (error := self._connection.exception()) is not None:
                if not isinstance(error, aiomqtt.MqttError | OSError | ValueError):
                    raise error
                self.trouble = str(error)
            wait_s = limits.RECONNECT_S if self._was_open else min(wait_s * 2, limits.RECONNECT_MAX_S)
            await self._scheduler.clock.sleep(wait_s * (0.75 + 0.5 * self._chance.random()))

    def unplug(self) -> None:
        """Pulled out: the connection ends now, and none is tried until `replug`."""
        self._plugged.clear()
        if self._connection is not None:
            self._connection.cancel()

    def replug(self) -> None:
        self._plugged.set()

    async def _connected_once(self) -> None:
        self._was_open = False
        word = self._chance.randbytes(4).hex()
        presence = f"{self._topic}/presence"
        end = self._broker()
        client = aiomqtt.Client(
            end.host,
            end.port,
            username=end.username,
            password=end.password,
            identifier=self._client_id,  # the same each time: a broker lets go of a connection it has not missed yet
            tls_context=end.tls_context(),
            keepalive=KEEPALIVE_S,
            timeout=CONNECT_S,
            will=aiomqtt.Will(presence, f"offline {word}".encode(), qos=1, retain=True),
        )
        async with client:
            await client.subscribe(f"{self._topic}/down", qos=0)
            await client.publish(presence, f"online {word}".encode(), qos=1, retain=True)
            uplink = FaultyUplink(self._paths.up, self._scheduler, self._leave)
            self._was_open = self.connected = True
            writer = asyncio.create_task(self._write(client), name=f"mqtt-write-{self._port.name}")
            self._port.link_opened(uplink)
            try:
                async for message in client.messages:
                    if isinstance(message.payload, bytes):
                        deliver(self._paths.down.passes(message.payload), self._scheduler, self._take)
            except asyncio.CancelledError:
                # Leaving in good order a broker does not speak the last will: say it ourselves.
                await client.publish(presence, f"offline {word}".encode(), qos=1, retain=True)
                raise
            finally:
                self.connected = uplink.is_open = False
                self._port.link_closed()
                writer.cancel()
                await asyncio.gather(writer, return_exceptions=True)
                self._out = asyncio.Queue()

    def _take(self, octets: bytes) -> None:
        if self.connected:
            self._port.link_received(octets)

    def _leave(self, octets: bytes, hello: bool) -> None:
        if self._out.qsize() < OUT_WAITING_MAX:
            self._out.put_nowait((octets, hello))

    async def _write(self, client: aiomqtt.Client) -> None:
        # Not for ever: `asyncio.wait_for`, inside the publish, swallows a cancel that meets its result (CPython 3.11).
        while self.connected:
            octets, hello = await self._out.get()
            await client.publish(f"{self._topic}/up", octets, qos=1 if hello else 0)
