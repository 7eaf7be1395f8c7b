"""`esl tags`, `esl display`: which labels there are, and what each shows."""

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli import panels
from gateway.cli.errors import CommandFailed, WrongUse
from gateway.cli.options import Data, Json, MaybeStore, Server, Store
from gateway.cli.show import items_of, say, show_json, show_table
from gateway.cli.standard_input import text_from_stdin
from gateway.cli.talk import Document, Gateway, pause

TagId = Annotated[str, typer.Argument(metavar="TAG", help="16 hexadecimal digits.")]
FACTS_SHOWN = 20
RENEWED_WITHIN_S = 600.0  # ten contacts of a tag: who comes later is asleep or gone


def register(app: typer.Typer) -> None:
    tags = typer.Typer(help="Add, list, approve, remove and show tags; renew their keys.", no_args_is_help=True)
    tags.command("add")(add_tags)
    tags.command("list")(list_tags)
    tags.command("approve")(approve_tags)
    tags.command("remove")(remove_tag)
    tags.command("show")(show_tag)
    tags.command("rotate-keys")(rotate_keys)
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
    columns = ("tagId", "model", "panels", "bound", "confirmed", "approvedAt", "removedAt", "twinAt")
    rows = [[one[name] for name in columns] for one in items_of(found, "tags")]
    empty = f"No tag yet: its box list names them, or try virtual ones: `esl simulate --store {store} --tags 20`."
    show_table(columns, rows, empty=empty)


def add_tags(
    store: Store,
    code: Annotated[
        list[str] | None,
        typer.Option("--code", metavar="LINE", help="What is printed on the tag; again for more of them."),
    ] = None,
    panel: Annotated[
        list[str] | None,
        typer.Option("--panel", metavar="P", help="Where the line does not say: of each display of the tag, in order."),
    ] = None,
    model: Annotated[str, typer.Option(help="A word for your lists.")] = "",
    data: Data = None,
    server: Server = None,
    as_json: Json = False,
) -> None:
    """Add tags by the code printed on them. Without --code: one a line from standard input, as a hand scanner types."""
    from firmware_protocol import FieldError
    from firmware_protocol.printed_code import PrintedCode

    tags: list[dict[str, object]] = []
    lines = code or [line for line in text_from_stdin().splitlines() if line.strip()]
    if not lines:
        raise WrongUse("no code came from standard input: one a line, or --code; nothing was added")
    for number, line in enumerate(lines, 1):
        try:
            read = PrintedCode.parse(line)
        except FieldError as error:
            raise WrongUse(
                f"code {number}: {error.field} is {error.value!r}: {error.rule}; nothing was added"
            ) from None
        panels = list(read.panels or panel or ())
        if not panels:
            raise WrongUse(
                f"code {number} does not say which panel {read.tag_id} has: add --panel; `esl tags add --help`"
            )
        tags.append(
            {"tagId": str(read.tag_id), "factoryCode": str(read.factory_code), "panels": panels, "model": model}
        )
    with Gateway(data, server) as gateway:
        answer = gateway.post(f"/admin/stores/{store}/box-list", {"tags": tags})
    if as_json:
        show_json(answer)
        return
    new = {str(one).partition(".")[0] for one in _list(answer, "displays")}
    known = [str(one["tagId"]) for one in tags if one["tagId"] not in new]
    if new:
        say(f"{len(new)} tags may join store {store}: {', '.join(sorted(new))}")
    if known:
        say(f"known already, and as they were (panels, too): {', '.join(known)}")


def rotate_keys(
    tag_ids: Annotated[list[str] | None, typer.Argument(metavar="TAG...", help="16 hexadecimal digits each.")] = None,
    store: MaybeStore = None,
    wait_s: Annotated[
        float, typer.Option("--wait", metavar="SECONDS", help="How long to look on; 0: ask for it and leave.")
    ] = RENEWED_WITHIN_S,
    data: Data = None,
    server: Server = None,
    as_json: Json = False,
) -> None:
    """Have tags take new keys: these, or all of a store. Labels keep their pictures.

    Exit status 1 if some have not come within the wait: the gateway goes on asking, so there is nothing to repeat.
    """
    if bool(tag_ids) == bool(store):
        raise WrongUse("name tags, or a store by --store")
    with Gateway(data, server) as gateway:
        body = {"tagIds": list(tag_ids or ())} if store is None else {"store": store}
        asked = gateway.post("/admin/tags/rotate-keys", body)
        waiting = _watch_renewal(gateway, asked, wait_s, quiet=as_json)
    if as_json:
        show_json({**asked, "waiting": waiting})
    elif not waiting:
        say(f"{_number(asked, 'asked')} tags have new keys")
    elif wait_s <= 0:
        say(f"{len(waiting)} tags are asked; each takes new keys at one of its next contacts")
    if _number(asked, "without") and not as_json:
        say(f"{_number(asked, 'without')} have not joined yet: they take theirs when they do")
    if waiting and wait_s > 0:
        raise CommandFailed(
            f"{len(waiting)} tags have not come for theirs yet, {waiting[0]} among them; the gateway goes on asking"
        )


def _watch_renewal(gateway: Gateway, asked: Document, wait_s: float, *, quiet: bool) -> list[str]:
    """Those of the tags that still have their old keys when all have come, or so many seconds are over."""
    from gateway.cli.progress import LOOK_EVERY_S, bars

    wanted = {str(one) for one in _list(asked, "asked")}
    with bars(quiet=quiet) as progress:
        bar = progress.add_task("keys renewed", total=len(wanted))
        passed_s = 0.0
        while True:
            stores = [str(one) for one in _list(asked, "stores")]
            found = [_list(gateway.get("/admin/tags/rotate-keys", store=one), "waiting") for one in stores]
            waiting = sorted(wanted & {str(one) for of_store in found for one in of_store})
            progress.update(bar, completed=len(wanted) - len(waiting))
            if not waiting or passed_s >= wait_s:
                return waiting
            pause(LOOK_EVERY_S)
            passed_s += LOOK_EVERY_S


def _list(found: Document, name: str) -> list[object]:
    items = found[name]
    return items if isinstance(items, list) else []


def _number(found: Document, name: str) -> int:
    return len(_list(found, name))


def approve_tags(
    tag_ids: Annotated[list[str], typer.Argument(metavar="TAG...", help="16 hexadecimal digits each.")],
    data: Data = None,
    server: Server = None,
    as_json: Json = False,
) -> None:
    """Let tags take part. Of one that had a twin: the one that is left takes new keys."""
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
    if found["twinAt"]:
        say(f"{'twinAt':>12}  {found['twinAt']}")
        say(f"{'twinCause':>12}  {found['twinCause']}")
        say(f"nothing is sent to it: take the false one away, then `esl tags approve {found['tagId']}`")
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
