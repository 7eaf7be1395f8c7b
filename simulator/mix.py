"""Which panels a fleet is made of: `2.13-bw:4,2.9-bwr:3,2.13-bw+4.2-bw:1`.

In: the words of `--panels`. Out: the panels of each tag, one after the other. Rule: shares are kept in every stretch of
the fleet, not only over the whole of it, so that a small shop is mixed as well.
"""

from collections.abc import Iterator

from msgspec import Struct

from firmware_protocol import PANELS, Panel

# Shelves are mostly small labels; colour where offers are made; one large sign an aisle.
DEFAULT_MIX = (
    "2.13-bw:8,2.13-bwr:5,2.13-bwry:3,2.9-bw:5,2.9-bwr:4,2.9-bwry:2,4.2-bw:2,4.2-bwr:2,4.2-bwry:1,"
    "7.5-bw:1,7.5-bwr:1,7.5-bwry:1"
)
WEIGHT_MAX = 10_000


class MixWrong(ValueError):
    """Not a mix of panels. `str()` says what is wrong and which panels there are."""


class Mix(Struct, frozen=True):
    """Kinds of tags, each the panels it has, and their weights."""

    kinds: tuple[tuple[Panel, ...], ...]
    weights: tuple[int, ...]

    @classmethod
    def parse(cls, text: str) -> "Mix":
        """Raises `MixWrong`."""
        kinds: list[tuple[Panel, ...]] = []
        weights: list[int] = []
        for part in filter(None, (part.strip() for part in text.split(","))):
            names, _, weight = part.partition(":")
            unknown = [name for name in names.split("+") if name not in PANELS]
            if unknown:
                raise MixWrong(f"no panel is called {unknown[0]!r}; there are {', '.join(PANELS)}")
            if weight and not (weight.isascii() and weight.isdigit() and 0 < int(weight[:6]) <= WEIGHT_MAX):
                raise MixWrong(f"{part!r}: a share is a number from 1 to {WEIGHT_MAX}, as in 2.13-bw:4")
            kinds.append(tuple(PANELS[name] for name in names.split("+")))
            weights.append(int(weight or 1))
        if not kinds:
            raise MixWrong(f"a mix names at least one panel, as in 2.13-bw:4,2.9-bwr:3; there are {', '.join(PANELS)}")
        return cls(tuple(kinds), tuple(weights))

    def tags(self) -> Iterator[tuple[Panel, ...]]:
        """For ever: each time the kind that is furthest behind its share."""
        total = sum(self.weights)
        credit = [0] * len(self.weights)
        while True:
            credit = [have + weight for have, weight in zip(credit, self.weights, strict=True)]
            next_kind = max(range(len(credit)), key=lambda kind: (credit[kind], -kind))
            credit[next_kind] -= total
            yield self.kinds[next_kind]
