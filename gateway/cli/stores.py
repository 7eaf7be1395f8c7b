"""`esl store`, `esl token`, `esl sandbox report`, `esl bridge`: who may send prices, and who may carry them."""

from typing import Annotated

import typer

from gateway.cli import panels
from gateway.cli.errors import CommandFailed, WrongUse
from gateway.cli.options import Data, Json, MaybeStore, Server, Store
from gateway.cli.show import items_of, say, show_json, show_table
from gateway.cli.talk import Document, Gateway

Map = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="OUR=THEIRS", help="The POS's word for one of our fields; may be repeated."),
]


def register(app: typer.Typer) -> None:
    store = typer.Typer(help="Add stores and list them.", no_args_is_help=True)
    store.command("add")(add_store)
    store.command("list")(list_stores)
    store.command("sync-credential")(sync_credential)
    app.add_typer(store, name="store", rich_help_panel=panels.SHOP)
    token = typer.Typer(help="Make, list, change and revoke the tokens that POS systems send.", no_args_is_help=True)
    token.command("create")(create_token)
    token.command("list")(list_tokens)
    token.command("update")(update_token)
    token.command("revoke")(revoke_token)
    app.add_typer(token, name="token", rich_help_panel=panels.SHOP)
    bridge = typer.Typer(help="Register the bridges that speak to tags, and list them.", no_args_is_help=True)
    bridge.command("add")(add_bridge)
    bridge.command("list")(list_bridges)
    app.add_typer(bridge, name="bridge", rich_help_panel=panels.SHOP)
    sandbox = typer.Typer(help="See how far a POS integration has come.", no_args_is_help=True)
    sandbox.command("report")(sandbox_report)
    sandbox.callback()(_only_group)
    app.add_typer(sandbox, name="sandbox", rich_help_panel=panels.SHOP)


def _only_group() -> None:
    """See how far a POS integration has come."""


def add_store(
    store: Annotated[str, typer.Argument(metavar="S", help="Its name: a-z, 0-9 and -, at most 24.")],
    currency: Annotated[str, typer.Option(help="ISO 4217 code of its prices.")] = "EUR",
    timezone: Annotated[str, typer.Option(help="Where sales start and end at midnight.")] = "Europe/Zagreb",
    locale: Annotated[str, typer.Option(help="How numbers and dates are written on labels.")] = "hr-HR",
    law: Annotated[str, typer.Option(help="What must stand beside a price: hr, eu or none.")] = "hr",
    data: Data = None,
    server: Server = None,
    as_json: Json = False,
) -> None:
    """Add a store. It is in trial until its first production token."""
    body = {"store": store, "currency": currency, "timeZone": timezone, "locale": locale, "law": law}
    with Gateway(data, server) as gateway:
        added = gateway.post("/admin/stores", body)
    if as_json:
        show_json(added)
    else:
        say(f"store {store} is there. Its POS needs a token: `esl token create --store {store} --kind sandbox`")


def list_stores(data: Data = None, server: Server = None, as_json: Json = False) -> None:
    """List the stores, sandbox twins among them."""
    with Gateway(data, server) as gateway:
        found = gateway.get("/admin/stores")
    if as_json:
        show_json(found)
        return
    columns = ("store", "currency", "timeZone", "locale", "law", "trial", "twinOf")
    rows = [[one[name] for name in columns] for one in items_of(found, "stores")]
    show_table(columns, rows, empty="There is no store yet: `esl store add S` makes one.")


def sync_credential(
    store: Annotated[str, typer.Argument(metavar="S", help="The name of the store.")],
    data: Data = None,
    server: Server = None,
    as_json: Json = False,
) -> None:
    """Print how a POS backend elsewhere enters the broker to feed the store with chunks; made if need be."""
    with Gateway(data, server) as gateway:
        found = gateway.post(f"/admin/stores/{store}/sync-credential")
    if as_json:
        show_json(found)
        return
    for name in ("url", "username", "password", "topic", "resultTopic"):
        say(f"  {name:<12}{found[name]}")


def create_token(
    store: Store,
    kind: Annotated[str, typer.Option("--kind", help="sandbox or production.")],
    force: Annotated[bool, typer.Option("--force", help="Production although the checklist is not complete.")] = False,
    field_map: Map = None,
    data: Data = None,
    server: Server = None,
    as_json: Json = False,
) -> None:
    """Make a token for a store's POS, and print it once: only a hash is kept."""
    if kind not in ("sandbox", "production"):
        raise WrongUse(f"--kind is {kind!r}: sandbox or production is wanted")
    body: Document = {"kind": kind, "force": force, "fieldMap": parse_map(field_map)}
    with Gateway(data, server) as gateway:
        made = gateway.post(f"/admin/stores/{store}/tokens", body)
    if as_json:
        show_json(made)
    else:
        say(str(made["token"]))


def list_tokens(store: MaybeStore = None, data: Data = None, server: Server = None, as_json: Json = False) -> None:
    """List tokens by their ids; the tokens themselves are not kept."""
    with Gateway(data, server) as gateway:
        found = gateway.get("/admin/tokens", store=store)
    if as_json:
        show_json(found)
        return
    columns = ("tokenId", "store", "kind", "createdAt", "revokedAt", "endsAt", "live")
    rows = [[one[name] for name in columns] for one in items_of(found, "tokens")]
    show_table(columns, rows, empty="There is no token yet: `esl token create --store S --kind sandbox` makes one.")


def update_token(
    token_id: Annotated[str, typer.Argument(metavar="ID", help="As `esl token list` shows it.")],
    field_map: Map = None,
    data: Data = None,
    server: Server = None,
    as_json: Json = False,
) -> None:
    """Give a token other words for our fields; without --map it knows ours alone."""
    with Gateway(data, server) as gateway:
        changed = gateway.patch(f"/admin/tokens/{token_id}", {"fieldMap": parse_map(field_map)})
    if as_json:
        show_json(changed)
    else:
        say(f"token {token_id} maps {changed['fieldMap'] or 'nothing'}")


def revoke_token(
    token_id: Annotated[str, typer.Argument(metavar="ID", help="As `esl token list` shows it.")],
    data: Data = None,
    server: Server = None,
    as_json: Json = False,
) -> None:
    """From now on the token opens nothing."""
    with Gateway(data, server) as gateway:
        revoked = gateway.post(f"/admin/tokens/{token_id}/revoke")
    if as_json:
        show_json(revoked)
    else:
        say(f"token {token_id} is revoked")


def add_bridge(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name within the store: a-z, 0-9 and -.")],
    store: Store,
    carrier: Annotated[str, typer.Option(help="mqtt or serial.")] = "mqtt",
    path: Annotated[str | None, typer.Option(help="Of a serial bridge: a stable path, @BAUD behind it.")] = None,
    data: Data = None,
    server: Server = None,
    as_json: Json = False,
) -> None:
    """Register a bridge and print how it enters; registering it again prints the same."""
    if carrier not in ("mqtt", "serial"):
        raise WrongUse(f"--carrier is {carrier!r}: mqtt or serial is wanted")
    with Gateway(data, server) as gateway:
        found = gateway.post(f"/admin/stores/{store}/bridges", {"name": name, "carrier": carrier, "path": path})
    if as_json:
        show_json(found)
        return
    say(f"bridge {found['bridgeId']} is registered")
    mqtt = found.get("mqtt")
    if isinstance(mqtt, dict):
        say(f"  broker    {mqtt['url']}\n  username  {mqtt['username']}\n  password  {mqtt['password']}")


def list_bridges(store: Store, data: Data = None, server: Server = None, as_json: Json = False) -> None:
    """List a store's bridges, and how it stands with each."""
    with Gateway(data, server) as gateway:
        found = gateway.get(f"/admin/stores/{store}/bridges")
    if as_json:
        show_json(found)
        return
    rows = []
    for one in items_of(found, "bridges"):
        link = one["link"] if isinstance(one["link"], dict) else {}
        state = link.get("state") if not link.get("trouble") else f"refused: {link['trouble']}"
        rows.append([one["bridgeId"], one["carrier"], one["path"], one["baud"], state])
    columns = ("bridge", "carrier", "path", "baud", "state")
    show_table(columns, rows, empty=f"None yet: `esl bridge add NAME --store {store}`.")


def sandbox_report(
    store: Annotated[str, typer.Argument(metavar="S", help="The name of the store.")],
    data: Data = None,
    server: Server = None,
    as_json: Json = False,
) -> None:
    """What the sandbox traffic has shown so far. Exit status 1 as long as it is not complete."""
    with Gateway(data, server) as gateway:
        report = gateway.get(f"/admin/stores/{store}/sandbox-report")
    if as_json:
        show_json(report)
    else:
        rows = [[one["doneAt"] or "not yet", one["sentence"]] for one in items_of(report, "items")]
        show_table(("done", "the traffic has shown that"), rows, empty="")
    if not report["complete"]:
        raise CommandFailed(f"the checklist of {store} is not complete: a production token needs it, or --force")


def parse_map(words: list[str] | None) -> dict[str, str] | None:
    """`our=theirs` pairs. Raises WrongUse."""
    if not words:
        return None
    found: dict[str, str] = {}
    for word in words:
        ours, equals, theirs = word.partition("=")
        if not equals or not ours.strip() or not theirs.strip():
            raise WrongUse(f"--map {word!r}: OUR=THEIRS is wanted, for instance --map salePrice=AktionsPreis")
        found[ours.strip()] = theirs.strip()
    return found
