"""What chance decides on the air, each time by a number of its own.

In: a `Draw`, which gives for each index the same number from 0 to below 1, whoever asks and in whatever order.
Out: the same as a normal, an exponential or an even spread. Rule: nothing is stepped through, so what nobody asks about
costs nothing, and a run that asks less meets the same fate in what it still asks.
"""

from collections.abc import Callable
from functools import partial
from math import log
from statistics import NormalDist

from simulator.chance import key_of, unit

Draw = Callable[[int], float]

_NORMAL = NormalDist()
_LEAST = 2.0**-60


def draws(seed: int, name: str, purpose: str) -> Draw:
    """The draws of one thing for one purpose."""
    return partial(unit, key_of(seed, f"{name}/{purpose}"))


def normal(draw: Draw, index: int, sigma: float) -> float:
    """Around 0."""
    return sigma * _NORMAL.inv_cdf(max(draw(index), _LEAST)) if sigma else 0.0


def exponential(draw: Draw, index: int, mean: float) -> float:
    return -mean * log(1.0 - draw(index))


def spread(draw: Draw, index: int, low: float, high: float) -> float:
    """Evenly from `low` to below `high`."""
    return low + (high - low) * draw(index)
