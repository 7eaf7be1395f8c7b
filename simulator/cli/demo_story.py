"""`esl demo --story`: presses the four buttons one after the other, tells what happens, and checks that all heals.

In: the running shop. Out: lines, and whether everything was proved again each time. Rule: a break has
healed when every price that was accepted meanwhile is proved, not when nothing happens to be on its way.
"""

from collections.abc import Callable

from msgspec import Struct

from simulator.cli.demo_breaks import Breaks
from simulator.cli.demo_limits import HEALED_WITHIN_S, LOOK_EVERY_S
from simulator.cli.demo_shop import Shop
from simulator.clock import SystemClock


class Chapter(Struct, frozen=True):
    """What one break did. `waited`: the most labels that were on their way at once."""

    name: str
    words: str
    waited: int
    seconds: float
    healed: bool


class Story:
    """`say` takes a line at a time."""

    def __init__(self, shop: Shop, breaks: Breaks, say: Callable[[str], None]) -> None:
        self._shop, self._breaks, self._say = shop, breaks, say
        self._clock = SystemClock()

    async def tell(self) -> list[Chapter]:
        chapters = []
        for number, name in enumerate(self._breaks.ways, 1):
            chapters.append(await self._chapter(number, name))
        return chapters

    async def _chapter(self, number: int, name: str) -> Chapter:
        began_s = self._clock.monotonic_s()
        words = await self._breaks.press(name)
        self._say(f"{number}/{len(self._breaks.ways)}  {words}")
        waited = 0
        while True:
            displays = await self._shop.displays()
            waiting = self._breaks.waiting(displays)
            waited = max(waited, waiting)
            passed_s = self._clock.monotonic_s() - began_s
            if (not waiting and not self._breaks.is_broken(name)) or passed_s > HEALED_WITHIN_S:
                break
            await self._clock.sleep(LOOK_EVERY_S)
        await self._breaks.healed()
        healed = waiting == 0
        outcome = (
            f"all {len(displays)} proved again after {passed_s:.1f} s"
            if healed
            else f"{waiting} of {len(displays)} still wait after {passed_s:.0f} s"
        )
        self._say(f"     up to {waited} labels waited; {outcome}.")
        return Chapter(name, words, waited, passed_s, healed)
