"""What the laboratory watches: numbers under seal, a disk that was never asked to make anything safe, batches' sums."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import create_engine, event, text

from firmware_protocol import FactoryCode, Report, ReportState
from firmware_protocol.keys import session_keys
from firmware_protocol.link.messages import FromTag, FromTagKind, ToTag, ToTagKind
from firmware_protocol.report import ReportFlags
from firmware_protocol.sealing import seal_command, seal_report
from firmware_protocol.tlv import Ping, pack_tlvs
from simulator.clock import VirtualClock
from simulator.fleet import Fleet, FleetPlan
from simulator.schedule import Scheduler
from simulator.virtual_time import run
from simulator.world.lab.batches import Batches, Bound
from simulator.world.lab.disk import Disk, PowerCut, Tear
from simulator.world.lab.sealed import SealedWords

START = datetime(2026, 3, 2, tzinfo=UTC)
REPORT = Report(0, ReportFlags.NONE, 3, bytes(4), 1, ReportState.SHOWN, 30, 20, 3000)


async def words_of(clock: VirtualClock) -> None:
    fleet = Fleet(FleetPlan(seed=1, tags=1), Scheduler(clock))
    (tag,) = fleet.tags.values()
    sealed = SealedWords(fleet.tags)
    code, share = FactoryCode(bytes(16)), bytes(16)
    first, second = (session_keys(code, share, tag.tag_id, bytes([n]) * 8, bytes(8)) for n in (1, 2))

    def up(counter: int, report: Report) -> str | None:
        keys = tag.machine.memory.keys
        assert keys is not None
        return sealed.hear(FromTag(tag.tag_id, FromTagKind.REPORT, -50, seal_report(keys, counter, report)))

    def down(counter: int, command: bytes) -> str | None:
        keys = tag.machine.memory.keys
        assert keys is not None
        return sealed.hear(ToTag(tag.tag_id, ToTagKind.COMMAND, 0, 60, seal_command(keys, counter, command)))

    tag.machine.memory.keys = first
    question, other = pack_tlvs([Ping(0)]), pack_tlvs([Ping(0), Ping(0)])
    assert (up(7, REPORT), down(7, question), up(8, REPORT), up(7, REPORT)) == (None,) * 4, "each way has its numbers"
    tag.machine.memory.keys = second
    assert (up(7, REPORT), down(7, other)) == (None, None), "new keys, new numbers"
    assert "number 7 was used twice under one key, by" in str(up(7, replace(REPORT, revision=4)))
    assert "number 7 was used twice under one key, for" in str(down(7, question))
    assert [word.kind for word in sealed.last_of(tag.tag_id)] == [FromTagKind.REPORT] * 5


def test_a_number_that_is_used_twice_under_one_key_is_heard_in_both_directions() -> None:
    run(words_of, start_utc=START)


@pytest.mark.parametrize(("synchronous", "left"), [("FULL", 2), ("NORMAL", 0)])
def test_a_power_cut_takes_what_was_committed_without_an_fsync(tmp_path: Path, synchronous: str, left: int) -> None:
    data, spare = tmp_path / "data", tmp_path / "spare"
    data.mkdir()
    spare.mkdir()
    with closing(sqlite3.connect(data / "shop.db")) as driver:
        driver.execute("PRAGMA journal_mode = WAL")
        driver.execute("CREATE TABLE price (cents INTEGER)")

    def connect() -> sqlite3.Connection:
        made = sqlite3.connect(data / "shop.db", isolation_level=None)
        made.execute(f"PRAGMA synchronous = {synchronous}")
        return made

    async def main(_: VirtualClock) -> None:
        engine = create_engine("sqlite://", creator=connect)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        disk = Disk(data, spare, "shop.db", asyncio.get_running_loop())  # type: ignore[arg-type]  # virtual_time.run's
        disk.open()
        connection = engine.connect()

        def dies() -> None:
            connection.close()
            engine.dispose()

        disk.cut_power(PowerCut(3, Tear.BEFORE, 0.5), dies)
        for cents in (1, 2, 3):
            with connection.begin():
                connection.execute(text(f"INSERT INTO price VALUES ({cents})"))
        await asyncio.sleep(0.1)
        disk.close()

    run(main, start_utc=START)
    with closing(sqlite3.connect(data / "shop.db")) as driver:
        assert driver.execute("SELECT count(*) FROM price").fetchone() == (left,)


def test_a_display_that_was_bound_anew_may_count_or_not_and_every_other_one_does() -> None:
    batches = Batches()
    batches.are_bound([("a.0", "milk"), ("b.0", "milk"), ("c.0", "bread")])
    batch = batches.begins("b1", ["milk"], rows=1)
    with batches.binding("b.0"):
        batches.is_bound("b.0", "bread")
    with batches.binding("c.0"):
        batches.settles(batch)
        batches.is_bound("c.0", "milk")
        later = batches.begins("b2", ["milk"], rows=2)
    batches.settles(later)
    assert batch.displays_bound == (1, 3)
    assert later.displays_bound == (1, 2)


def test_what_two_people_bound_at_once_is_known_to_nobody_until_it_is_bound_again() -> None:
    batches = Batches()
    batches.are_bound([("a.0", "milk"), ("b.0", "bread")])
    with batches.binding("a.0"):
        batches.is_bound("a.0", "butter", "minimal")
    assert batches.as_bound() == {"a.0": Bound("butter", "minimal"), "b.0": Bound("bread")}
    with batches.binding("a.0"), batches.binding("a.0"):
        batches.is_bound("a.0", "eggs")
        batches.is_bound("a.0", "milk")
    assert batches.as_bound() == {"b.0": Bound("bread")}
    with batches.binding("a.0"):
        batches.is_bound("a.0", "eggs")
    assert "a.0" not in batches.as_bound(), "it keeps a template that nobody knows"
    with batches.binding("a.0"):
        batches.is_bound("a.0", "eggs", "minimal")
    with batches.binding("a.0"):
        batches.is_bound("a.0", "milk")
    assert batches.as_bound()["a.0"] == Bound("milk", "minimal"), "without a template it keeps the one it had"
    with batches.binding("b.0"):
        batches.is_unknown("b.0")
    assert "b.0" not in batches.as_bound()


def test_who_binds_at_once_while_the_machine_is_lost_leaves_nobody_knowing() -> None:
    batches = Batches()
    batches.are_bound([("a.0", "milk")])
    then = batches.remember()
    with batches.binding("a.0"), batches.binding("a.0"):
        batches.forget_after(then)
        batches.is_bound("a.0", "eggs")
        batches.is_bound("a.0", "bread")
    assert batches.as_bound() == {}
