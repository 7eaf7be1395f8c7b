"""What the ledger of a fed store knows: the past that its authority tells, each change once, in the order of time."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from head_office import MILK, NOW, SOURCE, STORE, FedShop, change, in_shop, milk

from gateway.catalog import ParsedRow, ProductFields, lowest_price, save_rows


async def lowest(shop: FedShop) -> Decimal | None:
    product = (await shop.products(MILK))[MILK]
    return await shop.database.read(lambda c: lowest_price(c, STORE, product.product_id, at=NOW))


def test_changes_told_twice_stand_in_the_ledger_once(tmp_path: Path) -> None:
    async def story(shop: FedShop) -> None:
        first, second = change(None, "1.29", 20, accepted_seq=3), change("1.29", "1.39", 10, accepted_seq=8)
        await shop.send(milk(1, "1.29", first))
        for _ in range(2):
            await shop.send(milk(2, "1.39", first, second))
        assert await shop.lines(MILK) == [
            (3, "price", None, "1.29", SOURCE, NOW - timedelta(days=20)),
            (8, "price", "1.29", "1.39", SOURCE, NOW - timedelta(days=10)),
        ]

    in_shop(tmp_path, story)


def test_the_lowest_price_of_thirty_days_is_known_although_states_were_skipped(tmp_path: Path) -> None:
    async def story(shop: FedShop) -> None:
        past = change("1.39", "0.99", 20), change("0.99", "1.49", 19), change("1.49", "1.59", 2)
        await shop.send(milk(40, "1.59", *past))
        assert await lowest(shop) == Decimal("0.99")

    in_shop(tmp_path, story)


def test_the_price_before_the_first_change_told_counts_for_the_lowest_too(tmp_path: Path) -> None:
    async def story(shop: FedShop) -> None:
        await shop.send(milk(40, "4.99", change("3.99", "4.99", 20)))
        assert await lowest(shop) == Decimal("3.99")
        opening, told = await shop.lines(MILK)
        assert opening == (0, "price", None, "3.99", "opening", NOW - timedelta(days=60))
        assert told[2:4] == ("3.99", "4.99")

    in_shop(tmp_path, story)


def test_a_product_without_changes_has_held_its_price_for_the_sixty_days(tmp_path: Path) -> None:
    async def story(shop: FedShop) -> None:
        await shop.send(milk(40, "4.99"))
        assert await lowest(shop) == Decimal("4.99")

    in_shop(tmp_path, story)


def test_a_change_that_comes_late_takes_its_place_in_time(tmp_path: Path) -> None:
    async def story(shop: FedShop) -> None:
        old, new = change(None, "1.29", 80), change("1.29", "1.39", 5)
        await shop.send(milk(2, "1.39", new))
        await shop.send(milk(1, "1.29", old))
        assert [line[1:5] for line in await shop.lines(MILK)] == [
            ("price", None, "1.29", SOURCE),
            ("price", "1.29", "1.39", SOURCE),
        ]

    in_shop(tmp_path, story)


def test_a_price_that_no_change_leads_to_is_noted_as_a_gap(tmp_path: Path) -> None:
    async def story(shop: FedShop) -> None:
        await shop.send(milk(1, "1.29"))
        shop.clock.utc += timedelta(days=90)
        await shop.send(milk(7, "1.59"))
        assert (await shop.lines(MILK))[-1] == (0, "price", "1.29", "1.59", "gap", NOW + timedelta(days=90))

    in_shop(tmp_path, story)


def test_a_gap_is_closed_by_the_change_that_comes_late(tmp_path: Path) -> None:
    async def story(shop: FedShop) -> None:
        await shop.send(milk(1, "1.29"))
        shop.clock.utc += timedelta(days=90)
        await shop.send(milk(7, "1.59"))
        await shop.send(milk(4, "1.59", change("1.29", "1.59", -10, accepted_seq=4)))
        assert [line[1:5] for line in await shop.lines(MILK)] == [
            ("price", None, "1.29", "opening"),
            ("price", "1.29", "1.59", SOURCE),
        ]

    in_shop(tmp_path, story)


def test_what_a_row_said_before_stays_word_for_word_when_a_change_takes_its_place_among_it(tmp_path: Path) -> None:
    row = ParsedRow(
        0, MILK, ProductFields({"name": "Mlijeko", "price": "1.29", "unitPrice": "1.29", "deposit": "0.10"})
    )
    said = [(7, name, None, value) for name, value in (("price", "1.29"), ("unitPrice", "1.29"), ("deposit", "0.10"))]

    async def story(shop: FedShop) -> None:
        await shop.database.write(lambda c: save_rows(c, STORE, [(7, row)], now=NOW, source="batch", session_id=None))
        assert [line[:4] for line in await shop.lines(MILK)] == said
        for days_ago in (3, -3):  # before the row, and behind it
            told = change("1.29", "1.39", days_ago)
            await shop.send(milk(40 - days_ago, "1.39", told, unitPrice="1.29", deposit="0.10"))
            lines = await shop.lines(MILK)
            assert sorted(line[:4] for line in lines if line[4] == "batch") == sorted(said)
            assert [line[5] for line in lines] == sorted(line[5] for line in lines)
            assert sum(line[5] == NOW - timedelta(days=days_ago) for line in lines if line[4] == SOURCE) == 1

    in_shop(tmp_path, story)
