"""`esl protocol`: for whoever builds a tag or a bridge. Explains octets, and writes the C header."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli import panels
from gateway.cli.errors import CommandFailed, WrongUse
from gateway.cli.options import Json
from gateway.cli.show import say, show_json
from gateway.cli.standard_input import text_from_stdin

if TYPE_CHECKING:
    from firmware_protocol.explain import Line, Reading

OCTETS_A_LINE = 8  # more are cut in the table; --json has all
_SEPARATORS = str.maketrans("", "", " \t\r\n:,-")


def register(app: typer.Typer) -> None:
    protocol = typer.Typer(help="For whoever builds a tag or a bridge: explain octets, write the C header.")
    protocol.command("decode")(decode)
    protocol.command("header")(header)
    protocol.command("kinds")(kinds)
    app.add_typer(protocol, name="protocol", rich_help_panel=panels.RUN, no_args_is_help=True)


def decode(
    octets: Annotated[str, typer.Argument(metavar="HEX", help="Spaces, colons and hyphens are forgiven; - = stdin.")],
    kind: Annotated[
        str | None, typer.Option("--as", metavar="KIND", help="Else guessed; see `protocol kinds`.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Explain a frame field by field: offset, octets, name, value, what it means. All readings that fit are shown."""
    from firmware_protocol.errors import FieldError
    from firmware_protocol.explain import KINDS, explain, readings

    if kind is not None and kind not in KINDS:
        raise WrongUse(f"there is no kind {kind}: one of {', '.join(KINDS)}")
    raw = _octets_of(text_from_stdin() if octets == "-" else octets)
    try:
        found = readings(raw) if kind is None else [explain(kind, raw)]
    except FieldError as error:
        raise CommandFailed(str(error)) from None
    if as_json:
        show_json({"octets": raw.hex().upper(), "readings": [_as_json(one) for one in found]})
        return
    if len(found) > 1:
        say(f"{len(found)} kinds fit; one alone: --as {'|'.join(one.kind for one in found)}\n")
    say("\n\n".join(f"{one.kind}: {KINDS[one.kind]}\n{_table(one)}" for one in found))


def header(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="Where to; else standard output.")] = None,
) -> None:
    """Write the C99 header of the wire, from the same tables as everything else."""
    from firmware_protocol.c_header import c_header

    if file is None or str(file) == "-":
        say(c_header().removesuffix("\n"))
        return
    try:
        file.write_text(c_header(), encoding="utf-8")
    except OSError as error:
        raise CommandFailed(f"{file} cannot be written: {error.strerror}") from None


def kinds(as_json: Json = False) -> None:
    """List the kinds of octets that `decode --as` takes."""
    from firmware_protocol.explain import KINDS

    if as_json:
        show_json({"kinds": dict(KINDS)})
        return
    say("\n".join(f"{kind:<16}  {words}" for kind, words in KINDS.items()))


def _octets_of(text: str) -> bytes:
    digits = text.translate(_SEPARATORS).removeprefix("0x")
    wrong = next((place for place, sign in enumerate(digits) if sign not in "0123456789abcdefABCDEF"), None)
    if wrong is not None:
        raise CommandFailed(f"HEX is {digits[wrong]!r} at digit {wrong}: hex digits")
    if not digits or len(digits) % 2:
        raise CommandFailed(f"HEX is {len(digits)} digits: two for each octet, at least one octet")
    return bytes.fromhex(digits)


def _as_json(reading: "Reading") -> dict[str, object]:
    fields = [
        {
            "offset": line.offset,
            "octets": line.octets.hex().upper(),
            "depth": line.depth,
            "name": line.name,
            "value": line.value,
            "meaning": line.meaning,
        }
        for line in reading.lines
    ]
    return {"kind": reading.kind, "fields": fields}


def _table(reading: "Reading") -> str:
    """Columns as wide as their widest cell; the last one is as long as it is."""
    cells = [
        (str(line.offset), _shown(line), "  " * line.depth + line.name, line.value, line.meaning)
        for line in reading.lines
    ]
    widths = [max(len(row[column]) for row in cells) for column in range(4)]
    rows = (
        f"{row[0]:>{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]:<{widths[2]}}  {row[3]:<{widths[3]}}  {row[4]}"
        for row in cells
    )
    return "\n".join(map(str.rstrip, rows))


def _shown(line: "Line") -> str:
    shown = line.octets[:OCTETS_A_LINE].hex().upper()
    return shown + ("…" if len(line.octets) > OCTETS_A_LINE else "")
