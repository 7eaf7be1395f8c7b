"""The price in force is the contract's, at every instant, and says itself how long that holds."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.access import StoreSettings
from gateway.catalog import PriceInForce, ProductFields, Stored, price_in_force
from gateway.catalog.moments import moment_text

ZAGREB = ZoneInfo("Europe/Zagreb")
SETTINGS = StoreSettings("shop", "EUR", "Europe/Zagreb", "hr-HR", "hr", 1, False, None, True)


def at(text: str, **fields: Stored) -> PriceInForce:
    """The price of a product at a local time."""
    moment = datetime.fromisoformat(text).replace(tzinfo=ZAGREB)
    return price_in_force(ProductFields({"price": "2.00"} | fields), SETTINGS, moment)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZAGREB)


def test_without_a_sale_the_regular_price_is_charged_for_ever() -> None:
    assert at("2025-07-03T12:00") == PriceInForce(Decimal("2.00"), None, False, None, None, None, None)


def test_a_sale_without_dates_is_in_force_until_it_is_taken_back() -> None:
    price = at("2025-07-03T12:00", salePrice="1.50")
    assert (price.selling, price.regular, price.on_offer) == (Decimal("1.50"), Decimal("2.00"), True)
    assert (price.holds_from, price.holds_until, price.sale_until) == (None, None, None)
    assert not at("2025-07-03T12:00", salePrice="1.50", onSale=False).on_offer


def test_bare_dates_count_whole_in_the_stores_time() -> None:
    sale: dict[str, Stored] = {"salePrice": "1.50", "saleStart": "2025-07-03", "saleEnd": "2025-07-05"}
    edges = ("2025-07-02T23:59:59", "2025-07-03T00:00", "2025-07-05T23:59:59", "2025-07-06T00:00")
    before, first, last, after = (at(text, **sale) for text in edges)
    assert [price.on_offer for price in (before, first, last, after)] == [False, True, True, False]
    assert before.holds_until == first.holds_from == local("2025-07-03T00:00")
    assert first.holds_until == first.sale_until == after.holds_from == local("2025-07-06T00:00")
    assert first.last_day == date(2025, 7, 5)
    assert (before.holds_from, after.holds_until) == (None, None)


def test_instants_are_taken_exactly_and_the_end_is_not_in_the_sale() -> None:
    sale: dict[str, Stored] = {
        "salePrice": "1.50",
        "saleStart": "2025-07-03T04:00:00Z",
        "saleEnd": "2025-07-03T16:00:00Z",
    }
    assert not at("2025-07-03T05:59:59", **sale).on_offer
    assert at("2025-07-03T06:00:00", **sale).on_offer
    assert at("2025-07-03T17:59:59", **sale).last_day == date(2025, 7, 3)
    assert not at("2025-07-03T18:00:00", **sale).on_offer


@pytest.mark.parametrize(("day", "hours"), [("2025-03-30", 23), ("2025-10-26", 25)])
def test_a_sale_of_one_day_lasts_as_long_as_the_day_when_the_clocks_change(day: str, hours: int) -> None:
    price = at(f"{day}T12:00", salePrice="1.50", saleStart=day, saleEnd=day)
    assert price.holds_from is not None
    assert price.holds_until is not None
    assert price.holds_until - price.holds_from == timedelta(hours=hours)


def test_a_sale_price_that_is_no_reduction_strikes_no_old_price() -> None:
    for sale_price in ("2.00", "2.50"):
        price = at("2025-07-03T12:00", salePrice=sale_price)
        assert (price.selling, price.regular, price.on_offer) == (Decimal(sale_price), None, True)


def test_on_sale_without_a_sale_price_is_an_offer_at_the_regular_price() -> None:
    price = at("2025-07-03T12:00", onSale=True, saleEnd="2025-07-03")
    assert (price.selling, price.regular, price.on_offer) == (Decimal("2.00"), None, True)
    assert price.holds_until == local("2025-07-04T00:00")


def test_a_sale_that_ends_before_it_starts_is_never_in_force() -> None:
    price = at("2025-07-03T12:00", salePrice="1.50", saleStart="2025-07-04", saleEnd="2025-07-02")
    assert price == PriceInForce(Decimal("2.00"), None, False, None, None, None, None)


def test_a_product_without_any_price_has_none_in_force() -> None:
    fields = ProductFields({"name": "Milk"})
    assert price_in_force(fields, SETTINGS, local("2025-07-03T12:00")).selling is None


# Around the last Sundays of March and October, on both sides, by the quarter of an hour.
INSTANTS = st.sampled_from(["2025-03-28", "2025-10-24", "2025-07-01"]).flatmap(
    lambda day: st.integers(0, 4 * 24 * 5).map(
        lambda quarters: datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(minutes=15 * quarters)
    )
)
MOMENTS = st.none() | INSTANTS.map(moment_text) | INSTANTS.map(lambda instant: instant.date().isoformat())


def in_force_by_the_letter(fields: Mapping[str, Stored], instant: datetime) -> tuple[object, object, bool]:
    """The contract's sentences, with dates compared as calendar days of the store instead of as instants."""

    def has_come(moment: object, days_more: int) -> bool:
        text = str(moment)
        if text.endswith("Z"):
            return instant >= datetime.fromisoformat(text)
        midnight = datetime.combine(date.fromisoformat(text) + timedelta(days=days_more), time())
        return instant.astimezone(ZAGREB).replace(tzinfo=None) >= midnight

    start, end, sale = fields.get("saleStart"), fields.get("saleEnd"), fields.get("salePrice")
    is_wanted = fields.get("onSale") is not False and (sale is not None or fields.get("onSale") is True)
    has_started, has_ended = start is None or has_come(start, 0), end is not None and has_come(end, 1)
    if not (is_wanted and has_started and not has_ended):
        return fields["price"], None, False
    if sale is None:
        return fields["price"], None, True
    return sale, fields["price"] if Decimal(str(sale)) < Decimal(str(fields["price"])) else None, True


@given(
    st.fixed_dictionaries(
        {"price": st.sampled_from(["1.00", "2.00"])},
        optional={
            "salePrice": st.sampled_from(["0.50", "1.00", "3.00"]),
            "onSale": st.booleans(),
            "saleStart": MOMENTS,
            "saleEnd": MOMENTS,
        },
    ),
    INSTANTS,
)
def test_the_price_in_force_is_the_contracts_and_time_alone_changes_it_only_where_it_says(
    sent: Mapping[str, Stored], instant: datetime
) -> None:
    stored = {name: value for name, value in sent.items() if value is not None}

    def facts(when: datetime) -> tuple[object, object, bool]:
        price = price_in_force(ProductFields(stored), SETTINGS, when)
        regular = None if price.regular is None else str(price.regular)
        return str(price.selling), regular, price.on_offer

    price = price_in_force(ProductFields(stored), SETTINGS, instant)
    assert facts(instant) == in_force_by_the_letter(stored, instant)
    for quarters in range(-4 * 24 * 2, 4 * 24 * 2):
        other = instant + timedelta(minutes=15 * quarters)
        holds = (price.holds_from is None or price.holds_from <= other) and (
            price.holds_until is None or other < price.holds_until
        )
        if holds:
            assert in_force_by_the_letter(stored, other) == facts(instant)
    for edge in (price.holds_from, price.holds_until):
        if edge is not None:
            assert in_force_by_the_letter(stored, edge) != in_force_by_the_letter(stored, edge - timedelta(seconds=1))
