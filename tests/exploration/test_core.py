"""The core explored exhaustively: every history within the size, over the real rules of tag and gateway.

Run with `-s` to see the counts and the stories. `ESL_TEST_LONG=1` adds the larger sizes of `make test-long`.
"""

import os

import pytest
from core_world import Rules, Size, World
from mutants import MUTANTS, SMALL, WITH_RESTORE
from search import Explored, explore

CI_SIZES = [
    Size(moves=4, restores=0, resets=0),
    Size(moves=3, restores=1, resets=0),
    Size(moves=3, restores=0, resets=1),
    Size(moves=2, restores=1, resets=1),
    Size(contents=2, moves=2, restores=2, resets=0, up_in_flight=1),
]
LONG_SIZES = [
    Size(moves=4, restores=1, resets=1),
    Size(moves=4, restores=0, resets=0, down_in_flight=3, up_in_flight=3),
]
STATES_MAX = 4_000_000  # the largest world here has 2.4 million: about 8 minutes of one core and 2 GB


def explored(size: Size) -> Explored:
    found = explore(World(Rules(), size), states_max=STATES_MAX)
    print(f"\n{size}: {found}")
    return found


@pytest.mark.parametrize("size", CI_SIZES, ids=str)
def test_confirmed_implies_the_glass_shows_it_and_the_goal_stays_reachable(size: Size) -> None:
    found = explored(size)
    assert found.broken is None, f"\n{found.broken}"
    assert found.stranded == 0
    assert found.goals > 0


@pytest.mark.long
@pytest.mark.skipif(not os.environ.get("ESL_TEST_LONG"), reason="ESL_TEST_LONG is not set")
@pytest.mark.parametrize("size", LONG_SIZES, ids=str)
def test_the_same_holds_with_restores_resets_and_fuller_channels_together(size: Size) -> None:
    found = explored(size)
    assert found.broken is None, f"\n{found.broken}"
    assert found.stranded == 0
    assert found.goals > 0


@pytest.mark.parametrize("promise", MUTANTS)
def test_each_rule_taken_away_is_caught_with_a_story(promise: str) -> None:
    rules, size = MUTANTS[promise]
    found = explore(World(rules, size), states_max=STATES_MAX)
    assert found.broken is not None, f"without {promise!r} nothing broke in {found}"
    print(f"\nwithout {promise!r}, after {found.states:,} states:\n{found.broken}")
    assert found.broken.promise == "confirmed, but the glass does not show it"


@pytest.mark.parametrize("size", [SMALL, WITH_RESTORE], ids=str)
def test_the_worlds_of_the_broken_rules_are_sound_while_every_rule_is_in_place(size: Size) -> None:
    """The stories come from the missing rule, not from the size or the channel they are told in."""
    found = explored(size)
    assert found.broken is None, f"\n{found.broken}"
