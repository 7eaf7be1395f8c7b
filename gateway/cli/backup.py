"""`esl backup`, `esl restore`: a shop in one file, and back.

In: a file, the data folder. Out: what was written, for people or as JSON. Rule: both read and write files of this
machine and talk to no gateway; what refuses is one line.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli import panels
from gateway.cli.errors import CommandFailed
from gateway.cli.options import Data, Json
from gateway.cli.show import say, show_json
from gateway.cli.talk import data_folder

if TYPE_CHECKING:
    from rich.progress import TaskID


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel=panels.RUN)(backup)
    app.command(rich_help_panel=panels.RUN)(restore)


def backup(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Where to write it, on another disk if you can; ends in .esl-backup.")
    ],
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Save the whole shop in one file, while the gateway runs or not.

    In it: the database as it is at this moment, site.key, admin.token, settings.toml. Whoever has the file has the
    shop, so it is readable by its owner alone; keep it as you would keep a key. FILE appears when it is whole: a backup
    of yesterday with the same name is replaced only then. Run it on the gateway's own machine, every night:

    `esl backup /mnt/backup/monday.esl-backup --data /var/lib/esl`
    """
    from gateway.app.backup import take_backup
    from gateway.app.errors import CannotBackUp
    from gateway.ports import SystemClock

    try:
        with _bar(quiet=as_json) as told:
            made = take_backup(data_folder(data), file, SystemClock().now(), told)
    except CannotBackUp as error:
        raise CommandFailed(str(error)) from error
    if as_json:
        show_json(
            {
                "file": str(made.file),
                "octets": made.octets,
                "madeAt": made.about.made_at,
                "version": made.about.version,
                "schema": made.about.schema,
                "files": {name: mark.octets for name, mark in made.about.files.items()},
            }
        )
        return
    say(f"{made.file}: {made.octets / 1e6:.1f} MB, the shop as it was at {made.about.made_at}")
    say(f"It holds the site's keys: keep it safe. To live again from it: `esl restore {made.file} --data DIR`")


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `esl backup` wrote.")],
    data: Data = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="Replace the shop that DIR holds; it is kept in a folder beside the new one."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Let a shop live again from a backup; then start it with `esl serve`.

    No gateway may run on DIR. Labels need no hand: each takes new keys at its next contact and proves what it shows,
    and one that shows the right thing already is not refreshed. Prices that were sent after the backup are not in it:
    until the POS sends its list again, labels go to what the backup knows.
    """
    from gateway.app.errors import CannotRestore
    from gateway.app.restore import restore_backup
    from gateway.ports import SystemClock

    folder = data_folder(data)
    try:
        with _bar(quiet=as_json) as told:
            made = restore_backup(file, folder, SystemClock().now(), force=force, told=told)
    except CannotRestore as error:
        raise CommandFailed(str(error)) from error
    if as_json:
        show_json(
            {
                "data": str(made.folder),
                "kept": str(made.kept) if made.kept is not None else None,
                "madeAt": made.about.made_at,
                "version": made.about.version,
            }
        )
        return
    say(f"{made.folder} holds the shop as it was at {made.about.made_at}")
    if made.kept is not None:
        say(f"what it held before: {made.kept}; remove it when you need it no more")
    say(f"next: `esl serve --data {made.folder}`, then have the POS send its whole list: what came later is not in it")


@contextmanager
def _bar(*, quiet: bool) -> Iterator[Callable[[str, int, int], None]]:
    """One bar for each step that takes long enough to be seen."""
    from gateway.cli.progress import share_bars

    with share_bars(quiet=quiet) as bars:
        steps: dict[str, TaskID] = {}

        def told(doing: str, done: int, total: int) -> None:
            if doing not in steps:
                steps[doing] = bars.add_task(doing, total=total)
            bars.update(steps[doing], completed=done, total=total)

        yield told
