"""Tokens: one names one store; what is kept of it opens nothing."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from gateway.access import (
    FieldInvalid,
    SandboxIncomplete,
    StoreUnknown,
    TokenKind,
    TokenUnknown,
    TooManyTokens,
    audit_lines,
    create_token,
    find_token,
    list_stores,
    list_tokens,
    note_sandbox,
    revoke_token,
    sandbox_report,
    store_settings,
    update_token,
)
from gateway.access.sandbox import MARKS

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
SANDBOX, PRODUCTION = TokenKind.SANDBOX, TokenKind.PRODUCTION


def make(books, kind=SANDBOX, **wish):
    return books(lambda connection: create_token(connection, books.secrets, "corner", kind, now=NOW, **wish))


def grant_of(books, token, at=NOW):
    return books(lambda connection: find_token(connection, token, at))


def finish_the_checklist(books):
    for mark in MARKS:
        if mark != "unmapped_price_field":
            books(lambda connection, mark=mark: note_sandbox(connection, "corner", mark, NOW))


def test_the_token_alone_names_store_and_environment(books):
    token, row = make(books, field_map={"artikel": "name"})
    grant = grant_of(books, token)
    assert (grant.store_id, grant.environment, grant.kind) == ("corner", "sandbox", SANDBOX)
    assert grant.field_map == {"artikel": "name"}
    assert grant.token_id == row.token_id


@pytest.mark.parametrize("wrong", ["", "esl_sandbox_", "esl_sandbox_AAAA", "ä\ud800", "x" * 100_000])
def test_an_unknown_token_grants_nothing(books, wrong):
    make(books)
    assert grant_of(books, wrong) is None


def test_only_a_hash_of_the_token_is_kept(books):
    token, _ = make(books)
    kept = books(lambda connection: connection.execute(text("SELECT * FROM token")).one())
    secret = token.removeprefix("esl_sandbox_")
    assert all(secret not in str(value) and secret.encode() != value for value in kept)


def test_two_tokens_of_a_kind_may_be_live_so_that_one_can_be_changed_for_another(books):
    old, old_row = make(books)
    make(books)
    with pytest.raises(TooManyTokens, match="esl token revoke"):
        make(books)
    books(lambda connection: revoke_token(connection, old_row.token_id, NOW))
    assert grant_of(books, old) is None
    new, _ = make(books)
    assert grant_of(books, new) is not None
    states = [row.revoked_at is None for row in books(list_tokens)]
    assert sorted(states) == [False, True, True]


def test_a_token_for_a_while_opens_nothing_once_that_is_over_and_leaves_its_place(books):
    token, row = make(books, lives_s=3600)
    make(books)
    assert (row.revoked_at, row.ends_at) == (None, NOW + timedelta(hours=1))
    assert grant_of(books, token, NOW + timedelta(minutes=59)) is not None
    assert grant_of(books, token, NOW + timedelta(hours=1)) is None
    with pytest.raises(TooManyTokens):
        make(books)
    later = NOW + timedelta(hours=2)
    books(lambda connection: create_token(connection, books.secrets, "corner", SANDBOX, now=later))


def test_a_token_for_a_while_can_be_revoked_before(books):
    token, row = make(books, lives_s=3600)
    assert books(lambda connection: revoke_token(connection, row.token_id, NOW)).revoked_at == NOW
    assert grant_of(books, token) is None


def test_a_revoked_token_stays_dead_though_the_clock_is_set_back(books):
    token, row = make(books)
    books(lambda connection: revoke_token(connection, row.token_id, NOW))
    assert grant_of(books, token, NOW - timedelta(hours=2)) is None


@pytest.mark.parametrize("lives_s", [0, -1, 86_401])
def test_a_while_is_a_second_to_a_day(books, lives_s):
    with pytest.raises(FieldInvalid, match="livesS"):
        make(books, lives_s=lives_s)


def test_revoking_twice_keeps_the_first_moment(books):
    _, row = make(books)
    books(lambda connection: revoke_token(connection, row.token_id, NOW))
    again = books(lambda connection: revoke_token(connection, row.token_id, NOW + timedelta(days=1)))
    assert again.revoked_at == NOW
    with pytest.raises(TokenUnknown):
        books(lambda connection: revoke_token(connection, "nobody", NOW))


def test_a_token_can_learn_other_words(books):
    token, row = make(books)
    books(lambda connection: update_token(connection, row.token_id, {"preis": "price"}))
    assert grant_of(books, token).field_map == {"preis": "price"}
    books(lambda connection: update_token(connection, row.token_id, None))
    assert grant_of(books, token).field_map is None


def test_a_production_token_waits_for_the_sandbox_checklist(books):
    with pytest.raises(SandboxIncomplete, match="esl sandbox report") as refused:
        make(books, PRODUCTION)
    assert len(refused.value.missing) == len(books(lambda connection: sandbox_report(connection, "corner")))
    assert books(lambda connection: store_settings(connection, "corner")).trial
    finish_the_checklist(books)
    token, _ = make(books, PRODUCTION)
    assert grant_of(books, token).environment == "production"
    assert [line.detail["forced"] for line in books(audit_lines) if line.action == "token_created"] == [False]


def test_forcing_a_production_token_is_audited_with_what_was_missing(books):
    note = lambda connection: note_sandbox(connection, "corner", "add", NOW)  # noqa: E731
    books(note)
    make(books, PRODUCTION, force=True)
    (line,) = [line for line in books(audit_lines) if line.action == "token_created"]
    assert line.detail["forced"] is True
    assert "add" not in line.detail["missing"]
    assert "batch_completed" in line.detail["missing"]


def test_from_the_first_production_token_on_sandbox_tokens_act_on_a_twin(books):
    sandbox, _ = make(books)
    assert grant_of(books, sandbox).store_id == "corner"
    production, _ = make(books, PRODUCTION, force=True)
    assert grant_of(books, sandbox).store_id == "corner-sandbox"
    assert grant_of(books, production).store_id == "corner"
    assert not books(lambda connection: store_settings(connection, "corner")).trial
    later, _ = make(books)
    assert grant_of(books, later).store_id == "corner-sandbox"
    make(books, PRODUCTION, force=True)  # the second one changes nothing more
    assert [store.store_id for store in books(list_stores)] == ["corner", "corner-sandbox"]


def test_a_token_is_made_for_a_store_that_is_there_and_not_for_a_twin(books):
    make(books, PRODUCTION, force=True)
    for store in ("elsewhere", "corner-sandbox"):
        with pytest.raises((StoreUnknown, ValueError)):
            books(lambda connection, store=store: create_token(connection, books.secrets, store, SANDBOX, now=NOW))
