"""After a restore: the data is older than the world, so every number that others remember jumps above theirs.

In: the database as it was backed up, the time. Out: revisions, product versions and accepted numbers at the clock's (if
that is behind them, 2^20 higher), every *shown* unknown, all keys void. Rule: one transaction; then each tag takes new
keys and proves by a fence, without a refresh. By the clock, because one backup may be restored more than once.
Done by `esl restore` before a gateway starts, or by a gateway that finds it out from a bridge; once either way, because
after it no bridge counts as told of any run. Source: docs/protocol.md, "Restore".
"""

from datetime import datetime

from sqlalchemy import Connection, case, delete, insert, literal, select, update

from firmware_protocol.link.messages import NO_RUN, Hello
from gateway.access import RESTORE_JUMP, adopt_run, jump_numbers, known_run, restore_clock_s
from gateway.delivery.bridges import note_hello
from gateway.delivery.tables import bridge, tag_key
from gateway.ports import to_ms
from gateway.shelf import Fact, answer_for_lost_bindings
from gateway.shelf.tables import desired, display_history, shown


def hello_tells(
    connection: Connection, bridge_id: str, hello: Hello, run_id: bytes, now: datetime, *, may_jump: bool
) -> bool:
    """Note a hello. True when it showed that our data is older than the world: then everything has jumped, too.

    An echo of a run that we have no row for shows it, if the bridge was told of a run by this data: a bridge that lies
    costs the shop one fence a label (`may_jump`: once a start), not its numbers. One that was told nothing yet comes
    from elsewhere, or the data jumped since: its echo is no news, now or when it says it again.
    """
    told_before = note_hello(connection, bridge_id, hello.boot_id, run_id, int(hello.profile))
    if hello.last_run_id == NO_RUN or known_run(connection, hello.last_run_id):
        return False
    is_older = told_before and may_jump
    if is_older or not told_before:
        adopt_run(connection, hello.last_run_id, now)
    if is_older:
        jump(connection, now, but_for=bridge_id)
    return is_older


def jump(connection: Connection, now: datetime, *, but_for: str | None = None) -> None:
    """Jump over everything that was forgotten. `but_for`: the bridge that is told of this run in the same breath."""
    clock_s = restore_clock_s(now)
    jump_numbers(connection, now)
    answer_for_lost_bindings(connection)
    above = case((desired.c.revision < clock_s, clock_s), else_=desired.c.revision + RESTORE_JUMP)  # as rule.restored
    connection.execute(update(desired).values(revision=above))
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
    connection.execute(update(bridge).where(bridge.c.bridge_id.is_distinct_from(but_for)).values(last_run_id=None))
