"""Builds `esl` from the entry points and turns errors into one line and an exit status.

In: the entry-point group `esl.commands`; each names a function that adds its commands to a typer app.
Rule: modules of commands import little at the top, so that `esl --help` answers at once.
"""

import sys
from collections.abc import Callable
from importlib.metadata import entry_points

import typer
from typer.core import TyperGroup
from typer.main import get_group

from gateway.cli.errors import CommandFailed
from gateway.cli.panels import ORDER

GROUP = "esl.commands"
HELP = """Shelf labels that prove the price.

Start with `esl serve` (a gateway) or `esl demo` (a whole virtual shop). Commands that talk to a running gateway find it
by --data DIR, or by --server URL and ESL_TOKEN; without both by ESL_DATA, else in ./esl-data.
"""


def build() -> TyperGroup:
    """The whole command, its subcommands panel by panel, however they were loaded."""
    app = typer.Typer(
        name="esl",
        help=HELP,
        no_args_is_help=True,
        rich_markup_mode="markdown",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_version)
    for one in sorted(entry_points(group=GROUP), key=lambda one: one.name):
        register: Callable[[typer.Typer], None] = one.load()
        register(app)
    group = get_group(app)
    group.commands = dict(sorted(group.commands.items(), key=lambda one: (_place(one[1]), one[0])))
    return group


def main() -> None:
    """The console script."""
    try:
        build()()
    except CommandFailed as error:
        print(f"esl: {error}", file=sys.stderr)
        sys.exit(error.status)


def _place(command: object) -> int:
    panel = getattr(command, "rich_help_panel", None)
    return ORDER.index(panel) if panel in ORDER else len(ORDER)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(version("esl-gateway"))
        raise typer.Exit


def _version(
    version: bool = typer.Option(False, "--version", help="Print the version.", callback=_print_version, is_eager=True),
) -> None:
    """Shown as the app's help."""
