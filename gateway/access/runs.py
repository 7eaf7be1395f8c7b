"""Run ids: each start draws one and tells every bridge, so that a database older than the world is noticed.

Rule: a bridge that echoes a run we have no row for has heard a gateway that this data knows nothing of.
"""

from datetime import datetime

from sqlalchemy import Connection, insert, select

from gateway.access import tables
from gateway.access.limits import RUN_ID_OCTETS
from gateway.ports import Secrets, to_ms


def start_run(connection: Connection, secrets: Secrets, now: datetime) -> bytes:
    """This start's run id, 8 octets."""
    run_id = secrets.octets(RUN_ID_OCTETS)
    connection.execute(insert(tables.run).values(run_id=run_id, started_at=to_ms(now)))
    return run_id


def known_run(connection: Connection, run_id: bytes) -> bool:
    return connection.scalar(select(tables.run.c.run_id).where(tables.run.c.run_id == run_id)) is not None


def adopt_run(connection: Connection, run_id: bytes, now: datetime) -> None:
    """A run that our data had forgotten: from now on it is known, so that its next echo is no news."""
    connection.execute(insert(tables.run).values(run_id=run_id, started_at=to_ms(now)))
