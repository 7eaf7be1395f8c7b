"""Draws by index: the same in any order, alone or in arrays, and none moved by another."""

from itertools import pairwise, product

import numpy as np
import pytest

from simulator.chance import Draws, key_of, mixed, unit, units


def test_the_mixing_is_splitmix64() -> None:
    # The first outputs of the generator by Steele, Lea and Flood from the states 0 and 1234567.
    assert [mixed(0, index) for index in range(2)] == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4]
    assert [mixed(1234567, index) for index in range(3)] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
    ]


def test_arrays_give_the_very_same_numbers() -> None:
    keys = [0, 1, key_of(7, "a"), 2**64 - 1]
    indices = [0, 1, 77, 2**40]
    pairs = list(product(keys, indices))
    drawn = units(np.array([key for key, _ in pairs], np.uint64), np.array([index for _, index in pairs], np.int64))
    assert drawn.tolist() == [unit(key, index) for key, index in pairs]


def test_draws_are_spread_evenly_from_0_to_below_1() -> None:
    drawn = [unit(key_of(1, "spread"), index) for index in range(20_000)]
    assert min(drawn) >= 0
    assert max(drawn) < 1
    assert sum(drawn) / len(drawn) == pytest.approx(0.5, abs=0.01)
    for tenth in range(10):
        assert sum(tenth <= one * 10 < tenth + 1 for one in drawn) == pytest.approx(2000, rel=0.1)
    neighbours = sum((one - 0.5) * (two - 0.5) for one, two in pairwise(drawn))
    assert abs(neighbours / len(drawn)) < 0.002


def test_names_seeds_and_occasions_have_draws_of_their_own() -> None:
    keys = {key_of(seed, name) for seed in range(50) for name in ("tag/1/loss", "tag/11/loss", "tag/1/retry")}
    assert len(keys) == 150
    assert Draws(5, 0).random() == Draws(5, 0).random() != Draws(5, 1).random()
    draws = Draws(5, 0)
    assert len({draws.randbytes(8) for _ in range(100)}) == 100


def test_a_normal_draw_has_its_spread() -> None:
    drawn = [Draws(key_of(3, "crystal"), index).gauss(20.0) for index in range(4000)]
    assert sum(drawn) / len(drawn) == pytest.approx(0, abs=1.5)
    assert (sum(one * one for one in drawn) / len(drawn)) ** 0.5 == pytest.approx(20, rel=0.05)
