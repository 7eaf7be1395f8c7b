"""How an operator lets an authority elsewhere feed a store."""

from pathlib import Path

import httpx
import pytest
from admin_gateway import BARCODE, tell, with_shop

from gateway.access import SyncCredential, sync_credentials
from gateway.app.compose import Gateway

PATH = "/admin/stores/shop/sync-credential"


def test_the_credential_of_a_store_is_made_once_and_shown_again(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient, gateway: Gateway) -> None:
        await client.post("/admin/stores", json={"store": "shop"})
        made = (await client.post(PATH)).json()
        assert (await client.post(PATH)).json() == made
        assert made.pop("password") == (await gateway.database.read(sync_credentials))[0].password
        assert made == {
            "store": "shop",
            "url": None,  # no broker in this process
            "username": "shop.sync",
            "topic": "esl/shop/sync",
            "resultTopic": "esl/shop/sync/result",
        }

    tell(tmp_path, story)


def test_a_forgotten_credential_is_gone_and_the_next_one_is_another(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient, gateway: Gateway) -> None:
        await client.post("/admin/stores", json={"store": "shop"})
        first = (await client.post(PATH)).json()["password"]
        assert (await client.delete(PATH)).status_code == 200
        assert await gateway.database.read(sync_credentials) == []
        second = (await client.post(PATH)).json()["password"]
        assert second != first
        assert await gateway.database.read(sync_credentials) == [SyncCredential("shop", second)]

    tell(tmp_path, story)


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_a_store_that_is_not_there_has_no_credential(tmp_path: Path, method: str) -> None:
    async def story(client: httpx.AsyncClient, gateway: Gateway) -> None:
        answer = await client.request(method, PATH)
        assert (answer.status_code, answer.json()["code"]) == (404, "store_unknown")

    tell(tmp_path, story)


def test_the_operator_removes_no_product_of_a_store_that_is_fed(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient, gateway: Gateway) -> None:
        await with_shop(client)
        await client.patch("/admin/stores/shop", json={"source": "head-office"})
        answer = await client.post("/admin/stores/shop/products/remove", json={"barcodes": [BARCODE]})
        assert (answer.status_code, answer.json()["code"]) == (409, "store_fed_elsewhere")
        assert "head-office" in answer.json()["detail"]
        assert len((await client.get("/admin/stores/shop/products")).json()["products"]) == 1

    tell(tmp_path, story)
