"""Breadth-first search over a state graph, and the question whether the goal stays reachable from everywhere.

In: a world with `start`, `steps`, `check`, `is_goal`. Out: counts, or the shortest story that breaks a promise.
Rule: the search knows nothing of tags and gateways; states are compared by value.
"""

from array import array
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy
from core_world import Broken

S = TypeVar("S", bound=Hashable)
Flags = numpy.ndarray[tuple[int], numpy.dtype[numpy.bool_]]
Numbers = numpy.ndarray[tuple[int], numpy.dtype[numpy.int32]]


class Graph(Protocol[S]):
    """A world, as the search sees it. `check` raises `Broken`."""

    def start(self) -> S: ...

    def steps(self, state: S) -> Iterable[tuple[str, S]]: ...

    def check(self, state: S) -> None: ...

    def is_goal(self, state: S) -> bool: ...


@dataclass(frozen=True)
class Story:
    """The shortest way to a state in which `promise` is broken."""

    promise: str
    steps: tuple[str, ...]

    def __str__(self) -> str:
        lines = [f"  {number:2d}. {step}" for number, step in enumerate(self.steps, start=1)]
        return "\n".join([*lines, f"  => {self.promise}"])


@dataclass(frozen=True)
class Explored:
    """`depth`: steps from the start to the farthest state. `broken`: the first promise that did not hold."""

    states: int
    edges: int
    goals: int
    depth: int
    stranded: int
    broken: Story | None

    def __str__(self) -> str:
        return (
            f"{self.states:,} states, {self.edges:,} steps, {self.depth} deep, "
            f"{self.goals:,} goals, {self.stranded:,} states from which none is reachable"
        )


class TooLarge(RuntimeError):
    """The graph has more states than the test was made for."""


def explore(world: Graph[S], *, states_max: int) -> Explored:
    """The whole graph, or as much as is needed for the first broken promise."""
    start = world.start()
    number_of: dict[S, int] = {start: 0}
    order: list[S] = [start]
    parents = array("i", [-1])
    edge_from, edge_to = array("i"), array("i")
    depth, level_end, here = 0, 1, 0
    while here < len(order):
        if here == level_end:
            depth, level_end = depth + 1, len(order)
        state = order[here]
        try:
            world.check(state)
        except Broken as broken:
            return Explored(len(order), len(edge_to), 0, depth, 0, _story(world, order, parents, here, str(broken)))
        for _, after in world.steps(state):
            number = number_of.get(after)
            if number is None:
                number = number_of[after] = len(order)
                order.append(after)
                parents.append(here)
            edge_from.append(here)
            edge_to.append(number)
        if len(order) > states_max:
            raise TooLarge(f"more than {states_max:,} states")
        here += 1
    goals = numpy.fromiter((world.is_goal(state) for state in order), dtype=bool, count=len(order))
    reaching = _reaching(goals, numpy.asarray(edge_from), numpy.asarray(edge_to))
    stranded = numpy.flatnonzero(~reaching)
    broken_story = None
    if len(stranded):
        broken_story = _story(world, order, parents, int(stranded[0]), "the goal is not reachable from here any more")
    return Explored(len(order), len(edge_to), int(goals.sum()), depth, len(stranded), broken_story)


def _reaching(goals: Flags, edge_from: Numbers, edge_to: Numbers) -> Flags:
    """The states from which a goal can be reached: backwards along the steps until nothing new is found."""
    reaching = goals.copy()
    count = -1
    while (found := int(reaching.sum())) != count:
        count = found
        reaching[edge_from[reaching[edge_to]]] = True
    return reaching


def _story(world: Graph[S], order: list[S], parents: "array[int]", last: int, promise: str) -> Story:
    steps: list[str] = []
    while parents[last] >= 0:
        before = parents[last]
        steps.append(next(label for label, after in world.steps(order[before]) if after == order[last]))
        last = before
    return Story(promise, tuple(reversed(steps)))
