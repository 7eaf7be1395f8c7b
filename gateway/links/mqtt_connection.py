"""One connection to an MQTT broker that never gives up.

In: where the broker is (asked anew before each try), what to subscribe to. Out: messages, and whether it is connected.
Rule: a broker that is away costs payloads, never the gateway; what is published meanwhile is lost and counted.
"""

import asyncio
from collections.abc import Callable, Sequence

import aiomqtt
import structlog
from msgspec import Struct

from gateway.links.address import BrokerAddress
from gateway.links.backoff import Backoff
from gateway.links.limits import CONNECT_TIMEOUT_S, KEEPALIVE_S
from gateway.ports import Clock, Random

log = structlog.get_logger("links")


class BrokerAway(ConnectionError):
    """The broker cannot be reached, or refuses us. `str()` says which broker and why."""


class Topic(Struct, frozen=True):
    """A topic filter to subscribe to."""

    filter: str
    qos: int = 0


class MqttConnection:
    """Subclass-free: what to do with a message, a connect and a loss is handed in; all three must not raise."""

    def __init__(
        self,
        address: Callable[[], BrokerAddress],
        topics: Sequence[Topic],
        *,
        clock: Clock,
        random: Random,
        on_message: Callable[[str, bytes], None],
        on_connected: Callable[[], None] = lambda: None,
        on_lost: Callable[[], None] = lambda: None,
    ) -> None:
        self._address = address
        self._topics = topics
        self._clock = clock
        self._backoff = Backoff(random)
        # One name for all tries: a broker that still holds our dead connection then drops it.
        self._client_id = f"esl-gateway-{random.randrange(1 << 32):08x}"
        self._on_message, self._on_connected, self._on_lost = on_message, on_connected, on_lost
        self._client: aiomqtt.Client | None = None
        self._task: asyncio.Task[None] | None = None
        self.published_lost = 0

    @property
    def connected(self) -> bool:
        return self._client is not None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._stay_connected(), name="mqtt-connection")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def publish(self, topic: str, payload: bytes, *, qos: int = 0, retain: bool = False) -> bool:
        """True once the octets are on their way (QoS 1: once the broker has them); False when they are lost."""
        client = self._client
        if client is not None:
            try:
                await client.publish(topic, payload, qos=qos, retain=retain, timeout=CONNECT_TIMEOUT_S)
                return True
            except (aiomqtt.MqttError, OSError) as error:
                log.info("payload_lost", topic=topic, reason=str(error))
        self.published_lost += 1
        return False

    async def _stay_connected(self) -> None:
        while True:
            address = self._address()
            try:
                async with open_client(address, self._client_id) as client:
                    for topic in self._topics:
                        await client.subscribe(topic.filter, qos=topic.qos)
                    self._client = client
                    self._backoff.reset()
                    log.info("broker_connected", broker=address.url)
                    self._on_connected()
                    async for message in client.messages:
                        self._on_message(message.topic.value, _octets(message.payload))
                reason = "it closed the connection"
            except (aiomqtt.MqttError, OSError) as error:
                reason = str(error)
            finally:
                if self._client is not None:
                    self._client = None
                    self._on_lost()
            wait_s = self._backoff.wait_s()
            log.warning("broker_away", broker=address.url, reason=reason, next_try_s=round(wait_s, 2))
            await self._clock.sleep(wait_s)


async def probe_broker(address: BrokerAddress, random: Random) -> None:
    """Connect once and leave. Raises BrokerAway with the broker and the reason."""
    try:
        async with open_client(address, f"esl-probe-{random.randrange(1 << 32):08x}"):
            return
    except (aiomqtt.MqttError, OSError) as error:
        raise BrokerAway(f"no broker answers at {address.url}: {error}") from error


def open_client(address: BrokerAddress, client_id: str) -> aiomqtt.Client:
    return aiomqtt.Client(
        address.host,
        address.port,
        username=address.username,
        password=address.password,
        identifier=client_id,
        tls_context=address.tls_context(),
        keepalive=KEEPALIVE_S,
        timeout=CONNECT_TIMEOUT_S,
        clean_session=True,
    )


def _octets(payload: object) -> bytes:
    return bytes(payload) if isinstance(payload, bytes | bytearray) else b""
