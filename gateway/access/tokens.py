"""Bearer tokens: who may speak for which store, and with which words.

In: an operator's wish for a token; the text a POS sends. Out: the text, once; a `Grant` for a live token.
Rule: only a hash is stored. The token alone names the store; a sandbox token acts on the store itself while it is in
trial, on its twin from the first production token on. Source: the POS contract, Tokens.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct
from sqlalchemy import Connection, Row, insert, select, update

from gateway.access import tables
from gateway.access.audit_log import audit
from gateway.access.limits import LIVE_TOKENS_MAX, LIVES_S_MAX, TOKEN_OCTETS
from gateway.access.sandbox import ChecklistItem, sandbox_report
from gateway.access.stores import TWIN_SUFFIX, FieldInvalid, end_trial, store_settings
from gateway.ports import Secrets, from_ms, to_ms


class TokenKind(StrEnum):
    SANDBOX = "sandbox"
    PRODUCTION = "production"


class TokenRow(Struct, frozen=True):
    """What may be shown of a token. `token_id` names it, and opens nothing.

    A token opens nothing once it is revoked, whatever becomes of the clock, or from `ends_at` on, if it was made for a
    while.
    """

    token_id: str
    store_id: str
    kind: TokenKind
    field_map: Mapping[str, str] | None
    created_at: datetime
    revoked_at: datetime | None
    ends_at: datetime | None

    def is_live(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.ends_at is None or self.ends_at > now)


class Grant(Struct, frozen=True):
    """What a live token may do. `store_id`: the store its requests act on; `environment`: sandbox or production."""

    token_id: str
    store_id: str
    environment: str
    kind: TokenKind
    field_map: Mapping[str, str] | None


class TooManyTokens(ValueError):
    """Two tokens of this kind are live. Revoke one, then ask again."""

    def __init__(self, store_id: str, kind: TokenKind) -> None:
        super().__init__(
            f"store {store_id} has {LIVE_TOKENS_MAX} live {kind} tokens; revoke one with `esl token revoke`"
        )
        self.store_id, self.kind = store_id, kind


class TokenUnknown(LookupError):
    """No token has that id."""

    def __init__(self, token_id: str) -> None:
        super().__init__(f"there is no token {token_id}; `esl token list` shows them")
        self.token_id = token_id


class SandboxIncomplete(ValueError):
    """The sandbox traffic has not shown yet that the integration works. Finish the list, or force it."""

    def __init__(self, store_id: str, missing: list[ChecklistItem]) -> None:
        sentences = "; ".join(item.sentence for item in missing)
        super().__init__(f"the sandbox checklist of {store_id} is not complete ({sentences}): see `esl sandbox report`")
        self.store_id, self.missing = store_id, missing


def create_token(
    connection: Connection,
    secrets: Secrets,
    store_id: str,
    kind: TokenKind,
    *,
    field_map: Mapping[str, str] | None = None,
    force: bool = False,
    lives_s: int | None = None,
    now: datetime,
    actor: str = "admin",
) -> tuple[str, TokenRow]:
    """A new token: its text, to be shown once, and what is kept of it. With `lives_s` it opens nothing after so long.

    The first production token ends the trial. Raises StoreUnknown, FieldInvalid, TooManyTokens, SandboxIncomplete.
    """
    settings = store_settings(connection, store_id)
    if settings.twin_of is not None:
        raise FieldInvalid("store", f"sandbox tokens of {settings.twin_of} act on {store_id}: make one for that store")
    if lives_s is not None and not 1 <= lives_s <= LIVES_S_MAX:
        raise FieldInvalid("livesS", f"1 to {LIVES_S_MAX} seconds, not {lives_s}")
    _ensure_room(connection, store_id, kind, now)
    missing = [item for item in sandbox_report(connection, store_id) if item.done_at is None]
    if kind is TokenKind.PRODUCTION:
        if missing and not force:
            raise SandboxIncomplete(store_id, missing)
        end_trial(connection, store_id, now)
    text = f"esl_{kind}_{base64.urlsafe_b64encode(secrets.octets(TOKEN_OCTETS)).decode().rstrip('=')}"
    token_hash = _hash(text)
    connection.execute(
        insert(tables.token).values(
            hash=token_hash,
            token_id=token_hash.hex()[:12],
            store_id=store_id,
            kind=kind.value,
            field_map=_json_or_none(field_map),
            created_at=to_ms(now),
            ends_at=None if lives_s is None else to_ms(now + timedelta(seconds=lives_s)),
        )
    )
    forced = kind is TokenKind.PRODUCTION and bool(missing)
    detail: dict[str, object] = {"store": store_id, "kind": kind.value, "forced": forced}
    if lives_s is not None:
        detail["livesS"] = lives_s
    if forced:
        detail["missing"] = [item.mark for item in missing]
    row = _one(connection, token_hash.hex()[:12])
    audit(connection, actor, "token_created", row.token_id, now, detail)
    return text, row


def find_token(connection: Connection, text: str, now: datetime) -> Grant | None:
    """What the token's bearer may do; None for one that is unknown or revoked."""
    token, store = tables.token.c, tables.store.c
    row = connection.execute(
        select(tables.token, store.trial)
        .join(tables.store, store.store_id == token.store_id)
        .where(token.hash == _hash(text))
    ).one_or_none()
    if row is None:
        return None
    found = _token_row(row)
    if not found.is_live(now):
        return None
    on_twin = found.kind is TokenKind.SANDBOX and not row.trial
    return Grant(
        token_id=found.token_id,
        store_id=found.store_id + TWIN_SUFFIX if on_twin else found.store_id,
        environment=found.kind.value,
        kind=found.kind,
        field_map=found.field_map,
    )


def list_tokens(connection: Connection, store_id: str | None = None) -> list[TokenRow]:
    """The tokens of a store, or all; revoked ones among them, the oldest first."""
    query = select(tables.token).order_by(tables.token.c.store_id, tables.token.c.created_at, tables.token.c.token_id)
    if store_id is not None:
        query = query.where(tables.token.c.store_id == store_id)
    return [_token_row(row) for row in connection.execute(query)]


def revoke_token(connection: Connection, token_id: str, now: datetime, *, actor: str = "admin") -> TokenRow:
    """From now on the token opens nothing. Revoking it again changes nothing. Raises TokenUnknown."""
    row = _one(connection, token_id)
    if row.revoked_at is None:
        chosen = tables.token.c.token_id == token_id
        connection.execute(update(tables.token).where(chosen).values(revoked_at=to_ms(now)))
        audit(connection, actor, "token_revoked", token_id, now, {"store": row.store_id, "kind": row.kind.value})
    return _one(connection, token_id)


def update_token(connection: Connection, token_id: str, field_map: Mapping[str, str] | None) -> TokenRow:
    """Give the token other words for our fields. Raises TokenUnknown."""
    _one(connection, token_id)
    chosen = tables.token.c.token_id == token_id
    connection.execute(update(tables.token).where(chosen).values(field_map=_json_or_none(field_map)))
    return _one(connection, token_id)


def _ensure_room(connection: Connection, store_id: str, kind: TokenKind, now: datetime) -> None:
    live = [one for one in list_tokens(connection, store_id) if one.kind is kind and one.is_live(now)]
    if len(live) >= LIVE_TOKENS_MAX:
        raise TooManyTokens(store_id, kind)


def _one(connection: Connection, token_id: str) -> TokenRow:
    row = connection.execute(select(tables.token).where(tables.token.c.token_id == token_id)).one_or_none()
    if row is None:
        raise TokenUnknown(token_id)
    return _token_row(row)


def _token_row(row: Row[tuple[object, ...]]) -> TokenRow:
    return TokenRow(
        token_id=row.token_id,
        store_id=row.store_id,
        kind=TokenKind(row.kind),
        field_map=_map_or_none(row.field_map),
        created_at=from_ms(row.created_at),
        revoked_at=None if row.revoked_at is None else from_ms(row.revoked_at),
        ends_at=None if row.ends_at is None else from_ms(row.ends_at),
    )


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _json_or_none(field_map: Mapping[str, str] | None) -> str | None:
    return json.dumps(dict(field_map), separators=(",", ":")) if field_map else None


def _map_or_none(text: str | None) -> Mapping[str, str] | None:
    return None if text is None else {str(theirs): str(ours) for theirs, ours in json.loads(text).items()}
