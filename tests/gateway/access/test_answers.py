"""A repeated request gets its first answer for a day."""

from datetime import UTC, datetime, timedelta

from gateway.access import add_store, remember_answer, remembered_answer

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
A_DAY = timedelta(hours=24)


def remember(books, key, answer, at=NOW, store="corner", route="/add"):
    books(lambda connection: remember_answer(connection, store, route, key, b"hash", 207, answer, at))


def look_up(books, key, store="corner", route="/add", **when):
    return books(lambda connection: remembered_answer(connection, store, route, key, **when))


def test_the_first_answer_comes_again_byte_for_byte(books):
    remember(books, "k1", b'{"success": false}')
    found = look_up(books, "k1")
    assert (found.status, found.answer, found.body_hash) == (207, b'{"success": false}', b"hash")


def test_a_key_belongs_to_one_store_and_one_route(books):
    books(lambda connection: add_store(connection, "other", now=NOW))
    remember(books, "k1", b"1")
    assert look_up(books, "k1", store="other") is None
    assert look_up(books, "k1", route="/productUpdate") is None
    assert look_up(books, "k2") is None


def test_an_answer_is_kept_for_24_hours_and_then_the_key_is_free(books):
    remember(books, "k1", b"1")
    assert look_up(books, "k1", now=NOW + A_DAY - timedelta(seconds=1)) is not None
    assert look_up(books, "k1", now=NOW + A_DAY) is None
    remember(books, "k1", b"2", at=NOW + A_DAY)
    assert look_up(books, "k1", now=NOW + A_DAY).answer == b"2"


def test_old_answers_are_swept_out_by_new_ones(books):
    remember(books, "old", b"1")
    remember(books, "new", b"2", at=NOW + A_DAY)
    assert look_up(books, "old") is None
