"""Reads what stands round the rows: the shape of the body, flags in the query, the session, the Idempotency-Key.

In: a request. Out: rows as they were sent, and what was asked for. Raises `Problem` where the request as a whole
cannot be meant; a row is judged by the catalogue alone. Source: the POS contract, Rows, Batches.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TypeGuard

from litestar import Request
from litestar.datastructures import State
from msgspec import Struct

from gateway.catalog import MalformedBody, RepeatedKeys, decode_json
from gateway.pos_api.limits import IDEMPOTENCY_KEY_LENGTH_MAX, PRODUCTS_PER_REQUEST_MAX
from gateway.pos_api.problem import Fault, Problem

PosRequest = Request[None, None, State]

_FLAGS: Mapping[object, bool] = {"true": True, "1": True, "false": False, "0": False}
_QUERY_FLAGS = {"true": True, "false": False}
_KEY = re.compile(r"[\x21-\x7e]+")
_SESSION_FORM = re.compile(r"[A-Za-z0-9_-]{16,64}")
_PRODUCTS, _SESSION_ID = "products", "sessionid"


class SentRows(Struct, frozen=True):
    """`rows` as they were sent; `remarks` about what stood beside them and means nothing."""

    rows: Sequence[object]
    session_id: str | None
    remarks: tuple[Fault, ...] = ()


class RepeatKey(Struct, frozen=True):
    """The Idempotency-Key of a request, and the hash of everything that must be the same when it is repeated."""

    key: str
    body_hash: bytes


async def json_of(request: PosRequest) -> object:
    """The body's value; an empty body is `{}`. Raises `Problem` malformed_body with line and column."""
    try:
        return decode_json(await request.body())
    except MalformedBody as error:
        raise Problem("malformed_body", f"{error}.") from None


async def members_of(request: PosRequest) -> dict[str, object]:
    """A body that must be an object, its names folded. Raises `Problem` malformed_body, wrong_shape."""
    value = await json_of(request)
    if not isinstance(value, dict):
        raise Problem("wrong_shape", "The body is not a JSON object.")
    return folded_members(value)


def folded(name: str) -> str:
    """Names match without regard to case, `_` and `-`."""
    return name.replace("_", "").replace("-", "").lower()


def folded_members(value: dict[str, object]) -> dict[str, object]:
    if isinstance(value, RepeatedKeys):
        raise Problem("wrong_shape", f"“{value.repeated[0][:40]}” stands in the body twice; send it once.")
    members: dict[str, object] = {}
    for name, member in value.items():
        if members.setdefault(folded(name), member) != member:
            raise Problem("wrong_shape", f"“{name[:40]}” stands in the body under two names; send it once.")
    return members


def rows_of(value: object, *, in_session: bool = False) -> SentRows:
    """One product, an array, or `{"products": [...]}`. Raises `Problem` wrong_shape, too_many_products."""
    if isinstance(value, list):
        return SentRows(_counted(value), None)
    if not isinstance(value, dict):
        raise Problem("wrong_shape", 'Send one product, an array of products, or {"products": [...]}.')
    if _PRODUCTS in map(folded, value):
        return _enveloped(folded_members(value), in_session=in_session)
    if not in_session:
        return SentRows([value], None)
    names = [name for name in value if folded(name) == _SESSION_ID]
    session_id = session_id_of(value[names[0]]) if names else None
    row = value if isinstance(value, RepeatedKeys) else {name: value[name] for name in value if name not in names}
    return SentRows([row], session_id)


def _enveloped(members: dict[str, object], *, in_session: bool) -> SentRows:
    products = members.pop(_PRODUCTS)
    if not isinstance(products, list):
        raise Problem("wrong_shape", "`products` is not an array of products.")
    session_id = session_id_of(members.pop(_SESSION_ID)) if in_session and _SESSION_ID in members else None
    remarks = tuple(
        Fault(
            "ignored_field",
            f"“{name[:40]}” beside `products` means nothing here and was ignored.",
            field=name[:40].encode("ascii", "replace").decode(),
        )
        for name in members
    )
    return SentRows(_counted(products), session_id, remarks)


def _counted(rows: list[object]) -> list[object]:
    if len(rows) > PRODUCTS_PER_REQUEST_MAX:
        words = f"{len(rows)} products in one request; at most {PRODUCTS_PER_REQUEST_MAX} are taken."
        raise Problem("too_many_products", words)
    return rows


def session_id_of(value: object) -> str | None:
    """What was sent as a session id; null is not sent. Raises `Problem` field_invalid, and session_unknown for a text
    that no session was ever called."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise Problem("field_invalid", "`sessionId` is not a text; send it as /batch/start answered it.")
    if not _SESSION_FORM.fullmatch(value):
        raise Problem("session_unknown", "There is no such session; send `sessionId` as /batch/start answered it.")
    return value


def named_session(request: PosRequest, in_body: str | None) -> str:
    """The session that the body names, else the query, else X-Session-Id. Raises `Problem` field_invalid."""
    in_query = [value for name, value in request.query_params.multi_items() if folded(name) == _SESSION_ID]
    named = [in_body, *map(session_id_of, [*in_query, request.headers.get("x-session-id")])]
    session_id = next((one for one in named if one is not None), None)
    if session_id is None:
        raise Problem("field_invalid", "`sessionId` is missing: in the body, as a query parameter or as X-Session-Id.")
    return session_id


def flag(name: str, value: object) -> bool:
    """true or false, 1 or 0, also as texts; null is false. Raises `Problem` field_invalid."""
    if value is None:
        return False
    if isinstance(value, bool):
        return value
    text = value.strip().lower() if isinstance(value, str) else str(int(value)) if _is_bit(value) else None
    known = _FLAGS.get(text)
    if known is None:
        raise Problem("field_invalid", f"`{name}` is neither true nor false.")
    return known


def _is_bit(value: object) -> TypeGuard[int | Decimal]:
    return isinstance(value, int | Decimal) and value in (0, 1)


def query_flag(request: PosRequest, name: str) -> bool:
    """Raises `Problem` query_invalid."""
    values = {value for key, value in request.query_params.multi_items() if folded(key) == folded(name)}
    known = {_QUERY_FLAGS.get(value.strip().lower()) for value in values} or {False}
    if None in known or len(known) > 1:
        raise Problem("query_invalid", f"`{name}` is neither true nor false.")
    return bool(known.pop())


async def repeat_key(request: PosRequest) -> RepeatKey | None:
    """Raises `Problem` idempotency_key_invalid."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    key = key.strip()
    if not _KEY.fullmatch(key) or len(key) > IDEMPOTENCY_KEY_LENGTH_MAX:
        words = f"The Idempotency-Key is not 1 to {IDEMPOTENCY_KEY_LENGTH_MAX} visible ASCII characters."
        raise Problem("idempotency_key_invalid", words)
    meant = hashlib.sha256(await request.body())
    query = str(sorted(request.query_params.multi_items()))
    meant.update(f"\n{query}\n{request.headers.get('x-session-id', '')}".encode("utf-8", "surrogatepass"))
    return RepeatKey(key, meant.digest())
