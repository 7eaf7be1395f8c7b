"""Stores, their settings, and the two numbers each of them counts.

In: an operator's words; requests that need numbers. Out: `StoreSettings`, consecutive numbers.
Rule: a number is taken in the transaction that uses it, so none is ever given twice. A sandbox twin has its own
numbers and its store's settings.
"""

import re
from datetime import datetime
from typing import TypedDict, Unpack
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.numbers import list_currencies
from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Row, bindparam, func, insert, or_, select, update

from firmware_protocol.counters import EPOCH_2026_S
from gateway.access import tables
from gateway.access.audit_log import audit
from gateway.access.limits import RESTORE_CLOCK_S_MAX, RESTORE_JUMP
from gateway.ports import to_ms

TWIN_SUFFIX = "-sandbox"
# What the shelf must say beside the price: "hr" Croatia (anchor price, lowest price of 30 days), "eu" the directive
# alone (lowest price of 30 days), "none" nothing.
LAWS = ("hr", "eu", "none")
_STORE_ID = re.compile(r"[a-z0-9-]{1,24}")
_CURRENCIES = frozenset(list_currencies())


class StoreSettings(Struct, frozen=True):
    """`source`: the authority elsewhere that gives the numbers. `twin_of`: set if this is a sandbox twin."""

    store_id: str
    currency: str
    time_zone: str
    locale: str
    law: str
    settings_version: int
    allow_zero_price: bool
    source: str | None
    trial: bool
    twin_of: str | None = None


class SettingChanges(TypedDict, total=False):
    """What `update_store` may change; what is absent stays."""

    currency: str
    time_zone: str
    locale: str
    law: str
    allow_zero_price: bool
    source: str | None


class StoreExists(ValueError):
    """There is a store of that name already."""

    def __init__(self, store_id: str) -> None:
        super().__init__(f"store {store_id} exists already: take another name, or use it")
        self.store_id = store_id


class StoreUnknown(LookupError):
    """There is no store of that name."""

    def __init__(self, store_id: str) -> None:
        super().__init__(f"there is no store {store_id}; `esl store list` shows them, `esl store add` makes one")
        self.store_id = store_id


class FieldInvalid(ValueError):
    """A setting has a value we cannot take. Tell the person which, and what is wanted."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field, self.reason = field, reason


def add_store(
    connection: Connection,
    store_id: str,
    *,
    currency: str = "EUR",
    time_zone: str = "Europe/Zagreb",
    locale: str = "hr-HR",
    law: str = "hr",
    now: datetime,
) -> StoreSettings:
    """A new store, in trial. Raises StoreExists, FieldInvalid."""
    if not _STORE_ID.fullmatch(store_id):
        raise FieldInvalid("store", "1 to 24 of a-z, 0-9 and -, please")
    if store_id.endswith(TWIN_SUFFIX):
        raise FieldInvalid("store", f"names that end in {TWIN_SUFFIX} belong to the sandbox twins of stores")
    _check(currency=currency, time_zone=time_zone, locale=locale, law=law)
    if _row(connection, store_id) is not None:
        raise StoreExists(store_id)
    connection.execute(
        insert(tables.store).values(
            store_id=store_id,
            currency=currency,
            time_zone=time_zone,
            locale=locale,
            law=law,
            allow_zero_price=False,
            settings_version=1,
            next_accepted_seq=1,
            next_product_version=1,
            restores=0,
            trial=True,
            added_at=to_ms(now),
        )
    )
    audit(connection, "admin", "store_added", store_id, now)
    return store_settings(connection, store_id)


def store_settings(connection: Connection, store_id: str) -> StoreSettings:
    """Raises StoreUnknown."""
    row = _row(connection, store_id)
    if row is None:
        raise StoreUnknown(store_id)
    return _settings(row)


def list_stores(connection: Connection) -> list[StoreSettings]:
    """Every store by name, sandbox twins among them."""
    rows = connection.execute(select(tables.store).order_by(tables.store.c.store_id))
    return [_settings(row) for row in rows]


def update_store(
    connection: Connection, store_id: str, *, now: datetime, **changes: Unpack[SettingChanges]
) -> StoreSettings:
    """Change settings of a store and its twin; labels drawn with the old ones become stale.

    Raises StoreUnknown, FieldInvalid.
    """
    before = store_settings(connection, store_id)
    if before.twin_of is not None:
        raise FieldInvalid("store", f"{store_id} follows {before.twin_of}: change that one")
    _check(**changes)
    if changes:
        connection.execute(
            update(tables.store)
            .where(or_(tables.store.c.store_id == store_id, tables.store.c.twin_of == store_id))
            .values(settings_version=tables.store.c.settings_version + 1, **changes)
        )
        audit(connection, "admin", "store_changed", store_id, now, changes)
    return store_settings(connection, store_id)


def end_trial(connection: Connection, store_id: str, now: datetime) -> None:
    """The store goes to production: it gets a twin, on which its sandbox tokens act from now on."""
    settings = store_settings(connection, store_id)
    if not settings.trial:
        return
    connection.execute(update(tables.store).where(tables.store.c.store_id == store_id).values(trial=False))
    connection.execute(
        insert(tables.store).values(
            store_id=store_id + TWIN_SUFFIX,
            twin_of=store_id,
            currency=settings.currency,
            time_zone=settings.time_zone,
            locale=settings.locale,
            law=settings.law,
            allow_zero_price=settings.allow_zero_price,
            settings_version=1,
            next_accepted_seq=1,
            next_product_version=1,
            restores=0,
            trial=False,
            added_at=to_ms(now),
        )
    )


def take_accepted_seqs(connection: Connection, store_id: str, count: int) -> int:
    """The first of `count` consecutive numbers, for rows accepted in this transaction. Raises StoreUnknown."""
    return _take(connection, store_id, tables.store.c.next_accepted_seq, count)


def take_product_versions(connection: Connection, store_id: str, count: int) -> int:
    """The first of `count` consecutive versions, for products changed in this transaction. Raises StoreUnknown."""
    return _take(connection, store_id, tables.store.c.next_product_version, count)


def restore_clock_s(now: datetime) -> int:
    """Seconds since 2026: the clock of restores. 0 from a clock that cannot be right.

    A backup knows nothing of the lives that were lost after it, among them those that were restored from the same one;
    only the time sets them apart. No life gives one display a revision each second.
    """
    seconds = to_ms(now) // 1000 - EPOCH_2026_S
    return seconds if 0 < seconds <= RESTORE_CLOCK_S_MAX else 0


def jump_numbers(connection: Connection, now: datetime) -> None:
    """After a restore: what was given out after the backup was made must not be given out again.

    A whole price list may be taken in within a second, so each second of the clock is worth a jump.
    """
    store, least = tables.store.c, restore_clock_s(now) * RESTORE_JUMP
    connection.execute(
        update(tables.store).values(
            next_accepted_seq=func.max(store.next_accepted_seq + RESTORE_JUMP, least),
            next_product_version=func.max(store.next_product_version + RESTORE_JUMP, least),
            restores=store.restores + 1,
        )
    )


def forgotten_below(connection: Connection, store_id: str, now: datetime) -> int:
    """Revisions that the store has given out and forgotten in a restore are below this; 0: there was none.

    Raises StoreUnknown.
    """
    restores = connection.scalar(select(tables.store.c.restores).where(tables.store.c.store_id == store_id))
    if restores is None:
        raise StoreUnknown(store_id)
    return max(int(restores) * RESTORE_JUMP, restore_clock_s(now)) if restores else 0


def _take(connection: Connection, store_id: str, number: ColumnElement[int], count: int) -> int:
    next_free = connection.execute(
        update(tables.store)
        .where(tables.store.c.store_id == store_id)
        .values({number: number + count})
        .returning(number)
    ).scalar_one_or_none()
    if next_free is None:
        raise StoreUnknown(store_id)
    return next_free - count


_STORE = select(tables.store).where(tables.store.c.store_id == bindparam("wanted_id"))


def _row(connection: Connection, store_id: str) -> Row[tuple[object, ...]] | None:
    return connection.execute(_STORE, {"wanted_id": store_id}).one_or_none()


def _settings(row: Row[tuple[object, ...]]) -> StoreSettings:
    return StoreSettings(
        store_id=row.store_id,
        currency=row.currency,
        time_zone=row.time_zone,
        locale=row.locale,
        law=row.law,
        settings_version=row.settings_version,
        allow_zero_price=row.allow_zero_price,
        source=row.source,
        trial=row.trial,
        twin_of=row.twin_of,
    )


def _check(**changes: Unpack[SettingChanges]) -> None:
    if "currency" in changes and changes["currency"] not in _CURRENCIES:
        raise FieldInvalid("currency", f"{changes['currency']!r} is not an ISO 4217 code such as EUR")
    if "time_zone" in changes:
        try:
            ZoneInfo(changes["time_zone"])
        except (ValueError, OSError, LookupError):  # not found, a folder of zones, a path out of the zones
            wanted = "is not a time zone such as Europe/Zagreb"
            raise FieldInvalid("time_zone", f"{changes['time_zone']!r} {wanted}") from None
    if "locale" in changes:
        try:
            Locale.parse(changes["locale"], sep="-")
        except (ValueError, UnknownLocaleError):
            raise FieldInvalid("locale", f"{changes['locale']!r} is not a locale such as hr-HR") from None
    if "law" in changes and changes["law"] not in LAWS:
        raise FieldInvalid("law", f"{changes['law']!r} is none of {', '.join(LAWS)}")
