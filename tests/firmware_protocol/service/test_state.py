import pytest

from firmware_protocol.service.row import EslState
from firmware_protocol.service.state import TRANSITIONS, EslEvent, WrongEvent, next_state


def test_every_state_has_its_row_and_every_event_a_place() -> None:
    assert set(TRANSITIONS) == set(EslState)
    assert {event for row in TRANSITIONS.values() for event in row} == set(EslEvent)


def test_every_state_is_reached_and_unassociated_from_all_of_them() -> None:
    for start in EslState:
        reached, left = {start}, [start]
        while left:
            for state in TRANSITIONS[left.pop()].values():
                if state not in reached:
                    reached.add(state)
                    left.append(state)
        assert reached == set(EslState)
        assert TRANSITIONS[start][EslEvent.RESET] is EslState.UNASSOCIATED


def test_a_pair_without_a_place_stops_the_run() -> None:
    with pytest.raises(WrongEvent, match="complete, but the tag is UNASSOCIATED"):
        next_state(EslState.UNASSOCIATED, EslEvent.COMPLETE)
