"""Everything that was said and done, as one hash: two runs of one seed agree in it or differ in something real.

In: events with their instants. Out: a hexadecimal hash; with `keep`, the lines themselves, so that two runs can be
compared line by line. Rule: only what depends on scenario and seed goes in: no address, no path, no real time.
"""

import hashlib
from dataclasses import dataclass, field


@dataclass(slots=True)
class Trace:
    """`keep`: the lines are kept as well, for a comparison of two runs."""

    keep: bool = False
    lines: list[str] = field(default_factory=list)
    _hash: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def note(self, at_s: float, what: str, octets: bytes = b"") -> None:
        head = f"{at_s:.6f} {what} "
        self._hash.update(head.encode() + octets)
        if self.keep:
            self.lines.append(head + octets.hex())

    def hexdigest(self) -> str:
        return self._hash.hexdigest()
