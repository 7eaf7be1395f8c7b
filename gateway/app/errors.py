"""What can keep the gateway from starting, each in one line that says what and what to do."""


class CannotStart(Exception):
    """The gateway cannot start, or cannot go on. `str()` is one line for the operator. Nothing was lost."""


class PortInUse(CannotStart):
    """Another program listens there."""

    def __init__(self, host: str, port: int, option: str) -> None:
        super().__init__(
            f"port {port} on {host} is in use: stop the program that has it, "
            f"or give another one ({option} {host}:{port + 1}; port 0 takes any free one)"
        )


class AddressNotOurs(CannotStart):
    """This machine cannot listen at that address."""

    def __init__(self, host: str, port: int, option: str, reason: str) -> None:
        super().__init__(f"cannot listen on {host}:{port}: {reason}. Give an address of this machine ({option})")


class CannotBackUp(Exception):
    """No backup was made. `str()` is one line for the operator: why, and what to do. Nothing is left half."""


class CannotRestore(Exception):
    """The shop was not restored. `str()` is one line for the operator: why, what to do, what stands there now."""
