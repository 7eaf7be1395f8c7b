"""Progress bars: for the phases of a batch, for the steps of a backup.

In: a batch's id. Out: its last status. Rule: bars go to standard error, so that what a command reports stays clean.
"""

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)

from gateway.cli.talk import Document, Gateway, pause

LOOK_EVERY_S = 0.5  # a person sees a bar move; the gateway answers a status in a millisecond
ENDED = ("completed", "failed", "expired")


def bars(*, quiet: bool) -> Progress:
    """`quiet`: nothing is drawn, for --json."""
    return Progress(
        TextColumn("{task.description:>18}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True, quiet=quiet),
    )


def share_bars(*, quiet: bool) -> Progress:
    """For steps whose units say nothing to a person; gone when they are done, and nothing where nobody looks on."""
    console = Console(stderr=True, quiet=quiet)
    return Progress(
        TextColumn("{task.description:>18}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )


def watch_batch(gateway: Gateway, session_id: str, *, quiet: bool) -> Document:
    """Draws the phases until the batch has ended."""
    with bars(quiet=quiet) as progress:
        phases = Phases(progress)
        while True:
            status = gateway.get(f"/admin/batches/{session_id}")
            phases.show(status)
            if status["status"] in ENDED:
                return status
            pause(LOOK_EVERY_S)


class Phases:
    """One bar each for saving, syncing and verifying."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._saving = progress.add_task("rows saved", total=None)
        self._syncing = progress.add_task("displays synced", total=None)
        self._proving = progress.add_task("glass confirmed", total=None)

    def show(self, status: Document) -> None:
        received, rejected, total = (_count(status, name) for name in ("productsReceived", "rejected", "tagsTotal"))
        ended = status["status"] == "completed"
        self._set(self._saving, _count(status, "productsSaved"), received - rejected, known=True)
        synced = status["phase"] == "verifying" or ended
        self._set(self._syncing, _count(status, "tagsSynced"), total, known=synced or total > 0)
        self._set(self._proving, _count(status, "tagsConfirmed"), total, known=synced)

    def _set(self, bar: TaskID, done: int, total: int, *, known: bool) -> None:
        self._progress.update(bar, completed=done, total=total if known else None)


def _count(status: Document, name: str) -> int:
    found = status[name]
    return found if isinstance(found, int) else 0
