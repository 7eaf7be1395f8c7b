"""When tags make contact, in closed form: the same as counting one by one."""

import itertools

import numpy as np
import pytest

from simulator.chance import Random, key_of
from simulator.contact_grid import ContactGrid
from simulator.limits import CONTACT_JITTER

TAGS = 300


def grid_of(seed: int) -> ContactGrid:
    grid, chance = ContactGrid(), Random(seed)
    for number in range(TAGS):
        assert grid.add() == number
        if number % 50:  # the others have not been switched on
            grid.start(number, key_of(seed, str(number)), 1000 + chance.random() * 60, 60 * (1 + chance.gauss(0, 2e-5)))
    return grid


def test_contacts_come_one_period_apart_and_a_jitter() -> None:
    grid = grid_of(1)
    instants = [grid.instant(1, contact) for contact in range(2000)]
    steps = [later - sooner for sooner, later in itertools.pairwise(instants)]
    assert min(steps) > 60 * (1 - CONTACT_JITTER) - 0.01
    assert max(steps) < 60 * (1 + CONTACT_JITTER) + 0.01
    assert instants[-1] - instants[0] == pytest.approx(1999 * 60, rel=1e-3)  # nothing adds up


def test_counts_are_those_of_the_instants_one_by_one() -> None:
    grid, chance = grid_of(2), Random(2)
    for _ in range(300):
        number = chance.randrange(TAGS)
        if number % 50 == 0:
            continue
        contact = chance.randrange(3000)
        at_s = grid.instant(number, contact)
        assert grid.count_until(number, at_s) == contact + 1  # the contact at this very instant is one
        assert grid.count_until(number, np.nextafter(at_s, 0).item()) == contact
        assert grid.next_contact(number, at_s) == grid.instant(number, contact + 1) > at_s


def test_counts_of_all_tags_at_once_are_those_of_each() -> None:
    grid, numbers = grid_of(3), np.arange(TAGS)
    instants = [grid.instant(7, contact) for contact in (0, 1, 50)] + [0.0, 999.0, 1000.0, 1030.5, 90_000.0]
    instants += [1000 + 37.7 * step for step in range(200)]
    for at_s in instants:
        assert grid.counts_until(numbers, at_s).tolist() == [grid.count_until(number, at_s) for number in range(TAGS)]


def test_a_tag_that_was_not_switched_on_makes_no_contact() -> None:
    grid = grid_of(4)
    assert grid.count_until(0, 1e9) == 0
