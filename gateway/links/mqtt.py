"""Bridges over MQTT: `esl/<store>/bridge/<bridge>/{up,down,presence}`.

In: payloads for `down`. Out: payloads from `up`; who is there, from `presence`: a bridge keeps `online <word>` retained
and has `offline <word>` as its last will, with a word of its own drawn for each connection.
Rule: traffic is QoS 0, because the link repeats by itself; a topic that does not match our names is counted, not read.
"""

import re
from collections.abc import AsyncIterator, Callable

from gateway.links.address import BrokerAddress
from gateway.links.carrier import BridgeClosed, BridgeOpened, CarrierEvent, EventQueue, PayloadArrived, split_bridge_id
from gateway.links.limits import PAYLOAD_OCTETS_MAX
from gateway.links.mqtt_connection import MqttConnection, Topic
from gateway.ports import Clock, Random

_TOPIC = re.compile(r"esl/([a-z0-9-]{1,32})/bridge/([a-z0-9-]{1,32})/(up|presence)")


class MqttCarrier:
    """All bridges of one broker, on one connection. `address` is asked before each connect: ports may change."""

    def __init__(self, address: Callable[[], BrokerAddress], *, clock: Clock, random: Random) -> None:
        self._events = EventQueue()
        # The word of its present connection, None while only its traffic was heard; in the order in which they came.
        self._open: dict[str, bytes | None] = {}
        self._connection = MqttConnection(
            address,
            # One QoS for both: the broker then keeps the order of what one bridge says, presence before HELLO.
            [Topic("esl/+/bridge/+/presence"), Topic("esl/+/bridge/+/up")],
            clock=clock,
            random=random,
            on_message=self._arrived,
            on_lost=self._lost,
        )
        self.foreign_topics = 0
        self.oversized = 0

    @property
    def connected(self) -> bool:
        return self._connection.connected

    @property
    def lost(self) -> int:
        """Payloads that found no way or no room."""
        return self._connection.published_lost + self._events.dropped

    async def start(self) -> None:
        await self._connection.start()

    async def stop(self) -> None:
        await self._connection.stop()
        self._events.end()

    async def send(self, bridge_id: str, payload: bytes) -> None:
        store_id, name = split_bridge_id(bridge_id)
        await self._connection.publish(f"esl/{store_id}/bridge/{name}/down", payload)

    def events(self) -> AsyncIterator[CarrierEvent]:
        return self._events.read()

    def _arrived(self, topic: str, payload: bytes) -> None:
        match = _TOPIC.fullmatch(topic)
        if match is None:
            self.foreign_topics += 1
            return
        bridge_id = f"{match[1]}/{match[2]}"
        if match[3] == "presence":
            state, _, word = payload.partition(b" ")
            if state == b"online":
                self._online(bridge_id, word)
            else:
                self._offline(bridge_id, word)
        elif len(payload) > PAYLOAD_OCTETS_MAX:
            self.oversized += 1
        else:
            if bridge_id not in self._open:  # who speaks is there, whether or not its presence has come yet
                self._set_open(bridge_id, None)
            self._events.put(PayloadArrived(bridge_id, payload))

    def _online(self, bridge_id: str, word: bytes) -> None:
        known = self._open.get(bridge_id)
        if known is not None and known != word:
            self._offline(bridge_id, known)  # it came back before the broker had missed it
        if bridge_id in self._open:
            self._open[bridge_id] = word
        else:
            self._set_open(bridge_id, word)

    def _offline(self, bridge_id: str, word: bytes) -> None:
        """A last will may come late, after the bridge is back: then it speaks of a connection that is past."""
        if bridge_id in self._open and self._open[bridge_id] in (word, None):
            del self._open[bridge_id]
            self._events.put(BridgeClosed(bridge_id))

    def _set_open(self, bridge_id: str, word: bytes | None) -> None:
        self._open[bridge_id] = word
        self._events.put(BridgeOpened(bridge_id))

    def _lost(self) -> None:
        for bridge_id in tuple(self._open):
            del self._open[bridge_id]
            self._events.put(BridgeClosed(bridge_id))
