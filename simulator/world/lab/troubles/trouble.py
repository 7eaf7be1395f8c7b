"""What a trouble is: a name, its words for the docs, and how it happens in a laboratory."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from msgspec import Struct

from simulator.chance import Random

if TYPE_CHECKING:
    from simulator.world.lab.lab import Lab

Happens = Callable[["Lab", Random], Awaitable[None]]


class Trouble(Struct, frozen=True):
    """`kind` is `family.name`. `is_errand`: work of the shop, which is waited for at the end, not broken off.

    `happens` draws everything about this one incident from the generator it is handed, tells the story what it did,
    and takes its effect back when it is over or broken off.
    """

    kind: str
    words: str
    happens: Happens
    is_errand: bool = False
    is_work: bool = False  # what a shop lives by: nothing goes wrong, and no cell of the certificate is asked of it

    @property
    def family(self) -> str:
        return self.kind.partition(".")[0]
