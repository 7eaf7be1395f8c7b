"""One turn in one transaction: what is committed before anything is said."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from firmware_protocol import Codec, FactoryCode, Report, ReportState, TagId, encode
from gateway.access import add_store
from gateway.database import Database
from gateway.delivery.books import load_entries
from gateway.delivery.tables import offer, tag_key
from gateway.delivery.turn import HeardReport, NewKey, TurnOutcome, TurnWork, run_turn
from gateway.ports import to_ms
from gateway.shelf import BoxTag, Fact, FactoryCodeVault, add_box_list, history
from gateway.shelf.tables import content, desired

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
STORE, BRIDGE = "zagreb-1", "zagreb-1/north"
TAG = TagId(bytes(7) + b"\x01")
DISPLAY = f"{TAG}.0"
WANTED = b"wanted-content-1"


class Books:
    def __init__(self, path: Path) -> None:
        self.database = Database.open(path / "shop.db", threads=False)
        box = BoxTag(TAG, FactoryCode(bytes(16)), "model", ("2.9-bw",))
        self.do(lambda c: add_store(c, STORE, now=NOW))
        self.do(lambda c: add_box_list(c, STORE, [box], FactoryCodeVault(bytes(32)), NOW))
        packed = encode([bytes(4736)], Codec.DEFLATE).data
        self.do(
            lambda c: c.execute(insert(content).values(content_id=WANTED, panel="2.9-bw", deflated=packed)) and None
        )
        row = {
            "display_id": DISPLAY,
            "store_id": STORE,
            "revision": 5,
            "content_id": WANTED,
            "binding_version": 1,
            "template_release": "r",
            "settings_version": 1,
            "moved_at": 0,
        }
        self.do(lambda c: c.execute(insert(desired).values(**row)) and None)

    def do(self, work):  # type: ignore[no-untyped-def]
        return asyncio.run(self.database.write(work))

    def turn(self, **work: object) -> TurnOutcome:
        outcome: TurnOutcome = self.do(lambda c: run_turn(c, TurnWork(now_ms=to_ms(NOW), **work)))  # type: ignore[arg-type]
        return outcome

    def facts(self) -> list[str]:
        return [one.fact for one in reversed(self.do(lambda c: history(c, DISPLAY)))]


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    made = Books(tmp_path)
    yield made
    asyncio.run(made.database.close())


def report(state: ReportState, counter: int, revision: int = 5, prefix: bytes = WANTED[:4]) -> HeardReport:
    said = Report(0, 0, revision, prefix, 7, state, 36, 20, 3000)
    return HeardReport(DISPLAY, BRIDGE, said, counter)


def new_key(generation: int = 1) -> NewKey:
    return NewKey(str(TAG), generation, b"tagnonce", b"gatnonce", (DISPLAY,))


def test_an_offer_is_recorded_with_its_encoding_before_it_may_leave(books: Books) -> None:
    outcome = books.turn(due=((DISPLAY, BRIDGE),))
    (said,) = outcome.offers
    assert (said.revision, said.fence) == (5, False)
    recorded = books.do(lambda c: c.execute(select(offer)).one())
    assert (recorded.revision, recorded.attempts) == (5, 1)
    assert recorded.encoding_id == outcome.encodings[WANTED].encoding_id
    books.turn(due=((DISPLAY, BRIDGE),), held_encodings={WANTED: recorded.encoding_id})
    assert books.do(lambda c: c.scalar(select(offer.c.attempts))) == 2
    assert books.facts() == ["offered"]


def test_only_shown_under_the_current_revision_and_content_proves(books: Books) -> None:
    books.turn(due=((DISPLAY, BRIDGE),))
    books.turn(reports=(report(ReportState.REFRESHING, 1),))
    books.turn(reports=(report(ReportState.SHOWN, 2, revision=4),))
    assert not books.do(lambda c: load_entries(c, [DISPLAY]))[DISPLAY].books.confirmed
    outcome = books.turn(reports=(report(ReportState.SHOWN, 3),))
    assert books.do(lambda c: load_entries(c, [DISPLAY]))[DISPLAY].books.confirmed
    assert outcome.facts == [(DISPLAY, STORE, 5, Fact.PROVED)]
    assert books.facts() == ["offered", "received", "proved"]


def test_a_report_that_comes_twice_is_one_fact(books: Books) -> None:
    books.turn(due=((DISPLAY, BRIDGE),))
    books.turn(reports=(report(ReportState.SHOWN, 3), report(ReportState.SHOWN, 3)))
    books.turn(reports=(report(ReportState.SHOWN, 3),))
    assert books.facts() == ["offered", "proved"]


def test_a_report_of_an_older_revision_tells_that_the_offer_did_not_arrive(books: Books) -> None:
    books.turn(due=((DISPLAY, BRIDGE),))
    assert books.turn(reports=(report(ReportState.SHOWN, 3, revision=4),)).behind == [DISPLAY]


def test_what_was_said_under_the_old_keys_counts_for_nothing_in_the_turn_that_commits_new_ones(books: Books) -> None:
    books.turn(new_keys=(new_key(),), due=((DISPLAY, BRIDGE),))
    books.turn(reports=(report(ReportState.REFRESHING, 900),), heard_under_key=(str(TAG),))
    books.turn(reports=(report(ReportState.SHOWN, 901),), new_keys=(new_key(2),), heard_under_key=(str(TAG),))
    entry = books.do(lambda c: load_entries(c, [DISPLAY]))[DISPLAY]
    assert entry.books.report_counter is None  # else the new key's first counters would be taken for old ones
    assert not entry.books.confirmed
    kept = books.do(lambda c: c.execute(select(tag_key)).one())
    assert (kept.generation, kept.heard_at) == (2, None)


def test_new_keys_make_what_was_proved_unknown(books: Books) -> None:
    books.turn(due=((DISPLAY, BRIDGE),))
    books.turn(reports=(report(ReportState.SHOWN, 3),))
    books.turn(new_keys=(new_key(),))
    assert not books.do(lambda c: load_entries(c, [DISPLAY]))[DISPLAY].books.confirmed
    assert books.facts()[-1] == "unknown"
