"""The credential by which an authority elsewhere feeds one store with chunks: a name and a password at the broker."""

import base64
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from gateway.access import tables
from gateway.access.audit_log import audit
from gateway.access.limits import BRIDGE_PASSWORD_OCTETS
from gateway.access.stores import FieldInvalid, store_settings
from gateway.ports import Secrets, to_ms


@dataclass(frozen=True, slots=True)
class SyncCredential:
    """For the authority and the broker's configuration only."""

    store_id: str
    password: str = field(repr=False)

    @property
    def username(self) -> str:
        """No bridge can have it: theirs are `<store>/<name>`."""
        return f"{self.store_id}.sync"


def ensure_sync_credential(connection: Connection, secrets: Secrets, store_id: str, now: datetime) -> SyncCredential:
    """The store's credential, made if need be. Raises StoreUnknown, FieldInvalid for a sandbox twin."""
    settings = store_settings(connection, store_id)
    if settings.twin_of is not None:
        raise FieldInvalid("store", f"{store_id} is a sandbox; chunks feed {settings.twin_of}")
    for credential in sync_credentials(connection):
        if credential.store_id == store_id:
            return credential
    password = base64.urlsafe_b64encode(secrets.octets(BRIDGE_PASSWORD_OCTETS)).decode()
    connection.execute(
        insert(tables.sync_credential).values(store_id=store_id, password=password, created_at=to_ms(now))
    )
    audit(connection, "admin", "sync_credential_made", store_id, now)
    return SyncCredential(store_id, password)


def sync_credentials(connection: Connection) -> list[SyncCredential]:
    """All of them by store: what the broker's configuration is written from."""
    rows = connection.execute(select(tables.sync_credential).order_by(tables.sync_credential.c.store_id))
    return [SyncCredential(row.store_id, row.password) for row in rows]


def forget_sync_credential(connection: Connection, store_id: str, now: datetime) -> None:
    """It opens nothing more, once the broker's configuration has been written again. Raises StoreUnknown."""
    store_settings(connection, store_id)
    connection.execute(delete(tables.sync_credential).where(tables.sync_credential.c.store_id == store_id))
    audit(connection, "admin", "sync_credential_forgotten", store_id, now)
