"""One turn in one transaction: what is committed before anything is said."""

import asyncio
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from firmware_protocol import Codec, FactoryCode, Report, ReportFlags, ReportState, TagId, encode
from firmware_protocol.report import Cause
from gateway.access import add_store
from gateway.database import Database
from gateway.delivery.books import load_entries
from gateway.delivery.encodings import Wanted, make_encodings, offered_encoding, wanted_for
from gateway.delivery.limits import DIFFERENCES_OFFERED_MAX
from gateway.delivery.tables import offer, tag_key
from gateway.delivery.turn import HeardReport, NewKey, TurnOutcome, TurnWork, run_turn
from gateway.ports import to_ms
from gateway.shelf import BoxTag, Fact, FactoryCodeVault, add_box_list, history
from gateway.shelf.tables import content, desired

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
STORE, BRIDGE = "zagreb-1", "zagreb-1/north"
TAG = TagId(bytes(7) + b"\x01")
DISPLAY = f"{TAG}.0"
WANTED, REPRICED, OTHER = b"wanted-content-1", b"changed-price-01", b"another-product1"
OCTETS = random.Random(1).randbytes(4736)  # nothing to deflate: what is changed of it is cheaper told as a difference
WHOLE = (None, None)
NEW_TAG = ReportFlags.TAKES_DIFFERENCES


class Books:
    def __init__(self, path: Path) -> None:
        self.database = Database.open(path / "shop.db", threads=False)
        box = BoxTag(TAG, FactoryCode(bytes(16)), "model", ("2.9-bw",))
        self.do(lambda c: add_store(c, STORE, now=NOW))
        self.do(lambda c: add_box_list(c, STORE, [box], FactoryCodeVault(bytes(32)), NOW))
        self.picture(WANTED, OCTETS)
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

    def picture(self, content_id: bytes, octets: bytes, panel: str = "2.9-bw") -> None:
        row = {"content_id": content_id, "panel": panel, "deflated": encode([octets], Codec.DEFLATE).data}
        self.do(lambda c: c.execute(insert(content).values(**row)) and None)

    def wants(self, revision: int, content_id: bytes) -> None:
        moved = update(desired).values(revision=revision, content_id=content_id)
        self.do(lambda c: c.execute(moved) and None)

    def offered(self) -> tuple[bytes | None, bytes | None]:
        """What the newest offer builds on, as it was recorded and as the turn made it."""
        [said] = self.turn(due=((DISPLAY, BRIDGE),)).offers
        recorded = self.do(lambda c: c.execute(select(offer)).one())
        assert recorded.encoding_id == said.encoding.encoding_id
        return recorded.base_content_id, said.encoding.base_prefix if said.encoding.codec is Codec.DIFFERENCE else None

    def do(self, work):  # type: ignore[no-untyped-def]
        return asyncio.run(self.database.write(work))

    def turn(self, **work: object) -> TurnOutcome:
        """As the service does it: what the offers will carry is made beforehand."""
        displays = [display_id for display_id, _ in work.get("due", ())]  # type: ignore[attr-defined]
        work.setdefault("held_encodings", self.do(lambda c: make_encodings(c, wanted_for(c, displays))))
        outcome: TurnOutcome = self.do(lambda c: run_turn(c, TurnWork(now_ms=to_ms(NOW), **work)))  # type: ignore[arg-type]
        return outcome

    def facts(self) -> list[str]:
        return [one.fact for one in reversed(self.do(lambda c: history(c, DISPLAY)))]


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    made = Books(tmp_path)
    yield made
    asyncio.run(made.database.close())


def report(
    state: ReportState, counter: int, revision: int = 5, prefix: bytes = WANTED[:4], flags: int = NEW_TAG
) -> HeardReport:
    said = Report(0, flags, revision, prefix, 7, state, 36, 20, 3000)
    return HeardReport(DISPLAY, BRIDGE, said, counter)


def new_key(generation: int = 1) -> NewKey:
    return NewKey(str(TAG), generation, b"tagnonce", b"gatnonce", (DISPLAY,))


def test_an_offer_is_recorded_with_its_encoding_before_it_may_leave(books: Books) -> None:
    outcome = books.turn(due=((DISPLAY, BRIDGE),), held_encodings={})
    (said,) = outcome.offers
    assert (said.revision, said.fence) == (5, False)
    recorded = books.do(lambda c: c.execute(select(offer)).one())
    assert (recorded.revision, recorded.attempts) == (5, 1)
    assert recorded.encoding_id == said.encoding.encoding_id
    assert outcome.encodings == {Wanted(WANTED, None): said.encoding}
    again = books.turn(due=((DISPLAY, BRIDGE),), held_encodings=outcome.encodings)
    assert (again.offers, again.encodings) == ([said], {}), "what is held is not made again"
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


@pytest.fixture
def repriced(books: Books) -> Books:
    """The tag has proved its picture; then a few octets of it are to change."""
    books.turn(due=((DISPLAY, BRIDGE),))
    books.turn(reports=(report(ReportState.SHOWN, 3),))
    books.picture(REPRICED, OCTETS[:2000] + b"1.99" + OCTETS[2004:])
    books.wants(6, REPRICED)
    return books


def test_a_price_change_is_offered_as_its_difference_to_what_the_glass_is_proved_to_show(repriced: Books) -> None:
    assert repriced.offered() == (WANTED, WANTED[:8])


def test_a_difference_that_is_refused_is_followed_by_the_whole_picture(repriced: Books) -> None:
    assert repriced.offered() == (WANTED, WANTED[:8])
    refused = report(ReportState.REFUSED, 4, revision=6, prefix=REPRICED[:4])
    repriced.turn(reports=(refused,))
    assert repriced.offered() == WHOLE
    assert repriced.offered() == WHOLE, "and stays so as long as this picture is offered"


def test_a_difference_that_is_refused_in_the_very_turn_is_followed_by_the_whole_picture(repriced: Books) -> None:
    assert repriced.offered() == (WANTED, WANTED[:8])
    refused = report(ReportState.REFUSED, 4, revision=6, prefix=REPRICED[:4])
    [said] = repriced.turn(reports=(refused,), due=((DISPLAY, BRIDGE),)).offers
    assert said.encoding.codec is Codec.DEFLATE


def test_a_difference_that_nobody_answers_is_followed_by_the_whole_picture(repriced: Books) -> None:
    for _ in range(DIFFERENCES_OFFERED_MAX):
        assert repriced.offered() == (WANTED, WANTED[:8])
    assert repriced.offered() == WHOLE


def test_a_difference_that_is_under_way_is_repeated_as_it_was(repriced: Books) -> None:
    for counter in range(4, 9):
        assert repriced.offered() == (WANTED, WANTED[:8])
        waits = report(ReportState.WAITING_PARTS, counter, revision=6, prefix=REPRICED[:4])
        repriced.turn(reports=(waits,))


def test_a_tag_that_does_not_say_that_it_takes_differences_gets_whole_pictures(repriced: Books) -> None:
    repriced.turn(reports=(report(ReportState.SHOWN, 4, flags=ReportFlags.NONE),))
    assert repriced.offered() == WHOLE


def test_nothing_is_built_on_a_glass_that_another_offer_may_have_changed(repriced: Books) -> None:
    repriced.offered()
    repriced.picture(OTHER, OCTETS[:2000] + b"2.49" + OCTETS[2004:])
    repriced.wants(7, OTHER)
    assert repriced.offered() == WHOLE


def test_nothing_is_built_on_a_glass_of_which_nothing_is_known(repriced: Books) -> None:
    repriced.turn(reports=(report(ReportState.GLASS_UNKNOWN, 4),))
    assert repriced.offered() == WHOLE


def test_a_picture_that_has_little_of_the_old_one_travels_whole(repriced: Books) -> None:
    repriced.picture(OTHER, bytes(4736))
    repriced.wants(7, OTHER)
    assert repriced.offered() == WHOLE


def test_a_difference_is_made_again_the_same_for_a_bridge_that_asks_after_a_restart(repriced: Books) -> None:
    encoding_id = repriced.turn(due=((DISPLAY, BRIDGE),)).offers[0].encoding.encoding_id
    made = repriced.do(lambda c: offered_encoding(c, encoding_id))
    assert [one.encoding_id for one in made.values()] == [encoding_id]
    assert repriced.do(lambda c: offered_encoding(c, b"nobodys!")) is None
    repriced.wants(7, WANTED)
    assert repriced.do(lambda c: offered_encoding(c, encoding_id)) is None, "it is on offer no longer"


def test_a_base_that_cannot_be_read_costs_parts_and_no_delivery(repriced: Books) -> None:
    spoiled = update(content).values(deflated=b"no deflate").where(content.c.content_id == WANTED)
    repriced.do(lambda c: c.execute(spoiled) and None)
    assert repriced.offered() == WHOLE


def test_a_difference_is_packed_before_the_turn_or_not_at_all(repriced: Books) -> None:
    """Books that moved between: the whole picture goes out, and the writer waits for no packing."""
    [said] = repriced.turn(due=((DISPLAY, BRIDGE),), held_encodings={}).offers
    assert said.encoding.codec is Codec.DEFLATE


@pytest.mark.parametrize(
    ("state", "cause", "words"),
    [
        (ReportState.FAILED, Cause.BUSY_MISSING, "the panel never said it was busy"),
        (ReportState.REFUSED, Cause.NO_BASE, "it does not hold the picture to build on"),
    ],
)
def test_the_history_says_in_words_why_a_tag_did_not_show_it(
    books: Books, state: ReportState, cause: Cause, words: str
) -> None:
    books.turn(due=((DISPLAY, BRIDGE),))
    books.turn(reports=(report(state, 3, flags=NEW_TAG.because(cause)),))
    newest = books.do(lambda c: history(c, DISPLAY))[0]
    assert (newest.fact, newest.cause) == (state.name.lower(), words)


def test_a_tag_that_loses_its_power_in_each_refresh_is_a_failure_told_once_an_offer(books: Books) -> None:
    books.turn(due=((DISPLAY, BRIDGE),))
    for counter in (3, 4, 5):
        books.turn(reports=(report(ReportState.GLASS_UNKNOWN, counter, flags=NEW_TAG.because(Cause.BROWN_OUT)),))
    assert books.facts() == ["offered", "failed"]
    assert books.do(lambda c: history(c, DISPLAY))[0].cause == "it lost its power in the refresh"
