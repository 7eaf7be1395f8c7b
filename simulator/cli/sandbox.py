"""`esl sandbox`: a token, an empty virtual shop that waits for a POS's products, and named faults, in one command.

In: options. Out: one screen, or one JSON object once everything is ready; it stays up until Ctrl-C.
"""

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer

from simulator.cli.admin_api import GatewayRefuses


def register(app: typer.Typer) -> None:
    """`esl sandbox report` is the gateway's; without a word behind it the group itself is ours."""
    group = next(one.typer_instance for one in app.registered_groups if one.name == "sandbox" and one.typer_instance)
    group.info.help = sandbox.__doc__
    group.info.no_args_is_help = False
    group.callback(invoke_without_command=True, no_args_is_help=False)(sandbox)


def sandbox(
    context: typer.Context,
    displays: Annotated[int, typer.Option("--displays", min=1, metavar="N", help="How many labels hang there.")] = 1000,
    data: Annotated[
        Path | None, typer.Option("--data", metavar="DIR", help="The shop's folder; else your data folder.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", metavar="S", help="The same seed, the same tags.")] = 1,
    speed: Annotated[
        int, typer.Option("--speed", min=1, max=65535, metavar="X", help="Divides the times of radio and panels.")
    ] = 20,
    http: Annotated[
        str | None,
        typer.Option("--http", metavar="HOST:PORT", help="Where it listens; else the first free port from 8080 on."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object when all is ready.")] = False,
) -> None:
    """For whoever writes a POS: a gateway with a sandbox token, and a shop of 1,000 empty labels on this machine.

    Each product that your POS sends takes the next free label and is proved on its glass. Faults have names and are
    pressed by HTTP; each heals by itself. `esl sandbox report` says how far your integration has come. It stays up
    until Ctrl-C, and the next `esl sandbox` takes the shop up again.
    """
    if context.invoked_subcommand is not None:
        return
    from simulator.cli.demo_run import DemoPlan, run
    from simulator.cli.sandbox_run import Sandbox, sandbox_folder

    plan = DemoPlan(
        tags=displays,
        products=None,
        data=data or sandbox_folder(),
        seed=seed,
        speed=speed,
        leave=False,
        story=False,
        carrier="mqtt",
        http=http,
        broker=None,
        quiet=as_json,
    )

    def report(ready: dict[str, object]) -> None:
        if as_json:
            print(json.dumps(ready, ensure_ascii=False), flush=True)

    try:
        status = asyncio.run(run(plan, report, Sandbox))
    except (GatewayRefuses, OSError, ValueError) as error:
        typer.echo(f"esl: {error}", err=True)
        raise typer.Exit(1) from None
    if status:
        raise typer.Exit(status)
