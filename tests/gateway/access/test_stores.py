"""Stores: their settings are checked with words, and no number is ever given twice."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from gateway.access import (
    FieldInvalid,
    StoreExists,
    StoreUnknown,
    TokenKind,
    add_store,
    audit_lines,
    create_token,
    forgotten_below,
    jump_numbers,
    list_stores,
    store_settings,
    take_accepted_seqs,
    take_product_versions,
    update_store,
)
from gateway.access.tables import store

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_new_store_is_croatian_unless_told_otherwise_and_in_trial(books):
    settings = books(lambda connection: store_settings(connection, "corner"))
    assert (settings.currency, settings.time_zone, settings.locale, settings.law) == (
        "EUR",
        "Europe/Zagreb",
        "hr-HR",
        "hr",
    )
    assert settings.trial
    assert settings.settings_version == 1
    assert settings.source is None
    assert not settings.allow_zero_price


def test_a_store_has_one_name_for_good(books):
    with pytest.raises(StoreExists):
        books(lambda connection: add_store(connection, "corner", now=NOW))
    with pytest.raises(StoreUnknown, match="esl store add"):
        books(lambda connection: store_settings(connection, "elsewhere"))


@pytest.mark.parametrize(
    ("field", "settings"),
    [
        ("store", {"store_id": "Corner"}),
        ("store", {"store_id": ""}),
        ("store", {"store_id": "a" * 25}),
        ("store", {"store_id": "a b"}),
        ("store", {"store_id": "other-sandbox"}),
        ("currency", {"currency": "EURO"}),
        ("currency", {"currency": "eur"}),
        ("time_zone", {"time_zone": "Zagreb"}),
        ("time_zone", {"time_zone": "../Europe/Zagreb"}),
        ("time_zone", {"time_zone": "Europe"}),
        ("time_zone", {"time_zone": ""}),
        ("locale", {"locale": "hr_HR_xx_yy"}),
        ("locale", {"locale": "kroatisch"}),
        ("law", {"law": "mars"}),
    ],
)
def test_a_setting_we_cannot_take_is_named(books, field, settings):
    wanted = {"store_id": "new"} | settings
    with pytest.raises(FieldInvalid) as refused:
        books(lambda connection: add_store(connection, wanted.pop("store_id"), now=NOW, **wanted))
    assert refused.value.field == field
    assert [store.store_id for store in books(list_stores)] == ["corner"]


def test_changed_settings_make_older_labels_stale_in_store_and_twin(books):
    books(
        lambda connection: create_token(connection, books.secrets, "corner", TokenKind.PRODUCTION, force=True, now=NOW)
    )
    after = books(lambda connection: update_store(connection, "corner", now=NOW, locale="de-AT", allow_zero_price=True))
    assert (after.locale, after.allow_zero_price, after.settings_version) == ("de-AT", True, 2)
    twin = books(lambda connection: store_settings(connection, "corner-sandbox"))
    assert (twin.locale, twin.settings_version, twin.twin_of) == ("de-AT", 2, "corner")
    with pytest.raises(FieldInvalid, match="follows corner"):
        books(lambda connection: update_store(connection, "corner-sandbox", now=NOW, law="eu"))
    changed = [line for line in books(audit_lines) if line.action == "store_changed"]
    assert [line.detail for line in changed] == [{"locale": "de-AT", "allow_zero_price": True}]


def test_a_setting_we_cannot_take_changes_nothing(books):
    with pytest.raises(FieldInvalid):
        books(lambda connection: update_store(connection, "corner", now=NOW, locale="de-AT", law="mars"))
    assert books(lambda connection: store_settings(connection, "corner")).settings_version == 1


@pytest.mark.parametrize("take", [take_accepted_seqs, take_product_versions])
def test_numbers_are_consecutive_per_store_and_never_given_twice(books, take):
    books(lambda connection: add_store(connection, "other", now=NOW))
    assert books(lambda connection: take(connection, "corner", 1000)) == 1
    assert books(lambda connection: take(connection, "corner", 1)) == 1001
    assert books(lambda connection: take(connection, "other", 5)) == 1
    assert books(lambda connection: take(connection, "corner", 2)) == 1002
    with pytest.raises(StoreUnknown):
        books(lambda connection: take(connection, "elsewhere", 1))


def test_numbers_of_a_request_that_failed_are_given_to_the_next(books):
    def fails(connection):
        take_accepted_seqs(connection, "corner", 10)
        raise ValueError("a later step refused")

    with pytest.raises(ValueError, match="refused"):
        books(fails)
    assert books(lambda connection: take_accepted_seqs(connection, "corner", 1)) == 1


def test_after_a_restore_no_number_given_before_it_comes_again(books):
    before = books(lambda connection: take_accepted_seqs(connection, "corner", 3))
    books(lambda connection: jump_numbers(connection, NOW))
    clock_s = int((NOW - EPOCH).total_seconds())
    assert books(lambda connection: take_accepted_seqs(connection, "corner", 1)) == clock_s * 2**20 > before + 3
    assert books(lambda connection: take_product_versions(connection, "corner", 1)) == clock_s * 2**20
    assert books(lambda connection: forgotten_below(connection, "corner", NOW)) == clock_s


@pytest.mark.parametrize("wrong", [EPOCH - timedelta(days=400), EPOCH, datetime(2100, 1, 1, tzinfo=UTC)])
def test_a_restore_by_a_clock_that_cannot_be_right_lifts_the_numbers_above_those_of_the_backup(books, wrong):
    assert books(lambda connection: forgotten_below(connection, "corner", wrong)) == 0
    before = books(lambda connection: take_accepted_seqs(connection, "corner", 3))
    books(lambda connection: jump_numbers(connection, wrong))
    assert books(lambda connection: take_accepted_seqs(connection, "corner", 1)) == before + 3 + 2**20
    assert books(lambda connection: take_product_versions(connection, "corner", 1)) == 1 + 2**20
    assert books(lambda connection: forgotten_below(connection, "corner", wrong)) == 2**20


def test_a_price_list_of_any_length_taken_in_between_two_restores_of_one_backup_is_passed_over(books):
    books(lambda connection: take_accepted_seqs(connection, "corner", 3))
    books(lambda connection: jump_numbers(connection, NOW))
    life = books(lambda connection: take_accepted_seqs(connection, "corner", 50_000))
    books(lambda connection: connection.execute(update(store).values(next_accepted_seq=4)))  # the backup, once more
    books(lambda connection: jump_numbers(connection, NOW + timedelta(seconds=5)))
    assert books(lambda connection: take_accepted_seqs(connection, "corner", 1)) >= life + 50_000
