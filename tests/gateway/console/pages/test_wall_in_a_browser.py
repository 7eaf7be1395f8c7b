"""The wall and the glass in Debian's Chromium: what a person sees is what tags have proved, at any time."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

pytestmark = pytest.mark.browser
MIX = "2.13-bw:3,2.9-bwr:2,4.2-bwry:1"
PATIENCE_MS = 30_000


@pytest.fixture(autouse=True)
def patience() -> None:
    expect.set_options(timeout=PATIENCE_MS)


def cell(page: Page, display_id: str) -> Locator:
    return page.locator(f'[id="{display_id}"]')


def width_of(place: Locator) -> float:
    box = place.bounding_box()
    assert box is not None
    return box["width"]


def picture_of(shop: Any, display_id: str) -> str:
    (one,) = [one for one in shop.standings() if one.display_id == display_id]
    return f"/console/pictures/{one.shown_content_id.hex()}.png"


@pytest.fixture
def stocked(shop: Any) -> tuple[Any, list[str]]:
    """A shop of six living tags, five of them bound and proved."""
    displays = shop.hang(6, MIX)
    shop.stock(displays[:5])
    shop.wait_for(lambda found: sum(one.confirmed for one in found) == 5)
    return shop, displays


def test_every_label_is_green_with_its_proved_picture_and_the_count_is_right(stocked: Any, page: Page) -> None:
    shop, displays = stocked
    page.goto(f"{shop.url}/console")
    expect(page.locator("#link")).to_have_text("live")
    expect(page.locator(".cell[data-state=proved]")).to_have_count(5)
    expect(page.locator(".cell[data-state=idle]")).to_have_count(1)
    expect(page.locator("#sum")).to_have_text("5 of 5 labels prove their price")
    for display_id in displays[:5]:
        image = cell(page, display_id).locator("img")
        expect(image).to_have_attribute("src", picture_of(shop, display_id))
        expect(image).to_have_js_property("complete", True)
        assert image.evaluate("(image) => image.naturalWidth") >= 250


def test_a_new_price_is_amber_with_the_old_picture_until_the_glass_has_proved_it(stocked: Any, page: Page) -> None:
    shop, displays = stocked
    page.goto(f"{shop.url}/console")
    expect(page.locator(".cell[data-state=proved]")).to_have_count(5)
    old = picture_of(shop, displays[2])
    shop.silence()
    shop.reprice(2)
    expect(cell(page, displays[2])).to_have_attribute("data-state", "waiting")
    expect(cell(page, displays[2]).locator("img")).to_have_attribute("src", old)
    expect(page.locator("#sum")).to_have_text("4 of 5 labels prove their price")
    shop.wake()
    expect(cell(page, displays[2])).to_have_attribute("data-state", "proved")
    new = picture_of(shop, displays[2])
    assert new != old
    expect(cell(page, displays[2]).locator("img")).to_have_attribute("src", new)


def test_labels_hang_there_in_their_true_proportions(stocked: Any, page: Page) -> None:
    shop, _ = stocked
    page.goto(f"{shop.url}/console")
    widths = {}
    for inch in ("2.13", "2.9", "4.2"):
        widths[inch] = width_of(page.locator(f'section[data-inch="{inch}"] .cell').first)
    assert widths["2.13"] < widths["2.9"] < widths["4.2"]
    assert widths["4.2"] / widths["2.13"] == pytest.approx(85.3 / 48.6, rel=0.05)


def test_a_click_shows_a_displays_history_which_follows_and_escape_closes_it(stocked: Any, page: Page) -> None:
    shop, displays = stocked
    page.goto(f"{shop.url}/console")
    cell(page, displays[0]).click()
    drawer = page.locator("#drawer")
    expect(drawer.locator("h2")).to_have_text("Mineralwasser 1,5 l 0")
    expect(drawer.locator("tr[data-fact=proved]")).to_have_count(1)
    shop.reprice(0)
    expect(drawer.locator("tr[data-fact=proved]")).to_have_count(2)
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    expect(cell(page, displays[0])).to_be_focused()


def test_the_wall_is_walked_by_keyboard_and_named_for_a_screen_reader(stocked: Any, page: Page) -> None:
    shop, _ = stocked
    page.goto(f"{shop.url}/console")
    expect(page.locator(".cell")).to_have_count(6)
    expect(page.locator('.cell[tabindex="0"]')).to_have_count(1)
    order = page.eval_on_selector_all(".cell", "(all) => all.map((one) => one.id)")
    page.locator('.cell[tabindex="0"]').focus()
    page.keyboard.press("ArrowRight")
    expect(cell(page, order[1])).to_be_focused()
    page.keyboard.press("End")
    expect(cell(page, order[-1])).to_be_focused()
    page.keyboard.press("ArrowUp")
    above = page.evaluate("document.activeElement.id")
    assert order.index(above) < len(order) - 1
    page.keyboard.press("Home")
    expect(cell(page, order[0])).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#drawer")).to_be_focused()
    expect(page.get_by_role("link", name="Mineralwasser 1,5 l 0, proved")).to_have_count(1)
    expect(page.get_by_role("dialog", name="display")).to_be_visible()


def test_what_one_looks_for_is_found_by_name_barcode_id_and_state(stocked: Any, page: Page) -> None:
    shop, displays = stocked
    page.goto(f"{shop.url}/console")
    shown = page.locator(".cell:not([hidden])")
    expect(shown).to_have_count(6)
    for words, found in (("ŠUNKA", 1), ("sku-00002", 1), (displays[3].lower(), 1), ("kava ajvar", 0), ("idle", 1)):
        page.fill("#find", words)
        expect(shown).to_have_count(found)
    page.fill("#find", "nothing is like this")
    page.click("#clear")
    expect(shown).to_have_count(6)
    page.click('[data-show="idle"]')
    expect(shown).to_have_count(1)


def test_a_killed_gateway_is_missed_and_the_wall_is_right_again_without_a_hand(stocked: Any, page: Page) -> None:
    shop, displays = stocked
    page.goto(f"{shop.url}/console")
    page.evaluate("window.sameDocument = true")
    expect(page.locator(".cell[data-state=proved]")).to_have_count(5)
    shop.silence()
    shop.kill()
    expect(page.locator("#link")).to_have_text("the gateway is away, trying again")
    shop.start_again()
    shop.bind(displays[5], "SKU-00001")
    expect(page.locator("#link")).to_have_text("live")
    expect(cell(page, displays[5])).to_have_attribute("data-state", "unknown")
    shop.wake()
    expect(page.locator(".cell[data-state=proved]")).to_have_count(6)
    assert page.evaluate("window.sameDocument") is True


def test_one_glass_fills_the_screen_and_turns_live(stocked: Any, page: Page) -> None:
    shop, displays = stocked
    page.goto(f"{shop.url}/glass/{displays[1]}")
    expect(page.locator("#link")).to_have_text("live")
    expect(page.locator("#picture")).to_have_attribute("src", picture_of(shop, displays[1]))
    expect(page.locator("#words")).to_have_text("proved")
    width = width_of(page.locator("#picture"))
    natural = page.locator("#picture").evaluate("(image) => image.naturalWidth")
    assert width > 600
    assert width % natural == 0, "whole pixels a pixel of the panel"
    shop.silence()
    shop.reprice(1)
    expect(page.locator("#words")).to_have_text("on its way")
    shop.wake()
    expect(page.locator("#words")).to_have_text("proved")
    expect(page.locator("#picture")).to_have_attribute("src", picture_of(shop, displays[1]))


def test_several_stores_have_a_wall_each(stocked: Any, page: Page) -> None:
    shop, _ = stocked
    shop.admin.post("/admin/stores", json={"store": "split-2"}).raise_for_status()
    page.goto(f"{shop.url}/console?store={shop.store}")
    expect(page.locator(".cell")).to_have_count(6)
    page.get_by_role("link", name="split-2").click()
    expect(page.locator("h1")).to_have_text("split-2")
    expect(page.locator("#empty")).to_contain_text("esl simulate --store split-2")


def test_a_stranger_enters_the_token_once_and_then_sees_all(open_shop: Any, page: Page) -> None:
    shop = open_shop(http="0.0.0.0")
    displays = shop.hang_silent(2, "2.13-bw")
    shop.stock(displays)
    shop.wait_for(lambda found: all(one.desired_revision for one in found))
    shop.prove(displays)
    page.goto(f"{shop.url}/glass/{displays[0]}")
    page.fill("#token", "not this one")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("That is not the token.")
    page.fill("#token", shop.gateway.keys.admin_token)
    page.keyboard.press("Enter")
    expect(page.locator("#words")).to_have_text("proved")
    page.goto(f"{shop.url}/console")
    expect(page.locator(".cell[data-state=proved]")).to_have_count(2)
    page.context.clear_cookies()
    shop.kill()
    shop.start_again()
    expect(page.locator("#token")).to_be_visible()


class _Buttons(BaseHTTPRequestHandler):
    """What `esl demo` answers."""

    def do_POST(self) -> None:
        self.server.pressed.append(self.path)  # type: ignore[attr-defined]
        answer = b'{"words": "tag 7 is dead"}'
        self.send_response(200)
        self.send_header("access-control-allow-origin", self.headers["origin"])
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args: object) -> None:
        """A test's output is its own."""


@pytest.fixture
def buttons() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Buttons) as server:
        server.pressed = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_the_demos_buttons_call_the_demo_and_say_what_it_answered(open_shop: Any, page: Page, buttons: Any) -> None:
    shop = open_shop(demo_control=f"http://127.0.0.1:{buttons.server_port}/break")
    page.goto(f"{shop.url}/console")
    page.get_by_role("button", name="kill 10 tags").click()
    expect(page.locator("#demo-words")).to_have_text("tag 7 is dead")
    assert buttons.pressed == ["/break/kill-tags"]


def test_the_page_loads_nothing_but_its_own_files(stocked: Any, chromium: Browser) -> None:
    shop, displays = stocked
    context = chromium.new_context()
    page = context.new_page()
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    for path in ("/console", f"/glass/{displays[0]}", f"/console/displays/{displays[0]}"):
        page.goto(shop.url + path)
        expect(page.locator("img").first).to_be_visible()
    context.close()
    assert complaints == []
    assert [url for url in asked if not url.startswith(shop.url)] == []
