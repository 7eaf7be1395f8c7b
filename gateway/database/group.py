"""Commits a group of writes with one fsync, so that none can harm its neighbours.

In: the writing connection and the works of a group. Out: an outcome for each, after COMMIT has returned.
Rule: each work has its own SAVEPOINT. SQLite ends the *whole* transaction on a full disk and its like, and tells
only the one statement that met it: so after each error the driver is asked whether the transaction still lives.
If not, the group is void, and the others are run again, each alone. Why: docs/architecture.md.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct
from sqlalchemy import Connection, RootTransaction

from gateway.database.connect import driver_of
from gateway.database.errors import DatabaseFailed, by_meaning

Work = Callable[[Connection], object]


class Outcome(Struct, frozen=True):
    """What one work returned, or the error that undid it."""

    value: object = None
    error: BaseException | None = None


def commit_group(
    connection: Connection, works: Sequence[Work], path: Path, ensure_alive: Callable[[], None]
) -> list[Outcome]:
    """Run the works in order inside one transaction and commit it.

    A work may be run twice, so it must touch nothing but its connection. A COMMIT that fails fails every work.
    `ensure_alive` raises when this instance has died meanwhile; then nothing is committed.
    """
    try:
        ensure_alive()
        transaction = connection.begin()
    except Exception as error:
        return _all_fail(works, by_meaning(error, path))
    outcomes: list[Outcome] = []
    try:
        for place, work in enumerate(works):
            outcome = _run_in_savepoint(connection, work, path)
            if not driver_of(connection).in_transaction:
                _roll_back(connection, transaction)
                return _run_the_others(connection, works, place, outcome, path, ensure_alive)
            outcomes.append(outcome)
        ensure_alive()
        transaction.commit()
    except Exception as error:  # the disk refused the COMMIT, or a statement of this file
        _roll_back(connection, transaction)
        return _all_fail(works, by_meaning(error, path))
    return outcomes


def _roll_back(connection: Connection, transaction: RootTransaction) -> None:
    """Bring SQLAlchemy's idea and the driver's to the same end; each may believe it is over already."""
    transaction.rollback()
    driver_of(connection).rollback()  # after a COMMIT that failed, SQLAlchemy asks for none


def _run_in_savepoint(connection: Connection, work: Work, path: Path) -> Outcome:
    driver = driver_of(connection)
    driver.execute("SAVEPOINT work")
    try:
        value = work(connection)
    except Exception as error:
        if driver.in_transaction:
            driver.execute("ROLLBACK TO work")
            driver.execute("RELEASE work")
        return Outcome(error=by_meaning(error, path))
    if not driver.in_transaction:
        return Outcome(error=DatabaseFailed(path, "a write went on although its transaction had ended"))
    driver.execute("RELEASE work")
    return Outcome(value)


def _run_the_others(
    connection: Connection,
    works: Sequence[Work],
    culprit: int,
    its_outcome: Outcome,
    path: Path,
    ensure_alive: Callable[[], None],
) -> list[Outcome]:
    """The group is void: run every work but the culprit again. Each alone, so that n culprits cost n runs, not n²."""
    if len(works) == 1:
        return [its_outcome]
    outcomes: list[Outcome] = []
    for place, work in enumerate(works):
        if place == culprit:
            outcomes.append(its_outcome)
        else:
            outcomes.extend(commit_group(connection, [work], path, ensure_alive))
    return outcomes


def _all_fail(works: Sequence[Work], error: BaseException) -> list[Outcome]:
    return [Outcome(error=error) for _ in works]
