"""A whole gateway in this process, spoken to over ASGI, for tests of the admin API."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random

import httpx

from gateway.app.compose import Gateway, compose
from gateway.app.services import Ports
from gateway.ports import InlineExecutor, SystemClock, SystemSecrets
from gateway.settings import Settings

Story = Callable[[httpx.AsyncClient, Gateway], Awaitable[None]]
TAG = "A4C1380000000001"
FACTORY_CODE = "A" * 26
BARCODE = "3850334020802"


def tell(folder: Path, story: Story) -> None:
    """Run the story with a client that has the admin token."""

    async def run() -> None:
        ports = Ports(SystemClock(), Random(1), SystemSecrets(), InlineExecutor())
        gateway = compose(Settings(data=folder), ports, [], database_threads=False)
        await gateway.start()
        headers = {"Authorization": f"Bearer {gateway.keys.admin_token}"}
        transport = httpx.ASGITransport(app=gateway.asgi)
        try:
            async with (
                asyncio.timeout(30),
                httpx.AsyncClient(transport=transport, base_url="http://gateway", headers=headers) as client,
            ):
                await story(client, gateway)
        finally:
            await gateway.stop()

    asyncio.run(run())


async def with_shop(client: httpx.AsyncClient) -> None:
    """A store `shop` with one tag of two displays, and one product."""
    assert (await client.post("/admin/stores", json={"store": "shop"})).status_code == 200
    box = {"tags": [{"tagId": TAG, "factoryCode": FACTORY_CODE, "panels": ["2.9-bwr", "2.13-bw"], "model": "demo"}]}
    assert (await client.post("/admin/stores/shop/box-list", json=box)).status_code == 200
    made = (await client.post("/admin/stores/shop/tokens", json={"kind": "sandbox"})).json()
    row = {"barcode": BARCODE, "name": "Kečap blagi 500 g", "price": "1.19"}
    answer = await client.post("/add", json=row, headers={"Authorization": f"Bearer {made['token']}"})
    assert answer.status_code == 200, answer.text


async def until_desired(client: httpx.AsyncClient, display_id: str) -> dict[str, object]:
    """The display, once something has been drawn for it."""
    while True:
        found: dict[str, object] = (await client.get(f"/admin/displays/{display_id}")).json()
        if found["desiredRevision"] is not None:
            return found
        await asyncio.sleep(0.01)
