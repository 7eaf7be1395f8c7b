"""`esl import`: a price list through the batch flow, as a POS would send it."""

import csv
import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from msgspec import Struct

from gateway.access import LIVE_TOKENS_MAX, LIVES_S_MAX
from gateway.cli import panels
from gateway.cli.errors import CommandFailed
from gateway.cli.options import Data, Json, Server, Store
from gateway.cli.show import items_of, say, show_json, show_table
from gateway.cli.stores import Map, parse_map
from gateway.cli.talk import Document, Gateway

ROWS_A_PUSH = 1_000
REASONS_SHOWN = 10
# A gateway that is killed and started again meanwhile is waited for.
PATIENCE_S = 60.0


def register(app: typer.Typer) -> None:
    app.command("import", rich_help_panel=panels.GOODS)(import_file)


def import_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV with a heading, or JSON.")],
    store: Store,
    token: Annotated[
        str | None, typer.Option("--token", metavar="T", help="The store's token; else one is made and revoked.")
    ] = None,
    field_map: Map = None,
    decimal: Annotated[
        str, typer.Option("--decimal", metavar="SIGN", help="How the file writes decimals: '.', or ',' as in 1.299,00.")
    ] = ".",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be rejected; send nothing.")] = False,
    rows_only: Annotated[
        bool, typer.Option("--rows", help="Print the rows as they would be sent, as JSON; send nothing.")
    ] = False,
    data: Data = None,
    server: Server = None,
    as_json: Json = False,
) -> None:
    """Send a price list through the batch flow and follow it until the glass has proved it.

    Columns are recognised by their usual names and shown. Rejected rows go to a file beside FILE; the others are
    saved. Exit status 1 if the batch does not complete or no row was taken.
    """
    from gateway.cli.price_list import read_price_list

    if decimal not in (".", ","):
        raise CommandFailed(f"--decimal {decimal}: either . or ,")
    price_list = read_price_list(file, parse_map(field_map), decimal_comma=decimal == ",")
    if rows_only:
        print(json.dumps(list(price_list.rows), ensure_ascii=False))
        return
    if token is not None and not token.isascii():
        raise CommandFailed(
            "--token: it has letters that no token has; copy it whole, as `esl token create` printed it"
        )
    repeated = repeated_barcodes(price_list.rows)
    with Gateway(data, server, patience_s=PATIENCE_S) as gateway:
        if not as_json:
            show_table(("column", "becomes"), price_list.columns.items(), empty="")
            if price_list.unknown:
                say(f"kept as attributes: {', '.join(price_list.unknown)}")
        if dry_run:
            from gateway.cli.dry_run import judge

            rejected = judge(gateway, store, price_list.rows)
            report: Document = {"dryRun": True, "rows": len(price_list.rows), "rejected": len(rejected)}
        else:
            with _token(gateway, store, token) as usable:
                report, rejected = _send(gateway, usable, price_list.rows, quiet=as_json)
    beside = write_rejected(file, price_list.raw, rejected, is_csv=price_list.is_csv)
    if as_json:
        twice = [{"barcode": barcode, "rows": numbers} for barcode, numbers in repeated.items()]
        show_json({**report, "repeatedBarcodes": twice, "rejectedFile": str(beside) if beside else None})
    else:
        _say_outcome(report, rejected, beside)
        _say_repeated(repeated)
    if not dry_run and report["status"] != "completed":
        raise CommandFailed(f"the batch is {report['status']}: {report['failure'] or 'send the file again'}")
    if len({one.index for one in rejected}) == len(price_list.rows):
        comma = decimal == "." and any(one.code == "price_format" and "," in one.message for one in rejected)
        way = ", or say --decimal , if it writes amounts as in 1.299,00" if comma else "; its rejected rows say why"
        raise CommandFailed(f"none of the {len(price_list.rows)} rows was taken: mend {file}{way}")


class Rejected(Struct, frozen=True):
    """A row that was not taken. `index` counts the file's rows from 0."""

    index: int
    field: str
    code: str
    message: str
    hint: str


def repeated_barcodes(rows: Sequence[Document]) -> dict[str, list[int]]:
    """Barcodes that stand in more than one row of the file, with the numbers of these rows, from 1. The API warns of
    those of one request alone, and a file is sent in many."""
    found: dict[str, list[int]] = {}
    for number, row in enumerate(rows, start=1):
        barcode = str(row.get("barcode") or "").strip()
        if barcode:
            found.setdefault(barcode, []).append(number)
    return {barcode: numbers for barcode, numbers in found.items() if len(numbers) > 1}


def _send(gateway: Gateway, token: str, rows: Sequence[Document], *, quiet: bool) -> tuple[Document, list[Rejected]]:
    from gateway.cli.progress import ENDED, LOOK_EVERY_S, Phases, bars
    from gateway.cli.talk import pause

    run = os.urandom(8).hex()
    rejected: list[Rejected] = []
    session = str(gateway.pos("/batch/start", token, {}, key=f"{run}-start")["sessionId"])
    with bars(quiet=quiet) as progress:
        sending = progress.add_task("rows sent", total=len(rows))
        for start in range(0, len(rows), ROWS_A_PUSH):
            pushed = rows[start : start + ROWS_A_PUSH]
            answer = gateway.pos("/batch/push", token, {"sessionId": session, "products": pushed}, key=f"{run}-{start}")
            rejected += [rejected_of(one, start) for one in items_of(answer, "errors")]
            progress.advance(sending, len(pushed))
        gateway.pos("/batch/complete", token, {"sessionId": session}, key=f"{run}-complete")
        phases = Phases(progress)
        while True:
            status = gateway.get(f"/admin/batches/{session}")
            phases.show(status)
            if status["status"] in ENDED:
                return {**status, "rows": len(rows)}, rejected
            pause(LOOK_EVERY_S)


def rejected_of(error: Document, start: int) -> Rejected:
    index = error["index"]
    texts = {name: str(error.get(name) or "") for name in ("field", "code", "message", "hint")}
    return Rejected(start + (index if isinstance(index, int) else 0), **texts)


@contextmanager
def _token(gateway: Gateway, store: str, given: str | None) -> Iterator[str]:
    """The token to send with: the one given, or one for this import alone."""
    if given is not None:
        yield given
        return
    trial = gateway.get(f"/admin/stores/{store}")["trial"]
    kind = "sandbox" if trial else "production"
    live = [
        str(one["tokenId"])
        for one in items_of(gateway.get("/admin/tokens", store=store), "tokens")
        if one["kind"] == kind and one["live"]
    ]
    if len(live) >= LIVE_TOKENS_MAX:
        raise CommandFailed(
            f"store {store} has {len(live)} live {kind} tokens ({', '.join(live)}), and an import would need a third "
            "of its own: send with one of these by --token T, or free a place with `esl token revoke ID`"
        )
    # Revoked at the end; the token of an import that was killed ends by itself.
    made = gateway.post(f"/admin/stores/{store}/tokens", {"kind": kind, "force": True, "livesS": LIVES_S_MAX})
    try:
        yield str(made["token"])
    finally:
        gateway.post(f"/admin/tokens/{made['tokenId']}/revoke")


def write_rejected(file: Path, raw: Sequence[Document], rejected: Sequence[Rejected], *, is_csv: bool) -> Path | None:
    """The rejected rows as they stood in the file, each with its number and why. None when there are none."""
    if not rejected:
        return None
    notes = ("row", "rejectedField", "rejectedCode", "rejectedBecause", "hint")
    lines = [
        {**raw[one.index], **dict(zip(notes, (one.index + 1, one.field, one.code, one.message, one.hint), strict=True))}
        for one in rejected
    ]
    beside = file.with_name(f"{file.stem}.rejected.{'csv' if is_csv else 'json'}")
    try:
        if is_csv:
            with beside.open("w", encoding="utf-8", newline="") as opened:
                writer = csv.DictWriter(opened, list(dict.fromkeys(name for line in lines for name in line)))
                writer.writeheader()
                writer.writerows(lines)
        else:
            beside.write_text(json.dumps(lines, ensure_ascii=False, indent=1), encoding="utf-8")
    except OSError as error:
        words = f"{beside} cannot be written: {error.strerror}; {len(rejected)} rows were rejected"
        raise CommandFailed(words) from error
    return beside


def _say_outcome(report: Document, rejected: Sequence[Rejected], beside: Path | None) -> None:
    if report.get("dryRun"):
        say(f"{report['rows']} rows, {len(rejected)} would be rejected; nothing was sent")
    else:
        say(
            f"{report['productsSaved']} rows saved ({report['created']} new, {report['updated']} changed, "
            f"{report['unchanged']} as before), {report['rejected']} rejected; "
            f"{report['tagsConfirmed']} of {report['tagsTotal']} displays confirmed"
        )
        if report["tagsUnconfirmed"]:
            say(f"not confirmed yet: `esl batch show {report['sessionId']}` says why; delivery goes on")
    for words, count in Counter(one.message for one in rejected).most_common(REASONS_SHOWN):
        say(f"  {count:>6}  {words}")
    if beside is not None:
        say(f"the rejected rows: {beside}")


def _say_repeated(repeated: Mapping[str, Sequence[int]]) -> None:
    if not repeated:
        return
    say(f"{len(repeated)} barcodes stand in more than one row; the last row that is not rejected counts:")
    for barcode, numbers in list(repeated.items())[:REASONS_SHOWN]:
        say(f"  {barcode}: rows {', '.join(map(str, numbers))}")
    if len(repeated) > REASONS_SHOWN:
        say(f"  and {len(repeated) - REASONS_SHOWN} more; --json lists all")
