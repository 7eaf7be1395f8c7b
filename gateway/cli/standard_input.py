"""What a hand scanner, a pipe or a person types into a command."""

import typer

from gateway.cli.errors import WrongUse


def text_from_stdin() -> str:
    """Everything up to its end. Raises `WrongUse` for octets that are no text, such as a frame that is not in hex."""
    try:
        return typer.get_text_stream("stdin", encoding="utf-8").read()
    except UnicodeDecodeError as error:
        raise WrongUse(
            f"standard input is no text (octet {error.start} is no UTF-8); frames are given in hex"
        ) from None
