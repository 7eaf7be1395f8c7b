"""Tags, displays, bindings, bridges, products and batches of the admin API."""

import io
from pathlib import Path

import httpx
from admin_gateway import BARCODE, FACTORY_CODE, TAG, tell, until_desired, with_shop
from PIL import Image

from gateway.app.compose import Gateway

FIRST, SECOND = f"{TAG}.0", f"{TAG}.1"


def test_a_box_list_brings_tags_with_their_displays_and_again_changes_nothing(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient, gateway: Gateway) -> None:
        await with_shop(client)
        (tag,) = (await client.get("/admin/tags?store=shop")).json()["tags"]
        assert (tag["tagId"], tag["displays"], tag["panels"]) == (TAG, [FIRST, SECOND], ["2.9-bwr", "2.13-bw"])
        assert tag["approvedAt"].endswith("Z")
        again = {"tags": [{"tagId": TAG, "factoryCode": FACTORY_CODE, "panels": ["2.9-bwr", "2.13-bw"]}]}
        assert (await client.post("/admin/stores/shop/box-list", json=again)).json()["displays"] == []

    tell(tmp_path, story)


def test_of_a_box_list_with_a_bad_row_nothing_is_taken(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient, gateway: Gateway) -> None:
        await client.post("/admin/stores", json={"store": "shop"})
        good = {"tagId": TAG, "factoryCode": FACTORY_CODE, "panels": ["2.9-bwr"]}
        for bad in (
            {**good, "tagId": "short"},
            {**good, "factoryCode": "x"},
            {**good, "tagId": TAG[::-1], "panels": ["9.9"]},
        ):
            answer = await client.post("/admin/stores/shop/box-list", json={"tags": [good, bad]})
            assert answer.status_code == 422
        assert (await client.get("/admin/tags?store=shop")).json()["tags"] == []

    tell(tmp_path, story)


def test_a_bound_display_shows_what_it_should_show_and_why_it_is_not_confirmed(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient, gateway: Gateway) -> None:
        await with_shop(client)
        assert (await client.get(f"/admin/displays/{FIRST}/desired.png")).json()["code"] == "nothing_drawn"
        bound = await client.put(f"/admin/displays/{FIRST}/binding", json={"barcodes": [BARCODE]})
        assert bound.json() == {"displayId": FIRST, "barcodes": [BARCODE], "template": "shelf"}
        display = await until_desired(client, FIRST)
        assert (display["desiredRevision"], display["shownRevision"], display["confirmed"]) == (1, None, False)
        assert display["reason"]
        assert [one["fact"] for one in display["history"]] == ["desired"]  # type: ignore[attr-defined]
        picture = Image.open(io.BytesIO((await client.get(f"/admin/displays/{FIRST}/desired.png")).content))
        assert picture.size == (296, 128)
        product = (await client.get(f"/admin/stores/shop/products/one?barcode={BARCODE}")).json()
        assert [one["displayId"] for one in product["displays"]] == [FIRST]
        assert (await client.delete(f"/admin/displays/{FIRST}/binding")).json()["wasBound"] is True
        assert (await client.delete(f"/admin/displays/{FIRST}/binding")).json()["wasBound"] is False

    tell(tmp_path, story)


def test_of_many_bindings_the_good_ones_hold_and_the_bad_ones_are_listed(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient, gateway: Gateway) -> None:
        await with_shop(client)
        wanted = [
            {"displayId": FIRST, "barcodes": [BARCODE]},
            {"displayId": "none.0", "barcodes": [BARCODE]},
            {"displayId": SECOND, "barcodes": ["none"]},
            {"displayId": SECOND, "barcodes": []},
            {"displayId": SECOND, "barcodes": [BARCODE], "template": "none"},
        ]
        answer = (await client.post("/admin/stores/shop/bindings", json={"bindings": wanted})).json()
        assert [one["displayId"] for one in answer["bindings"]] == [FIRST]
        assert [(one["index"], one["code"]) for one in answer["errors"]] == [
            (1, "display_unknown"),
            (2, "product_unknown"),
            (3, "binding_refused"),
            (4, "template_unknown"),
        ]

    tell(tmp_path, story)


def test_free_displays_get_the_next_free_products_by_themselves(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient, gateway: Gateway) -> None:
        await with_shop(client)
        bound = (await client.post("/admin/stores/shop/bindings/auto")).json()["bindings"]
        assert [(one["displayId"], one["barcodes"]) for one in bound] == [(FIRST, [BARCODE])]
        assert (await client.post("/admin/stores/shop/bindings/auto")).json()["bindings"] == []

    tell(tmp_path, story)


def test_a_removed_tag_is_unbound_and_stays_listed_as_removed(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient, gateway: Gateway) -> None:
        await with_shop(client)
        await client.post("/admin/stores/shop/bindings/auto")
        assert (await client.delete(f"/admin/tags/{TAG.lower()}")).json()["displays"] == [FIRST, SECOND]
        tag = (await client.get(f"/admin/tags/{TAG}")).json()
        assert tag["removedAt"]
        assert [one["barcodes"] for one in tag["displays"]] == [[], []]

    tell(tmp_path, story)


def test_displays_are_listed_page_by_page(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient, gateway: Gateway) -> None:
        await with_shop(client)
        first = (await client.get("/admin/displays?store=shop&limit=1")).json()
        assert ([one["displayId"] for one in first["displays"]], first["next"]) == ([FIRST], FIRST)
        rest = (await client.get(f"/admin/displays?store=shop&after={first['next']}")).json()
        assert ([one["displayId"] for one in rest["displays"]], rest["next"]) == ([SECOND], None)

    tell(tmp_path, story)


def test_a_removed_product_leaves_its_displays_and_an_unknown_one_is_named(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient, gateway: Gateway) -> None:
        await with_shop(client)
        removed = await client.post("/admin/stores/shop/products/remove", json={"barcodes": [BARCODE, "none"]})
        assert removed.json() == {"removed": [BARCODE], "unknown": ["none"]}
        assert (await client.get("/admin/stores/shop/products")).json() == {"products": [], "next": None}

    tell(tmp_path, story)


def test_a_registered_bridge_is_found_again_by_its_name(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient, gateway: Gateway) -> None:
        await with_shop(client)
        first = (await client.post("/admin/stores/shop/bridges", json={"name": "door"})).json()
        assert (first["bridgeId"], first["carrier"], first["mqtt"]) == ("shop/door", "mqtt", None)
        serial = {"name": "back", "carrier": "serial", "path": "/dev/none"}
        assert (await client.post("/admin/stores/shop/bridges", json=serial)).json()["path"] == "/dev/none"
        refused = await client.post("/admin/stores/shop/bridges", json={"name": "back", "carrier": "serial"})
        assert refused.json()["code"] == "bridge_refused"
        listed = (await client.get("/admin/stores/shop/bridges")).json()["bridges"]
        assert [one["bridgeId"] for one in listed] == ["shop/back", "shop/door"]

    tell(tmp_path, story)


def test_a_batch_is_shown_under_the_names_that_the_pos_sees(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient, gateway: Gateway) -> None:
        await with_shop(client)
        made = (await client.post("/admin/stores/shop/tokens", json={"kind": "sandbox"})).json()
        bearer = {"Authorization": f"Bearer {made['token']}"}
        session = (await client.post("/batch/start", headers=bearer)).json()["sessionId"]
        seen = (await client.get(f"/batch/{session}/status", headers=bearer)).json()
        shown = (await client.get(f"/admin/batches/{session}")).json()
        assert set(seen) - set(shown) <= {"success"}
        assert (shown["store"], shown["status"], shown["unconfirmed"]) == ("shop", "open", [])
        listed = (await client.get("/admin/batches")).json()["batches"]
        assert [one["sessionId"] for one in listed] == [session]

    tell(tmp_path, story)
