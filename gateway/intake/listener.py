"""Chunks over MQTT: `esl/<store>/sync` in, `esl/<store>/sync/result` out. A thin shell; all that decides is in service.

Rule: a message that was received is not yet a chunk that was taken. The broker's acknowledgement says nothing to the
sender but that the broker has it; only the result counts, and whatever has none is sent again. Why: docs/chunks.md.
"""

import re
from collections.abc import Callable
from functools import partial

import structlog

from gateway.intake.service import Reply
from gateway.links import BrokerAddress, MqttConnection, Topic
from gateway.ports import Clock, Random

log = structlog.get_logger("intake")

_TOPIC = re.compile(r"esl/([a-z0-9-]{1,32})/sync")


def sync_topics(store_id: str) -> tuple[str, str]:
    """Where the authority of a store publishes, and where it hears."""
    return f"esl/{store_id}/sync", f"esl/{store_id}/sync/result"


class SyncListener:
    """All stores of one broker, on one connection. `offer` as `Intake.offer`."""

    def __init__(
        self,
        offer: Callable[[str, bytes, Reply], bool],
        address: Callable[[], BrokerAddress],
        *,
        clock: Clock,
        random: Random,
    ) -> None:
        self._offer = offer
        self._connection = MqttConnection(
            address, [Topic("esl/+/sync", qos=1)], clock=clock, random=random, on_message=self._arrived
        )

    @property
    def connected(self) -> bool:
        return self._connection.connected

    async def start(self) -> None:
        await self._connection.start()

    async def stop(self) -> None:
        await self._connection.stop()

    def _arrived(self, topic: str, payload: bytes) -> None:
        match = _TOPIC.fullmatch(topic)
        if match is None:
            log.warning("foreign_topic", topic=topic)
            return
        self._offer(match[1], payload, partial(self._answer, match[1]))

    async def _answer(self, store_id: str, answer: bytes) -> None:
        _, result = sync_topics(store_id)
        await self._connection.publish(result, answer, qos=1)
