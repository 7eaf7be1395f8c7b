"""After a restore: the data is older than the world, so every number that others remember jumps above theirs.

In: the database as it was backed up. Out: revisions, product versions and accepted numbers 2^20 higher, every *shown*
unknown, all keys void. Rule: one transaction; then each tag takes new keys and proves by a fence, without a refresh.
Source: docs/protocol.md, "Restore".
"""

from datetime import datetime

from sqlalchemy import Connection, delete, insert, literal, select, update

from gateway.access import RESTORE_JUMP, adopt_run, jump_numbers
from gateway.database import Database
from gateway.delivery.tables import tag_key
from gateway.ports import to_ms
from gateway.shelf import Fact
from gateway.shelf.tables import desired, display_history, shown


async def restore(database: Database, forgotten_run: bytes, now: datetime) -> None:
    """Jump over everything that was forgotten. `forgotten_run`: the one that gave it away; every bridge names it."""
    await database.write(lambda connection: jump(connection, forgotten_run, now))


def jump(connection: Connection, forgotten_run: bytes, now: datetime) -> None:
    adopt_run(connection, forgotten_run, now)
    jump_numbers(connection)
    connection.execute(update(desired).values(revision=desired.c.revision + RESTORE_JUMP))
    for fact, cause in ((Fact.UNKNOWN, "restored"), (Fact.DESIRED, "restored")):
        connection.execute(
            insert(display_history).from_select(
                ["display_id", "revision", "fact", "at", "content_id", "cause"],
                select(
                    desired.c.display_id,
                    desired.c.revision,
                    literal(fact.value),
                    literal(to_ms(now)),
                    desired.c.content_id,
                    literal(cause),
                ),
            )
        )
    connection.execute(update(shown).values(content_id=None, up_counter=None))
    connection.execute(delete(tag_key))
