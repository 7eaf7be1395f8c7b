"""Single updates, row by row: what is saved, what is listed, and what is said of it."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection

from gateway.access import TokenKind, sandbox_report
from gateway.catalog import ProductsChanged

Till = Callable[..., Any]
WATER = {"barcode": "4006381333931", "name": "Mineralwasser", "price": "3.99"}
BREAD = {"barcode": "4012345678901", "name": "Vollkornbrot", "price": 2.49}
COUNTS = ("received", "accepted", "rejected", "created", "updated", "unchanged", "superseded")


def counts(answer: Any) -> tuple[int, ...]:
    return tuple(answer.json()[name] for name in COUNTS)


def codes(answer: Any, listing: str = "errors") -> list[str]:
    return [issue["code"] for issue in answer.json()[listing]]


def test_new_products_are_saved_and_said_to_be_new(at_the_till: Till) -> None:
    async def scenario(pos: Any) -> None:
        answer = await pos.post("/add", {"products": [WATER, BREAD]})
        assert answer.status_code == 200
        assert answer.json()["success"] is True
        assert counts(answer) == (2, 2, 0, 2, 0, 0, 0)
        assert counts(await pos.post("/add", [WATER, {**BREAD, "price": "2.59"}])) == (2, 2, 0, 0, 1, 1, 0)
        product = (await pos.get("/products", params={"barcode": BREAD["barcode"]})).json()["product"]
        assert (product["name"], product["price"]) == ("Vollkornbrot", "2.59")

    at_the_till(scenario)


def test_an_update_without_a_name_keeps_the_name(at_the_till: Till) -> None:
    async def scenario(pos: Any) -> None:
        await pos.post("/add", WATER)
        assert counts(await pos.post("/productUpdate", {"barcode": WATER["barcode"], "price": "4.29"})) == (
            (1, 1, 0, 0, 1, 0, 0)
        )
        product = (await pos.get("/products", params={"barcode": WATER["barcode"]})).json()["product"]
        assert (product["name"], product["price"]) == ("Mineralwasser", "4.29")

    at_the_till(scenario)


def test_an_update_of_an_unknown_barcode_without_name_is_a_row_error(at_the_till: Till) -> None:
    async def scenario(pos: Any) -> None:
        await pos.post("/add", WATER)
        answer = await pos.post("/productUpdate", [{"barcode": "1234", "price": "1.00"}, {**WATER, "price": "4.00"}])
        assert answer.status_code == 207
        assert codes(answer) == ["required"]
        assert counts(answer) == (2, 1, 1, 0, 1, 0, 0)

    at_the_till(scenario)


def test_good_rows_are_saved_and_bad_ones_listed_with_the_same_shape(at_the_till: Till) -> None:
    async def scenario(pos: Any) -> None:
        bad = {"barcode": "77", "name": "Brot", "price": "1,29"}
        mixed = await pos.post("/add", [WATER, bad])
        none = await pos.post("/add", [bad])
        assert (mixed.status_code, mixed.json()["success"]) == (207, False)
        assert (none.status_code, none.json()["success"]) == (422, False)
        assert mixed.json().keys() <= none.json().keys()
        assert mixed.json()["errors"][0] == {**none.json()["errors"][0], "index": 1}
        assert none.headers["content-type"] == "application/problem+json"
        assert none.json()["code"] == "rows_rejected"

    at_the_till(scenario)


def test_all_or_nothing_saves_nothing_when_a_row_is_bad(at_the_till: Till) -> None:
    async def scenario(pos: Any) -> None:
        answer = await pos.post("/add?atomic=true", [WATER, {"barcode": "77"}])
        assert (answer.status_code, answer.json()["code"]) == (422, "atomic_rejected")
        assert counts(answer) == (2, 0, 1, 0, 0, 0, 0)
        assert (await pos.get("/products", params={"barcode": WATER["barcode"]})).status_code == 404
        assert (await pos.post("/add?atomic=true", [WATER])).status_code == 200

    at_the_till(scenario)


def test_in_one_request_the_last_row_of_a_barcode_wins(at_the_till: Till) -> None:
    async def scenario(pos: Any) -> None:
        answer = await pos.post("/add", [WATER, {**WATER, "price": "4.49"}])
        assert answer.status_code == 200
        assert codes(answer, "warnings") == ["duplicate_barcode"]
        product = (await pos.get("/products", params={"barcode": WATER["barcode"]})).json()["product"]
        assert product["price"] == "4.49"

    at_the_till(scenario)


def test_a_saved_change_nudges_whoever_keeps_displays_up_to_date_and_no_change_does_not(at_the_till: Till) -> None:
    async def scenario(pos: Any) -> None:
        await pos.post("/add", WATER)
        await pos.post("/add", WATER)
        nudges = [event for event in pos.gateway.published if isinstance(event, ProductsChanged)]
        assert [len(nudge.product_ids) for nudge in nudges] == [1]

    at_the_till(scenario)


def test_the_bound_displays_that_will_change_are_counted(at_the_till: Till) -> None:
    async def scenario(pos: Any) -> None:
        pos.gateway.shelf.displays = [object(), object()]
        assert (await pos.post("/add", WATER)).json()["displays"] == 2
        assert (await pos.post("/add", WATER)).json()["displays"] == 0

    at_the_till(scenario)


def test_a_store_fed_from_elsewhere_refuses_and_names_its_source(at_the_till: Till) -> None:
    async def scenario(pos: Any) -> None:
        for path, body in (
            ("/add", WATER),
            ("/productUpdate", WATER),
            ("/delete", {"barcodes": ["1"]}),
            ("/batch/start", {}),
            ("/batch/push", {"sessionId": "b5Yc0tq1M9x2Lw7d", "products": [WATER]}),
            ("/batch/complete", {"sessionId": "b5Yc0tq1M9x2Lw7d"}),
        ):
            answer = await pos.post(path, body)
            assert (answer.status_code, answer.json()["code"]) == (409, "store_fed_elsewhere"), path
            assert "head-office" in answer.json()["message"]

    at_the_till(scenario, source="head-office")


def test_more_than_a_thousand_products_are_refused_whole(at_the_till: Till) -> None:
    async def scenario(pos: Any) -> None:
        rows = [{"barcode": f"p{number}", "name": "n", "price": 1} for number in range(1001)]
        answer = await pos.post("/add", rows)
        assert (answer.status_code, answer.json()["code"]) == (413, "too_many_products")
        assert (await pos.get("/products", params={"barcode": "p0"})).status_code == 404
        assert counts(await pos.post("/add", rows[:1000]))[:4] == (1000, 1000, 0, 1000)

    at_the_till(scenario)


def test_what_is_none_of_the_three_shapes_is_a_clear_word(at_the_till: Till) -> None:
    async def scenario(pos: Any) -> None:
        for body in (b"5", b'"x"', b"null", b"true", b'{"products": 5}', b'{"products": {}}'):
            answer = await pos.post("/add", body)
            assert (answer.status_code, answer.json()["code"]) == (422, "wrong_shape"), body
        assert (await pos.post("/add", b"[]")).json()["received"] == 0
        assert codes(await pos.post("/add", b"")) == ["required"] * 3
        twice = await pos.post("/add", b'{"products": [], "products": []}')
        assert (twice.status_code, twice.json()["code"]) == (422, "wrong_shape")

    at_the_till(scenario)


def test_the_envelope_too_is_matched_without_regard_to_case_and_what_stands_beside_it_is_remarked(
    at_the_till: Till,
) -> None:
    async def scenario(pos: Any) -> None:
        answer = await pos.post("/add", {"Products": [WATER], "atomic": True})
        assert counts(answer)[:2] == (1, 1)
        assert answer.json()["warnings"][0]["code"] == "ignored_field"
        assert answer.json()["warnings"][0]["index"] is None

    at_the_till(scenario)


def test_a_token_may_have_words_of_its_own_for_our_fields(at_the_till: Till) -> None:
    async def scenario(pos: Any) -> None:
        answer = await pos.post("/add", {"Artikel": "77", "Bezeichnung": "Brot", "VK": "1.29"})
        assert answer.status_code == 200, answer.text
        product = (await pos.get("/products", params={"barcode": "77"})).json()["product"]
        assert (product["name"], product["price"]) == ("Brot", "1.29")

    at_the_till(scenario, field_map={"barcode": "Artikel", "name": "Bezeichnung", "price": "VK"})


def test_removed_products_are_gone_and_a_repeat_is_harmless(at_the_till: Till) -> None:
    async def scenario(pos: Any) -> None:
        await pos.post("/add", [WATER, BREAD])
        pos.gateway.shelf.displays = [object()]
        answer = await pos.post("/delete", {"barcodes": [WATER["barcode"], " 4012345678901 "]})
        assert (answer.status_code, answer.json()["removed"], answer.json()["displays"]) == (200, 2, 2)
        assert (await pos.get("/products", params={"barcode": WATER["barcode"]})).status_code == 404
        again = await pos.post("/delete", {"barcodes": [WATER["barcode"]]})
        assert (again.status_code, again.json()["removed"], codes(again, "warnings")) == (200, 0, ["product_unknown"])
        mixed = await pos.post("/delete", {"barcodes": [{}, "77"]})
        assert (mixed.status_code, codes(mixed)) == (207, ["barcode_format"])
        assert (await pos.post("/delete", {"barcodes": [[]]})).status_code == 422
        assert (await pos.post("/delete", {})).json()["code"] == "wrong_shape"
        assert (await pos.post("/delete", {"barcodes": ["7"] * 1001})).status_code == 413

    at_the_till(scenario)


def test_the_checklist_fills_itself_from_sandbox_traffic_alone(at_the_till: Till) -> None:
    async def scenario(pos: Any) -> None:
        barcode = WATER["barcode"]
        await pos.get("/store")
        await pos.post("/add", {**WATER, "promo": 1})
        await pos.post("/productUpdate", {"barcode": barcode, "salePrice": "2.99"})
        await pos.post("/productUpdate", {"barcode": barcode, "salePrice": None})
        await pos.post("/productUpdate", {"barcode": "77", "price": "1.00"})
        await pos.post("/productUpdate", {"barcode": "77", "price": "1.00", "name": "Brot"})
        session_id = await pos.batch([WATER])
        await pos.until_completed(session_id)

        def report(connection: Connection) -> dict[str, bool]:
            return {item.mark: item.done_at is not None for item in sandbox_report(connection, "shop-0")}

        done = await pos.gateway.database.read(report)
        assert done.pop("unmapped_price_field") is False  # the rows came at one instant; the clock stood still
        assert all(done.values()), done
        pos.gateway.clock.move(1)
        await pos.post("/productUpdate", {"barcode": barcode, "price": "1.00"})
        assert all((await pos.gateway.database.read(report)).values())

    at_the_till(scenario)


def test_ending_a_sale_that_never_started_does_not_tick_the_checklist(at_the_till: Till) -> None:
    async def scenario(pos: Any) -> None:
        await pos.post("/add", {**WATER, "onSale": False})
        await pos.post("/add", {**WATER, "salePrice": "2.99"})
        report = await pos.gateway.database.read(lambda connection: sandbox_report(connection, "shop-0"))
        done = {item.mark for item in report if item.done_at}
        assert "sale_started" in done
        assert "sale_ended" not in done

    at_the_till(scenario)


def test_production_traffic_ticks_nothing(at_the_till: Till) -> None:
    async def scenario(pos: Any) -> None:
        await pos.post("/add", WATER)
        report = await pos.gateway.database.read(lambda connection: sandbox_report(connection, "shop-0"))
        assert not any(item.done_at for item in report)

    at_the_till(scenario, kind=TokenKind.PRODUCTION)
