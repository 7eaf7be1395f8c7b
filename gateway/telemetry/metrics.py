"""Figures for Prometheus, in its text form (https://prometheus.io/docs/instrumenting/exposition_formats/).

In: counters that grow, gauges that are read when asked. Out: the text of /metrics.
Rule: a figure has a name of `esl_...`, a unit at its end and a sentence; it can be rebuilt and nothing depends on it.
"""

import math
import re
from collections.abc import Callable

_NAME = re.compile(r"esl_[a-z0-9_]+")
CONTENT_TYPE = "text/plain; version=0.0.4"  # the web framework adds the character set, UTF-8


class Counter:
    """Grows from 0 at each start of the gateway."""

    def __init__(self) -> None:
        self.value = 0.0

    def add(self, amount: float = 1) -> None:
        if amount < 0:
            raise ValueError("a counter never falls")
        self.value += amount


class Metrics:
    """All figures of one gateway, in the order in which they were declared."""

    def __init__(self) -> None:
        self._figures: dict[str, tuple[str, str, Callable[[], float]]] = {}

    def counter(self, name: str, sentence: str) -> Counter:
        counter = Counter()
        self._declare(name, "counter", sentence, lambda: counter.value)
        return counter

    def counted(self, name: str, sentence: str, read: Callable[[], float]) -> None:
        """A counter that somebody else keeps."""
        self._declare(name, "counter", sentence, read)

    def gauge(self, name: str, sentence: str, read: Callable[[], float]) -> None:
        self._declare(name, "gauge", sentence, read)

    def text(self) -> str:
        lines: list[str] = []
        for name, (kind, sentence, read) in self._figures.items():
            lines += [f"# HELP {name} {sentence}", f"# TYPE {name} {kind}", f"{name} {_number(read())}"]
        return "\n".join(lines) + "\n"

    def _declare(self, name: str, kind: str, sentence: str, read: Callable[[], float]) -> None:
        if not _NAME.fullmatch(name) or name in self._figures:
            raise ValueError(f"{name} is no free name for a figure")
        if "\n" in sentence or "\\" in sentence:
            raise ValueError(f"the sentence of {name} is one plain line")
        self._figures[name] = (kind, sentence, read)


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return str(int(value)) if value == int(value) else repr(float(value))
