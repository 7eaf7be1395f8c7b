"""`esl link`: the radio modules of OpenEPaperLink on this machine's ports."""

from typing import Annotated

import typer

from gateway.cli import panels
from gateway.cli.options import Data, Json, Server, Store
from gateway.cli.show import items_of, say, show_json, show_table
from gateway.cli.talk import Gateway

CARRIER = "openepaperlink"


def register(app: typer.Typer) -> None:
    link = typer.Typer(help="Use OpenEPaperLink radio modules, and see how they stand.", no_args_is_help=True)
    link.command("add")(add_link)
    link.command("list")(list_links)
    app.add_typer(link, name="link", rich_help_panel=panels.SHOP)


def add_link(
    path: Annotated[str, typer.Argument(metavar="PATH", help="Its port, by a path that stays: /dev/serial/by-id/...")],
    store: Store,
    name: Annotated[str, typer.Option(help="Its name within the store: a-z, 0-9 and -.")] = "module-1",
    channel: Annotated[int, typer.Option(help="The radio channel of its tags: 11, 15, 20, 25, 26 or 27.")] = 11,
    data: Data = None,
    server: Server = None,
    as_json: Json = False,
) -> None:
    """Drive the radio module at this port. Adding it again changes its path or channel."""
    body = {"name": name, "carrier": CARRIER, "path": path, "channel": channel}
    with Gateway(data, server) as gateway:
        found = gateway.post(f"/admin/stores/{store}/bridges", body)
    if as_json:
        show_json(found)
        return
    say(f"link {found['bridgeId']} is registered; see whether its module answers: `esl link list --store {store}`")
    say(f"tags that it hears stand in `esl tags list --store {store}` and wait for `esl tags approve TAG`")


def list_links(store: Store, data: Data = None, server: Server = None, as_json: Json = False) -> None:
    """List a store's radio modules, and whether each is there."""
    with Gateway(data, server) as gateway:
        found = gateway.get(f"/admin/stores/{store}/bridges")
    links = [one for one in items_of(found, "bridges") if one["carrier"] == CARRIER]
    if as_json:
        show_json({"links": links})
        return
    rows = []
    for one in links:
        module = one["module"] if isinstance(one["module"], dict) else {}
        state = "up" if module.get("isUp") else "not there"
        said = [module.get(name) for name in ("type", "version", "mac", "liveSlots", "tagsHeard")]
        rows.append([one["bridgeId"], one["path"], one["channel"], state, *said])
    columns = ("link", "path", "channel", "module", "type", "version", "address", "slots", "tags heard")
    show_table(columns, rows, empty=f"None yet: `esl link add /dev/serial/by-id/... --store {store}`.")
