"""`esl simulate-module`: a virtual OpenEPaperLink radio module with its tags, behind a port of this machine.

In: where the port shall stand, how many tags. Out: a line when it is there; exit status 0 after SIGTERM or Ctrl-C.
Rule: it knows no gateway: whoever opens the port finds what a real module says.
"""

import asyncio
import json
import signal
from pathlib import Path
from typing import Annotated

import typer

from firmware_protocol.glasses import inches_of
from firmware_protocol.openepaperlink.tag_type import TagType
from simulator.clock import SystemClock
from simulator.openepaperlink.pty_module import ModuleOnPty
from simulator.openepaperlink.shop import WITHIN_REACH, make_shop
from simulator.schedule import Scheduler

SPEED_MAX = 60  # above it a block has no time to reach the module


def register(app: typer.Typer) -> None:
    app.command("simulate-module", rich_help_panel="Run")(simulate_module)


def simulate_module(
    path: Annotated[Path, typer.Option("--path", metavar="PATH", help="Where the port shall stand.")] = Path("module"),
    tags: Annotated[int, typer.Option("--tags", min=0, max=500, metavar="N", help="How many tags.")] = 10,
    inches: Annotated[
        float | None, typer.Option("--inches", metavar="I", help="Only tags of this size, such as 2.9.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", metavar="K", help="The same seed, the same tags.")] = 1,
    loss: Annotated[float, typer.Option("--loss", min=0.0, max=1.0, metavar="P", help="Of frames on the air.")] = 0.0,
    speed: Annotated[
        int, typer.Option("--speed", min=1, max=SPEED_MAX, metavar="X", help="Divides the times of module and tags.")
    ] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="One object a line.")] = False,
) -> None:
    """Run a virtual OpenEPaperLink radio module with tags of many types; `esl link add PATH` drives it."""
    kinds = [kind for kind in WITHIN_REACH if inches is None or inches_of(kind.panel.name) == inches]
    if not kinds:
        raise typer.BadParameter(f"no tag type of {inches} inch is known", param_hint="--inches")
    asyncio.run(_run(path.absolute(), tags, seed, loss, speed, kinds, as_json=as_json))


async def _run(
    path: Path, tags: int, seed: int, loss: float, speed: int, kinds: list[TagType], *, as_json: bool
) -> None:
    told_to_stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told_to_stop.set)
    module, made = make_shop(tags, seed, loss=loss, tag_types=kinds)
    port = ModuleOnPty(Scheduler(SystemClock()), module, made, path, speed=speed, seed=seed)
    port.open()
    if as_json:
        typer.echo(json.dumps({"event": "ready", "path": str(path), "tags": [str(tag.tag_id) for tag in made]}))
    else:
        typer.echo(f"module ready at {path} with {tags} tags; Ctrl-C stops it")
    try:
        await told_to_stop.wait()
    finally:
        port.close()
