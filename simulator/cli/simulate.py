"""`esl simulate`: a virtual fleet in its own process, against a running gateway.

In: options. Out: a line for each thing worth knowing, JSON with --json; exit status 0 after SIGTERM or Ctrl-C.
Rule: the shop stands on its own: it waits for a gateway that is away, and comes back to one on other ports.
"""

import asyncio
import gc
import json
import signal
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from simulator.chance import new_incarnation
from simulator.cli.admin_api import GatewayPlace, GatewayRefuses
from simulator.cli.control import carry_out
from simulator.cli.running import RunningFleet, Setting
from simulator.faults import FaultRates
from simulator.fleet import FleetPlan
from simulator.fleet_state import StateUnreadable
from simulator.limits import CONTACT_S
from simulator.mischief import MischiefRates
from simulator.mix import DEFAULT_MIX, Mix, MixWrong
from simulator.radio.floor_file import PlanWrong, read_floor

STATUS_EVERY_S = 1.0
FAULTS = "Faults"


def register(app: typer.Typer) -> None:
    app.command("simulate", rich_help_panel="Run")(simulate)


def simulate(
    store: Annotated[str, typer.Option("--store", metavar="S", help="The store the fleet belongs to.")],
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="DIR", help="The gateway's data folder (else ESL_DATA, else ./esl-data)."),
    ] = None,
    server: Annotated[
        str | None, typer.Option("--server", metavar="URL", help="The gateway's address; ESL_TOKEN is its admin token.")
    ] = None,
    tags: Annotated[int, typer.Option("--tags", min=0, metavar="N", help="How many tags.")] = 200,
    seed: Annotated[int, typer.Option("--seed", metavar="K", help="The same seed, the same tags and faults.")] = 1,
    carrier: Annotated[Literal["mqtt", "serial"], typer.Option("--carrier", help="How bridges reach it.")] = "mqtt",
    broker_certificate: Annotated[
        Path | None,
        typer.Option("--broker-certificate", metavar="FILE", help="To trust when the broker speaks TLS by its own."),
    ] = None,
    bridges: Annotated[int, typer.Option("--bridges", min=1, metavar="B", help="How many bridges.")] = 1,
    panels: Annotated[
        str, typer.Option("--panels", metavar="MIX", help="Kinds and shares, as in 2.13-bw:4,2.9-bwr:3,2.13-bw+4.2-bw.")
    ] = DEFAULT_MIX,
    speed: Annotated[
        int, typer.Option("--speed", min=1, max=65535, metavar="X", help="Divides the times of radio and panels.")
    ] = 1,
    contact: Annotated[
        float, typer.Option("--contact", min=1, metavar="SECONDS", help="How often a tag makes contact, at speed 1.")
    ] = CONTACT_S,
    strangers: Annotated[
        int, typer.Option("--strangers", min=0, metavar="N", help="Tags that are in reach but not in the box list.")
    ] = 0,
    state: Annotated[
        Path | None, typer.Option("--state", metavar="DIR", help="Keeps the tags' flash and glass here between runs.")
    ] = None,
    dump: Annotated[
        Path | None, typer.Option("--dump", metavar="DIR", help="At the end: a PNG of each glass, and fleet.json.")
    ] = None,
    loss: Annotated[
        float,
        typer.Option(
            "--loss",
            min=0.0,
            max=1.0,
            metavar="P",
            help="Of link payloads, on serial of frames, that are lost.",
            rich_help_panel=FAULTS,
        ),
    ] = 0.0,
    duplicate: Annotated[
        float,
        typer.Option(
            "--duplicate", min=0.0, max=1.0, metavar="P", help="The same, that come twice.", rich_help_panel=FAULTS
        ),
    ] = 0.0,
    reorder: Annotated[
        float,
        typer.Option(
            "--reorder", min=0.0, max=1.0, metavar="P", help="The same, that are overtaken.", rich_help_panel=FAULTS
        ),
    ] = 0.0,
    corrupt: Annotated[
        float,
        typer.Option(
            "--corrupt",
            min=0.0,
            max=1.0,
            metavar="P",
            help="The same, that are changed on the way.",
            rich_help_panel=FAULTS,
        ),
    ] = 0.0,
    radio_loss: Annotated[
        float,
        typer.Option(
            "--radio-loss",
            min=0.0,
            max=1.0,
            metavar="P",
            help="Of the frames that tags and bridges exchange, where there is no floor.",
            rich_help_panel=FAULTS,
        ),
    ] = 0.0,
    floor: Annotated[
        str | None,
        typer.Option(
            "--floor",
            metavar="FILE",
            help="Hangs tags and bridges in a shop, whose air then decides: as for `esl world plan`.",
            rich_help_panel=FAULTS,
        ),
    ] = None,
    dead: Annotated[
        int, typer.Option("--dead", min=0, metavar="N", help="Tags that are silent at first.", rich_help_panel=FAULTS)
    ] = 0,
    reboots: Annotated[
        float, typer.Option("--reboots", min=0, metavar="R", help="Per tag and day.", rich_help_panel=FAULTS)
    ] = 0.0,
    bridge_restarts: Annotated[
        float, typer.Option("--bridge-restarts", min=0, metavar="R", help="Per bridge and day.", rich_help_panel=FAULTS)
    ] = 0.0,
    unplugs: Annotated[
        float, typer.Option("--unplugs", min=0, metavar="R", help="Per bridge and day.", rich_help_panel=FAULTS)
    ] = 0.0,
    control: Annotated[
        bool, typer.Option("--control", help="Take orders on standard input, one JSON object a line; its end ends all.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON objects, one a line.")] = False,
) -> None:
    """A virtual fleet against a running gateway: tags, panels, radio and bridges.

    It registers its bridges and its box list through the admin API and is thereby approved. Ctrl-C or SIGTERM ends it.
    """
    try:
        place = GatewayPlace.find(data, server, broker_certificate)
        if carrier == "serial" and place.data is None:
            raise GatewayRefuses("--carrier serial needs --data: the ports are named by links in DIR/serial")
        setting = Setting(
            plan=FleetPlan(
                seed=seed,
                tags=tags,
                strangers=strangers,
                bridges=bridges,
                mix=Mix.parse(panels),
                speed=speed,
                contact_s=contact,
                link_rates=FaultRates(loss, duplicate, reorder, corrupt),
                radio_loss=radio_loss,
                floor=read_floor(floor) if floor is not None else None,
                incarnation=new_incarnation(),
            ),
            store=store,
            place=place,
            carrier=carrier,
            serial_folder=place.data.absolute() / "serial" if place.data is not None else None,
            state=state,
            dump=dump,
            dead=dead,
            mischief=MischiefRates(reboots, bridge_restarts, unplugs),
        )
        asyncio.run(_live(setting, control=control, as_json=as_json))
    except (GatewayRefuses, MixWrong, PlanWrong, StateUnreadable, OSError) as error:
        typer.echo(f"esl: {error}", err=True)
        raise typer.Exit(2 if isinstance(error, MixWrong) else 1) from None


async def _live(setting: Setting, *, control: bool, as_json: bool) -> None:
    """Until somebody says stop."""
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    running = RunningFleet(setting)
    try:
        await running.start()
        gc.collect()
        gc.freeze()  # the fleet stays until the end: it need not be looked through for garbage again and again
        _say({"event": "ready", "store": setting.store, "remembered": running.remembered, **running.status()}, as_json)
        listener = asyncio.create_task(_listen(running, stopping, as_json), name="control") if control else None
        await _tell(running, stopping, as_json)
    finally:
        await running.stop()
    if listener is not None:
        listener.cancel()
    pictures = running.dump()
    _say({"event": "stopped", "pictures": pictures, **running.status()}, as_json)


async def _tell(running: RunningFleet, stopping: asyncio.Event, as_json: bool) -> None:
    """A line whenever something has moved, at most one a second."""
    told: dict[str, object] = {}
    while not stopping.is_set():
        status = running.status()
        if error := running.failed():
            raise error
        if {**status, "link": None} != {**told, "link": None}:
            _say({"event": "status", **status}, as_json)
            told = status
        try:
            await asyncio.wait_for(stopping.wait(), STATUS_EVERY_S)
        except TimeoutError:
            continue


async def _listen(running: RunningFleet, stopping: asyncio.Event, as_json: bool) -> None:
    """Orders on standard input, beside everything else."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    try:
        while line := await reader.readline():
            _say(carry_out(running, line.decode("utf-8", "replace")), as_json)
    finally:
        stopping.set()


def _say(line: dict[str, object], as_json: bool) -> None:
    if as_json:
        print(json.dumps(line, ensure_ascii=False), flush=True)
        return
    match line["event"]:
        case "ready" | "status" | "stopped":
            print(
                f"{line['event']}: {line['bridgesUp']} of {line['bridges']} bridges up, "
                f"{line['commissioned']} of {line['tags']} tags commissioned, "
                f"{line['shown']} of {line['displays']} displays show what they were ordered, "
                f"{line['refreshes']} refreshes",
                flush=True,
            )
        case _:
            print(", ".join(f"{name} {value}" for name, value in line.items()), flush=True)
