"""How commands print: a table for people, one JSON object for scripts.

Rule: what a command reports goes to standard output; everything else to standard error.
"""

import json
from collections.abc import Iterable, Mapping, Sequence

import typer


def say(words: str) -> None:
    """A sentence for the person at the keyboard."""
    typer.echo(words)


def show_json(found: object) -> None:
    typer.echo(json.dumps(found, ensure_ascii=False, indent=2 if typer.get_text_stream("stdout").isatty() else None))


def show_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> None:
    """`empty`: the sentence when there is nothing, with the command that changes it."""
    from rich import box
    from rich.console import Console
    from rich.measure import Measurement
    from rich.table import Table

    cells = [[_cell(one) for one in row] for row in rows]
    if not cells:
        say(empty)
        return
    table = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False)
    for row in cells:
        table.add_row(*row)
    console = Console()
    if not console.is_terminal:
        console.width = 10_000  # a pipe has no edge: nothing is cut off
    wide = console.options.update(max_width=10_000)
    if Measurement.get(console, wide, table).maximum <= console.width:
        console.print(table)
        return
    longest = max(len(column) for column in columns)  # too wide: a line for each cell, an empty one between rows
    say(
        "\n\n".join(
            "\n".join(f"{name:<{longest}}  {cell}" for name, cell in zip(columns, row, strict=True)) for row in cells
        )
    )


def _cell(value: object) -> str:
    match value:
        case None | "":
            return "-"
        case True:
            return "yes"
        case False:
            return "no"
        case list() | tuple():
            return ", ".join(str(one) for one in value) or "-"
        case _:
            return str(value)


def items_of(found: Mapping[str, object], name: str) -> list[dict[str, object]]:
    """The objects listed under `name`."""
    items = found[name]
    if not isinstance(items, list):
        raise TypeError(f"{name} is no list")
    return items
