"""One heap of instants."""

from datetime import UTC, datetime

from simulator.clock import VirtualClock
from simulator.schedule import Scheduler
from simulator.virtual_time import run

START = datetime(2026, 3, 2, tzinfo=UTC)


def test_calls_come_in_the_order_of_their_instants_and_ties_in_the_order_of_their_making() -> None:
    async def main(clock: VirtualClock) -> list[str]:
        scheduler, called = Scheduler(clock), []
        for name, at_s in (("late", 5.0), ("early", 1.0), ("tie", 5.0), ("first", 0.0)):
            scheduler.at(at_s, lambda name=name: called.append(f"{name} {clock.monotonic_s()}"))  # type: ignore[misc]
        await clock.sleep(10)
        return called

    assert run(main, start_utc=START) == ["first 0.0", "early 1.0", "late 5.0", "tie 5.0"]


def test_an_earlier_instant_made_later_is_not_kept_waiting() -> None:
    async def main(clock: VirtualClock) -> list[float]:
        scheduler, called = Scheduler(clock), []
        scheduler.at(100, lambda: called.append(clock.monotonic_s()))
        await clock.sleep(1)
        scheduler.at(2, lambda: called.append(clock.monotonic_s()))
        await clock.sleep(5)
        return called

    assert run(main, start_utc=START) == [2.0]


def test_the_end_of_a_turn_comes_before_what_the_turn_put_off() -> None:
    async def main(clock: VirtualClock) -> list[str]:
        scheduler, called = Scheduler(clock), []
        scheduler.at_end_of_turn(lambda: called.append("end"))

        def works() -> None:
            scheduler.soon(lambda: called.append("soon"))
            called.append("works")

        scheduler.at(1, works)
        scheduler.at(1, works)
        await clock.sleep(2)
        return called

    assert run(main, start_utc=START) == ["works", "works", "end", "soon", "soon"]


def test_a_stopped_scheduler_calls_nothing() -> None:
    async def main(clock: VirtualClock) -> list[int]:
        scheduler, called = Scheduler(clock), []
        scheduler.at(1, lambda: called.append(1))
        scheduler.stop()
        scheduler.at(2, lambda: called.append(2))
        await clock.sleep(5)
        return called

    assert run(main, start_utc=START) == []


def test_with_slack_what_falls_due_close_together_shares_a_turn_and_each_call_lives_at_its_own_instant() -> None:
    async def main(clock: VirtualClock) -> list[str]:
        scheduler, called = Scheduler(clock, slack_s=0.5), []
        scheduler.at_end_of_turn(lambda: called.append(f"turn at {clock.monotonic_s()}"))
        for at_s in (1.25, 1.0, 1.75):
            scheduler.at(at_s, lambda: called.append(f"call of {scheduler.now()}"))
        await clock.sleep(5)
        return called

    turns = ["call of 1.0", "call of 1.25", "turn at 1.5", "call of 1.75", "turn at 2.25"]
    assert run(main, start_utc=START) == turns
