"""The pages by HTTP: who is let in, what each answers, what a browser may do with it."""

import io
from typing import Any

import httpx
import pytest
from PIL import Image

from firmware_protocol import PANELS, Codec, decode
from gateway.labels.preview import preview_image
from gateway.shelf import content_of


def test_on_this_machine_the_pages_are_open(shop: Any) -> None:
    answer = httpx.get(f"{shop.url}/console")
    assert answer.status_code == 200
    assert shop.store in answer.text


def test_on_any_other_address_every_page_picture_and_stream_asks_for_the_token(open_shop: Any) -> None:
    shop = open_shop(http="0.0.0.0")
    (display,) = shop.hang_silent(1, "2.13-bw")
    shop.stock([display])
    shop.wait_for(lambda found: found[0].desired_revision == 1)
    picture = shop.standings()[0].desired_content_id.hex()
    paths = [
        "/console",
        f"/console?store={shop.store}",
        f"/console/events?store={shop.store}",
        f"/console/displays/{display}",
        f"/console/displays/{display}?part=true",
        f"/glass/{display}",
        f"/console/pictures/{picture}.png",
        "/console/displays/0000000000000000.0",
        "/console/pictures/00.png",
    ]
    with httpx.Client(base_url=shop.url) as stranger:
        for path in paths:
            with stranger.stream("GET", path) as answer:
                assert answer.status_code == 401, path
        wrong = stranger.post("/console/login", data={"token": "guessed", "onward": "/console"})
        assert wrong.status_code == 401
        assert "That is not the token." in wrong.text
        assert not stranger.cookies
        assert stranger.cookies.get("esl_admin") is None

        token = shop.gateway.keys.admin_token
        entered = stranger.post("/console/login", data={"token": token, "onward": f"/glass/{display}"})
        assert (entered.status_code, entered.headers["location"]) == (303, f"/glass/{display}")
        assert "HttpOnly" in entered.headers["set-cookie"]
        assert "samesite=strict" in entered.headers["set-cookie"].lower()
        for path in paths[:7]:
            with stranger.stream("GET", path) as answer:
                assert answer.status_code == 200, path


@pytest.mark.parametrize(
    "headers",
    [
        {"x-forwarded-for": "192.0.2.7"},
        {"forwarded": "for=192.0.2.7"},
        {"host": "esl.example"},
        {"host": "192.0.2.1:8080"},
    ],
)
def test_who_comes_through_a_proxy_or_by_another_name_is_a_stranger_on_this_machines_own_address_too(
    shop: Any, headers: dict[str, str]
) -> None:
    with httpx.Client(base_url=shop.url, headers=headers) as stranger:
        for path in ("/console", f"/console/events?store={shop.store}"):
            with stranger.stream("GET", path) as answer:
                assert answer.status_code == 401, path
        data = {"token": shop.gateway.keys.admin_token, "onward": "/console"}
        entered = stranger.post("/console/login", data=data, headers={"x-forwarded-proto": "https"})
        assert entered.status_code == 303
        assert "secure" in entered.headers["set-cookie"].lower()


@pytest.mark.parametrize("host", ["localhost", "localhost:8080", "127.0.0.1", "[::1]:8080", "[::1]"])
def test_this_machine_is_known_by_each_of_its_own_names(shop: Any, host: str) -> None:
    assert httpx.get(f"{shop.url}/console", headers={"host": host}).status_code == 200


def test_the_login_page_leads_on_to_where_one_wanted_to_go(open_shop: Any) -> None:
    shop = open_shop(http="0.0.0.0")
    asked = httpx.get(f"{shop.url}/console?store={shop.store}")
    assert f'value="/console?store={shop.store}"' in asked.text


def test_a_login_never_leads_to_somebody_elses_page(open_shop: Any) -> None:
    shop = open_shop(http="0.0.0.0")
    for onward in ("//evil.example", "/\\evil.example", "https://evil.example", "/console/../admin", "/admin", ""):
        data = {"token": shop.gateway.keys.admin_token, "onward": onward}
        entered = httpx.post(f"{shop.url}/console/login", data=data)
        assert (entered.status_code, entered.headers["location"]) == (303, "/console"), onward


def test_a_login_of_megabytes_is_refused_unread(open_shop: Any) -> None:
    shop = open_shop(http="0.0.0.0")
    assert httpx.post(f"{shop.url}/console/login", data={"token": "x" * 100_000}).status_code == 413


def test_a_picture_shows_the_very_pixels_of_the_content_and_never_changes(shop: Any) -> None:
    displays = shop.hang_silent(6, "2.13-bw,2.13-bwry,2.9-bwr,4.2-bwry,7.5-bwr,7.5-bwry")
    shop.stock(displays)
    offer = {"barcode": "SKU-00001", "name": "Ajvar", "price": "2.99", "salePrice": "1.99", "onSale": True}
    shop.add(offer)
    shop.wait_for(lambda found: all(one.desired_revision for one in found))
    for one in shop.standings():
        answer = httpx.get(f"{shop.url}/console/pictures/{one.desired_content_id.hex()}.png")
        assert answer.headers["content-type"] == "image/png"
        assert "immutable" in answer.headers["cache-control"]

        async def read(content_id: bytes = one.desired_content_id) -> Any:
            return await shop.gateway.database.read(lambda connection: content_of(connection, [content_id]))

        panel, deflated = shop.call(read())[one.desired_content_id]
        expected = preview_image(panel, decode(Codec.DEFLATE, deflated, PANELS[panel].plane_sizes))
        assert Image.open(io.BytesIO(answer.content)).convert("RGB").tobytes() == expected.tobytes()
        assert expected.size == PANELS[panel].label_px


def test_what_is_not_there_is_said_in_words(shop: Any) -> None:
    for path in ("/console?store=nowhere", "/console/displays/0000000000000000.0", "/glass/0000000000000000.0"):
        answer = httpx.get(shop.url + path)
        assert answer.status_code == 404
        assert "Not here" in answer.text
    for path in (
        "/console/pictures/00.png",
        f"/console/pictures/{'0' * 32}.png",
        "/console/static/router.py",
        "/console/static/..%2Frouter.py",
        "/console/events?store=nowhere",
    ):
        assert httpx.get(shop.url + path).status_code == 404, path


def test_names_from_a_price_list_are_words_on_the_page_and_never_its_code(shop: Any) -> None:
    (display,) = shop.hang_silent(1, "2.9-bw")
    shop.add({"barcode": "SKU-1", "name": "<img src=x onerror=alert(1)>", "price": "1.00"})
    shop.bind(display, "SKU-1")
    for path in (f"/console/displays/{display}", f"/console/displays/{display}?part=true", f"/glass/{display}"):
        answer = httpx.get(shop.url + path)
        assert "<img src=x" not in answer.text
        assert "&lt;img src=x" in answer.text
    policy = httpx.get(f"{shop.url}/console").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_a_display_tells_its_history_in_the_stores_own_time(shop: Any) -> None:
    (display,) = shop.hang(1, "2.9-bw")
    shop.stock([display])
    shop.wait_for(lambda found: found[0].confirmed)
    page = httpx.get(f"{shop.url}/console/displays/{display}").text
    places = [page.index(words) for words in ("proved on the glass", "offered to the tag", ">wanted<")]
    assert places == sorted(places), "the newest first"
    assert '+01:00"' in page or '+02:00"' in page, "Zagreb's time"


def test_the_demos_buttons_are_there_only_in_a_demo(open_shop: Any) -> None:
    plain, demo = open_shop(), open_shop(demo_control="http://127.0.0.1:9321/control")
    assert "data-break" not in httpx.get(f"{plain.url}/console").text
    page = httpx.get(f"{demo.url}/console")
    for name in ("kill-gateway", "unplug-bridge", "loss", "kill-tags"):
        assert f'data-break="{name}"' in page.text
    assert "connect-src 'self' http://127.0.0.1:9321;" in page.headers["content-security-policy"]


def test_files_of_the_page_are_sent_once(shop: Any) -> None:
    first = httpx.get(f"{shop.url}/console/static/wall.js")
    again = httpx.get(f"{shop.url}/console/static/wall.js", headers={"if-none-match": first.headers["etag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
