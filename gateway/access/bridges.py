"""The credential by which a bridge's carrier lets it in: one name and password each, for one store."""

import base64
import re
from datetime import datetime

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select

from gateway.access import tables
from gateway.access.limits import BRIDGE_PASSWORD_OCTETS
from gateway.access.stores import FieldInvalid, store_settings
from gateway.ports import Secrets, to_ms

_BRIDGE_NAME = re.compile(r"[a-z0-9-]{1,32}")


class BridgeCredential(Struct, frozen=True):
    """`bridge_id` is `<store>/<name>`. The password is for the bridge and the broker's configuration only."""

    bridge_id: str
    store_id: str
    name: str
    password: str


def ensure_bridge_credential(
    connection: Connection, secrets: Secrets, store_id: str, name: str, now: datetime
) -> BridgeCredential:
    """The credential of the bridge of that name, made if need be. Raises StoreUnknown, FieldInvalid."""
    store_settings(connection, store_id)
    if not _BRIDGE_NAME.fullmatch(name):
        raise FieldInvalid("bridge", "1 to 32 of a-z, 0-9 and -, please")
    bridge_id = f"{store_id}/{name}"
    for credential in bridge_credentials(connection):
        if credential.bridge_id == bridge_id:
            return credential
    password = base64.urlsafe_b64encode(secrets.octets(BRIDGE_PASSWORD_OCTETS)).decode()
    connection.execute(
        insert(tables.bridge_credential).values(
            bridge_id=bridge_id, store_id=store_id, name=name, password=password, created_at=to_ms(now)
        )
    )
    return BridgeCredential(bridge_id, store_id, name, password)


def bridge_credentials(connection: Connection) -> list[BridgeCredential]:
    """All of them by bridge id: what the broker's configuration is written from."""
    rows = connection.execute(select(tables.bridge_credential).order_by(tables.bridge_credential.c.bridge_id))
    return [BridgeCredential(row.bridge_id, row.store_id, row.name, row.password) for row in rows]


def forget_bridge_credential(connection: Connection, bridge_id: str) -> None:
    """The bridge is let in no more, once the broker's configuration has been written again."""
    connection.execute(delete(tables.bridge_credential).where(tables.bridge_credential.c.bridge_id == bridge_id))
