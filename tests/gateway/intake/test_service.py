"""What a chunk does to a store, and what it is answered."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from head_office import BREAD, MILK, NOW, SOURCE, STORE, FedShop, change, chunk, codes, in_shop, milk

from gateway.access import store_settings, take_product_versions, update_store
from gateway.catalog import ProductsChanged
from gateway.shelf import DesiredMoved


def test_a_chunk_brings_products_with_their_own_versions_and_the_labels_follow(tmp_path: Path) -> None:
    async def story(shop: FedShop) -> None:
        moved: list[str] = []
        shop.events.watch(DesiredMoved, lambda event: moved.extend(event.display_ids))
        answer = await shop.send(milk(7, "1.29"), milk(8, "2.00", barcode=BREAD, name="Kruh"))
        assert answer == {"chunk_id": "c-1", "displays_total": 0, "displays_handled": 0, "refused": []}
        await shop.bind()
        await shop.sync.bring_up_to_date()
        moved.clear()
        answer = await shop.send(milk(9, "1.39"), chunk_id="c-2")
        assert answer == {"chunk_id": "c-2", "displays_total": 1, "displays_handled": 1, "refused": []}
        assert moved == ["0000000000000000.0"]
        found = await shop.products(MILK, BREAD)
        assert (found[MILK].version, found[MILK].fields["price"]) == (9, Decimal("1.39"))
        assert found[BREAD].version == 8

    in_shop(tmp_path, story)


def test_a_late_state_and_a_repeat_change_nothing(tmp_path: Path) -> None:
    async def story(shop: FedShop) -> None:
        published: list[object] = []
        await shop.send(milk(7, "1.29"))
        await shop.bind(1)
        await shop.send(milk(9, "1.39"))
        before = await shop.products(MILK), await shop.lines(MILK), await shop.standings()
        shop.events.watch(ProductsChanged, published.append)
        for late in (milk(9, "1.39"), milk(7, "1.29"), milk(8, "5.00")):
            answer = await shop.send(late)
            assert (answer["displays_total"], answer["displays_handled"], answer["refused"]) == (1, 1, [])
        assert (await shop.products(MILK), await shop.lines(MILK), await shop.standings()) == before
        assert published == []

    in_shop(tmp_path, story)


def test_a_removed_product_leaves_the_shelf_and_an_older_state_does_not_bring_it_back(tmp_path: Path) -> None:
    gone = {"barcode": MILK, "product_version": 9, "removed": True, "price_changes": []}

    async def story(shop: FedShop) -> None:
        await shop.send(milk(7, "1.29"))
        await shop.bind(1)
        await shop.sync.bring_up_to_date()
        priced = (await shop.standings())[0]
        answer = await shop.send(gone)
        assert [(one["display_id"], one["code"]) for one in answer["refused"]] == [
            (priced.display_id, "product_removed")
        ]
        assert (await shop.standings())[0].desired_content_id != priced.desired_content_id
        await shop.send(milk(8, "1.39"))
        assert await shop.products(MILK) == {}
        await shop.send(milk(10, "1.49"))
        assert (await shop.products(MILK))[MILK].fields["price"] == Decimal("1.49")

    in_shop(tmp_path, story)


def test_a_removal_that_comes_before_its_product_holds(tmp_path: Path) -> None:
    async def story(shop: FedShop) -> None:
        await shop.send({"barcode": MILK, "product_version": 9, "removed": True, "price_changes": []})
        await shop.send(milk(8, "1.39"))
        assert await shop.products(MILK) == {}

    in_shop(tmp_path, story)


def test_bad_products_are_listed_with_field_and_reason_and_good_ones_taken(tmp_path: Path) -> None:
    async def story(shop: FedShop) -> None:
        answer = await shop.send(
            milk(1, "1.299"),
            milk(1, "2.00", barcode=BREAD),
            "milk",
            milk(0, "1"),
            milk(1, "1", removed="no"),
            milk(1, "1", ean="1"),
            milk(1, "1", salePrice="0"),
            milk(1, "1", price_changes=None),
            {"barcode": MILK, "product_version": 1, "removed": False, "price_changes": []},
            milk(1, "1", change("1", "1,5", 1)),
            milk(1, "1", change(None, "1", 1, field="name")),
            milk(1, "1", change(None, "1", 1, at="2026-03-01")),
            milk(1, "1", change(None, "1", 1, when="now")),
            milk(1, "1", change("1", "2", 1), change("2", "1", 1)),
        )
        assert codes(answer) == [
            (MILK, "price", "price_digits"),
            (None, None, "not_an_object"),
            (MILK, "product_version", "number_format"),
            (MILK, "removed", "boolean_format"),
            (MILK, "ean", "unknown_field"),
            (MILK, "salePrice", "zero_as_unset"),
            (MILK, "price_changes", "list_wanted"),
            (MILK, "name", "required"),
            (MILK, "price", "required"),
            (MILK, "price_changes[0].new", "price_format"),
            (MILK, "price_changes[0].field", "unknown_field"),
            (MILK, "price_changes[0].at", "date_format"),
            (MILK, "price_changes[0]", "wrong_shape"),
            (MILK, "price_changes", "ambiguous_change"),
        ]
        assert [one["index"] for one in answer["refused"]] == [0, 2, 3, 4, 5, 6, 7, 8, 8, 9, 10, 11, 12, 13]
        assert all(one["reason"] for one in answer["refused"])
        assert list(await shop.products(MILK, BREAD)) == [BREAD]

    in_shop(tmp_path, story)


@pytest.mark.parametrize(
    ("members", "field", "code"),
    [
        ({"chunk_id": ""}, "chunk_id", "text_wanted"),
        ({"chunk_id": 7}, "chunk_id", "text_wanted"),
        ({"store": "zagreb 1"}, "store", "text_wanted"),
        ({"store": "elsewhere"}, "store", "store_unknown"),
        ({"session_id": 5}, "session_id", "text_wanted"),
        ({"index": 1}, "index", "number_format"),
        ({"index": True}, "index", "number_format"),
        ({"of": 0}, "of", "number_format"),
        ({"products": {}}, "products", "list_wanted"),
        ({"products": [{}] * 1_001}, "products", "list_wanted"),
        ({"more": 1}, "more", "unknown_field"),
    ],
)
def test_a_chunk_that_is_not_understood_is_refused_whole(
    tmp_path: Path, members: dict[str, object], field: str, code: str
) -> None:
    async def story(shop: FedShop) -> None:
        answer = await shop.send(milk(1, "1.29"), **members)
        assert codes(answer) == [(None, field, code)]
        assert answer["chunk_id"] == (None if field == "chunk_id" else "c-1")
        assert (answer["displays_total"], answer["displays_handled"]) == (0, 0)
        assert await shop.products(MILK) == {}

    in_shop(tmp_path, story)


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"{", "malformed_body"),
        (b"\xff", "malformed_body"),
        (b"[]", "not_an_object"),
        (b'{"chunk_id": "a", "chunk_id": "b"}', "duplicate_key"),
        (b" " * ((8 << 20) + 1), "too_large"),
    ],
)
def test_octets_that_are_no_chunk_are_answered_too(tmp_path: Path, payload: bytes, code: str) -> None:
    async def story(shop: FedShop) -> None:
        assert [one["code"] for one in (await shop.send_raw(payload))["refused"]] == [code]

    in_shop(tmp_path, story)


def test_a_store_without_a_source_takes_no_chunk_and_says_so(tmp_path: Path) -> None:
    async def story(shop: FedShop) -> None:
        answer = await shop.send(milk(1, "1.29"))
        assert codes(answer) == [(None, "store", "store_without_source")]
        assert "operator" in answer["refused"][0]["reason"]
        assert await shop.products(MILK) == {}

    in_shop(tmp_path, story, source=None)


def test_versions_of_another_authority_are_refused_unless_they_are_higher(tmp_path: Path) -> None:
    async def story(shop: FedShop) -> None:
        await shop.send(milk(500, "1.29"))
        await shop.database.write(lambda c: update_store(c, STORE, now=NOW, source="new-office"))
        answer = await shop.send(milk(17, "1.39"))
        assert codes(answer) == [(MILK, "product_version", "version_not_above")]
        assert SOURCE not in answer["refused"][0]["reason"]
        assert (await shop.send(milk(501, "1.39")))["refused"] == []
        assert (await shop.products(MILK))[MILK].version == 501

    in_shop(tmp_path, story)


def test_a_version_that_was_used_for_another_product_before_is_refused(tmp_path: Path) -> None:
    async def story(shop: FedShop) -> None:
        await shop.send(milk(5, "1.29"))
        assert codes(await shop.send(milk(5, "1.39"))) == [(MILK, "product_version", "version_reused")]
        assert (await shop.products(MILK))[MILK].fields["price"] == Decimal("1.29")

    in_shop(tmp_path, story)


def test_a_gateway_that_gives_the_numbers_again_goes_on_above_the_authority(tmp_path: Path) -> None:
    async def story(shop: FedShop) -> None:
        await shop.send(milk(500, "1.29"))
        assert await shop.database.write(lambda c: take_product_versions(c, STORE, 1)) == 501

    in_shop(tmp_path, story)


def test_extra_barcodes_and_attributes_come_and_go_with_the_state(tmp_path: Path) -> None:
    async def story(shop: FedShop) -> None:
        await shop.send(milk(1, "1.29", extraBarcodes=["12345"], attributes={"aisle": 4}, stock="2.5"))
        fields = (await shop.products(MILK))[MILK].fields
        assert (fields.extra_barcodes(), fields.attributes()) == (("12345",), {"aisle": 4})
        await shop.send(milk(2, "1.29"))
        assert dict((await shop.products(MILK))[MILK].fields) == {"name": "Mlijeko", "price": Decimal("1.29")}

    in_shop(tmp_path, story)


def test_settings_that_change_while_a_chunk_is_judged_make_it_be_judged_again(tmp_path: Path) -> None:
    async def story(shop: FedShop) -> None:
        read = shop.database.read
        moved = []

        async def read_and_move(work):  # type: ignore[no-untyped-def]
            found = await read(work)
            if not moved:
                moved.append(await shop.database.write(lambda c: update_store(c, STORE, now=NOW, currency="HUF")))
            return found

        shop.database.read = read_and_move  # type: ignore[method-assign]
        answer = await shop.send(milk(1, "1.295"))
        assert codes(answer) == [(MILK, "price", "price_digits")]
        assert "HUF" in answer["refused"][0]["reason"]
        assert (await read(lambda c: store_settings(c, STORE))).settings_version == 3

    in_shop(tmp_path, story)


def test_who_may_speak_for_one_store_does_not_speak_for_another(tmp_path: Path) -> None:
    async def story(shop: FedShop) -> None:
        answer = json.loads(await shop.intake.handle(json.dumps(chunk(milk(1, "1"))).encode(), store_id="other"))
        assert codes(answer) == [(None, "store", "wrong_store")]
        assert await shop.products(MILK) == {}

    in_shop(tmp_path, story)
