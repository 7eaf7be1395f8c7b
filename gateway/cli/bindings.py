"""`esl bind`, `esl unbind`: which display shows which product."""

import csv
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli import panels
from gateway.cli.errors import CommandFailed, WrongUse
from gateway.cli.options import Data, Json, MaybeStore, Server
from gateway.cli.show import items_of, say, show_json, show_table
from gateway.cli.talk import Document, Gateway

BINDINGS_A_REQUEST = 1_000


def register(app: typer.Typer) -> None:
    app.command("bind", rich_help_panel=panels.LABELS)(bind)
    app.command("unbind", rich_help_panel=panels.LABELS)(unbind)


def bind(
    display_id: Annotated[
        str | None, typer.Argument(metavar="DISPLAY", help="A tag id, a dot, a number, such as A4C1380000000001.0.")
    ] = None,
    barcodes: Annotated[list[str] | None, typer.Argument(metavar="BARCODE...", help="One to six products.")] = None,
    template: Annotated[str | None, typer.Option("--template", metavar="T", help="The layout of the label.")] = None,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="CSV", help="Columns display, barcode and perhaps template.")
    ] = None,
    scan: Annotated[bool, typer.Option("--scan", help="Tag, product, tag, product … from a hand scanner.")] = False,
    auto: Annotated[bool, typer.Option("--auto", help="Every free display gets the next free product.")] = False,
    store: MaybeStore = None,
    data: Data = None,
    server: Server = None,
    as_json: Json = False,
) -> None:
    """Bind displays to products: one, a file of them, with a scanner, or all by themselves.

    --file, --scan and --auto need --store.
    """
    ways = [display_id is not None, file is not None, scan, auto]
    if sum(ways) != 1:
        raise WrongUse("name one way: `esl bind DISPLAY BARCODE`, --file CSV, --scan or --auto")
    if display_id is not None:
        if not barcodes:
            raise WrongUse("a barcode is wanted: `esl bind DISPLAY BARCODE`")
        with Gateway(data, server) as gateway:
            answer = gateway.put(f"/admin/displays/{display_id}/binding", {"barcodes": barcodes, "template": template})
        if as_json:
            show_json(answer)
        else:
            say(f"{display_id} shows {', '.join(barcodes)} from now on: `esl display show {display_id}`")
        return
    if store is None:
        raise WrongUse("--store S is wanted with --file, --scan and --auto")
    with Gateway(data, server) as gateway:
        if scan:
            _scan(gateway, store, template)
        elif auto:
            _report(gateway.post(f"/admin/stores/{store}/bindings/auto"), as_json)
        elif file is not None:
            _report(_bind_file(gateway, store, file, template), as_json)


def unbind(
    display_id: Annotated[
        str, typer.Argument(metavar="DISPLAY", help="A tag id, a dot, a number, such as A4C1380000000001.0.")
    ],
    data: Data = None,
    server: Server = None,
    as_json: Json = False,
) -> None:
    """Take its products from a display; it goes to the unbound picture."""
    with Gateway(data, server) as gateway:
        answer = gateway.delete(f"/admin/displays/{display_id}/binding")
    if as_json:
        show_json(answer)
    else:
        say(f"{display_id} shows no product" + ("" if answer["wasBound"] else "; it had none before"))


def _scan(gateway: Gateway, store: str, template: str | None) -> None:
    from gateway.cli.scan import ScanDesk

    desk = ScanDesk(gateway, store, template)
    say("Scan a tag, then its product. `undo` takes the last binding back, an empty line or Ctrl-D ends.")
    for line in sys.stdin:
        word = line.strip()
        if not word:
            break
        say(desk.take(word))
    say(f"{desk.bound} bound")


def _bind_file(gateway: Gateway, store: str, file: Path, template: str | None) -> Document:
    rows = list(read_bindings(file, template))
    bound: list[Document] = []
    errors: list[Document] = []
    for start in range(0, len(rows), BINDINGS_A_REQUEST):
        answer = gateway.post(f"/admin/stores/{store}/bindings", {"bindings": rows[start : start + BINDINGS_A_REQUEST]})
        bound += items_of(answer, "bindings")
        for error in items_of(answer, "errors"):
            index = error["index"]
            errors.append({**error, "index": start + index if isinstance(index, int) else index})
    return {"bindings": bound, "errors": errors}


def read_bindings(file: Path, template: str | None) -> Iterator[Document]:
    """Rows of a CSV with a heading. Several barcodes of one display stand apart by blanks. Raises CommandFailed."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            reader = csv.DictReader(opened)
            names = {(name or "").strip().lower(): name for name in reader.fieldnames or ()}
            display, barcode = (names.get(name) for name in ("display", "barcode"))
            if display is None or barcode is None:
                raise CommandFailed(f"{file} has no columns display and barcode: its first line must name them")
            for row in reader:
                own = row.get(names.get("template") or "", None) or template
                words = (row[barcode] or "").split()
                yield {"displayId": (row[display] or "").strip(), "barcodes": words, "template": own}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CommandFailed(f"{file} cannot be read: {error}") from error


def _report(answer: Document, as_json: bool) -> None:
    errors = items_of(answer, "errors") if "errors" in answer else []
    if as_json:
        show_json({"bound": len(items_of(answer, "bindings")), **answer})
    else:
        say(f"{len(items_of(answer, 'bindings'))} bound")
        if errors:
            rows = [[one["index"], one["displayId"], one["message"]] for one in errors]
            show_table(("row", "display", "why not"), rows, empty="")
    if errors:
        raise CommandFailed(f"{len(errors)} could not be bound; the others are")
