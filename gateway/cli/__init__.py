"""The command `esl`: loads its subcommands from the entry-point group `esl.commands`."""

from gateway.cli.app import main

__all__ = ["main"]
