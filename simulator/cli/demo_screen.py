"""What `esl demo` shows: a progress bar for each phase, then one screen that says what to try.

In: phases and their counts. Out: lines on standard error, and the seconds that each phase took.
Rule: with --json nothing is drawn, so that the one object is all there is.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from simulator.clock import SystemClock

# Phases by the name that --json gives them, and as they stand beside their bar.
PHASES: Mapping[str, str] = {
    "gateway": "gateway up",
    "store": "store and token",
    "fleet": "tags commissioned",
    "assortment": "products",
    "bound": "displays bound",
    "sent": "rows sent",
    "saved": "rows saved",
    "synced": "displays drawn",
    "confirmed": "glass proved",
    "story": "breaks healed",
    "judged": "glass compared",
}


class Screen:
    """Use it in a `with`; a phase begins with its first `show` and ends with `end`."""

    def __init__(self, *, quiet: bool) -> None:
        self.console = Console(stderr=True, quiet=quiet, highlight=False)
        self.seconds: dict[str, float] = {}
        self._clock = SystemClock()
        self._progress = self._new_bars()
        self._bars: dict[str, TaskID] = {}
        self._began_s: dict[str, float] = {}

    @contextmanager
    def drawing(self) -> Iterator["Screen"]:
        """Bars move within the block and stand still after it; the next block has bars of its own."""
        self._progress = self._new_bars()
        with self._progress:
            yield self

    def _new_bars(self) -> Progress:
        return Progress(
            TextColumn("{task.description:>18}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self.console,
        )

    @contextmanager
    def phase(self, name: str, total: int = 1) -> Iterator[None]:
        """A phase that is as long as the block; whole at its end."""
        self.show(name, 0, total)
        yield
        self.end(name)

    def show(self, name: str, done: int, total: int | None) -> None:
        if name not in self._bars:
            self._began_s[name] = self._clock.monotonic_s()
            self._bars[name] = self._progress.add_task(PHASES[name], total=total)
        if name not in self.seconds:
            self._progress.update(self._bars[name], completed=done, total=total)

    def end(self, name: str) -> None:
        """It stays as it is shown now; one that was only begun is whole."""
        if name in self.seconds:
            return
        self.seconds[name] = round(self._clock.monotonic_s() - self._began_s[name], 2)
        bar = next(one for one in self._progress.tasks if one.id == self._bars[name])
        if bar.completed == 0 and bar.total:
            self._progress.update(bar.id, completed=bar.total)
        self._progress.stop_task(bar.id)

    def say(self, words: str = "") -> None:
        """A line, however long: a terminal wraps it, and whoever copies it gets it whole."""
        self.console.print(words, soft_wrap=True, markup=False)


def last_screen(
    *, wall: str, glass: str, curl: str, folder: str, timing: str, outcome: str, is_open: bool
) -> list[str]:
    """At most 14 lines at 80 columns, so that they and the bars above fit on a screen of 24."""
    lines = [outcome, timing, "", f"  the shelf wall   {wall}"]
    if not is_open:
        lines.append(f"                   it asks for the token in {folder}/admin.token")
    return [
        *lines,
        f"  one label        {glass}",
        "",
        "Change the price of that label, and watch its glass turn:",
        "",
        curl,
        "",
        "Ctrl-C stops everything; the next `esl demo` takes the shop up again.",
    ]
