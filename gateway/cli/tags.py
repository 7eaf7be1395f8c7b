"""`esl tags`, `esl display`: which labels there are, and what each shows."""

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli import panels
from gateway.cli.options import Data, Json, Server, Store
from gateway.cli.show import items_of, say, show_json, show_table
from gateway.cli.talk import Gateway

TagId = Annotated[str, typer.Argument(metavar="TAG", help="16 hexadecimal digits.")]
FACTS_SHOWN = 20


def register(app: typer.Typer) -> None:
    tags = typer.Typer(help="List, approve, remove and show tags.", no_args_is_help=True)
    tags.command("list")(list_tags)
    tags.command("approve")(approve_tags)
    tags.command("remove")(remove_tag)
    tags.command("show")(show_tag)
    app.add_typer(tags, name="tags", rich_help_panel=panels.LABELS)
    display = typer.Typer(help="See what a display should show and what it has proved.", no_args_is_help=True)
    display.command("show")(show_display)
    display.callback()(_only_group)
    app.add_typer(display, name="display", rich_help_panel=panels.LABELS)


def _only_group() -> None:
    """See what a display should show and what it has proved."""


def list_tags(store: Store, data: Data = None, server: Server = None, as_json: Json = False) -> None:
    """List a store's tags with their displays."""
    with Gateway(data, server) as gateway:
        found = gateway.get("/admin/tags", store=store)
    if as_json:
        show_json(found)
        return
    columns = ("tagId", "model", "panels", "bound", "confirmed", "approvedAt", "removedAt")
    rows = [[one[name] for name in columns] for one in items_of(found, "tags")]
    empty = f"No tag yet: its box list names them, or try virtual ones: `esl simulate --store {store} --tags 20`."
    show_table(columns, rows, empty=empty)


def approve_tags(
    tag_ids: Annotated[list[str], typer.Argument(metavar="TAG...", help="16 hexadecimal digits each.")],
    data: Data = None,
    server: Server = None,
    as_json: Json = False,
) -> None:
    """Let tags take part."""
    with Gateway(data, server) as gateway:
        answer = gateway.post("/admin/tags/approve", {"tagIds": tag_ids})
    if as_json:
        show_json(answer)
    else:
        say(f"approved: {', '.join(tag_ids)}")


def remove_tag(tag_id: TagId, data: Data = None, server: Server = None, as_json: Json = False) -> None:
    """Take a tag out of the shop; its displays go to the unbound picture."""
    with Gateway(data, server) as gateway:
        answer = gateway.delete(f"/admin/tags/{tag_id}")
    if as_json:
        show_json(answer)
    else:
        say(f"tag {answer['removed']} is removed")


def show_tag(tag_id: TagId, data: Data = None, server: Server = None, as_json: Json = False) -> None:
    """Show a tag and its displays."""
    with Gateway(data, server) as gateway:
        found = gateway.get(f"/admin/tags/{tag_id}")
    if as_json:
        show_json(found)
        return
    for name in ("tagId", "store", "model", "approvedAt", "removedAt"):
        say(f"{name:>12}  {found[name] or '-'}")
    columns = ("displayId", "panel", "barcodes", "confirmed", "reason")
    show_table(columns, [[one[name] for name in columns] for one in items_of(found, "displays")], empty="No display.")


def show_display(
    display_id: Annotated[
        str, typer.Argument(metavar="ID", help="A tag id, a dot, a number, such as A4C1380000000001.0.")
    ],
    desired: Annotated[
        Path | None, typer.Option("--desired", metavar="FILE.png", help="Write the picture it should show.")
    ] = None,
    data: Data = None,
    server: Server = None,
    as_json: Json = False,
) -> None:
    """Show both halves of a display and its newest history."""
    with Gateway(data, server) as gateway:
        found = gateway.get(f"/admin/displays/{display_id}")
        if desired is not None:
            desired.write_bytes(gateway.octets(f"/admin/displays/{display_id}/desired.png"))
    if as_json:
        show_json(found)
        return
    for name, value in found.items():
        if name != "history":
            say(f"{name:>20}  {'-' if value is None else value}")
    columns = ("at", "fact", "revision", "bridgeId", "cause")
    rows = [[one[name] for name in columns] for one in items_of(found, "history")[:FACTS_SHOWN]]
    show_table(columns, rows, empty=f"Nothing has happened yet: `esl bind {display_id} BARCODE`.")
    if desired is not None:
        say(f"what it should show: {desired}")
