"""Who may let a bridge in, and which starts of the gateway this data knows of."""

from datetime import UTC, datetime

import pytest

from gateway.access import (
    FieldInvalid,
    StoreUnknown,
    bridge_credentials,
    ensure_bridge_credential,
    forget_bridge_credential,
    known_run,
    start_run,
)

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def ensure(books, name, store="corner"):
    return books(lambda connection: ensure_bridge_credential(connection, books.secrets, store, name, NOW))


def test_a_bridge_keeps_its_credential_until_it_is_forgotten(books):
    first = ensure(books, "aisle-1")
    assert first.bridge_id == "corner/aisle-1"
    assert ensure(books, "aisle-1") == first
    second = ensure(books, "aisle-2")
    assert second.password != first.password
    assert books(bridge_credentials) == [first, second]
    books(lambda connection: forget_bridge_credential(connection, "corner/aisle-1"))
    assert books(bridge_credentials) == [second]
    assert ensure(books, "aisle-1").password != first.password


@pytest.mark.parametrize("name", ["", "Aisle", "a/b", "a b", "a" * 33, "#", "+"])
def test_a_bridge_name_that_a_topic_cannot_hold_is_refused(books, name):
    with pytest.raises(FieldInvalid):
        ensure(books, name)


def test_a_bridge_belongs_to_a_store_that_is_there(books):
    with pytest.raises(StoreUnknown):
        ensure(books, "aisle-1", store="elsewhere")


def test_a_run_is_known_from_its_start_on(books):
    run_id = books(lambda connection: start_run(connection, books.secrets, NOW))
    assert len(run_id) == 8
    assert books(lambda connection: known_run(connection, run_id))
    assert not books(lambda connection: known_run(connection, b"someone!"))
