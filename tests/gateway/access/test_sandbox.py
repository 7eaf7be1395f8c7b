"""The checklist is worked out from the traffic itself."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.access import TokenKind, create_token, note_sandbox, sandbox_report

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def note(books, *marks, at=NOW, store="corner"):
    for mark in marks:
        books(lambda connection, mark=mark: note_sandbox(connection, store, mark, at))


def done(books, store="corner"):
    report = books(lambda connection: sandbox_report(connection, store))
    return {item.mark: item.done_at for item in report if item.done_at is not None}


def test_nothing_is_done_before_any_traffic(books):
    assert done(books) == {}


def test_an_item_is_done_when_it_was_first_seen(books):
    note(books, "add")
    note(books, "add", at=NOW + timedelta(hours=1))
    assert done(books) == {"add": NOW}


def test_a_price_field_we_do_not_know_stands_in_the_way_until_rows_come_without_it(books):
    note(books, "rows", "unmapped_price_field")
    assert "unmapped_price_field" not in done(books)
    mapped = NOW + timedelta(minutes=5)
    note(books, "rows", at=mapped)
    assert done(books)["unmapped_price_field"] == mapped
    note(books, "rows", "unmapped_price_field", at=NOW + timedelta(minutes=6))
    assert "unmapped_price_field" not in done(books)


def test_traffic_on_the_twin_counts_for_the_store(books):
    books(
        lambda connection: create_token(connection, books.secrets, "corner", TokenKind.PRODUCTION, force=True, now=NOW)
    )
    note(books, "batch_completed", store="corner-sandbox")
    assert done(books) == done(books, "corner-sandbox") == {"batch_completed": NOW}


def test_a_mark_nobody_knows_is_our_own_mistake(books):
    with pytest.raises(ValueError, match="sold_out"):
        note(books, "sold_out")
