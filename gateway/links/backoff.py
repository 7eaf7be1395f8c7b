"""How long to wait before the next try to reach something that went away."""

from gateway.links.limits import RECONNECT_FIRST_S, RECONNECT_JITTER, RECONNECT_MAX_S
from gateway.ports import Random


class Backoff:
    """Doubles from the first wait to the longest, with some spread; `reset` after a success."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._next_s = RECONNECT_FIRST_S

    def wait_s(self) -> float:
        """The wait before the next try; the one after that is twice as long."""
        wait_s = self._next_s * (1 + RECONNECT_JITTER * (2 * self._random.random() - 1))
        self._next_s = min(self._next_s * 2, RECONNECT_MAX_S)
        return wait_s

    def reset(self) -> None:
        self._next_s = RECONNECT_FIRST_S
