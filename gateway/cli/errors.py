"""What ends a command: one line on standard error that says what and which command mends it, and an exit status."""


class CommandFailed(Exception):
    """`str()` is the line; `status` is the exit status. 1: it cannot be done; 2: it was asked for wrongly."""

    def __init__(self, words: str, status: int = 1) -> None:
        super().__init__(words)
        self.status = status


class WrongUse(CommandFailed):
    """The command line itself is wrong."""

    def __init__(self, words: str) -> None:
        super().__init__(words, status=2)
