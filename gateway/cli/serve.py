"""`esl serve`: the gateway."""

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli import panels
from gateway.cli.errors import CommandFailed


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel=panels.RUN)(serve)


def serve(
    data: Annotated[
        Path | None, typer.Option("--data", metavar="DIR", help="The folder for its database, keys and files.")
    ] = None,
    http: Annotated[
        str | None, typer.Option("--http", metavar="HOST:PORT", help="Where to listen for POS systems and people.")
    ] = None,
    mqtt: Annotated[
        str | None, typer.Option("--mqtt", metavar="HOST:PORT", help="Where its own broker listens for bridges.")
    ] = None,
    broker: Annotated[
        str | None, typer.Option("--broker", metavar="URL", help="Use this MQTT broker instead of its own.")
    ] = None,
    broker_binary: Annotated[
        Path | None, typer.Option("--broker-binary", metavar="PATH", help="The nats-server to run as its own broker.")
    ] = None,
    workers: Annotated[int | None, typer.Option("--workers", metavar="N", help="Processes that draw labels.")] = None,
    record: Annotated[
        Path | None, typer.Option("--record", metavar="FILE", help="Write down what bridges and POS systems say.")
    ] = None,
    until_stdin_ends: Annotated[
        bool,
        typer.Option("--until-stdin-ends", help="End when standard input does: with the program that started it."),
    ] = False,
    log_level: Annotated[str | None, typer.Option("--log-level", help="debug, info, warning or error.")] = None,
    log_format: Annotated[str | None, typer.Option("--log-format", help="lines or json.")] = None,
) -> None:
    """Run the gateway until SIGTERM or Ctrl-C.

    Port 0 takes any free port. Once it is ready, DIR/endpoint.json says where it listens and DIR/admin.token holds the
    operator's token. More settings: DIR/settings.toml, see docs/operating.md.
    """
    from gateway.app.errors import CannotStart
    from gateway.app.serve import serve as run
    from gateway.database import DatabaseFailure
    from gateway.settings import SettingWrong, load_settings

    given = {
        "data": data,
        "http": http,
        "mqtt": mqtt,
        "broker": broker,
        "broker_binary": broker_binary,
        "workers": workers,
        "record": record,
        "log_level": log_level,
        "log_format": log_format,
    }
    try:
        run(
            load_settings(given),
            lambda url, mqtt_url: typer.echo(f"ready: {url} (POS API, console) and {mqtt_url}"),
            until_stdin_ends=until_stdin_ends,
        )
    except (CannotStart, DatabaseFailure, SettingWrong) as error:
        raise CommandFailed(str(error)) from error
