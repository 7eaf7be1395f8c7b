"""Where chance comes from: `Random` for jitter and backoff, `Secrets` for tokens, keys and session ids.

Rule: a secret is never drawn from `Random`; a run is replayed by handing in seeded ones.
"""

import os
from typing import Protocol


class Random(Protocol):
    """What `random.Random` offers and the gateway uses."""

    def random(self) -> float: ...

    def randrange(self, stop: int, /) -> int: ...


class Secrets(Protocol):
    """Octets that nobody can guess."""

    def octets(self, count: int) -> bytes: ...


class SystemSecrets:
    """The operating system's own source."""

    def octets(self, count: int) -> bytes:
        return os.urandom(count)
