"""What can be wrong with octets from outside, each by its meaning.

Everything a peer can cause is a `PeerError`: drop the message, count it, go on. Nothing here is raised for our own
mistakes; those are `ValueError` and stop the run.
"""


class ProtocolError(Exception):
    """Anything this package raises about what somebody else sent."""


class PeerError(ProtocolError):
    """The peer's fault: drop the message, count it, answer as the rule of the message says."""


class FieldError(PeerError, ValueError):
    """The peer sent a field we cannot accept. Drop the message, count it, answer with an error response.

    `offset` is where the field begins in the octets that were read.
    """

    def __init__(self, field: str, value: object, rule: str, *, offset: int) -> None:
        super().__init__(f"{field} is {value!r} at byte {offset}: {rule}")
        self.field, self.value, self.rule, self.offset = field, value, rule, offset

    def __reduce__(self) -> tuple[object, ...]:
        return _field_error, (self.field, self.value, self.rule, self.offset)


def _field_error(field: str, value: object, rule: str, offset: int) -> FieldError:
    return FieldError(field, value, rule, offset=offset)


class SealBroken(PeerError):
    """The octets do not open under this key: another key, another direction, or changed on the way. Drop and count."""


class Replayed(PeerError):
    """The octets open, but their counter was used before or is too old for the window. Drop and count."""

    def __init__(self, counter: int) -> None:
        super().__init__(f"counter {counter} was used before, or is older than the window")
        self.counter = counter

    def __reduce__(self) -> tuple[object, ...]:
        return Replayed, (self.counter,)
