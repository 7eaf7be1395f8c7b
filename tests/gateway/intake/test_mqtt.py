"""Chunks by a real broker: who may send them, what comes back, and how large they may be."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import aiomqtt
import pytest
from head_office import MILK, STORE, FedShop, chunk, codes, milk

from gateway.access import SyncCredential
from gateway.app.broker import EmbeddedBroker
from gateway.app.broker_config import Listener, bridge_login, sync_login
from gateway.intake import SyncListener, sync_topics
from gateway.ports import SystemClock

TOPIC, RESULT = sync_topics(STORE)
OFFICE = SyncCredential(STORE, "secret")
Story = Callable[[FedShop, EmbeddedBroker], Awaitable[None]]


def with_broker(folder: Path, story: Story) -> None:
    async def play() -> None:
        shop = FedShop(folder)
        broker = EmbeddedBroker(folder / "broker", Listener("127.0.0.1", 0), own_password="own", clock=SystemClock())
        listener = SyncListener(shop.intake.offer, lambda: broker.address, clock=SystemClock(), random=Random(1))
        async with asyncio.timeout(60):
            await shop.open()
            await broker.start([sync_login(OFFICE), bridge_login(f"{STORE}/door", "secret")])
            worker = asyncio.create_task(shop.intake.run())
            try:
                await listener.start()
                await story(shop, broker)
            finally:
                await listener.stop()
                worker.cancel()
                await asyncio.gather(worker, return_exceptions=True)
                await broker.stop()
                await shop.database.close()

    asyncio.run(play())


def client(broker: EmbeddedBroker, username: str = OFFICE.username, password: str = "secret") -> aiomqtt.Client:
    return aiomqtt.Client("127.0.0.1", broker.address.port, username=username, password=password, timeout=10)


@asynccontextmanager
async def office(broker: EmbeddedBroker) -> AsyncIterator[Callable[[dict[str, object]], Awaitable[dict[str, Any]]]]:
    """Sends a chunk as a sender shall: again and again, until its own result is heard."""
    async with client(broker) as mqtt:
        await mqtt.subscribe(RESULT, qos=1)
        messages = aiter(mqtt.messages)

        async def send(sent: dict[str, object]) -> dict[str, Any]:
            while True:
                await mqtt.publish(TOPIC, json.dumps(sent).encode(), qos=1)
                try:
                    async with asyncio.timeout(3):
                        while True:
                            answer: dict[str, Any] = json.loads(bytes((await anext(messages)).payload))
                            if answer["chunk_id"] == sent["chunk_id"]:
                                return answer
                except TimeoutError:
                    continue

        yield send


def test_a_chunk_is_taken_and_answered_by_its_id(tmp_path: Path) -> None:
    async def story(shop: FedShop, broker: EmbeddedBroker) -> None:
        async with office(broker) as send:
            assert await send(chunk(milk(1, "1.29"))) == {
                "chunk_id": "c-1",
                "displays_total": 0,
                "displays_handled": 0,
                "refused": [],
            }
            wrong = await send(chunk(milk(2, "1.2x"), chunk_id="c-2"))
            assert codes(wrong) == [(MILK, "price", "price_format")]
            elsewhere = await send(chunk(milk(3, "1"), chunk_id="c-3", store="other"))
            assert codes(elsewhere) == [(None, "store", "wrong_store")]
        assert (await shop.products(MILK))[MILK].version == 1

    with_broker(tmp_path, story)


def test_a_chunk_of_several_megabytes_passes_and_is_taken_whole(tmp_path: Path) -> None:
    products = [
        milk(number + 1, "1.29", barcode=f"p-{number}", description="x" * 7_500, name=f"Roba {number}")
        for number in range(1_000)
    ]

    async def story(shop: FedShop, broker: EmbeddedBroker) -> None:
        assert len(json.dumps(products)) > 7 << 20
        async with office(broker) as send:
            assert (await send(chunk(*products)))["refused"] == []
        assert shop.intake.taken == 1_000

    with_broker(tmp_path, story)


def test_a_broker_that_was_away_costs_nothing_but_time(tmp_path: Path) -> None:
    async def story(shop: FedShop, broker: EmbeddedBroker) -> None:
        async with office(broker) as send:
            await send(chunk(milk(1, "1.29")))
        logins = [sync_login(OFFICE)]
        port = broker.address.port
        await broker.stop()
        await broker.start(logins, last_port=port)
        async with office(broker) as send:
            await send(chunk(milk(2, "1.39"), chunk_id="c-2"))
        assert (await shop.products(MILK))[MILK].version == 2

    with_broker(tmp_path, story)


def test_who_feeds_a_store_may_publish_its_chunks_and_hear_their_results_and_nothing_else(tmp_path: Path) -> None:
    foreign = (RESULT, "esl/other/sync", f"{TOPIC}/more", f"esl/{STORE}/bridge/door/up")

    async def story(shop: FedShop, broker: EmbeddedBroker) -> None:
        async with client(broker, "gateway", "own") as own, client(broker) as sender:
            await own.subscribe("esl/#")
            for topic in ("esl/#", "#", TOPIC, "esl/other/sync/result", f"esl/{STORE}/bridge/door/down"):
                assert (await sender.subscribe(topic))[0].value >= 0x80, topic
            assert (await sender.subscribe(RESULT, qos=1))[0].value < 0x80
            for topic in (*foreign, TOPIC):
                await sender.publish(topic, json.dumps(chunk(milk(1, "1.29"))), qos=1)
            heard = [(await anext(aiter(own.messages))).topic.value]
            assert heard == [TOPIC]
        with pytest.raises(aiomqtt.MqttError):
            async with client(broker, OFFICE.username, "wrong"):
                pass

    with_broker(tmp_path, story)


def test_a_bridge_of_the_store_feeds_it_nothing(tmp_path: Path) -> None:
    async def story(shop: FedShop, broker: EmbeddedBroker) -> None:
        async with client(broker, f"{STORE}/door") as bridge:
            await bridge.publish(TOPIC, json.dumps(chunk(milk(9, "0.01"))), qos=1)
        async with office(broker) as send:
            await send(chunk(milk(1, "1.29")))
        assert (await shop.products(MILK))[MILK].version == 1

    with_broker(tmp_path, story)


def test_chunks_that_find_no_room_are_counted_and_left_to_their_sender(tmp_path: Path) -> None:
    async def story() -> None:
        shop = FedShop(tmp_path)

        async def nobody(answer: bytes) -> None:
            raise AssertionError(answer)

        largest = bytes(8 << 20)
        assert [shop.intake.offer(STORE, largest, nobody) for _ in range(9)] == [True] * 8 + [False]
        assert shop.intake.dropped == 1
        await shop.database.close()

    asyncio.run(story())
