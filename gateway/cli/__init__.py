"""The command `esl`: loads its subcommands from the entry-point group `esl.commands`."""
