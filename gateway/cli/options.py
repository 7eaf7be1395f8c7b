"""Options that many commands share, declared once."""

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="The data folder of the gateway (else ESL_DATA, else ./esl-data)."),
]
Server = Annotated[
    str | None,
    typer.Option("--server", metavar="URL", help="The gateway's address; its admin token is read from ESL_TOKEN."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")]
Store = Annotated[str, typer.Option("--store", metavar="S", help="The name of the store.")]
MaybeStore = Annotated[str | None, typer.Option("--store", metavar="S", help="Only this store.")]
