"""`esl demo`: a gateway, a virtual shop and a POS on this machine, from nothing to a wall of proved labels.

In: options. Out: bars, one screen, or one JSON object; exit status 0 after Ctrl-C, and with --exit only if every glass
was proved and shows, pixel by pixel, what the rows that were sent ask for.
"""

import asyncio
import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from simulator.cli.admin_api import GatewayRefuses


def register(app: typer.Typer) -> None:
    app.command("demo", rich_help_panel="Run")(demo)


def demo(
    tags: Annotated[int, typer.Option("--tags", min=1, metavar="N", help="How many tags, of mixed panels.")] = 200,
    products: Annotated[
        Path | None,
        typer.Option("--products", metavar="FILE", help="A price list, CSV or JSON, instead of 3,000 invented goods."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="DIR", help="The shop's folder; else your data folder, with --exit a new one."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", metavar="S", help="The same seed, the same tags and goods.")] = 1,
    speed: Annotated[
        int, typer.Option("--speed", min=1, max=65535, metavar="X", help="Divides the times of radio and panels.")
    ] = 20,
    leave: Annotated[bool, typer.Option("--exit", help="Leave at the end; status 0 if all is proved.")] = False,
    story: Annotated[bool, typer.Option("--story", help="Break the shop in four ways, and watch it heal.")] = False,
    carrier: Annotated[Literal["mqtt", "serial"], typer.Option("--carrier", help="How bridges reach it.")] = "mqtt",
    http: Annotated[
        str | None,
        typer.Option("--http", metavar="HOST:PORT", help="Where the wall is; else the first free port from 8080 on."),
    ] = None,
    broker: Annotated[
        str | None, typer.Option("--broker", metavar="URL", help="Use this MQTT broker instead of the gateway's own.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, and nothing else.")] = False,
) -> None:
    """A whole virtual shop on this machine: gateway, tags, goods, and a wall of labels that prove their price.

    It stays up until Ctrl-C, and the next `esl demo` takes the shop up again; other tags, products or another seed
    start it afresh. Each label speaks once in 20 s divided by --speed.
    """
    from simulator.cli.demo_run import DemoPlan, run

    if products is not None:
        try:
            products.open("rb").close()
        except OSError as error:
            typer.echo(f"esl: {products} cannot be read: {error.strerror}. Name a price list, CSV or JSON", err=True)
            raise typer.Exit(1) from None
    plan = DemoPlan(
        tags=tags,
        products=products,
        data=data,
        seed=seed,
        speed=speed,
        leave=leave,
        story=story,
        carrier=carrier,
        http=http,
        broker=broker,
        quiet=as_json,
    )

    def report(outcome: dict[str, object]) -> None:
        if as_json:
            print(json.dumps(outcome, ensure_ascii=False), flush=True)

    try:
        status = asyncio.run(run(plan, report))
    except (GatewayRefuses, OSError, ValueError) as error:
        typer.echo(f"esl: {error}", err=True)
        raise typer.Exit(1) from None
    if status:
        raise typer.Exit(status)
