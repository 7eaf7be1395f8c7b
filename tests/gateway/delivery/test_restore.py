"""Data that are older than the world: noticed by what a bridge remembers, and jumped over once."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import Connection, func, select

from firmware_protocol.link.messages import NO_RUN, Features, Hello, Profile
from gateway.access import RESTORE_JUMP, add_store, start_run, take_accepted_seqs
from gateway.access.tables import run, store
from gateway.database import Database
from gateway.delivery import jump, register_bridge
from gateway.delivery.restore import hello_tells

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
STORE = "zagreb-1"
NORTH, SOUTH = f"{STORE}/north", f"{STORE}/south"
FORGOTTEN, FORGOTTEN_TOO = b"run-of-6", b"run-of-7"
T = TypeVar("T")


class Secrets:
    """A new run id each time."""

    def __init__(self) -> None:
        self._number = 0

    def octets(self, count: int) -> bytes:
        self._number += 1
        return self._number.to_bytes(count, "big")


class Shop:
    """A store and two bridges. `start` is a new run of the gateway on the same data."""

    def __init__(self, path: Path) -> None:
        self._database = Database.open(path / "shop.db", threads=False)
        self._secrets = Secrets()
        self.do(lambda c: add_store(c, STORE, now=NOW))
        for name in ("north", "south"):
            self.do(lambda c, name=name: register_bridge(c, STORE, name, "mqtt", None, NOW))  # type: ignore[misc]
        self._first_seq = self._next_seq()
        self.start()

    def do(self, work: Callable[[Connection], T]) -> T:
        return asyncio.run(self._database.write(work))

    def start(self) -> None:
        self.run_id = self.do(lambda c: start_run(c, self._secrets, NOW))
        self.may_jump = True

    def hello(self, bridge_id: str, last_run_id: bytes) -> bool:
        """Whether it showed that the data is old."""
        said = Hello(
            boot_id=b"boot" * 2,
            protocol_version=1,
            last_run_id=last_run_id,
            features=Features.NONE,
            credit_limit=64,
            profile=Profile.POLL,
            contact_ms=60_000,
            time_divisor=1,
            name=bridge_id.partition("/")[2],
        )
        told = self.do(lambda c: hello_tells(c, bridge_id, said, self.run_id, NOW, may_jump=self.may_jump))
        self.may_jump = self.may_jump and not told
        return told

    def jumps(self) -> int:
        """How often the numbers have jumped."""
        restores = self.do(lambda c: c.scalar(select(store.c.restores)))
        assert (self._next_seq() - self._first_seq >= RESTORE_JUMP) == bool(restores)
        return int(restores or 0)

    def _next_seq(self) -> int:
        return self.do(lambda c: take_accepted_seqs(c, STORE, 1))


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def test_a_run_that_the_data_has_forgotten_makes_every_number_jump(shop: Shop) -> None:
    assert not shop.hello(NORTH, NO_RUN)
    assert not shop.hello(NORTH, shop.run_id)
    assert shop.jumps() == 0
    assert shop.hello(NORTH, FORGOTTEN)
    assert shop.jumps() == 1


def test_one_restore_is_one_jump_however_many_runs_the_bridges_remember_and_whenever_they_come(shop: Shop) -> None:
    for one in (NORTH, SOUTH):
        shop.hello(one, NO_RUN)
    shop.start()
    assert shop.hello(NORTH, FORGOTTEN)
    assert not shop.hello(NORTH, FORGOTTEN)  # our welcome was lost
    shop.start()
    assert not shop.hello(SOUTH, FORGOTTEN_TOO)  # it was switched off until now
    assert not shop.hello(SOUTH, FORGOTTEN_TOO)
    shop.start()
    assert not shop.hello(SOUTH, FORGOTTEN_TOO)
    assert shop.jumps() == 1


def test_after_a_jump_that_was_ordered_no_bridge_gives_anything_away(shop: Shop) -> None:
    for one in (NORTH, SOUTH):
        shop.hello(one, NO_RUN)
    shop.do(lambda c: jump(c, NOW))
    shop.start()
    for _ in range(2):
        assert not shop.hello(NORTH, FORGOTTEN)
    shop.start()
    for one in (NORTH, SOUTH):
        assert not shop.hello(one, FORGOTTEN)
    assert shop.jumps() == 1


def test_data_that_was_put_back_by_hand_after_an_ordered_jump_are_noticed_again(shop: Shop) -> None:
    shop.do(lambda c: jump(c, NOW))
    shop.start()
    shop.hello(NORTH, FORGOTTEN)
    assert shop.hello(NORTH, FORGOTTEN_TOO)
    assert shop.jumps() == 2


def test_a_bridge_that_comes_from_another_shop_is_no_news_even_if_our_first_welcome_is_lost(shop: Shop) -> None:
    for _ in range(2):
        assert not shop.hello(NORTH, FORGOTTEN)
    assert shop.jumps() == 0


def test_a_bridge_that_makes_up_runs_costs_one_jump_a_start_and_fills_no_table(shop: Shop) -> None:
    shop.hello(NORTH, NO_RUN)
    for number in range(20):
        shop.hello(NORTH, f"lie-{number:04}".encode())
    assert shop.jumps() == 1
    assert shop.do(lambda c: c.scalar(select(func.count()).select_from(run))) == 2
