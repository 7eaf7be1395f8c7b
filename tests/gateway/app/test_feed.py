"""A store fed over MQTT by a real process: the credential that was shown opens the way, a chunk is answered."""

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiomqtt
from gateway_process import gateway

PRODUCT = {"barcode": "3850000000017", "name": "Mlijeko", "price": "1.29"}
STATE = {**PRODUCT, "product_version": 7, "removed": False, "price_changes": []}
CHUNK = {"chunk_id": "c-1", "store": "shop", "session_id": None, "index": 0, "of": 1, "products": [STATE]}


async def feed(access: dict[str, Any]) -> dict[str, Any]:
    url = urlsplit(access["url"])
    async with (
        asyncio.timeout(60),
        aiomqtt.Client(
            url.hostname or "", url.port or 0, username=access["username"], password=access["password"]
        ) as mqtt,
    ):
        await mqtt.subscribe(access["resultTopic"], qos=1)
        while True:
            await mqtt.publish(access["topic"], json.dumps(CHUNK), qos=1)
            try:
                async with asyncio.timeout(5):
                    answer: dict[str, Any] = json.loads(bytes((await anext(mqtt.messages)).payload))
                    return answer
            except TimeoutError:
                continue


def test_a_chunk_sent_with_the_credential_that_was_shown_is_in_the_store(tmp_path: Path) -> None:
    with gateway(tmp_path) as one:
        assert one.admin("POST", "/admin/stores", {"store": "shop"}).status_code == 200
        assert one.admin("PATCH", "/admin/stores/shop", {"source": "head-office"}).status_code == 200
        access = one.admin("POST", "/admin/stores/shop/sync-credential").json()
        assert asyncio.run(feed(access)) == {
            "chunk_id": "c-1",
            "displays_total": 0,
            "displays_handled": 0,
            "refused": [],
        }
        assert one.admin("GET", "/admin/stores/shop/products").json()["products"] == [PRODUCT]
