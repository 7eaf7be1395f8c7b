"""What the POS API would say to each row, without sending any: the same rules, run here.

In: rows as they would be sent, the store's settings and barcodes from the gateway. Out: the rejected ones.
"""

import json
from collections.abc import Sequence

from gateway.access import StoreSettings
from gateway.catalog import RowMode, decode_json, parse_rows
from gateway.cli.importing import Rejected
from gateway.cli.products import PRODUCTS_A_PAGE
from gateway.cli.show import items_of
from gateway.cli.talk import Document, Gateway


def judge(gateway: Gateway, store: str, rows: Sequence[Document]) -> list[Rejected]:
    """Raises CommandFailed when the store is not there."""
    settings = _settings(gateway.get(f"/admin/stores/{store}"))
    known = _known_barcodes(gateway, store)
    raw = decode_json(json.dumps(rows).encode())
    if not isinstance(raw, list):
        raise TypeError("rows are a list")
    parsed = parse_rows(raw, settings=settings, field_map=None, mode=RowMode.UPDATE, is_known=known.__contains__)
    return [Rejected(one.index, one.field or "", one.code, one.message, one.hint or "") for one in parsed.errors]


def _known_barcodes(gateway: Gateway, store: str) -> set[str]:
    known: set[str] = set()
    after: str | None = None
    while True:
        page = gateway.get(f"/admin/stores/{store}/products", after=after, limit=PRODUCTS_A_PAGE)
        known.update(str(one["barcode"]) for one in items_of(page, "products"))
        if page["next"] is None:
            return known
        after = str(page["next"])


def _settings(found: Document) -> StoreSettings:
    version = found["settingsVersion"]
    return StoreSettings(
        store_id=str(found["store"]),
        currency=str(found["currency"]),
        time_zone=str(found["timeZone"]),
        locale=str(found["locale"]),
        law=str(found["law"]),
        settings_version=version if isinstance(version, int) else 0,
        allow_zero_price=bool(found["allowZeroPrice"]),
        source=None,
        trial=bool(found["trial"]),
    )
