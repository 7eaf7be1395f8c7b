"""Stores, tokens, the door and the error documents of the admin API."""

from pathlib import Path

import httpx
import pytest
from admin_gateway import tell

from gateway.app.compose import Gateway

PROBLEM_FIELDS = {"type", "title", "status", "detail", "code", "errors", "success", "message", "requestId"}


def assert_problem(answer: httpx.Response, status: int, code: str) -> dict[str, object]:
    found: dict[str, object] = answer.json()
    assert (answer.status_code, found["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(found) == PROBLEM_FIELDS
    assert found["requestId"] == answer.headers["x-request-id"]
    assert found["success"] is False
    return found


@pytest.mark.parametrize("path", ["/admin/stores", "/admin/tokens", "/admin/tags?store=x", "/admin/batches"])
def test_nobody_enters_without_the_admin_token(tmp_path: Path, path: str) -> None:
    async def story(client: httpx.AsyncClient, gateway: Gateway) -> None:
        for headers in ({"Authorization": ""}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic x"}):
            answer = await client.get(path, headers=headers)
            assert_problem(answer, 401, "admin_token_wanted")
            assert answer.headers["www-authenticate"] == "Bearer"

    tell(tmp_path, story)


def test_a_cookie_opens_the_door_but_changes_nothing_for_a_foreign_page(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient, gateway: Gateway) -> None:
        cookie = {"Authorization": "", "Cookie": f"esl_admin={gateway.keys.admin_token}"}
        assert (await client.get("/admin/stores", headers=cookie)).status_code == 200
        store = {"store": "shop"}
        foreign = await client.post("/admin/stores", json=store, headers={**cookie, "Origin": "https://evil.example"})
        assert_problem(foreign, 401, "admin_token_wanted")
        own = await client.post("/admin/stores", json=store, headers={**cookie, "Origin": "http://gateway"})
        assert own.status_code == 200

    tell(tmp_path, story)


def test_a_store_is_added_listed_and_changed(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient, gateway: Gateway) -> None:
        added = (await client.post("/admin/stores", json={"store": "shop", "timeZone": "Europe/Berlin"})).json()
        assert (added["store"], added["timeZone"], added["currency"], added["trial"]) == (
            "shop",
            "Europe/Berlin",
            "EUR",
            True,
        )
        changed = (await client.patch("/admin/stores/shop", json={"allowZeroPrice": True})).json()
        assert (changed["allowZeroPrice"], changed["settingsVersion"]) == (True, 2)
        assert (await client.get("/admin/stores")).json()["stores"] == [changed]

    tell(tmp_path, story)


def test_each_refusal_names_its_code_and_the_words(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient, gateway: Gateway) -> None:
        post, get = client.post, client.get
        assert (await post("/admin/stores", json={"store": "shop"})).status_code == 200
        assert_problem(await post("/admin/stores", json={"store": "shop"}), 409, "store_exists")
        assert_problem(await post("/admin/stores", json={"store": "S!"}), 422, "field_invalid")
        wrong = assert_problem(await post("/admin/stores", json={"stoer": "x"}), 422, "wrong_shape")
        assert "stoer" in str(wrong["errors"])
        assert_problem(await get("/admin/stores/none"), 404, "store_unknown")
        assert_problem(await get("/admin/tags?store=none"), 404, "store_unknown")
        assert_problem(await get("/admin/batches/none"), 404, "session_unknown")
        assert_problem(await get("/admin/displays/none.0"), 404, "display_unknown")
        assert_problem(await get("/admin/stores/shop/products/one?barcode=1"), 404, "product_unknown")
        assert_problem(await post("/admin/tokens/none/revoke"), 404, "token_id_unknown")
        bridge = {"name": "Door!"}
        assert_problem(await post("/admin/stores/shop/bridges", json=bridge), 422, "bridge_refused")
        assert_problem(await get("/admin/nothing"), 404, "path_unknown")

    tell(tmp_path, story)


def test_a_token_is_shown_once_listed_by_its_id_and_revoked(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient, gateway: Gateway) -> None:
        await client.post("/admin/stores", json={"store": "shop"})
        made = (await client.post("/admin/stores/shop/tokens", json={"kind": "sandbox"})).json()
        bearer = {"Authorization": f"Bearer {made['token']}"}
        assert (await client.get("/store", headers=bearer)).status_code == 200
        listed = (await client.get("/admin/tokens?store=shop")).text
        assert made["tokenId"] in listed
        assert made["token"] not in listed
        changed = await client.patch(f"/admin/tokens/{made['tokenId']}", json={"fieldMap": {"salePrice": "Aktion"}})
        assert changed.json()["fieldMap"] == {"salePrice": "Aktion"}
        unknown = await client.patch(f"/admin/tokens/{made['tokenId']}", json={"fieldMap": {"nothing": "x"}})
        assert_problem(unknown, 422, "field_map_invalid")
        assert (await client.post(f"/admin/tokens/{made['tokenId']}/revoke")).json()["revokedAt"]
        assert (await client.get("/store", headers=bearer)).status_code == 401

    tell(tmp_path, story)


def test_a_production_token_waits_for_the_checklist_unless_it_is_forced(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient, gateway: Gateway) -> None:
        await client.post("/admin/stores", json={"store": "shop"})
        report = (await client.get("/admin/stores/shop/sandbox-report")).json()
        assert report["complete"] is False
        refused = await client.post("/admin/stores/shop/tokens", json={"kind": "production"})
        problem = assert_problem(refused, 409, "sandbox_incomplete")
        assert len(problem["errors"]) == len(report["items"])  # type: ignore[arg-type]  # a list, as asserted above
        forced = await client.post("/admin/stores/shop/tokens", json={"kind": "production", "force": True})
        assert forced.json()["kind"] == "production"
        stores = (await client.get("/admin/stores")).json()["stores"]
        assert [one["store"] for one in stores] == ["shop", "shop-sandbox"]

    tell(tmp_path, story)
