"""`esl product`, `esl batch`: what the store sells, and how a list gets on the shelf."""

from typing import Annotated

import typer

from gateway.cli import panels
from gateway.cli.errors import CommandFailed
from gateway.cli.options import Data, Json, MaybeStore, Server, Store
from gateway.cli.show import items_of, say, show_json, show_table
from gateway.cli.talk import Document, Gateway

PRODUCTS_A_PAGE = 1_000
Barcode = Annotated[str, typer.Argument(metavar="BARCODE", help="Its own barcode, or one of its extra ones.")]
BatchId = Annotated[str, typer.Argument(metavar="ID", help="As `esl batch list` shows it.")]


def register(app: typer.Typer) -> None:
    product = typer.Typer(help="List, show and remove products.", no_args_is_help=True)
    product.command("list")(list_products)
    product.command("show")(show_product)
    product.command("remove")(remove_products)
    app.add_typer(product, name="product", rich_help_panel=panels.GOODS)
    batch = typer.Typer(help="Follow the batches that POS systems send.", no_args_is_help=True)
    batch.command("list")(list_batches)
    batch.command("show")(show_batch)
    batch.command("watch")(watch)
    app.add_typer(batch, name="batch", rich_help_panel=panels.GOODS)


def list_products(
    store: Store,
    search: Annotated[str | None, typer.Option(help="Only those with this in name or barcode.")] = None,
    data: Data = None,
    server: Server = None,
    as_json: Json = False,
) -> None:
    """List a store's products."""
    found: list[Document] = []
    after: str | None = None
    with Gateway(data, server) as gateway:
        while True:
            page = gateway.get(f"/admin/stores/{store}/products", search=search, after=after, limit=PRODUCTS_A_PAGE)
            found += items_of(page, "products")
            if page["next"] is None:
                break
            after = str(page["next"])
    if as_json:
        show_json({"products": found})
        return
    columns = ("barcode", "name", "price", "salePrice", "onSale")
    rows = [[one.get(name) for name in columns] for one in found]
    show_table(columns, rows, empty=f"No product yet: a POS sends them, or `esl import FILE --store {store}`.")


def show_product(
    barcode: Barcode, store: Store, data: Data = None, server: Server = None, as_json: Json = False
) -> None:
    """Show a product, the displays that carry it, and every change of its prices."""
    with Gateway(data, server) as gateway:
        found = gateway.get(f"/admin/stores/{store}/products/one", barcode=barcode)
    if as_json:
        show_json(found)
        return
    for name, value in found.items():
        if name not in ("displays", "ledger"):
            say(f"{name:>20}  {value}")
    rows = [[one["displayId"], one["panel"], one["confirmed"], one["reason"]] for one in items_of(found, "displays")]
    show_table(("display", "panel", "confirmed", "reason"), rows, empty=f"On no display: `esl bind DISPLAY {barcode}`.")
    changes = [[one["at"], one["field"], one["old"], one["new"], one["source"]] for one in items_of(found, "ledger")]
    show_table(("at", "field", "old", "new", "source"), changes, empty="Its prices have never changed.")


def remove_products(
    store: Store,
    barcodes: Annotated[list[str], typer.Argument(metavar="BARCODE...", help="Their own barcodes.")],
    data: Data = None,
    server: Server = None,
    as_json: Json = False,
) -> None:
    """Remove products; their displays go to the unbound picture."""
    with Gateway(data, server) as gateway:
        answer = gateway.post(f"/admin/stores/{store}/products/remove", {"barcodes": barcodes})
    if as_json:
        show_json(answer)
    else:
        say(f"removed: {answer['removed'] or 'none'}")
    if answer["unknown"]:
        raise CommandFailed(f"no product has {answer['unknown']}: `esl product list --store {store}` shows them")


def list_batches(store: MaybeStore = None, data: Data = None, server: Server = None, as_json: Json = False) -> None:
    """List the newest batches of a store, or of all stores."""
    with Gateway(data, server) as gateway:
        found = gateway.get("/admin/batches", store=store)
    if as_json:
        show_json(found)
        return
    columns = ("sessionId", "store", "status", "progress", "productsSaved", "rejected", "tagsConfirmed", "tagsTotal")
    rows = [[one[name] for name in columns] for one in items_of(found, "batches")]
    show_table(columns, rows, empty="No batch yet: a POS sends them, or `esl import FILE --store S`.")


def show_batch(session_id: BatchId, data: Data = None, server: Server = None, as_json: Json = False) -> None:
    """Show where a batch stands, and each display that is not confirmed with its reason."""
    with Gateway(data, server) as gateway:
        found = gateway.get(f"/admin/batches/{session_id}")
    if as_json:
        show_json(found)
        return
    for name, value in found.items():
        if not isinstance(value, list | dict):
            say(f"{name:>22}  {'-' if value is None else value}")
    rows = [[one["displayId"], one["reason"]] for one in items_of(found, "unconfirmed")]
    show_table(("not confirmed", "reason"), rows, empty="Every display is confirmed.")


def watch(session_id: BatchId, data: Data = None, server: Server = None, as_json: Json = False) -> None:
    """Follow a batch until it is completed. Exit status 1 if it failed or displays stay unconfirmed."""
    from gateway.cli.progress import watch_batch

    with Gateway(data, server) as gateway:
        found = watch_batch(gateway, session_id, quiet=as_json)
    if as_json:
        show_json(found)
    if found["status"] != "completed":
        raise CommandFailed(f"batch {session_id} is {found['status']}: {found['failure'] or 'start another'}")
    if found["tagsUnconfirmed"]:
        raise CommandFailed(
            f"{found['tagsUnconfirmed']} displays are not confirmed; delivery goes on: `esl batch show {session_id}`"
        )
