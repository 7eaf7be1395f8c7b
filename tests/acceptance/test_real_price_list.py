"""The price list of a real hypermarket, through a real gateway, to every glass; then the same list, and a changed one.

Real and dirty: 158 rows without a barcode, hundreds with an empty price beside a special one, odd units.
CI: 200 tags, 20 prices read by tesseract, 20 rows changed. ESL_TEST_LONG=1: 2,000 tags, 200 prices, 100 rows.
"""

import csv
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import price_list_file
import pytest
from acceptance_sizes import LONG, size
from gateway_process import GatewayProcess, gateway
from PIL import Image
from price_reader import needs_tesseract, price_digits
from real_shop import (
    SETTINGS,
    STORE,
    Document,
    FleetProcess,
    all_confirmed,
    bind_all,
    figures,
    fleet,
    import_rows,
    said,
)

from firmware_protocol import PANELS, Codec, Panel, content_id, encode
from firmware_protocol.encoding import Base, encode_difference
from firmware_protocol.poll import PART_OCTETS
from gateway.catalog import RowMode
from gateway.cli.importing import ROWS_A_PUSH
from simulator.picture import image
from simulator.world.judge import Judge

pytestmark = [price_list_file.needs_it, pytest.mark.xdist_group("price list")]
TAGS = size(200, 2_000)
READ = size(20, 200)
CHANGED = size(20, 100)
COMPARED_AS_PICTURES = 24
CONFIRMED_WITHIN_S = size(300, 1800)
# Rows whose fate differs from *saved*, by code. Every other row of the list is saved.
REJECTED_BY_CODE = {"required": price_list_file.REJECTED}


@dataclass
class Shop:
    """A running gateway with its fleet. `bound`: barcode by display; `judge` is told every row that was sent."""

    gateway: GatewayProcess
    fleet: FleetProcess
    judge: Judge
    bound: dict[str, str]
    rows: list[dict[str, object]]
    folder: Path
    report: Document

    def sends(self, rows: list[dict[str, object]]) -> None:
        for start in range(0, len(rows), ROWS_A_PUSH):
            self.judge.accepted(rows[start : start + ROWS_A_PUSH], RowMode.UPDATE)

    def heard_on_the_links(self) -> Document:
        """What came down to the bridges since this was asked last."""
        return self.fleet.order("tap")

    def pictures(self, among: Collection[str], panels: dict[str, Panel]) -> dict[str, tuple[bytes, ...]]:
        """The planes that these displays should show now."""
        now = datetime.now(UTC)
        return {one: self.judge.expected(one, panels[one].name, [self.bound[one]], now).planes for one in among}

    def wrong_glasses(self, name: str, among: Collection[str]) -> list[str]:
        """Of these displays, whose glass is not, pixel by pixel, what an independent render of the sent rows shows."""
        shown = self.fleet.dump(self.folder / name)
        assert set(shown) == set(self.bound)
        now = datetime.now(UTC)
        wrong = []
        for number, display in enumerate(sorted(among)):
            panel = PANELS[shown[display]["panel"]]
            planes = self.judge.expected(display, panel.name, [self.bound[display]], now).planes
            same = shown[display]["contentId"] == content_id(panel, planes).hex()
            if same and number < COMPARED_AS_PICTURES:
                with Image.open(self.folder / name / f"{display}.png") as picture:
                    same = picture.convert("RGB").tobytes() == image(planes, panel).convert("RGB").tobytes()
            if not same:
                wrong.append(f"{display} ({panel.name}, {self.bound[display]})")
        return wrong


def cheapest_encoding(panel: Panel, old: tuple[bytes, ...], new: tuple[bytes, ...]) -> str:
    """The id of the one with the fewest parts: the whole picture, or its difference to the one on the glass."""
    base = Base(content_id(panel, old), b"".join(old), panel.row_octets)
    ways = encode(new, Codec.DEFLATE), encode_difference(base, b"".join(new))
    return min(ways, key=lambda one: -(-len(one.stream) // PART_OCTETS)).encoding_id.hex()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The list has been imported once, over labels that showed another price before."""
    folder = tmp_path_factory.mktemp("shop")
    print(f"{price_list_file.ROWS} rows, {TAGS} tags{' (full size)' if LONG else ''}")
    options = ["--tags", str(TAGS), "--speed", "20", "--bridges", str(size(1, 4))]
    data = folder / "data"
    with ExitStack() as stack:
        running = stack.enter_context(gateway(data))
        said(data, "store", "add", STORE)
        tags = stack.enter_context(fleet(data, *options))
        rows = price_list_file.rows_sent()
        judge = Judge(SETTINGS)
        first = [
            {"barcode": row["barcode"], "name": "Uskoro", "price": "0.01"} for row in price_list_file.spread(rows, TAGS)
        ]
        import_rows(data, folder / "first.json", first)
        judge.accepted(first, RowMode.UPDATE)
        tags.until_commissioned(CONFIRMED_WITHIN_S)
        bound = bind_all(data)
        report = said(data, "import", str(price_list_file.copied(folder)), "--store", STORE)
        made = Shop(running, tags, judge, bound, rows, folder, report)
        made.sends(rows)
        all_confirmed(running, CONFIRMED_WITHIN_S)
        yield made


def test_each_row_is_saved_or_rejected_with_a_reason_and_each_label_is_confirmed(shop: Shop) -> None:
    report = shop.report
    assert (report["status"], report["productsReceived"]) == ("completed", price_list_file.ROWS)
    assert report["productsSaved"] == price_list_file.ROWS - price_list_file.REJECTED
    assert report["rejected"] == price_list_file.REJECTED
    assert (report["tagsTotal"], report["tagsConfirmed"]) == (TAGS, TAGS)
    with Path(report["rejectedFile"]).open(encoding="utf-8", newline="") as opened:
        rejected = list(csv.DictReader(opened))
    assert Counter(row["rejectedCode"] for row in rejected) == REJECTED_BY_CODE
    assert all(row["Barcode"].strip() == "" and row["rejectedBecause"] and row["hint"] for row in rejected)


def test_every_glass_equals_the_independent_render_of_the_rows_that_were_sent(shop: Shop) -> None:
    assert len(shop.bound) == TAGS
    assert shop.wrong_glasses("after the first import", shop.bound) == []


@needs_tesseract
def test_an_independent_reader_reads_the_prices_that_were_sent(shop: Shop) -> None:
    shop.fleet.dump(shop.folder / "read")
    sent_rows = [row for row in shop.rows if row.get("barcode")]
    prices = {row["barcode"]: row["salePrice"] or row["price"] for row in sent_rows}
    chosen = sorted(shop.bound)[:: max(1, TAGS // READ)][:READ]
    misread = []
    for display in chosen:
        sent = f"{Decimal(str(prices[shop.bound[display]])):.2f}".replace(".", "")
        with Image.open(shop.folder / "read" / f"{display}.png") as picture:
            read = price_digits(picture)
        if read != sent:
            misread.append(f"{display}: sent {sent}, read {read or 'nothing'}")
    print(f"{len(chosen) - len(misread)} of {len(chosen)} prices read as sent", *misread, sep="\n")
    assert len(misread) <= len(chosen) // 100, misread


def test_the_same_list_again_draws_nothing_and_sends_nothing(shop: Shop) -> None:
    before, refreshes = figures(shop.gateway), shop.fleet.order("status")["refreshes"]
    shop.heard_on_the_links()
    file = shop.folder / "again" / price_list_file.FILE.name
    file.parent.mkdir()
    report = said(shop.gateway.data, "import", str(price_list_file.copied(file.parent)), "--store", STORE)
    shop.sends(shop.rows)
    after = figures(shop.gateway)
    assert (report["status"], report["unchanged"]) == ("completed", report["productsSaved"])
    assert report["tagsConfirmed"] == report["tagsTotal"] == TAGS
    for name in ("esl_labels_drawn_total", "esl_link_payloads_sent_total"):
        assert after[name] == before[name], name
    assert shop.fleet.order("status")["refreshes"] == refreshes
    heard = shop.heard_on_the_links()
    print(f"the same list again, on the links: {heard['messages']}")
    assert heard["payloads"] == 0


def test_changed_prices_reach_exactly_the_displays_that_show_them(shop: Shop) -> None:
    plain = [row for row in price_list_file.spread(shop.rows, 10_000) if row.get("price") and not row.get("onSale")]
    on_shelf = set(shop.bound.values())
    bound = [row for row in plain if row["barcode"] in on_shelf][: CHANGED // 2]
    others = [row for row in plain if row["barcode"] not in on_shelf][: CHANGED - len(bound)]
    changed = [{**row, "price": str(Decimal(str(row["price"])) + Decimal("0.10"))} for row in bound + others]
    codes = {row["barcode"] for row in changed}
    affected = {display for display, barcode in shop.bound.items() if barcode in codes}

    old = shop.fleet.dump(shop.folder / "before")
    panels = {one: PANELS[told["panel"]] for one, told in old.items()}
    shown = shop.pictures(affected, panels)
    before = figures(shop.gateway)
    shop.heard_on_the_links()
    report = import_rows(shop.gateway.data, shop.folder / "changed.json", changed)
    shop.sends(changed)
    all_confirmed(shop.gateway, CONFIRMED_WITHIN_S)
    after = figures(shop.gateway)
    new = shop.fleet.dump(shop.folder / "after")
    heard = shop.heard_on_the_links()
    print(f"{len(changed)} rows changed, {len(affected)} displays affected; on the links: {heard['messages']}")
    assert len(changed) == CHANGED
    assert (report["updated"], report["tagsTotal"], report["tagsConfirmed"]) == (CHANGED, len(affected), len(affected))
    assert after["esl_labels_drawn_total"] - before["esl_labels_drawn_total"] == len(affected)
    assert set(heard["manifests"]) == affected
    assert set(heard["commands"]) <= affected
    wanted = shop.pictures(affected, panels)
    assert set(heard["parts"]) == {cheapest_encoding(panels[one], shown[one], wanted[one]) for one in affected}
    refreshed = {one: new[one]["refreshCounter"] - told["refreshCounter"] for one, told in old.items()}
    assert {one: count for one, count in refreshed.items() if count} == dict.fromkeys(affected, 1)
    assert {one for one, told in old.items() if new[one]["contentId"] != told["contentId"]} == affected
    assert shop.wrong_glasses("with the changes", affected) == []
