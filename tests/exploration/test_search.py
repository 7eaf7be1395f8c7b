"""The search itself, on graphs small enough to see."""

from dataclasses import dataclass

import pytest
from core_world import Broken
from search import TooLarge, explore


@dataclass
class Walk:
    """A graph of numbers. `broken`: where a promise fails."""

    arcs: dict[int, list[int]]
    goals: frozenset[int]
    broken: frozenset[int] = frozenset()

    def start(self) -> int:
        return 0

    def steps(self, state: int) -> list[tuple[str, int]]:
        return [(f"to {after}", after) for after in self.arcs[state]]

    def check(self, state: int) -> None:
        if state in self.broken:
            raise Broken("a wrong number")

    def is_goal(self, state: int) -> bool:
        return state in self.goals


def test_a_state_that_cannot_reach_the_goal_is_found_with_the_way_into_it() -> None:
    found = explore(Walk({0: [1, 2], 1: [0], 2: [3], 3: [3]}, goals=frozenset({1})), states_max=9)
    assert (found.states, found.edges, found.goals, found.stranded) == (4, 5, 1, 2)
    assert found.broken is not None
    assert found.broken.steps == ("to 2",)


def test_a_graph_where_all_ways_lead_to_the_goal_is_sound() -> None:
    found = explore(Walk({0: [1, 2], 1: [0], 2: [3], 3: [0, 3]}, goals=frozenset({1})), states_max=9)
    assert found.broken is None
    assert found.stranded == 0


def test_the_story_of_a_broken_promise_is_the_shortest() -> None:
    found = explore(
        Walk({0: [1, 3], 1: [2], 2: [4], 3: [4], 4: []}, goals=frozenset({4}), broken=frozenset({4})), states_max=9
    )
    assert found.broken is not None
    assert found.broken.steps == ("to 3", "to 4")
    assert str(found.broken) == "   1. to 3\n   2. to 4\n  => a wrong number"


def test_a_graph_beyond_its_bound_is_never_called_explored() -> None:
    with pytest.raises(TooLarge):
        explore(Walk({n: [n + 1] for n in range(20)}, goals=frozenset()), states_max=5)
