"""Who did what, for good: one row for each thing an operator did that a shop may later ask about."""

import json
from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct
from sqlalchemy import Connection, insert, select

from gateway.access import tables
from gateway.ports import from_ms, to_ms


class AuditLine(Struct, frozen=True):
    seq: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: Mapping[str, object]


def audit(
    connection: Connection,
    actor: str,
    action: str,
    subject: str,
    now: datetime,
    detail: Mapping[str, object] | None = None,
) -> None:
    """Write one line, in the transaction of the deed itself. Never put a secret into `detail`."""
    connection.execute(
        insert(tables.audit).values(
            at=to_ms(now),
            actor=actor,
            action=action,
            subject=subject,
            detail=json.dumps(dict(detail), separators=(",", ":")) if detail else None,
        )
    )


def audit_lines(connection: Connection, *, after: int = 0, limit: int = 100) -> list[AuditLine]:
    """The lines after number `after`, oldest first."""
    rows = connection.execute(
        select(tables.audit).where(tables.audit.c.seq > after).order_by(tables.audit.c.seq).limit(limit)
    )
    return [
        AuditLine(row.seq, from_ms(row.at), row.actor, row.action, row.subject, json.loads(row.detail or "{}"))
        for row in rows
    ]
